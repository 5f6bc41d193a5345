//! Replays: recorded conversations on another version of a plugin, and what somebody decided about each difference.

use relevo_model::*;

use crate::{
    Cell, Result, Write, keys,
    sql::{Conn, Rows},
};

#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Replay {
    #[sqlx(try_from = "String")]
    pub id: ReplayId,
    pub plugin_id: String,
    pub version: String,
    /// Of the component that ran.
    pub digest: String,
    #[sqlx(try_from = "String")]
    pub state: ReplayState,
    pub conversations: i64,
    pub turns: i64,
    /// Turns that were run or passed over so far.
    pub done: i64,
    /// Turns whose record was not kept or cannot be read.
    pub skipped: i64,
    /// A person or a key, by its id.
    pub started_by: String,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    #[sqlx(try_from = "i64")]
    pub updated_at: Time,
}

#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Difference {
    #[sqlx(try_from = "String")]
    pub id: DifferenceId,
    #[sqlx(try_from = "String")]
    pub replay_id: ReplayId,
    #[sqlx(try_from = "String")]
    pub turn_id: TurnId,
    #[sqlx(try_from = "String")]
    pub conversation_id: ConversationId,
    #[sqlx(try_from = "String")]
    pub kind: DifferenceKind,
    /// Before and after.
    pub sealed: Vec<u8>,
    #[sqlx(try_from = "String")]
    pub verdict: Verdict,
    pub judged_by: Option<String>,
    pub judged_at: Option<i64>,
}

/// How many differences a replay has, by what was decided about them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    pub pending: i64,
    pub approved: i64,
    pub rejected: i64,
}

#[derive(sqlx::FromRow)]
struct Counted {
    #[sqlx(try_from = "String")]
    verdict: Verdict,
    count: i64,
}

impl Difference {
    pub fn seal(cell: &Cell, id: &DifferenceId, plain: &[u8]) -> Vec<u8> {
        cell.seal(place(id), plain)
    }

    pub fn unseal(&self, cell: &Cell) -> Result<Vec<u8>> {
        Ok(cell.unseal(place(&self.id), &self.sealed)?.to_vec())
    }
}

fn place(id: &DifferenceId) -> keys::Place<'_> {
    keys::Place { table: "replay_differences", column: "sealed", row: id.as_str() }
}

macro_rules! columns {
    () => {
        "id, plugin_id, version, digest, state, conversations, turns, done, skipped, started_by, created_at, updated_at"
    };
}

macro_rules! difference_columns {
    () => {
        "id, replay_id, turn_id, conversation_id, kind, sealed, verdict, judged_by, judged_at"
    };
}

pub struct Replays<'a>(&'a mut Conn);

impl Conn {
    pub fn replays(&mut self) -> Replays<'_> {
        Replays(self)
    }
}

impl Replays<'_> {
    pub async fn find(&mut self, id: &ReplayId) -> Result<Option<Replay>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM replays WHERE id = $1");
        one!(self.0, Replay, FIND, id.as_str())
    }

    /// Those of a plugin, newest first.
    pub async fn list_of(&mut self, plugin: &str, limit: i64) -> Result<Vec<Replay>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM replays WHERE plugin_id = $1 ORDER BY id DESC LIMIT $2");
        all!(self.0, Replay, LIST, plugin, limit)
    }

    /// The last one that a version went through to its end.
    pub async fn last_done(&mut self, plugin: &str, version: &str) -> Result<Option<Replay>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM replays WHERE plugin_id = $1 AND version = $2 AND state = 'done' ORDER BY id DESC LIMIT 1");
        one!(self.0, Replay, FIND, plugin, version)
    }

    /// Whether this one is under way, and came forward since.
    pub async fn running(&mut self, plugin: &str, since: Time) -> Result<bool> {
        const FIND: &str = "SELECT COUNT(*) FROM replays WHERE plugin_id = $1 AND state = 'running' AND updated_at >= $2";
        Ok(one!(self.0, (i64,), FIND, plugin, since.0)?.is_some_and(|(count,)| count > 0))
    }

    /// In the order in which they were found, after this one.
    pub async fn differences(&mut self, replay: &ReplayId, after: Option<&DifferenceId>, limit: i64) -> Result<Vec<Difference>> {
        const LIST: &str = concat!("SELECT ", difference_columns!(), " FROM replay_differences WHERE replay_id = $1 AND id > $2 ORDER BY id LIMIT $3");
        all!(self.0, Difference, LIST, replay.as_str(), after.map_or("", DifferenceId::as_str), limit)
    }

    pub async fn difference(&mut self, id: &DifferenceId) -> Result<Option<Difference>> {
        const FIND: &str = concat!("SELECT ", difference_columns!(), " FROM replay_differences WHERE id = $1");
        one!(self.0, Difference, FIND, id.as_str())
    }

    pub async fn verdicts(&mut self, replay: &ReplayId) -> Result<Verdicts> {
        const COUNT: &str = "SELECT verdict, COUNT(*) AS count FROM replay_differences WHERE replay_id = $1 GROUP BY verdict";
        let mut all = Verdicts::default();
        for Counted { verdict, count } in all!(self.0, Counted, COUNT, replay.as_str())? {
            match verdict {
                Verdict::Pending => all.pending = count,
                Verdict::Approved => all.approved = count,
                Verdict::Rejected => all.rejected = count,
            }
        }
        Ok(all)
    }
}

