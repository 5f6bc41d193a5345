//! The outbox at work: one message of a conversation at a time, in order.

use std::{sync::Arc, time::Duration};

use relevo_model::*;
use relevo_store::{
    Claiming, Waiting,
    hot::{Claim, Mark, SendEnd},
};
use tokio::sync::Notify;

use super::{business::Business, layout::Line};
use crate::{
    channels::{Outgoing, Reach, Sent, simulator},
    telemetry::SendOutcome as Outcomes,
};

/// How long a message that can be tried again keeps the next one waiting.
const BLOCKS: Duration = Duration::from_secs(30);
/// How long a message whose fate nobody knows waits for the status that tells.
const UNCERTAIN: Duration = Duration::from_secs(20);

/// A message whose claim was asked for when its notice came.
struct Ahead {
    waiting: Waiting,
    line: Arc<Line>,
    at: Time,
    claiming: Claiming,
}

/// Begins to work a conversation's lane.
pub fn begin(business: &Arc<Business>, conversation: ConversationId) {
    let ahead = business.outbox.first(&conversation).and_then(|(waiting, _)| claim_ahead(business, waiting));
    business.app.tasks.spawn(work(Arc::clone(business), conversation, ahead));
}

fn claim_ahead(business: &Business, waiting: Waiting) -> Option<Ahead> {
    let at = business.app.clock.now();
    let line = Arc::clone(business.layout().channels.get(&waiting.channel)?);
    if waiting.state != OutboxState::Pending || ready_at(&line, &waiting) > at {
        return None;
    }
    let claiming = business.cell.claim_ahead(Claim { message: waiting.message, now: at })?;
    Some(Ahead { waiting, line, at, claiming })
}

/// Works a conversation's lane until it is empty or this node closes.
async fn work(business: Arc<Business>, conversation: ConversationId, ahead: Option<Ahead>) {
    if let Some(Ahead { waiting, line, at, claiming }) = ahead {
        let message = waiting.message;
        let sent = async { deliver(&business, &line, waiting, at, claiming.taken().await?).await }.await;
        if let Err(error) = sent {
            unnoted(&business, &message, &error).await;
        }
    }
    while let Some((waiting, wake)) = business.outbox.first(&conversation) {
        if business.app.closing.is_cancelled() {
            return;
        }
        let message = waiting.message;
        if let Err(error) = step(&business, waiting, &wake).await {
            unnoted(&business, &message, &error).await;
        }
    }
}

async fn unnoted(business: &Business, message: &MessageId, error: &anyhow::Error) {
    tracing::error!(%message, error = format!("{error:#}"), "the outbox could not note how a send ended; it is looked at again");
    business.pause(Duration::from_secs(1)).await;
}

async fn step(business: &Arc<Business>, waiting: Waiting, wake: &Notify) -> anyhow::Result<()> {
    let layout = business.layout();
    let Some(line) = layout.channels.get(&waiting.channel).cloned() else {
        anyhow::bail!("message {} belongs to no channel", waiting.message);
    };
    match waiting.state {
        OutboxState::Pending => send(business, &line, waiting, wake).await,
        // Handing a message to a phone of our own has no outside: it is simply done again.
        OutboxState::Sending if line.simulated => {
            change(business, &waiting, |row| row.state = OutboxState::Pending);
            again(business, &waiting, business.app.clock.now(), None).await
        }
        // Claimed by a process that is no more: it may have been sent.
        OutboxState::Sending => {
            let until = business.app.clock.now().after(UNCERTAIN);
            mark(business, &waiting, SendEnd::Uncertain { until }).await?;
            change(business, &waiting, |row| {
                row.state = OutboxState::Uncertain;
                row.not_before = until;
            });
            Ok(())
        }
        OutboxState::Uncertain => settle(business, &line, waiting, wake).await,
        OutboxState::Sent | OutboxState::Failed | OutboxState::Cancelled => {
            done(business, &waiting);
            Ok(())
        }
    }
}

async fn send(business: &Arc<Business>, line: &Line, waiting: Waiting, wake: &Notify) -> anyhow::Result<()> {
    let clock = &business.app.clock;
    let now = clock.now();
    let ready = ready_at(line, &waiting);
    if ready > now {
        // Something may happen first: the channel is renewed, the conversation is taken over.
        tokio::select! {
            () = clock.sleep_until(ready) => {}
            () = wake.notified() => {}
            () = business.app.closing.cancelled() => {}
        }
        return Ok(());
    }
    let claimed = business.cell.claim(Claim { message: waiting.message, now }).await?;
    deliver(business, line, waiting, now, claimed).await
}

