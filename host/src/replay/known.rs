//! What a record tells of values and documents, as they were before the turn wrote, and what is written now.

use std::collections::{BTreeMap, HashMap};

use relevo_model::{OrderId, Time};
use relevo_sandbox::api::{
    kv::Entry,
    records::{Document, Hit, Page},
    tickets::Ticket,
    types::Failure,
};
use serde_json::{Value, json};

use crate::conversation::{
    journal::{Call, asked},
    records::code,
};

/// A value as it was before the turn.
#[derive(Clone, Debug)]
enum Before {
    Entry(Option<Entry>),
    /// It was written before it was read: only its version can be told.
    Version(u64),
}

#[derive(Debug, Default)]
pub struct Known {
    values: HashMap<(String, String), Before>,
    /// Written now: none for what was deleted; and the version that it has.
    written: BTreeMap<(String, String), (Option<String>, u64)>,
    documents: HashMap<(String, String), Document>,
    /// Added, saved or removed now, other than it was recorded.
    own: BTreeMap<(String, String), Option<Document>>,
    reserved: HashMap<String, i64>,
    /// Opened now, other than it was recorded.
    pub tickets: Vec<Ticket>,
}

impl Known {
    pub fn of(calls: &[Call]) -> Self {
        let mut known = Self::default();
        let mut writes: HashMap<(String, String), u64> = HashMap::new();
        for call in calls {
            let text = |name: &str| call.asked[name].as_str().unwrap_or_default().to_owned();
            let place = (text("scope"), text("key"));
            match (&*call.name, call.answer.value()) {
                (asked::KV_PUT | asked::KV_DELETE, Some(_)) => *writes.entry(place).or_default() += 1,
                (asked::KV_GET, Some(value)) if !known.values.contains_key(&place) => {
                    let Ok(entry) = serde_json::from_value::<Option<Entry>>(value.clone()) else { continue };
                    let before = match (writes.get(&place), entry) {
                        (None, entry) => Before::Entry(entry),
                        (Some(writes), Some(entry)) if entry.version > *writes => Before::Version(entry.version - writes),
                        (Some(_), Some(_)) => Before::Entry(None),
                        (Some(_), None) => continue,
                    };
                    known.values.insert(place, before);
                }
                (asked::GET, Some(value)) => known.learn(&text("collection"), serde_json::from_value::<Option<Document>>(value.clone()).ok().flatten()),
                (asked::FIND, Some(value)) => {
                    known.learn(&text("collection"), serde_json::from_value::<Page>(value.clone()).into_iter().flat_map(|page| page.items));
                }
                (asked::SEARCH, Some(value)) => {
                    known.learn(&text("collection"), serde_json::from_value::<Vec<Hit>>(value.clone()).into_iter().flatten().map(|hit| hit.document));
                }
                _ => {}
            }
        }
        known
    }

    fn learn(&mut self, collection: &str, documents: impl IntoIterator<Item = Document>) {
        for document in documents {
            self.documents.entry((collection.to_owned(), document.id.clone())).or_insert(document);
        }
    }

    /// A value as it is now; the outer none where nobody can tell.
    pub fn value(&self, scope: &str, key: &str) -> Option<Option<Entry>> {
        let place = (scope.to_owned(), key.to_owned());
        if let Some((value, version)) = self.written.get(&place) {
            return Some(value.clone().map(|value| Entry { key: key.to_owned(), value, version: *version }));
        }
        match self.values.get(&place)? {
            Before::Entry(entry) => Some(entry.clone()),
            Before::Version(_) => None,
        }
    }

    /// The version of a value as it is now, 0 where it is absent; none where nobody can tell.
    pub fn version(&self, scope: &str, key: &str) -> Option<u64> {
        let place = (scope.to_owned(), key.to_owned());
        if let Some((value, version)) = self.written.get(&place) {
            return Some(if value.is_some() { *version } else { 0 });
        }
        Some(match self.values.get(&place)? {
            Before::Entry(entry) => entry.as_ref().map_or(0, |entry| entry.version),
            Before::Version(version) => *version,
        })
    }

    /// Writes a value; none deletes it.
    pub fn put(&mut self, scope: &str, key: &str, value: Option<String>) {
        let version = self.version(scope, key).unwrap_or(0);
        self.written.insert((scope.to_owned(), key.to_owned()), (value, version + 1));
    }

