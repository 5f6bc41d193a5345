//! The master prompt: each change is a version, one counts, none is lost.

use relevo_model::*;
use relevo_store::AgentPrompt;

use super::{Error, Result, Seen, checks::Checks, note};
use crate::{app::App, identity::Member, policy::Permission};

const LONGEST: usize = 40_000;

/// Every version, newest first, from before this one.
pub async fn list(app: &App, member: &Member, before: Option<i64>, limit: i64) -> Result<Vec<AgentPrompt>> {
    member.demand(Permission::ConfigureAssistant, None)?;
    Ok(app.store.cell(&member.tenant).await?.read().await?.agent_prompts().list(before, limit).await?)
}

pub async fn find(app: &App, member: &Member, id: &PromptId) -> Result<AgentPrompt> {
    member.demand(Permission::ConfigureAssistant, None)?;
    app.store.cell(&member.tenant).await?.read().await?.agent_prompts().find(id).await?.ok_or(Error::NotFound)
}

/// Writes the next version, which counts from now on; what says the same as the one that counts is that one. `seen` is the version that counted
/// when it was begun.
pub async fn write(app: &App, member: &Member, text: &str, seen: Seen) -> Result<AgentPrompt> {
    member.demand(Permission::ConfigureAssistant, None)?;
    let mut checks = Checks::default();
    let text = checks.text("text", text, LONGEST);
    checks.demand(!text.is_empty(), "text", "field-required");
    checks.end()?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let active = write.agent_prompts().active().await?;
    let last = active.as_ref().map_or(0, |active| active.version);
    if seen.is_some_and(|seen| seen != last) {
        return Err(Error::Stale);
    }
    if let Some(active) = active.filter(|active| active.text == text) {
        return Ok(active);
    }
    let prompt = AgentPrompt { id: app.clock.id(), version: last + 1, text, active: true, created_by: member.id().to_owned(), created_at: app.clock.now() };
    write.add_agent_prompt(&prompt).await.map_err(Error::stale)?;
    note(app, &mut write, member, "prompt.changed", Some(prompt.id.as_str())).await?;
    write.commit().await?;
    Ok(prompt)
}

/// Returns to an earlier version: its text counts again, as the next version.
pub async fn restore(app: &App, member: &Member, id: &PromptId, seen: Seen) -> Result<AgentPrompt> {
    let earlier = find(app, member, id).await?;
    write(app, member, &earlier.text, seen).await
}
