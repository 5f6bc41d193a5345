//! Collections in memory: enough of the host's to test a flow against.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::Failure;
use crate::bindings::relevo::flow::records::{Document, Hit, Page, Query};

/// Versions and fields by id.
type Documents = BTreeMap<String, (u64, Map<String, Value>)>;

/// Documents by collection and id, and what is refused.
#[derive(Clone, Default)]
pub struct Records {
    collections: BTreeMap<String, Documents>,
    refused: BTreeMap<String, Failure>,
    last_id: u64,
}

impl Records {
    /// Adds or overwrites a document; its "id" is taken out of the object, or made up.
    pub fn put(&mut self, collection: &str, document: Value) -> String {
        let Value::Object(mut fields) = document else { panic!("a document is an object") };
        let id = match fields.remove("id") {
            Some(Value::String(id)) => id,
            _ => self.new_id(collection),
        };
        let documents = self.collections.entry(collection.to_owned()).or_default();
        let version = documents.get(&id).map_or(1, |(version, _)| version + 1);
        documents.insert(id.clone(), (version, fields));
        id
    }

    /// Every later call on the collection, or on "reserve", fails like this.
    pub fn refuse(&mut self, collection: &str, failure: Failure) {
        self.refused.insert(collection.to_owned(), failure);
    }

    /// A document's fields.
    pub fn fields(&self, collection: &str, id: &str) -> Option<&Map<String, Value>> {
        self.collections.get(collection)?.get(id).map(|(_, fields)| fields)
    }

    /// The fields of every document, in the order of their ids.
    pub fn all(&self, collection: &str) -> Vec<&Map<String, Value>> {
        self.collections.get(collection).into_iter().flat_map(BTreeMap::values).map(|(_, fields)| fields).collect()
    }

    pub(crate) fn get(&self, collection: &str, id: &str) -> Result<Option<Document>, Failure> {
        self.granted(collection)?;
        Ok(self.collections.get(collection).and_then(|documents| documents.get(id)).map(|found| document(id, found)))
    }

    pub(crate) fn find(&self, collection: &str, query: &Query) -> Result<Page, Failure> {
        self.granted(collection)?;
        let filter = object(&query.filter)?;
        let start: usize = match &query.cursor {
            Some(cursor) => cursor.parse().map_err(|_| Failure::Invalid("cursor".into()))?,
            None => 0,
        };
        let mut matching: Vec<_> = self.collections.get(collection).into_iter().flatten().filter(|(_, (_, fields))| fits(fields, &filter)).collect();
        if let Some(sort) = &query.sort {
            let (field, descending) = sort.strip_prefix('-').map_or((sort.as_str(), false), |field| (field, true));
            matching.sort_by(|(_, (_, a)), (_, (_, b))| {
                let order = compare(a.get(field), b.get(field)).unwrap_or(Ordering::Equal);
                if descending { order.reverse() } else { order }
            });
        }
        let end = start + query.limit.min(50) as usize;
        let next = (end < matching.len()).then(|| end.to_string());
        let items = matching.into_iter().skip(start).take(end - start).map(|(id, found)| document(id, found)).collect();
        Ok(Page { items, next })
    }

    pub(crate) fn search(&self, collection: &str, text: &str, limit: u32) -> Result<Vec<Hit>, Failure> {
        self.granted(collection)?;
        let text = text.to_lowercase();
        let words: Vec<_> = text.split_whitespace().collect();
        let documents = self.collections.get(collection).into_iter().flatten();
        let mut hits: Vec<_> = documents
            .filter_map(|(id, found)| {
                let all = Value::Object(found.1.clone()).to_string().to_lowercase();
                let score = words.iter().filter(|word| all.contains(**word)).count();
                (score > 0).then(|| Hit { document: document(id, found), score: score as f32, excerpt: String::new() })
            })
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(limit.min(20) as usize);
        Ok(hits)
    }

    pub(crate) fn add(&mut self, collection: &str, value: &str, now_ms: u64) -> Result<String, Failure> {
        self.granted(collection)?;
        let mut fields = object(value)?;
        if collection == "orders" {
            self.fill_order(&mut fields, now_ms)?;
        }
        Ok(self.put(collection, Value::Object(fields)))
    }

