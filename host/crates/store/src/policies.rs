//! Policies: what a business promises and how it speaks, with every version that there was.

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Policy {
    #[sqlx(try_from = "String")]
    pub id: PolicyId,
    /// `shipping`, `refund`, `brand_voice`, `allowed_hours`, or one of the business's own.
    pub kind: String,
    pub title: String,
    pub text: String,
    pub active: bool,
    pub version: i64,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    #[sqlx(try_from = "i64")]
    pub updated_at: Time,
}

/// A policy as it was.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PolicyVersion {
    pub version: i64,
    pub kind: String,
    pub title: String,
    pub text: String,
    pub active: bool,
    pub changed_by: String,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

pub struct Policies<'a>(&'a mut Conn);

impl Conn {
    pub fn policies(&mut self) -> Policies<'_> {
        Policies(self)
    }
}

macro_rules! columns {
    () => {
        "id, kind, title, text, active, version, created_at, updated_at"
    };
}

impl Policies<'_> {
    pub async fn find(&mut self, id: &PolicyId) -> Result<Option<Policy>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM policies WHERE id = $1");
        one!(self.0, Policy, FIND, id.as_str())
    }

    /// In the order in which they were made, after this one.
    pub async fn list(&mut self, after: Option<&PolicyId>, limit: i64) -> Result<Vec<Policy>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM policies WHERE id > $1 ORDER BY id LIMIT $2");
        all!(self.0, Policy, LIST, after.map_or("", PolicyId::as_str), limit)
    }

    /// All versions, newest first, from before this one.
    pub async fn versions(&mut self, id: &PolicyId, before: Option<i64>, limit: i64) -> Result<Vec<PolicyVersion>> {
        const LIST: &str = "SELECT version, kind, title, text, active, changed_by, created_at FROM policy_versions \
                            WHERE policy_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3";
        all!(self.0, PolicyVersion, LIST, id.as_str(), before.unwrap_or(i64::MAX), limit)
    }
}

impl Write {
    pub async fn add_policy(&mut self, policy: &Policy, by: &str) -> Result<()> {
        const ADD: &str = "INSERT INTO policies (id, kind, title, text, active, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let Policy { id, kind, title, text, active, version, created_at, updated_at } = policy;
        run!(self, ADD, id.as_str(), kind, title, text, *active, *version, created_at.0, updated_at.0)?;
        self.keep_policy(policy, by).await
    }

    /// Makes a policy what `policy` says, as its next version. With `seen`, false tells that somebody changed it since.
    pub async fn save_policy(&mut self, policy: &Policy, seen: Option<i64>, by: &str) -> Result<bool> {
        const SAVE: &str = "UPDATE policies SET kind = $1, title = $2, text = $3, active = $4, version = version + 1, updated_at = $5 \
                            WHERE id = $6 AND ($7 = 0 OR version = $7)";
        let Policy { id, kind, title, text, active, updated_at, .. } = policy;
        if run!(self, SAVE, kind, title, text, *active, updated_at.0, id.as_str(), seen.unwrap_or(0))? == 0 {
            return Ok(false);
        }
        let saved = self.policies().find(id).await?;
        if let Some(saved) = saved {
            self.keep_policy(&saved, by).await?;
        }
        Ok(true)
    }

    async fn keep_policy(&mut self, policy: &Policy, by: &str) -> Result<()> {
        const KEEP: &str = "INSERT INTO policy_versions (policy_id, version, kind, title, text, active, changed_by, created_at) \
                            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let Policy { id, kind, title, text, active, version, updated_at, .. } = policy;
        run!(self, KEEP, id.as_str(), *version, kind, title, text, *active, by, updated_at.0).map(|_| ())
    }
}
