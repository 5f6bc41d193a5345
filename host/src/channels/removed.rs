//! A channel that was taken away: what is still to be said through it fails, so that whoever looks at the conversation sees it.

use async_trait::async_trait;
use relevo_model::{Abilities, Problem};

use super::{Channel, Outgoing, Sent};

pub struct Removed;

#[async_trait]
impl Channel for Removed {
    fn abilities(&self) -> Abilities {
        Abilities::ALL
    }

    async fn send(&self, _: Outgoing<'_>) -> Sent {
        Sent::Refused(Problem { code: 0, title: "the channel was taken away".into(), details: None })
    }

    async fn typing(&self, _: &str) {}
}
