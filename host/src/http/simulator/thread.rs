//! A conversation as its phone shows it.

use std::collections::{HashMap, HashSet};

use relevo_model::*;
use relevo_store::{Conversation, Message, Read, TimelineEvent};

use super::{
    Error,
    desk::Desk,
    fate,
    pages::local,
    spot::Spot,
    view::{Body, Bubble, Holder, Line, RowView, SectionView},
};
use crate::{texts, web::visitor::Visitor};

/// Messages that a phone shows.
const SHOWN: i64 = 60;
/// Characters of a quoted message.
const QUOTED: usize = 80;

pub struct Thread {
    pub lines: Vec<Line>,
    pub holder: Holder,
    pub typing: bool,
    pub unread: bool,
    /// The customer has said something.
    pub spoke: bool,
}

/// A change of hands, in the order of the conversation.
struct HandOver<'a> {
    event: &'a TimelineEvent,
    from: Holder,
    to: Holder,
}

pub async fn read(spot: &Spot, desk: &Desk, visitor: Visitor, conversation: &Conversation) -> Result<Thread, Error> {
    let mut read = spot.business.cell.read().await?;
    let mut messages = read.messages().list_of(&conversation.id, None, SHOWN).await?;
    messages.reverse();
    let mut events = read.conversations().timeline(&conversation.id).await?;
    // What a turn did has an id of the turn's age: the moment goes before it.
    events.sort_by_key(|event| (event.seq, event.created_at, event.id));
    let asked = messages.iter().rev().find_map(|message| (message.direction == Direction::In).then_some(message.turn_id.as_ref()).flatten());
    let typing = match asked.and_then(|id| id.parse().ok()) {
        Some(turn) => read.turns().find(&turn).await?.is_some_and(|turn| turn.state == TurnState::Pending),
        None => false,
    };
    let mut unsettled = HashMap::new();
    for message in messages.iter().filter(|message| message.state == Delivery::Uncertain) {
        unsettled.insert(message.id, read.outbox().state(&message.id).await?);
    }
    let shown = Shown { spot, desk, visitor, messages: &messages, unsettled };
    let dead = shown.dead_letters(&mut read, &events).await?;
    drop(read);
    let hand_overs = hand_overs(&events, &messages);
    let bot_on = conversation.bot_enabled && spot.business.layout().bot_on(&spot.point.row.id);
    let holder = match conversation.status {
        Answering::Bot if bot_on => Holder::Bot,
        Answering::Bot => Holder::Off,
        Answering::Human => hand_overs.last().map_or(Holder::Person, |last| last.to),
    };
    Ok(Thread {
        lines: shown.lines(&hand_overs, dead),
        holder: if holder == Holder::Nobody && wrote_since(&messages, hand_overs.last(), i64::MAX) { Holder::Person } else { holder },
        typing: typing && holder == Holder::Bot,
        unread: messages.iter().any(|message| message.state == Delivery::Delivered),
        spoke: messages.iter().any(repeatable),
    })
}

/// The message of a phone of ours that came last and can be delivered again.
pub fn repeatable(message: &Message) -> bool {
    message.direction == Direction::In && message.provider_id.is_some()
}

/// What changed hands; what was given back and taken again in the same moment is one change.
fn hand_overs<'a>(events: &'a [TimelineEvent], messages: &[Message]) -> Vec<HandOver<'a>> {
    let mut holder = Holder::Bot;
    let mut changes: Vec<HandOver<'a>> = Vec::new();
    for event in events {
        let to = match event.kind.as_str() {
            "handed_over" => Holder::Nobody,
            "taken_over" => Holder::Person,
            "returned" => Holder::Bot,
            _ => continue,
        };
        if changes.last().is_some_and(|last| last.event.kind == "returned" && last.event.created_at == event.created_at) {
            holder = changes.pop().map_or(holder, |last| last.from);
        }
        let from = if holder == Holder::Nobody && wrote_since(messages, changes.last(), event.seq) { Holder::Person } else { holder };
        changes.push(HandOver { event, from, to });
        holder = to;
    }
    changes
}

/// Whether a person said something after this change, up to this number: whoever writes has the conversation.
fn wrote_since(messages: &[Message], change: Option<&HandOver<'_>>, until: i64) -> bool {
    change.is_some_and(|change| messages.iter().any(|message| message.sender == Sender::Agent && message.seq > change.event.seq && message.seq <= until))
}

/// What is shown, and what must be known to show it.
struct Shown<'a> {
    spot: &'a Spot,
    desk: &'a Desk,
    visitor: Visitor,
    messages: &'a [Message],
    /// How the sending of those stands that nobody knows the fate of.
    unsettled: HashMap<MessageId, Option<OutboxState>>,
}

