//! Running a script: each step of the customer is a turn, each expectation is held against what the turn said and did.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use relevo_model::{Clock, Content, ConversationId, Location, Media, MediaKind, Time, TurnMessage, options};
use relevo_sandbox::{
    CallReport, Limits, Plugin,
    api::{
        actions::{Action, Timer as NewTimer},
        events::{Event, HandOver, Timer},
        flow::{Outcome, StateChange},
        turn::{Ids, Line as Said},
    },
};

use super::{
    report::{Report, Who},
    script::{Deed, Does, File, Line, Script, Wanted},
    world::World,
};
use crate::conversation::{choices, speech};

/// WhatsApp takes free text for so long after the customer's last message.
const WINDOW: Duration = Duration::from_secs(24 * 3_600);
/// Turns of one step at most: timers that set themselves again would go on for ever.
const TURNS: usize = 1_000;

/// Runs a script against a plugin.
pub async fn run(plugin: &Plugin, script: &Script) -> Report {
    let mut dialogue = Dialogue::new(plugin, script);
    let mut last = 0;
    for step in &script.steps {
        dialogue.line = step.line;
        last = step.line;
        dialogue.step(&step.does).await;
        if !dialogue.report.passed() {
            break;
        }
    }
    dialogue.line = last;
    dialogue.nothing_left();
    dialogue.report
}

struct Dialogue<'a> {
    plugin: &'a Plugin,
    world: World,
    ids: Clock,
    report: Report,
    /// Of the step that is under way.
    line: usize,
    offered: Vec<options::Offered>,
    timers: BTreeMap<String, NewTimer>,
    /// What was said and not expected yet: what it is called, and its choices.
    said: VecDeque<(String, Vec<String>)>,
    did: Vec<(Deed, String)>,
    /// A person has the conversation.
    held: bool,
    last_inbound: Time,
}

impl<'a> Dialogue<'a> {
    fn new(plugin: &'a Plugin, script: &Script) -> Self {
        let ids = Clock::standing(script.at, 0);
        Self {
            plugin,
            world: World::new(plugin.manifest(), script, ids.id()),
            ids,
            report: Report::new(&script.name),
            line: 0,
            offered: Vec::new(),
            timers: BTreeMap::new(),
            said: VecDeque::new(),
            did: Vec::new(),
            held: false,
            last_inbound: script.at,
        }
    }

    async fn step(&mut self, does: &Does) {
        if !matches!(does, Does::Bot(_) | Does::Did(..)) {
            self.nothing_left();
            if !self.report.passed() {
                return;
            }
            self.did.clear();
        }
        match does {
            Does::Says(text) => self.customer(Content::text(text), text.clone()).await,
            Does::Chooses(wanted) => self.chooses(wanted).await,
            Does::Sends(file) => self.customer(image(file), format!("[{}] {}", file.name, file.caption.as_deref().unwrap_or_default())).await,
            Does::Place { latitude, longitude } => {
                let place = Content::Location(Location { latitude: *latitude, longitude: *longitude, name: None, address: None });
                self.customer(place, format!("[{latitude}, {longitude}]")).await;
            }
            Does::Returns(reason) => {
                self.report.note(Who::Deed, "a person gives the conversation back");
                self.held = false;
                self.turn(Event::ReturnedToBot(HandOver { agent: Some("agent-1".into()), reason: reason.clone() })).await;
            }
            Does::Advances(by) => self.advance(*by).await,
            Does::Bot(line) => self.expects(line),
            Does::Did(deed, wanted) => self.expects_deed(*deed, wanted),
        }
    }

    async fn chooses(&mut self, wanted: &str) {
        let titled = |title: &str| options::plain(title) == options::plain(wanted);
        // As the flow named it, or as the phone shows it.
        let shown = |title: &str| [options::ROW_TITLE, options::BUTTON_TITLE].into_iter().any(|limit| titled(&options::cut(title, limit)));
        let found = self.offered.iter().find(|option| option.id == wanted || titled(&option.title) || shown(&option.title)).cloned();
        let Some(option) = found else {
            let offered: Vec<String> = self.offered.iter().map(|option| format!("{:?} ({})", option.title, option.id)).collect();
            let offered = if offered.is_empty() { "nothing".to_owned() } else { offered.join(", ") };
            self.report.fail(self.line, format!("{wanted:?} cannot be chosen: the bot offered {offered}"));
            return;
        };
        let text = option.title.clone();
        self.customer(Content::Choice { id: option.id, title: option.title, description: None }, text).await;
    }

