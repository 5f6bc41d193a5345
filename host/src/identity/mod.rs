//! Who is at the door: people, their sessions and second factors, invitations, API keys; and what requests show of them.

mod account;
mod api_keys;
mod audit;
mod businesses;
mod caller;
mod colleagues;
pub mod csrf;
mod device;
mod extract;
mod invitations;
mod jwt;
mod login;
mod mail;
mod passwords;
mod resets;
mod sessions;
mod throttle;
mod tokens;
pub mod totp;
mod two_factor;

use std::{ops::Deref, sync::Arc, time::Duration};

use axum::http::HeaderValue;
use relevo_model::*;
use relevo_store::Store;
use secrecy::{ExposeSecret, SecretString};

pub use account::{Problem, Registration, email_of};
pub use api_keys::{KeyPlan, NewKey};
pub use caller::{Actor, Member, Person, Whose};
pub use device::Device;
pub use extract::{Refusal, Rejection, safe_path};
pub use invitations::{Acceptor, InvitationPlan, Invited};
pub use login::{Attempt, Bearer};
pub use mail::{MailKind, OutgoingMail};
pub use passwords::Passwords;
pub use sessions::Entry;
pub use two_factor::{RecoveryCodes, SecondFactor};

use jwt::Signer;

/// Everything about people and their sessions. Clones are the same one.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

pub struct Inner {
    pub store: Store,
    pub clock: Clock,
    pub passwords: Passwords,
    signer: Signer,
    /// Where links lead, without a slash at the end.
    base: String,
    /// The base is https: cookies are for https alone, whatever a proxy says.
    always_secure: bool,
    origins: Vec<HeaderValue>,
}

#[derive(Clone, Debug, Default)]
pub struct DoorSettings {
    /// Signs the API's short tokens; without it a key derived from the master key does, which every node has alike.
    pub jwt_secret: Option<SecretString>,
    pub public_base_url: Option<String>,
    /// Where links lead as long as there is no public address.
    pub local_base_url: String,
    /// Origins of other pages that may call the API, as browsers write them.
    pub panel_origins: Vec<String>,
}

/// Why something at the door was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address or the password; nobody is told which.
    #[error("the address or the password is wrong")]
    Wrong,
    #[error("the code is wrong, or was used already")]
    WrongCode,
    /// The password was right; the request must bring the second factor's code too.
    #[error("a code of the second factor is needed")]
    CodeNeeded,
    #[error("too many attempts: wait {} s", .0.as_secs().max(1))]
    TooMany(Duration),
    /// Too many passwords are being checked just now.
    #[error("too busy to check a password now")]
    Busy,
    /// What was entered cannot be taken, field by field.
    #[error("what was entered cannot be taken")]
    Invalid(Vec<Problem>),
    #[error("this address has an account already")]
    Taken,
    /// A link or a session that never was, was used, was replaced or has ended.
    #[error("this has ended, or never was")]
    Gone,
    /// The invitation is for another address.
    #[error("this is for somebody else")]
    OtherPerson,
    #[error("a business needs an owner")]
    LastOwner,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Broken(anyhow::Error),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<relevo_store::Error> for Error {
    fn from(error: relevo_store::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl Deref for Door {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Door {
    pub fn new(store: Store, clock: Clock, settings: &DoorSettings) -> Self {
        let signer = match &settings.jwt_secret {
            Some(secret) => Signer::new(secret.expose_secret().as_bytes()),
            None => Signer::new(&*store.derive("jwt")),
        };
        let base = settings.public_base_url.clone().unwrap_or_else(|| settings.local_base_url.clone());
        let always_secure = base.starts_with("https://");
        let origins = settings.panel_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
        Self(Arc::new(Inner { store, clock, passwords: Passwords::new(), signer, base, always_secure, origins }))
    }

    /// Where this server is reached, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Origins of other pages that may call the API.
    pub fn origins(&self) -> &[HeaderValue] {
        &self.origins
    }

    /// Drops what has ended. Cheap, and nothing stands on it: what has ended is never taken.
    pub async fn forget_ended(&self) -> Result<u64> {
        let now = self.clock.now();
        let mut write = self.store.platform().write().await?;
        let gone = write.forget_ended(now, sessions::idle_since(now), throttle::oldest(now)).await?;
        write.commit().await?;
        Ok(gone)
    }

    fn link(&self, path: &str, token: &SecretString) -> SecretString {
        format!("{}{path}{}", self.base, token.expose_secret()).into()
    }
}

#[cfg(test)]
mod tests;
