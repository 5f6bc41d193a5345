//! Conversation tests of a plugin: those of its manifest, and those that were kept of conversations; run on any of its versions.

use std::time::Duration;

use relevo_model::*;
use relevo_store::SavedTest;

use super::{Error, Result, note, turns};
use crate::{
    app::App,
    conversation::journal::Journal,
    identity::Member,
    policy::Permission,
    replay::candidate,
    scripts::{self, Report, Script},
};

/// Tests that a plugin has beside its own.
const MOST: i64 = 100;
/// Turns of a conversation that become one test.
const TURNS: i64 = 100;
/// All tests of a run together take so long at most.
const PATIENCE: Duration = Duration::from_secs(20);
const LONGEST_NAME: usize = 120;

/// A test, and where it comes from.
#[derive(Clone, Debug)]
pub struct Test {
    /// None is the manifest's own.
    pub id: Option<SavedTestId>,
    pub name: String,
    pub script: String,
}

/// The tests of a version: its own, and then what was kept.
pub async fn list(app: &App, member: &Member, plugin: &str, version: &str) -> Result<Vec<Test>> {
    demand(member)?;
    let cell = app.store.cell(&member.tenant).await?;
    let component = candidate(app, &cell, plugin, version).await?;
    let own = component.manifest().tests.iter().map(|test| Test { id: None, name: test.name.clone(), script: test.script.clone() });
    let saved = cell.read().await?.saved_tests().list_of(plugin, MOST).await?;
    Ok(own.chain(saved.into_iter().map(|test| Test { id: Some(test.id), name: test.name, script: test.script })).collect())
}

/// Runs all tests of a version, in their order.
pub async fn run(app: &App, member: &Member, plugin: &str, version: &str) -> Result<Vec<Report>> {
    let tests = list(app, member, plugin, version).await?;
    let cell = app.store.cell(&member.tenant).await?;
    let loaded = candidate(app, &cell, plugin, version).await?.plugin(&app.media).await.map_err(|error| Error::Broken(error.into()))?;
    let began = std::time::Instant::now();
    let mut reports = Vec::new();
    for test in tests {
        let report = match Script::parse(&test.script) {
            Err(error) => Report::unreadable(&test.name, &error),
            Ok(script) => {
                let left = PATIENCE.saturating_sub(began.elapsed());
                let ran = tokio::time::timeout(left, scripts::run(&loaded, &script)).await;
                ran.map_or_else(|_| Report::too_slow(&test.name), |report| Report { name: test.name.clone(), ..report })
            }
        };
        reports.push(report);
    }
    Ok(reports)
}

pub async fn find(app: &App, member: &Member, plugin: &str, id: &SavedTestId) -> Result<SavedTest> {
    demand(member)?;
    let found = app.store.cell(&member.tenant).await?.read().await?.saved_tests().find(id).await?;
    found.filter(|test| test.plugin_id == plugin).ok_or(Error::NotFound)
}

/// Keeps a conversation, as far as this plugin answered it, as a test.
pub async fn save(app: &App, member: &Member, plugin: &str, conversation: &ConversationId, name: &str) -> Result<SavedTest> {
    demand(member)?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Error::field("name", if name.is_empty() { "field-required" } else { "field-long" }));
    }
    let script = script_of(app, member, plugin, conversation, name).await?;
    let test = SavedTest {
        id: app.clock.id(),
        plugin_id: plugin.to_owned(),
        name: name.to_owned(),
        script,
        created_by: member.id().to_owned(),
        created_at: app.clock.now(),
    };
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    if i64::try_from(write.saved_tests().list_of(plugin, MOST).await?.len()).unwrap_or(MOST) >= MOST {
        return Err(Error::field("name", "field-tests-enough"));
    }
    write.add_saved_test(&test).await?;
    note(app, &mut write, member, "test.saved", Some(test.id.as_str())).await?;
    write.commit().await?;
    Ok(test)
}

pub async fn remove(app: &App, member: &Member, plugin: &str, id: &SavedTestId) -> Result<()> {
    find(app, member, plugin, id).await?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    if !write.remove_saved_test(id).await? {
        return Err(Error::NotFound);
    }
    note(app, &mut write, member, "test.removed", Some(id.as_str())).await?;
    Ok(write.commit().await?)
}

async fn script_of(app: &App, member: &Member, plugin: &str, conversation: &ConversationId, name: &str) -> Result<String> {
    let recorded = turns::list(app, member, conversation, None, TURNS).await?;
    let cell = app.store.cell(&member.tenant).await?;
    let mut journals = Vec::new();
    for turn in recorded.into_iter().rev() {
        let id = turn.turn.id;
        let sealed = cell.read().await?.journal(&id).await?;
        journals.extend(sealed.and_then(|sealed| Journal::open(&cell, &id, &sealed)));
    }
    let version = journals.iter().rev().find_map(|journal| Some(journal.of(plugin)?.version.clone())).ok_or(Error::NotFound)?;
    let component = candidate(app, &cell, plugin, &version).await?;
    let script = scripts::of_conversation(name, component.manifest(), &journals).ok_or(Error::NotFound)?;
    script.to_toml().map_err(|error| Error::Broken(error.into()))
}

/// What people wrote is in what is kept of a conversation.
fn demand(member: &Member) -> Result<()> {
    member.demand(Permission::UploadPlugins, None)?;
    member.demand(Permission::SeeConversations, None)?;
    Ok(())
}
