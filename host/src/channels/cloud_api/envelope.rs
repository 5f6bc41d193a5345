//! The first look at a webhook's body, which nobody vouches for yet: whose channels does it name?
//!
//! Nothing of what a change holds is read but its `phone_number_id`; the rest is skipped and lent out as it came.

use std::{borrow::Cow, fmt};

use relevo_model::Time;
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::wire::{Text, is_id, nests_within, text};

/// The largest body that is looked at: Meta's limit is 3 MB.
pub const MAX_BODY: usize = 3 * 1024 * 1024;
/// The deepest nesting. serde_json's own limit of 128 does not hold for what it skips, so this is counted here; staying under it also lets
/// any part be read, stored inside something else and read again.
pub const MAX_DEPTH: usize = 64;
/// The most changes in one body, far beyond what Meta batches, so that a small body cannot become a large list.
pub const MAX_CHANGES: usize = 16_384;

/// The body is no webhook of WhatsApp's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("the body is larger than {MAX_BODY} bytes")]
    TooLarge,
    #[error("the body is nested deeper than {MAX_DEPTH}")]
    TooDeep,
    #[error("the body is not JSON with the shape of a webhook")]
    NotAWebhook,
}

/// What a body names, all of it lent from the body.
#[derive(Debug)]
pub struct Peeked<'a> {
    pub changes: Vec<Change<'a>>,
}

/// One change, still unread. Accept it only when the secret of its own channel verifies the whole body.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The WhatsApp Business account (the entry's id); empty when the entry has none.
    pub account: Cow<'a, str>,
    pub field: Cow<'a, str>,
    /// The number that the change is about; account-wide changes have none.
    pub phone_number_id: Option<Cow<'a, str>>,
    /// When the entry says that it happened, where it says so.
    pub at: Option<Time>,
    pub(super) value: Option<&'a RawValue>,
}

/// Names each change of an unverified body.
pub fn peek(body: &[u8]) -> Result<Peeked<'_>, Malformed> {
    if body.len() > MAX_BODY {
        return Err(Malformed::TooLarge);
    }
    if !nests_within(body, MAX_DEPTH) {
        return Err(Malformed::TooDeep);
    }
    let body = std::str::from_utf8(body).map_err(|_| Malformed::NotAWebhook)?;
    let envelope: Envelope<'_> = serde_json::from_str(body).map_err(|_| Malformed::NotAWebhook)?;
    if envelope.object.0 != "whatsapp_business_account" {
        return Err(Malformed::NotAWebhook);
    }
    let mut changes = Vec::with_capacity(envelope.entry.0.iter().map(|entry| entry.changes.0.len()).sum::<usize>().min(MAX_CHANGES));
    for entry in envelope.entry.0 {
        let account = entry.id.and_then(text).filter(|id| is_id(id)).unwrap_or_default();
        let at = entry.time.and_then(text).and_then(|time| moment(&time));
        if changes.len() + entry.changes.0.len() > MAX_CHANGES {
            return Err(Malformed::NotAWebhook);
        }
        for change in entry.changes.0 {
            let phone_number_id = change.value.map(phone_number_id).transpose()?.flatten();
            changes.push(Change { account: account.clone(), field: change.field.0, phone_number_id, at, value: change.value });
        }
    }
    Ok(Peeked { changes })
}

/// A time in seconds (or, where it is that large, in milliseconds) since 1970.
pub(super) fn moment(text: &str) -> Option<Time> {
    let number: i64 = text.trim().parse().ok().filter(|number| *number > 0)?;
    Some(Time(if number > 100_000_000_000 { number } else { number * 1000 }))
}

/// Two numbers in one change are refused: who verifies and who reads must never see different ones.
fn phone_number_id(value: &RawValue) -> Result<Option<Cow<'_, str>>, Malformed> {
    if !value.get().starts_with('{') {
        return Ok(None);
    }
    let value: Value<'_> = serde_json::from_str(value.get()).map_err(|_| Malformed::NotAWebhook)?;
    let Some(metadata) = value.metadata.filter(|metadata| metadata.get().starts_with('{')) else { return Ok(None) };
    let metadata: Metadata<'_> = serde_json::from_str(metadata.get()).map_err(|_| Malformed::NotAWebhook)?;
    Ok(metadata.phone_number_id.and_then(text).filter(|id| is_id(id)))
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    object: Text<'a>,
    #[serde(borrow)]
    entry: Capped<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    changes: Capped<Part<'a>>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    field: Text<'a>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Value<'a> {
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    phone_number_id: Option<&'a RawValue>,
}