    async fn customer(&mut self, content: Content, shown: String) {
        self.report.note(Who::Customer, shown);
        self.last_inbound = self.world.now;
        let content = choices::recognise(content, &self.offered);
        let message = TurnMessage { id: self.ids.id(), at: self.world.now, content: content.clone(), quotes: None, referral: None };
        self.remember("customer", content.words());
        if self.held {
            self.report.note(Who::Deed, "a person has the conversation: the bot does not hear it");
            return;
        }
        self.turn(Event::Messages(vec![speech::inbound(&message, &content)])).await;
        self.world.customer.first_seen = false;
    }

    /// Lets time pass; timers that come due ring in their order.
    async fn advance(&mut self, by: Duration) {
        let until = self.world.now.after(by);
        self.report.note(Who::Clock, format!("{} min later", by.as_secs() / 60));
        for _ in 0..TURNS {
            let due = self.timers.values().filter(|timer| at(timer) <= until).min_by_key(|timer| (timer.at_ms, timer.name.clone())).cloned();
            let Some(timer) = due else {
                self.moves(until);
                return;
            };
            self.timers.remove(&timer.name);
            self.moves(at(&timer).max(self.world.now));
            if !self.held {
                self.turn(Event::Timer(Timer { name: timer.name, payload: timer.payload })).await;
            }
            if !self.report.passed() {
                return;
            }
        }
        self.report.fail(self.line, format!("more than {TURNS} timers rang in one step: one sets itself again at once"));
    }

    fn moves(&mut self, to: Time) {
        self.ids.advance(to.since(self.world.now));
        self.world.now = to;
    }

    async fn turn(&mut self, event: Event) {
        let world = self.world.begin(self.ids.id());
        let ids = Ids {
            turn: world.turn.to_string(),
            business: "scripts".into(),
            service_point: "point-1".into(),
            channel: "channel-1".into(),
            conversation: "conversation-1".into(),
            customer: "customer-1".into(),
        };
        let CallReport { result, mut caps, .. } = self.plugin.handle(world, &ids, &event, &self.plugin.manifest().limits.within(&Limits::default())).await;
        self.report.log.append(&mut caps.log);
        let unscripted = std::mem::take(&mut caps.outside.unscripted);
        // What the outside was asked is not forgotten, whatever becomes of the turn.
        self.world.outside = caps.outside.clone();
        if let Some(call) = unscripted.first() {
            self.report.fail(self.line, format!("the script has no [[http]] for this call:\n{call}"));
            return;
        }
        match result {
            Ok(outcome) if outcome.handled => {
                let opened = caps.tickets[self.world.tickets.len()..].iter().map(|ticket| (Deed::Ticket, ticket.title.clone()));
                self.did.extend(opened);
                self.world = caps;
                self.apply(outcome);
            }
            Ok(_) if matches!(event, Event::Messages(_)) => {
                // Nobody else is asked here: as on the host, a person gets what no flow handles.
                self.held = true;
                self.done(Deed::HandOver, "unhandled".into());
            }
            Ok(_) => {}
            Err(error) => self.report.fail(self.line, error.to_string()),
        }
    }

    fn apply(&mut self, outcome: Outcome) {
        match outcome.state {
            StateChange::Keep => {}
            StateChange::Clear => self.world.state = None,
            StateChange::Set(state) => self.world.state = Some(state),
        }
        let mut offered = None;
        let (timers, hand_over) = (self.world.grants.allows_timers(), self.world.grants.allows_hand_over());
        for action in outcome.actions {
            match action {
                Action::Say(said) => match speech::content(said.content, self.world.abilities()) {
                    Ok((content, choices)) => {
                        if self.says(content, &choices) {
                            offered = Some(choices);
                        }
                    }
                    Err(why) => self.done(Deed::Note, why.to_string()),
                },
                Action::Typing(_) => {}
                Action::HandOver(to) if hand_over => {
                    self.held = true;
                    self.done(Deed::HandOver, to.reason);
                }
                Action::Assign(_) if hand_over => {}
                Action::Schedule(timer) if timers => {
                    if timer.replace || !self.timers.contains_key(&timer.name) {
                        self.timers.insert(timer.name.clone(), timer);
                    }
                }
                Action::CancelTimer(name) => drop(self.timers.remove(&name)),
                Action::Label(labels) => {
                    labels.iter().for_each(|label| self.done(Deed::Label, label.clone()));
                    self.world.labels = labels;
                }
                Action::Note(note) => self.done(Deed::Note, note),
                Action::End(reason) => self.done(Deed::Ended, reason.unwrap_or_default()),
                Action::HandOver(_) | Action::Assign(_) | Action::Schedule(_) => {
                    self.done(Deed::Note, "an action that the manifest does not ask for was left out".into());
                }
                Action::Other(named) => self.done(Deed::Note, format!("the host does not know the action {:?}", named.name)),
            }
        }
        self.offered = offered.unwrap_or_else(|| std::mem::take(&mut self.offered));
    }

