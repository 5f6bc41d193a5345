//! Channels: how a message leaves. One trait; the adapters stand beside it.

pub mod cloud_api;
pub mod removed;
pub mod simulator;

use async_trait::async_trait;
use relevo_model::{Abilities, Alias, Content, MessageId};

pub use cloud_api::client::{Reach, Sent};

/// A message on its way to a customer.
pub struct Outgoing<'a> {
    /// Our id of it; a provider that can hands it back in statuses.
    pub ours: &'a MessageId,
    pub to: &'a Alias,
    pub content: &'a Content,
    /// The provider's id of the message that this one answers to.
    pub quotes: Option<&'a str>,
}

/// What a service point reaches its customers through.
#[async_trait]
pub trait Channel: Send + Sync {
    fn abilities(&self) -> Abilities;

    /// Sends once. What became of it decides what the outbox does next.
    async fn send(&self, message: Outgoing<'_>) -> Sent;

    /// Shows the customer's message as read and that an answer is being written. Nothing depends on it.
    async fn typing(&self, last_inbound: &str);
}
