//! The store on both engines: what commits together, in which order, for whom, and what is left when something fails.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod awake;
mod collections;
mod connections;
mod console;
mod crowd;
mod effects;
mod failures;
mod finish;
mod gone;
mod hands;
mod idempotency;
mod isolation;
mod journal;
mod leases;
mod lists;
mod migrating;
mod nodes;
mod people;
mod plugins;
mod receive;
mod records;
mod replays;
mod secrets;
mod sending;
mod settings;
mod statuses;
mod strings;
mod support;
mod timers;
