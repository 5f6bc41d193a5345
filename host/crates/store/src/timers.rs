//! Timers: what flows asked to be told later; and when a cell next has something to do.

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Timer {
    #[sqlx(try_from = "String")]
    pub id: TimerId,
    #[sqlx(try_from = "String")]
    pub conversation_id: ConversationId,
    pub plugin_id: String,
    pub name: String,
    #[sqlx(try_from = "i64")]
    pub due_at: Time,
    pub payload: String,
}

pub struct Timers<'a>(&'a mut Conn);

impl Conn {
    pub fn timers(&mut self) -> Timers<'_> {
        Timers(self)
    }

    /// When something is due, with nobody's doing; none for never. What waits already is due now.
    pub async fn next_due(&mut self) -> Result<Option<Time>> {
        const NEXT: &str = "SELECT MIN(at) FROM (SELECT MIN(due_at) AS at FROM timers UNION ALL SELECT MIN(not_before) FROM turns WHERE state = 'pending' \
                            UNION ALL SELECT MIN(not_before) FROM outbox WHERE state IN ('pending', 'sending', 'uncertain')) AS due";
        Ok(one!(self, (Option<i64>,), NEXT)?.and_then(|(at,)| at).map(Time))
    }
}

impl Timers<'_> {
    pub async fn due(&mut self, now: Time, limit: i64) -> Result<Vec<Timer>> {
        const LIST: &str = "SELECT id, conversation_id, plugin_id, name, due_at, payload FROM timers WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2";
        all!(self.0, Timer, LIST, now.0, limit)
    }

    pub async fn next(&mut self) -> Result<Option<Time>> {
        Ok(one!(self.0, (Option<i64>,), "SELECT MIN(due_at) FROM timers")?.and_then(|(at,)| at).map(Time))
    }
}

impl Write {
    /// Turns a due timer into a turn; once, for the row goes in the same commit.
    pub async fn fire(&mut self, timer: &Timer, turn: TurnId, now: Time) -> Result<()> {
        if run!(self, "DELETE FROM timers WHERE id = $1", timer.id.as_str())? == 0 {
            return Ok(());
        }
        let event = TurnEvent::Timer { plugin_id: timer.plugin_id.clone(), name: timer.name.clone(), payload: timer.payload.clone() };
        self.add_turn(turn, &timer.conversation_id, event, now).await
    }
}
