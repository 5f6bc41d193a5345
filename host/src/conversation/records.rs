//! The business's data as a flow sees it: documents of named collections, with this turn's own writes.

use async_trait::async_trait;
use relevo_model::*;
use relevo_sandbox::{
    Access, Fault, Records,
    api::{
        records::{Document, Hit, Page, Query},
        types::{Failure, Json},
    },
};
use relevo_store::{
    ADDRESS_FIELDS, Address, Field, ORDER_FIELDS, Operator, Order, PRODUCT_FIELDS, Product, RecordQuery, StoredLine,
    hot::{NewAddress, NewOrder, OrderLine, Reservation},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::query::{merge, parse};
use super::capabilities::{FlowHost, broken};

mod query;

/// Lines of one order at most.
const LINES: usize = 50;
/// Characters of an address at most.
const ADDRESS: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderInput {
    lines: Vec<LineInput>,
    #[serde(default)]
    address: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineInput {
    product_id: String,
    quantity: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddressInput {
    text: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

#[derive(Clone, Copy, PartialEq)]
enum Collection {
    Products,
    Orders,
    Addresses,
}

impl Collection {
    fn named(name: &str) -> Result<Self, Failure> {
        match name {
            "products" => Ok(Self::Products),
            "orders" => Ok(Self::Orders),
            "addresses" => Ok(Self::Addresses),
            other => Err(Failure::Invalid(format!("there is no collection {other:?}: use products, orders or addresses"))),
        }
    }

    const fn fields(self) -> &'static [Field] {
        match self {
            Self::Products => PRODUCT_FIELDS,
            Self::Orders => ORDER_FIELDS,
            Self::Addresses => ADDRESS_FIELDS,
        }
    }

    fn field(self, name: &str) -> Result<Field, Failure> {
        self.fields().iter().copied().find(|field| field.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.fields().iter().map(|field| field.name).collect();
            Failure::Invalid(format!("there is no field {name:?} to ask for: use one of {}", names.join(", ")))
        })
    }
}

#[async_trait]
impl Records for FlowHost {
    async fn get(&mut self, collection: String, id: String) -> Result<Option<Document>, Fault> {
        self.granted(&collection, Access::Read)?;
        if let Some(own) = self.own(&collection) {
            return self.own_get(&own, &id).await;
        }
        let customer = self.context.conversation.customer_id;
        let found = match Collection::named(&collection)? {
            Collection::Products => {
                let found = self.cell.read().await.map_err(broken)?.products().find(&id).await.map_err(broken)?;
                found.map(|product| self.product(product))
            }
            Collection::Orders => match self.overlay.order(&id).cloned() {
                Some(order) => Some(self.new_order(&order).await?),
                None => {
                    let found = self.cell.read().await.map_err(broken)?.orders().find_of(&customer, &id).await.map_err(broken)?;
                    match found {
                        Some(order) => Some(self.order(order).await?),
                        None => None,
                    }
                }
            },
            Collection::Addresses => match self.overlay.address(&id) {
                Some(address) => Some(new_address(address, self.now)),
                None => {
                    let found = self.cell.read().await.map_err(broken)?.customers().addresses(&customer, 1_000).await.map_err(broken)?;
                    found.into_iter().find(|address| address.id.as_str() == id).map(address)
                }
            },
        };
        Ok(found)
    }

    async fn find(&mut self, collection: String, query: Query) -> Result<Page, Fault> {
        self.granted(&collection, Access::Read)?;
        if let Some(own) = self.own(&collection) {
            return self.own_find(&own, &query).await;
        }
        let kind = Collection::named(&collection)?;
        let asked = parse(kind, &query)?;
        let customer = self.context.conversation.customer_id;
        let mut documents = Vec::new();
        let mut more = asked.clone();
        more.limit += 1;
        match kind {
            Collection::Products => {
                let found = self.cell.read().await.map_err(broken)?.find_products(&more).await.map_err(broken)?;
                documents.extend(found.into_iter().map(|product| self.product(product)));
            }
            Collection::Orders => {
                let found = self.cell.read().await.map_err(broken)?.find_orders_of(&customer, &more).await.map_err(broken)?;
                for order in found {
                    documents.push(self.order(order).await?);
                }
                for order in self.overlay.effects.orders.clone() {
                    documents.push(self.new_order(&order).await?);
                }
            }
            Collection::Addresses => {
                let found = self.cell.read().await.map_err(broken)?.find_addresses_of(&customer, &more).await.map_err(broken)?;
                documents.extend(found.into_iter().map(address));
                documents.extend(self.overlay.effects.addresses.iter().map(|address| new_address(address, self.now)));
            }
        }
        Ok(merge(documents, &asked))
    }

    async fn search(&mut self, collection: String, text: String, limit: u32) -> Result<Vec<Hit>, Fault> {
        self.granted(&collection, Access::Read)?;
        if let Some(own) = self.own(&collection) {
            return self.own_search(&own, &text, limit).await;
        }
        let kind = Collection::named(&collection)?;
        if kind != Collection::Products {
            return Err(Failure::Invalid(format!("{collection} cannot be searched by words, only products can")).into());
        }
        let words: Vec<String> = options::plain(&text).split_whitespace().take(8).map(str::to_owned).collect();
        let Some(longest) = words.iter().max_by_key(|word| word.len()) else { return Ok(Vec::new()) };
        // The database narrows by one word, whose accents it does not fold: so its letters without an accent decide.
        let stem: String = longest.chars().take_while(|letter| !"aeioun".contains(*letter)).collect();
        let query = RecordQuery {
            filters: vec![(kind.field("title")?, Operator::Contains, json!(stem))],
            sort: kind.field("popularity")?,
            descending: true,
            after: None,
            limit: 500,
        };
        let found = self.cell.read().await.map_err(broken)?.find_products(&query).await.map_err(broken)?;
        let mut hits: Vec<Hit> = found.into_iter().filter_map(|product| self.hit(product, &words)).collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(limit as usize);
        Ok(hits)
    }

    async fn add(&mut self, collection: String, value: Json) -> Result<String, Fault> {
        self.granted(&collection, Access::Write)?;
        if let Some(own) = self.own(&collection) {
            return self.own_add(&own, &value).await;
        }
        match Collection::named(&collection)? {
            Collection::Orders => self.add_order(&value).await,
            Collection::Addresses => self.add_address(&value),
            Collection::Products => Err(Failure::Denied("products are the business's to change".into()).into()),
        }
    }

    async fn save(&mut self, collection: String, id: String, version: u64, value: Json) -> Result<(), Fault> {
        self.granted(&collection, Access::Write)?;
        if let Some(own) = self.own(&collection) {
            return self.own_save(&own, &id, version, &value).await;
        }
        Collection::named(&collection)?;
        Err(Failure::Denied(format!("{collection} cannot be changed by a flow; orders and addresses can be added")).into())
    }

    async fn remove(&mut self, collection: String, id: String, version: u64) -> Result<(), Fault> {
        self.granted(&collection, Access::Write)?;
        if let Some(own) = self.own(&collection) {
            return self.own_remove(&own, &id, version).await;
        }
        Collection::named(&collection)?;
        Err(Failure::Denied(format!("{collection} cannot be removed by a flow")).into())
    }

    async fn reserve(&mut self, product: String, quantity: i64) -> Result<(), Fault> {
        self.granted("products", Access::Read)?;
        self.granted("orders", Access::Write)?;
        let found = self.cell.read().await.map_err(broken)?.products().find(&product).await.map_err(broken)?;
        let found = found.ok_or(Failure::NotFound)?;
        let taken = self.overlay.reserved(&product).checked_add(quantity).ok_or_else(|| Failure::Invalid("a quantity that large is no quantity".into()))?;
        if taken < 0 {
            return Err(Failure::Invalid("this turn gives back more than it took".into()).into());
        }
        let enough = found.stock.is_none_or(|stock| stock >= taken);
        if !enough {
            return Err(Failure::Conflict.into());
        }
        self.overlay.effects.reservations.push(Reservation { product: found.id, quantity });
        Ok(())
    }
}

impl FlowHost {
    /// What the manifest asks for was looked at before; this is what the business granted of it.
    fn granted(&self, collection: &str, access: Access) -> Result<(), Failure> {
        if self.grants.allows_records(collection, access) {
            return Ok(());
        }
        let verb = if access == Access::Read { "reading" } else { "writing" };
        Err(Failure::Denied(format!("the business did not grant {verb} {collection:?}")))
    }

    fn product(&self, product: Product) -> Document {
        let left = product.stock.map(|stock| stock - self.overlay.reserved(product.id.as_str()));
        Document {
            id: product.id.to_string(),
            version: u64::try_from(product.version).unwrap_or(0),
            value: json!({
                "sku": product.sku, "title": product.title, "description": product.description, "price_minor": product.price_minor,
                "currency": product.currency, "active": product.active, "stock": left, "popularity": product.popularity,
                "created_at": product.created_at,
            })
            .to_string(),
        }
    }

    fn hit(&self, product: Product, words: &[String]) -> Option<Hit> {
        let title = options::plain(&product.title);
        let found = words.iter().filter(|word| title.contains(word.as_str())).count();
        if found == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a score of at most eight words")]
        let score = found as f32 / words.len() as f32;
        let excerpt = product.title.clone();
        Some(Hit { document: self.product(product), score, excerpt })
    }

    async fn order(&mut self, order: Order) -> Result<Document, Fault> {
        let lines = self.cell.read().await.map_err(broken)?.orders().lines(&order.id).await.map_err(broken)?;
        Ok(order_document(&order, lines))
    }

    async fn new_order(&mut self, order: &NewOrder) -> Result<Document, Fault> {
        let first = self.cell.read().await.map_err(broken)?.orders().first_status().await.map_err(broken)?;
        let (status, status_title) = first.unwrap_or_default();
        let conversation = &self.context.conversation;
        let stored = Order {
            id: order.id,
            code: order.code.clone(),
            service_point_id: conversation.service_point_id,
            conversation_id: conversation.id,
            customer_id: conversation.customer_id,
            status,
            status_title,
            total_minor: order.total_minor,
            currency: order.currency.clone(),
            address: relevo_store::Json(order.address.clone()),
            is_test: order.is_test,
            version: 1,
            created_at: self.now,
        };
        let lines = order.lines.iter().map(|line| StoredLine {
            product_id: line.product.to_string(),
            title: line.title.clone(),
            quantity: line.quantity,
            price_minor: line.price_minor,
        });
        Ok(order_document(&stored, lines.collect()))
    }

    async fn add_order(&mut self, value: &str) -> Result<String, Fault> {
        let input: OrderInput =
            serde_json::from_str(value).map_err(|error| Failure::Invalid(format!("an order is {{lines: [{{product_id, quantity}}], address}}: {error}")))?;
        if input.lines.is_empty() || input.lines.len() > LINES || input.lines.iter().any(|line| !(1..=9_999).contains(&line.quantity)) {
            return Err(Failure::Invalid(format!("an order has 1 to {LINES} lines, of 1 to 9,999 pieces each")).into());
        }
        let mut lines = Vec::new();
        let mut currency: Option<String> = None;
        for line in &input.lines {
            let product = self.cell.read().await.map_err(broken)?.products().find(&line.product_id).await.map_err(broken)?;
            let product = product.filter(|product| product.active).ok_or(Failure::NotFound)?;
            if currency.get_or_insert_with(|| product.currency.clone()) != &product.currency {
                return Err(Failure::Invalid("an order has one currency".into()).into());
            }
            lines.push(OrderLine { product: product.id, title: product.title, quantity: line.quantity, price_minor: product.price_minor });
        }
        let total_minor = lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.price_minor.checked_mul(line.quantity)?));
        let total_minor = total_minor.ok_or_else(|| Failure::Invalid("the order's total is too large to be true".into()))?;
        let id: OrderId = self.own_id();
        self.overlay.effects.orders.push(NewOrder {
            id,
            code: code(&id),
            lines,
            total_minor,
            currency: currency.unwrap_or_default(),
            address: input.address,
            is_test: self.line.simulated,
            actor: format!("plugin:{}", self.plugin_id()),
        });
        Ok(id.to_string())
    }

    fn add_address(&mut self, value: &str) -> Result<String, Fault> {
        let input: AddressInput =
            serde_json::from_str(value).map_err(|error| Failure::Invalid(format!("an address is {{text, latitude?, longitude?}}: {error}")))?;
        let length = input.text.trim().chars().count();
        if length == 0 || length > ADDRESS {
            return Err(Failure::Invalid(format!("an address has 1 to {ADDRESS} characters")).into());
        }
        let id: AddressId = self.own_id();
        let text = input.text.trim().to_owned();
        self.overlay.effects.addresses.push(NewAddress { id, text, latitude: input.latitude, longitude: input.longitude });
        Ok(id.to_string())
    }
}

