//! The turn journal and the calls to the outside.

use relevo_model::*;

use crate::{EndedTurn, Result, Write, sql::Conn};

/// A turn that ran, and whether what it did can be run again.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RecordedTurn {
    #[sqlx(flatten)]
    pub turn: EndedTurn,
    pub replayable: bool,
}

macro_rules! turn_columns {
    () => {
        "t.id, t.conversation_id, t.event, t.state, t.attempts, t.plugin_id, t.plugin_version, t.error, t.created_at, t.finished_at, j.replayable \
         FROM turn_journal j JOIN turns t ON t.id = j.turn_id"
    };
}

/// Rows that are looked through for the conversations of a plugin.
const LOOKED_AT: i64 = 20_000;

impl Conn {
    /// The turns of a conversation that ran, newest first, from before this one.
    pub async fn recorded_turns(&mut self, conversation: &ConversationId, before: Option<&TurnId>, limit: i64) -> Result<Vec<RecordedTurn>> {
        const LIST: &str =
            concat!("SELECT ", turn_columns!(), " WHERE j.conversation_id = $1 AND ($2 = '' OR j.turn_id < $2) ORDER BY j.turn_id DESC LIMIT $3");
        all!(self, RecordedTurn, LIST, conversation.as_str(), before.map_or("", TurnId::as_str), limit)
    }

    /// One that ran.
    pub async fn recorded_turn(&mut self, turn: &TurnId) -> Result<Option<RecordedTurn>> {
        const FIND: &str = concat!("SELECT ", turn_columns!(), " WHERE j.turn_id = $1");
        one!(self, RecordedTurn, FIND, turn.as_str())
    }

    /// The turn of a conversation that ran next after this one.
    pub async fn recorded_after(&mut self, conversation: &ConversationId, turn: &TurnId) -> Result<Option<RecordedTurn>> {
        const NEXT: &str = concat!("SELECT ", turn_columns!(), " WHERE j.conversation_id = $1 AND j.turn_id > $2 ORDER BY j.turn_id LIMIT 1");
        one!(self, RecordedTurn, NEXT, conversation.as_str(), turn.as_str())
    }

    /// The conversations in which this plugin answered last, newest first.
    pub async fn conversations_answered_by(&mut self, plugin: &str, limit: i64) -> Result<Vec<ConversationId>> {
        const LIST: &str = "SELECT r.conversation_id, MAX(r.created_at) AS last FROM \
                            (SELECT turn_id, conversation_id, created_at FROM turn_journal ORDER BY turn_id DESC LIMIT $1) r \
                            JOIN turns t ON t.id = r.turn_id WHERE t.plugin_id = $2 GROUP BY r.conversation_id ORDER BY last DESC, r.conversation_id LIMIT $3";
        let rows = all!(self, (String, i64), LIST, LOOKED_AT, plugin, limit)?;
        Ok(rows.into_iter().filter_map(|(id, _)| id.parse().ok()).collect())
    }

    /// A turn as it ran, sealed; none when it was not kept.
    pub async fn journal(&mut self, turn: &TurnId) -> Result<Option<Vec<u8>>> {
        let row = one!(self, (Option<Vec<u8>>,), "SELECT sealed FROM turn_journal WHERE turn_id = $1", turn.as_str())?;
        Ok(row.and_then(|(sealed,)| sealed))
    }

    /// The recorded answer of a call; the outer none when it was never begun, the inner one when nobody knows how it ended.
    pub async fn outside_call(&mut self, turn: &TurnId, hash: &str, occurrence: i64) -> Result<Option<Option<Vec<u8>>>> {
        const FIND: &str = "SELECT answer FROM outside_calls WHERE turn_id = $1 AND hash = $2 AND occurrence = $3";
        Ok(one!(self, (Option<Vec<u8>>,), FIND, turn.as_str(), hash, occurrence)?.map(|(answer,)| answer))
    }
}

impl Write {
    /// Commits to a call before it is made.
    pub async fn intend_call(&mut self, turn: &TurnId, hash: &str, occurrence: i64, now: Time) -> Result<()> {
        const ADD: &str = "INSERT INTO outside_calls (turn_id, hash, occurrence, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        run!(self, ADD, turn.as_str(), hash, occurrence, now.0).map(|_| ())
    }

    pub async fn answer_call(&mut self, turn: &TurnId, hash: &str, occurrence: i64, sealed: &[u8]) -> Result<()> {
        const SAVE: &str = "UPDATE outside_calls SET answer = $1 WHERE turn_id = $2 AND hash = $3 AND occurrence = $4";
        run!(self, SAVE, sealed, turn.as_str(), hash, occurrence).map(|_| ())
    }

    /// Drops what is older than it is kept.
    pub async fn forget_journal(&mut self, before: Time) -> Result<u64> {
        run!(self, "DELETE FROM outside_calls WHERE created_at < $1", before.0)?;
        // By the ids, which grow with the time; a timer's turn may run long after it was given one.
        const OLD: &str = "DELETE FROM turn_journal WHERE turn_id < $1 AND created_at < $2";
        run!(self, OLD, TurnId::earliest(before).as_str(), before.0)
    }
}
