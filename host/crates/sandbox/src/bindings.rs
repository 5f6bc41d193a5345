//! What wasmtime generates from the contract, re-exported as plain types under [`api`].

wasmtime::component::bindgen!({
    path: "../../../wit/relevo-flow-0.1.0-draft",
    world: "relevo:flow/complete-plugin",
    imports: { default: async | trappable },
    exports: { default: async },
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});

/// The contract's types, one module per interface. They serialise, because the host journals them.
pub mod api {
    pub use super::relevo::flow::types;

    /// What a turn is about.
    pub mod turn {
        pub use crate::bindings::relevo::flow::turn::{CustomerCard, Ids, Line, ServicePointCard};
    }

    pub use super::relevo::flow::{actions, events};

    /// Small values of the flow's own.
    pub mod kv {
        pub use crate::bindings::relevo::flow::kv::{Entry, Scope};
    }

    /// The business's data.
    pub mod records {
        pub use crate::bindings::relevo::flow::records::{Document, Hit, Page, Query};
    }

    /// Calls to the outside.
    pub mod http {
        pub use crate::bindings::relevo::flow::http::{Request, Response};
    }

    /// What people of the business have to see to.
    pub mod tickets {
        pub use crate::bindings::relevo::flow::tickets::{NewTicket, Ticket};
    }

    /// Logs and counters.
    pub mod system {
        pub use crate::bindings::relevo::flow::system::Level;
    }

    /// What a flow returns.
    pub mod flow {
        pub use crate::bindings::exports::relevo::flow::flow::{Outcome, StateChange};
    }

    /// What is wrong with a configuration.
    pub mod configuration {
        pub use crate::bindings::exports::relevo::flow::configuration::Problem;
    }

    /// What a tool returns.
    pub mod tools {
        pub use crate::bindings::exports::relevo::flow::tools::ToolResult;
    }
}
