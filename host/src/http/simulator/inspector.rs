//! The last turn of a service point as it ran: the event, the plugins that were asked, what they did, what they keep.

use relevo_model::*;
use relevo_sandbox::api::{actions::Action, flow::StateChange, types::Failure};
use relevo_store::{Conversation, EndedTurn, Message};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Error, desk::Desk, pages::local, spot, spot::Spot};
use crate::{
    conversation::journal::{Answer, Call, Ended, Flow, Journal},
    policy::Permission,
};

/// Conversations and messages that are looked through for the last turn.
const LOOKED_AT: i64 = 60;
/// Characters of a value that is shown.
const SHOWN: usize = 240;

#[derive(Serialize)]
pub struct Inspector {
    /// None until the customer has a name: the page calls them by their number.
    pub name: Option<String>,
    pub number: u32,
    /// How the turn ended.
    pub state: &'static str,
    pub attempts: i64,
    pub time: String,
    /// The key of what kind of event it was.
    pub kind: &'static str,
    pub events: Vec<EventView>,
    /// None when the turn asked nobody, or what it did was not kept.
    pub ran: Option<Ran>,
    /// The page of the turn, for whoever may see it.
    pub address: Option<String>,
}

#[derive(Serialize)]
pub struct EventView {
    pub content: &'static str,
    pub words: String,
    pub key: Option<String>,
    /// How often it was delivered.
    pub deliveries: u32,
}

#[derive(Serialize)]
pub struct Ran {
    pub milliseconds: String,
    pub megabytes: String,
    pub flows: Vec<FlowView>,
    pub actions: Vec<ActionView>,
    pub state: Vec<Kept>,
}

#[derive(Serialize)]
pub struct FlowView {
    pub plugin: String,
    pub version: String,
    /// Of the business's configuration.
    pub config: i64,
    /// handled, passed or failed.
    pub outcome: &'static str,
    pub error: Option<String>,
    pub milliseconds: String,
    pub calls: Vec<CallView>,
}

#[derive(Serialize)]
pub struct CallView {
    pub name: String,
    pub asked: String,
    pub answer: String,
}

#[derive(Serialize)]
pub struct ActionView {
    /// The key of what was done.
    pub label: &'static str,
    pub details: String,
    /// How far what was said came.
    pub state: Option<&'static str>,
}

