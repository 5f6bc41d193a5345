//! Write Relevo flows in Rust.
//!
//! ```
//! use relevo_plugin::{Event, Failure, Flow, Outcome, Reply, Turn, flow};
//!
//! struct Polite;
//!
//! impl Flow for Polite {
//!     fn handle(turn: &Turn, event: Event) -> Result<Outcome, Failure> {
//!         let Event::Messages(_) = event else { return Ok(Outcome::pass()) };
//!         let name = turn.customer().name.unwrap_or_default();
//!         Ok(Reply::new().text(format!("Hola, {name}.")).done())
//!     }
//! }
//!
//! flow!(Polite);
//! ```
//!
//! Inside of WebAssembly the functions here call the host; natively they call [`memory`], so that `cargo test` runs whole dialogues.

// The standard library's own is an older one, which asks for more memory although there is room left in what a component begins with.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

pub mod bindings;
mod host;
#[cfg(not(target_family = "wasm"))]
pub mod memory;
mod money;
mod outside;
mod records;
mod reply;
mod tools;
mod turn;
mod values;

pub use bindings::configuration::exports::relevo::flow::configuration::Problem;
pub use bindings::exports::relevo::flow::flow::{Event, Failure, Ids, Outcome, StateChange};
pub use bindings::relevo::flow::actions::{Action, Button, Row, Section, Speech};
pub use bindings::relevo::flow::events::{Choice, Content, Inbound, Location, Media, OrderItem};
pub use bindings::relevo::flow::turn::{CustomerCard, Line, ServicePointCard};
pub use bindings::relevo::flow::types;
pub use bindings::relevo::flow::{actions, events};
pub use money::money;
pub use records::{Collection, Document, Page, Query};
pub use reply::Reply;
pub use tools::{Answer, Tools, call_tool, check_config};
pub use turn::Turn;
pub use values::Values;

/// The contract's types of these interfaces; their functions are methods of [`Turn`].
pub mod kv {
    pub use crate::bindings::relevo::flow::kv::{Entry, Scope};
}
pub mod http {
    pub use crate::bindings::relevo::flow::http::{Request, Response};
}
pub mod system {
    pub use crate::bindings::relevo::flow::system::Level;
}
pub mod tickets {
    pub use crate::bindings::relevo::flow::tickets::{NewTicket, Ticket};
}

/// A conversation's logic. Every call starts from a fresh instance: what must last goes into the state or the records.
pub trait Flow {
    /// Answers one event.
    ///
    /// # Errors
    /// A failure makes the host try the turn again where that can help (`unavailable`, `timed-out`, `conflict`);
    /// else the conversation goes to a person. Nothing that the turn wrote stands.
    fn handle(turn: &Turn, event: Event) -> Result<Outcome, Failure>;
}

/// A flow that checks its configuration beyond what the manifest's schema says.
pub trait Configured: Flow {
    /// What is wrong with it, each at its field. Runs with nothing in reach, before the configuration is saved.
    fn check(config: &serde_json::Value) -> Vec<Problem>;
}

impl Problem {
    /// `field` is a JSON pointer such as "/api-url"; empty for the whole.
    pub fn at(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

/// Makes a [`Flow`] the component's export. Does nothing on native targets.
#[macro_export]
macro_rules! flow {
    ($flow:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            impl $crate::bindings::exports::relevo::flow::flow::Guest for Component {
                fn handle(ids: $crate::Ids, event: $crate::Event) -> ::core::result::Result<$crate::Outcome, $crate::Failure> {
                    <$flow as $crate::Flow>::handle(&$crate::Turn::new(ids), event)
                }
            }

    $crate::bindings::export_flow!(Component with_types_in $crate::bindings);
        };
    };
}

/// Makes the check of a [`Configured`] flow an export too, beside [`flow!`].
#[macro_export]
macro_rules! configured {
    ($flow:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            impl $crate::bindings::configuration::exports::relevo::flow::configuration::Guest for Component {
                fn check(config: ::std::string::String) -> ::core::result::Result<::std::vec::Vec<$crate::Problem>, $crate::Failure> {
                    $crate::check_config::<$flow>(&config)
                }
            }

    $crate::bindings::configuration::export_configuration!(Component with_types_in $crate::bindings::configuration);
        };
    };
}

/// Makes [`Tools`] an export too, beside [`flow!`] or alone.
#[macro_export]
macro_rules! tools {
    ($tools:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            impl $crate::bindings::tools::exports::relevo::flow::tools::Guest for Component {
                fn call(
                    ids: $crate::Ids,
                    name: ::std::string::String,
                    arguments: ::std::string::String,
                ) -> ::core::result::Result<$crate::bindings::tools::exports::relevo::flow::tools::ToolResult, $crate::Failure> {
                    $crate::call_tool::<$tools>(ids, &name, &arguments)
                }
            }

    $crate::bindings::tools::export_tools!(Component with_types_in $crate::bindings::tools);
        };
    };
}

impl Outcome {
    /// Leaves the event to the next flow of the service point.
    pub fn pass() -> Self {
        Self { handled: false, actions: Vec::new(), state: StateChange::Keep }
    }
}

impl Inbound {
    /// What the customer wrote, or the title of what they chose.
    pub fn words(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Choice(choice) => Some(&choice.title),
            _ => None,
        }
    }
}

pub(crate) fn malformed(what: &str, error: &serde_json::Error) -> Failure {
    Failure::Invalid(format!("{what}: {error}"))
}
