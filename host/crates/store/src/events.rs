//! The event log: everything that came in or was done.

use relevo_model::*;
use serde_json::Value;

use crate::{
    Result,
    sql::{Conn, Engine, Json},
};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LoggedEvent {
    #[sqlx(try_from = "String")]
    pub id: EventId,
    /// Empty for what was done here.
    pub channel_id: String,
    pub dedupe_key: String,
    pub kind: String,
    pub payload: String,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

/// Logs something that was done here, once per subject.
pub(crate) async fn add(conn: &mut impl Engine, id: EventId, kind: &str, subject: &str, data: &Value, now: Time) -> Result<()> {
    const ADD: &str = "INSERT INTO event_log (id, channel_id, dedupe_key, kind, payload, created_at) VALUES ($1, '', $2, $3, $4, $5)";
    run!(conn, ADD, id.as_str(), format!("{kind}:{subject}"), kind, Json(data), now.0).map(|_| ())
}

impl Conn {
    /// Newest first; `before` is the last id seen.
    pub async fn event_log(&mut self, before: Option<&EventId>, limit: i64) -> Result<Vec<LoggedEvent>> {
        const LIST: &str = "SELECT id, channel_id, dedupe_key, kind, payload, created_at FROM event_log WHERE id < $1 ORDER BY id DESC LIMIT $2";
        all!(self, LoggedEvent, LIST, before.map_or("~", EventId::as_str), limit)
    }
}
