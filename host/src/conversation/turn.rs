//! One turn: the flows of the service point are asked in their order until one handles it; what it said and did commits together.

use std::{sync::Arc, time::Duration};

use relevo_model::*;
use relevo_sandbox::{
    CallError, CallReport, CallStats, Retry,
    api::{
        actions::Action,
        events::{Event, HandOver as HandedBack, Timer as TimerEvent},
        flow::{Outcome, StateChange},
        turn::Ids,
        types::Failure,
    },
};
use relevo_store::{
    Error as StoreError, PendingTurn, TurnContext,
    hot::{Effects, Finished, HandOver, NewTimer, Said, Session, TurnCommit, TurnEnd},
};
use serde_json::{Value, json};

use super::{
    business::Business,
    capabilities::{FlowHost, Ground},
    chain::{self, Chosen, Link},
    choices,
    journal::{Call, Ended as FlowEnded, Flow, Journal, Recorder},
    layout::{Layout, Line, Point},
    runs, speech,
};
use crate::{plugins::Refused, telemetry::TurnOutcome as Outcomes, texts};

/// Tries of a turn whose failure may pass, and the time in which they are made.
const TRIES: i64 = 5;
const TRYING: Duration = Duration::from_secs(45);
/// Commits that conflict before a person gets the conversation.
const CONFLICTS: u32 = 3;
const WINDOW: Duration = Duration::from_secs(24 * 3_600);
/// Typing that a flow may ask for at most.
const TYPING: u32 = 10_000;

/// What became of a turn.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    Finished,
    /// To be run again then.
    Again {
        attempts: i64,
        at: Time,
    },
    /// Another node received a turn before this one: that one goes first.
    Waits,
    /// More of the same burst came while it ran, and nothing was called outside: once more, together.
    Joins,
}

/// What a chain of flows came to.
enum Asked {
    Handled(Box<Answer>),
    /// Nobody handled it.
    Passed,
    Failed(Fallen),
}

/// A plugin that failed, for good or until the next try.
struct Fallen {
    position: usize,
    chosen: Chosen,
    error: CallError,
}

/// What was seen on the way along a chain.
#[derive(Default)]
struct Course {
    flows: Vec<Flow>,
    /// Those that were passed over because they used up their limits.
    passed_over: Vec<Fallen>,
}

struct Answer {
    plugin: (String, String),
    outcome: Outcome,
    effects: Effects,
    called_outside: bool,
    host: Granted,
}

/// What the plugin that answered may do.
struct Granted {
    timers: bool,
    hand_over: bool,
}

/// Runs a turn, and with it those that joined its burst.
pub async fn run(business: &Arc<Business>, turns: &[PendingTurn], may_join: impl Fn() -> bool) -> anyhow::Result<Ended> {
    let Some(first) = turns.first() else { return Ok(Ended::Finished) };
    for _ in 0..CONFLICTS {
        let Some(context) = business.cell.read().await?.conversations().context(&first.conversation).await? else {
            anyhow::bail!("turn {} has no conversation", first.id);
        };
        if context.first_pending.is_some_and(|seq| seq < first.seq) {
            return Ok(Ended::Waits);
        }
        let layout = business.layout_at(context.config_version).await?;
        let attempt = Attempt::new(business, turns, Arc::new(context), layout)?;
        match attempt.run(&may_join).await {
            // It was in the lane twice: once when it was received, once when what waits was looked up.
            Err(error) if matches!(error.downcast_ref(), Some(StoreError::Ended(_))) => return Ok(Ended::Finished),
            Err(error) if is_conflict(&error) => {
                business.app.meters.turn(Outcomes::Conflict, Duration::ZERO);
                tracing::info!(turn = %first.id, "a turn met another writer and runs again on fresh reads");
            }
            ended => return ended,
        }
    }
    give_up(business, turns, "conflict: somebody else wrote the same rows three times").await
}

fn is_conflict(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<StoreError>(), Some(StoreError::Conflict(_)))
}

/// A turn that cannot be answered: a person gets the conversation, the customer is told.
pub async fn give_up(business: &Arc<Business>, turns: &[PendingTurn], error: &str) -> anyhow::Result<Ended> {
    let Some(first) = turns.first() else { return Ok(Ended::Finished) };
    let Some(context) = business.cell.read().await?.conversations().context(&first.conversation).await? else {
        anyhow::bail!("turn {} has no conversation", first.id);
    };
    let layout = business.layout_at(context.config_version).await?;
    let attempt = Attempt::new(business, turns, Arc::new(context), layout)?;
    attempt.bury(error).await
}

struct Attempt<'a> {
    business: &'a Arc<Business>,
    turns: &'a [PendingTurn],
    context: Arc<TurnContext>,
    layout: Arc<Layout>,
    point: Arc<Point>,
    line: Arc<Line>,
    now: Time,
}

