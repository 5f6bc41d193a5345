//! One turn: the flows of the service point are asked in their order until one handles it; what it said and did commits together.

mod answer;
mod asking;

use std::{sync::Arc, time::Duration};

use relevo_model::*;
use relevo_sandbox::{CallError, Retry, api::types::Failure};
use relevo_store::{
    Error as StoreError, PendingTurn, TurnContext,
    hot::{Effects, Finished, HandOver, Said, TurnCommit, TurnEnd},
};

use self::asking::{Asked, Course, Fallen};
use super::{
    business::Business,
    journal::Journal,
    layout::{Layout, Line, Point},
    runs,
};
use crate::{telemetry::TurnOutcome as Outcomes, texts};

/// Tries of a turn whose failure may pass, and the time in which they are made.
const TRIES: i64 = 5;
const TRYING: Duration = Duration::from_secs(45);
/// Commits that conflict before a person gets the conversation.
const CONFLICTS: u32 = 3;

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

/// Runs a turn, and with it those that joined its burst.
pub async fn run(business: &Arc<Business>, turns: &[PendingTurn], may_join: impl Fn() -> bool) -> anyhow::Result<Ended> {
    let Some(first) = turns.first() else { return Ok(Ended::Finished) };
    for _ in 0..CONFLICTS {
        let Some(context) = business.cell.turn_context(&first.conversation).await? else {
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
    let Some(context) = business.cell.turn_context(&first.conversation).await? else {
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
