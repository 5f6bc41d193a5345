//! What a flow says and does, collected in the order in which it happens.

use serde::Serialize;

use crate::bindings::relevo::flow::actions::{Buttons, Evidence, HandOver, Listing, Said, Timer};
use crate::{Action, Button, Outcome, Row, Section, Speech, StateChange};

/// Builds the outcome of a turn.
pub struct Reply {
    actions: Vec<Action>,
    state: StateChange,
}

impl Default for Reply {
    fn default() -> Self {
        Self { actions: Vec::new(), state: StateChange::Keep }
    }
}

impl Reply {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn text(&mut self, body: impl Into<String>) -> &mut Self {
        self.say(Speech::Text(body.into()))
    }

    /// Three buttons at most; with more the host sends numbered text.
    pub fn buttons(&mut self, body: impl Into<String>, buttons: Vec<Button>) -> &mut Self {
        self.say(Speech::Buttons(Buttons { body: body.into(), footer: None, buttons }))
    }

    /// Ten rows at most; with more the host sends numbered text. `button` opens the list.
    pub fn list(&mut self, body: impl Into<String>, button: impl Into<String>, rows: Vec<Row>) -> &mut Self {
        let sections = vec![Section { title: String::new(), rows }];
        self.say(Speech::Listing(Listing { body: body.into(), button: button.into(), sections }))
    }

    pub fn say(&mut self, content: Speech) -> &mut Self {
        self.act(Action::Say(Said { content, quotes: None, evidence: Vec::new(), confidence: None, category: None }))
    }

    /// Names what the last thing said stands on; the agent sees it beside the line.
    pub fn standing_on(&mut self, kind: &str, id: &str, title: &str) -> &mut Self {
        if let Some(Action::Say(said)) = self.actions.last_mut() {
            said.evidence.push(Evidence { kind: kind.to_owned(), id: id.to_owned(), title: title.to_owned() });
        }
        self
    }

    /// The conversation goes to a person; what was said before is still sent.
    pub fn hand_over(&mut self, reason: impl Into<String>, summary: Option<String>) -> &mut Self {
        self.act(Action::HandOver(HandOver { reason: reason.into(), team: None, summary }))
    }

    /// Sets the conversation's timer of this name, in place of one that is set already. `at_ms` is UTC.
    pub fn schedule(&mut self, name: &str, at_ms: u64) -> &mut Self {
        self.act(Action::Schedule(Timer { name: name.to_owned(), at_ms, payload: "null".to_owned(), replace: true }))
    }

    pub fn cancel_timer(&mut self, name: &str) -> &mut Self {
        self.act(Action::CancelTimer(name.to_owned()))
    }

    pub fn act(&mut self, action: Action) -> &mut Self {
        self.actions.push(action);
        self
    }

    /// What the flow finds as its state in this conversation's next turn.
    pub fn remember(&mut self, state: &impl Serialize) -> &mut Self {
        self.state = StateChange::Set(serde_json::to_string(state).expect("a state is plain data with text keys"));
        self
    }

    pub fn forget(&mut self) -> &mut Self {
        self.state = StateChange::Clear;
        self
    }

    /// The event is handled; the reply is empty afterwards.
    pub fn done(&mut self) -> Outcome {
        let Self { actions, state } = std::mem::take(self);
        Outcome { handled: true, actions, state }
    }
}

impl Button {
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self { id: id.into(), title: title.into() }
    }
}

impl Row {
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self { id: id.into(), title: title.into(), description: None }
    }

    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}
