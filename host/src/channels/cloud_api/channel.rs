//! The Cloud API as a channel of a service point.

use async_trait::async_trait;
use relevo_model::{Abilities, Problem};

use super::{client::Graph, outbound};
use crate::channels::{Channel, Outgoing, Sent};

pub struct CloudApi {
    pub graph: Graph,
    pub phone_number_id: String,
    pub token: String,
}

#[async_trait]
impl Channel for CloudApi {
    fn abilities(&self) -> Abilities {
        Abilities::ALL
    }

    async fn send(&self, message: Outgoing<'_>) -> Sent {
        match outbound::body(&message.to.value, message.content, message.quotes, message.ours.as_str()) {
            Ok(body) => self.graph.send(&self.phone_number_id, &self.token, body).await,
            Err(why) => Sent::Refused(Problem { code: 0, title: why.to_string(), details: None }),
        }
    }

    async fn typing(&self, last_inbound: &str) {
        if let Err(error) = self.graph.mark_read(&self.phone_number_id, &self.token, last_inbound, true).await {
            tracing::debug!(%error, "could not show that an answer is being written");
        }
    }
}
