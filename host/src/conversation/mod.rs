//! Conversations at work: a business's turns in order, its outbox, its timers, its lease.

pub mod business;
mod capabilities;
mod chain;
mod choices;
pub(crate) mod journal;
mod lanes;
pub mod layout;
mod outside;
mod overlay;
mod records;
mod runs;
mod sender;
mod speech;
mod turn;
