//! What a channel hands in, before anything is stored.

use serde::{Deserialize, Serialize};

use crate::{Content, Delivery, Time};

/// One address of a customer. `scope` tells whose address space it is: empty for numbers, the business's account for scoped user ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Alias {
    pub kind: AliasKind,
    pub scope: String,
    pub value: String,
}

/// In the order of trust: the first alias of a sender that is known decides who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasKind {
    /// A WhatsApp id, which is a number without its plus.
    WaId,
    /// A business-scoped user id.
    UserId,
    Lid,
    /// A phone of the simulator; never merges with another kind.
    Sim,
}

impl AliasKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaId => "wa_id",
            Self::UserId => "user_id",
            Self::Lid => "lid",
            Self::Sim => "sim",
        }
    }
}

impl std::str::FromStr for AliasKind {
    type Err = crate::UnknownState;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::WaId, Self::UserId, Self::Lid, Self::Sim]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| crate::UnknownState(text.to_owned(), "AliasKind"))
    }
}

impl TryFrom<String> for AliasKind {
    type Error = crate::UnknownState;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Who is at the other end, as the channel knows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Party {
    /// Never empty.
    pub aliases: Vec<Alias>,
    pub name: Option<String>,
}

impl Party {
    /// The number, where the channel told one.
    pub fn phone(&self) -> Option<String> {
        self.aliases.iter().find(|alias| alias.kind == AliasKind::WaId).map(|alias| format!("+{}", alias.value))
    }
}

/// One event of a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// Unique in its channel: the same event told twice has the same key, another event never has.
    pub dedupe_key: String,
    /// As it came, for the event log.
    pub raw: String,
    /// When the provider says that it happened.
    pub at: Time,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Message(InMessage),
    /// What the business itself wrote on its phone.
    Echo(Echo),
    Status(Status),
    /// The customer's address changed; `from` keeps its conversation, `to` becomes another alias of the same customer.
    AliasChanged {
        from: Alias,
        to: Alias,
    },
    /// Anything else: in the event log only.
    Other {
        kind: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct InMessage {
    pub provider_id: String,
    pub sender: Party,
    pub content: Content,
    /// The provider's id of the message that this one answers to.
    pub quotes: Option<String>,
    /// The advertisement that it came from, as the channel told it.
    pub referral: Option<serde_json::Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Echo {
    pub provider_id: String,
    pub to: Party,
    pub content: Content,
}

/// How far a message of ours has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub provider_id: String,
    /// Our own id, where the provider hands it back.
    pub ours: Option<String>,
    pub state: Delivery,
    pub problem: Option<Problem>,
}

/// Why a message was not delivered, in the provider's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub code: i64,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

/// What a channel can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    pub buttons: bool,
    pub lists: bool,
    pub templates: bool,
}

impl Abilities {
    pub const ALL: Self = Self { buttons: true, lists: true, templates: true };
    pub const TEXT_ONLY: Self = Self { buttons: false, lists: false, templates: false };

    /// By the names that a flow knows.
    pub fn names(self) -> Vec<&'static str> {
        let mut names = vec!["text", "image", "document", "location"];
        names.extend([("buttons", self.buttons), ("list", self.lists), ("template", self.templates)].into_iter().filter_map(|(name, can)| can.then_some(name)));
        names
    }
}