/// Sends what was claimed then, and notes how that ended.
async fn deliver(business: &Arc<Business>, line: &Line, waiting: Waiting, now: Time, claimed: bool) -> anyhow::Result<()> {
    if !claimed {
        done(business, &waiting);
        return Ok(());
    }
    let clock = &business.app.clock;
    // Should noting how it ended fail, then it is one whose fate nobody knows, and not one that nobody sends any more.
    change(business, &waiting, |row| row.state = OutboxState::Sending);
    let first_tried = waiting.first_tried_at.unwrap_or(now);
    let sent = line.way.send(Outgoing { ours: &waiting.message, to: &waiting.peer, content: &waiting.content, quotes: waiting.quotes.as_deref() }).await;
    fault::point("after_send");
    let before = now;
    let now = clock.now();
    business.app.meters.send(outcome(&sent), now.since(before));
    if matches!(sent, Sent::Accepted { .. }) {
        business.app.meters.replied(now.since(waiting.created_at));
    }
    match sent {
        Sent::Accepted { provider_id } => {
            mark(business, &waiting, SendEnd::Sent { provider_id }).await?;
            done(business, &waiting);
            if line.row.state == ChannelState::Paused {
                business.revive(line).await?;
            }
            if line.simulated {
                business.arrived(line, &waiting).await?;
            }
        }
        Sent::Refused(problem) | Sent::WindowClosed(problem) => fail(business, &waiting, problem).await?,
        Sent::Later { after, reach, problem } => {
            if now.since(first_tried) + after > BLOCKS {
                return fail(business, &waiting, problem).await;
            }
            if reach == Reach::Number {
                business.slow_down(line, now.after(after));
            }
            again(business, &waiting, now.after(after), Some(first_tried)).await?;
        }
        Sent::Pause { after, problem } => {
            business.set_channel(line, ChannelState::Paused, &problem, Some(now.after(after))).await?;
            again(business, &waiting, now.after(after), None).await?;
        }
        Sent::TokenExpired(problem) => {
            business.set_channel(line, ChannelState::Stopped, &problem, None).await?;
            again(business, &waiting, now, None).await?;
        }
        Sent::Uncertain(why) => {
            tracing::warn!(message = %waiting.message, why, "nobody can tell whether a message was sent");
            let until = now.after(UNCERTAIN);
            mark(business, &waiting, SendEnd::Uncertain { until }).await?;
            change(business, &waiting, |row| {
                row.state = OutboxState::Uncertain;
                row.not_before = until;
            });
        }
    }
    Ok(())
}

const fn outcome(sent: &Sent) -> Outcomes {
    match sent {
        Sent::Accepted { .. } => Outcomes::Sent,
        Sent::Refused(_) | Sent::WindowClosed(_) => Outcomes::Failed,
        Sent::Later { .. } | Sent::Pause { .. } | Sent::TokenExpired(_) => Outcomes::Retried,
        Sent::Uncertain(_) => Outcomes::Uncertain,
    }
}

/// When it may go: not before its own time, nor before its channel's; a stopped channel waits for a person, and one that was taken away for nobody.
fn ready_at(line: &Line, waiting: &Waiting) -> Time {
    match (line.row.state, line.row.paused_until) {
        _ if line.row.removed_at.is_some() => waiting.created_at,
        (ChannelState::Stopped | ChannelState::Pending, _) => Time(i64::MAX),
        (ChannelState::Paused, Some(until)) => Time(until).max(waiting.not_before),
        _ => waiting.not_before.max(Time(line.slow_until.load(std::sync::atomic::Ordering::Relaxed))),
    }
}

/// Waits for the status that tells, and then does what the business wants: ask a person, or send again.
async fn settle(business: &Arc<Business>, line: &Line, waiting: Waiting, wake: &Notify) -> anyhow::Result<()> {
    let clock = &business.app.clock;
    let state = business.cell.read().await?.outbox().state(&waiting.message).await?;
    if state != Some(OutboxState::Uncertain) {
        done(business, &waiting);
        return Ok(());
    }
    let now = clock.now();
    if waiting.not_before > now {
        tokio::select! {
            () = clock.sleep_until(waiting.not_before) => {}
            () = wake.notified() => {}
            () = business.app.closing.cancelled() => {}
        }
        return Ok(());
    }
    let policy = business.layout().points.get(&line.row.service_point_id).map_or(UncertainPolicy::Ask, |point| point.row.uncertain_policy);
    let mut write = business.cell.write().await?;
    write.as_owner().await?;
    let again = match policy {
        UncertainPolicy::Resend => write.resend(&waiting.message, now).await?,
        UncertainPolicy::Ask => {
            write.leave_uncertain(&waiting.message, &waiting.conversation, clock.id(), now).await?;
            false
        }
    };
    write.commit().await?;
    if again {
        // It keeps its place: what was said after it is heard after it.
        change(business, &waiting, |row| {
            (row.state, row.attempts) = (OutboxState::Pending, 0);
            (row.not_before, row.first_tried_at) = (now, None);
        });
    } else {
        done(business, &waiting);
    }
    Ok(())
}

async fn fail(business: &Arc<Business>, waiting: &Waiting, problem: Problem) -> anyhow::Result<()> {
    tracing::warn!(message = %waiting.message, code = problem.code, "a message was refused");
    mark(business, waiting, SendEnd::Failed { problem }).await?;
    done(business, waiting);
    Ok(())
}

async fn again(business: &Arc<Business>, waiting: &Waiting, at: Time, first_tried: Option<Time>) -> anyhow::Result<()> {
    mark(business, waiting, SendEnd::Later { at }).await?;
    change(business, waiting, |row| {
        row.state = OutboxState::Pending;
        row.not_before = at;
        row.first_tried_at = first_tried;
    });
    Ok(())
}

async fn mark(business: &Arc<Business>, waiting: &Waiting, end: SendEnd) -> anyhow::Result<()> {
    Ok(business.cell.mark(Mark { message: waiting.message, conversation: waiting.conversation, turn: waiting.turn, end }).await?)
}

fn change(business: &Arc<Business>, waiting: &Waiting, change: impl FnOnce(&mut Waiting)) {
    business.outbox.change_first(&waiting.conversation, |row| {
        if row.message == waiting.message {
            change(row);
        }
    });
}

fn done(business: &Arc<Business>, waiting: &Waiting) {
    business.outbox.remove(&waiting.conversation, |row| row.message == waiting.message);
}

/// What a simulated phone tells of a message that reached it.
pub fn delivered(waiting: &Waiting, now: Time) -> Incoming {
    simulator::tick(waiting.message.as_str(), Delivery::Delivered, now)
}
