//! From what a flow says to what a channel shows, and from what a customer sent to what a flow is handed.

use relevo_model::{Abilities, BasketItem, Button, Content, Location, Media, MediaKind, Row, Section, TurnMessage, options};
use relevo_sandbox::api::{actions, events};
use serde_json::{Value, json};

/// Why something cannot be said.
#[derive(Debug, thiserror::Error)]
pub enum Unsayable {
    #[error("this host does not know speech of kind {0:?}")]
    Unknown(String),
    #[error("files made by a plugin cannot be sent yet: send an address or the id of a stored file")]
    File,
    #[error("the template's parameters are not JSON: {0}")]
    Parameters(#[from] serde_json::Error),
}

/// The content as this channel shows it, and the choices in it.
pub fn content(speech: actions::Speech, abilities: Abilities) -> Result<(Content, Vec<options::Offered>), Unsayable> {
    use actions::Speech;
    let content = match speech {
        Speech::Text(body) => Content::text(body),
        Speech::Buttons(said) => Content::Buttons {
            body: said.body,
            footer: said.footer,
            buttons: said.buttons.into_iter().map(|button| Button { id: button.id, title: button.title }).collect(),
        },
        Speech::Listing(said) => Content::List {
            body: said.body,
            button: said.button,
            sections: said
                .sections
                .into_iter()
                .map(|section| Section {
                    title: section.title,
                    rows: section.rows.into_iter().map(|row| Row { id: row.id, title: row.title, description: row.description }).collect(),
                })
                .collect(),
        },
        Speech::Attachment(said) => attachment(said)?,
        Speech::Template(said) => Content::Template { name: said.name, locale: said.locale, components: serde_json::from_str(&said.parameters)? },
        Speech::Location(place) => {
            Content::Location(Location { latitude: place.latitude, longitude: place.longitude, name: place.name, address: place.address })
        }
        Speech::Other(named) => return Err(Unsayable::Unknown(named.name)),
    };
    let offered = options::offered(&content);
    Ok((options::fit(content, abilities), offered))
}

fn attachment(said: actions::Attachment) -> Result<Content, Unsayable> {
    let (id, link) = match said.source {
        actions::MediaSource::Id(id) => (Some(id), None),
        actions::MediaSource::Url(link) => (None, Some(link)),
        actions::MediaSource::File(_) => return Err(Unsayable::File),
        actions::MediaSource::Other(named) => return Err(Unsayable::Unknown(named.name)),
    };
    let path = link.as_deref().unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
    let mime = mime_guess::from_path(path).first_raw().unwrap_or("application/octet-stream");
    let kind = match mime.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("audio") => MediaKind::Audio,
        Some("video") => MediaKind::Video,
        _ => MediaKind::Document,
    };
    let name = path.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
    Ok(Content::Media(Media { kind, id, link, mime: mime.to_owned(), sha256: None, size: None, name, caption: said.caption }))
}

/// A message as a flow is handed it.
pub fn inbound(message: &TurnMessage, content: &Content) -> events::Inbound {
    events::Inbound {
        message: message.id.to_string(),
        at_ms: u64::try_from(message.at.0).unwrap_or(0),
        content: handed(content),
        quotes: message.quotes.clone(),
        referral: message.referral.as_ref().map(Value::to_string),
    }
}

fn handed(content: &Content) -> events::Content {
    use events::Content as Handed;
    match content {
        Content::Text { body } => Handed::Text(body.clone()),
        Content::Choice { id, title, .. } => Handed::Choice(events::Choice { id: id.clone(), title: title.clone() }),
        Content::Media(media) => Handed::Media(events::Media {
            id: media.id.clone().unwrap_or_default(),
            mime: media.mime.clone(),
            size: media.size.unwrap_or(0),
            name: media.name.clone(),
            caption: media.caption.clone(),
        }),
        Content::Location(place) => Handed::Location(events::Location {
            latitude: place.latitude,
            longitude: place.longitude,
            name: place.name.clone(),
            address: place.address.clone(),
        }),
        Content::Order { items, .. } => Handed::Order(items.iter().map(basket_item).collect()),
        Content::Contacts { contacts } => Handed::Contacts(contacts.to_string()),
        Content::Reaction { emoji, .. } => Handed::Reaction(emoji.clone()),
        other => {
            let payload = serde_json::to_value(other).unwrap_or_else(|_| json!({}));
            let name = payload["type"].as_str().unwrap_or("unsupported").to_owned();
            Handed::Other(relevo_sandbox::api::types::Named { name, payload: payload.to_string() })
        }
    }
}

fn basket_item(item: &BasketItem) -> events::OrderItem {
    let price = relevo_sandbox::api::types::Money { minor_units: item.price_minor, currency: item.currency.clone() };
    events::OrderItem { sku: item.sku.clone(), quantity: item.quantity, price }
}
