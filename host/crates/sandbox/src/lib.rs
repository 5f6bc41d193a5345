//! Runs plugins: WebAssembly components against the contract in `wit/`, each call on a fresh instance and under limits.
//!
//! The crate declares what a capability is ([`capability`]); the host implements it. It knows neither the store nor HTTP.

mod allowed;
mod bindings;
mod cache;
pub mod call;
pub mod capability;
pub mod compile;
pub mod engine;
mod glue;
pub mod grants;
mod lanes;
pub mod limits;
pub mod manifest;
mod meter;
mod nothing;
pub mod package;
mod plugin;
mod run;
pub mod schema;
mod ticker;
mod weight;

pub use bindings::api;
pub use call::{CallError, CallReport, CallStats, Retry, TrapKind};
pub use capability::{BoxError, Capabilities, Fault, Http, Kv, Records, System, Tickets, Turn};
pub use compile::{CompileError, compile_main};
pub use engine::{Engine, EngineError, EngineSettings, LoadError};
pub use grants::Grants;
pub use limits::{Limit, Limits};
pub use manifest::{
    Access, BUILT_IN_COLLECTIONS, ConversationTest, Effect, Manifest, ManifestError, OwnCollection, Permission, RESERVED_IDS, RequestedLimits, Text, Tool,
};
pub use package::{Digest, Package, PackageError, inspect, pack};
pub use plugin::Plugin;

/// The version of the contract that this build offers to plugins.
pub const API_VERSION: &str = "0.1.0-draft";