impl<'a> Attempt<'a> {
    fn new(business: &'a Arc<Business>, turns: &'a [PendingTurn], context: Arc<TurnContext>, layout: Arc<Layout>) -> anyhow::Result<Self> {
        let conversation = &context.conversation;
        let (Some(point), Some(line)) = (layout.points.get(&conversation.service_point_id).cloned(), layout.channels.get(&conversation.channel_id).cloned())
        else {
            anyhow::bail!("conversation {} belongs to no service point or channel", conversation.id);
        };
        let now = business.app.clock.now();
        Ok(Self { business, turns, context, layout, point, line, now })
    }

    async fn run(&self, may_join: &impl Fn() -> bool) -> anyhow::Result<Ended> {
        let (first, conversation) = (&self.turns[0], &self.context.conversation);
        let stands = conversation.epoch == first.epoch && conversation.status == Answering::Bot && conversation.bot_enabled;
        if !stands || !self.layout.bot_on(&conversation.service_point_id) {
            // Recorded and shown; the commit finds the epoch moved, or there is nothing to commit.
            self.commit(self.empty(TurnEnd::Done)).await?;
            return Ok(Ended::Finished);
        }
        let Some(event) = self.event() else {
            self.commit(self.empty(TurnEnd::Done)).await?;
            return Ok(Ended::Finished);
        };
        let mut course = Course::default();
        let asked = self.ask(&event, &mut course).await;
        fault::point("after_plugin");
        if let Asked::Handled(answer) = &asked
            && !answer.called_outside
            && may_join()
        {
            return Ok(Ended::Joins);
        }
        let Course { flows, passed_over } = course;
        let journal = Journal::new(first.event.clone(), self.ids(), event, first.attempts, flows);
        let ended = match asked {
            Asked::Handled(answer) => {
                let mut commit = self.commit_of(*answer);
                commit.journal = journal.seal(&self.business.cell, &first.id);
                self.commit(commit).await?;
                Ok(Ended::Finished)
            }
            Asked::Passed => {
                let mut commit = self.empty(TurnEnd::Done);
                commit.journal = journal.seal(&self.business.cell, &first.id);
                if matches!(first.event, TurnEvent::Messages { .. }) {
                    // Nobody knows what to say: silence is the one answer that is never right.
                    commit.effects.hand_over = Some(HandOver { reason: "unhandled".into(), team: None, summary: None });
                    commit.said = vec![self.line_of_ours("hand-over-notice")];
                }
                self.commit(commit).await?;
                Ok(Ended::Finished)
            }
            Asked::Failed(fallen) => self.failed(fallen, journal).await,
        };
        // Only once the turn is over, whatever it came to: what follows of it is not the customer's to wait for.
        for fallen in &passed_over {
            self.blame(fallen).await?;
        }
        ended
    }

    /// Tries again what may pass by itself, else buries the turn.
    async fn failed(&self, fallen: Fallen, journal: Journal) -> anyhow::Result<Ended> {
        let first = &self.turns[0];
        let attempts = first.attempts + 1;
        let (plugin, error) = (fallen.chosen.name(), &fallen.error);
        tracing::warn!(turn = %first.id, plugin = plugin.0, version = plugin.1, attempts, error = error_name(error), "a flow failed");
        if let Some(at) = self.next_try(error) {
            let mut commit = self.empty(TurnEnd::Again { error: error_name(error).into(), at });
            commit.attempts = attempts;
            self.commit(commit).await?;
            return Ok(Ended::Again { attempts, at });
        }
        let mut commit = self.buried(error_name(error));
        commit.attempts = attempts;
        commit.plugin = Some(plugin);
        commit.journal = journal.seal(&self.business.cell, &first.id);
        self.commit(commit).await?;
        self.blame(&fallen).await?;
        Ok(Ended::Finished)
    }

    /// When a failure is tried again; never, once its tries are used up.
    fn next_try(&self, error: &CallError) -> Option<Time> {
        let first = &self.turns[0];
        let attempts = first.attempts + 1;
        let at = match error.retry() {
            Retry::Once if attempts <= 1 => self.now,
            Retry::Several if attempts < TRIES => self.now.after(backoff(attempts, error)),
            _ => return None,
        };
        (at.since(first.created_at) <= TRYING).then_some(at)
    }

    /// Counts a turn that a plugin failed, and does what follows of that.
    async fn blame(&self, fallen: &Fallen) -> anyhow::Result<()> {
        if !runs::is_to_blame(&fallen.error) {
            return Ok(());
        }
        self.business.runs.ended(&fallen.chosen, self.point.chain[fallen.position].beside(), false);
        let judged = runs::judge(self.business, &fallen.chosen, error_name(&fallen.error)).await;
        if let Err(error) = judged {
            // The turn is over all the same; the next failure is judged again.
            tracing::error!(plugin = fallen.chosen.name().0, error = format!("{error:#}"), "what follows of a failing plugin could not be done");
        }
        Ok(())
    }

