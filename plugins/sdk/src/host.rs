//! The one place that decides who answers: the real host inside of WebAssembly, the in-memory one elsewhere.

#[cfg(target_family = "wasm")]
pub(crate) use crate::bindings::relevo::flow::{http, kv, records, system, tickets, turn};
#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::memory::imports::{http, kv, records, system, tickets, turn};
