//! The store on both engines: what commits together, in which order, for whom, and what is left when something fails.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod awake;
mod effects;
mod finish;
mod hands;
mod leases;
mod people;
mod receive;
mod sending;
mod statuses;
mod support;
mod timers;
