//! From a conversation as it was recorded to a script that says the same, for people to read and to keep.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use relevo_model::{Abilities, Content, OrderId, Time, TurnEvent, options};
use relevo_sandbox::{
    Manifest,
    api::{
        actions::{Action, Speech},
        events::{Content as Handed, Event},
        flow::Outcome,
        records::{Document, Hit, Page},
        types::Failure,
    },
    schema,
};
use serde_json::{Map, Value};

use super::script::{Customer, Deed, Does, File, Line, Outage, Place, Script, Scripted, Step, Wanted};
use crate::conversation::{
    journal::{Answer, Call, Ended, Flow, Journal, asked},
    records::code,
    speech,
};

/// A pause that is shorter is nobody's to wait for.
const PAUSE: Duration = Duration::from_secs(60);

/// The script of these turns, in their order, as far as this plugin answered them; none where it answered none.
pub fn of_conversation(name: &str, manifest: &Manifest, journals: &[Journal]) -> Option<Script> {
    let (first, flow) = journals.iter().find_map(|journal| Some((journal, answered(journal, &manifest.id)?.0)))?;
    let context = &flow.context;
    let mut writer = Writer { now: context.now, codes: Vec::new(), steps: Vec::new() };
    let (mut seen, mut made, mut more, mut http) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new(), Vec::new());
    for journal in journals {
        let Some((flow, outcome)) = answered(journal, &manifest.id) else { continue };
        for call in &flow.calls {
            collect(call, &mut seen, &mut made, &mut writer.codes);
            pages(call, &mut more);
            http.extend(scripted(call));
        }
        writer.turn(journal, flow, outcome);
    }
    Some(Script {
        name: name.to_owned(),
        at: context.now,
        customer: Customer {
            name: context.customer.name.clone(),
            // A test needs nobody's number.
            phone: None,
            locale: context.locale.clone(),
            first_seen: context.customer.first_seen && matches!(first.event, TurnEvent::Messages { .. }),
        },
        service_point: Place {
            name: context.service_point.name.clone(),
            time_zone: context.service_point.time_zone.clone(),
            open: context.service_point.open_now,
            text_only: !context.abilities.iter().any(|ability| ability == "buttons"),
        },
        state: context.state.as_ref().map(Value::to_string),
        config: config(manifest, &context.settings),
        secrets: secrets(manifest, journals),
        records: records(seen, more, &made),
        http,
        steps: writer.steps,
    })
}

/// What this plugin was asked in a turn, if it answered it.
fn answered<'a>(journal: &'a Journal, plugin: &str) -> Option<(&'a Flow, &'a Outcome)> {
    let flow = journal.of(plugin)?;
    match &flow.outcome {
        Ended::Did(outcome) if outcome.handled => Some((flow, outcome)),
        _ => None,
    }
}

/// The configuration without secrets.
fn config(manifest: &Manifest, settings: &str) -> Value {
    let settings: Map<String, Value> = serde_json::from_str(settings).unwrap_or_default();
    let secrets = schema::secrets(&manifest.config);
    settings.into_iter().filter(|(name, _)| !secrets.contains(&name.as_str())).collect()
}

/// Values that are none, for the secrets that are set or named in a call.
fn secrets(manifest: &Manifest, journals: &[Journal]) -> BTreeMap<String, String> {
    let mut names: BTreeSet<String> = schema::secrets(&manifest.config).into_iter().map(str::to_owned).collect();
    let calls = journals.iter().flat_map(|journal| &journal.flows).flat_map(|flow| &flow.calls).filter(|call| call.name == asked::SEND);
    for call in calls {
        let text = call.asked.to_string();
        names.extend(text.split("{{secret:").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.to_owned())));
    }
    names.into_iter().map(|name| (name.clone(), stand_in(&name))).collect()
}

fn stand_in(name: &str) -> String {
    format!("test-{}", name.to_lowercase())
}

/// Documents as they were first seen, by collection and id.
type Seen = BTreeMap<String, BTreeMap<String, Document>>;

