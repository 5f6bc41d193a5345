//! Small values of the flow's own.

use serde::{Serialize, de::DeserializeOwned};

use crate::kv::{Entry, Scope};
use crate::{Document, Failure, host, malformed};

/// The flow's values of one conversation, one customer or the whole business.
pub struct Values {
    scope: Scope,
}

impl Values {
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope }
    }

    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<Document<T>>, Failure> {
        host::kv::get(&self.scope, key)?.map(read).transpose()
    }

    /// Those whose key begins with `prefix`, in the order of their keys, 100 at most; `after` is the last key seen.
    pub fn scan<T: DeserializeOwned>(&self, prefix: &str, limit: u32, after: Option<&str>) -> Result<Vec<Document<T>>, Failure> {
        host::kv::scan(&self.scope, prefix, limit, after)?.into_iter().map(read).collect()
    }

    /// `ttl_s` is after how many seconds it is gone.
    pub fn put(&self, key: &str, value: &impl Serialize, ttl_s: Option<u32>) -> Result<(), Failure> {
        host::kv::put(&self.scope, key, &write(key, value)?, None, ttl_s)
    }

    /// Stands only on this version; 0 means that there is none yet.
    ///
    /// # Errors
    /// `conflict` when somebody wrote in between.
    pub fn put_on(&self, version: u64, key: &str, value: &impl Serialize) -> Result<(), Failure> {
        host::kv::put(&self.scope, key, &write(key, value)?, Some(version), None)
    }

    pub fn delete(&self, key: &str) -> Result<(), Failure> {
        host::kv::delete(&self.scope, key)
    }
}

fn read<T: DeserializeOwned>(entry: Entry) -> Result<Document<T>, Failure> {
    let value = serde_json::from_str(&entry.value).map_err(|error| malformed(&entry.key, &error))?;
    Ok(Document { id: entry.key, version: entry.version, value })
}

fn write(key: &str, value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| malformed(key, &error))
}
