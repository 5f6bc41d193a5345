//! Text as both engines keep it: Postgres has no NUL characters, and customers and flows do write them. What is kept as JSON escapes them;
//! in all other text they are replaced.

use relevo_model::*;

use super::{Arrival, Effects, Mark, SendEnd, TurnCommit};
use crate::AgentMessage;

pub(crate) fn text(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
}

/// The same of a borrowed text.
pub(crate) fn kept(words: &str) -> String {
    words.replace('\0', "\u{fffd}")
}

/// A pattern for `LIKE … ESCAPE '\'` that finds these words anywhere in a text that was folded by `lower`.
pub(crate) fn like(words: &str) -> String {
    let words = kept(words).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{}%", words.to_ascii_lowercase())
}

fn texts<'a>(all: impl IntoIterator<Item = &'a mut String>) {
    all.into_iter().for_each(text);
}

pub(crate) fn arrival(arrival: &mut Arrival) {
    let incoming = &mut arrival.incoming;
    texts([&mut incoming.dedupe_key, &mut incoming.raw]);
    match &mut incoming.what {
        What::Message(message) => {
            text(&mut message.provider_id);
            texts(&mut message.quotes);
            party(&mut message.sender);
        }
        What::Echo(echo) => {
            text(&mut echo.provider_id);
            party(&mut echo.to);
        }
        What::Status(status) => text(&mut status.provider_id),
        What::AliasChanged { from, to } => [from, to].into_iter().for_each(alias),
        What::Other { kind } => text(kind),
    }
}

fn party(party: &mut Party) {
    texts(&mut party.name);
    party.aliases.iter_mut().for_each(alias);
}

fn alias(alias: &mut Alias) {
    texts([&mut alias.scope, &mut alias.value]);
}

pub(crate) fn commit(commit: &mut TurnCommit) {
    texts(commit.said.iter_mut().filter_map(|said| said.quotes.as_mut()));
    match &mut commit.end {
        super::TurnEnd::Dead { error } | super::TurnEnd::Again { error, .. } => text(error),
        super::TurnEnd::Done => {}
    }
    effects(&mut commit.effects);
}

fn effects(effects: &mut Effects) {
    for order in &mut effects.orders {
        texts([&mut order.code, &mut order.currency, &mut order.actor]);
        texts(order.lines.iter_mut().map(|line| &mut line.title));
    }
    texts(effects.addresses.iter_mut().map(|address| &mut address.text));
    for write in &mut effects.kv {
        text(&mut write.key);
        texts(&mut write.value);
    }
    texts(effects.records.iter_mut().map(|record| &mut record.id));
    texts(effects.tickets.iter_mut().flat_map(|ticket| [&mut ticket.title, &mut ticket.body]));
    if let Some(change) = &mut effects.customer {
        texts(change.name.iter_mut().chain(&mut change.locale));
    }
    for timer in &mut effects.timers {
        texts([&mut timer.name, &mut timer.payload]);
    }
    texts(effects.cancelled_timers.iter_mut().map(|(_, name)| name));
    texts(&mut effects.assign);
}

pub(crate) fn mark(mark: &mut Mark) {
    if let SendEnd::Sent { provider_id } = &mut mark.end {
        text(provider_id);
    }
}

pub(crate) fn agents(message: &mut AgentMessage) {
    texts(&mut message.quotes);
}