    pub(crate) fn save(&mut self, collection: &str, id: &str, version: u64, value: &str) -> Result<(), Failure> {
        let slot = self.current(collection, id, version)?;
        *slot = (version + 1, object(value)?);
        Ok(())
    }

    pub(crate) fn remove(&mut self, collection: &str, id: &str, version: u64) -> Result<(), Failure> {
        self.current(collection, id, version)?;
        self.collections.entry(collection.to_owned()).or_default().remove(id);
        Ok(())
    }

    pub(crate) fn reserve(&mut self, product: &str, quantity: i64) -> Result<(), Failure> {
        self.granted("reserve")?;
        let (version, fields) = self.collections.get_mut("products").and_then(|products| products.get_mut(product)).ok_or(Failure::NotFound)?;
        let Some(stock) = fields.get("stock").and_then(Value::as_i64) else { return Ok(()) };
        if stock < quantity {
            return Err(Failure::Conflict);
        }
        fields.insert("stock".into(), json!(stock - quantity));
        *version += 1;
        Ok(())
    }

    fn granted(&self, collection: &str) -> Result<(), Failure> {
        self.refused.get(collection).map_or(Ok(()), |failure| Err(failure.clone()))
    }

    fn current(&mut self, collection: &str, id: &str, version: u64) -> Result<&mut (u64, Map<String, Value>), Failure> {
        self.granted(collection)?;
        let slot = self.collections.get_mut(collection).and_then(|documents| documents.get_mut(id)).ok_or(Failure::NotFound)?;
        if slot.0 == version { Ok(slot) } else { Err(Failure::Conflict) }
    }

    /// The host's part of an order: code, first state, and titles and prices as they are now.
    fn fill_order(&self, order: &mut Map<String, Value>, now_ms: u64) -> Result<(), Failure> {
        let mut total = 0;
        let mut currency = Value::Null;
        for line in order.get_mut("lines").and_then(Value::as_array_mut).ok_or_else(|| Failure::Invalid("lines".into()))? {
            let product = line["product_id"].as_str().and_then(|id| self.fields("products", id)).ok_or(Failure::NotFound)?;
            let price = product["price_minor"].as_i64().unwrap_or_default();
            total += price * line["quantity"].as_i64().ok_or_else(|| Failure::Invalid("quantity".into()))?;
            currency = product["currency"].clone();
            line["title"] = product["title"].clone();
            line["price_minor"] = json!(price);
        }
        let code = format!("R-{:04}", self.collections.get("orders").map_or(0, BTreeMap::len) + 1);
        for (key, value) in [
            ("code", json!(code)),
            ("status", json!("new")),
            ("status_title", json!("Recibido")),
            ("total_minor", json!(total)),
            ("currency", currency),
            ("created_at", json!(now_ms)),
        ] {
            order.insert(key.to_owned(), value);
        }
        Ok(())
    }

    fn new_id(&mut self, collection: &str) -> String {
        self.last_id += 1;
        format!("{collection}-{:04}", self.last_id)
    }
}

fn document(id: &str, (version, fields): &(u64, Map<String, Value>)) -> Document {
    Document { id: id.to_owned(), version: *version, value: Value::Object(fields.clone()).to_string() }
}

fn object(text: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Invalid(error.to_string()))
}

fn fits(fields: &Map<String, Value>, filter: &Map<String, Value>) -> bool {
    filter.iter().all(|(field, wanted)| {
        let value = fields.get(field);
        match wanted {
            Value::Object(tests) => tests.iter().all(|(operator, limit)| test(operator, value, limit)),
            equal => value == Some(equal),
        }
    })
}

fn test(operator: &str, value: Option<&Value>, limit: &Value) -> bool {
    let order = compare(value, Some(limit));
    match operator {
        "eq" => value == Some(limit),
        "ne" => value != Some(limit),
        "lt" => order == Some(Ordering::Less),
        "lte" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        "gt" => order == Some(Ordering::Greater),
        "gte" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        "contains" => match (value, limit) {
            (Some(Value::String(text)), Value::String(part)) => text.to_lowercase().contains(&part.to_lowercase()),
            _ => false,
        },
        other => panic!("'{other}' is not an operator of the contract"),
    }
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Option<Ordering> {
    match (a?, b?) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