/// A line that is no message, with what happened.
type Beside<'a> = (&'a TimelineEvent, Line);

impl Shown<'_> {
    /// What the bot could not answer; what waits for it still can be tried again.
    async fn dead_letters<'e>(&self, read: &mut Read, events: &'e [TimelineEvent]) -> Result<Vec<Beside<'e>>, Error> {
        let mut letters = Vec::new();
        let mut last = HashSet::new();
        for event in events.iter().rev().filter(|event| event.kind == "dead_letter" && event.seq >= self.first()) {
            let text = |name: &str| event.data.0[name].as_str().unwrap_or_default();
            let turn = text("turn").to_owned();
            let found = match turn.parse() {
                Ok(id) if last.insert(turn.clone()) => read.turns().find(&id).await?,
                _ => None,
            };
            let retry = found.is_some_and(|turn| turn.state == TurnState::Dead);
            let time = local(self.spot, event.created_at, "%H:%M");
            letters.push((event, Line::DeadLetter { id: event.id.to_string(), turn, why: fate::not_answered(text("error")), retry, time }));
        }
        letters.reverse();
        Ok(letters)
    }

    fn first(&self) -> i64 {
        self.messages.first().map_or(0, |message| message.seq)
    }

    fn lines(&self, changes: &[HandOver<'_>], dead: Vec<Beside<'_>>) -> Vec<Line> {
        let reactions = reactions(self.messages);
        let named: HashMap<&str, &Message> = self.messages.iter().filter_map(|message| Some((message.provider_id.as_deref()?, message))).collect();
        let changes = changes.iter().filter(|change| change.event.seq >= self.first()).map(|change| (change.event, baton(self.spot, change)));
        let mut beside: Vec<Beside<'_>> = dead.into_iter().chain(changes).collect();
        beside.sort_by_key(|(event, _)| (event.seq, event.created_at));
        let mut beside = beside.into_iter().peekable();
        let (mut lines, mut day) = (Vec::new(), None);
        for message in self.messages {
            while let Some((_, line)) = beside.next_if(|(event, _)| event.seq < message.seq && event.created_at <= message.created_at) {
                lines.push(line);
            }
            let today = local(self.spot, message.created_at, "%d/%m/%Y");
            if day.as_ref().is_some_and(|day| *day != today) {
                lines.push(Line::Day { date: today.clone() });
            }
            day = Some(today);
            if let Content::Reaction { message: to, .. } = &message.content.0
                && named.contains_key(to.as_str())
            {
                continue;
            }
            let reaction = message.provider_id.as_deref().and_then(|id| reactions.get(id)).map(|emoji| (*emoji).to_owned());
            let quoted = message.quotes.as_deref().and_then(|id| named.get(id)).map(|quoted| shortened(quoted.content.0.words()));
            lines.push(Line::Bubble(Box::new(self.bubble(message, reaction, quoted))));
        }
        lines.extend(beside.map(|(_, line)| line));
        lines
    }

    fn bubble(&self, message: &Message, reaction: Option<String>, quoted: Option<String>) -> Bubble {
        let ours = message.direction == Direction::Out;
        let said_to_it = ours && message.state.rank() >= Delivery::Sent.rank();
        let outbox = self.unsettled.get(&message.id).copied().flatten();
        Bubble {
            id: message.id.to_string(),
            sender: match message.sender {
                Sender::Customer => "customer",
                Sender::Bot => "bot",
                Sender::Agent => "person",
            },
            state: message.state.as_str(),
            problem: message.problem.as_ref().map(|problem| fate::not_delivered(self.visitor, &problem.0)),
            resend: ours && fate::may_be_resent(message.state, outbox),
            time: local(self.spot, message.created_at, "%H:%M"),
            quoted,
            reaction,
            provider_id: message.provider_id.clone().filter(|_| said_to_it),
            deliveries: 1 + self.desk.repeats(&message.id),
            body: body(self.visitor, &message.content.0),
        }
    }
}

fn baton(spot: &Spot, change: &HandOver<'_>) -> Line {
    let HandOver { event, from, to } = change;
    Line::Baton { id: event.id.to_string(), from: *from, to: *to, event: event.kind.replace('_', "-"), time: local(spot, event.created_at, "%H:%M") }
}

/// The last reaction to each message that still stands.
fn reactions(messages: &[Message]) -> HashMap<&str, &str> {
    let mut reactions = HashMap::new();
    for message in messages {
        if let Content::Reaction { emoji, message: to } = &message.content.0 {
            reactions.insert(to.as_str(), emoji.as_str());
        }
    }
    reactions.retain(|_, emoji| !emoji.is_empty());
    reactions
}

