//! Policies: shipping, refunds, the voice of the brand, allowed hours, and what else a business wants said the same way always.

use relevo_model::*;
use relevo_store::{Policy, PolicyVersion};

use super::{Error, Result, Seen, checks::Checks, note};
use crate::{app::App, identity::Member, policy::Permission};

/// The kinds that every business has a use for; any other name is taken too.
pub const KINDS: &[&str] = &["shipping", "refund", "brand_voice", "allowed_hours"];
const LONGEST_KIND: usize = 40;
const LONGEST_TITLE: usize = 200;
const LONGEST_TEXT: usize = 20_000;

/// A policy as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    pub kind: String,
    pub title: String,
    pub text: String,
    pub active: bool,
}

impl Draft {
    fn check(mut self) -> Result<Self> {
        let mut checks = Checks::default();
        let kind = self.kind.trim();
        let sound = kind.starts_with(|letter: char| letter.is_ascii_lowercase())
            && kind.len() <= LONGEST_KIND
            && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        checks.demand(sound, "kind", "field-policy-kind");
        self.kind = kind.to_owned();
        self.title = checks.line("title", &self.title, LONGEST_TITLE);
        self.text = checks.text("text", &self.text, LONGEST_TEXT);
        checks.end().map(|()| self)
    }
}

/// In the order in which they were made, after this one.
pub async fn list(app: &App, member: &Member, after: Option<&PolicyId>, limit: i64) -> Result<Vec<Policy>> {
    member.demand(Permission::SeeBusiness, None)?;
    Ok(app.store.cell(&member.tenant).await?.read().await?.policies().list(after, limit).await?)
}

pub async fn find(app: &App, member: &Member, id: &PolicyId) -> Result<Policy> {
    member.demand(Permission::SeeBusiness, None)?;
    app.store.cell(&member.tenant).await?.read().await?.policies().find(id).await?.ok_or(Error::NotFound)
}

/// Every version of a policy, newest first, from before this one.
pub async fn versions(app: &App, member: &Member, id: &PolicyId, before: Option<i64>, limit: i64) -> Result<Vec<PolicyVersion>> {
    find(app, member, id).await?;
    Ok(app.store.cell(&member.tenant).await?.read().await?.policies().versions(id, before, limit).await?)
}

pub async fn create(app: &App, member: &Member, draft: Draft) -> Result<Policy> {
    member.demand(Permission::ConfigureAssistant, None)?;
    let Draft { kind, title, text, active } = draft.check()?;
    let now = app.clock.now();
    let policy = Policy { id: app.clock.id(), kind, title, text, active, version: 1, created_at: now, updated_at: now };
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    write.add_policy(&policy, member.id()).await?;
    note(app, &mut write, member, "policy.created", Some(policy.id.as_str())).await?;
    write.commit().await?;
    Ok(policy)
}

/// Makes the next version of a policy; those before it stay to be read.
pub async fn save(app: &App, member: &Member, id: &PolicyId, draft: Draft, seen: Seen) -> Result<Policy> {
    member.demand(Permission::ConfigureAssistant, None)?;
    let Draft { kind, title, text, active } = draft.check()?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let before = write.policies().find(id).await?.ok_or(Error::NotFound)?;
    let policy = Policy { kind, title, text, active, updated_at: app.clock.now(), ..before };
    if !write.save_policy(&policy, seen, member.id()).await.map_err(Error::stale)? {
        return Err(Error::Stale);
    }
    let saved = write.policies().find(id).await?.ok_or(Error::NotFound)?;
    note(app, &mut write, member, "policy.changed", Some(id.as_str())).await?;
    write.commit().await?;
    Ok(saved)
}
