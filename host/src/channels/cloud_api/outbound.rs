//! The model's words as the body of a Graph request, serialised once, without building JSON values on the way.

use relevo_model::{Button, Content, Location, Media, MediaKind, Section, options};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

/// The Cloud API cannot carry this. Permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// Only customers send this kind.
    #[error("the Cloud API does not send {0}")]
    Kind(&'static str),
    #[error("{0}")]
    Incomplete(&'static str),
}

/// The body that sends `content`, already fitted to the channel, to a number or a user id. `ours` comes back in the statuses.
pub fn body(to: &str, content: &Content, quotes: Option<&str>, ours: &str) -> Result<Vec<u8>, Unsendable> {
    let message = Message { to: Recipient::from(to), context: quotes.map(|message_id| Context { message_id }), ours, part: part(content)? };
    Ok(serde_json::to_vec(&message).expect("strings and numbers always serialise"))
}

/// The body that shows a customer's message as read and, if wanted, that an answer is being written.
pub fn mark_read(provider_message_id: &str, typing: bool) -> Vec<u8> {
    #[derive(Serialize)]
    struct Read<'a> {
        messaging_product: &'static str,
        status: &'static str,
        message_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        typing_indicator: Option<Typed<()>>,
    }
    let typing_indicator = typing.then_some(Typed { kind: "text", inner: () });
    let read = Read { messaging_product: "whatsapp", status: "read", message_id: provider_message_id, typing_indicator };
    serde_json::to_vec(&read).expect("strings always serialise")
}

/// Meta takes numbers in `to`. A user id there is accepted, cut down to its digits and lost: it belongs in `recipient`.
enum Recipient<'a> {
    Number(&'a str),
    User(&'a str),
}

impl<'a> From<&'a str> for Recipient<'a> {
    fn from(to: &'a str) -> Self {
        let digits = to.strip_prefix('+').unwrap_or(to);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { Self::Number(digits) } else { Self::User(to) }
    }
}

fn part(content: &Content) -> Result<Part<'_>, Unsendable> {
    match content {
        Content::Text { body } if body.trim().is_empty() => Err(Unsendable::Incomplete("a text needs words")),
        Content::Text { body } => Ok(Part::Text { body, preview_url: body.contains("https://") || body.contains("http://") }),
        Content::Media(media) => file(media),
        Content::Location(location) => Ok(Part::Location(location)),
        Content::Contacts { contacts } if contacts.as_array().is_some_and(|list| !list.is_empty()) => Ok(Part::Contacts(contacts)),
        Content::Contacts { .. } => Err(Unsendable::Incomplete("a message with contacts needs a list of them")),
        Content::Reaction { emoji, message } => Ok(Part::Reaction { message_id: message, emoji }),
        Content::Buttons { body, footer, buttons } => buttons_part(body, footer.as_deref(), buttons),
        Content::List { body, button, sections } => list_part(body, button, sections),
        Content::Template { name, locale, components } => {
            let components = Some(components).filter(|value| value.as_array().is_some_and(|list| !list.is_empty()));
            Ok(Part::Template { name, language: Language { code: locale }, components })
        }
        Content::Choice { .. } => Err(Unsendable::Kind("a choice")),
        Content::Order { .. } => Err(Unsendable::Kind("a basket")),
        Content::Form { .. } => Err(Unsendable::Kind("a form's answer")),
        Content::Edit { .. } => Err(Unsendable::Kind("a correction")),
        Content::Revoke { .. } => Err(Unsendable::Kind("a withdrawal")),
        Content::System { .. } => Err(Unsendable::Kind("a system note")),
        Content::Unsupported { .. } => Err(Unsendable::Kind("what it could not show itself")),
    }
}

fn file(media: &Media) -> Result<Part<'_>, Unsendable> {
    let (id, link) = (media.id.as_deref(), media.link.as_deref().filter(|_| media.id.is_none()));
    if id.is_none() && link.is_none() {
        return Err(Unsendable::Incomplete("a file needs an id or a link"));
    }
    let caption = media.caption.as_deref().filter(|_| matches!(media.kind, MediaKind::Image | MediaKind::Video | MediaKind::Document));
    let filename = media.name.as_deref().filter(|_| media.kind == MediaKind::Document);
    Ok(Part::File(File { kind: media.kind, id, link, caption, filename }))
}

fn buttons_part<'a>(body: &'a str, footer: Option<&'a str>, buttons: &'a [Button]) -> Result<Part<'a>, Unsendable> {
    if !(1..=options::BUTTONS).contains(&buttons.len()) {
        return Err(Unsendable::Incomplete("a message has one to three buttons"));
    }
    let buttons = buttons.iter().map(|button| Typed { kind: "reply", inner: Reply { reply: button } }).collect();
    Ok(Part::Interactive(interactive("button", body, footer, Action::Buttons { buttons })))
}