fn body(visitor: Visitor, content: &Content) -> Body {
    let say = |key: &str| texts::say(visitor.lang, key);
    match content {
        Content::Text { body } => Body::Text { text: body.clone() },
        Content::Choice { title, .. } => Body::Text { text: title.clone() },
        Content::Buttons { body, footer, buttons } => Body::Buttons { text: body.clone(), footer: footer.clone(), choices: buttons.clone() },
        Content::List { body, button, sections } => Body::List { text: body.clone(), button: button.clone(), sections: sections.iter().map(section).collect() },
        Content::Media(media) => file(media),
        Content::Location(place) => Body::Location {
            name: place.name.clone(),
            address: place.address.clone(),
            latitude: format!("{:.5}", place.latitude),
            longitude: format!("{:.5}", place.longitude),
        },
        Content::Reaction { emoji, .. } if emoji.is_empty() => Body::Other { label: "content-reaction", details: say("content-reaction-removed") },
        Content::Reaction { emoji, .. } => Body::Other { label: "content-reaction", details: emoji.clone() },
        Content::Contacts { .. } => Body::Other { label: "content-contacts", details: String::new() },
        Content::Order { items, note } => {
            let items = items.iter().map(|item| format!("{} × {}", item.quantity, item.sku)).chain(note.clone());
            Body::Other { label: "content-order", details: items.collect::<Vec<_>>().join("\n") }
        }
        Content::Form { name, .. } => Body::Other { label: "content-form", details: name.clone() },
        Content::Edit { content, .. } => Body::Other { label: "content-edit", details: content.words().to_owned() },
        Content::Revoke { .. } => Body::Other { label: "content-revoke", details: String::new() },
        Content::System { body, .. } => Body::Other { label: "content-system", details: body.clone() },
        Content::Template { name, .. } => Body::Other { label: "content-template", details: name.clone() },
        Content::Unsupported { kind, .. } => Body::Other { label: "content-unsupported", details: kind.clone() },
    }
}

fn section(section: &Section) -> SectionView {
    let rows = section.rows.iter().map(|row| RowView { id: row.id.clone(), title: row.title.clone(), description: row.description.clone() });
    SectionView { title: section.title.clone(), rows: rows.collect() }
}

fn file(media: &Media) -> Body {
    let (label, icon) = match media.kind {
        MediaKind::Image => ("content-image", "image"),
        MediaKind::Audio => ("content-audio", "audio"),
        MediaKind::Voice => ("content-voice", "audio"),
        MediaKind::Video => ("content-video", "video"),
        MediaKind::Document => ("content-document", "file"),
        MediaKind::Sticker => ("content-sticker", "image"),
    };
    // Only what we serve ourselves is loaded by the page.
    let image = media.link.clone().filter(|link| link.starts_with("/static/"));
    Body::Media { label, icon, image, name: media.name.clone(), caption: media.caption.clone() }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= QUOTED { text.to_owned() } else { text.chars().take(QUOTED).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use relevo_store::Json;
    use serde_json::json;

    use super::*;

    fn event(kind: &str, seq: i64, at: i64) -> TimelineEvent {
        let id = Clock::standing(Time(at), 0).id();
        TimelineEvent { id, seq, kind: kind.to_owned(), actor: "bot".to_owned(), data: Json(json!({})), created_at: Time(at) }
    }

    fn said_by_a_person(seq: i64) -> Message {
        Message {
            id: Clock::standing(Time(seq), 0).id(),
            seq,
            direction: Direction::Out,
            sender: Sender::Agent,
            content: Json(Content::text("hola")),
            provider_id: None,
            quotes: None,
            state: Delivery::Queued,
            problem: None,
            evidence: None,
            turn_id: None,
            created_at: Time(seq),
        }
    }

    fn hands(events: &[TimelineEvent], messages: &[Message]) -> Vec<(Holder, Holder)> {
        hand_overs(events, messages).into_iter().map(|change| (change.from, change.to)).collect()
    }

    #[test]
    fn what_the_bot_hands_over_is_nobodys_until_somebody_takes_it() {
        let events = [event("handed_over", 3, 30), event("returned", 4, 40), event("taken_over", 4, 40), event("returned", 6, 60)];

        let hands = hands(&events, &[said_by_a_person(5)]);

        assert_eq!(hands, [(Holder::Bot, Holder::Nobody), (Holder::Nobody, Holder::Person), (Holder::Person, Holder::Bot)]);
    }

    #[test]
    fn whoever_answers_what_was_handed_over_has_it() {
        let events = [event("handed_over", 3, 30), event("returned", 6, 60)];

        assert_eq!(hands(&events, &[said_by_a_person(4)])[1], (Holder::Person, Holder::Bot));
        assert_eq!(hands(&events, &[])[1], (Holder::Nobody, Holder::Bot));
    }
}
