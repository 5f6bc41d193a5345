//! Orders, their lines and their history.

use relevo_model::*;
use serde_json::{Value, json};

use crate::{
    Result, Write, events,
    hot::storable,
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
    pub conversation_id: ConversationId,
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

/// A state that an order may be in.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OrderStatus {
    pub code: String,
    pub title: String,
    pub position: i64,
    /// Nothing follows it.
    pub is_final: bool,
}

impl OrderStatus {
    /// What an order in this state may become: whatever comes later, while it has not ended.
    pub fn allows(&self, next: &Self) -> bool {
        !self.is_final && next.position > self.position
    }
}

/// Which orders are listed.
#[derive(Clone, Debug)]
pub struct OrderFilter {
    pub reach: Reach,
    pub point: Option<ServicePointId>,
    pub status: Option<String>,
}

impl OrderFilter {
    pub const ALL: Self = Self { reach: Reach::All, point: None, status: None };
}

/// An order goes on to another state.
#[derive(Clone, Debug)]
pub struct OrderStep {
    pub order: OrderId,
    pub status: String,
    /// The version that whoever asks has seen.
    pub seen: i64,
    pub actor: String,
    pub event: EventId,
    pub now: Time,
}

pub struct Orders<'a>(&'a mut Conn);

impl Conn {
    pub fn orders(&mut self) -> Orders<'_> {
        Orders(self)
    }
}

macro_rules! select {
    () => {
        "SELECT o.id, o.code, o.service_point_id, o.conversation_id, o.customer_id, o.status, s.title AS status_title, o.total_minor, o.currency, \
         o.address, o.is_test, o.version, o.created_at FROM orders o JOIN order_status s ON s.code = o.status "
    };
}

impl Orders<'_> {
    pub async fn find_of(&mut self, customer: &CustomerId, id: &str) -> Result<Option<Order>> {
        const FIND: &str = concat!(select!(), "WHERE o.id = $1 AND o.customer_id = $2");
        one!(self.0, Order, FIND, id, customer.as_str())
    }

    /// A customer's, newest first, from before `before`: the time and the id of the last row seen.
    pub async fn list_of(&mut self, customer: &CustomerId, before: Option<(Time, &OrderId)>, limit: i64) -> Result<Vec<Order>> {
        const LIST: &str = concat!(
            select!(),
            "WHERE o.customer_id = $1 AND (o.created_at < $2 OR (o.created_at = $2 AND o.id < $3)) ORDER BY o.created_at DESC, o.id DESC LIMIT $4"
        );
        let (time, id) = before.map_or((i64::MAX, ""), |(time, id)| (time.0, id.as_str()));
        all!(self.0, Order, LIST, customer.as_str(), time, id, limit)
    }

    /// Newest first, from before `before`: the time and the id of the last row seen.
    pub async fn list(&mut self, filter: &OrderFilter, before: Option<(Time, &OrderId)>, limit: i64) -> Result<Vec<Order>> {
        const LIST: &str = concat!(
            select!(),
            "WHERE ($1 = '*' OR $1 LIKE '%' || o.service_point_id || '%') AND ($2 = '' OR o.service_point_id = $2) AND ($3 = '' OR o.status = $3) \
             AND (o.created_at < $4 OR (o.created_at = $4 AND o.id < $5)) ORDER BY o.created_at DESC, o.id DESC LIMIT $6"
        );
        let (time, id) = before.map_or((i64::MAX, ""), |(time, id)| (time.0, id.as_str()));
        let point = filter.point.as_ref().map_or("", ServicePointId::as_str);
        let status = filter.status.as_deref().map_or_else(String::new, storable::kept);
        all!(self.0, Order, LIST, filter.reach.to_string(), point, &status, time, id, limit)
    }

    pub async fn find(&mut self, id: &OrderId) -> Result<Option<Order>> {
        const FIND: &str = concat!(select!(), "WHERE o.id = $1");
        one!(self.0, Order, FIND, id.as_str())
    }

    /// All states, in their order.
    pub async fn statuses(&mut self) -> Result<Vec<OrderStatus>> {
        all!(self.0, OrderStatus, "SELECT code, title, position, final AS is_final FROM order_status ORDER BY position, code")
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

impl Write {
    /// Takes an order to another state, which its history and the event log keep; false where somebody changed it since it was seen.
    pub async fn step_order(&mut self, step: &OrderStep) -> Result<bool> {
        const SAVE: &str = "UPDATE orders SET status = $1, version = version + 1 WHERE id = $2 AND version = $3";
        const KEEP: &str = "INSERT INTO order_history (id, order_id, status, actor, created_at) VALUES ($1, $2, $3, $4, $5)";
        let OrderStep { order, status, seen, actor, event, now } = step;
        if run!(self, SAVE, status, order.as_str(), *seen)? == 0 {
            return Ok(false);
        }
        run!(self, KEEP, event.as_str(), order.as_str(), status, actor, now.0)?;
        let told = json!({ "order": order, "status": status, "actor": actor });
        events::add(self, *event, "order.status", &format!("{order}:{}", seen + 1), &told, *now).await?;
        Ok(true)
    }
}
