//! Making an account, and what its person changes about it.

use relevo_store::User;
use secrecy::{ExposeSecret, SecretString};

use super::{
    Device, Door, Entry, Error, Person, Result,
    passwords::{LONGEST, SHORTEST},
    throttle::{self, Try},
};

const LONGEST_NAME: usize = 120;
const LONGEST_EMAIL: usize = 254;

/// Who wants an account.
pub struct Registration {
    pub name: String,
    pub email: String,
    pub password: SecretString,
    pub locale: Option<String>,
}

/// What is wrong with a field: its name, and the key of the text that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    pub field: &'static str,
    pub text: &'static str,
}

impl Door {
    /// Makes an account and logs in. Who has the address already is told so, after the same work: without mail there is no other way.
    pub async fn register(&self, registration: &Registration, device: &Device) -> Result<Entry> {
        let email = email_of(&registration.email);
        let problems = [named(&registration.name), email.as_ref().err().copied(), strong(&registration.password, email.as_deref().unwrap_or_default())];
        let problems: Vec<Problem> = problems.into_iter().flatten().collect();
        let Ok(email) = email else { return Err(Error::Invalid(problems)) };
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        self.knock(Try::Register, device).await?;
        let password = self.passwords.hash(&registration.password).await?;
        let user = self.user(&registration.name, email, Some(password), registration.locale.clone());
        let mut write = self.store.platform().write().await?;
        write.add_user(&user).await.map_err(taken)?;
        let entry = self.begin(&mut write, &user.id, device, false).await?;
        write.note_of(None, &self.line(user.id.as_str(), "user.registered", None)).await?;
        write.commit().await?;
        Ok(entry)
    }

    /// Changes the password; all other sessions of this person end, and this one gets another token.
    pub async fn change_password(&self, person: &Person, current: &SecretString, new: &SecretString, device: &Device) -> Result<Option<Entry>> {
        self.prove_password(person, current, device).await?;
        if let Some(problem) = strong(new, &person.email) {
            return Err(Error::Invalid(vec![problem]));
        }
        let hash = self.passwords.hash(new).await?;
        let mut write = self.store.platform().write().await?;
        write.set_password(&person.id, &hash).await?;
        write.remove_sessions_of(&person.id, Some(&person.session)).await?;
        let entry = self.rotate(&mut write, person).await?;
        write.note_of(None, &self.line(person.id.as_str(), "password.changed", Some(person.id.as_str()))).await?;
        write.commit().await?;
        Ok(entry)
    }

    pub async fn change_profile(&self, person: &Person, name: &str, locale: Option<&str>) -> Result<()> {
        if let Some(problem) = named(name) {
            return Err(Error::Invalid(vec![problem]));
        }
        let mut write = self.store.platform().write().await?;
        write.set_profile(&person.id, name.trim(), locale).await?;
        write.commit().await?;
        Ok(())
    }

    /// Asks somebody who is in for their password again, as patiently as at the door.
    pub(super) async fn prove_password(&self, person: &Person, password: &SecretString, device: &Device) -> Result<()> {
        let user = self.store.platform().read().await?.people().find(&person.id).await?.ok_or(Error::Gone)?;
        self.knock(Try::Password(&user.email), device).await?;
        if !self.passwords.verify(user.password.as_deref(), password).await? {
            return Err(Error::Wrong);
        }
        let mut write = self.store.platform().write().await?;
        throttle::forgive(&mut write, Try::Password(&user.email), device).await?;
        write.commit().await?;
        Ok(())
    }

    /// Somebody new.
    pub(crate) fn user(&self, name: &str, email: String, password: Option<String>, locale: Option<String>) -> User {
        User {
            id: self.clock.id(),
            email,
            name: name.trim().to_owned(),
            password,
            locale,
            totp_secret: None,
            totp_since: None,
            totp_step: 0,
            operator: false,
            created_at: self.clock.now(),
        }
    }
}

/// An address as it is kept: in lower case, without blanks around. Whether it exists only a mail can tell.
pub fn email_of(text: &str) -> Result<String, Problem> {
    let email = text.trim().to_lowercase();
    let sound = email.len() <= LONGEST_EMAIL
        && !email.contains(|letter: char| letter.is_whitespace() || letter.is_control() || "<>\"(),;:\\".contains(letter))
        && email.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.contains('@') && host.split('.').all(|part| !part.is_empty()));
    if sound { Ok(email) } else { Err(Problem { field: "email", text: "problem-email" }) }
}

pub(super) fn named(name: &str) -> Option<Problem> {
    let name = name.trim();
    let sound = !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.contains(char::is_control);
    (!sound).then_some(Problem { field: "name", text: "problem-name" })
}

/// Long enough to be guessed by nobody who is slowed down, and not the address itself.
pub(super) fn strong(password: &SecretString, email: &str) -> Option<Problem> {
    let password = password.expose_secret();
    let text = match password.chars().count() {
        short if short < SHORTEST => "problem-password-short",
        _ if password.len() > LONGEST => "problem-password-long",
        _ if password.to_lowercase() == email => "problem-password-email",
        _ if password.chars().all(|letter| password.starts_with(letter)) => "problem-password-plain",
        _ => return None,
    };
    Some(Problem { field: "password", text })
}

pub(super) fn taken(error: relevo_store::Error) -> Error {
    match error {
        relevo_store::Error::Conflict(_) => Error::Taken,
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_in_one_form() {
        assert_eq!(email_of(" Ana@Acme.COM ").unwrap(), "ana@acme.com");
        assert_eq!(email_of("ana@localhost").unwrap(), "ana@localhost");
        for wrong in ["", "ana", "@acme.com", "ana@", "a b@acme.com", "a@b@c", "ana@acme..com", "ana@acme.com\r\nBcc: x@y.z", "<ana@acme.com>"] {
            assert!(email_of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_that_anybody_would_guess_is_not_taken() {
        let of = |password: &str| strong(&password.into(), "ana@acme.com").map(|problem| problem.text);
        assert_eq!(of("admin123"), None);
        assert_eq!(of("admin12"), Some("problem-password-short"));
        assert_eq!(of("aaaaaaaaaa"), Some("problem-password-plain"));
        assert_eq!(of("Ana@Acme.com"), Some("problem-password-email"));
        assert_eq!(of(&"ab".repeat(200)), Some("problem-password-long"));
    }
}
