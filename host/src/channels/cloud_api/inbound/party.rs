//! Who is at the other end of a message.

use std::borrow::Cow;

use relevo_model::{Alias, AliasKind, Party};
use serde_json::value::RawValue;

use super::super::wire::{Object, list};

type Id<'a> = Option<Cow<'a, str>>;

/// The people whom a change introduces.
pub struct Contacts<'a>(Vec<Contact<'a>>);

pub struct Contact<'a> {
    wa_id: Id<'a>,
    user_id: Id<'a>,
    name: Id<'a>,
}

impl<'a> Contacts<'a> {
    pub fn read(value: &Object<'a>) -> Self {
        let elements = value.get("contacts").and_then(list).unwrap_or_default();
        Self(elements.into_iter().filter_map(Contact::read).collect())
    }

    /// The contact that goes by one of these ids.
    pub fn of(&self, ids: [Id<'_>; 2]) -> Option<&Contact<'a>> {
        self.0.iter().find(|contact| ids.iter().flatten().any(|id| contact.wa_id.as_ref() == Some(id) || contact.user_id.as_ref() == Some(id)))
    }

    /// The only contact there is.
    pub fn sole(&self) -> Option<&Contact<'a>> {
        if let [contact] = self.0.as_slice() { Some(contact) } else { None }
    }
}

impl<'a> Contact<'a> {
    fn read(raw: &'a RawValue) -> Option<Self> {
        let contact = Object::read(raw)?;
        let name = contact.object("profile").and_then(|profile| profile.text("name")).filter(|name| !name.trim().is_empty());
        Some(Self { wa_id: contact.id("wa_id"), user_id: contact.id("user_id"), name })
    }
}

/// True when these messages name one sender, so that a sole contact must be theirs.
pub fn all_from_one(messages: &[Option<Object<'_>>]) -> bool {
    let mut senders = messages.iter().map(|message| message.as_ref().map(|message| (message.id("from"), message.id("from_user_id"))));
    senders.next().is_some_and(|first| first.is_some() && senders.all(|sender| sender == first))
}

/// Someone by the ids that the message names and, where it names none of a kind, by their contact's. None when there is no id at all.
pub fn party(account: &str, named: [Id<'_>; 2], contact: Option<&Contact<'_>>) -> Option<Party> {
    let mut aliases: Vec<Alias> = Vec::with_capacity(2);
    let introduced = contact.map(|contact| [contact.wa_id.clone(), contact.user_id.clone()]).unwrap_or_default();
    for id in named.into_iter().chain(introduced).flatten() {
        let alias = alias(account, &id);
        if !alias.value.is_empty() && aliases.iter().all(|known| known.kind != alias.kind) {
            aliases.push(alias);
        }
    }
    aliases.sort_by_key(|alias| alias.kind);
    (!aliases.is_empty()).then(|| Party { aliases, name: contact.and_then(|contact| contact.name.clone()).map(Cow::into_owned) })
}

/// A WhatsApp id is digits; anything else that stands in its place is a user id, known in this business's account only.
pub fn alias(account: &str, id: &str) -> Alias {
    let digits = id.strip_prefix('+').unwrap_or(id);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Alias { kind: AliasKind::WaId, scope: String::new(), value: digits.to_owned() }
    } else {
        Alias { kind: AliasKind::UserId, scope: account.to_owned(), value: id.to_owned() }
    }
}
