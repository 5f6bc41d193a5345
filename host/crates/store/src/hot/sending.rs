//! Taking messages for sending, and noting how it ended.

use std::collections::HashSet;

use relevo_model::*;

use super::{rank, status};
use crate::{
    Notice, Result, Waiting,
    sql::{Engine, Hot, Json, Rows},
};

/// Takes one message for sending.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub message: MessageId,
    pub now: Time,
}

/// How a send ended.
#[derive(Clone, Debug)]
pub struct Mark {
    pub message: MessageId,
    pub conversation: ConversationId,
    pub turn: Option<TurnId>,
    pub end: SendEnd,
}

#[derive(Clone, Debug)]
pub enum SendEnd {
    Sent {
        provider_id: String,
    },
    /// Tried again then.
    Later {
        at: Time,
    },
    /// Nobody can tell whether it arrived; settled by a status, or by a person after this time.
    Uncertain {
        until: Time,
    },
    /// Never; the rest of what the same turn says is cancelled with it.
    Failed {
        problem: Problem,
    },
}

/// The ids of those that were still to be sent, now claimed. A bot's row falls through when the conversation changed hands.
pub(super) async fn claim(conn: &mut Hot, claims: &[&Claim]) -> Result<HashSet<MessageId>> {
    const CLAIM: Rows = Rows {
        head: "WITH v (id, now) AS (VALUES ",
        columns: 2,
        tail: ") UPDATE outbox SET state = 'sending', attempts = attempts + 1, first_tried_at = COALESCE(first_tried_at, v.now) FROM v \
               WHERE outbox.message_id = v.id AND outbox.state || '' = 'pending' AND (outbox.sender <> 'BOT' OR EXISTS \
               (SELECT 1 FROM conversations c WHERE c.id = outbox.conversation_id AND c.epoch = outbox.epoch)) RETURNING outbox.message_id",
    };
    if claims.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = all_rows!(conn, (String,), CLAIM, claims, |row| [row.message.as_str(), row.now.0]);
    let claimed: HashSet<MessageId> = rows.into_iter().filter_map(|(id,)| id.parse().ok()).collect();
    for claim in claims.iter().filter(|claim| !claimed.contains(&claim.message)) {
        cancel_stale(conn, &claim.message).await?;
    }
    Ok(claimed)
}

/// What the bot said under an epoch that is gone is never sent: it must not wait for ever.
async fn cancel_stale(conn: &mut Hot, message: &MessageId) -> Result<()> {
    const STALE: &str = "UPDATE outbox SET state = 'cancelled' WHERE message_id = $1 AND state = 'pending' AND sender = 'BOT'";
    if run!(conn, STALE, message.as_str())? > 0 {
        run!(conn, "UPDATE messages SET state = 'cancelled' WHERE id = $1", message.as_str())?;
    }
    Ok(())
}

pub(super) async fn mark(conn: &mut Hot, marks: &[&Mark], notices: &mut Vec<Notice>) -> Result<()> {
    const OUTBOX: Rows = Rows {
        head: "WITH v (id, state, not_before) AS (VALUES ",
        columns: 3,
        tail: ") UPDATE outbox SET state = v.state, not_before = v.not_before FROM v \
               WHERE outbox.message_id = v.id AND outbox.state || '' IN ('sending', 'uncertain')",
    };
    // The provider's id is always kept; the state gives way only to a later one, for a status may have been faster.
    const MESSAGES: Rows = Rows {
        head: "WITH v (id, provider_id, state, rank, problem) AS (VALUES ",
        columns: 5,
        tail: concat!(
            ") UPDATE messages SET provider_id = COALESCE(v.provider_id, messages.provider_id), problem = COALESCE(v.problem, messages.problem), \
             state = CASE WHEN v.rank > ",
            stored_rank!(),
            " THEN v.state ELSE messages.state END FROM v WHERE messages.id = v.id"
        ),
    };
    if marks.is_empty() {
        return Ok(());
    }
    run_rows!(conn, OUTBOX, marks, |mark| [mark.message.as_str(), outbox_state(&mark.end).as_str(), not_before(&mark.end)]);
    run_rows!(conn, MESSAGES, marks, |mark| [
        mark.message.as_str(),
        provider_id(&mark.end),
        delivery(&mark.end).as_str(),
        // A status that says sent knows better than an answer that says failed.
        rank(delivery(&mark.end)).min(rank(Delivery::Sent)),
        match &mark.end {
            SendEnd::Failed { problem } => Some(Json(problem)),
            _ => None,
        }
    ]);
    let sent: Vec<(MessageId, &str)> = marks.iter().filter_map(|mark| provider_id(&mark.end).map(|id| (mark.message, id))).collect();
    status::apply_early(conn, &sent, notices).await?;
    for mark in marks {
        if let (SendEnd::Failed { .. }, Some(turn)) = (&mark.end, mark.turn) {
            cancel_rest(conn, &turn).await?;
        }
        notices.push(Notice::Conversation(mark.conversation));
    }
    Ok(())
}

/// What comes after a message that never arrives would make no sense.
async fn cancel_rest(conn: &mut Hot, turn: &TurnId) -> Result<()> {
    run!(conn, "UPDATE messages SET state = 'cancelled' WHERE id IN (SELECT message_id FROM outbox WHERE turn_id = $1 AND state = 'pending')", turn.as_str())?;
    run!(conn, "UPDATE outbox SET state = 'cancelled' WHERE turn_id = $1 AND state = 'pending'", turn.as_str())?;
    Ok(())
}

const fn outbox_state(end: &SendEnd) -> OutboxState {
    match end {
        SendEnd::Sent { .. } => OutboxState::Sent,
        SendEnd::Later { .. } => OutboxState::Pending,
        SendEnd::Uncertain { .. } => OutboxState::Uncertain,
        SendEnd::Failed { .. } => OutboxState::Failed,
    }
}

const fn delivery(end: &SendEnd) -> Delivery {
    match end {
        SendEnd::Sent { .. } => Delivery::Sent,
        SendEnd::Later { .. } => Delivery::Queued,
        SendEnd::Uncertain { .. } => Delivery::Uncertain,
        SendEnd::Failed { .. } => Delivery::Failed,
    }
}

const fn not_before(end: &SendEnd) -> i64 {
    match end {
        SendEnd::Later { at } | SendEnd::Uncertain { until: at } => at.0,
        SendEnd::Sent { .. } | SendEnd::Failed { .. } => 0,
    }
}

fn provider_id(end: &SendEnd) -> Option<&str> {
    match end {
        SendEnd::Sent { provider_id } => Some(provider_id),
        _ => None,
    }
}

/// Puts messages into the outbox; they are in `messages` already.
pub(crate) async fn enqueue(conn: &mut impl Engine, waiting: &[Waiting]) -> Result<()> {
    const ADD: Rows = Rows {
        head: "INSERT INTO outbox (message_id, conversation_id, channel_id, turn_id, seq, sender, epoch, not_before, created_at) VALUES ",
        columns: 9,
        tail: "",
    };
    if !waiting.is_empty() {
        run_rows!(conn, ADD, waiting, |row| [
            row.message.as_str(),
            row.conversation.as_str(),
            row.channel.as_str(),
            row.turn.as_ref().map(TurnId::as_str),
            row.seq,
            row.sender.as_str(),
            row.epoch,
            row.not_before.0,
            row.created_at.0
        ]);
    }
    Ok(())
}
