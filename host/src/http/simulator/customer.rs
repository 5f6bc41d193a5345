//! What a customer does on a phone: it comes in as anything comes in through a channel.

use axum::{Extension, http::HeaderMap, response::Response};
use relevo_model::*;
use relevo_store::hot::Received;
use serde::Deserialize;
use serde_json::json;

use super::{
    Error,
    desk::Desk,
    done,
    spot::{self, Phone},
    thread,
};
use crate::{
    channels::simulator,
    texts,
    web::{forms::Form, visitor::Visitor},
};

/// Characters of what a reaction or a choice names.
const NAME: usize = 256;
/// Messages that are marked as read at a time.
const READ: i64 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    text: String,
}

pub async fn write(visitor: Visitor, phone: Phone, headers: HeaderMap, Form(form): Form<Written>) -> Result<Response, Error> {
    let text = said(&form.text)?;
    send(&phone, visitor, Content::text(text)).await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    id: String,
    title: String,
}

pub async fn choose(visitor: Visitor, phone: Phone, headers: HeaderMap, Form(form): Form<Chosen>) -> Result<Response, Error> {
    if form.id.is_empty() || form.title.is_empty() || form.id.chars().count() > NAME || form.title.chars().count() > NAME {
        return Err(Error::Invalid("problem-choice"));
    }
    send(&phone, visitor, Content::Choice { id: form.id, title: form.title, description: None }).await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    what: String,
}

/// Sends something that is not text.
pub async fn send_sample(visitor: Visitor, phone: Phone, headers: HeaderMap, Form(form): Form<Sample>) -> Result<Response, Error> {
    let content = sample(&form.what, visitor).ok_or(Error::Invalid("problem-sample"))?;
    send(&phone, visitor, content).await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reacted {
    /// The provider's id of the message.
    message: String,
    /// Empty takes the reaction back.
    emoji: String,
}

pub async fn react(visitor: Visitor, phone: Phone, headers: HeaderMap, Form(form): Form<Reacted>) -> Result<Response, Error> {
    if form.message.len() > NAME || form.emoji.chars().count() > 8 {
        return Err(Error::Invalid("problem-reaction"));
    }
    let conversation = phone.conversation.as_ref().ok_or(Error::Invalid("problem-reaction"))?;
    let known = phone.spot.business.cell.read().await?.messages().by_provider_id(&conversation.id, &form.message).await?;
    if known.is_none() {
        return Err(Error::Invalid("problem-reaction"));
    }
    send(&phone, visitor, Content::Reaction { emoji: form.emoji, message: form.message }).await?;
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

/// Delivers the last message once more, as a provider does that was not sure: nothing may come of it.
pub async fn deliver_again(phone: Phone, Extension(desk): Extension<Desk>, headers: HeaderMap) -> Result<Response, Error> {
    let (alias, conversation) = (alias_of(&phone)?, phone.conversation.as_ref().ok_or(Error::Invalid("problem-nothing-said"))?);
    let messages = phone.spot.business.cell.read().await?.messages().list_of(&conversation.id, None, READ).await?;
    let last = messages.into_iter().find(thread::repeatable).ok_or(Error::Invalid("problem-nothing-said"))?;
    let provider_id = last.provider_id.unwrap_or_default();
    let again = incoming(alias, None, provider_id, last.content.0, last.created_at);
    let received = phone.spot.business.receive(&phone.line, vec![again]).await?;
    if received == [Received::Known] {
        desk.add_repeat(last.id);
    }
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

/// The phone is looked at: what has reached it is read.
pub async fn read(phone: Phone, headers: HeaderMap) -> Result<Response, Error> {
    if let Some(conversation) = &phone.conversation {
        let now = phone.spot.app.clock.now();
        let messages = phone.spot.business.cell.read().await?.messages().list_of(&conversation.id, None, READ).await?;
        let arrived = messages.iter().filter(|message| message.direction == Direction::Out && message.state == Delivery::Delivered);
        let ticks: Vec<Incoming> = arrived.map(|message| simulator::tick(message.id.as_str(), Delivery::Read, now)).collect();
        if !ticks.is_empty() {
            phone.spot.business.receive(&phone.line, ticks).await?;
        }
    }
    Ok(done(&headers, &phone.spot, Some(&phone.key)))
}

/// What somebody typed, if it can be sent.
pub fn said(text: &str) -> Result<String, Error> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::Invalid("problem-empty"));
    }
    if text.chars().count() > options::TEXT_BODY {
        return Err(Error::Invalid("problem-too-long"));
    }
    Ok(text.to_owned())
}

fn alias_of(phone: &Phone) -> Result<Alias, Error> {
    phone.alias.clone().ok_or(Error::Invalid("problem-read-only"))
}

async fn send(phone: &Phone, visitor: Visitor, content: Content) -> Result<(), Error> {
    let alias = alias_of(phone)?;
    let number = spot::number_of(&phone.key).unwrap_or_default();
    let args = texts::Args::from([("number".into(), number.into())]);
    let id: MessageId = phone.spot.app.clock.id();
    let incoming = incoming(alias, texts::find(visitor.lang, "customer-name", &args), format!("sim.in.{id}"), content, phone.spot.app.clock.now());
    phone.spot.business.receive(&phone.line, vec![incoming]).await?;
    Ok(())
}

fn incoming(alias: Alias, name: Option<String>, provider_id: String, content: Content, at: Time) -> Incoming {
    let raw = json!({ "id": provider_id, "from": alias.value, "content": content }).to_string();
    let sender = Party { aliases: vec![alias], name };
    Incoming { dedupe_key: format!("m:{provider_id}"), raw, at, what: What::Message(InMessage { provider_id, sender, content, quotes: None, referral: None }) }
}

/// Something that is not text, as a phone would send it.
fn sample(what: &str, visitor: Visitor) -> Option<Content> {
    let media = |kind, mime: &str, link: &str, caption: Option<String>| {
        Content::Media(Media {
            kind,
            id: None,
            link: Some(format!("/static/samples/{link}")),
            mime: mime.to_owned(),
            sha256: None,
            size: None,
            name: None,
            caption,
        })
    };
    match what {
        "image" => Some(media(MediaKind::Image, "image/png", "photo.png", Some(texts::say(visitor.lang, "sample-image-caption")))),
        "sticker" => Some(media(MediaKind::Sticker, "image/png", "sticker.png", None)),
        "location" => Some(Content::Location(Location {
            latitude: -34.603_7,
            longitude: -58.381_6,
            name: Some("Obelisco".to_owned()),
            address: Some("Av. 9 de Julio s/n, Buenos Aires".to_owned()),
        })),
        "unsupported" => Some(Content::Unsupported { kind: "poll_creation".to_owned(), raw: json!({ "type": "poll_creation" }) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_sent_trimmed_and_refused_when_it_is_empty_or_too_long() {
        assert_eq!(said(" hola\r\nche ").unwrap(), "hola\nche");
        assert!(matches!(said(" \r\n"), Err(Error::Invalid("problem-empty"))));
        assert!(said(&"ñ".repeat(4096)).is_ok());
        assert!(matches!(said(&"a".repeat(4097)), Err(Error::Invalid("problem-too-long"))));
    }

    #[test]
    fn the_same_message_has_the_same_key_however_often_it_is_delivered() {
        let once = |content| incoming(spot::alias("cliente-1"), None, "sim.in.7".into(), content, Time(1));
        assert_eq!(once(Content::text("hola")).dedupe_key, once(Content::text("hola")).dedupe_key);
    }
}
