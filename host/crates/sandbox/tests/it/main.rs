//! The sandbox against guests that mean well and guests that do not.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be built fails its test")]

mod calls;
mod compiling;
mod fixtures;
mod hostile;
mod limits;
mod manifests;
mod packages;
mod published;