fn list_part<'a>(body: &'a str, button: &'a str, sections: &'a [Section]) -> Result<Part<'a>, Unsendable> {
    let rows = sections.iter().map(|section| section.rows.len()).sum::<usize>();
    if !(1..=options::ROWS).contains(&rows) {
        return Err(Unsendable::Incomplete("a list has one to ten rows"));
    }
    if sections.len() > 1 && sections.iter().any(|section| section.title.is_empty()) {
        return Err(Unsendable::Incomplete("each section of several needs a title"));
    }
    let sections = sections.iter().map(|section| Rows { title: Some(section.title.as_str()).filter(|title| !title.is_empty()), rows: &section.rows }).collect();
    Ok(Part::Interactive(interactive("list", body, None, Action::List { button, sections })))
}

fn interactive<'a>(kind: &'static str, body: &'a str, footer: Option<&'a str>, action: Action<'a>) -> Typed<Interactive<'a>> {
    let footer = footer.filter(|text| !text.is_empty()).map(|text| Words { text });
    Typed { kind, inner: Interactive { body: Words { text: body }, footer, action } }
}

struct Message<'a> {
    to: Recipient<'a>,
    context: Option<Context<'a>>,
    ours: &'a str,
    part: Part<'a>,
}

impl Serialize for Message<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("messaging_product", "whatsapp")?;
        map.serialize_entry("recipient_type", "individual")?;
        match self.to {
            Recipient::Number(number) => map.serialize_entry("to", number)?,
            Recipient::User(id) => map.serialize_entry("recipient", id)?,
        }
        if let Some(context) = &self.context {
            map.serialize_entry("context", context)?;
        }
        map.serialize_entry("biz_opaque_callback_data", self.ours)?;
        map.serialize_entry("type", self.part.kind())?;
        map.serialize_entry(self.part.kind(), &self.part)?;
        map.end()
    }
}

#[derive(Serialize)]
struct Context<'a> {
    message_id: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Part<'a> {
    Text {
        body: &'a str,
        preview_url: bool,
    },
    File(File<'a>),
    Location(&'a Location),
    Contacts(&'a Value),
    Reaction {
        message_id: &'a str,
        emoji: &'a str,
    },
    Interactive(Typed<Interactive<'a>>),
    Template {
        name: &'a str,
        language: Language<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        components: Option<&'a Value>,
    },
}

impl Part<'_> {
    /// The name of the message's type, which is also the name of the field that holds it.
    fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::File(file) => match file.kind {
                MediaKind::Image => "image",
                MediaKind::Audio | MediaKind::Voice => "audio",
                MediaKind::Video => "video",
                MediaKind::Document => "document",
                MediaKind::Sticker => "sticker",
            },
            Self::Location(_) => "location",
            Self::Contacts(_) => "contacts",
            Self::Reaction { .. } => "reaction",
            Self::Interactive(_) => "interactive",
            Self::Template { .. } => "template",
        }
    }
}

#[derive(Serialize)]
struct File<'a> {
    #[serde(skip)]
    kind: MediaKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
}

#[derive(Serialize)]
struct Typed<T> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    inner: T,
}

#[derive(Serialize)]
struct Interactive<'a> {
    body: Words<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    footer: Option<Words<'a>>,
    action: Action<'a>,
}

#[derive(Serialize)]
struct Words<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Action<'a> {
    Buttons { buttons: Vec<Typed<Reply<'a>>> },
    List { button: &'a str, sections: Vec<Rows<'a>> },
}

#[derive(Serialize)]
struct Reply<'a> {
    reply: &'a Button,
}

#[derive(Serialize)]
struct Rows<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    rows: &'a [relevo_model::Row],
}

#[derive(Serialize)]
struct Language<'a> {
    code: &'a str,
}

#[cfg(test)]
mod tests {
    use relevo_model::Row;
    use serde_json::json;

    use super::*;

    fn sent(content: &Content) -> Value {
        serde_json::from_slice(&body("5491155550001", content, None, "ours").unwrap()).unwrap()
    }

    fn media(kind: MediaKind) -> Media {
        let text = |text: &str| Some(text.to_owned());
        Media { kind, id: text("7"), link: text("https://x"), mime: "a/b".into(), sha256: None, size: None, name: text("n.pdf"), caption: text("c") }
    }

    #[test]
    fn a_text_carries_our_id_and_what_it_quotes() {
        let body = body("+5491155550001", &Content::text("hola \"vos\" https://x"), Some("wamid.1"), "ours").unwrap();

        let expected = r#"{"messaging_product":"whatsapp","recipient_type":"individual","to":"5491155550001","context":{"message_id":"wamid.1"},"biz_opaque_callback_data":"ours","type":"text","text":{"body":"hola \"vos\" https://x","preview_url":true}}"#;
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }

    #[test]
    fn a_user_id_goes_where_meta_reads_user_ids() {
        let body: Value = serde_json::from_slice(&body("AR.13491208655302741918", &Content::text("hola"), None, "ours").unwrap()).unwrap();

        assert_eq!((&body["recipient"], body.get("to")), (&json!("AR.13491208655302741918"), None));
    }

    #[test]
    fn buttons_and_lists_have_the_shape_that_meta_documents() {
        let buttons = Content::Buttons { body: "b".into(), footer: Some("f".into()), buttons: vec![Button { id: "1".into(), title: "Sí".into() }] };
        let expected = json!({"type": "button", "body": {"text": "b"}, "footer": {"text": "f"},
            "action": {"buttons": [{"type": "reply", "reply": {"id": "1", "title": "Sí"}}]}});
        assert_eq!(sent(&buttons)["interactive"], expected);

        let row = |id: &str, description: Option<&str>| Row { id: id.into(), title: "T".into(), description: description.map(str::to_owned) };
        let section = |title: &str| Section { title: title.into(), rows: vec![row("1", None), row("2", Some("d"))] };
        let list = |sections| Content::List { body: "b".into(), button: "Ver".into(), sections };
        let expected = json!({"type": "list", "body": {"text": "b"},
            "action": {"button": "Ver", "sections": [{"rows": [{"id": "1", "title": "T"}, {"id": "2", "title": "T", "description": "d"}]}]}});
        assert_eq!(sent(&list(vec![section("")]))["interactive"], expected);
        assert_eq!(sent(&list(vec![section("A"), section("B")]))["interactive"]["action"]["sections"][1]["title"], "B");
        assert!(body("1", &list(vec![section("A"), section("")]), None, "").is_err());
    }

    #[test]
    fn files_go_by_id_before_link_with_what_their_kind_may_carry() {
        let document = sent(&Content::Media(media(MediaKind::Document)));
        assert_eq!((&document["type"], &document["document"]), (&json!("document"), &json!({"id": "7", "caption": "c", "filename": "n.pdf"})));

        let image = sent(&Content::Media(Media { id: None, ..media(MediaKind::Image) }));
        assert_eq!(image["image"], json!({"link": "https://x", "caption": "c"}));

        let voice = sent(&Content::Media(media(MediaKind::Voice)));
        assert_eq!((&voice["type"], &voice["audio"]), (&json!("audio"), &json!({"id": "7"})));
    }

    #[test]
    fn places_reactions_contacts_and_templates_are_sent() {
        let place = Content::Location(Location { latitude: -34.6, longitude: -58.4, name: Some("Acá".into()), address: None });
        assert_eq!(sent(&place)["location"], json!({"latitude": -34.6, "longitude": -58.4, "name": "Acá"}));
        assert_eq!(sent(&Content::Reaction { emoji: "👍".into(), message: "w".into() })["reaction"], json!({"message_id": "w", "emoji": "👍"}));
        assert_eq!(sent(&Content::Contacts { contacts: json!([{"name": 1}]) })["contacts"], json!([{"name": 1}]));
        let template = |components| Content::Template { name: "t".into(), locale: "es_AR".into(), components };
        assert_eq!(sent(&template(json!([])))["template"], json!({"name": "t", "language": {"code": "es_AR"}}));
        assert_eq!(sent(&template(json!([{"type": "body"}])))["template"]["components"], json!([{"type": "body"}]));
    }

    #[test]
    fn what_cannot_be_sent_is_refused_here() {
        let nothing = Media { id: None, link: None, ..media(MediaKind::Image) };
        for content in [
            Content::text(" "),
            Content::Media(nothing),
            Content::Buttons { body: "b".into(), footer: None, buttons: vec![] },
            Content::List { body: "b".into(), button: "v".into(), sections: vec![] },
            Content::Contacts { contacts: json!({}) },
            Content::Revoke { message: "w".into() },
        ] {
            assert!(body("1", &content, None, "").is_err(), "{content:?}");
        }
    }

    #[test]
    fn reading_may_show_that_an_answer_is_being_written() {
        let read: Value = serde_json::from_slice(&mark_read("w", true)).unwrap();
        assert_eq!(read, json!({"messaging_product": "whatsapp", "status": "read", "message_id": "w", "typing_indicator": {"type": "text"}}));
        let read: Value = serde_json::from_slice(&mark_read("w", false)).unwrap();
        assert_eq!(read.get("typing_indicator"), None);
    }
}