    /// False for what WhatsApp would not take any more.
    fn says(&mut self, content: Content, choices: &[options::Offered]) -> bool {
        if self.world.now.since(self.last_inbound) > WINDOW && !matches!(content, Content::Template { .. }) {
            self.done(Deed::Note, "more than 24 hours since the customer wrote, so only a template may be said".into());
            return false;
        }
        self.remember("bot", content.words());
        let shown = options::offered(&content);
        let titles = if shown.is_empty() { choices } else { &shown };
        self.said.push_back((content.words().to_owned(), titles.iter().map(|option| option.title.clone()).collect()));
        true
    }

    fn remember(&mut self, author: &str, text: &str) {
        let line = Said {
            id: self.ids.id::<ConversationId>().to_string(),
            at_ms: u64::try_from(self.world.now.0).unwrap_or(0),
            author: author.to_owned(),
            text: text.to_owned(),
        };
        self.world.history.push(line);
    }

    fn done(&mut self, deed: Deed, text: String) {
        self.did.push((deed, text));
    }

    fn expects(&mut self, wanted: &Line) {
        let Some((text, titles)) = self.said.pop_front() else {
            self.report.differs(self.line, Who::Bot, "nothing more was said", described(wanted));
            return;
        };
        let fits = wanted.exactly.as_ref().is_none_or(|exactly| exactly.trim() == text.trim())
            && wanted.contains.as_ref().is_none_or(|part| text.contains(part.trim()))
            && wanted.choices.as_ref().is_none_or(|choices| *choices == titles);
        let shown = with_choices(&text, &titles);
        if fits {
            self.report.note(Who::Bot, shown);
        } else {
            self.report.differs(self.line, Who::Bot, &shown, described(wanted));
        }
    }

    fn expects_deed(&mut self, deed: Deed, wanted: &Wanted) {
        let found = self.did.iter().position(|(done, text)| *done == deed && !matches!(wanted, Wanted::Text(wanted) if wanted.trim() != text.trim()));
        match (found, wanted) {
            (None, Wanted::Any(false)) => {}
            (Some(at), Wanted::Any(true) | Wanted::Text(_)) => {
                let (_, text) = self.did.remove(at);
                self.report.note(Who::Deed, format!("{}: {text}", deed.key()));
            }
            (found, wanted) => {
                let text = found.or_else(|| self.did.iter().position(|(done, _)| *done == deed)).map(|at| self.did[at].1.clone());
                let got = text.map_or_else(|| format!("no {}", deed.key()), |text| format!("{}: {text}", deed.key()));
                let expected = match wanted {
                    Wanted::Any(any) => format!("{} = {any}", deed.key()),
                    Wanted::Text(text) => format!("{}: {text}", deed.key()),
                };
                self.report.differs(self.line, Who::Deed, &got, expected);
            }
        }
    }

    /// What was said, and what ends a bot's part, is expected by somebody.
    fn nothing_left(&mut self) {
        if !self.report.passed() {
            return;
        }
        if let Some((text, titles)) = self.said.pop_front() {
            self.report.differs(self.line, Who::Bot, &with_choices(&text, &titles), "nothing more".into());
            return;
        }
        let ends = self.did.iter().find(|(deed, _)| matches!(deed, Deed::HandOver | Deed::Ended | Deed::Ticket)).cloned();
        if let Some((deed, text)) = ends {
            let expected = format!("nothing more; if it is as it should be, add [[step]] {} = true", deed.key());
            self.report.differs(self.line, Who::Deed, &format!("{}: {text}", deed.key()), expected);
        }
    }
}

fn at(timer: &NewTimer) -> Time {
    Time(i64::try_from(timer.at_ms).unwrap_or(i64::MAX))
}

fn image(file: &File) -> Content {
    let mime = mime_guess::from_path(&file.name).first_raw().unwrap_or("image/jpeg");
    Content::Media(Media {
        kind: MediaKind::Image,
        id: Some("media-1".into()),
        link: None,
        mime: mime.into(),
        sha256: None,
        size: Some(1_024),
        name: Some(file.name.clone()),
        caption: file.caption.clone(),
    })
}

fn with_choices(text: &str, titles: &[String]) -> String {
    titles.iter().fold(text.to_owned(), |text, title| format!("{text}\n[{title}]"))
}

fn described(wanted: &Line) -> String {
    let text = match (&wanted.exactly, &wanted.contains) {
        (Some(text), _) => text.trim().to_owned(),
        (None, Some(part)) => format!("… {} …", part.trim()),
        (None, None) => String::new(),
    };
    with_choices(&text, wanted.choices.as_deref().unwrap_or_default())
}
