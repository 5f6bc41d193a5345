//! The states that conversations, messages, turns and channels go through, under the names that they are stored by.

use serde::{Deserialize, Serialize};

/// The stored text names no state of this kind.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a known {1}")]
pub struct UnknownState(pub String, pub &'static str);

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownState;
            fn from_str(text: &str) -> Result<Self, UnknownState> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    other => Err(UnknownState(other.to_owned(), stringify!($name))),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = UnknownState;
            fn try_from(text: String) -> Result<Self, UnknownState> {
                text.parse()
            }
        }
    )+};
}

states! {
    /// Who answers a conversation.
    Answering { Bot = "BOT", Human = "HUMAN" }

    /// Whether a conversation still wants something.
    Progress { Open = "open", Snoozed = "snoozed", Resolved = "resolved" }

    Direction { In = "IN", Out = "OUT" }

    Sender { Customer = "CUSTOMER", Bot = "BOT", Agent = "AGENT" }

    /// How far a message has come. Received is the state of what came in; the others are of what goes out.
    Delivery {
        Received = "received",
        Queued = "queued",
        Sending = "sending",
        /// Sent, perhaps: the answer was cut off. The status that carries our id decides, else a person.
        Uncertain = "uncertain",
        Cancelled = "cancelled",
        Failed = "failed",
        Sent = "sent",
        Delivered = "delivered",
        Read = "read",
    }

    /// What became of a turn.
    TurnState {
        Pending = "pending",
        Done = "done",
        /// The conversation changed hands meanwhile: nothing was applied.
        Superseded = "superseded",
        /// Its messages were answered by another turn of the same burst.
        Joined = "joined",
        /// It could not be answered; a person has the conversation.
        Dead = "dead",
    }

    OutboxState { Pending = "pending", Sending = "sending", Uncertain = "uncertain", Sent = "sent", Failed = "failed", Cancelled = "cancelled" }

    ChannelKind { CloudApi = "cloud_api", Linked = "linked", Builderbot = "builderbot", Simulator = "simulator" }

    ChannelState {
        Active = "active",
        /// Not confirmed by the provider yet.
        Pending = "pending",
        /// The provider asked us to slow down; goes on by itself.
        Paused = "paused",
        /// Needs a person: a token that expired, a number that was taken away.
        Stopped = "stopped",
    }

    /// The session of a service point's number.
    WhatsappStatus { Connected = "CONNECTED", Connecting = "CONNECTING", Disconnected = "DISCONNECTED" }

    TenantState { Creating = "creating", Active = "active", Suspended = "suspended" }

    /// What somebody is in a business; what that lets them do is `relevo::policy`'s to say.
    Role { Owner = "owner", Admin = "admin", Agent = "agent", Viewer = "viewer" }

    /// A browser, or what the API's short tokens stand on.
    SessionKind { Cookie = "cookie", Bearer = "bearer" }

    /// Whether a plugin answers.
    PluginState {
        On = "on",
        /// Somebody switched it off.
        Off = "off",
        /// It failed again and again; somebody must try it again.
        SetAside = "set_aside",
    }

    /// How far the upload of a plugin's version is.
    VersionState { Compiling = "compiling", Ready = "ready", Refused = "refused" }

    /// How far a replay is.
    ReplayState { Running = "running", Done = "done", Failed = "failed" }

    /// In what a version would have been different.
    DifferenceKind {
        Said = "said",
        Done = "done",
        /// In what it keeps for the next turn.
        State = "state",
        /// One of the two failed.
        Failed = "failed",
        /// It asked for what the record does not know.
        Unrecorded = "unrecorded",
    }

    /// What somebody decided about a difference.
    Verdict { Pending = "pending", Approved = "approved", Rejected = "rejected" }

    /// How far the people of the business are with a ticket.
    TicketStatus { New = "NEW", InProgress = "IN_PROGRESS", Resolved = "RESOLVED", Closed = "CLOSED" }

    TicketPriority { Low = "low", Normal = "normal", High = "high" }

    /// What happens to a message when nobody can tell whether it was sent.
    UncertainPolicy { Ask = "ask", Resend = "resend" }
}

impl Delivery {
    /// How far this is on the way; a state only gives way to a later one.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Received | Self::Queued => 0,
            Self::Sending => 1,
            Self::Uncertain => 2,
            Self::Cancelled => 3,
            Self::Failed => 4,
            Self::Sent => 5,
            Self::Delivered => 6,
            Self::Read => 7,
        }
    }
}
