//! Questions that a flow asks in its own words: filters and an order over named fields, translated to SQL over known columns only.

use relevo_model::*;
use serde_json::Value;

use crate::{Address, Order, Product, Result, hot::storable, sql::Conn};

/// A field that may be asked for, and the column behind it.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub column: &'static str,
    pub kind: FieldKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    Number,
    Truth,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
    Contains,
}

impl Operator {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "contains" => Self::Contains,
            _ => return None,
        })
    }

    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
            Self::Contains => "LIKE",
        }
    }
}

/// A collection's rows that match, in an order, from a place on.
#[derive(Clone, Debug)]
pub struct RecordQuery {
    pub filters: Vec<(Field, Operator, Value)>,
    pub sort: Field,
    pub descending: bool,
    /// The sort value and the id of the last row seen.
    pub after: Option<(Value, String)>,
    pub limit: i64,
}

pub const PRODUCT_FIELDS: &[Field] = &[
    field("id", "id", FieldKind::Text),
    field("sku", "sku", FieldKind::Text),
    field("title", "title", FieldKind::Text),
    field("description", "description", FieldKind::Text),
    field("price_minor", "price_minor", FieldKind::Number),
    field("currency", "currency", FieldKind::Text),
    field("active", "active", FieldKind::Truth),
    field("stock", "stock", FieldKind::Number),
    field("popularity", "popularity", FieldKind::Number),
    field("created_at", "created_at", FieldKind::Number),
];

pub const ORDER_FIELDS: &[Field] = &[
    field("id", "o.id", FieldKind::Text),
    field("code", "o.code", FieldKind::Text),
    field("status", "o.status", FieldKind::Text),
    field("total_minor", "o.total_minor", FieldKind::Number),
    field("created_at", "o.created_at", FieldKind::Number),
];

pub const ADDRESS_FIELDS: &[Field] =
    &[field("id", "id", FieldKind::Text), field("text", "text", FieldKind::Text), field("created_at", "created_at", FieldKind::Number)];

const fn field(name: &'static str, column: &'static str, kind: FieldKind) -> Field {
    Field { name, column, kind }
}

enum Bound {
    Text(String),
    Number(i64),
    Truth(bool),
}

fn text_of(text: &str) -> Bound {
    let mut text = text.to_owned();
    storable::text(&mut text);
    Bound::Text(text)
}

fn bound(kind: FieldKind, value: &Value) -> Bound {
    match kind {
        FieldKind::Text => text_of(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        FieldKind::Number => Bound::Number(value.as_i64().unwrap_or_default()),
        FieldKind::Truth => Bound::Truth(value.as_bool().unwrap_or_default()),
    }
}

/// The text and what is bound to it. `owner` is a column and the id that it must have: what the turn may see, not what it asked for.
fn text(select: &str, id: &str, owner: Option<(&str, &str)>, query: &RecordQuery) -> (String, Vec<Bound>) {
    let mut binds = Vec::new();
    let mut conditions = vec!["1 = 1".to_owned()];
    if let Some((column, id)) = owner {
        binds.push(Bound::Text(id.to_owned()));
        conditions.push(format!("{column} = ${}", binds.len()));
    }
    for (field, operator, value) in &query.filters {
        if *operator == Operator::Contains {
            binds.push(Bound::Text(storable::like(value.as_str().unwrap_or_default())));
            // Folded here: Postgres would fold a bound text by the database's rules, and a column by its own.
            conditions.push(format!("lower({}) LIKE ${} ESCAPE '\\'", field.column, binds.len()));
        } else {
            binds.push(bound(field.kind, value));
            conditions.push(format!("{} {} ${}", field.column, operator.sql(), binds.len()));
        }
    }
    let (than, direction) = if query.descending { ("<", "DESC") } else { (">", "ASC") };
    let column = query.sort.column;
    if let Some((value, last)) = &query.after {
        binds.push(bound(query.sort.kind, value));
        let at = binds.len();
        binds.push(text_of(last));
        conditions.push(format!("({column} {than} ${at} OR ({column} = ${at} AND {id} {than} ${}))", binds.len()));
    }
    binds.push(Bound::Number(query.limit));
    let text = format!("{select} WHERE {} ORDER BY {column} {direction}, {id} {direction} LIMIT ${}", conditions.join(" AND "), binds.len());
    (text, binds)
}

macro_rules! ask {
    ($conn:expr, $row:ty, $text:expr) => {{
        let (text, binds) = $text;
        match $conn.this() {
            Conn::Sqlite(c) => {
                let mut query = sqlx::query_as::<_, $row>(sqlx::AssertSqlSafe(text));
                for value in binds {
                    query = match value {
                        Bound::Text(text) => query.bind(text),
                        Bound::Number(number) => query.bind(number),
                        Bound::Truth(truth) => query.bind(truth),
                    };
                }
                query.fetch_all(&mut *c).await
            }
            Conn::Postgres(c) => {
                let mut query = sqlx::query_as::<_, $row>(sqlx::AssertSqlSafe(text));
                for value in binds {
                    query = match value {
                        Bound::Text(text) => query.bind(text),
                        Bound::Number(number) => query.bind(number),
                        Bound::Truth(truth) => query.bind(truth),
                    };
                }
                query.fetch_all(&mut **c).await
            }
        }
        .map_err(crate::Error::from)
    }};
}

impl Conn {
    pub async fn find_products(&mut self, query: &RecordQuery) -> Result<Vec<Product>> {
        const SELECT: &str = "SELECT id, sku, title, description, price_minor, currency, image, active, stock, popularity, version, created_at \
                              FROM (SELECT * FROM products WHERE removed_at IS NULL) AS products";
        ask!(self, Product, text(SELECT, "id", None, query))
    }

    pub async fn find_orders_of(&mut self, customer: &CustomerId, query: &RecordQuery) -> Result<Vec<Order>> {
        const SELECT: &str = "SELECT o.id, o.code, o.service_point_id, o.conversation_id, o.customer_id, o.status, s.title AS status_title, o.total_minor, o.currency, o.address, \
                              o.is_test, o.version, o.created_at FROM orders o JOIN order_status s ON s.code = o.status";
        ask!(self, Order, text(SELECT, "o.id", Some(("o.customer_id", customer.as_str())), query))
    }

    pub async fn find_addresses_of(&mut self, customer: &CustomerId, query: &RecordQuery) -> Result<Vec<Address>> {
        const SELECT: &str = "SELECT id, text, latitude, longitude, created_at FROM customer_addresses";
        ask!(self, Address, text(SELECT, "id", Some(("customer_id", customer.as_str())), query))
    }
}