    async fn bury(&self, error: &str) -> anyhow::Result<Ended> {
        let mut commit = self.buried(error);
        commit.attempts = self.turns[0].attempts + 1;
        self.commit(commit).await?;
        Ok(Ended::Finished)
    }

    fn buried(&self, error: &str) -> TurnCommit {
        let mut commit = self.empty(TurnEnd::Dead { error: error.to_owned() });
        commit.said = vec![self.line_of_ours("hand-over-notice")];
        commit
    }

    /// What the flows are told; none when there is nobody to tell it to.
    fn event(&self) -> Option<Event> {
        match &self.turns[0].event {
            TurnEvent::Messages { .. } => {
                let offered = self.context.offered.as_ref().map_or(&[][..], |offered| &offered.0);
                let messages = self.turns.iter().flat_map(|turn| match &turn.event {
                    TurnEvent::Messages { items, .. } => items.as_slice(),
                    _ => &[],
                });
                Some(Event::Messages(messages.map(|message| speech::inbound(message, &choices::recognise(message.content.clone(), offered))).collect()))
            }
            TurnEvent::Timer { name, payload, .. } => Some(Event::Timer(TimerEvent { name: name.clone(), payload: payload.clone() })),
            TurnEvent::ReturnedToBot { agent, reason } => Some(Event::ReturnedToBot(HandedBack { agent: agent.clone(), reason: reason.clone() })),
        }
    }

    fn wanted_by(&self, link: &Link, chosen: &Chosen) -> bool {
        let manifest = chosen.component.manifest();
        match &self.turns[0].event {
            TurnEvent::Messages { .. } => manifest.wants("messages"),
            TurnEvent::Timer { plugin_id, .. } => *plugin_id == link.install.plugin_id,
            TurnEvent::ReturnedToBot { .. } => manifest.wants("returned-to-bot"),
        }
    }

    fn ids(&self) -> Ids {
        let conversation = &self.context.conversation;
        Ids {
            turn: self.turns[0].id.to_string(),
            business: self.business.cell.tenant().to_string(),
            service_point: conversation.service_point_id.to_string(),
            channel: conversation.channel_id.to_string(),
            conversation: conversation.id.to_string(),
            customer: conversation.customer_id.to_string(),
        }
    }

    async fn ask(&self, event: &Event, course: &mut Course) -> Asked {
        let ids = self.ids();
        for (position, link) in self.point.chain.iter().enumerate() {
            let chosen = link.for_conversation(&self.context.conversation.id);
            if !self.wanted_by(link, &chosen) {
                continue;
            }
            let loaded = match chosen.component.plugin(&self.business.app.media).await {
                Ok(loaded) => loaded,
                // That it is not there, or not what was uploaded, does not pass by itself.
                Err(error) if Refused::of(&error).is_some() => {
                    tracing::error!(plugin = chosen.name().0, %error, "a plugin cannot be loaded any more; it is passed over");
                    continue;
                }
                Err(error) => {
                    let fallen = Fallen { position, chosen, error: CallError::Host(error.into()) };
                    tracing::error!(plugin = fallen.chosen.name().0, error = %fallen.error, "a plugin could not be loaded");
                    return Asked::Failed(fallen);
                }
            };
            let CallReport { result, caps, stats } = loaded.handle(Recorder::new(self.host(position, &chosen)), &ids, event, &chain::limits(&chosen.component)).await;
            let (caps, calls) = caps.into_parts();
            self.business.runs.called(&chosen, self.now, matches!(&result, Ok(outcome) if outcome.handled), result.as_ref().err(), &stats);
            course.flows.push(flow(&chosen, &caps, calls, &result, &stats));
            match result {
                Ok(outcome) => {
                    self.business.runs.ended(&chosen, link.beside(), true);
                    if outcome.handled {
                        let granted = &link.grants;
                        let manifest = chosen.component.manifest();
                        let host = Granted {
                            timers: manifest.allows_timers() && granted.allows_timers(),
                            hand_over: manifest.allows_hand_over() && granted.allows_hand_over(),
                        };
                        let called_outside = !caps.occurrences.is_empty();
                        let plugin = chosen.name();
                        return Asked::Handled(Box::new(Answer { plugin, outcome, effects: caps.overlay.into_effects(), called_outside, host }));
                    }
                    // Its actions, state and writes go with it.
                }
                Err(error) => {
                    let over = matches!(error, CallError::Limit(_) | CallError::Timeout) && self.next_try(&error).is_none();
                    let fallen = Fallen { position, chosen, error };
                    if !over {
                        return Asked::Failed(fallen);
                    }
                    // The others may know what to say.
                    course.passed_over.push(fallen);
                }
            }
        }
        // Nobody did: what failed is what is told.
        if course.passed_over.is_empty() { Asked::Passed } else { Asked::Failed(course.passed_over.remove(0)) }
    }

