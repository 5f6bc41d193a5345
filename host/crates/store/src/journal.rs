//! The turn journal and the calls to the outside.

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

impl Conn {
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
        run!(self, "DELETE FROM turn_journal WHERE created_at < $1", before.0)
    }
}
