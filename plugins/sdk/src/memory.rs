//! An in-memory host: `cargo test` runs whole dialogues against it, without WebAssembly.
//!
//! A [`Chat`] holds a [`World`] and lends it to the flow for the length of a turn; what the turn wrote stands only if it
//! succeeded and was handled, as with the real host.

mod chat;
pub(crate) mod imports;
mod own;
mod records;

use std::cell::RefCell;

pub use chat::Chat;
pub use own::{Kv, Observed, Outside, Tickets};
pub use records::Records;
use serde_json::{Map, Value};

use crate::{CustomerCard, Line, ServicePointCard};

thread_local! {
    static CURRENT: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// 2026-03-02 12:00 UTC, a Monday.
pub const START_MS: u64 = 1_772_452_800_000;

/// Everything a flow can learn and change.
#[derive(Clone)]
pub struct World {
    pub now_ms: u64,
    pub customer: CustomerCard,
    pub attributes: Map<String, Value>,
    pub service_point: ServicePointCard,
    pub abilities: Vec<String>,
    pub labels: Vec<String>,
    pub locale: String,
    pub history: Vec<Line>,
    pub config: Value,
    pub state: Option<String>,
    pub records: Records,
    pub kv: Kv,
    pub outside: Outside,
    pub tickets: Tickets,
    pub observed: Observed,
}

impl Default for World {
    /// A new customer of an empty shop on a channel that shows everything.
    fn default() -> Self {
        Self {
            now_ms: START_MS,
            customer: CustomerCard { id: "customer-1".into(), name: None, phone: Some("+5491155550001".into()), locale: None, first_seen: true },
            attributes: Map::new(),
            service_point: ServicePointCard { id: "point-1".into(), name: "Centro".into(), time_zone: "America/Argentina/Buenos_Aires".into(), open_now: true },
            abilities: ["text", "buttons", "list", "image", "document", "location"].map(str::to_owned).to_vec(),
            labels: Vec::new(),
            locale: "es".into(),
            history: Vec::new(),
            config: Value::Object(Map::new()),
            state: None,
            records: Records::default(),
            kv: Kv::default(),
            outside: Outside::default(),
            tickets: Tickets::default(),
            observed: Observed::default(),
        }
    }
}

impl World {
    pub fn new() -> Self {
        Self::default()
    }

    /// The customer has written before.
    pub fn known(mut self) -> Self {
        self.customer.first_seen = false;
        self
    }

    pub fn configured(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// With a document; an object's "id" becomes the document's.
    pub fn with(mut self, collection: &str, document: Value) -> Self {
        self.records.put(collection, document);
        self
    }

    /// Runs `work` with this world behind the imports, and returns the world as it is afterwards.
    pub(crate) fn lend<R>(self, work: impl FnOnce() -> R) -> (Self, R) {
        CURRENT.with_borrow_mut(|current| assert!(current.replace(self).is_none(), "one turn runs inside of another"));
        let result = work();
        let world = CURRENT.with_borrow_mut(Option::take).expect("nobody else takes the lent world");
        (world, result)
    }

    /// Looks at, or writes to, the world of the running turn.
    pub(crate) fn current<R>(look: impl FnOnce(&mut Self) -> R) -> R {
        CURRENT.with_borrow_mut(|current| look(current.as_mut().expect("a flow runs natively only inside of a memory::Chat")))
    }
}
