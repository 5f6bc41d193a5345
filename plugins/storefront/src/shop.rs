//! The shop's data as this flow reads and writes it.

use relevo_plugin::{Collection, Document, Failure, Query, Turn};
use serde::{Deserialize, Serialize};

#[derive(Clone, Deserialize)]
pub(crate) struct Product {
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    pub(crate) price_minor: i64,
    pub(crate) currency: String,
    /// None when nobody counts it.
    #[serde(default)]
    pub(crate) stock: Option<i64>,
    #[serde(default)]
    pub(crate) active: bool,
}

/// What is asked for; the host answers with an [`Order`].
#[derive(Serialize)]
pub(crate) struct NewOrder {
    pub(crate) lines: Vec<NewLine>,
    pub(crate) address: Address,
}

#[derive(Serialize)]
pub(crate) struct NewLine {
    pub(crate) product_id: String,
    pub(crate) quantity: u32,
}

#[derive(Deserialize)]
pub(crate) struct Order {
    pub(crate) code: String,
    pub(crate) total_minor: i64,
    pub(crate) currency: String,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) status_title: Option<String>,
    #[serde(default)]
    pub(crate) lines: Vec<OrderLine>,
}

#[derive(Deserialize)]
pub(crate) struct OrderLine {
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) quantity: i64,
    #[serde(default)]
    pub(crate) price_minor: i64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Address {
    #[serde(default)]
    pub(crate) text: String,
}

impl Product {
    pub(crate) fn sold_out(&self) -> bool {
        self.stock.is_some_and(|stock| stock <= 0)
    }

    /// How many may be ordered at once.
    pub(crate) fn most(&self) -> u32 {
        self.stock.map_or(MOST, |stock| stock.clamp(0, i64::from(MOST)) as u32)
    }
}

/// Units of a product in one order.
const MOST: u32 = 99;

pub(crate) fn products(turn: &Turn) -> Collection<Product> {
    turn.collection("products")
}

/// The product, if it is for sale.
pub(crate) fn product(turn: &Turn, id: &str) -> Result<Option<Product>, Failure> {
    Ok(products(turn).get(id)?.map(|document| document.value).filter(|product| product.active))
}

pub(crate) fn product_by_sku(turn: &Turn, sku: &str) -> Result<Option<Document<Product>>, Failure> {
    let page = products(turn).find(Query::first(1).only("active", true).only("sku", sku))?;
    Ok(page.items.into_iter().next())
}

pub(crate) fn last_order(turn: &Turn) -> Result<Option<Document<Order>>, Failure> {
    let page = turn.collection("orders").find(Query::first(1).sort("-created_at"))?;
    Ok(page.items.into_iter().next())
}

/// The customer's addresses; none where the business did not grant them.
pub(crate) fn addresses(turn: &Turn, limit: u32) -> Result<Vec<Document<Address>>, Failure> {
    match turn.collection("addresses").find(Query::first(limit)) {
        Ok(page) => Ok(page.items),
        Err(Failure::Denied(_)) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

/// Whether the host may succeed with the same turn a little later.
pub(crate) fn passes(failure: &Failure) -> bool {
    matches!(failure, Failure::Unavailable(_) | Failure::TimedOut)
}
