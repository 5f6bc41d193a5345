//! A customer's side of a conversation with a flow.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::World;
use crate::bindings::relevo::flow::actions;
use crate::bindings::relevo::flow::events::Timer;
use crate::{Action, Choice, Content, Event, Failure, Flow, Ids, Inbound, Outcome, Speech, StateChange, Turn};

/// Talks with `F`, a turn at a time, on a virtual clock.
pub struct Chat<F> {
    pub world: World,
    /// Why the flow gave the conversation to a person, once it did.
    pub handed_over: Option<actions::HandOver>,
    /// What the last turn did.
    pub last: Vec<Action>,
    timers: BTreeMap<String, actions::Timer>,
    messages: u64,
    flow: PhantomData<F>,
}

impl<F: Flow> Chat<F> {
    pub fn new(world: World) -> Self {
        Self { world, handed_over: None, last: Vec::new(), timers: BTreeMap::new(), messages: 0, flow: PhantomData }
    }

    /// The customer writes. As on the host, the number or the title of something just offered counts as choosing it.
    pub fn says(&mut self, text: &str) -> String {
        let content =
            match self.offered().into_iter().enumerate().find(|(index, choice)| fold(text) == fold(&choice.title) || text.trim() == (index + 1).to_string()) {
                Some((_, choice)) => Content::Choice(choice),
                None => Content::Text(text.to_owned()),
            };
        self.sends(content)
    }

    /// The customer chooses what was just offered, by its id or its title.
    ///
    /// # Panics
    /// If that was not offered.
    pub fn chooses(&mut self, wanted: &str) -> String {
        let offered = self.offered();
        let choice = offered.iter().find(|choice| choice.id == wanted || choice.title == wanted);
        self.sends(Content::Choice(choice.unwrap_or_else(|| panic!("'{wanted}' is not among {offered:?}")).clone()))
    }

    /// The customer presses a button of some earlier message.
    pub fn presses(&mut self, id: &str) -> String {
        self.sends(Content::Choice(Choice { id: id.to_owned(), title: id.to_owned() }))
    }

    pub fn sends(&mut self, content: Content) -> String {
        self.sends_all(vec![content])
    }

    /// Several messages in one burst.
    pub fn sends_all(&mut self, contents: Vec<Content>) -> String {
        let messages = contents
            .into_iter()
            .map(|content| {
                self.messages += 1;
                Inbound { message: format!("message-{}", self.messages), at_ms: self.world.now_ms, content, quotes: None, referral: None }
            })
            .collect();
        self.happens(Event::Messages(messages)).expect("the turn succeeds");
        self.heard()
    }

    /// Runs one turn. What it wrote stands only if it succeeded and was handled.
    pub fn happens(&mut self, event: Event) -> Result<(), Failure> {
        let ids = Ids {
            turn: format!("turn-{}", self.messages),
            business: "business-1".into(),
            service_point: self.world.service_point.id.clone(),
            channel: "channel-1".into(),
            conversation: "conversation-1".into(),
            customer: self.world.customer.id.clone(),
        };
        let (world, result) = self.world.clone().lend(|| F::handle(&Turn::new(ids), event));
        self.last.clear();
        let outcome = result?;
        if outcome.handled {
            self.world = world;
            self.apply(outcome);
        }
        self.world.customer.first_seen = false;
        Ok(())
    }

    /// Lets time pass; timers that come due run in their order, and what they said is returned.
    pub fn waits(&mut self, minutes: u64) -> String {
        let until = self.world.now_ms + minutes * 60_000;
        let mut heard = Vec::new();
        while let Some(name) = self.timers.values().filter(|timer| timer.at_ms <= until).min_by_key(|timer| timer.at_ms).map(|timer| timer.name.clone()) {
            let timer = self.timers.remove(&name).expect("it was just found");
            self.world.now_ms = self.world.now_ms.max(timer.at_ms);
            self.happens(Event::Timer(Timer { name, payload: timer.payload })).expect("the turn succeeds");
            heard.push(self.heard());
        }
        self.world.now_ms = until;
        heard.join("\n")
    }

    /// What was said in the last turn, each choice on a line of its own as "[title] description".
    pub fn heard(&self) -> String {
        self.said().map(show).collect::<Vec<_>>().join("\n")
    }

    /// What may be chosen now.
    pub fn offered(&self) -> Vec<Choice> {
        match self.said().last() {
            Some(Speech::Buttons(said)) => said.buttons.iter().map(|button| Choice { id: button.id.clone(), title: button.title.clone() }).collect(),
            Some(Speech::Listing(said)) => {
                said.sections.iter().flat_map(|section| &section.rows).map(|row| Choice { id: row.id.clone(), title: row.title.clone() }).collect()
            }
            _ => Vec::new(),
        }
    }

    pub fn timers(&self) -> impl Iterator<Item = &actions::Timer> {
        self.timers.values()
    }

    fn said(&self) -> impl Iterator<Item = &Speech> {
        self.last.iter().filter_map(|action| match action {
            Action::Say(said) => Some(&said.content),
            _ => None,
        })
    }

    fn apply(&mut self, outcome: Outcome) {
        match outcome.state {
            StateChange::Keep => {}
            StateChange::Clear => self.world.state = None,
            StateChange::Set(state) => self.world.state = Some(state),
        }
        for action in &outcome.actions {
            match action {
                Action::Schedule(timer) if timer.replace => drop(self.timers.insert(timer.name.clone(), timer.clone())),
                Action::Schedule(timer) => drop(self.timers.entry(timer.name.clone()).or_insert_with(|| timer.clone())),
                Action::CancelTimer(name) => drop(self.timers.remove(name)),
                Action::HandOver(hand_over) => self.handed_over = Some(hand_over.clone()),
                Action::Label(labels) => self.world.labels.extend_from_slice(labels),
                _ => {}
            }
        }
        self.last = outcome.actions;
    }
}

/// Without case and accents: how the host compares an answer with what it offered.
fn fold(text: &str) -> String {
    let letters = text.trim().chars().flat_map(char::to_lowercase);
    letters
        .map(|letter| match letter {
            'á' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' | 'ü' => 'u',
            'ñ' => 'n',
            other => other,
        })
        .collect()
}

fn show(speech: &Speech) -> String {
    let (body, choices): (&str, Vec<(&str, Option<&str>)>) = match speech {
        Speech::Text(text) => (text, Vec::new()),
        Speech::Buttons(said) => (&said.body, said.buttons.iter().map(|button| (button.title.as_str(), None)).collect()),
        Speech::Listing(said) => {
            let rows = said.sections.iter().flat_map(|section| &section.rows);
            (&said.body, rows.map(|row| (row.title.as_str(), row.description.as_deref())).collect())
        }
        Speech::Attachment(said) => (said.caption.as_deref().unwrap_or("[attachment]"), Vec::new()),
        Speech::Template(said) => (&said.name, Vec::new()),
        Speech::Location(said) => (said.name.as_deref().unwrap_or("[location]"), Vec::new()),
        Speech::Other(said) => (&said.name, Vec::new()),
    };
    let mut text = body.to_owned();
    for (title, description) in choices {
        text.push_str(&format!("\n[{title}]"));
        if let Some(description) = description {
            text.push_str(&format!(" {description}"));
        }
    }
    text
}
