//! What a plugin can reach: one trait per imported interface, implemented by the host for one call. Each method is the contract's
//! function of the same name, whose documentation stands there.
//!
//! Before a method is called, the glue has counted it against the call's [`Limits`](crate::Limits), cut page sizes to the
//! contract's maxima and refused what the manifest did not ask for. What the business granted is the host's to check.

use std::any::Any;

use async_trait::async_trait;

use crate::api::{
    http::{Request, Response},
    kv::{Entry, Scope},
    records::{Document, Hit, Page, Query},
    system::Level,
    tickets::{NewTicket, Ticket},
    turn::{CustomerCard, Line, ServicePointCard},
    types::{Failure, Json},
};

/// Why the host itself could not go on; ends the call as [`CallError::Host`](crate::CallError::Host), unseen by the guest.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a capability did not do what the guest asked.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The guest is told and may go on.
    #[error("refused: {0:?}")]
    Refused(Failure),
    /// The host is broken (a database that does not answer): the call ends, the guest learns nothing.
    #[error("the host could not go on")]
    Broken(#[source] BoxError),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl From<BoxError> for Fault {
    fn from(error: BoxError) -> Self {
        Self::Broken(error)
    }
}

/// What this turn is about. The synchronous ones are known when the turn begins.
#[async_trait]
pub trait Turn {
    async fn customer(&mut self) -> Result<CustomerCard, BoxError>;
    async fn customer_attributes(&mut self) -> Result<Json, BoxError>;
    async fn set_customer(&mut self, attributes: Json) -> Result<(), Fault>;
    async fn labels(&mut self) -> Result<Vec<String>, BoxError>;
    async fn service_point(&mut self) -> Result<ServicePointCard, BoxError>;
    /// `limit` is 1 to 50.
    async fn history(&mut self, limit: u32, before: Option<String>) -> Result<Vec<Line>, Fault>;
    async fn config(&mut self) -> Result<Json, BoxError>;
    async fn state(&mut self) -> Result<Option<Json>, BoxError>;
    fn abilities(&mut self) -> Vec<String>;
    fn now_ms(&mut self) -> u64;
    fn locale(&mut self) -> String;
    fn rehearsal(&mut self) -> bool;
}

/// Small values of the flow's own.
#[async_trait]
pub trait Kv {
    async fn get(&mut self, scope: Scope, key: String) -> Result<Option<Entry>, Fault>;
    /// `limit` is 1 to 100.
    async fn scan(&mut self, scope: Scope, prefix: String, limit: u32, after: Option<String>) -> Result<Vec<Entry>, Fault>;
    async fn put(&mut self, scope: Scope, key: String, value: Json, if_version: Option<u64>, ttl_s: Option<u32>) -> Result<(), Fault>;
    async fn delete(&mut self, scope: Scope, key: String) -> Result<(), Fault>;
}

/// The business's data.
#[async_trait]
pub trait Records {
    async fn get(&mut self, collection: String, id: String) -> Result<Option<Document>, Fault>;
    /// The query's `limit` is 1 to 50.
    async fn find(&mut self, collection: String, query: Query) -> Result<Page, Fault>;
    /// `limit` is 1 to 20.
    async fn search(&mut self, collection: String, text: String, limit: u32) -> Result<Vec<Hit>, Fault>;
    async fn add(&mut self, collection: String, value: Json) -> Result<String, Fault>;
    async fn save(&mut self, collection: String, id: String, version: u64, value: Json) -> Result<(), Fault>;
    async fn remove(&mut self, collection: String, id: String, version: u64) -> Result<(), Fault>;
    /// Allowed to whoever may read "products" and write "orders".
    async fn reserve(&mut self, product: String, quantity: i64) -> Result<(), Fault>;
}

/// Calls to the outside.
#[async_trait]
pub trait Http {
    /// The method is one that the manifest asked for; the host of the address is still to be checked with
    /// [`Manifest::allows_http`](crate::Manifest::allows_http). `timeout_ms` is 1 to 10,000, the body 1 MiB at most.
    async fn send(&mut self, request: Request) -> Result<Response, Fault>;
}

/// What people of the business have to see to: this customer's tickets.
#[async_trait]
pub trait Tickets {
    async fn open(&mut self, ticket: NewTicket) -> Result<Ticket, Fault>;
    /// `limit` is 1 to 20.
    async fn recent(&mut self, limit: u32) -> Result<Vec<Ticket>, Fault>;
    async fn comment(&mut self, id: String, text: String) -> Result<(), Fault>;
}

/// Logs, counters and randomness.
pub trait System {
    /// At most as many lines as the limits allow; the last one then says that lines were dropped. Control characters are gone from them.
    fn log(&mut self, level: Level, message: String, fields: Json);
    /// `metric` is 1 to 64 characters of `[a-z0-9_]`.
    fn count(&mut self, metric: String, by: i64);
    /// `bytes` is 1,024 at most.
    fn random(&mut self, bytes: u32) -> Vec<u8>;
}

/// All that a plugin can reach in one call. The object is handed in by value and comes back with the
/// [`CallReport`](crate::CallReport), so it owns or shares what it works on.
pub trait Capabilities: Turn + Kv + Records + Http + Tickets + System + Any + Send {}

impl<T: Turn + Kv + Records + Http + Tickets + System + Any + Send> Capabilities for T {}

/// What an implementation of all of them speaks of: the traits, their errors and the contract's types.
pub mod all {
    pub use super::{BoxError, Fault, Http, Kv, Records, System, Tickets, Turn};
    pub use crate::api::{
        http::{Request, Response},
        kv::{Entry, Scope},
        records::{Document, Hit, Page, Query},
        system::Level,
        tickets::{NewTicket, Ticket},
        turn::{CustomerCard, Line, ServicePointCard},
        types::{Failure, Json},
    };
}
