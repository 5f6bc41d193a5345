//! Ids: UUIDv7 newtypes that are stored and shown as text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Time;

/// The text is not an id of ours.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not an id: expected a UUID such as 0198c0de-0000-7000-8000-000000000000")]
pub struct InvalidId(pub String);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 36]);

        impl $name {
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).expect("an id is written by the uuid crate, in ASCII")
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                let mut text = [0; 36];
                id.hyphenated().encode_lower(&mut text);
                Self(text)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self::from).map_err(|_| InvalidId(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// A business: the owner of one cell.
    TenantId,
    ServicePointId,
    ChannelId,
    CustomerId,
    AddressId,
    ConversationId,
    /// A message, and its row in the outbox: what the provider hands back in statuses.
    MessageId,
    TurnId,
    TimerId,
    ProductId,
    OrderId,
    TicketId,
    /// A plugin attached to a service point.
    InstallId,
    PolicyId,
    /// A version of a business's master prompt.
    PromptId,
    /// A line of the event log or of a conversation's timeline.
    EventId,
    /// A process that works cells.
    NodeId,
    /// A person who logs in.
    UserId,
    SessionId,
    InvitationId,
    ApiKeyId,
    /// A line of the audit log.
    AuditId,
    /// Recorded conversations that were run again on a version of a plugin.
    ReplayId,
    /// Something that would have been said or done otherwise.
    DifferenceId,
    /// A conversation that was kept as a test.
    SavedTestId,
}

impl TurnId {
    /// The `ordinal`-th id that this turn makes: the same again when the turn is run again, and sorted as the ordinals are.
    pub fn derive<T: From<Uuid>>(&self, ordinal: u32) -> T {
        let digest = Sha256::new_with_prefix(self.as_str()).chain_update(ordinal.to_be_bytes()).finalize();
        let own = Uuid::try_parse(self.as_str()).expect("an id is a UUID");
        // After the time: 12 bits beside the version and 20 behind the variant are the ordinal, the last 42 the digest.
        let mut tail: [u8; 10] = digest[..10].try_into().expect("ten bytes");
        tail[..2].copy_from_slice(&u16::try_from(ordinal >> 20).expect("twelve bits").to_be_bytes());
        let own_bits = u64::from_be_bytes(tail[2..].try_into().expect("eight bytes")) & ((1 << 42) - 1);
        tail[2..].copy_from_slice(&(u64::from(ordinal & 0xF_FFFF) << 42 | own_bits).to_be_bytes());
        T::from(uuid::Builder::from_unix_timestamp_millis(own_millis(&own), &tail).into_uuid())
    }

    /// No turn that was made at this moment or later has a lower id.
    pub fn earliest(at: Time) -> Self {
        let millis = u64::try_from(at.0).unwrap_or(0);
        Self::from(uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid())
    }

    /// The seed of this turn's randomness.
    pub fn seed(&self) -> [u8; 32] {
        Sha256::new_with_prefix(b"random").chain_update(self.as_str()).finalize().into()
    }
}

fn own_millis(id: &Uuid) -> u64 {
    id.as_bytes()[..6].iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURN: &str = "0198c0de-1234-7000-8000-000000000001";

    #[test]
    fn ids_before_and_after_a_moment_are_told_apart() {
        let clock = crate::Clock::standing(Time(5_000), 7);
        let before: TurnId = clock.id();
        clock.advance(std::time::Duration::from_millis(1));
        let after: TurnId = clock.id();

        assert!(before < TurnId::earliest(Time(5_001)) && TurnId::earliest(Time(5_001)) < after);
    }

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let id: TurnId = TURN.parse().unwrap();
        assert_eq!(id.as_str(), TURN);
        assert_eq!(serde_json::from_str::<TurnId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        assert!("7; DROP TABLE".parse::<TurnId>().is_err());
    }

    #[test]
    fn a_turn_derives_the_same_ids_again_and_each_ordinal_its_own() {
        let turn: TurnId = TURN.parse().unwrap();
        let (first, again, second): (MessageId, MessageId, MessageId) = (turn.derive(0), turn.derive(0), turn.derive(1));
        assert_eq!(first, again);
        assert_ne!(first, second);
        assert_eq!(first.as_str()[..13], TURN[..13]);
    }

    /// What happens in one turn is shown in the order of its ids.
    #[test]
    fn derived_ids_are_sorted_as_their_ordinals_are() {
        let turn: TurnId = TURN.parse().unwrap();
        let ordinals = [0, 1, 2, 999, 1_000, 65_535, 65_536, 1 << 20, (1 << 20) + 1, 1 << 31, u32::MAX - 1, u32::MAX];
        let ids: Vec<EventId> = ordinals.into_iter().map(|ordinal| turn.derive(ordinal)).collect();
        assert!(ids.is_sorted_by(|before, after| before < after), "{ids:?}");
    }
}
