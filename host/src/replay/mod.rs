//! Replay: recorded turns run again on another version of a plugin, offline, and what would have been different.
//!
//! Each turn is run from the state, the time and the answers that it was recorded with, so that one difference does not bring others after it.
//! Nothing is written and nothing is called: what the record does not know is reported.

mod compare;
mod known;
mod play;
mod recorded;
mod run;

use relevo_model::*;
use relevo_store::{Conn, Difference, Replay, Verdicts};

pub use compare::{Differs, Line, differences, text_of};
pub use play::{Played, play};
pub use run::{CONVERSATIONS, Selection, candidate, start};

use crate::{
    app::App,
    console::{Error, Result},
    identity::Member,
    policy::Permission,
};

/// One that did not come forward for so long was ended with its process.
const STANDS_STILL: std::time::Duration = std::time::Duration::from_secs(120);

/// A replay, and what was decided about it.
#[derive(Clone, Debug)]
pub struct Whole {
    pub replay: Replay,
    pub verdicts: Verdicts,
    /// Its process ended before it did.
    pub interrupted: bool,
}

/// A difference as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    pub row: Difference,
    pub differs: Differs,
}

/// A conversation that can be run again.
#[derive(Clone, Debug)]
pub struct Answered {
    pub id: ConversationId,
    /// By their name, else by their number.
    pub customer: Option<String>,
    pub at: Option<Time>,
    /// What was said last.
    pub words: String,
}

/// The conversations in which a plugin answered last, newest first, of those that this one sees.
pub async fn answered(app: &App, member: &Member, plugin: &str, limit: i64) -> Result<Vec<Answered>> {
    demand(member)?;
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    let mut all = Vec::new();
    for id in read.conversations_answered_by(plugin, limit).await? {
        let Some(context) = read.conversations().context(&id).await? else { continue };
        if !member.may(Permission::SeeConversations, Some(context.conversation.service_point_id)) {
            continue;
        }
        let last = read.messages().list_of(&id, None, 1).await?;
        let words = last.first().map(|message| message.content.0.words().to_owned()).unwrap_or_default();
        let customer = context.customer_name.or(context.customer_phone);
        all.push(Answered { id, customer, at: context.conversation.last_message_at.map(Time), words });
    }
    Ok(all)
}

/// Those of a plugin, newest first.
pub async fn list(app: &App, member: &Member, plugin: &str) -> Result<Vec<Whole>> {
    demand(member)?;
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    if app.plugins.find(plugin).is_none() && read.plugins().find(plugin).await?.is_none() {
        return Err(Error::NotFound);
    }
    let mut all = Vec::new();
    for replay in read.replays().list_of(plugin, 20).await? {
        all.push(whole(app, &mut read, replay).await?);
    }
    Ok(all)
}

pub async fn find(app: &App, member: &Member, plugin: &str, id: &ReplayId) -> Result<Whole> {
    demand(member)?;
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    let replay = read.replays().find(id).await?.filter(|replay| replay.plugin_id == plugin).ok_or(Error::NotFound)?;
    whole(app, &mut read, replay).await
}

/// In the order in which they were found, after this one.
pub async fn list_differences(app: &App, member: &Member, plugin: &str, id: &ReplayId, after: Option<&DifferenceId>, limit: i64) -> Result<Vec<Shown>> {
    find(app, member, plugin, id).await?;
    let cell = app.store.cell(&member.tenant).await?;
    let rows = cell.read().await?.replays().differences(id, after, limit).await?;
    rows.into_iter().map(|row| shown(&cell, row)).collect()
}

pub async fn find_difference(app: &App, member: &Member, plugin: &str, id: &ReplayId, difference: &DifferenceId) -> Result<Shown> {
    find(app, member, plugin, id).await?;
    let cell = app.store.cell(&member.tenant).await?;
    let row = cell.read().await?.replays().difference(difference).await?.filter(|row| row.replay_id == *id).ok_or(Error::NotFound)?;
    shown(&cell, row)
}

/// Decides about a difference.
pub async fn judge(app: &App, member: &Member, plugin: &str, id: &ReplayId, difference: &DifferenceId, verdict: Verdict) -> Result<Shown> {
    find_difference(app, member, plugin, id, difference).await?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    write.judge(difference, verdict, member.id(), app.clock.now()).await?;
    note(app, &mut write, member, &format!("replay.{verdict}"), id).await?;
    write.commit().await?;
    find_difference(app, member, plugin, id, difference).await
}

/// Decides about everything that nobody decided yet; how many those were.
pub async fn judge_rest(app: &App, member: &Member, plugin: &str, id: &ReplayId, verdict: Verdict) -> Result<u64> {
    let found = find(app, member, plugin, id).await?;
    if found.replay.state == ReplayState::Running && !found.interrupted {
        // What is not found yet was not seen.
        return Err(Error::field("verdict", "field-replay-running"));
    }
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let judged = write.judge_rest(id, verdict, member.id(), app.clock.now()).await?;
    note(app, &mut write, member, &format!("replay.{verdict}"), id).await?;
    write.commit().await?;
    Ok(judged)
}

/// Whether the last replay of this very file went through, and everything in it was approved.
pub async fn approved(read: &mut Conn, plugin: &str, version: &str, digest: &str) -> relevo_store::Result<bool> {
    let Some(last) = read.replays().last_done(plugin, version).await?.filter(|last| last.digest == digest) else { return Ok(false) };
    let verdicts = read.replays().verdicts(&last.id).await?;
    Ok(verdicts.pending == 0 && verdicts.rejected == 0)
}

/// What people wrote is in what differs: whoever uploads plugins sees it only if they may see conversations too.
fn demand(member: &Member) -> Result<()> {
    member.demand(Permission::UploadPlugins, None)?;
    member.demand(Permission::SeeConversations, None)?;
    Ok(())
}

async fn note(app: &App, write: &mut relevo_store::Write, member: &Member, action: &str, replay: &ReplayId) -> Result<()> {
    Ok(write.note(&app.door.line(member.id(), action, Some(replay.as_str()))).await?)
}

async fn whole(app: &App, read: &mut Conn, replay: Replay) -> Result<Whole> {
    let verdicts = read.replays().verdicts(&replay.id).await?;
    let interrupted = replay.state == ReplayState::Running && app.clock.now().since(replay.updated_at) > STANDS_STILL;
    Ok(Whole { replay, verdicts, interrupted })
}

fn shown(cell: &relevo_store::Cell, row: Difference) -> Result<Shown> {
    let plain = row.unseal(cell)?;
    let differs = serde_json::from_slice(&plain).map_err(|error| Error::Broken(error.into()))?;
    Ok(Shown { row, differs })
}
