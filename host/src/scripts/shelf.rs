//! The business's data in memory: seeded documents, with what the flow adds and changes.

use std::{cmp::Ordering, collections::BTreeMap};

use relevo_model::{OrderId, Time, options};
use relevo_sandbox::api::{
    records::{Document, Hit, Page, Query},
    types::Failure,
};
use relevo_store::{ADDRESS_FIELDS, Field, ORDER_FIELDS, PRODUCT_FIELDS};
use serde_json::{Map, Value, json};

use crate::conversation::records::code;

/// Documents of one collection by id, each with its version.
type Documents = BTreeMap<String, (u64, Map<String, Value>)>;

/// All collections. What a script does not seed is empty.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    collections: BTreeMap<String, Documents>,
}

impl Shelf {
    pub fn new(seeds: &BTreeMap<String, Vec<Value>>, own: impl Iterator<Item = String>, now: Time) -> Self {
        let mut shelf = Self::default();
        for name in ["products", "orders", "addresses"].map(str::to_owned).into_iter().chain(own).chain(seeds.keys().cloned()) {
            shelf.collections.entry(name).or_default();
        }
        for (name, documents) in seeds {
            for (nth, document) in documents.iter().enumerate() {
                let mut fields = defaults(name, now);
                fields.extend(document.as_object().cloned().unwrap_or_default());
                let id = match fields.remove("id") {
                    Some(Value::String(id)) => id,
                    _ => format!("{name}-{}", nth + 1),
                };
                if name == "products" {
                    fields.entry("sku").or_insert_with(|| json!(id));
                }
                shelf.collections.entry(name.clone()).or_default().insert(id, (1, fields));
            }
        }
        shelf
    }

    pub fn get(&self, collection: &str, id: &str) -> Result<Option<Document>, Failure> {
        Ok(self.of(collection)?.get(id).map(|found| document(id, found)))
    }

