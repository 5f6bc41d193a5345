//! Sessions of people who logged in, and how often somebody knocked in vain.

use std::time::Duration;

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

/// One login: a browser, or what the API's short tokens stand on.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Login {
    #[sqlx(try_from = "String")]
    pub id: SessionId,
    #[sqlx(try_from = "String")]
    pub user_id: UserId,
    /// The business that is worked in now, by its id.
    pub tenant_id: Option<String>,
    #[sqlx(try_from = "String")]
    pub kind: SessionKind,
    /// The second factor is still to come: it opens nothing.
    pub awaits_code: bool,
    pub user_agent: Option<String>,
    pub address: Option<String>,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    #[sqlx(try_from = "i64")]
    pub last_used_at: Time,
    #[sqlx(try_from = "i64")]
    pub expires_at: Time,
}

/// How many attempts are free, and how the wait grows after them: one second, doubled by each, up to the longest.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub free: i64,
    pub longest: Duration,
    /// After so long without an attempt it begins anew.
    pub forgets: Duration,
}

pub struct Sessions<'a>(&'a mut Conn);

macro_rules! columns {
    () => {
        "id, user_id, tenant_id, kind, awaits_code, user_agent, address, created_at, last_used_at, expires_at"
    };
}

impl Conn {
    /// Logins, on the platform.
    pub fn sessions(&mut self) -> Sessions<'_> {
        Sessions(self)
    }
}

impl Sessions<'_> {
    /// A session that has not ended, was used since `idle`, and has this token.
    pub async fn by_token(&mut self, hash: &str, now: Time, idle: Time) -> Result<Option<Login>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM sessions WHERE token_hash = $1 AND expires_at > $2 AND last_used_at > $3");
        one!(self.0, Login, FIND, hash, now.0, idle.0)
    }

    /// The same, by its id.
    pub async fn find(&mut self, id: &SessionId, now: Time, idle: Time) -> Result<Option<Login>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM sessions WHERE id = $1 AND expires_at > $2 AND last_used_at > $3");
        one!(self.0, Login, FIND, id.as_str(), now.0, idle.0)
    }

    /// What a person sees as devices: those used last come first.
    pub async fn list_of(&mut self, user: &UserId, now: Time, idle: Time) -> Result<Vec<Login>> {
        const LIST: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM sessions WHERE user_id = $1 AND expires_at > $2 AND last_used_at > $3 AND NOT awaits_code ORDER BY last_used_at DESC, id DESC LIMIT 200"
        );
        all!(self.0, Login, LIST, user.as_str(), now.0, idle.0)
    }
}