/// What a call tells of documents: those that were there, and those that the conversation made itself.
fn collect(call: &Call, seen: &mut Seen, made: &mut BTreeSet<String>, codes: &mut Vec<String>) {
    let Some(value) = call.answer.value() else { return };
    let collection = call.asked["collection"].as_str().unwrap_or_default();
    let found: Vec<Document> = match &*call.name {
        asked::GET => serde_json::from_value::<Option<Document>>(value.clone()).ok().flatten().into_iter().collect(),
        asked::FIND => serde_json::from_value::<Page>(value.clone()).map(|page| page.items).unwrap_or_default(),
        asked::SEARCH => serde_json::from_value::<Vec<Hit>>(value.clone()).unwrap_or_default().into_iter().map(|hit| hit.document).collect(),
        asked::ADD => {
            let id = value.as_str().unwrap_or_default();
            codes.extend(id.parse::<OrderId>().ok().filter(|_| collection == "orders").map(|id| code(&id)));
            made.insert(id.to_owned());
            Vec::new()
        }
        _ => Vec::new(),
    };
    for document in found {
        seen.entry(collection.to_owned()).or_default().entry(document.id.clone()).or_insert(document);
    }
}

/// Pages that were not turned, by their cursors: the collection, and one more document that stands for all that came after.
type More = BTreeMap<String, Option<(String, Document)>>;

/// Whether there is a next page is shown: so there must be something on it.
fn pages(call: &Call, more: &mut More) {
    if call.name != asked::FIND {
        return;
    }
    let query = &call.asked["query"];
    if let Some(cursor) = query["cursor"].as_str() {
        // It was turned: what is on it is known.
        more.insert(cursor.to_owned(), None);
    }
    let page = call.answer.value().and_then(|value| serde_json::from_value::<Page>(value.clone()).ok());
    let Some((next, last)) = page.and_then(|page| Some((page.next?, page.items.into_iter().next_back()?))) else { return };
    let descending = query["sort"].as_str().is_some_and(|sort| sort.starts_with('-'));
    // Like the last one in all that it may be asked for by, and after it in the order.
    let id = if descending { last.id.chars().take(last.id.chars().count().saturating_sub(1)).collect() } else { format!("{}~", last.id) };
    let collection = call.asked["collection"].as_str().unwrap_or_default().to_owned();
    more.entry(next).or_insert(Some((collection, Document { id, value: renamed(&last.value), ..last })));
}

/// The same with names of its own, so that it is not found in the place of another.
fn renamed(value: &str) -> String {
    let mut fields: Map<String, Value> = serde_json::from_str(value).unwrap_or_default();
    for name in ["sku", "code"] {
        if let Some(Value::String(own)) = fields.get_mut(name) {
            own.push('~');
        }
    }
    Value::Object(fields).to_string()
}

fn records(mut seen: Seen, more: More, made: &BTreeSet<String>) -> BTreeMap<String, Vec<Value>> {
    for (collection, document) in more.into_values().flatten() {
        seen.entry(collection).or_default().entry(document.id.clone()).or_insert(document);
    }
    let fields = |document: Document| {
        let mut fields: Map<String, Value> = serde_json::from_str(&document.value).unwrap_or_default();
        fields.insert("id".into(), Value::String(document.id));
        Value::Object(fields)
    };
    let there = |documents: BTreeMap<String, Document>| documents.into_values().filter(|document| !made.contains(&document.id)).map(fields).collect();
    seen.into_iter().map(|(collection, documents)| (collection, there(documents))).filter(|(_, documents): &(_, Vec<Value>)| !documents.is_empty()).collect()
}

/// The answer of the outside to a call; none for what is no call, or was refused here.
fn scripted(call: &Call) -> Option<Scripted> {
    if call.name != asked::SEND {
        return None;
    }
    let (status, body, fails) = match &call.answer {
        Answer::Given(value) => {
            let response = asked::read_response(value)?;
            (response.status, String::from_utf8_lossy(&response.body).into_owned(), None)
        }
        Answer::Refused(Failure::TimedOut) => (200, String::new(), Some(Outage::TimedOut)),
        Answer::Refused(Failure::Unavailable(_)) => (200, String::new(), Some(Outage::Unavailable)),
        Answer::Refused(_) => return None,
    };
    Some(Scripted {
        method: call.asked["method"].as_str()?.to_owned(),
        url: filled(call.asked["url"].as_str()?),
        sent: BTreeMap::new(),
        body_contains: None,
        status,
        headers: BTreeMap::new(),
        body,
        fails,
    })
}

