//! Turns as they ran: what whoever configures flows looks at to see why something was said.

use relevo_model::*;
use relevo_store::{Conversation, Message, RecordedTurn};

use super::{Error, Result, inbox};
use crate::{app::App, conversation::journal::Journal, identity::Member, policy::Permission};

/// Messages that are looked through for what a turn said.
const MESSAGES: i64 = 200;

/// A turn with all that was kept of it.
#[derive(Debug)]
pub struct Ran {
    pub conversation: Conversation,
    pub turn: RecordedTurn,
    /// None when it was too long, is too old, or asked nobody.
    pub(crate) journal: Option<Journal>,
    /// What it said, oldest first.
    pub said: Vec<Message>,
    pub previous: Option<TurnId>,
    pub next: Option<TurnId>,
}

/// The conversation, if its turns are this one's to see.
pub async fn conversation(app: &App, member: &Member, id: &ConversationId) -> Result<Conversation> {
    let found = inbox::find(app, member, id).await?;
    member.demand_at(Permission::ConfigureFlows, found.service_point_id)?;
    Ok(found)
}

/// The turns of a conversation, newest first, from before this one.
pub async fn list(app: &App, member: &Member, id: &ConversationId, before: Option<&TurnId>, limit: i64) -> Result<Vec<RecordedTurn>> {
    conversation(app, member, id).await?;
    Ok(app.store.cell(&member.tenant).await?.read().await?.recorded_turns(id, before, limit).await?)
}

/// What a turn was asked and did, and the turns beside it.
pub async fn find(app: &App, member: &Member, id: &TurnId) -> Result<Ran> {
    let cell = app.store.cell(&member.tenant).await?;
    let mut read = cell.read().await?;
    let of = read.turns().find(id).await?.ok_or(Error::NotFound)?.conversation_id;
    drop(read);
    let conversation = conversation(app, member, &of).await?;
    let mut read = cell.read().await?;
    let turn = read.recorded_turn(id).await?.ok_or(Error::NotFound)?;
    let previous = read.recorded_turns(&of, Some(id), 1).await?.first().map(|recorded| recorded.turn.id);
    let next = read.recorded_after(&of, id).await?.map(|recorded| recorded.turn.id);
    let mut said = read.messages().list_of(&of, None, MESSAGES).await?;
    said.retain(|message| message.direction == Direction::Out && message.turn_id.as_deref() == Some(id.as_str()));
    said.reverse();
    let sealed = read.journal(id).await?;
    drop(read);
    let journal = sealed.and_then(|sealed| Journal::open(&cell, id, &sealed));
    Ok(Ran { conversation, turn, journal, said, previous, next })
}
