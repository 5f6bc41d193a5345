//! The store on both engines: what commits together, in which order, for whom, and what is left when something fails.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod awake;
mod connections;
mod effects;
mod failures;
mod finish;
mod gone;
mod hands;
mod isolation;
mod leases;
mod migrating;
mod nodes;
mod receive;
mod secrets;
mod sending;
mod statuses;
mod support;
mod timers;
