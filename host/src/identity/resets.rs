//! A new password by a link that works once.

use std::time::Duration;

use relevo_model::*;
use secrecy::{ExposeSecret, SecretString};

use super::{
    Device, Door, Error, MailKind, Member, OutgoingMail, Refusal, Result,
    account::{email_of, strong},
    throttle::{self, Try},
    tokens,
};
use crate::policy::Permission;

const LASTS: Duration = Duration::from_secs(3_600);

impl Door {
    /// Somebody who is not in asks for a link. It goes out by mail or not at all: it is never shown to whoever asks, and the answer is the
    /// same whether there is such an account. Whether it was asked for too often is told of any address alike.
    pub async fn ask_reset(&self, email: &str, device: &Device) -> Result<Option<OutgoingMail>> {
        let email = email_of(email).map_err(|problem| Error::Invalid(vec![problem]))?;
        self.knock(Try::Link(&email), device).await?;
        let (now, token) = (self.clock.now(), tokens::token());
        let expires_at = now.after(LASTS);
        let mut write = self.store.platform().write().await?;
        let known = write.add_reset_for(&email, &tokens::hash(token.expose_secret()), now, expires_at).await?;
        write.commit().await?;
        let link = self.link("/reset/", &token);
        Ok(known.then_some(OutgoingMail { to: email, kind: MailKind::NewPassword, link, expires_at, locale: None }))
    }

    /// A link for a colleague. Only for somebody who belongs to this business alone, and is no more than the one who asks: or whoever
    /// manages one business could take over an account that opens another.
    pub async fn reset_link(&self, by: &Member, user: &UserId) -> Result<OutgoingMail> {
        by.demand(Permission::ManagePeople, None)?;
        let mut read = self.store.platform().read().await?;
        let all = read.people().memberships_of(user).await?;
        let [only] = &all[..] else {
            let here = all.iter().any(|one| one.tenant_id == by.tenant);
            return Err(if here { Refusal::Forbidden } else { Refusal::NotFound }.into());
        };
        if only.tenant_id != by.tenant {
            return Err(Refusal::NotFound.into());
        }
        let found = read.people().find(user).await?.ok_or(Refusal::NotFound)?;
        drop(read);
        if found.operator || !by.rights.may_grant(only.role, &only.reach) {
            return Err(Refusal::Forbidden.into());
        }
        self.make_reset_link(&found, Some(&by.tenant), by.id()).await
    }

    /// A link for anybody, made by a command on the machine.
    pub(crate) async fn make_reset_link(&self, user: &relevo_store::User, tenant: Option<&TenantId>, actor: &str) -> Result<OutgoingMail> {
        let (now, token) = (self.clock.now(), tokens::token());
        let expires_at = now.after(LASTS);
        let mut write = self.store.platform().write().await?;
        write.add_reset(&user.id, &tokens::hash(token.expose_secret()), now, expires_at).await?;
        write.note_of(tenant, &self.line(actor, "password.link-made", Some(user.id.as_str()))).await?;
        write.commit().await?;
        let link = self.link("/reset/", &token);
        Ok(OutgoingMail { to: user.email.clone(), kind: MailKind::NewPassword, link, expires_at, locale: user.locale.clone() })
    }

    /// Whether a link still works, for the page that it leads to.
    pub async fn is_reset_open(&self, token: &str) -> Result<bool> {
        Ok(self.store.platform().read().await?.reset_by_token(&tokens::hash(token), self.clock.now()).await?.is_some())
    }

    /// Sets the password by the link. All sessions end; nobody is logged in by it, so that a second factor is still asked for.
    pub async fn reset(&self, token: &str, password: &SecretString, device: &Device) -> Result<()> {
        let hash = tokens::hash(token);
        let mut read = self.store.platform().read().await?;
        let user = read.reset_by_token(&hash, self.clock.now()).await?.ok_or(Error::Gone)?;
        let email = read.people().find(&user).await?.ok_or(Error::Gone)?.email;
        drop(read);
        if let Some(problem) = strong(password, &email) {
            return Err(Error::Invalid(vec![problem]));
        }
        let password = self.passwords.hash(password).await?;
        let mut write = self.store.platform().write().await?;
        if !write.take_reset(&user, &hash).await? {
            return Err(Error::Gone);
        }
        write.set_password(&user, &password).await?;
        write.remove_sessions_of(&user, None).await?;
        throttle::forgive(&mut write, Try::Password(&email), device).await?;
        write.note_of(None, &self.line(user.as_str(), "password.reset", Some(user.as_str()))).await?;
        write.commit().await?;
        Ok(())
    }
}