    /// What was recorded of a range, with what was written now.
    pub fn scanned(&self, recorded: Vec<Entry>, scope: &str, prefix: &str, after: &str, limit: u32) -> Vec<Entry> {
        let mut entries: BTreeMap<String, Entry> = recorded.into_iter().map(|entry| (entry.key.clone(), entry)).collect();
        for ((_, key), (value, version)) in self.written.iter().filter(|((s, key), _)| s == scope && key.starts_with(prefix) && key.as_str() > after) {
            match value {
                Some(value) => drop(entries.insert(key.clone(), Entry { key: key.clone(), value: value.clone(), version: *version })),
                None => drop(entries.remove(key)),
            }
        }
        entries.into_values().take(limit as usize).collect()
    }

    /// A document that was written now, other than it was recorded.
    pub fn own(&self, collection: &str, id: &str) -> Option<Option<Document>> {
        self.own.get(&(collection.to_owned(), id.to_owned())).cloned()
    }

    /// A document as it was read somewhere in the turn.
    pub fn document(&self, collection: &str, id: &str) -> Option<Document> {
        self.documents.get(&(collection.to_owned(), id.to_owned())).cloned()
    }

    pub fn put_document(&mut self, collection: &str, id: &str, document: Option<Document>) {
        self.own.insert((collection.to_owned(), id.to_owned()), document);
    }

    /// A page of what was recorded, with what was written now at its end.
    pub fn merged(&self, collection: &str, mut page: Page) -> Page {
        for ((of, id), own) in &self.own {
            if of != collection {
                continue;
            }
            match (page.items.iter().position(|item| item.id == *id), own) {
                (Some(at), Some(document)) => page.items[at] = document.clone(),
                (Some(at), None) => drop(page.items.remove(at)),
                (None, Some(document)) if page.next.is_none() => page.items.push(document.clone()),
                (None, _) => {}
            }
        }
        page
    }

    /// Adds a document other than it was recorded; of an order, what the host fills in is filled in.
    pub fn add(&mut self, collection: &str, id: &str, value: &str, now: Time) -> Result<(), Failure> {
        let given: Value = serde_json::from_str(value).map_err(|error| Failure::Invalid(format!("a document is a JSON object: {error}")))?;
        let value = if collection == "orders" { self.order(id, &given, now)? } else { given };
        self.put_document(collection, id, Some(Document { id: id.to_owned(), version: 1, value: value.to_string() }));
        Ok(())
    }

    fn order(&self, id: &str, given: &Value, now: Time) -> Result<Value, Failure> {
        let (mut lines, mut total, mut currency) = (Vec::new(), 0_i64, Value::Null);
        for line in given["lines"].as_array().into_iter().flatten() {
            let product = self.product(line["product_id"].as_str().unwrap_or_default()).ok_or(Failure::NotFound)?;
            let (price, quantity) = (product["price_minor"].as_i64().unwrap_or(0), line["quantity"].as_i64().unwrap_or(0));
            total = total.saturating_add(price.saturating_mul(quantity));
            currency = product["currency"].clone();
            lines.push(json!({ "product_id": line["product_id"], "title": product["title"], "quantity": quantity, "price_minor": price }));
        }
        let code = id.parse::<OrderId>().map(|id| code(&id)).unwrap_or_default();
        Ok(json!({
            "code": code, "status": "NEW", "status_title": "Recibido", "total_minor": total, "currency": currency, "created_at": now,
            "lines": lines, "address": given["address"],
        }))
    }

    /// Takes from the stock that the record tells of; none where it tells nothing.
    pub fn reserve(&mut self, product: &str, quantity: i64) -> Option<Result<(), Failure>> {
        let stock = self.product(product)?["stock"].as_i64();
        let taken = self.reserved.entry(product.to_owned()).or_default();
        let wanted = taken.saturating_add(quantity);
        if stock.is_some_and(|stock| stock < wanted) {
            return Some(Err(Failure::Conflict));
        }
        *taken = wanted;
        Some(Ok(()))
    }

    fn product(&self, id: &str) -> Option<Value> {
        serde_json::from_str(&self.document("products", id)?.value).ok()
    }
}
