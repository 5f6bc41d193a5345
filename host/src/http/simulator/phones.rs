//! The phones of a service point: those of our own customers, and what other channels brought.

use std::collections::BTreeMap;

use relevo_model::*;
use relevo_store::{Conversation, ListedConversation};

use super::{
    Error,
    desk::Desk,
    spot::{self, Spot},
    thread,
    view::{Holder, PhoneView, Window},
};
use crate::web::visitor::Visitor;

/// Phones that a page shows.
const SHOWN: usize = 12;
/// Conversations that are looked through for them.
const LOOKED_AT: i64 = 100;
/// Milliseconds in which anything may be said after a customer wrote.
const WINDOW: u64 = 24 * 3_600_000;

/// What a page shows of one phone, before its conversation is read.
struct Known {
    key: String,
    listed: Option<ListedConversation>,
    writes: bool,
}

/// All phones: our own by their number, then those of other channels, newest first.
pub async fn all(spot: &Spot, desk: &Desk, visitor: Visitor) -> Result<Vec<PhoneView>, Error> {
    let (own, others) = known(spot, desk).await?;
    let skipped = own.len().saturating_sub(SHOWN);
    let mut views = Vec::new();
    for known in own.into_values().skip(skipped).chain(others).take(SHOWN) {
        views.push(view(spot, desk, visitor, known).await?);
    }
    Ok(views)
}

/// The phone of one conversation; none when this page does not show it.
pub async fn one(spot: &Spot, desk: &Desk, visitor: Visitor, id: &ConversationId) -> Result<Option<PhoneView>, Error> {
    let (conversation, customer) = {
        let mut read = spot.business.cell.read().await?;
        let Some(conversation) = read.conversations().find(id).await? else { return Ok(None) };
        let customer = read.customers().find(&conversation.customer_id).await?;
        (conversation, customer)
    };
    if conversation.service_point_id != spot.point.row.id || !spot.business.layout().channels.get(&conversation.channel_id).is_some_and(|line| line.simulated) {
        return Ok(None);
    }
    let (customer_name, customer_phone) = customer.map(|customer| (customer.name, customer.phone)).unwrap_or_default();
    let known = of(ListedConversation { conversation, customer_name, customer_phone });
    view(spot, desk, visitor, known).await.map(Some)
}

/// The number of the next phone that is added.
pub async fn next_number(spot: &Spot, desk: &Desk) -> Result<u32, Error> {
    let (own, _) = known(spot, desk).await?;
    Ok(own.last_key_value().map_or(1, |(number, _)| number + 1))
}

async fn known(spot: &Spot, desk: &Desk) -> Result<(BTreeMap<u32, Known>, Vec<Known>), Error> {
    let layout = spot.business.layout();
    let listed = spot.business.cell.read().await?.conversations().list_of(&spot.point.row.id, None, LOOKED_AT).await?;
    let simulated = |row: &ListedConversation| layout.channels.get(&row.conversation.channel_id).is_some_and(|line| line.simulated);
    let (mut own, mut others) = (BTreeMap::new(), Vec::new());
    for known in listed.into_iter().filter(simulated).map(of) {
        match spot::number_of(&known.key) {
            Some(number) => drop(own.insert(number, known)),
            None => others.push(known),
        }
    }
    for number in desk.phones(&spot.point.row.id) {
        own.entry(number).or_insert_with(|| Known { key: spot::key_of(number), listed: None, writes: true });
    }
    if own.is_empty() {
        own.insert(1, Known { key: spot::key_of(1), listed: None, writes: true });
    }
    Ok((own, others))
}

fn of(listed: ListedConversation) -> Known {
    let conversation = &listed.conversation;
    let key = spot::key_of_conversation(conversation.peer_kind, &conversation.peer, &conversation.id);
    Known { writes: spot::number_of(&key).is_some(), key, listed: Some(listed) }
}

async fn view(spot: &Spot, desk: &Desk, visitor: Visitor, known: Known) -> Result<PhoneView, Error> {
    let Known { key, listed, writes } = known;
    let number = spot::number_of(&key).unwrap_or_default();
    let mut phone = PhoneView {
        address: format!("{}/phones/{key}", spot.address()),
        handle: if writes { format!("sim:{key}") } else { String::new() },
        key,
        name: None,
        number,
        business: spot.business.layout().business.name.clone(),
        point: spot.point.row.name.clone(),
        holder: if spot.business.layout().bot_on(&spot.point.row.id) { Holder::Bot } else { Holder::Off },
        window: Window::None,
        lines: Vec::new(),
        typing: false,
        writes,
        started: false,
        unread: false,
        repeatable: false,
    };
    let Some(listed) = listed else { return Ok(phone) };
    let thread = thread::read(spot, desk, visitor, &listed.conversation).await?;
    phone.started = true;
    phone.name = listed.customer_name;
    if !writes {
        phone.handle = listed.customer_phone.unwrap_or(listed.conversation.peer.clone());
    }
    phone.window = window(&listed.conversation, spot.app.clock.now());
    phone.holder = thread.holder;
    phone.typing = thread.typing;
    phone.unread = thread.unread;
    phone.repeatable = writes && thread.spoke;
    phone.lines = thread.lines;
    Ok(phone)
}

/// How long anything may still be said.
pub fn window(conversation: &Conversation, now: Time) -> Window {
    let Some(last) = conversation.last_inbound_at else { return Window::None };
    let gone = u64::try_from(now.since(Time(last)).as_millis()).unwrap_or(u64::MAX);
    match WINDOW.checked_sub(gone) {
        Some(left) if left > 0 => {
            let minutes = left.div_ceil(60_000);
            Window::Open { hours: minutes / 60, minutes: minutes % 60 }
        }
        _ => Window::Closed,
    }
}
