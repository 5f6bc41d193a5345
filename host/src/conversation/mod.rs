//! Conversations at work: a business's turns in order, its outbox, its timers, its lease.

pub mod business;
pub(crate) mod capabilities;
mod chain;
pub(crate) mod choices;
pub(crate) mod collections;
pub(crate) mod journal;
mod lanes;
pub mod layout;
mod outside;
mod overlay;
pub(crate) mod records;
mod runs;
mod secrets;
mod sender;
pub(crate) mod speech;
mod tickets;
pub mod tools;
mod turn;
