//! A verified change in the words of the model: one event at least for everything in it, whatever its shape.

mod content;
mod party;

use std::borrow::Cow;

use relevo_model::{Alias, Content, Delivery, Echo, InMessage, Incoming, Party, Problem, Status, Time, What};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{
    envelope::{Change, moment},
    wire::{Object, list},
};
use party::Contacts;

/// All that a change tells. Never empty: what has no meaning here becomes `What::Other`, so that the event log has it.
///
/// `raw` is the part's own JSON as it came, except that escaped NULs, which databases refuse, are replaced.
/// `now` stands in where the part has no time of its own.
pub fn read(change: &Change<'_>, now: Time) -> Vec<Incoming> {
    let reader = Reader { field: &change.field, account: &change.account, now: change.at.unwrap_or(now) };
    let Some(value) = change.value else { return vec![reader.whole("null", change.at)] };
    let clean = without_nuls(value);
    let mut events = Vec::new();
    if let Some(fields) = Object::read(clean.as_ref()) {
        match change.field.as_ref() {
            "messages" | "smb_message_echoes" | "message_echoes" => reader.conversation(&fields, clean.get(), &mut events),
            "user_id_update" => reader.user_id_updates(&fields, &mut events),
            _ => {}
        }
    }
    if events.is_empty() {
        events.push(reader.whole(clean.get(), change.at));
    }
    events
}

struct Reader<'a> {
    field: &'a str,
    account: &'a str,
    now: Time,
}