/// An address with what stands in for its secrets.
fn filled(url: &str) -> String {
    let mut parts = url.split("{{secret:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |filled, part| match part.split_once("}}") {
        Some((name, rest)) => filled + &stand_in(name) + rest,
        None => filled + "{{secret:" + part,
    })
}

struct Writer {
    now: Time,
    /// Codes of orders that were made, which another run calls otherwise.
    codes: Vec<String>,
    steps: Vec<Step>,
}

impl Writer {
    fn add(&mut self, does: Does) {
        self.steps.push(Step { line: 0, does });
    }

    fn turn(&mut self, journal: &Journal, flow: &Flow, outcome: &Outcome) {
        let pause = flow.context.now.since(self.now);
        let timer = matches!(journal.handed, Event::Timer(_));
        if timer || pause >= PAUSE {
            let whole = Duration::from_millis(u64::try_from(pause.as_millis().next_multiple_of(1_000)).unwrap_or(u64::MAX)).max(Duration::from_secs(1));
            self.add(Does::Advances(whole));
            self.now = self.now.after(whole);
        }
        match &journal.handed {
            Event::Messages(messages) => {
                let written = match &journal.event {
                    TurnEvent::Messages { items, .. } => items.iter().map(|item| Some(&item.content)).collect(),
                    _ => Vec::new(),
                };
                for (nth, message) in messages.iter().enumerate() {
                    self.add(customer(&message.content, written.get(nth).copied().flatten()));
                }
            }
            Event::ReturnedToBot(back) => self.add(Does::Returns(back.reason.clone())),
            _ => {}
        }
        let has = |name: &str| flow.context.abilities.iter().any(|ability| ability == name);
        let abilities = Abilities { buttons: has("buttons"), lists: has("list"), templates: has("template") };
        for action in &outcome.actions {
            match action {
                Action::Say(said) => self.says(&said.content, abilities),
                Action::HandOver(to) => self.add(Does::Did(Deed::HandOver, Wanted::Text(to.reason.clone()))),
                Action::End(_) => self.add(Does::Did(Deed::Ended, Wanted::Any(true))),
                _ => {}
            }
        }
        for call in flow.calls.iter().filter(|call| call.name == asked::OPEN && call.answer.value().is_some()) {
            self.add(Does::Did(Deed::Ticket, Wanted::Text(call.asked["title"].as_str().unwrap_or_default().to_owned())));
        }
    }

    fn says(&mut self, said: &Speech, abilities: Abilities) {
        let Ok((content, choices)) = speech::content(said.clone(), abilities) else { return };
        let text = content.words().to_owned();
        let shown = options::offered(&content);
        let titles: Vec<String> = if shown.is_empty() { choices } else { shown }.into_iter().map(|option| option.title).collect();
        let choices = (!titles.is_empty()).then_some(titles);
        let line = match self.codes.iter().find(|code| text.contains(code.as_str())) {
            Some(code) => {
                let longest = text.split(code.as_str()).flat_map(str::lines).max_by_key(|part| part.len()).unwrap_or_default();
                Line { exactly: None, contains: Some(longest.trim().to_owned()), choices }
            }
            None => Line { exactly: Some(text), contains: None, choices },
        };
        self.add(Does::Bot(line));
    }
}

/// What the customer did: as they wrote it, where they wrote.
fn customer(handed: &Handed, written: Option<&Content>) -> Does {
    match (handed, written) {
        (_, Some(Content::Text { body })) => Does::Says(body.clone()),
        (Handed::Text(text), _) => Does::Says(text.clone()),
        (Handed::Choice(choice), _) => Does::Chooses(choice.title.clone()),
        (Handed::Location(place), _) => Does::Place { latitude: place.latitude, longitude: place.longitude },
        (Handed::Media(media), _) => Does::Sends(File { name: media.name.clone().unwrap_or_else(|| "foto.jpg".into()), caption: media.caption.clone() }),
        (_, other) => Does::Says(other.map(|content| content.words().to_owned()).unwrap_or_default()),
    }
}
