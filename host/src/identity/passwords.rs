//! Passwords: argon2id, a few at a time, the same work whether there is an account or not.

use std::{
    num::NonZero,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::anyhow;
use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::{ParamsString, PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Error, Result, tokens};

/// KiB, passes and lanes: what OWASP asks for at least.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Whoever waits longer for a turn is told to come again.
const WAITS: Duration = Duration::from_secs(5);
/// Longer ones are no passwords, but work for us.
pub const LONGEST: usize = 256;
pub const SHORTEST: usize = 8;

/// Hashes and verifies, with as many threads as there are cores at most: each takes 19 MiB.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    work: Arc<AtomicU64>,
}

impl Passwords {
    #[expect(clippy::new_without_default, reason = "it is made once, with what the machine has")]
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, NonZero::get);
        Self { turns: Arc::new(Semaphore::new(cores)), work: Arc::default() }
    }

    pub async fn hash(&self, password: &SecretString) -> Result<String> {
        let password = password.clone();
        self.run(move || make(password.expose_secret().as_bytes())).await?
    }

    /// Whether this is the password. Without a hash the answer is no, after the same work.
    pub async fn verify(&self, hash: Option<&str>, password: &SecretString) -> Result<bool> {
        let (known, hash, password) = (hash.is_some(), hash.map(str::to_owned), password.clone());
        let right = self
            .run(move || {
                let hash = match hash {
                    Some(hash) => hash,
                    None => nobodys()?.to_owned(),
                };
                let hash = PasswordHash::new(&hash).map_err(|error| Error::Broken(anyhow!("a password hash cannot be read: {error}")))?;
                Ok::<_, Error>(cost().verify_password(password.expose_secret().as_bytes(), &hash).is_ok())
            })
            .await??;
        Ok(known && right)
    }

    /// Whether a hash was made at another cost than we would make it now.
    pub fn is_outdated(hash: &str) -> bool {
        let wanted = ParamsString::try_from(cost().params()).ok();
        PasswordHash::new(hash).map_or(true, |hash| hash.algorithm != Algorithm::Argon2id.ident() || Some(hash.params) != wanted)
    }

    /// How many hashes were computed so far: what tests compare, since time alone is hard to compare.
    pub fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let turn: OwnedSemaphorePermit =
            tokio::time::timeout(WAITS, Arc::clone(&self.turns).acquire_owned()).await.map_err(|_| Error::Busy)?.map_err(|_| Error::Busy)?;
        self.work.fetch_add(1, Ordering::Relaxed);
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|error| Error::Broken(error.into()))
    }
}

fn cost() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).expect("these parameters are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn make(password: &[u8]) -> Result<String> {
    let hash: PasswordHash =
        cost().hash_password_with_salt(password, &*tokens::random::<16>()).map_err(|error| Error::Broken(anyhow!("a password cannot be hashed: {error}")))?;
    Ok(hash.to_string())
}

/// The hash of a password that nobody has.
fn nobodys() -> Result<&'static str> {
    static HASH: OnceLock<String> = OnceLock::new();
    if let Some(hash) = HASH.get() {
        return Ok(hash);
    }
    let hash = make(&*tokens::random::<32>())?;
    Ok(HASH.get_or_init(|| hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_verified_against_its_hash_alone() {
        let passwords = Passwords::new();
        let hash = passwords.hash(&"correct horse".into()).await.unwrap();

        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify(Some(&hash), &"correct horse".into()).await.unwrap());
        assert!(!passwords.verify(Some(&hash), &"correct horsE".into()).await.unwrap());
        assert_ne!(passwords.hash(&"correct horse".into()).await.unwrap(), hash);
    }

    #[tokio::test]
    async fn nobody_has_no_password_and_costs_as_much() {
        let passwords = Passwords::new();
        let before = passwords.work();

        assert!(!passwords.verify(None, &"anything".into()).await.unwrap());
        assert_eq!(passwords.work(), before + 1);
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_outdated() {
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8 * 1024, 1, 1, None).unwrap());
        let cheap: PasswordHash = cheap.hash_password_with_salt(b"x", &[7; 16]).unwrap();

        assert!(Passwords::is_outdated(&cheap.to_string()));
        assert!(!Passwords::is_outdated(&make(b"x").unwrap()));
    }
}
