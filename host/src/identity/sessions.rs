//! Sessions: an opaque token in a cookie, looked up in the database at each request, so that a revoked one is out at once.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use relevo_model::*;
use relevo_store::{Login, Write};
use secrecy::{ExposeSecret, SecretString};

use super::{Device, Door, Error, Person, Result, tokens};

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// However much it is used.
pub const LASTS: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Without being used.
const IDLE: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Between the password and the second factor.
const CODE: Duration = Duration::from_secs(5 * 60);
/// Browsers keep this one only over https, only for this host, and let no other host write it.
const SECURE: &str = "__Host-relevo";
/// On this machine over plain http some browsers refuse the other.
const PLAIN: &str = "relevo";

/// A session that was just begun or got another token; its cookie must go with the answer.
#[must_use = "without its cookie nobody has this session"]
#[derive(Debug)]
pub struct Entry {
    pub session: SessionId,
    pub user: UserId,
    /// Nothing is open yet: the code of the second factor is to come, within five minutes.
    pub awaits_code: bool,
    token: SecretString,
    lasts: Duration,
}

impl Entry {
    /// The header that gives it to the browser.
    pub fn cookie(&self, device: &Device) -> (header::HeaderName, HeaderValue) {
        set_cookie(device, self.token.expose_secret(), self.lasts)
    }
}

impl Device {
    /// The header that takes the session from the browser.
    pub fn without_session(&self) -> (header::HeaderName, HeaderValue) {
        set_cookie(self, "", Duration::ZERO)
    }
}

impl Door {
    /// The devices at which somebody is logged in, those used last first.
    pub async fn sessions(&self, person: &Person) -> Result<Vec<Login>> {
        let now = self.clock.now();
        Ok(self.store.platform().read().await?.sessions().list_of(&person.id, now, idle_since(now)).await?)
    }

    /// Ends this session. Its cookie is to be taken away too.
    pub async fn log_out(&self, person: &Person) -> Result<()> {
        self.end(&person.id, &person.session).await.or_else(|error| if matches!(error, Error::Gone) { Ok(()) } else { Err(error) })
    }

    /// Ends one session of this person, on whichever device.
    pub async fn revoke(&self, person: &Person, session: &SessionId) -> Result<()> {
        self.end(&person.id, session).await
    }

    /// Ends all sessions of this person but the one that asks; how many those were.
    pub async fn revoke_others(&self, person: &Person) -> Result<u64> {
        let mut write = self.store.platform().write().await?;
        let ended = write.remove_sessions_of(&person.id, Some(&person.session)).await?;
        write.note_of(None, &self.line(person.id.as_str(), "sessions.revoked", Some(person.id.as_str()))).await?;
        write.commit().await?;
        Ok(ended)
    }

    async fn end(&self, user: &UserId, session: &SessionId) -> Result<()> {
        let mut write = self.store.platform().write().await?;
        if !write.remove_session(user, session).await? {
            return Err(Error::Gone);
        }
        write.note_of(None, &self.line(user.as_str(), "session.ended", Some(session.as_str()))).await?;
        write.commit().await?;
        Ok(())
    }

    /// Begins a session with a token of its own; the one that the device brought ends, whosever it was.
    pub(super) async fn begin(&self, write: &mut Write, user: &UserId, device: &Device, awaits_code: bool) -> Result<Entry> {
        if let Some(presented) = &device.presented {
            write.remove_session_by_token(presented).await?;
        }
        let token = tokens::token();
        let lasts = if awaits_code { CODE } else { LASTS };
        let session = self.session(write, user, device, SessionKind::Cookie, lasts).await?;
        write.add_session(&Login { awaits_code, ..session.clone() }, &tokens::hash(token.expose_secret())).await?;
        Ok(Entry { session: session.id, user: *user, awaits_code, token, lasts })
    }

    /// A session as it begins, in the first of the businesses that are this person's.
    pub(super) async fn session(&self, write: &mut Write, user: &UserId, device: &Device, kind: SessionKind, lasts: Duration) -> Result<Login> {
        let now = self.clock.now();
        let tenant = write.people().workplaces(user).await?.first().map(|place| place.tenant_id.to_string());
        Ok(Login {
            id: self.clock.id(),
            user_id: *user,
            tenant_id: tenant,
            kind,
            awaits_code: false,
            user_agent: device.user_agent.clone(),
            address: device.address.map(|address| address.to_string()),
            created_at: now,
            last_used_at: now,
            expires_at: now.after(lasts),
        })
    }

    /// Gives the session another token, because what it opens has changed. A bearer's session has no cookie, and keeps what it has.
    pub(super) async fn rotate(&self, write: &mut Write, person: &Person) -> Result<Option<Entry>> {
        if person.bearer {
            return Ok(None);
        }
        let token = tokens::token();
        if !write.rotate_session(&person.session, &tokens::hash(token.expose_secret())).await? {
            return Err(Error::Gone);
        }
        let lasts = person.expires_at.since(self.clock.now());
        Ok(Some(Entry { session: person.session, user: person.id, awaits_code: false, token, lasts }))
    }

    /// Lets a session in that waited for its second factor.
    pub(super) async fn admit(&self, write: &mut Write, session: &Login) -> Result<Entry> {
        let (token, now) = (tokens::token(), self.clock.now());
        if !write.admit_session(&session.id, &tokens::hash(token.expose_secret()), now, now.after(LASTS)).await? {
            return Err(Error::Gone);
        }
        Ok(Entry { session: session.id, user: session.user_id, awaits_code: false, token, lasts: LASTS })
    }
}

pub fn idle_since(now: Time) -> Time {
    Time(now.0 - i64::try_from(IDLE.as_millis()).unwrap_or(i64::MAX))
}

/// The session token that a request brought.
pub fn presented(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let name = if secure { SECURE } else { PLAIN };
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('=')).filter(|token| !token.is_empty())
}

fn set_cookie(device: &Device, token: &str, lasts: Duration) -> (header::HeaderName, HeaderValue) {
    let (name, secure) = if device.secure { (SECURE, "; Secure") } else { (PLAIN, "") };
    // A day more than it lasts: the database decides, and an old cookie is told from none.
    let age = if lasts.is_zero() { Duration::ZERO } else { lasts + DAY };
    let cookie = format!("{name}={token}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", age.as_secs());
    let mut cookie = HeaderValue::from_str(&cookie).expect("names and tokens of ours are plain");
    cookie.set_sensitive(true);
    (header::SET_COOKIE, cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(text))])
    }

    #[test]
    fn each_way_in_reads_its_own_cookie_only() {
        let both = cookie("lang=es; relevo=plain; __Host-relevo=secure; xrelevo=no");

        assert_eq!(presented(&both, true), Some("secure"));
        assert_eq!(presented(&both, false), Some("plain"));
        assert_eq!(presented(&cookie("relevo=plain"), true), None);
        assert_eq!(presented(&cookie("relevo="), false), None);
    }

    #[test]
    fn no_script_and_no_other_site_gets_the_cookie() {
        let secure = set_cookie(&Device { secure: true, ..Device::default() }, "t", LASTS).1;
        let plain = set_cookie(&Device::default(), "t", LASTS).1;

        assert_eq!(secure.to_str().unwrap(), "__Host-relevo=t; Path=/; Max-Age=2678400; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(plain.to_str().unwrap(), "relevo=t; Path=/; Max-Age=2678400; HttpOnly; SameSite=Lax");
    }
}
