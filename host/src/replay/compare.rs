//! In what two runs of a turn differ, for people: what would have been said, done and kept otherwise.

use relevo_model::{Abilities, Content, DifferenceKind, options};
use relevo_sandbox::api::{
    actions::Action,
    flow::{Outcome, StateChange},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::play::Played;
use crate::conversation::{
    journal::{Call, Ended, Flow, asked},
    speech,
};

/// Something that was said, done or kept. `what` is the key of an action's text, or the name of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub what: String,
    pub text: String,
}

/// One difference: what it was, and what it would have been. Either may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differs {
    pub kind: DifferenceKind,
    pub before: Vec<Line>,
    pub after: Vec<Line>,
}

/// All that is different, in the order in which people would ask.
pub fn differences(flow: &Flow, played: &Played) -> Vec<Differs> {
    let mut found: Vec<Differs> = Vec::new();
    for call in &played.unrecorded {
        found.push(Differs { kind: DifferenceKind::Unrecorded, before: Vec::new(), after: vec![line_of_call(call)] });
    }
    let (before, after) = match (&flow.outcome, &played.outcome) {
        (Ended::Did(before), Ended::Did(after)) => (before, after),
        (Ended::Failed { .. }, Ended::Failed { .. }) => return found,
        (before, after) => {
            let abilities = abilities(&flow.context.abilities);
            found.push(Differs { kind: DifferenceKind::Failed, before: whole(before, abilities), after: whole(after, abilities) });
            return found;
        }
    };
    let abilities = abilities(&flow.context.abilities);
    let mut compare = |kind, before: Vec<Line>, after: Vec<Line>| {
        found.extend(apart(before, after).into_iter().map(|(before, after)| Differs { kind, before, after }));
    };
    compare(DifferenceKind::Said, said(before, abilities), said(after, abilities));
    compare(DifferenceKind::Done, acted(before), acted(after));
    compare(DifferenceKind::Done, made(before, &flow.calls), made(after, &played.calls));
    let state = flow.context.state.as_ref().unwrap_or(&Value::Null);
    let (kept, would_keep) = kept(&after_turn(state, before), &after_turn(state, after));
    if kept != would_keep {
        found.push(Differs { kind: DifferenceKind::State, before: kept, after: would_keep });
    }
    found
}

fn whole(ended: &Ended, abilities: Abilities) -> Vec<Line> {
    match ended {
        Ended::Failed { error } => vec![Line { what: "action-failed".into(), text: shortened(error) }],
        Ended::Did(outcome) => [said(outcome, abilities), acted(outcome)].concat(),
    }
}

fn said(outcome: &Outcome, abilities: Abilities) -> Vec<Line> {
    let line = |action: &Action| match action {
        Action::Say(said) if outcome.handled => Some(Line { what: "action-say".into(), text: words(&said.content, abilities) }),
        _ => None,
    };
    outcome.actions.iter().filter_map(line).collect()
}

/// What is said as it stands on the phone, each choice in a line of its own.
fn words(said: &relevo_sandbox::api::actions::Speech, abilities: Abilities) -> String {
    match speech::content(said.clone(), abilities) {
        Ok((content, _)) => text_of(&content),
        Err(why) => why.to_string(),
    }
}

pub fn text_of(content: &Content) -> String {
    let mut text = content.words().to_owned();
    if let Content::Media(media) = content
        && let Some(link) = &media.link
    {
        text = format!("{text}\n{link}");
    }
    for option in options::offered(content) {
        text.push_str(&format!("\n[{}]", option.title));
    }
    text.trim().to_owned()
}

/// What was done beside what was said; passing the event on is doing that and nothing else.
fn acted(outcome: &Outcome) -> Vec<Line> {
    if !outcome.handled {
        return vec![Line { what: "action-pass".into(), text: String::new() }];
    }
    let line = |action: &Action| {
        let (what, text) = match action {
            Action::Say(_) | Action::Typing(_) => return None,
            Action::HandOver(to) => {
                ("action-hand-over", [Some(&to.reason), to.team.as_ref(), to.summary.as_ref()].into_iter().flatten().cloned().collect::<Vec<_>>().join(" · "))
            }
            Action::Assign(agent) => ("action-assign", agent.clone()),
            Action::Label(labels) => ("action-label", labels.join(", ")),
            Action::Note(note) => ("action-note", note.clone()),
            Action::Schedule(timer) => ("action-schedule", format!("{} {} {}", timer.name, at(timer.at_ms), timer.payload)),
            Action::CancelTimer(name) => ("action-cancel-timer", name.clone()),
            Action::End(reason) => ("action-end", reason.clone().unwrap_or_default()),
            Action::Other(named) => ("action-other", named.name.clone()),
        };
        Some(Line { what: what.into(), text })
    };
    outcome.actions.iter().filter_map(line).collect()
}

