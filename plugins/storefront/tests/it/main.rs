//! Whole conversations, as a customer has them.

mod common;
mod manifest;
mod orders;
mod strings;
mod talk;
