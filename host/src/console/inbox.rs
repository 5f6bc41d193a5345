//! Conversations: reading them, who has them, and writing in them as a person.

use std::time::Duration;

use relevo_model::*;
use relevo_store::{AgentMessage, Conversation, ConversationFilter, ListedConversation, Message, TimelineEvent, Write};

use super::{Error, Result, note};
use crate::{
    app::App,
    identity::Member,
    policy::{Permission, Rights},
};

/// How long after a customer wrote WhatsApp takes free text.
pub const WINDOW: Duration = Duration::from_secs(24 * 3_600);
const LONGEST_TEXT: usize = options::TEXT_BODY;

/// Whom a text is for.
#[derive(Clone, Debug)]
pub enum To {
    Conversation(ConversationId),
    /// A customer's number, with or without its plus, who wrote before.
    Number(String),
}

/// Those of the service points where this one works, newest first, from before the time of the last message and the id of this one.
pub async fn list(
    app: &App,
    member: &Member,
    filter: ConversationFilter,
    before: Option<(Time, &ConversationId)>,
    limit: i64,
) -> Result<Vec<ListedConversation>> {
    match filter.point {
        Some(point) => member.demand_at(Permission::SeeConversations, point)?,
        None => member.demand(Permission::SeeConversations, None)?,
    }
    let filter = ConversationFilter { reach: member.reach().clone(), ..filter };
    Ok(app.store.cell(&member.tenant).await?.read().await?.conversations().list(&filter, before, limit).await?)
}

pub async fn find(app: &App, member: &Member, id: &ConversationId) -> Result<Conversation> {
    let found = app.store.cell(&member.tenant).await?.read().await?.conversations().find(id).await?.ok_or(Error::NotFound)?;
    member.demand_at(Permission::SeeConversations, found.service_point_id)?;
    Ok(found)
}

/// What was said, newest first, from before the number of this one.
pub async fn messages(app: &App, member: &Member, id: &ConversationId, before: Option<i64>, limit: i64) -> Result<Vec<Message>> {
    find(app, member, id).await?;
    Ok(app.store.cell(&member.tenant).await?.read().await?.messages().list_of(id, before, limit).await?)
}

/// What else happened, oldest first.
pub async fn timeline(app: &App, member: &Member, id: &ConversationId) -> Result<Vec<TimelineEvent>> {
    find(app, member, id).await?;
    Ok(app.store.cell(&member.tenant).await?.read().await?.conversations().timeline(id).await?)
}

/// Takes the conversation from the bot, or gives it back; who has it already keeps it.
pub async fn set_status(app: &App, member: &Member, id: &ConversationId, status: Answering) -> Result<Conversation> {
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let before = held(&mut write, member, id, Permission::TakeOver).await?;
    if before.status != status {
        let (event, now) = (app.clock.id(), app.clock.now());
        match status {
            Answering::Human => write.take_over(id, member.id(), "taken", event, now).await?,
            Answering::Bot => write.return_to_bot(id, member.id(), event, now).await?,
        }
        note(app, &mut write, member, if status == Answering::Human { "conversation.taken" } else { "conversation.returned" }, Some(id.as_str())).await?;
    }
    let after = write.conversations().find(id).await?.ok_or(Error::NotFound)?;
    write.commit().await?;
    Ok(after)
}

/// Gives the conversation to a colleague, or to nobody in particular. Given to somebody the bot falls silent.
pub async fn assign(app: &App, member: &Member, id: &ConversationId, to: Option<&UserId>) -> Result<Conversation> {
    let point = find(app, member, id).await?.service_point_id;
    member.demand_at(Permission::TakeOver, point)?;
    if let Some(to) = to {
        let found = app.store.platform().read().await?.people().membership(to, &member.tenant).await?;
        let able = found.is_some_and(|found| Rights { role: found.role, reach: found.reach, scopes: None }.may(Permission::Send, Some(point)));
        if !able {
            return Err(Error::field("assignee_id", "field-assignee"));
        }
    }
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    if write.assign(id, to.map(UserId::as_str), member.id(), app.clock.id(), app.clock.now()).await? {
        note(app, &mut write, member, "conversation.assigned", Some(id.as_str())).await?;
    }
    let after = write.conversations().find(id).await?.ok_or(Error::NotFound)?;
    write.commit().await?;
    Ok(after)
}

/// Says something as a person; the bot falls silent by that. Refused when WhatsApp would not take it.
pub async fn send(app: &App, member: &Member, to: &To, text: &str) -> Result<(Conversation, MessageId)> {
    let text = said(text)?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let found = match to {
        To::Conversation(id) => write.conversations().find(id).await?,
        To::Number(number) => write.conversations().by_number(&digits(number)?, member.reach()).await?,
    };
    let conversation = found.ok_or(Error::NotFound)?;
    member.demand_at(Permission::Send, conversation.service_point_id)?;
    if write.channel(&conversation.channel_id).await?.is_none() {
        return Err(Error::NoChannel);
    }
    let now = app.clock.now();
    if !is_open(&conversation, now) {
        return Err(Error::WindowClosed);
    }
    let id = app.clock.id();
    let message = AgentMessage { id, conversation: conversation.id, author: member.id().to_owned(), content: Content::text(text), quotes: None, now };
    if !write.say_as_agent(message, app.clock.id()).await? {
        return Err(Error::NotFound);
    }
    let after = write.conversations().find(&conversation.id).await?.ok_or(Error::NotFound)?;
    write.commit().await?;
    Ok((after, id))
}

/// Whether WhatsApp takes free text now.
pub fn is_open(conversation: &Conversation, now: Time) -> bool {
    conversation.last_inbound_at.is_some_and(|last| now.since(Time(last)) < WINDOW)
}

async fn held(write: &mut Write, member: &Member, id: &ConversationId, permission: Permission) -> Result<Conversation> {
    let found = write.conversations().find(id).await?.ok_or(Error::NotFound)?;
    member.demand_at(permission, found.service_point_id)?;
    Ok(found)
}

fn said(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::field("text", "field-required"));
    }
    if text.chars().count() > LONGEST_TEXT {
        return Err(Error::field("text", "field-long"));
    }
    Ok(text.to_owned())
}

/// A number as WhatsApp's ids have it: digits alone.
fn digits(number: &str) -> Result<String> {
    let digits: String = number.chars().filter(|letter| !matches!(letter, '+' | ' ' | '-' | '(' | ')' | '.')).collect();
    let sound = (6..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    if sound { Ok(digits) } else { Err(Error::field("to", "field-phone")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_people_write_it() {
        assert_eq!(digits("+54 9 11 5555-0001").unwrap(), "5491155550001");
        assert_eq!(digits("(011) 4321.0000").unwrap(), "01143210000");
        for wrong in ["", "+", "12345", "hola", "5491155550001x", "1234567890123456", "５４９１１５５"] {
            assert!(digits(wrong).is_err(), "{wrong}");
        }
    }
}
