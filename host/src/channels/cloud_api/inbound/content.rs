//! What a message says.

use std::borrow::Cow;

use relevo_model::{BasketItem, Content, Location, Media, MediaKind, money};
use serde_json::{Value, value::RawValue};

use super::super::{
    envelope::MAX_DEPTH,
    wire::{Object, list, nests_within},
};

/// The content of a message, an echo or the inner message of a correction; what is unknown or makes no sense is kept whole.
pub fn read(message: &Object<'_>) -> Content {
    let kind = message.text("type").unwrap_or(Cow::Borrowed("unknown"));
    known(&kind, message).unwrap_or_else(|| unsupported(&kind, message))
}

fn known(kind: &str, message: &Object<'_>) -> Option<Content> {
    let part = || message.object(kind);
    Some(match kind {
        "text" => Content::text(part()?.text("body")?),
        "image" => media(MediaKind::Image, &part()?)?,
        "audio" | "voice" => {
            let part = part()?;
            let spoken = kind == "voice" || part.is_true("voice");
            media(if spoken { MediaKind::Voice } else { MediaKind::Audio }, &part)?
        }
        "video" => media(MediaKind::Video, &part()?)?,
        "document" => media(MediaKind::Document, &part()?)?,
        "sticker" => media(MediaKind::Sticker, &part()?)?,
        "location" => location(&part()?)?,
        "contacts" => Content::Contacts { contacts: message.value("contacts").filter(Value::is_array)? },
        "interactive" => answer(&part()?)?,
        "button" => {
            let part = part()?;
            let title = part.text("text")?;
            Content::Choice { id: part.text("payload").unwrap_or_else(|| title.clone()).into_owned(), title: title.into_owned(), description: None }
        }
        "reaction" => {
            let part = part()?;
            Content::Reaction { emoji: part.text("emoji").unwrap_or_default().into_owned(), message: part.id("message_id")?.into_owned() }
        }
        "order" => basket(&part()?)?,
        "edit" => {
            let part = part()?;
            let changed = part.object("message")?;
            // A correction of a correction would be no text that anybody could show.
            let content = if changed.text("type").as_deref() == Some("edit") { unsupported("edit", &changed) } else { read(&changed) };
            Content::Edit { message: part.id("original_message_id")?.into_owned(), content: Box::new(content) }
        }
        "revoke" => Content::Revoke { message: part()?.id("original_message_id")?.into_owned() },
        "system" => {
            let part = part()?;
            Content::System { kind: part.text("type").unwrap_or_default().into_owned(), body: part.text("body").unwrap_or_default().into_owned() }
        }
        _ => return None,
    })
}

fn media(kind: MediaKind, part: &Object<'_>) -> Option<Content> {
    let own = |name| part.text(name).filter(|text| !text.is_empty()).map(Cow::into_owned);
    let (id, link) = (own("id"), own("url").or_else(|| own("link")));
    (id.is_some() || link.is_some()).then(|| {
        Content::Media(Media {
            kind,
            id,
            link,
            mime: own("mime_type").unwrap_or_default(),
            sha256: own("sha256"),
            size: part.number("file_size"),
            name: own("filename"),
            caption: own("caption"),
        })
    })
}

fn location(part: &Object<'_>) -> Option<Content> {
    let degrees = |name| part.number::<f64>(name).filter(|degrees| degrees.is_finite());
    let own = |name| part.text(name).map(Cow::into_owned);
    Some(Content::Location(Location { latitude: degrees("latitude")?, longitude: degrees("longitude")?, name: own("name"), address: own("address") }))
}

/// What was tapped or filled in.
fn answer(interactive: &Object<'_>) -> Option<Content> {
    let kind = interactive.text("type")?;
    let part = interactive.object(&kind)?;
    match kind.as_ref() {
        "button_reply" | "list_reply" => Some(Content::Choice {
            id: part.text("id")?.into_owned(),
            title: part.text("title").unwrap_or_default().into_owned(),
            description: part.text("description").map(Cow::into_owned),
        }),
        "nfm_reply" => {
            let name = part.text("name").unwrap_or(Cow::Borrowed("flow")).into_owned();
            Some(Content::Form { name, answer: form(part.get("response_json")?) })
        }
        _ => None,
    }
}

/// The answer comes as JSON inside a string; what is not stays a string.
fn form(raw: &RawValue) -> Value {
    match super::super::wire::text(raw) {
        Some(inner) if nests_within(inner.as_bytes(), MAX_DEPTH) => serde_json::from_str(&inner).unwrap_or_else(|_| Value::String(inner.into_owned())),
        Some(inner) => Value::String(inner.into_owned()),
        None => serde_json::from_str(raw.get()).unwrap_or_else(|_| Value::String(raw.get().to_owned())),
    }
}

/// None where an item's quantity or price cannot be read: a basket that lost an item would be worse than none.
fn basket(order: &Object<'_>) -> Option<Content> {
    let items = list(order.get("product_items")?)?.into_iter().map(|raw| item(&Object::read(raw)?)).collect::<Option<Vec<_>>>()?;
    Some(Content::Order { items, note: order.text("text").filter(|text| !text.is_empty()).map(Cow::into_owned) })
}

fn item(item: &Object<'_>) -> Option<BasketItem> {
    let currency = item.text("currency")?.into_owned();
    let minor = item.number::<f64>("item_price")? * 10_f64.powi(i32::try_from(money::decimals(&currency)).ok()?);
    // Beyond this a float no longer holds every whole number.
    let exact = minor.abs() < 9_007_199_254_740_992.0;
    exact.then_some(())?;
    Some(BasketItem { sku: item.text("product_retailer_id")?.into_owned(), quantity: item.number("quantity")?, price_minor: minor.round() as i64, currency })
}

/// Named as precisely as the channel does: WhatsApp says of what it cannot pass on at least what it was.
fn unsupported(kind: &str, message: &Object<'_>) -> Content {
    let inner = message.object(kind).and_then(|part| part.text("type")).filter(|_| matches!(kind, "unsupported" | "interactive"));
    let raw = message.fields().map(|(name, value)| (name.to_owned(), plain(value))).collect();
    Content::Unsupported { kind: inner.unwrap_or(Cow::Borrowed(kind)).into_owned(), raw: Value::Object(raw) }
}

/// As it came; what JSON allows and a value cannot hold (a number without bounds, half a character) as its own text.
fn plain(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| Value::String(raw.get().to_owned()))
}