impl Write {
    pub async fn add_session(&mut self, session: &Login, token_hash: &str) -> Result<()> {
        const ADD: &str = "INSERT INTO sessions (id, token_hash, user_id, tenant_id, kind, awaits_code, user_agent, address, created_at, last_used_at, \
                           expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        run!(
            self,
            ADD,
            session.id.as_str(),
            token_hash,
            session.user_id.as_str(),
            session.tenant_id.as_deref(),
            session.kind.as_str(),
            session.awaits_code,
            session.user_agent.as_deref(),
            session.address.as_deref(),
            session.created_at.0,
            session.last_used_at.0,
            session.expires_at.0
        )
        .map(|_| ())
    }

    /// Gives a session another token; whoever has the old one is out. False where it was revoked meanwhile.
    pub async fn rotate_session(&mut self, id: &SessionId, token_hash: &str) -> Result<bool> {
        Ok(run!(self, "UPDATE sessions SET token_hash = $1 WHERE id = $2", token_hash, id.as_str())? == 1)
    }

    /// The second factor came: from now on it opens what its person may.
    pub async fn admit_session(&mut self, id: &SessionId, token_hash: &str, now: Time, expires_at: Time) -> Result<bool> {
        const ADMIT: &str = "UPDATE sessions SET awaits_code = FALSE, token_hash = $1, last_used_at = $2, expires_at = $3 WHERE id = $4 AND awaits_code";
        Ok(run!(self, ADMIT, token_hash, now.0, expires_at.0, id.as_str())? == 1)
    }

    pub async fn use_session(&mut self, id: &SessionId, now: Time) -> Result<()> {
        run!(self, "UPDATE sessions SET last_used_at = $1 WHERE id = $2", now.0, id.as_str()).map(|_| ())
    }

    pub async fn set_session_tenant(&mut self, id: &SessionId, tenant: &TenantId) -> Result<()> {
        run!(self, "UPDATE sessions SET tenant_id = $1 WHERE id = $2", tenant.as_str(), id.as_str()).map(|_| ())
    }

    /// Ends one session of this person; false where there is none.
    pub async fn remove_session(&mut self, user: &UserId, id: &SessionId) -> Result<bool> {
        Ok(run!(self, "DELETE FROM sessions WHERE id = $1 AND user_id = $2", id.as_str(), user.as_str())? == 1)
    }

    pub async fn remove_session_by_token(&mut self, hash: &str) -> Result<()> {
        run!(self, "DELETE FROM sessions WHERE token_hash = $1", hash).map(|_| ())
    }

    /// Ends all sessions of this person but one; how many those were.
    pub async fn remove_sessions_of(&mut self, user: &UserId, but: Option<&SessionId>) -> Result<u64> {
        run!(self, "DELETE FROM sessions WHERE user_id = $1 AND id <> $2", user.as_str(), but.map_or("", SessionId::as_str))
    }

    /// Counts an attempt before it is made, so that many at once are counted too. While it has to wait: until when.
    pub async fn knock(&mut self, key: &str, now: Time, patience: Patience) -> Result<Option<Time>> {
        const COUNT: &str = "INSERT INTO login_throttle (key, failures, last_at, blocked_until) VALUES ($1, 1, $2, 0) \
                             ON CONFLICT (key) DO UPDATE SET failures = CASE WHEN login_throttle.last_at < $3 THEN 1 ELSE login_throttle.failures + 1 END, \
                             last_at = excluded.last_at, blocked_until = 0 WHERE login_throttle.blocked_until <= $4 RETURNING failures";
        const UNTIL: &str = "SELECT blocked_until FROM login_throttle WHERE key = $1";
        let stale = now.0.saturating_sub(i64::try_from(patience.forgets.as_millis()).unwrap_or(i64::MAX));
        let Some((failures,)) = one!(self, (i64,), COUNT, key, now.0, stale, now.0)? else {
            return Ok(one!(self, (i64,), UNTIL, key)?.map(|(until,)| Time(until)));
        };
        if failures > patience.free {
            let doublings = u32::try_from(failures - patience.free - 1).unwrap_or(u32::MAX).min(30);
            let wait = Duration::from_secs(1 << doublings).min(patience.longest);
            run!(self, "UPDATE login_throttle SET blocked_until = $1 WHERE key = $2", now.after(wait).0, key)?;
        }
        Ok(None)
    }

    /// This account's attempt succeeded: it begins anew.
    pub async fn forgive(&mut self, key: &str) -> Result<()> {
        run!(self, "DELETE FROM login_throttle WHERE key = $1", key).map(|_| ())
    }

    /// This address's attempt succeeded, and is not counted. The others stay, or one good account would buy tries at all the rest.
    pub async fn uncount(&mut self, key: &str) -> Result<()> {
        run!(self, "UPDATE login_throttle SET failures = failures - 1 WHERE key = $1 AND failures > 0", key).map(|_| ())
    }

    /// Drops what has ended: sessions, invitations, links, counts of attempts.
    pub async fn forget_ended(&mut self, now: Time, idle: Time, counts: Time) -> Result<u64> {
        let mut gone = run!(self, "DELETE FROM sessions WHERE expires_at <= $1 OR last_used_at <= $2", now.0, idle.0)?;
        gone += run!(self, "DELETE FROM password_resets WHERE expires_at <= $1", now.0)?;
        gone += run!(self, "DELETE FROM invitations WHERE expires_at <= $1", now.0)?;
        gone += run!(self, "DELETE FROM login_throttle WHERE last_at <= $1 AND blocked_until <= $2", counts.0, now.0)?;
        Ok(gone)
    }
}
