//! Counterparts for tests, demos and benches: what stands outside Relevo and speaks only HTTP. Never shipped.

pub mod clock;
pub mod graph;
pub mod http;
pub mod load;
pub mod mail;
pub mod package;
pub mod proxy;
pub mod webhook;