    pub fn find(&self, collection: &str, query: &Query) -> Result<Page, Failure> {
        let documents = self.of(collection)?;
        let filter = if query.filter.trim().is_empty() { Map::new() } else { object(&query.filter, "a filter")? };
        let (sort, descending) = match query.sort.as_deref() {
            None => ("id", false),
            Some(text) => text.strip_prefix('-').map_or((text, false), |name| (name, true)),
        };
        for name in filter.keys().map(String::as_str).chain([sort]) {
            known(collection, name)?;
        }
        let mut found = Vec::new();
        for (id, kept) in documents {
            let mut whole = kept.1.clone();
            whole.insert("id".into(), json!(id));
            if fits(&whole, &filter)? {
                found.push((whole.remove(sort).unwrap_or_default(), document(id, kept)));
            }
        }
        found.sort_by(|a, b| {
            let order = compare(&a.0, &b.0).then_with(|| a.1.id.cmp(&b.1.id));
            if descending { order.reverse() } else { order }
        });
        let from: usize = match &query.cursor {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| Failure::Invalid("this is no cursor of ours".into()))?,
        };
        let to = from.saturating_add(query.limit as usize);
        let next = (to < found.len()).then(|| to.to_string());
        Ok(Page { items: found.into_iter().skip(from).take(query.limit as usize).map(|(_, document)| document).collect(), next })
    }

    /// By the words of all texts of a document; of products, by those of the title, as on the host.
    pub fn search(&self, collection: &str, text: &str, limit: u32) -> Result<Vec<Hit>, Failure> {
        let words: Vec<String> = options::plain(text).split_whitespace().take(8).map(str::to_owned).collect();
        let hit = |(id, kept): (&String, &(u64, Map<String, Value>))| {
            let title = kept.1.get("title").and_then(Value::as_str).map_or_else(|| Value::Object(kept.1.clone()).to_string(), str::to_owned);
            let plain = options::plain(&title);
            let found = words.iter().filter(|word| plain.contains(word.as_str())).count();
            #[expect(clippy::cast_precision_loss, reason = "a score of at most eight words")]
            let score = found as f32 / words.len().max(1) as f32;
            (found > 0).then(|| Hit { document: document(id, kept), score, excerpt: title })
        };
        let mut hits: Vec<Hit> = self.of(collection)?.iter().filter_map(hit).collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(limit as usize);
        Ok(hits)
    }

    /// Adds a document under this id; of an order, what the host fills in is filled in.
    pub fn add(&mut self, collection: &str, id: String, value: &str, now: Time) -> Result<String, Failure> {
        let given = object(value, "a document")?;
        let fields = match collection {
            "products" => return Err(Failure::Denied("products are the business's to change".into())),
            "orders" => self.order(&id, given, now)?,
            "addresses" => {
                if given.get("text").and_then(Value::as_str).is_none_or(|text| text.trim().is_empty()) {
                    return Err(Failure::Invalid("an address is {text, latitude?, longitude?}".into()));
                }
                given.into_iter().chain([("created_at".to_owned(), json!(now))]).collect()
            }
            _ => given,
        };
        self.of_mut(collection)?.insert(id.clone(), (1, fields));
        Ok(id)
    }

    pub fn save(&mut self, collection: &str, id: &str, version: u64, value: &str) -> Result<(), Failure> {
        let fields = object(value, "a document")?;
        let kept = self.own(collection, id, version)?;
        *kept = (version + 1, fields);
        Ok(())
    }

    pub fn remove(&mut self, collection: &str, id: &str, version: u64) -> Result<(), Failure> {
        self.own(collection, id, version)?;
        self.of_mut(collection)?.remove(id);
        Ok(())
    }

    pub fn reserve(&mut self, product: &str, quantity: i64) -> Result<(), Failure> {
        let (version, fields) = self.of_mut("products")?.get_mut(product).ok_or(Failure::NotFound)?;
        let Some(stock) = fields.get("stock").and_then(Value::as_i64) else { return Ok(()) };
        let left = stock.checked_sub(quantity).filter(|left| *left >= 0).ok_or(Failure::Conflict)?;
        fields.insert("stock".into(), json!(left));
        *version += 1;
        Ok(())
    }

    fn order(&self, id: &str, given: Map<String, Value>, now: Time) -> Result<Map<String, Value>, Failure> {
        let wrong = || Failure::Invalid("an order is {lines: [{product_id, quantity}], address}".into());
        let asked = given.get("lines").and_then(Value::as_array).filter(|lines| !lines.is_empty()).ok_or_else(wrong)?;
        let products = self.of("products")?;
        let (mut lines, mut total, mut currency) = (Vec::new(), 0_i64, Value::Null);
        for line in asked {
            let (product_id, quantity) = (line["product_id"].as_str().ok_or_else(wrong)?, line["quantity"].as_i64().filter(|n| *n > 0).ok_or_else(wrong)?);
            let (_, product) = products.get(product_id).ok_or(Failure::NotFound)?;
            let price = product.get("price_minor").and_then(Value::as_i64).unwrap_or(0);
            total = price.checked_mul(quantity).and_then(|sum| total.checked_add(sum)).ok_or_else(wrong)?;
            currency = product.get("currency").cloned().unwrap_or_default();
            lines.push(json!({ "product_id": product_id, "title": product.get("title"), "quantity": quantity, "price_minor": price }));
        }
        let id: OrderId = id.parse().map_err(|_| wrong())?;
        let order = json!({
            "code": code(&id), "status": "NEW", "status_title": "Recibido", "total_minor": total, "currency": currency, "created_at": now,
            "lines": lines, "address": given.get("address"),
        });
        Ok(order.as_object().cloned().unwrap_or_default())
    }

    fn of(&self, collection: &str) -> Result<&Documents, Failure> {
        self.collections.get(collection).ok_or_else(|| self.unknown(collection))
    }

    fn of_mut(&mut self, collection: &str) -> Result<&mut Documents, Failure> {
        if !self.collections.contains_key(collection) {
            return Err(self.unknown(collection));
        }
        Ok(self.collections.entry(collection.to_owned()).or_default())
    }

    fn unknown(&self, collection: &str) -> Failure {
        let names: Vec<&str> = self.collections.keys().map(String::as_str).collect();
        Failure::Invalid(format!("there is no collection {collection:?}: use one of {}", names.join(", ")))
    }

    /// A document of the flow's own that still has this version.
    fn own(&mut self, collection: &str, id: &str, version: u64) -> Result<&mut (u64, Map<String, Value>), Failure> {
        if fields_of(collection).is_some() {
            return Err(Failure::Denied(format!("{collection} cannot be changed by a flow")));
        }
        let kept = self.of_mut(collection)?.get_mut(id).ok_or(Failure::NotFound)?;
        if kept.0 == version { Ok(kept) } else { Err(Failure::Conflict) }
    }
}

