//! A replay from its start to its end, beside everything else that the process does.

use relevo_model::*;
use relevo_sandbox::Plugin;
use relevo_store::{Cell, Difference, Replay};

use super::{STANDS_STILL, compare::differences, demand, note, play::play};
use crate::{
    app::App,
    console::{Error, Result},
    conversation::journal::Journal,
    identity::Member,
    plugins::{self, Component},
    policy::Permission,
};

/// Conversations of one replay at most, and turns of one conversation.
pub const CONVERSATIONS: u32 = 200;
const TURNS: i64 = 500;
/// Turns between two reports of how far it is.
const STEP: i64 = 10;

/// Which conversations are run again.
#[derive(Clone, Debug)]
pub enum Selection {
    /// Those in which the plugin answered last.
    Last(u32),
    Conversations(Vec<ConversationId>),
}

/// Begins to run recorded conversations on a version of a plugin. What is found is kept as it goes.
pub async fn start(app: &App, member: &Member, plugin: &str, version: &str, selection: Selection) -> Result<ReplayId> {
    demand(member)?;
    let cell = app.store.cell(&member.tenant).await?;
    let component = candidate(app, &cell, plugin, version).await?;
    let now = app.clock.now();
    let mut read = cell.read().await?;
    if read.replays().running(plugin, Time(now.0.saturating_sub(i64::try_from(STANDS_STILL.as_millis()).unwrap_or(0)))).await? {
        return Err(Error::field("version", "field-replay-running"));
    }
    let conversations = match selection {
        Selection::Last(count) if (1..=CONVERSATIONS).contains(&count) => read.conversations_answered_by(plugin, i64::from(count)).await?,
        Selection::Conversations(chosen) if (1..=CONVERSATIONS as usize).contains(&chosen.len()) => {
            for conversation in &chosen {
                let found = read.conversations().find(conversation).await?.ok_or(Error::NotFound)?;
                member.demand_at(Permission::SeeConversations, found.service_point_id)?;
            }
            chosen
        }
        Selection::Last(_) | Selection::Conversations(_) => return Err(Error::field("last", "field-replay-count")),
    };
    let mut turns = Vec::new();
    for conversation in &conversations {
        let found = read.recorded_turns(conversation, None, TURNS).await?;
        turns.extend(found.into_iter().rev().map(|recorded| (*conversation, recorded.turn.id)));
    }
    drop(read);
    let replay = Replay {
        id: app.clock.id(),
        plugin_id: plugin.to_owned(),
        version: version.to_owned(),
        digest: component.digest().to_string(),
        state: ReplayState::Running,
        conversations: i64::try_from(conversations.len()).unwrap_or(i64::MAX),
        turns: i64::try_from(turns.len()).unwrap_or(i64::MAX),
        done: 0,
        skipped: 0,
        started_by: member.id().to_owned(),
        created_at: now,
        updated_at: now,
    };
    let id = replay.id;
    let mut write = cell.write().await?;
    write.add_replay(&replay).await?;
    note(app, &mut write, member, "replay.started", &id).await?;
    write.commit().await?;
    let job = Job { app: app.clone(), cell, replay, found: Vec::new() };
    app.tasks.spawn(job.work(component, turns));
    Ok(id)
}

/// The component of a version: the binary's own, or one that was uploaded.
pub async fn candidate(app: &App, cell: &Cell, plugin: &str, version: &str) -> Result<Component> {
    if let Some(own) = app.plugins.find(plugin).filter(|own| own.version() == version) {
        return Ok(own.clone());
    }
    let row = cell.read().await?.plugins().version(plugin, version).await?.filter(|row| row.state == VersionState::Ready).ok_or(Error::NotFound)?;
    plugins::of_version(app, &row).map_err(Error::Broken)
}

struct Job {
    app: App,
    cell: Cell,
    replay: Replay,
    /// Not written yet.
    found: Vec<Difference>,
}

impl Job {
    async fn work(mut self, component: Component, turns: Vec<(ConversationId, TurnId)>) {
        self.replay.state = match self.run(&component, &turns).await {
            Ok(()) => ReplayState::Done,
            Err(error) => {
                tracing::error!(replay = %self.replay.id, error = format!("{error:#}"), "a replay could not go on");
                ReplayState::Failed
            }
        };
        if let Err(error) = self.report().await {
            tracing::error!(replay = %self.replay.id, %error, "how a replay ended could not be written");
        }
    }

    async fn run(&mut self, component: &Component, turns: &[(ConversationId, TurnId)]) -> anyhow::Result<()> {
        let plugin = component.plugin(&self.app.media).await?;
        for (conversation, turn) in turns {
            if self.app.closing.is_cancelled() {
                anyhow::bail!("the process ends");
            }
            if !self.turn(&plugin, conversation, turn).await? {
                self.replay.skipped += 1;
            }
            self.replay.done += 1;
            if self.replay.done % STEP == 0 {
                self.report().await?;
            }
        }
        Ok(())
    }

    /// False for a turn that cannot be run again, or that this plugin had no part in.
    async fn turn(&mut self, plugin: &Plugin, conversation: &ConversationId, turn: &TurnId) -> anyhow::Result<bool> {
        let sealed = self.cell.read().await?.journal(turn).await?;
        let Some(journal) = sealed.and_then(|sealed| Journal::open(&self.cell, turn, &sealed)) else { return Ok(false) };
        let Some(flow) = journal.of(&self.replay.plugin_id) else { return Ok(false) };
        let Some(played) = play(plugin, &journal, flow).await else { return Ok(false) };
        for differs in differences(flow, &played) {
            let id: DifferenceId = self.app.clock.id();
            let sealed = Difference::seal(&self.cell, &id, &serde_json::to_vec(&differs)?);
            self.found.push(Difference {
                id,
                replay_id: self.replay.id,
                turn_id: *turn,
                conversation_id: *conversation,
                kind: differs.kind,
                sealed,
                verdict: Verdict::Pending,
                judged_by: None,
                judged_at: None,
            });
        }
        Ok(true)
    }

    /// Writes what was found, and how far it is.
    async fn report(&mut self) -> relevo_store::Result<()> {
        self.replay.updated_at = self.app.clock.now();
        let mut write = self.cell.write().await?;
        write.add_differences(&self.found).await?;
        write.save_replay(&self.replay).await?;
        write.commit().await?;
        self.found.clear();
        Ok(())
    }
}
