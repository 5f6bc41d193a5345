//! Asking people into a business.

use std::time::Duration;

use relevo_model::*;
use relevo_store::{Invitation, Membership};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Device, Door, Entry, Error, MailKind, Member, OutgoingMail, Person, Problem, Refusal, Result,
    account::{email_of, named, strong, taken},
    throttle::Try,
    tokens,
};
use crate::policy::Permission;

const LASTS: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Who is to be what.
pub struct InvitationPlan {
    pub email: String,
    pub role: Role,
    pub reach: Reach,
}

/// What the page of an invitation shows.
pub struct Invited {
    pub invitation: Invitation,
    pub business: String,
    /// The address has an account: its person logs in to accept.
    pub known: bool,
}

/// Who accepts.
pub enum Acceptor<'a> {
    Person(&'a Person),
    /// Somebody without an account, who makes one by this.
    Newcomer {
        name: String,
        password: SecretString,
    },
}

impl Door {
    /// Invites somebody, at most into what the one who invites is. An earlier invitation of the same address is void; one that they may not touch stays.
    pub async fn invite(&self, by: &Member, plan: &InvitationPlan) -> Result<OutgoingMail> {
        by.demand(Permission::ManagePeople, None)?;
        if !by.rights.may_grant(plan.role, &plan.reach) {
            return Err(Refusal::Forbidden.into());
        }
        let email = email_of(&plan.email).map_err(|problem| Error::Invalid(vec![problem]))?;
        let (inviter, now, token) = (by.person()?, self.clock.now(), tokens::token());
        let invitation = Invitation {
            id: self.clock.id(),
            tenant_id: by.tenant,
            email: email.clone(),
            role: plan.role,
            reach: plan.reach.clone(),
            invited_by: inviter.id,
            created_at: now,
            expires_at: now.after(LASTS),
        };
        self.knock(Try::Invite(inviter.id.as_str(), by.tenant.as_str()), &Device::default()).await?;
        let mut write = self.store.platform().write().await?;
        // As they are now: they may have been made less since the request came in.
        let rights = self.rights_held(&mut write, &inviter.id, &by.tenant).await?.filter(|rights| rights.may_grant(plan.role, &plan.reach));
        let rights = rights.ok_or(Refusal::Forbidden)?;
        let known = write.people().by_email(&email).await?;
        if let Some(user) = &known
            && write.people().membership(&user.id, &by.tenant).await?.is_some()
        {
            return Err(Error::Taken);
        }
        let open = write.invitations().by_email(&by.tenant, &email, now).await?;
        if open.is_some_and(|open| !rights.may_grant(open.role, &open.reach)) {
            return Err(Refusal::Forbidden.into());
        }
        write.add_invitation(&invitation, &tokens::hash(token.expose_secret())).await?;
        write.note_of(Some(&by.tenant), &self.line(by.id(), "member.invited", Some(invitation.id.as_str()))).await?;
        write.commit().await?;
        let business = self.store.platform().tenant(&by.tenant).await?.map(|tenant| tenant.name).unwrap_or_default();
        let link = self.link("/invitation/", &token);
        let locale = known.and_then(|user| user.locale);
        Ok(OutgoingMail { to: email, kind: MailKind::Invitation { business }, link, expires_at: invitation.expires_at, locale })
    }

    /// The open invitations of a business by address, from after this one; each only to those who could have made it.
    pub async fn invitations(&self, by: &Member, after: &str, limit: i64) -> Result<Vec<Invitation>> {
        by.demand(Permission::ManagePeople, None)?;
        let (now, wanted) = (self.clock.now(), usize::try_from(limit).unwrap_or(0));
        let (mut found, mut after) = (Vec::new(), after.to_owned());
        // Those of other service points are passed over, and must not make a page look like the last one.
        while found.len() < wanted {
            let some = self.store.platform().read().await?.invitations().list_of(&by.tenant, now, &after, limit).await?;
            let last = some.len() < wanted;
            if let Some(invitation) = some.last() {
                after.clone_from(&invitation.email);
            }
            found.extend(some.into_iter().filter(|invitation| invitation.reach.is_within(by.reach())));
            if last {
                break;
            }
        }
        found.truncate(wanted);
        Ok(found)
    }

    /// The open invitation of an address, kept in lower case.
    pub async fn invitation_of(&self, by: &Member, email: &str) -> Result<Invitation> {
        by.demand(Permission::ManagePeople, None)?;
        let found = self.store.platform().read().await?.invitations().by_email(&by.tenant, email, self.clock.now()).await?;
        found.filter(|invitation| invitation.reach.is_within(by.reach())).ok_or(Error::Gone)
    }