/// A list that stops being read when it grows past the limit.
struct Capped<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Capped<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Seen<T> {
            type Value = Capped<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() == MAX_CHANGES {
                        return Err(de::Error::custom("too many"));
                    }
                    items.push(item);
                }
                Ok(Capped(items))
            }
        }
        deserializer.deserialize_seq(Seen(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_every_entry_is_named_with_its_number_and_account() {
        let body = br#"{"entry":[
            {"id":"A","changes":[{"field":"messages","value":{"messages":[{"metadata":{"phone_number_id":"9"}}],"metadata":{"phone_number_id":"1"}}},
                                 {"value":{"metadata":{"phone_number_id":2}},"field":"messages"}]},
            {"id":7,"time":1743451903,"changes":[{"field":"account_update","value":{"event":"X"}},{"field":"odd","value":"text"},{"field":"none"}]}],
            "object":"whatsapp_business_account"}"#;

        let peeked = peek(body).unwrap();

        let named: Vec<_> = peeked.changes.iter().map(|c| (c.account.as_ref(), c.field.as_ref(), c.phone_number_id.as_deref())).collect();
        assert_eq!(named, [("A", "messages", Some("1")), ("A", "messages", Some("2")), ("7", "account_update", None), ("7", "odd", None), ("7", "none", None)]);
        assert_eq!(peeked.changes[2].at, Some(Time(1_743_451_903_000)));
    }

    #[test]
    fn what_is_no_webhook_is_malformed() {
        let good = r#"{"object":"whatsapp_business_account","entry":[]}"#;
        assert!(peek(good.as_bytes()).unwrap().changes.is_empty());
        for bad in [
            "",
            "[]",
            "null",
            "{",
            r#"{"object":"page","entry":[]}"#,
            r#"{"entry":[]}"#,
            r#"{"object":"whatsapp_business_account"}"#,
            r#"{"object":"whatsapp_business_account","entry":{}}"#,
            r#"{"object":"whatsapp_business_account","entry":[{"id":"1"}]}"#,
            r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"value":{}}]}]}"#,
            r#"{"object":"whatsapp_business_account","entry":[]} x"#,
        ] {
            assert_eq!(peek(bad.as_bytes()).unwrap_err(), Malformed::NotAWebhook, "{bad}");
        }
        assert_eq!(peek(b"{\"object\":\"\xff\"}").unwrap_err(), Malformed::NotAWebhook);
    }

    #[test]
    fn a_change_that_names_two_numbers_is_malformed() {
        for value in [
            r#"{"metadata":{"phone_number_id":"1"},"metadata":{"phone_number_id":"2"}}"#,
            r#"{"metadata":{"phone_number_id":"1","phone_number_id":"2"}}"#,
            r#"{"metadata":{"phone_number_id":"1","phone_number\u005fid":"2"}}"#,
        ] {
            let body = format!(r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":{value}}}]}}]}}"#);
            assert_eq!(peek(body.as_bytes()).unwrap_err(), Malformed::NotAWebhook, "{value}");
        }
    }

    #[test]
    fn size_depth_and_number_of_changes_are_capped() {
        let wrap = |inner: &str| format!(r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{inner}]}}]}}"#);
        let nested = |depth: usize| wrap(&format!(r#"{{"field":"x","value":{}{}}}"#, "[".repeat(depth), "]".repeat(depth)));
        let many = |count: usize| wrap(&vec![r#"{"field":""}"#; count].join(","));

        assert!(peek(nested(MAX_DEPTH - 5).as_bytes()).is_ok());
        assert_eq!(peek(nested(MAX_DEPTH).as_bytes()).unwrap_err(), Malformed::TooDeep);
        assert_eq!(peek(nested(1_000_000).as_bytes()).unwrap_err(), Malformed::TooDeep);
        assert_eq!(peek(many(MAX_CHANGES).as_bytes()).unwrap().changes.len(), MAX_CHANGES);
        assert_eq!(peek(many(MAX_CHANGES + 1).as_bytes()).unwrap_err(), Malformed::NotAWebhook);
        assert_eq!(peek(&vec![b' '; MAX_BODY + 1]).unwrap_err(), Malformed::TooLarge);
    }
}