fn at(millis: u64) -> String {
    let stamp = i64::try_from(millis).ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    stamp.map(|stamp| stamp.to_string()).unwrap_or_default()
}

/// What was written and called. Of an event that was passed on nothing stands.
fn made(outcome: &Outcome, calls: &[Call]) -> Vec<Line> {
    let stands = |call: &&Call| asked::DEEDS.contains(&&*call.name) && (outcome.handled || call.name == asked::SEND);
    calls.iter().filter(stands).map(line_of_call).collect()
}

fn line_of_call(call: &Call) -> Line {
    let text = |name: &str| match &call.asked[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let words = match &*call.name {
        asked::SEND => format!("{} {}\n{}", text("method"), text("url"), text("body")),
        asked::KV_PUT => format!("{} {} = {}", text("scope"), text("key"), text("value")),
        asked::KV_DELETE | asked::KV_GET => format!("{} {}", text("scope"), text("key")),
        asked::ADD => format!("{} {}", text("collection"), text("value")),
        asked::SAVE => format!("{} {} {}", text("collection"), text("id"), text("value")),
        asked::REMOVE | asked::GET => format!("{} {}", text("collection"), text("id")),
        asked::RESERVE => format!("{} {}", text("product"), text("quantity")),
        asked::SET_CUSTOMER => text("attributes"),
        asked::OPEN => format!("{}\n{}", text("title"), text("body")),
        asked::COMMENT => text("text"),
        _ => call.asked.to_string(),
    };
    Line { what: call.name.to_string(), text: words.trim().to_owned() }
}

fn after_turn(before: &Value, outcome: &Outcome) -> Value {
    match &outcome.state {
        _ if !outcome.handled => before.clone(),
        StateChange::Keep => before.clone(),
        StateChange::Clear => Value::Null,
        StateChange::Set(state) => serde_json::from_str(state).unwrap_or_else(|_| Value::String(state.clone())),
    }
}

/// The values in which two states differ.
fn kept(before: &Value, after: &Value) -> (Vec<Line>, Vec<Line>) {
    let (before, after) = (values(before), values(after));
    let only = |of: &Map<String, Value>, other: &Map<String, Value>| {
        of.iter().filter(|(name, value)| other.get(*name) != Some(value)).map(|(name, value)| Line { what: name.clone(), text: value.to_string() }).collect()
    };
    (only(&before, &after), only(&after, &before))
}

/// A state that is no object has one value without a name.
fn values(state: &Value) -> Map<String, Value> {
    match state {
        Value::Object(values) => values.clone(),
        Value::Null => Map::new(),
        other => Map::from_iter([(String::new(), other.clone())]),
    }
}

/// Where two lists differ: line by line where there are as many, else what is between their common beginning and their common end.
fn apart(mut before: Vec<Line>, mut after: Vec<Line>) -> Vec<(Vec<Line>, Vec<Line>)> {
    if before.len() == after.len() {
        return before.into_iter().zip(after).filter(|(before, after)| before != after).map(|(before, after)| (vec![before], vec![after])).collect();
    }
    let same = before.iter().zip(&after).take_while(|(before, after)| before == after).count();
    let (mut before, mut after) = (before.split_off(same), after.split_off(same));
    let same = before.iter().rev().zip(after.iter().rev()).take_while(|(before, after)| before == after).count();
    before.truncate(before.len() - same);
    after.truncate(after.len() - same);
    vec![(before, after)]
}

fn abilities(names: &[String]) -> Abilities {
    let has = |name: &str| names.iter().any(|known| known == name);
    Abilities { buttons: has("buttons"), lists: has("list"), templates: has("template") }
}

/// A trap's text with its backtrace says little after its first lines.
fn shortened(error: &str) -> String {
    error.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| Line { what: "action-say".into(), text: (*text).into() }).collect()
    }

    #[test]
    fn what_changed_is_told_apart_from_what_did_not() {
        type Texts = &'static [&'static str];
        type Case = (Texts, Texts, &'static [(Texts, Texts)]);
        let cases: [Case; 5] = [
            (&["a", "b", "c"], &["a", "x", "c"], &[(&["b"], &["x"])]),
            (&["a", "c"], &["a", "b", "c"], &[(&[], &["b"])]),
            (&["a", "b"], &["b"], &[(&["a"], &[])]),
            (&["a"], &["a"], &[]),
            (&[], &["a"], &[(&[], &["a"])]),
        ];
        for (before, after, wanted) in cases {
            let wanted: Vec<_> = wanted.iter().map(|(before, after)| (lines(before), lines(after))).collect();
            assert_eq!(apart(lines(before), lines(after)), wanted, "{before:?} {after:?}");
        }
    }
}
