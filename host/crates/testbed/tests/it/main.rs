//! The counterparts, tried as the system under test meets them: over TCP.

mod graph;
mod load;
mod proxy;
mod support;
mod webhook;