    fn host(&self, position: usize, chosen: &Chosen) -> FlowHost {
        let ground = Ground {
            cell: self.business.cell.clone(),
            context: Arc::clone(&self.context),
            layout: Arc::clone(&self.layout),
            point: Arc::clone(&self.point),
            line: Arc::clone(&self.line),
            turn: self.turns[0].id,
            now: self.now,
            first_seen: self.turns.iter().any(|turn| matches!(turn.event, TurnEvent::Messages { first_seen: true, .. })),
            egress: self.business.app.egress.clone(),
        };
        FlowHost::new(ground, position, chosen)
    }

    /// A commit that says and changes nothing.
    fn empty(&self, end: TurnEnd) -> TurnCommit {
        let (first, conversation) = (&self.turns[0], &self.context.conversation);
        TurnCommit {
            turn: first.id,
            joined: self.turns[1..].iter().map(|turn| turn.id).collect(),
            conversation: conversation.id,
            service_point: conversation.service_point_id,
            channel: conversation.channel_id,
            customer: conversation.customer_id,
            peer: Alias { kind: conversation.peer_kind, scope: String::new(), value: conversation.peer.clone() },
            epoch: first.epoch,
            attempts: first.attempts,
            now: self.now,
            end,
            plugin: None,
            session: None,
            said: Vec::new(),
            journal: None,
            effects: Effects::default(),
        }
    }

    fn commit_of(&self, answer: Answer) -> TurnCommit {
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

    fn line_of_ours(&self, key: &str) -> Said {
        let locale = self.context.customer_locale.as_deref().or(self.point.row.locale.as_deref()).unwrap_or(&self.layout.business.locale);
        let message = self.turns[0].id.derive(u32::MAX - 1);
        Said { message, content: Content::text(texts::say(locale, key)), quotes: None, evidence: None, not_before: self.now }
    }

    async fn commit(&self, commit: TurnCommit) -> anyhow::Result<()> {
        let (end, joined) = (commit.end.clone(), commit.joined.len());
        let finished = self.business.cell.finish(commit).await?;
        let outcome = match (finished, end) {
            (Finished::Superseded, _) => Outcomes::Superseded,
            (_, TurnEnd::Done) => Outcomes::Done,
            (_, TurnEnd::Dead { .. }) => Outcomes::Dead,
            (_, TurnEnd::Again { .. }) => Outcomes::Retried,
        };
        let app = &self.business.app;
        let took = app.clock.now().since(self.now);
        app.meters.turn(outcome, took);
        for _ in 0..joined {
            app.meters.turn(Outcomes::Joined, took);
        }
        Ok(())
    }
}

/// How an error is called in logs and dead letters: its kind, never what a plugin wrote into it.
fn error_name(error: &CallError) -> &'static str {
    match error {
        CallError::Failure(Failure::Unavailable(_)) => "unavailable",
        CallError::Failure(Failure::TimedOut) => "timed out",
        CallError::Failure(Failure::Conflict) => "conflict",
        CallError::Failure(_) => "refused by the flow",
        CallError::Trap { .. } => "trap",
        CallError::Limit(_) => "limit",
        CallError::Timeout => "timeout",
        CallError::Busy => "busy",
        CallError::Host(_) => "host",
        CallError::NotOffered(_) => "no flow in this plugin",
    }
}

fn backoff(attempts: i64, error: &CallError) -> Duration {
    match error {
        CallError::Failure(Failure::Unavailable(Some(after))) => Duration::from_millis((*after).min(20_000)),
        _ => Duration::from_millis(500 << attempts.clamp(0, 5)),
    }
}

fn flow(chosen: &Chosen, host: &FlowHost, calls: Vec<Call>, result: &Result<Outcome, CallError>, stats: &CallStats) -> Flow {
    let (plugin, version) = chosen.name();
    Flow {
        plugin,
        version,
        digest: chosen.component.digest().to_string(),
        position: host.position,
        context: host.surroundings(),
        calls,
        outcome: match result {
            Ok(outcome) => FlowEnded::Did(outcome.clone()),
            Err(error) => FlowEnded::Failed { error: error.to_string() },
        },
        cpu_us: u64::try_from(stats.cpu.as_micros()).unwrap_or(u64::MAX),
        wall_us: u64::try_from(stats.wall.as_micros()).unwrap_or(u64::MAX),
        memory: stats.memory_peak,
    }
}
