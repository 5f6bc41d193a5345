//! Requests that must be done once: what was asked under a key, and what was answered. In a cell, or on the platform for who acts in none.

use std::time::Duration;

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

/// An answer is given again for so long.
const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// A request that has not ended after this was lost with its process: it may be made again. Longer than any of them takes, since
/// one that still runs would then be done twice.
const LOST: Duration = Duration::from_secs(60);

/// A request, as a client made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// A user or an API key.
    pub caller: String,
    pub key: String,
    /// A hash of what is asked.
    pub request: String,
    /// Another one at each try.
    pub attempt: String,
}

/// What is known of a request that was asked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing: it is this one's to do.
    Nothing,
    /// It was answered like this, sealed.
    Answered(Vec<u8>),
    /// It is being done now.
    InFlight,
    /// The key was another request's.
    Other,
}

#[derive(sqlx::FromRow)]
struct Row {
    request: String,
    answer: Option<Vec<u8>>,
}

impl Conn {
    /// What is kept under a key.
    async fn asked(&mut self, caller: &str, key: &str) -> Result<Option<Row>> {
        one!(self, Row, "SELECT request, answer FROM idempotency_keys WHERE caller = $1 AND key = $2", caller, key)
    }
}

impl Write {
    /// Takes a request on, unless it was taken on before. What is older than a day is forgotten by this.
    pub async fn begin_once(&mut self, asked: &Asked, now: Time) -> Result<Before> {
        const TAKE: &str = "INSERT INTO idempotency_keys (caller, key, request, attempt, started_at) VALUES ($1, $2, $3, $4, $5) \
                            ON CONFLICT (caller, key) DO UPDATE SET attempt = excluded.attempt, started_at = excluded.started_at \
                            WHERE idempotency_keys.answer IS NULL AND idempotency_keys.started_at <= $6 AND idempotency_keys.request = excluded.request";
        let ago = |duration: Duration| now.0 - i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let Asked { caller, key, request, attempt } = asked;
        run!(self, "DELETE FROM idempotency_keys WHERE started_at <= $1", ago(KEPT))?;
        if run!(self, TAKE, caller, key, request, attempt, now.0, ago(LOST))? == 1 {
            return Ok(Before::Nothing);
        }
        Ok(match self.asked(caller, key).await? {
            Some(row) if row.request != *request => Before::Other,
            Some(Row { answer: Some(answer), .. }) => Before::Answered(answer),
            _ => Before::InFlight,
        })
    }

    /// Keeps the answer of a request that this attempt did.
    pub async fn end_once(&mut self, asked: &Asked, answer: &[u8]) -> Result<()> {
        const KEEP: &str = "UPDATE idempotency_keys SET answer = $1 WHERE caller = $2 AND key = $3 AND attempt = $4";
        run!(self, KEEP, answer, &asked.caller, &asked.key, &asked.attempt).map(|_| ())
    }

    /// Lets go of a key whose request came to nothing, so that it can be asked again.
    pub async fn free_once(&mut self, asked: &Asked) -> Result<()> {
        const FREE: &str = "DELETE FROM idempotency_keys WHERE caller = $1 AND key = $2 AND attempt = $3 AND answer IS NULL";
        run!(self, FREE, &asked.caller, &asked.key, &asked.attempt).map(|_| ())
    }
}
