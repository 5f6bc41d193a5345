//! The second factor: a secret in an app, proved by a code, and recovery codes for when the phone is gone.

use std::fmt;

use relevo_model::*;
use relevo_store::{Write, keys::Place};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{
    Device, Door, Entry, Error, Person, Refusal, Result,
    throttle::{self, Try},
    tokens, totp,
};

const RECOVERY_CODES: usize = 10;

/// A secret that an app is to take; it is asked for once a code has proved it.
#[derive(Debug)]
pub struct SecondFactor {
    /// To be typed.
    pub secret: SecretString,
    /// To be shown as a QR code.
    pub uri: SecretString,
}

/// Each lets in once, in place of an app's code. They are shown once.
pub struct RecoveryCodes(pub Vec<SecretString>);

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecoveryCodes({})", self.0.len())
    }
}

impl Door {
    /// Makes a secret, in place of one that was not proved. Whoever has a second factor removes it first.
    pub async fn offer_second_factor(&self, person: &Person) -> Result<SecondFactor> {
        let secret = tokens::random::<{ totp::SECRET }>();
        let sealed = self.store.seal(place(&person.id), &*secret);
        let mut write = self.store.platform().write().await?;
        if !write.offer_totp(&person.id, &sealed).await? {
            return Err(Refusal::Forbidden.into());
        }
        write.commit().await?;
        Ok(SecondFactor { secret: totp::typed(&*secret).into(), uri: totp::uri(&person.email, &*secret).into() })
    }

    /// From now on a code is asked for. Other sessions of this person end, this one gets another token.
    pub async fn prove_second_factor(&self, person: &Person, code: &str, device: &Device) -> Result<(Option<Entry>, RecoveryCodes)> {
        self.knock(Try::Code(person.id.as_str()), device).await?;
        let secret = self.secret(&person.id).await?.ok_or(Error::Gone)?;
        let now = self.clock.now();
        let step = totp::matches(&secret, code.trim(), now).ok_or(Error::WrongCode)?;
        let mut write = self.store.platform().write().await?;
        if !write.prove_totp(&person.id, step, now).await? {
            return Err(Refusal::Forbidden.into());
        }
        let codes = fresh_codes(&mut write, &person.id).await?;
        throttle::forgive(&mut write, Try::Code(person.id.as_str()), device).await?;
        write.remove_sessions_of(&person.id, Some(&person.session)).await?;
        let entry = self.rotate(&mut write, person).await?;
        write.note_of(None, &self.line(person.id.as_str(), "second-factor.added", Some(person.id.as_str()))).await?;
        write.commit().await?;
        Ok((entry, codes))
    }

    /// Asks for codes no more. Wants the password and a code, or whoever finds an open browser could.
    pub async fn remove_second_factor(&self, person: &Person, password: &SecretString, code: &str, device: &Device) -> Result<Option<Entry>> {
        self.prove_password(person, password, device).await?;
        let mut write = self.take_code(&person.id, code, device).await?;
        write.remove_totp(&person.id).await?;
        write.remove_sessions_of(&person.id, Some(&person.session)).await?;
        let entry = self.rotate(&mut write, person).await?;
        write.note_of(None, &self.line(person.id.as_str(), "second-factor.removed", Some(person.id.as_str()))).await?;
        write.commit().await?;
        Ok(entry)
    }

    /// New recovery codes; the earlier ones are void.
    pub async fn renew_recovery_codes(&self, person: &Person, code: &str, device: &Device) -> Result<RecoveryCodes> {
        let mut write = self.take_code(&person.id, code, device).await?;
        let codes = fresh_codes(&mut write, &person.id).await?;
        write.note_of(None, &self.line(person.id.as_str(), "recovery-codes.renewed", Some(person.id.as_str()))).await?;
        write.commit().await?;
        Ok(codes)
    }

    pub async fn recovery_codes_left(&self, person: &Person) -> Result<i64> {
        Ok(self.store.platform().read().await?.people().recovery_codes(&person.id).await?)
    }

    /// Uses a code up, of the app or for recovery; the transaction that did has yet to be committed.
    pub(super) async fn take_code(&self, user: &UserId, code: &str, device: &Device) -> Result<Write> {
        self.knock(Try::Code(user.as_str()), device).await?;
        let has = self.store.platform().read().await?.people().find(user).await?.is_some_and(|user| user.totp_since.is_some());
        let secret = if has { self.secret(user).await? } else { None }.ok_or(Error::WrongCode)?;
        let code = code.trim();
        let step = totp::matches(&secret, code, self.clock.now());
        let mut write = self.store.platform().write().await?;
        let taken = match step {
            Some(step) => write.take_totp_step(user, step).await?,
            None => write.take_recovery_code(user, &tokens::hash(&plain(code))).await?,
        };
        if !taken {
            return Err(Error::WrongCode);
        }
        throttle::forgive(&mut write, Try::Code(user.as_str()), device).await?;
        Ok(write)
    }

    async fn secret(&self, user: &UserId) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let found = self.store.platform().read().await?.people().find(user).await?;
        found.and_then(|user| user.totp_secret).map(|sealed| Ok(self.store.open_sealed(place(user), &sealed)?)).transpose()
    }
}

fn place(user: &UserId) -> Place<'_> {
    Place { table: "users", column: "totp_secret", row: user.as_str() }
}

async fn fresh_codes(write: &mut Write, user: &UserId) -> Result<RecoveryCodes> {
    let codes: Vec<SecretString> = (0..RECOVERY_CODES).map(|_| grouped(&tokens::letters::<10>()).into()).collect();
    let hashes: Vec<String> = codes.iter().map(|code| tokens::hash(&plain(code.expose_secret()))).collect();
    write.save_recovery_codes(user, &hashes).await?;
    Ok(RecoveryCodes(codes))
}

/// Sixteen letters in fours, as people write them down.
fn grouped(code: &str) -> String {
    code.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
}

fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}
