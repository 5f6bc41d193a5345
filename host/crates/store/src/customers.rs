//! Customers and their addresses.

use relevo_model::*;
use serde_json::Value;

use crate::{
    Result,
    sql::{Conn, Json},
};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Customer {
    #[sqlx(try_from = "String")]
    pub id: CustomerId,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub locale: Option<String>,
    pub attributes: Json<Value>,
    pub merged_into: Option<String>,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Address {
    #[sqlx(try_from = "String")]
    pub id: AddressId,
    pub text: String,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

pub struct Customers<'a>(&'a mut Conn);

impl Conn {
    pub fn customers(&mut self) -> Customers<'_> {
        Customers(self)
    }
}

impl Customers<'_> {
    pub async fn find(&mut self, id: &CustomerId) -> Result<Option<Customer>> {
        const FIND: &str = "SELECT id, name, phone, locale, attributes, merged_into, created_at FROM customers WHERE id = $1";
        one!(self.0, Customer, FIND, id.as_str())
    }

    pub async fn aliases(&mut self, id: &CustomerId) -> Result<Vec<Alias>> {
        const LIST: &str = "SELECT kind, scope, value FROM customer_aliases WHERE customer_id = $1 ORDER BY kind, scope, value";
        let rows = all!(self.0, (String, String, String), LIST, id.as_str())?;
        Ok(rows.into_iter().filter_map(|(kind, scope, value)| Some(Alias { kind: kind.parse().ok()?, scope, value })).collect())
    }

    /// Newest first.
    pub async fn addresses(&mut self, id: &CustomerId, limit: i64) -> Result<Vec<Address>> {
        const LIST: &str =
            "SELECT id, text, latitude, longitude, created_at FROM customer_addresses WHERE customer_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2";
        all!(self.0, Address, LIST, id.as_str(), limit)
    }
}
