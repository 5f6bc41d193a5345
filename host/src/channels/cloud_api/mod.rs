//! WhatsApp's Cloud API: signed webhooks in, Graph requests out.
//!
//! `envelope` looks at a body that nobody vouches for yet, `signature` tells whose it is, `inbound` turns a verified change into the
//! words of the model; `outbound` turns the model's words into a request and `client` sends it and says what became of it.

pub mod channel;
pub mod client;
pub mod envelope;
pub mod inbound;
pub mod outbound;
pub mod signature;
mod wire;