impl Reader<'_> {
    fn conversation(&self, value: &Object<'_>, whole: &str, events: &mut Vec<Incoming>) {
        let contacts = Contacts::read(value);
        for (name, part) in value.fields() {
            match (name, list(part)) {
                ("messages", Some(elements)) => self.messages(&elements, &contacts, events),
                ("statuses", Some(elements)) => events.extend(elements.into_iter().map(|element| self.status(element))),
                ("message_echoes", Some(elements)) => events.extend(elements.into_iter().map(|element| self.echo(element, &contacts))),
                ("messaging_product" | "metadata" | "contacts", _) => {}
                (_, Some(elements)) if elements.is_empty() => {}
                // Errors beside the messages, and what later versions add. The like may come again with other messages, hence the key.
                ("messages" | "statuses" | "message_echoes", None) => events.push(other(name, name, part.get(), whole, self.now)),
                _ if part.get().starts_with(['[', '{']) => events.push(other(name, name, part.get(), whole, self.now)),
                _ => {}
            }
        }
    }

    fn messages(&self, elements: &[&RawValue], contacts: &Contacts<'_>, events: &mut Vec<Incoming>) {
        let read: Vec<_> = elements.iter().map(|element| Object::read(element)).collect();
        let one_sender = party::all_from_one(&read);
        for (element, message) in elements.iter().zip(&read) {
            let told = message.as_ref().and_then(|message| self.message(element, message, contacts, one_sender, events));
            if told.is_none() {
                events.push(self.unread(self.field, element));
            }
        }
    }

    /// None when there is no saying what or whose it is.
    fn message(&self, raw: &RawValue, message: &Object<'_>, contacts: &Contacts<'_>, one_sender: bool, events: &mut Vec<Incoming>) -> Option<()> {
        let id = message.id("id")?;
        let at = self.at(message);
        let event = |dedupe_key, what| Incoming { dedupe_key, raw: raw.get().to_owned(), at, what };
        let kind = message.text("type");
        if message.get("group_id").is_some() {
            // Said to a group, not to the business.
            events.push(event(format!("m:{id}"), What::Other { kind: "group_message".to_owned() }));
            return Some(());
        }
        if let Some(reply) = message.object("interactive").and_then(|part| part.text("type")).filter(|kind| kind == "call_permission_reply") {
            events.push(event(format!("m:{id}"), What::Other { kind: reply.into_owned() }));
            return Some(());
        }
        let changed = if kind.as_deref() == Some("system") { self.changed_aliases(message) } else { Vec::new() };
        let sender = self.sender(message, contacts, one_sender, &changed)?;
        let content = content::read(message);
        let what = What::Message(InMessage {
            provider_id: id.clone().into_owned(),
            sender,
            quotes: message.object("context").and_then(|context| context.id("id")).map(Cow::into_owned),
            referral: message.value("referral"),
            content,
        });
        events.push(event(self.key("m", &id, &what, at), what));
        for (from, to) in changed {
            events.push(event(format!("a:{}:{id}", to.kind.as_str()), What::AliasChanged { from, to }));
        }
        Some(())
    }

    fn echo(&self, raw: &RawValue, contacts: &Contacts<'_>) -> Incoming {
        let told = || {
            let echo = Object::read(raw)?;
            let id = echo.id("id")?;
            let to = party::party(self.account, [echo.id("to"), echo.id("to_user_id")], contacts.of([echo.id("to"), echo.id("to_user_id")]))?;
            let at = self.at(&echo);
            let what = What::Echo(Echo { provider_id: id.clone().into_owned(), to, content: content::read(&echo) });
            Some(Incoming { dedupe_key: self.key("e", &id, &what, at), raw: raw.get().to_owned(), at, what })
        };
        told().unwrap_or_else(|| self.unread(self.field, raw))
    }

    fn status(&self, raw: &RawValue) -> Incoming {
        let told = || {
            let status = Object::read(raw)?;
            let (id, name) = (status.id("id")?, status.id("status")?);
            let state = match name.as_ref() {
                "sent" => Delivery::Sent,
                "delivered" => Delivery::Delivered,
                "read" | "played" => Delivery::Read,
                "failed" => Delivery::Failed,
                _ => return None,
            };
            let in_group = status.text("recipient_type").as_deref() == Some("group");
            let member = ["recipient_participant_user_id", "recipient_participant_id", "recipient_id"].into_iter().find_map(|name| status.id(name));
            let dedupe_key = match member.filter(|_| in_group) {
                Some(member) => format!("s:{id}:{name}:{member}"),
                None => format!("s:{id}:{name}"),
            };
            let problem = status.get("errors").and_then(list).and_then(|errors| problem(errors.first()?));
            let ours = status.id("biz_opaque_callback_data").map(Cow::into_owned);
            let what = What::Status(Status { provider_id: id.into_owned(), ours, state, problem });
            Some(Incoming { dedupe_key, raw: raw.get().to_owned(), at: self.at(&status), what })
        };
        told().unwrap_or_else(|| self.unread("status", raw))
    }

    /// Who sent a message. Of one whose address just changed only the old addresses count; the new ones come as events of their own.
    fn sender(&self, message: &Object<'_>, contacts: &Contacts<'_>, one_sender: bool, changed: &[(Alias, Alias)]) -> Option<Party> {
        if !changed.is_empty() {
            return Some(Party { aliases: changed.iter().map(|(from, _)| from.clone()).collect(), name: None });
        }
        let named = [message.id("from"), message.id("from_user_id")];
        let contact = contacts.of(named.clone()).or_else(|| contacts.sole().filter(|_| one_sender));
        party::party(self.account, named, contact)
    }

    /// The old and the new number, the old and the new user id, where a system message tells both.
    fn changed_aliases(&self, message: &Object<'_>) -> Vec<(Alias, Alias)> {
        let Some(system) = message.object("system") else { return Vec::new() };
        let kind = system.text("type").unwrap_or_default();
        if !kind.starts_with("user_changed_") && !kind.starts_with("customer_changed_") {
            return Vec::new();
        }
        let number = system.id("wa_id").or_else(|| system.id("new_wa_id"));
        let number = message.id("from").or_else(|| system.id("customer")).zip(number);
        let user = system.id("previous_user_id").zip(system.id("user_id").or_else(|| message.id("from_user_id")));
        [number, user]
            .into_iter()
            .flatten()
            .map(|(from, to)| (party::alias(self.account, &from), party::alias(self.account, &to)))
            .filter(|(from, to)| from != to && !from.value.is_empty() && !to.value.is_empty())
            .collect()
    }

    fn user_id_updates(&self, value: &Object<'_>, events: &mut Vec<Incoming>) {
        for element in value.get("user_id_update").and_then(list).unwrap_or_default() {
            let changed = || {
                let ids = Object::read(element)?.object("user_id")?;
                let (from, to) = (party::alias(self.account, &ids.id("previous")?), party::alias(self.account, &ids.id("current")?));
                (from != to).then_some(What::AliasChanged { from, to })
            };
            let mut event = self.unread(self.field, element);
            event.what = changed().unwrap_or(event.what);
            events.push(event);
        }
    }

    /// The change as one event. The same may happen again another day, which only the entry's time tells apart.
    fn whole(&self, raw: &str, at: Option<Time>) -> Incoming {
        let mut event = other(self.field, self.field, raw, raw, self.now);
        if let Some(at) = at {
            event.dedupe_key = format!("{}:{}", event.dedupe_key, at.millis());
        }
        event
    }

    /// An element that has no meaning here.
    fn unread(&self, kind: &str, raw: &RawValue) -> Incoming {
        let at = Object::read(raw).map_or(self.now, |element| self.at(&element));
        other(kind, self.field, raw.get(), raw.get(), at)
    }

    fn at(&self, element: &Object<'_>) -> Time {
        element.text("timestamp").and_then(|time| moment(&time)).unwrap_or(self.now)
    }

    /// By the message's own id; a correction that came under the id of what it corrects must not pass for a duplicate of that.
    fn key(&self, prefix: &str, id: &str, what: &What, at: Time) -> String {
        let (What::Message(InMessage { content, .. }) | What::Echo(Echo { content, .. })) = what else { return format!("{prefix}:{id}") };
        match content {
            Content::Edit { message, .. } if message == id => format!("{prefix}:{id}:edit:{}", at.millis()),
            Content::Revoke { message } if message == id => format!("{prefix}:{id}:revoke"),
            _ => format!("{prefix}:{id}"),
        }
    }
}

/// The provider's words about what went wrong, as they stand in webhooks and in answers.
pub(super) fn problem(raw: &RawValue) -> Option<Problem> {
    let error = Object::read(raw)?;
    let title = error.text("title").or_else(|| error.text("message")).unwrap_or_default().into_owned();
    let details = error.object("error_data").and_then(|data| data.text("details")).or_else(|| error.text("details"));
    Some(Problem { code: error.number("code").unwrap_or(0), title, details: details.map(Cow::into_owned) })
}

/// An event for the log only, known by the hash of `hashed`.
fn other(kind: &str, field: &str, raw: &str, hashed: &str, at: Time) -> Incoming {
    let short = |name: &str| name.chars().take(64).map(|letter| if letter == '\0' { '\u{fffd}' } else { letter }).collect::<String>();
    let dedupe_key = format!("{}:{}", short(field), hex::encode(Sha256::digest(hashed)));
    Incoming { dedupe_key, raw: raw.to_owned(), at, what: What::Other { kind: short(kind) } }
}

fn without_nuls(value: &RawValue) -> Cow<'_, RawValue> {
    if !value.get().contains("\\u0000") {
        return Cow::Borrowed(value);
    }
    match RawValue::from_string(value.get().replace("\\u0000", "\\ufffd")) {
        Ok(cleaned) => Cow::Owned(cleaned),
        Err(_) => Cow::Borrowed(value),
    }
}

#[cfg(test)]
mod tests;
