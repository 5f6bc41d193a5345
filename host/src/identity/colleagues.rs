//! The people of a business: what they are, and who changes that.

use relevo_model::*;
use relevo_store::{Colleague, Membership, Write};

use super::{Door, Error, Member, Refusal, Result, api_keys};
use crate::policy::{Permission, Rights};

impl Door {
    /// The people of a business by their address, from after this one.
    pub async fn colleagues(&self, by: &Member, after: &str, limit: i64) -> Result<Vec<Colleague>> {
        by.demand(Permission::ManagePeople, None)?;
        Ok(self.store.platform().read().await?.people().colleagues(&by.tenant, after, limit).await?)
    }

    /// One of them.
    pub async fn colleague(&self, by: &Member, user: &UserId) -> Result<Colleague> {
        by.demand(Permission::ManagePeople, None)?;
        Ok(self.store.platform().read().await?.people().colleague(&by.tenant, user).await?.ok_or(Refusal::NotFound)?)
    }

    /// Whether the business has one owner alone, who stays what they are.
    pub async fn has_one_owner(&self, tenant: &TenantId) -> Result<bool> {
        Ok(self.store.platform().read().await?.people().owners(tenant).await? < 2)
    }

    /// Makes a colleague something else; what they may do changes with their next request, and what they made that is more than that ends.
    pub async fn change_member(&self, by: &Member, user: &UserId, role: Role, reach: Reach) -> Result<()> {
        let mut write = self.store.platform().write().await?;
        let before = self.changeable(&mut write, by, user).await?;
        if !by.rights.may_grant(role, &reach) {
            return Err(Refusal::Forbidden.into());
        }
        if before.role == Role::Owner && role != Role::Owner {
            self.keep_an_owner(&mut write, &by.tenant).await?;
        }
        let after = Membership { role, reach, ..before };
        write.save_membership(&after).await?;
        write.note_of(Some(&by.tenant), &self.line(by.id(), "member.changed", Some(user.as_str()))).await?;
        self.end_what_exceeds(&mut write, by, user, Some(&rights_of(after))).await?;
        write.commit().await?;
        Ok(())
    }

    /// Takes a colleague out of the business, with the keys and the invitations that they made. The account stays: it may belong to other businesses.
    pub async fn remove_member(&self, by: &Member, user: &UserId) -> Result<()> {
        let mut write = self.store.platform().write().await?;
        let before = self.changeable(&mut write, by, user).await?;
        if before.role == Role::Owner {
            self.keep_an_owner(&mut write, &by.tenant).await?;
        }
        write.remove_membership(user, &by.tenant).await?;
        write.note_of(Some(&by.tenant), &self.line(by.id(), "member.removed", Some(user.as_str()))).await?;
        self.end_what_exceeds(&mut write, by, user, None).await?;
        write.commit().await?;
        Ok(())
    }

    /// What a colleague is, if it is for this one to change: nobody touches those who are more, or who work where they do not.
    async fn changeable(&self, write: &mut Write, by: &Member, user: &UserId) -> Result<Membership> {
        by.demand(Permission::ManagePeople, None)?;
        write.hold_people_of(&by.tenant).await?;
        let found = write.people().membership(user, &by.tenant).await?.ok_or(Refusal::NotFound)?;
        if by.rights.may_grant(found.role, &found.reach) { Ok(found) } else { Err(Refusal::Forbidden.into()) }
    }

    /// What somebody is in a business at this moment, which stays so until the commit.
    pub(super) async fn rights_held(&self, write: &mut Write, user: &UserId, tenant: &TenantId) -> Result<Option<Rights>> {
        write.hold_people_of(tenant).await?;
        Ok(write.people().membership(user, tenant).await?.map(rights_of))
    }

    /// Ends the invitations and the keys of somebody that they could not make any more: or they would come back by them, or stay by them.
    async fn end_what_exceeds(&self, write: &mut Write, by: &Member, user: &UserId, rights: Option<&Rights>) -> Result<()> {
        for invitation in write.invitations().list_by_inviter(&by.tenant, user).await? {
            if !rights.is_some_and(|rights| rights.may_grant(invitation.role, &invitation.reach)) {
                write.remove_invitation(&by.tenant, &invitation.id).await?;
                write.note_of(Some(&by.tenant), &self.line(by.id(), "invitation.withdrawn", Some(invitation.id.as_str()))).await?;
            }
        }
        for key in write.api_keys().list_by_maker(&by.tenant, user).await? {
            if !rights.is_some_and(|rights| api_keys::may_make(rights, &key)) {
                write.revoke_api_key(&by.tenant, &key.id, self.clock.now()).await?;
                write.note_of(Some(&by.tenant), &self.line(by.id(), "api-key.revoked", Some(key.id.as_str()))).await?;
            }
        }
        Ok(())
    }

    async fn keep_an_owner(&self, write: &mut Write, tenant: &TenantId) -> Result<()> {
        if write.people().owners(tenant).await? > 1 { Ok(()) } else { Err(Error::LastOwner) }
    }
}

fn rights_of(membership: Membership) -> Rights {
    Rights { role: membership.role, reach: membership.reach, scopes: None }
}