/// One value of the state, before and after.
#[derive(Debug, PartialEq, Serialize)]
pub struct Kept {
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// The turn that ran last here; none before anybody wrote.
pub async fn last_turn(spot: &Spot, desk: &Desk) -> Result<Option<Inspector>, Error> {
    let layout = spot.business.layout();
    let mut read = spot.business.cell.read().await?;
    let listed = read.conversations().list_of(&spot.point.row.id, None, LOOKED_AT).await?;
    let Some(listed) = listed.into_iter().find(|row| layout.channels.get(&row.conversation.channel_id).is_some_and(|line| line.simulated)) else {
        return Ok(None);
    };
    let messages = read.messages().list_of(&listed.conversation.id, None, LOOKED_AT).await?;
    let Some(id) = messages.iter().find_map(|message| message.turn_id.as_ref()?.parse().ok()) else { return Ok(None) };
    let Some(turn) = read.turns().find(&id).await? else { return Ok(None) };
    let sealed = read.journal(&id).await?;
    drop(read);
    let journal = sealed.and_then(|sealed| Journal::open(&spot.business.cell, &id, &sealed));
    Ok(Some(inspector(spot, desk, &turn, listed.customer_name, &listed.conversation, &messages, journal)))
}

fn inspector(
    spot: &Spot,
    desk: &Desk,
    turn: &EndedTurn,
    name: Option<String>,
    conversation: &Conversation,
    messages: &[Message],
    journal: Option<Journal>,
) -> Inspector {
    let said: Vec<&Message> = messages.iter().rev().filter(|message| message.direction == Direction::Out && is_of(message, &turn.id)).collect();
    let (kind, events) = match &turn.event.0 {
        TurnEvent::Messages { items, .. } => ("event-messages", items.iter().map(|item| event(desk, item, messages)).collect()),
        TurnEvent::Timer { name, payload, .. } => {
            ("event-timer", vec![EventView { content: "event-timer", words: format!("{name} {}", shortened(payload)), key: None, deliveries: 1 }])
        }
        TurnEvent::ReturnedToBot { .. } => ("event-returned", Vec::new()),
    };
    Inspector {
        name,
        number: spot::number_of(&conversation.peer).unwrap_or_default(),
        state: turn.state.as_str(),
        attempts: turn.attempts,
        time: local(spot, turn.created_at, "%H:%M:%S"),
        kind,
        events,
        ran: journal.filter(|journal| !journal.flows.is_empty()).map(|journal| ran(journal, &said)),
        address: spot.member.may(Permission::ConfigureFlows, Some(spot.point.row.id)).then(|| format!("/turns/{}", turn.id)),
    }
}

fn is_of(message: &Message, turn: &TurnId) -> bool {
    message.turn_id.as_deref() == Some(turn.as_str())
}

fn event(desk: &Desk, item: &TurnMessage, messages: &[Message]) -> EventView {
    EventView {
        content: match item.content {
            Content::Text { .. } => "event-text",
            Content::Choice { .. } => "event-choice",
            Content::Location(_) => "content-location",
            Content::Reaction { .. } => "content-reaction",
            Content::Media(_) => "event-file",
            _ => "event-other",
        },
        words: match &item.content {
            Content::Choice { id, title, .. } => format!("{title} ({id})"),
            other => shortened(other.words()),
        },
        key: messages.iter().find(|message| message.id == item.id).and_then(|message| message.provider_id.clone()),
        deliveries: 1 + desk.repeats(&item.id),
    }
}

/// What a turn asked and did; `said` as it stands on the phone.
pub fn ran(journal: Journal, said: &[&Message]) -> Ran {
    let wall = journal.flows.iter().map(|flow| flow.wall_us).sum();
    let memory = journal.flows.iter().map(|flow| flow.memory).max().unwrap_or_default();
    let last = journal.flows.last().and_then(|flow| match &flow.outcome {
        Ended::Did(did) if did.handled => Some((flow, did)),
        _ => None,
    });
    Ran {
        milliseconds: milliseconds(wall),
        megabytes: megabytes(memory),
        state: last.map_or_else(Vec::new, |(flow, did)| kept(flow.context.state.as_ref().unwrap_or(&Value::Null), &did.state)),
        actions: last.map_or_else(Vec::new, |(_, did)| actions(did.actions.clone(), said)),
        flows: journal.flows.into_iter().map(flow).collect(),
    }
}

fn flow(flow: Flow) -> FlowView {
    let (outcome, error) = match flow.outcome {
        Ended::Did(did) => (if did.handled { "handled" } else { "passed" }, None),
        Ended::Failed { error } => ("failed", Some(shortened(&error))),
    };
    FlowView {
        plugin: flow.plugin,
        version: flow.version,
        config: flow.context.config_version,
        outcome,
        error,
        milliseconds: milliseconds(flow.wall_us),
        calls: flow.calls.iter().map(call).collect(),
    }
}

pub fn call(call: &Call) -> CallView {
    let answer = match &call.answer {
        Answer::Given(value) => compact(value),
        Answer::Refused(failure) => shortened(&refusal(failure)),
    };
    CallView { name: call.name.to_string(), asked: compact(&call.asked), answer }
}

/// A refusal as the contract names it.
fn refusal(failure: &Failure) -> String {
    match failure {
        Failure::Invalid(why) => format!("invalid: {why}"),
        Failure::NotFound => "not-found".into(),
        Failure::Denied(why) => format!("denied: {why}"),
        Failure::OverQuota(why) => format!("over-quota: {why}"),
        Failure::TimedOut => "timed-out".into(),
        Failure::Unavailable(_) => "unavailable".into(),
        Failure::Conflict => "conflict".into(),
        Failure::Other(named) => named.name.clone(),
    }
}

/// What was done, in its order; what was said as it stands on the phone.
pub fn actions(actions: Vec<Action>, said: &[&Message]) -> Vec<ActionView> {
    let mut said = said.iter();
    let view = |action| {
        let plain = |label, details: String| ActionView { label, details: shortened(&details), state: None };
        match action {
            Action::Say(_) => match said.next() {
                Some(message) => ActionView { label: "action-say", details: shortened(message.content.0.words()), state: Some(message.state.as_str()) },
                None => plain("action-say", String::new()),
            },
            Action::Typing(millis) => plain("action-typing", format!("{millis} ms")),
            Action::HandOver(to) => plain("action-hand-over", to.reason),
            Action::Assign(agent) => plain("action-assign", agent),
            Action::Label(labels) => plain("action-label", labels.join(", ")),
            Action::Note(note) => plain("action-note", note),
            Action::Schedule(timer) => plain("action-schedule", timer.name),
            Action::CancelTimer(name) => plain("action-cancel-timer", name),
            Action::End(reason) => plain("action-end", reason.unwrap_or_default()),
            Action::Other(named) => plain("action-other", named.name),
        }
    };
    actions.into_iter().map(view).collect()
}

/// Each value of the state, those of before first.
pub fn kept(before: &Value, change: &StateChange) -> Vec<Kept> {
    let before = values(before.clone());
    let after = match change {
        StateChange::Keep => before.clone(),
        StateChange::Clear => Map::new(),
        StateChange::Set(state) => values(serde_json::from_str(state).unwrap_or_else(|_| Value::String(state.clone()))),
    };
    let new = after.keys().filter(|name| !before.contains_key(*name));
    let names: Vec<&String> = before.keys().chain(new).collect();
    names.into_iter().map(|name| Kept { name: name.clone(), before: before.get(name).map(compact), after: after.get(name).map(compact) }).collect()
}

/// A state that is no object has one value without a name.
fn values(state: Value) -> Map<String, Value> {
    match state {
        Value::Object(values) => values,
        Value::Null => Map::new(),
        other => Map::from_iter([(String::new(), other)]),
    }
}

pub fn compact(value: &Value) -> String {
    shortened(&unpacked(value.clone()).to_string())
}

/// The contract carries JSON as text: shown as what it says.
fn unpacked(value: Value) -> Value {
    match value {
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => inner,
            _ => Value::String(text),
        },
        Value::Array(items) => items.into_iter().map(unpacked).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, unpacked(value))).collect(),
        other => other,
    }
}

pub fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN { text.to_owned() } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

pub fn megabytes(bytes: usize) -> String {
    format!("{:.1}", bytes as f64 / 1_048_576.0)
}

pub fn milliseconds(micros: u64) -> String {
    format!("{}.{}", micros / 1000, micros / 100 % 10)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(name: &str, before: Option<&str>, after: Option<&str>) -> Kept {
        Kept { name: name.into(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
    }

    #[test]
    fn a_state_is_shown_value_by_value_before_and_after() {
        let before = json!({ "step": "menu", "page": 1 });

        let set = kept(&before, &StateChange::Set(r#"{"step":"address","cart":[]}"#.into()));

        assert_eq!(set, [value("page", Some("1"), None), value("step", Some("\"menu\""), Some("\"address\"")), value("cart", None, Some("[]"))]);
        assert_eq!(compact(&json!({ "value": "{\"sku\":\"YER\"}" })), r#"{"value":{"sku":"YER"}}"#);
        assert_eq!(kept(&Value::Null, &StateChange::Keep), []);
        assert_eq!(kept(&json!("a"), &StateChange::Clear), [value("", Some("\"a\""), None)]);
    }
}
