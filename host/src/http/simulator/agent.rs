//! The other side of a phone, as little as shows a hand-over: taking a conversation, answering in it, giving it back; and trying again what failed.

use axum::{http::HeaderMap, response::Response};
use relevo_model::*;
use relevo_store::{AgentMessage, Conversation};
use serde::Deserialize;

use super::{Error, customer::said, done, fate, phones, spot::Phone, view::Window};
use crate::web::forms::Form;

/// Takes the conversation away from the bot.
pub async fn take(phone: Phone, headers: HeaderMap) -> Result<Response, Error> {
    let conversation = started(&phone)?;
    let (clock, now) = (&phone.spot.app.clock, phone.spot.app.clock.now());
    let mut write = phone.spot.business.cell.write().await?;
    write.take_over(&conversation.id, phone.spot.member.id(), "taken", clock.id(), now).await?;
    write.commit().await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

/// Gives the conversation back to the bot, and tells its flows.
pub async fn give_back(phone: Phone, headers: HeaderMap) -> Result<Response, Error> {
    let conversation = started(&phone)?;
    let (clock, now) = (&phone.spot.app.clock, phone.spot.app.clock.now());
    let mut write = phone.spot.business.cell.write().await?;
    write.return_to_bot(&conversation.id, phone.spot.member.id(), clock.id(), now).await?;
    write.commit().await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    text: String,
}

/// Says something as a person; the bot falls silent by that.
pub async fn reply(phone: Phone, headers: HeaderMap, Form(form): Form<Reply>) -> Result<Response, Error> {
    let text = said(&form.text)?;
    let conversation = started(&phone)?;
    let (clock, now) = (&phone.spot.app.clock, phone.spot.app.clock.now());
    if !matches!(phones::window(conversation, now), Window::Open { .. }) {
        return Err(Error::Invalid("problem-window-closed"));
    }
    let message = AgentMessage {
        id: clock.id(),
        conversation: conversation.id,
        author: phone.spot.member.id().to_owned(),
        content: Content::text(text),
        quotes: None,
        now,
    };
    let mut write = phone.spot.business.cell.write().await?;
    write.say_as_agent(message, clock.id()).await?;
    write.commit().await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failed {
    message: String,
}

/// Sends a message again that did not arrive, or that nobody can tell the fate of.
pub async fn resend(phone: Phone, headers: HeaderMap, Form(form): Form<Failed>) -> Result<Response, Error> {
    const REFUSED: Error = Error::Invalid("problem-resend");
    let conversation = started(&phone)?;
    let id: MessageId = form.message.parse().map_err(|_| REFUSED)?;
    let mut write = phone.spot.business.cell.write().await?;
    let message = write.messages().find(&id).await?.ok_or(REFUSED)?;
    let sent = write.outbox().find(&id).await?.filter(|sent| sent.conversation == conversation.id).ok_or(REFUSED)?;
    if !fate::may_be_resent(message.state, Some(sent.state)) || !write.resend(&id, phone.spot.app.clock.now()).await? {
        return Err(REFUSED);
    }
    write.commit().await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unanswered {
    turn: String,
}

/// Lets the bot try again what it could not answer; it gets the conversation for that.
pub async fn redrive(phone: Phone, headers: HeaderMap, Form(form): Form<Unanswered>) -> Result<Response, Error> {
    const REFUSED: Error = Error::Invalid("problem-redrive");
    let conversation = started(&phone)?;
    let id: TurnId = form.turn.parse().map_err(|_| REFUSED)?;
    let (clock, now) = (&phone.spot.app.clock, phone.spot.app.clock.now());
    let mut write = phone.spot.business.cell.write().await?;
    let ours = write.turns().find(&id).await?.is_some_and(|turn| turn.conversation_id == conversation.id);
    if !ours || !write.redrive(&id, phone.spot.member.id(), clock.id(), now).await? {
        return Err(REFUSED);
    }
    write.commit().await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

fn started(phone: &Phone) -> Result<&Conversation, Error> {
    phone.conversation.as_ref().ok_or(Error::Invalid("problem-nothing-said"))
}
