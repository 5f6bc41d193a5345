//! The simulator: a phone in the browser. What is sent to it has arrived; its ticks come back through the same way as anybody's.

use async_trait::async_trait;
use relevo_model::{Abilities, Delivery, Incoming, Status, Time, What};

use super::{Channel, Outgoing, Sent};

pub struct Simulator;

#[async_trait]
impl Channel for Simulator {
    fn abilities(&self) -> Abilities {
        Abilities::ALL
    }

    async fn send(&self, message: Outgoing<'_>) -> Sent {
        Sent::Accepted { provider_id: provider_id(message.ours.as_str()) }
    }

    async fn typing(&self, _: &str) {}
}

/// What the simulated provider calls a message of ours.
pub fn provider_id(ours: &str) -> String {
    format!("sim.{ours}")
}

/// The phone's tick for a message of ours.
pub fn tick(ours: &str, state: Delivery, now: Time) -> Incoming {
    let provider_id = provider_id(ours);
    Incoming {
        dedupe_key: format!("s:{provider_id}:{state}"),
        raw: serde_json::json!({ "id": provider_id, "status": state, "biz_opaque_callback_data": ours }).to_string(),
        at: now,
        what: What::Status(Status { provider_id, ours: Some(ours.to_owned()), state, problem: None }),
    }
}
