//! Turns that wait, and how they ended.

use relevo_model::*;

use crate::{
    Notice, Result, Write, conversations,
    sql::{Conn, Json},
};

/// A turn that waits to be run.
#[derive(Clone, Debug)]
pub struct PendingTurn {
    pub id: TurnId,
    pub conversation: ConversationId,
    pub seq: i64,
    /// The conversation's when the event came.
    pub epoch: i64,
    pub event: TurnEvent,
    pub attempts: i64,
    pub not_before: Time,
    pub created_at: Time,
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(try_from = "String")]
    id: TurnId,
    #[sqlx(try_from = "String")]
    conversation_id: ConversationId,
    seq: i64,
    epoch: i64,
    event: Json<TurnEvent>,
    attempts: i64,
    not_before: i64,
    created_at: i64,
}

impl From<Row> for PendingTurn {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            conversation: row.conversation_id,
            seq: row.seq,
            epoch: row.epoch,
            event: row.event.0,
            attempts: row.attempts,
            not_before: Time(row.not_before),
            created_at: Time(row.created_at),
        }
    }
}

/// A turn as it ended.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EndedTurn {
    #[sqlx(try_from = "String")]
    pub id: TurnId,
    #[sqlx(try_from = "String")]
    pub conversation_id: ConversationId,
    pub event: Json<TurnEvent>,
    #[sqlx(try_from = "String")]
    pub state: TurnState,
    pub attempts: i64,
    pub plugin_id: Option<String>,
    pub plugin_version: Option<String>,
    pub error: Option<String>,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    pub finished_at: Option<i64>,
}

pub struct Turns<'a>(&'a mut Conn);

impl Conn {
    pub fn turns(&mut self) -> Turns<'_> {
        Turns(self)
    }
}

impl Turns<'_> {
    /// All that wait, in the order of their conversations; `after` is the last one seen.
    pub async fn pending(&mut self, after: Option<(&ConversationId, i64)>, limit: i64) -> Result<Vec<PendingTurn>> {
        const LIST: &str = "SELECT id, conversation_id, seq, epoch, event, attempts, not_before, created_at FROM turns WHERE state = 'pending' \
                            AND (conversation_id > $1 OR (conversation_id = $1 AND seq > $2)) ORDER BY conversation_id, seq LIMIT $3";
        let (conversation, seq) = after.map_or(("", -1), |(id, seq)| (id.as_str(), seq));
        Ok(all!(self.0, Row, LIST, conversation, seq, limit)?.into_iter().map(PendingTurn::from).collect())
    }

    pub async fn find(&mut self, id: &TurnId) -> Result<Option<EndedTurn>> {
        const FIND: &str =
            "SELECT id, conversation_id, event, state, attempts, plugin_id, plugin_version, error, created_at, finished_at FROM turns WHERE id = $1";
        one!(self.0, EndedTurn, FIND, id.as_str())
    }

    /// Dead letters, newest first.
    pub async fn dead(&mut self, limit: i64) -> Result<Vec<EndedTurn>> {
        const LIST: &str = "SELECT id, conversation_id, event, state, attempts, plugin_id, plugin_version, error, created_at, finished_at FROM turns \
                            WHERE state = 'dead' ORDER BY finished_at DESC LIMIT $1";
        all!(self.0, EndedTurn, LIST, limit)
    }
}

impl Write {
    /// Adds a turn that no message began: a timer, a conversation that was given back.
    pub async fn add_turn(&mut self, id: TurnId, conversation: &ConversationId, event: TurnEvent, now: Time) -> Result<()> {
        const ADD: &str = "INSERT INTO turns (id, conversation_id, seq, epoch, event, not_before, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let Some(found) = self.conversations().find(conversation).await? else { return Ok(()) };
        let seq = next_turn_seq(self, conversation).await?;
        run!(self, ADD, id.as_str(), conversation.as_str(), seq, found.epoch, Json(&event), now.0, now.0)?;
        let turn = PendingTurn { id, conversation: *conversation, seq, epoch: found.epoch, event, attempts: 0, not_before: now, created_at: now };
        self.after_commit(Notice::Turn(Box::new(turn)));
        Ok(())
    }

    /// Runs a dead letter again: the bot gets the conversation and the same event once more.
    pub async fn redrive(&mut self, id: &TurnId, actor: &str, event: EventId, now: Time) -> Result<bool> {
        const REVIVE: &str = "UPDATE turns SET state = 'pending', attempts = 0, not_before = $1, error = NULL, finished_at = NULL, \
                              epoch = (SELECT epoch FROM conversations c WHERE c.id = turns.conversation_id) WHERE id = $2 AND state = 'dead'";
        let Some(turn) = self.turns().find(id).await?.filter(|turn| turn.state == TurnState::Dead) else { return Ok(false) };
        self.release(&turn.conversation_id, actor, event, now).await?;
        if run!(self, REVIVE, now.0, id.as_str())? == 0 {
            return Ok(false);
        }
        const FIND: &str = "SELECT id, conversation_id, seq, epoch, event, attempts, not_before, created_at FROM turns WHERE id = $1";
        if let Some(row) = one!(self, Row, FIND, id.as_str())? {
            self.after_commit(Notice::Turn(Box::new(row.into())));
        }
        Ok(true)
    }
}

async fn next_turn_seq(write: &mut Write, conversation: &ConversationId) -> Result<i64> {
    // A turn without a message takes a number too, so that it keeps its place among those that have one.
    let last = one!(write, (Option<i64>,), "SELECT MAX(last_message_at) FROM conversations WHERE id = $1", conversation.as_str())?;
    conversations::next_seq(write, conversation, Time(last.and_then(|(at,)| at).unwrap_or(0))).await
}
