//! Orders, their lines and their history.

use relevo_model::*;
use serde_json::Value;

use crate::{
    Result,
    sql::{Conn, Json},
};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Order {
    #[sqlx(try_from = "String")]
    pub id: OrderId,
    pub code: String,
    #[sqlx(try_from = "String")]
    pub service_point_id: ServicePointId,
    #[sqlx(try_from = "String")]
    pub customer_id: CustomerId,
    pub status: String,
    pub status_title: String,
    pub total_minor: i64,
    pub currency: String,
    pub address: Json<Value>,
    pub is_test: bool,
    pub version: i64,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct StoredLine {
    pub product_id: String,
    pub title: String,
    pub quantity: i64,
    pub price_minor: i64,
}

pub struct Orders<'a>(&'a mut Conn);

impl Conn {
    pub fn orders(&mut self) -> Orders<'_> {
        Orders(self)
    }
}

macro_rules! select {
    () => {
        "SELECT o.id, o.code, o.service_point_id, o.customer_id, o.status, s.title AS status_title, o.total_minor, o.currency, o.address, o.is_test, \
         o.version, o.created_at FROM orders o JOIN order_status s ON s.code = o.status "
    };
}

impl Orders<'_> {
    pub async fn find_of(&mut self, customer: &CustomerId, id: &str) -> Result<Option<Order>> {
        const FIND: &str = concat!(select!(), "WHERE o.id = $1 AND o.customer_id = $2");
        one!(self.0, Order, FIND, id, customer.as_str())
    }

    /// A customer's, newest first, from before `before`.
    pub async fn list_of(&mut self, customer: &CustomerId, before: Option<Time>, limit: i64) -> Result<Vec<Order>> {
        const LIST: &str = concat!(select!(), "WHERE o.customer_id = $1 AND o.created_at < $2 ORDER BY o.created_at DESC, o.id DESC LIMIT $3");
        all!(self.0, Order, LIST, customer.as_str(), before.map_or(i64::MAX, Time::millis), limit)
    }

    /// All of the business, newest first.
    pub async fn list(&mut self, before: Option<Time>, limit: i64) -> Result<Vec<Order>> {
        const LIST: &str = concat!(select!(), "WHERE o.created_at < $1 ORDER BY o.created_at DESC, o.id DESC LIMIT $2");
        all!(self.0, Order, LIST, before.map_or(i64::MAX, Time::millis), limit)
    }

    pub async fn lines(&mut self, order: &OrderId) -> Result<Vec<StoredLine>> {
        const LIST: &str = "SELECT product_id, title, quantity, price_minor FROM order_lines WHERE order_id = $1 ORDER BY position";
        all!(self.0, StoredLine, LIST, order.as_str())
    }

    /// The states that it went through: code, actor, time.
    pub async fn history(&mut self, order: &OrderId) -> Result<Vec<(String, String, i64)>> {
        const LIST: &str = "SELECT status, actor, created_at FROM order_history WHERE order_id = $1 ORDER BY created_at, id";
        all!(self.0, (String, String, i64), LIST, order.as_str())
    }

    /// What the first state of an order is called.
    pub async fn first_status(&mut self) -> Result<Option<(String, String)>> {
        one!(self.0, (String, String), "SELECT code, title FROM order_status ORDER BY position LIMIT 1")
    }
}
