//! The other side of a phone, as little as shows a hand-over: taking a conversation, answering in it, giving it back.

use axum::{Form, http::HeaderMap, response::Response};
use relevo_model::*;
use relevo_store::{AgentMessage, Conversation};
use serde::Deserialize;

use super::{Error, customer::said, done, phones, spot::Phone, view::Window};

/// Who acts, as long as nobody logs in here.
const ACTOR: &str = "simulator";

/// Takes the conversation away from the bot.
pub async fn take(phone: Phone, headers: HeaderMap) -> Result<Response, Error> {
    let conversation = started(&phone)?;
    let (clock, now) = (&phone.spot.app.clock, phone.spot.app.clock.now());
    let mut write = phone.spot.business.cell.write().await?;
    write.take_over(&conversation.id, ACTOR, "taken", clock.id(), now).await?;
    write.commit().await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

/// Gives the conversation back to the bot, and tells its flows.
pub async fn give_back(phone: Phone, headers: HeaderMap) -> Result<Response, Error> {
    let conversation = started(&phone)?;
    let (clock, now) = (&phone.spot.app.clock, phone.spot.app.clock.now());
    let mut write = phone.spot.business.cell.write().await?;
    write.return_to_bot(&conversation.id, ACTOR, clock.id(), now).await?;
    write.commit().await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

#[derive(Deserialize)]
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
    let message = AgentMessage { id: clock.id(), conversation: conversation.id, author: ACTOR.to_owned(), content: Content::text(text), quotes: None, now };
    let mut write = phone.spot.business.cell.write().await?;
    write.say_as_agent(message, clock.id()).await?;
    write.commit().await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

fn started(phone: &Phone) -> Result<&Conversation, Error> {
    phone.conversation.as_ref().ok_or(Error::Invalid("problem-nothing-said"))
}
