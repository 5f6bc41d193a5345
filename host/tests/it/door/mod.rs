//! The door and the API from outside: real requests to a real port, as everybody who may come.

mod around;
mod attacks;
mod client;
mod keys;
mod lists;
mod once;
mod people;
mod records;
mod walk;
mod walk_console;
mod walk_pages;
mod walk_requests;
mod world;

pub use client::{Answer, Caller};
pub use world::{House, PASSWORD};
