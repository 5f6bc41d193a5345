//! What a plugin answered, as it is committed.

use std::time::Duration;

use relevo_model::*;
use relevo_sandbox::api::{actions::Action, flow::StateChange};
use relevo_store::hot::{HandOver, NewTimer, Said, Session, TurnCommit, TurnEnd};
use serde_json::{Value, json};

use super::{Attempt, asking::Answer};
use crate::conversation::speech;

const WINDOW: Duration = Duration::from_secs(24 * 3_600);
/// Typing that a flow may ask for at most.
const TYPING: u32 = 10_000;

impl Attempt<'_> {
    pub(super) fn commit_of(&self, answer: Answer) -> TurnCommit {
        let Answer { plugin, outcome, effects, host, .. } = answer;
        let mut commit = self.empty(TurnEnd::Done);
        commit.effects = effects;
        let mut offered = None;
        let mut pause = 0;
        let mut ids = 0;
        for action in outcome.actions {
            ids += 1;
            match action {
                Action::Say(said) => {
                    let evidence = (!said.evidence.is_empty() || said.confidence.is_some())
                        .then(|| json!({ "evidence": said.evidence, "confidence": said.confidence, "category": said.category, "plugin": plugin.0, "version": plugin.1 }));
                    match speech::content(said.content, self.line.way.abilities()) {
                        Ok((content, _)) if self.window_closed() && !matches!(content, Content::Template { .. }) => {
                            commit.effects.notes.push(format!("{}: more than 24 hours since the customer wrote, so only a template may be said", plugin.0));
                        }
                        Ok((content, choices)) => {
                            offered = Some(choices);
                            let not_before = self.now.after(Duration::from_millis(u64::from(pause)));
                            commit.said.push(Said { message: commit.turn.derive(ids), content, quotes: said.quotes, evidence, not_before });
                        }
                        Err(why) => commit.effects.notes.push(format!("{}: {why}", plugin.0)),
                    }
                }
                Action::Typing(millis) => {
                    pause = (pause + millis).min(TYPING);
                    self.business.show_typing(&self.line, &self.turns[self.turns.len() - 1]);
                }
                Action::HandOver(to) if host.hand_over => commit.effects.hand_over = Some(HandOver { reason: to.reason, team: to.team, summary: to.summary }),
                Action::Assign(agent) if host.hand_over => commit.effects.assign = Some(agent),
                Action::Schedule(timer) if host.timers => commit.effects.timers.push(NewTimer {
                    id: commit.turn.derive(ids),
                    plugin: plugin.0.clone(),
                    name: timer.name,
                    due_at: Time(i64::try_from(timer.at_ms).unwrap_or(i64::MAX)),
                    payload: timer.payload,
                    replace: timer.replace,
                }),
                Action::CancelTimer(name) => commit.effects.cancelled_timers.push((plugin.0.clone(), name)),
                Action::Label(labels) => commit.effects.labels = Some(labels),
                Action::Note(note) => commit.effects.notes.push(note),
                Action::End(reason) => commit.effects.resolved = Some(reason),
                Action::HandOver(_) | Action::Assign(_) | Action::Schedule(_) => {
                    commit.effects.notes.push(format!("{}: an action that its manifest does not ask for was left out", plugin.0));
                }
                Action::Other(named) => commit.effects.notes.push(format!("{}: this host does not know the action {:?}", plugin.0, named.name)),
            }
        }
        // A choice is of what was said last: a number after a plain question is not row two of an older list.
        commit.session = self.session(&plugin.0, outcome.state, offered);
        commit.plugin = Some(plugin);
        commit
    }

    /// WhatsApp takes free text for 24 hours after the customer's last message.
    fn window_closed(&self) -> bool {
        self.context.conversation.last_inbound_at.is_none_or(|at| self.now.since(Time(at)) > WINDOW)
    }

    /// What the flow keeps and what was offered last; none when neither changed.
    fn session(&self, plugin: &str, change: StateChange, offered: Option<Vec<options::Offered>>) -> Option<Session> {
        let before = self.context.states.as_ref().map_or_else(|| json!({}), |states| states.0.clone());
        let mut states = before.clone();
        match change {
            StateChange::Keep => {}
            StateChange::Clear => drop(states.as_object_mut().and_then(|states| states.remove(plugin))),
            StateChange::Set(state) => {
                // Text that is no JSON is kept as text: it is the flow's own, and it gets back what it gave.
                states[plugin] = serde_json::from_str(&state).unwrap_or(Value::String(state));
            }
        }
        let offered_before = self.context.offered.as_ref().map_or(&[][..], |offered| &offered.0);
        let offered = offered.unwrap_or_else(|| offered_before.to_vec());
        (states != before || offered != offered_before).then_some(Session { states, offered })
    }
}
