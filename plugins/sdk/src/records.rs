//! The business's data, typed.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::bindings::relevo::flow::records as wire;
use crate::{Failure, host, malformed};

/// A collection whose documents are read and written as `T`.
pub struct Collection<T> {
    name: &'static str,
    documents: PhantomData<T>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Document<T> {
    pub id: String,
    pub version: u64,
    pub value: T,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<Document<T>>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Which documents, in which order, how many.
#[derive(Clone, Debug, Default)]
pub struct Query {
    filter: Map<String, Value>,
    sort: Option<String>,
    limit: u32,
    cursor: Option<String>,
}

impl Query {
    /// The first `limit` documents, 50 at most.
    pub fn first(limit: u32) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Only where the field equals the value, or fits an object of operators such as `json!({"lte": 5000})`.
    pub fn only(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.filter.insert(field.to_owned(), value.into());
        self
    }

    /// By this field; "-field" for descending.
    pub fn sort(mut self, field: &str) -> Self {
        self.sort = Some(field.to_owned());
        self
    }

    /// From where another page ended.
    pub fn from(mut self, cursor: Option<&str>) -> Self {
        self.cursor = cursor.map(str::to_owned);
        self
    }
}

impl<T> Collection<T> {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, documents: PhantomData }
    }

    /// Stands only on the version that was read.
    ///
    /// # Errors
    /// `conflict` when somebody wrote in between.
    pub fn remove(&self, document: &Document<T>) -> Result<(), Failure> {
        host::records::remove(self.name, &document.id, document.version)
    }

    fn malformed(&self, error: &serde_json::Error) -> Failure {
        malformed(self.name, error)
    }
}

impl<T: DeserializeOwned> Collection<T> {
    pub fn get(&self, id: &str) -> Result<Option<Document<T>>, Failure> {
        host::records::get(self.name, id)?.map(|document| self.read(document)).transpose()
    }

    pub fn find(&self, query: Query) -> Result<Page<T>, Failure> {
        let Query { filter, sort, limit, cursor } = query;
        let page = host::records::find(self.name, &wire::Query { filter: Value::Object(filter).to_string(), sort, limit, cursor })?;
        let items = page.items.into_iter().map(|document| self.read(document)).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    }

    /// By words, best first, 20 at most.
    pub fn search(&self, text: &str, limit: u32) -> Result<Vec<Document<T>>, Failure> {
        host::records::search(self.name, text, limit)?.into_iter().map(|hit| self.read(hit.document)).collect()
    }

    fn read(&self, document: wire::Document) -> Result<Document<T>, Failure> {
        let value = serde_json::from_str(&document.value).map_err(|error| self.malformed(&error))?;
        Ok(Document { id: document.id, version: document.version, value })
    }
}

impl<T: Serialize> Collection<T> {
    /// Returns the new document's id.
    pub fn add(&self, value: &T) -> Result<String, Failure> {
        host::records::add(self.name, &self.write(value)?)
    }

    /// Stands only on the version that was read.
    ///
    /// # Errors
    /// `conflict` when somebody wrote in between.
    pub fn save(&self, document: &Document<T>) -> Result<(), Failure> {
        host::records::save(self.name, &document.id, document.version, &self.write(&document.value)?)
    }

    fn write(&self, value: &T) -> Result<String, Failure> {
        serde_json::to_string(value).map_err(|error| self.malformed(&error))
    }
}
