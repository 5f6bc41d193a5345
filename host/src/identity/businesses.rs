//! The businesses of a person: founding one, going from one to another.

use relevo_model::*;
use relevo_store::{Membership, Workplace};

use super::{Door, Entry, Person, Refusal, Result};

impl Door {
    /// The businesses that somebody may work in, by name.
    pub async fn workplaces(&self, person: &Person) -> Result<Vec<Workplace>> {
        Ok(self.store.platform().read().await?.people().workplaces(&person.id).await?)
    }

    /// Works in another business from now on, under another token. A bearer names the business in each request instead, and gets none.
    pub async fn switch_business(&self, person: &Person, tenant: &TenantId) -> Result<Option<Entry>> {
        let mut write = self.store.platform().write().await?;
        if write.people().membership(&person.id, tenant).await?.is_none() {
            return Err(Refusal::NotFound.into());
        }
        write.set_session_tenant(&person.session, tenant).await?;
        let entry = self.rotate(&mut write, person).await?;
        write.commit().await?;
        Ok(entry)
    }

    /// Makes somebody the owner of a business that has nobody yet, and lets the session work in it.
    pub async fn own(&self, person: &Person, tenant: &TenantId) -> Result<()> {
        let mut write = self.store.platform().write().await?;
        write.hold_people_of(tenant).await?;
        if write.people().owners(tenant).await? > 0 {
            return Err(Refusal::Forbidden.into());
        }
        let membership = Membership { user_id: person.id, tenant_id: *tenant, role: Role::Owner, reach: Reach::All, created_at: self.clock.now() };
        write.save_membership(&membership).await?;
        write.set_session_tenant(&person.session, tenant).await?;
        write.note_of(Some(tenant), &self.line(person.id.as_str(), "business.founded", Some(tenant.as_str()))).await?;
        write.commit().await?;
        Ok(())
    }
}