/// What a seeded document has that its script does not name.
fn defaults(collection: &str, now: Time) -> Map<String, Value> {
    let fields = match collection {
        "products" => {
            json!({ "title": "", "description": "", "price_minor": 0, "currency": "ARS", "active": true, "stock": null, "popularity": 0, "created_at": now })
        }
        "orders" => {
            json!({ "code": "", "status": "NEW", "status_title": "Recibido", "total_minor": 0, "currency": "ARS", "created_at": now, "lines": [], "address": {} })
        }
        "addresses" => json!({ "text": "", "latitude": null, "longitude": null, "created_at": now }),
        _ => json!({}),
    };
    fields.as_object().cloned().unwrap_or_default()
}

/// The fields of a collection that is everybody's; none for a flow's own.
fn fields_of(collection: &str) -> Option<&'static [Field]> {
    match collection {
        "products" => Some(PRODUCT_FIELDS),
        "orders" => Some(ORDER_FIELDS),
        "addresses" => Some(ADDRESS_FIELDS),
        _ => None,
    }
}

fn known(collection: &str, name: &str) -> Result<(), Failure> {
    match fields_of(collection) {
        Some(fields) if !fields.iter().any(|field| field.name == name) => {
            let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
            Err(Failure::Invalid(format!("there is no field {name:?} to ask for: use one of {}", names.join(", "))))
        }
        _ => Ok(()),
    }
}

fn document(id: &str, (version, fields): &(u64, Map<String, Value>)) -> Document {
    Document { id: id.to_owned(), version: *version, value: Value::Object(fields.clone()).to_string() }
}

fn object(text: &str, what: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Invalid(format!("{what} is a JSON object: {error}")))
}

fn fits(fields: &Map<String, Value>, filter: &Map<String, Value>) -> Result<bool, Failure> {
    for (name, wanted) in filter {
        let value = fields.get(name).unwrap_or(&Value::Null);
        let all = match wanted {
            Value::Object(tests) => {
                let mut all = true;
                for (operator, limit) in tests {
                    all &= test(operator, value, limit)?;
                }
                all
            }
            equal => test("eq", value, equal)?,
        };
        if !all {
            return Ok(false);
        }
    }
    Ok(true)
}

fn test(operator: &str, value: &Value, limit: &Value) -> Result<bool, Failure> {
    let order = (!value.is_null()).then(|| compare(value, limit));
    let is = |wanted: &[Ordering]| order.is_some_and(|order| wanted.contains(&order));
    Ok(match operator {
        "eq" => is(&[Ordering::Equal]),
        "ne" => is(&[Ordering::Less, Ordering::Greater]),
        "lt" => is(&[Ordering::Less]),
        "lte" => is(&[Ordering::Less, Ordering::Equal]),
        "gt" => is(&[Ordering::Greater]),
        "gte" => is(&[Ordering::Greater, Ordering::Equal]),
        "contains" => value.as_str().unwrap_or_default().to_lowercase().contains(&limit.as_str().unwrap_or_default().to_lowercase()),
        other => return Err(Failure::Invalid(format!("there is no operator {other:?}: use eq, ne, lt, lte, gt, gte or contains"))),
    })
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}
