//! What a turn is about.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Content, MessageId, Time};

/// The event of one turn, as it is stored with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TurnEvent {
    Messages {
        items: Vec<TurnMessage>,
        /// The first message ever of this customer to this business is among them.
        first_seen: bool,
    },
    /// A timer that a flow scheduled, for that flow alone.
    Timer { plugin_id: String, name: String, payload: String },
    /// A person gave the conversation back.
    ReturnedToBot { agent: Option<String>, reason: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnMessage {
    pub id: MessageId,
    pub at: Time,
    pub content: Content,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<Value>,
}
