//! Logging in: the same answer and the same work, whoever knocks.

use std::time::Duration;

use relevo_model::*;
use relevo_store::User;
use secrecy::{ExposeSecret, SecretString};

use super::{
    Device, Door, Entry, Error, Passwords, Result,
    account::email_of,
    jwt,
    passwords::LONGEST,
    sessions,
    throttle::{self, Try},
    tokens,
};

/// An address and a password, as they were entered.
pub struct Attempt {
    pub email: String,
    pub password: SecretString,
}

/// A short token for the API.
#[derive(Debug)]
pub struct Bearer {
    pub token: SecretString,
    pub user: UserId,
    pub lasts: Duration,
}

impl Door {
    /// Logs a browser in. Where the person has a second factor, the session opens nothing before `enter_code`.
    pub async fn log_in(&self, attempt: &Attempt, device: &Device) -> Result<Entry> {
        let (user, rehashed) = self.check(attempt, device).await?;
        let mut write = self.store.platform().write().await?;
        throttle::forgive(&mut write, Try::Password(&user.email), device).await?;
        if let Some(hash) = rehashed {
            write.set_password(&user.id, &hash).await?;
        }
        let entry = self.begin(&mut write, &user.id, device, user.totp_since.is_some()).await?;
        if !entry.awaits_code {
            write.note_of(None, &self.line(user.id.as_str(), "session.begun", Some(entry.session.as_str()))).await?;
        }
        write.commit().await?;
        Ok(entry)
    }

    /// The second factor, by an app's code or by a recovery code: the session of this device is let in, under another token.
    pub async fn enter_code(&self, code: &str, device: &Device) -> Result<Entry> {
        let now = self.clock.now();
        let presented = device.presented.as_deref().ok_or(Error::Gone)?;
        let session = self.store.platform().read().await?.sessions().by_token(presented, now, sessions::idle_since(now)).await?;
        let session = session.filter(|session| session.awaits_code).ok_or(Error::Gone)?;
        let mut write = self.take_code(&session.user_id, code, device).await?;
        let entry = self.admit(&mut write, &session).await?;
        write.note_of(None, &self.line(session.user_id.as_str(), "session.begun", Some(session.id.as_str()))).await?;
        write.commit().await?;
        Ok(entry)
    }

    /// Logs a program in, with a token that lasts a quarter of an hour. Where the person has a second factor its code must come along.
    pub async fn log_in_for_token(&self, attempt: &Attempt, code: Option<&str>, device: &Device) -> Result<Bearer> {
        let (user, rehashed) = self.check(attempt, device).await?;
        let mut write = match (user.totp_since, code) {
            (None, _) => self.store.platform().write().await?,
            (Some(_), None) => return Err(Error::CodeNeeded),
            (Some(_), Some(code)) => self.take_code(&user.id, code, device).await?,
        };
        throttle::forgive(&mut write, Try::Password(&user.email), device).await?;
        if let Some(hash) = rehashed {
            write.set_password(&user.id, &hash).await?;
        }
        let lasts = Duration::from_secs(jwt::LASTS.unsigned_abs());
        let session = self.session(&mut write, &user.id, device, SessionKind::Bearer, lasts).await?;
        // Nobody has a cookie for it.
        write.add_session(&session, &tokens::hash(tokens::token().expose_secret())).await?;
        write.note_of(None, &self.line(user.id.as_str(), "session.begun", Some(session.id.as_str()))).await?;
        write.commit().await?;
        let token = self.signer.sign(user.id, session.id, self.clock.now()).into();
        Ok(Bearer { token, user: user.id, lasts })
    }

    /// Whose address and password these are. With the hash at today's cost where the kept one is of another.
    async fn check(&self, attempt: &Attempt, device: &Device) -> Result<(User, Option<String>)> {
        if attempt.password.expose_secret().len() > LONGEST {
            return Err(Error::Wrong);
        }
        // What is no address is nobody's; it is counted and worked on like any other.
        let email = email_of(&attempt.email).unwrap_or_default();
        self.knock(Try::Password(&email), device).await?;
        let user = self.store.platform().read().await?.people().by_email(&email).await?;
        let hash = user.as_ref().and_then(|user| user.password.as_deref());
        let right = self.passwords.verify(hash, &attempt.password).await?;
        match user {
            Some(user) if right => {
                let outdated = user.password.as_deref().is_some_and(Passwords::is_outdated);
                let rehashed = if outdated { Some(self.passwords.hash(&attempt.password).await?) } else { None };
                Ok((user, rehashed))
            }
            _ => Err(Error::Wrong),
        }
    }
}
