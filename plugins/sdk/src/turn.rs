//! The turn's handle: who is talking, what was configured, what this flow remembered.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::http::{Request, Response};
use crate::kv::Scope;
use crate::system::Level;
use crate::tickets::{NewTicket, Ticket};
use crate::{Collection, CustomerCard, Failure, Ids, Line, ServicePointCard, Values, host, malformed};

/// One event of one conversation.
pub struct Turn {
    pub ids: Ids,
}

impl Turn {
    pub fn new(ids: Ids) -> Self {
        Self { ids }
    }

    pub fn customer(&self) -> CustomerCard {
        host::turn::customer()
    }

    /// What the business noted about the customer.
    pub fn attributes(&self) -> Map<String, Value> {
        serde_json::from_str(&host::turn::customer_attributes()).unwrap_or_default()
    }

    /// Merges into the attributes; null removes a key, "name" and "locale" set the customer's own.
    pub fn set_customer(&self, attributes: &Value) -> Result<(), Failure> {
        host::turn::set_customer(&attributes.to_string())
    }

    pub fn labels(&self) -> Vec<String> {
        host::turn::labels()
    }

    pub fn service_point(&self) -> ServicePointCard {
        host::turn::service_point()
    }

    /// Whether the channel itself can show it: "buttons", "list", "image", … What it cannot is rendered as numbered text.
    pub fn can_show(&self, ability: &str) -> bool {
        host::turn::abilities().iter().any(|own| own == ability)
    }

    /// The conversation's lines, newest first, 50 at most; `before` is the id of the last line seen.
    pub fn history(&self, limit: u32, before: Option<&str>) -> Result<Vec<Line>, Failure> {
        host::turn::history(limit, before)
    }

    /// This installation's configuration.
    ///
    /// # Errors
    /// `invalid` when it does not fit `T`.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&host::turn::config()).map_err(|error| malformed("configuration", &error))
    }

    /// What this flow last remembered here, or nothing when an older version remembered something that no longer fits `T`.
    pub fn state<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&host::turn::state()?).ok()
    }

    /// UTC milliseconds; stands still within the turn.
    pub fn now_ms(&self) -> u64 {
        host::turn::now_ms()
    }

    /// The language to speak, such as "es".
    pub fn locale(&self) -> String {
        host::turn::locale()
    }

    /// True in the simulator, in tests and in replay.
    pub fn rehearsal(&self) -> bool {
        host::turn::rehearsal()
    }

    /// A collection of the business's records, read and written as `T`.
    pub fn collection<T>(&self, name: &'static str) -> Collection<T> {
        Collection::new(name)
    }

    /// Takes from a product's stock when the turn commits; a negative quantity gives back.
    ///
    /// # Errors
    /// `conflict` when there is not enough.
    pub fn reserve(&self, product: &str, quantity: i64) -> Result<(), Failure> {
        host::records::reserve(product, quantity)
    }

    /// Small values of the flow's own.
    pub fn values(&self, scope: Scope) -> Values {
        Values::new(scope)
    }

    /// Calls the outside, where the manifest asked for it and the business granted it.
    pub fn send(&self, request: &Request) -> Result<Response, Failure> {
        host::http::send(request)
    }

    /// Gives people of the business something to see to; `priority` is "low", "normal" or "high".
    ///
    /// # Errors
    /// `denied` without the permission, `invalid` when a text is empty or too long.
    pub fn open_ticket(&self, title: &str, body: &str, priority: Option<&str>) -> Result<Ticket, Failure> {
        host::tickets::open(&NewTicket { title: title.to_owned(), body: body.to_owned(), priority: priority.map(str::to_owned) })
    }

    /// This customer's tickets, newest first, 20 at most.
    pub fn tickets(&self, limit: u32) -> Result<Vec<Ticket>, Failure> {
        host::tickets::recent(limit)
    }

    /// Adds to a ticket of this customer.
    ///
    /// # Errors
    /// `not-found` when it is not one of theirs.
    pub fn comment_ticket(&self, id: &str, text: &str) -> Result<(), Failure> {
        host::tickets::comment(id, text)
    }

    /// Writes a line to the plugin's log; `fields` is an object.
    pub fn log(&self, level: Level, message: &str, fields: &Value) {
        host::system::log(level, message, &fields.to_string());
    }

    /// Adds to a counter of this flow.
    pub fn count(&self, metric: &str, by: i64) {
        host::system::count(metric, by);
    }

    /// The same again when the turn is run again.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let bytes = host::system::random(N as u32);
        std::array::from_fn(|index| bytes.get(index).copied().unwrap_or_default())
    }
}
