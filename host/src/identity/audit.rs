//! Who did what, from the platform and from the business, in one list.

use relevo_model::*;
use relevo_store::Audit;

use super::{Door, Result};

impl Door {
    /// A line for an audit log; `Write::note` keeps it in a cell, `Write::note_of` on the platform, with what it tells of.
    pub fn line(&self, actor: &str, action: &str, subject: Option<&str>) -> Audit {
        Audit { id: self.clock.id(), actor: actor.to_owned(), action: action.to_owned(), subject: subject.map(str::to_owned), created_at: self.clock.now() }
    }

    /// What was done in a business and to its people, newest first, from before this line.
    pub async fn audit(&self, tenant: &TenantId, before: Option<&AuditId>, limit: usize) -> Result<Vec<Audit>> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut lines = self.store.cell(tenant).await?.read().await?.audit_log().list(before, most).await?;
        lines.extend(self.store.platform().read().await?.audit_log().list_of(tenant, before, most).await?);
        lines.sort_by_key(|line| std::cmp::Reverse(line.id));
        lines.truncate(limit);
        Ok(lines)
    }
}
