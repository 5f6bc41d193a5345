//! What a message holds, in the words of no channel.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The content of a message, in or out. Unknown kinds are kept as they came and shown as such.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    Text {
        body: String,
    },
    Media(Media),
    Location(Location),
    Contacts {
        contacts: Value,
    },
    /// A button or a row that the customer chose.
    Choice {
        id: String,
        title: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
    /// An empty emoji takes the reaction back. `message` is the provider's id.
    Reaction {
        emoji: String,
        message: String,
    },
    /// A basket from WhatsApp's own catalogue.
    Order {
        items: Vec<BasketItem>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// The answer to a WhatsApp form.
    Form {
        name: String,
        answer: Value,
    },
    /// The customer changed an earlier message. `message` is the provider's id.
    Edit {
        message: String,
        content: Box<Content>,
    },
    /// The customer took an earlier message back.
    Revoke {
        message: String,
    },
    /// WhatsApp's own words about the customer: a number or an identity that changed.
    System {
        kind: String,
        body: String,
    },
    Buttons {
        body: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        footer: Option<String>,
        buttons: Vec<Button>,
    },
    List {
        body: String,
        button: String,
        sections: Vec<Section>,
    },
    Template {
        name: String,
        locale: String,
        components: Value,
    },
    /// What this version does not know: `kind` as the channel named it, `raw` as it came.
    Unsupported {
        kind: String,
        raw: Value,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    Image,
    Audio,
    /// Recorded in the chat, not attached.
    Voice,
    Video,
    Document,
    Sticker,
}

/// A file: known by the provider's id, by an address, or by both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Media {
    pub kind: MediaKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mime: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    pub latitude: f64,
    pub longitude: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasketItem {
    pub sku: String,
    pub quantity: u32,
    pub price_minor: i64,
    pub currency: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    pub id: String,
    pub title: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub id: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    pub title: String,
    pub rows: Vec<Row>,
}

impl Content {
    pub fn text(body: impl Into<String>) -> Self {
        Self::Text { body: body.into() }
    }

    /// True for what a customer says. A reaction, a correction or WhatsApp's own note is shown and recorded, and asks nothing.
    pub fn asks_for_an_answer(&self) -> bool {
        !matches!(self, Self::Reaction { .. } | Self::Edit { .. } | Self::Revoke { .. } | Self::System { .. })
    }

    /// The words in it, for lists, history and search; empty where it has none.
    pub fn words(&self) -> &str {
        match self {
            Self::Text { body } | Self::System { body, .. } | Self::Buttons { body, .. } | Self::List { body, .. } => body,
            Self::Media(media) => media.caption.as_deref().or(media.name.as_deref()).unwrap_or(""),
            Self::Location(place) => place.name.as_deref().or(place.address.as_deref()).unwrap_or(""),
            Self::Choice { title, .. } => title,
            Self::Reaction { emoji, .. } => emoji,
            Self::Order { note, .. } => note.as_deref().unwrap_or(""),
            Self::Edit { content, .. } => content.words(),
            Self::Template { name, .. } | Self::Form { name, .. } => name,
            Self::Contacts { .. } | Self::Revoke { .. } | Self::Unsupported { .. } => "",
        }
    }
}