    /// Takes an invitation back. As with colleagues, nobody touches one into more, and one for elsewhere is not known of.
    pub async fn withdraw(&self, by: &Member, invitation: &InvitationId) -> Result<()> {
        by.demand(Permission::ManagePeople, None)?;
        let mut write = self.store.platform().write().await?;
        let found = write.invitations().find(&by.tenant, invitation, self.clock.now()).await?;
        let found = found.filter(|found| found.reach.is_within(by.reach())).ok_or(Error::Gone)?;
        if !by.rights.may_grant(found.role, &found.reach) {
            return Err(Refusal::Forbidden.into());
        }
        if !write.remove_invitation(&by.tenant, invitation).await? {
            return Err(Error::Gone);
        }
        write.note_of(Some(&by.tenant), &self.line(by.id(), "invitation.withdrawn", Some(invitation.as_str()))).await?;
        write.commit().await?;
        Ok(())
    }

    /// What an invitation's link stands for.
    pub async fn invited(&self, token: &str) -> Result<Invited> {
        let mut read = self.store.platform().read().await?;
        let invitation = read.invitations().by_token(&tokens::hash(token), self.clock.now()).await?.ok_or(Error::Gone)?;
        let known = read.people().by_email(&invitation.email).await?.is_some();
        drop(read);
        let business = self.store.platform().tenant(&invitation.tenant_id).await?.filter(|tenant| tenant.state == TenantState::Active).ok_or(Error::Gone)?;
        Ok(Invited { invitation, business: business.name, known })
    }

    /// Makes whoever accepts a member, in a session that works in that business. None for a bearer, whose token stays.
    pub async fn accept(&self, token: &str, acceptor: Acceptor<'_>, device: &Device) -> Result<Option<Entry>> {
        let Invited { invitation, .. } = self.invited(token).await?;
        match acceptor {
            Acceptor::Person(person) if person.email != invitation.email => Err(Error::OtherPerson),
            Acceptor::Person(person) => self.accept_as(person, &invitation).await,
            Acceptor::Newcomer { name, password } => self.accept_anew(&invitation, &name, &password, device).await.map(Some),
        }
    }

    async fn accept_as(&self, person: &Person, invitation: &Invitation) -> Result<Option<Entry>> {
        let mut write = self.store.platform().write().await?;
        self.enrol(&mut write, &person.id, invitation).await?;
        write.set_session_tenant(&person.session, &invitation.tenant_id).await?;
        let entry = self.rotate(&mut write, person).await?;
        write.commit().await?;
        Ok(entry)
    }

    async fn accept_anew(&self, invitation: &Invitation, name: &str, password: &SecretString, device: &Device) -> Result<Entry> {
        let problems: Vec<Problem> = [named(name), strong(password, &invitation.email)].into_iter().flatten().collect();
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        self.knock(Try::Register, device).await?;
        let password = self.passwords.hash(password).await?;
        let user = self.user(name, invitation.email.clone(), Some(password), None);
        let mut write = self.store.platform().write().await?;
        write.add_user(&user).await.map_err(taken)?;
        self.enrol(&mut write, &user.id, invitation).await?;
        let entry = self.begin(&mut write, &user.id, device, false).await?;
        write.commit().await?;
        Ok(entry)
    }

    /// Uses an invitation up. What somebody is already is not changed by an old invitation.
    async fn enrol(&self, write: &mut relevo_store::Write, user: &UserId, invitation: &Invitation) -> Result<()> {
        let Invitation { id, tenant_id, role, reach, invited_by, .. } = invitation;
        // Nobody comes in by somebody who could not let them in any more, however that came about.
        let granted = self.rights_held(write, invited_by, tenant_id).await?.is_some_and(|rights| rights.may_grant(*role, reach));
        if !granted || !write.remove_invitation(tenant_id, id).await? || write.people().membership(user, tenant_id).await?.is_some() {
            return Err(Error::Gone);
        }
        let membership = Membership { user_id: *user, tenant_id: *tenant_id, role: *role, reach: reach.clone(), created_at: self.clock.now() };
        write.save_membership(&membership).await?;
        write.note_of(Some(tenant_id), &self.line(user.as_str(), "member.joined", Some(user.as_str()))).await?;
        Ok(())
    }
}