/// What people call an order: seven letters and digits that are not taken for one another, out of thirty thousand million.
pub fn code(id: &OrderId) -> String {
    code_of(id.as_str())
}

/// The same of any id.
pub fn code_of(id: &str) -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let digest = Sha256::digest(id);
    digest[..7].iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect()
}

fn order_document(order: &Order, lines: Vec<StoredLine>) -> Document {
    let lines: Vec<Value> = lines
        .into_iter()
        .map(|line| json!({ "product_id": line.product_id, "title": line.title, "quantity": line.quantity, "price_minor": line.price_minor }))
        .collect();
    Document {
        id: order.id.to_string(),
        version: u64::try_from(order.version).unwrap_or(0),
        value: json!({
            "code": order.code, "status": order.status, "status_title": order.status_title, "total_minor": order.total_minor,
            "currency": order.currency, "created_at": order.created_at, "lines": lines, "address": order.address.0,
        })
        .to_string(),
    }
}

fn address(row: Address) -> Document {
    let value = json!({ "text": row.text, "latitude": row.latitude, "longitude": row.longitude, "created_at": row.created_at });
    Document { id: row.id.to_string(), version: 1, value: value.to_string() }
}

fn new_address(new: &NewAddress, now: Time) -> Document {
    let value = json!({ "text": new.text, "latitude": new.latitude, "longitude": new.longitude, "created_at": now });
    Document { id: new.id.to_string(), version: 1, value: value.to_string() }
}