impl Write {
    pub async fn add_replay(&mut self, replay: &Replay) -> Result<()> {
        const ADD: &str = "INSERT INTO replays (id, plugin_id, version, digest, state, conversations, turns, done, skipped, started_by, created_at, updated_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        run!(
            self,
            ADD,
            replay.id.as_str(),
            &replay.plugin_id,
            &replay.version,
            &replay.digest,
            replay.state.as_str(),
            replay.conversations,
            replay.turns,
            replay.done,
            replay.skipped,
            &replay.started_by,
            replay.created_at.0,
            replay.updated_at.0
        )
        .map(|_| ())
    }

    /// How far a replay is, and with what.
    pub async fn save_replay(&mut self, replay: &Replay) -> Result<()> {
        const SAVE: &str = "UPDATE replays SET state = $1, turns = $2, done = $3, skipped = $4, updated_at = $5 WHERE id = $6";
        run!(self, SAVE, replay.state.as_str(), replay.turns, replay.done, replay.skipped, replay.updated_at.0, replay.id.as_str()).map(|_| ())
    }

    pub async fn add_differences(&mut self, found: &[Difference]) -> Result<()> {
        const ADD: Rows =
            Rows { head: "INSERT INTO replay_differences (id, replay_id, turn_id, conversation_id, kind, sealed, verdict) VALUES ", columns: 7, tail: "" };
        if !found.is_empty() {
            run_rows!(self, ADD, found, |row| [
                row.id.as_str(),
                row.replay_id.as_str(),
                row.turn_id.as_str(),
                row.conversation_id.as_str(),
                row.kind.as_str(),
                row.sealed.as_slice(),
                row.verdict.as_str()
            ]);
        }
        Ok(())
    }

    /// False when there is no such difference.
    pub async fn judge(&mut self, difference: &DifferenceId, verdict: Verdict, by: &str, now: Time) -> Result<bool> {
        const JUDGE: &str = "UPDATE replay_differences SET verdict = $1, judged_by = $2, judged_at = $3 WHERE id = $4";
        Ok(run!(self, JUDGE, verdict.as_str(), by, now.0, difference.as_str())? > 0)
    }

    /// Everything in a replay that nobody decided yet.
    pub async fn judge_rest(&mut self, replay: &ReplayId, verdict: Verdict, by: &str, now: Time) -> Result<u64> {
        const JUDGE: &str = "UPDATE replay_differences SET verdict = $1, judged_by = $2, judged_at = $3 WHERE replay_id = $4 AND verdict = 'pending'";
        run!(self, JUDGE, verdict.as_str(), by, now.0, replay.as_str())
    }

    /// Drops replays that are older than the journals are kept that they come from.
    pub async fn forget_replays(&mut self, before: Time) -> Result<u64> {
        run!(self, "DELETE FROM replay_differences WHERE replay_id IN (SELECT id FROM replays WHERE created_at < $1)", before.0)?;
        run!(self, "DELETE FROM replays WHERE created_at < $1", before.0)
    }
}
