//! Versions: consented to, activated, taken back, tried with some of the conversations, removed.

use relevo_model::*;
use relevo_sandbox::{Grants, Manifest, Permission as Asked};
use relevo_store::{Conn, Json, PluginGrants, PluginRow, PluginVersion, Write};

use super::{Consent, Detail, find, fit, view};
use crate::{
    app::App,
    console::{Error, Result, Seen, Use, apply, note},
    identity::Member,
    policy::Permission,
    replay,
};

/// The shares of the conversations that a canary may have, in percent.
pub const SHARES: [i64; 3] = [5, 25, 50];

/// Lets a plugin do what is wanted of what a version asks for; more than it asks is nothing. What an earlier version asked for and this one does
/// not stays as it was granted, for as long as that may still run.
pub async fn grant(app: &App, member: &Member, id: &str, version: &str, wanted: &Grants) -> Result<Detail> {
    member.demand(Permission::UploadPlugins, None)?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let manifest = manifest_of(&mut write, id, version).await?;
    let asks = Grants::all(&manifest);
    let before = write.plugins().grants_of(id).await?.map(view::consent).transpose()?;
    let (grants, asked) = match before {
        None => (asks.narrowed(wanted), asks),
        Some(Consent { grants, asked, .. }) => {
            let elsewhere = |held: &Grants| -> Vec<Asked> {
                held.permissions().iter().filter(|one| asks.narrowed(&Grants::of(&[(*one).clone()])) == Grants::none()).cloned().collect()
            };
            let with = |own: &Grants, others: Vec<Asked>| Grants::of(&[own.permissions(), others.as_slice()].concat());
            (with(&asks.narrowed(wanted), elsewhere(&grants)), with(&asks, elsewhere(&asked)))
        }
    };
    let json = |grants: &Grants| serde_json::to_value(grants).map(Json).map_err(|error| Error::Broken(error.into()));
    let row = PluginGrants {
        plugin_id: id.to_owned(),
        grants: json(&grants)?,
        asked: json(&asked)?,
        granted_by: member.id().to_owned(),
        granted_at: app.clock.now(),
    };
    write.save_grants(&row).await?;
    note(app, &mut write, member, "plugin.granted", Some(id)).await?;
    apply(app, member, write).await?;
    find(app, member, id).await
}

/// Has a version answer from the next turn on; turns that are under way end on the version that they began with.
pub async fn activate(app: &App, member: &Member, id: &str, version: &str, seen: Seen) -> Result<Detail> {
    member.demand(Permission::UploadPlugins, None)?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let mut row = row_of(app, &mut write, id).await?;
    let found = demand_usable(&mut write, id, version).await?;
    if row.active_version.as_deref() != Some(version) {
        demand_fit(&mut write, &row, &found).await?;
        demand_replay(&mut write, &row, &found).await?;
    }
    move_to(&mut row, version.to_owned());
    save(app, member, write, &row, seen, "plugin.activated").await
}

/// Has the version answer again that answered before.
pub async fn roll_back(app: &App, member: &Member, id: &str, seen: Seen) -> Result<Detail> {
    member.demand(Permission::UploadPlugins, None)?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let mut row = row_of(app, &mut write, id).await?;
    let version = row.previous_version.clone().ok_or(Error::NoVersion)?;
    demand_ready(&mut write, id, &version).await?;
    move_to(&mut row, version);
    save(app, member, write, &row, seen, "plugin.rolled-back").await
}

/// Tries a version with a share of the conversations: each has the same version for as long as it is tried.
pub async fn start_canary(app: &App, member: &Member, id: &str, version: &str, percent: i64, seen: Seen) -> Result<Detail> {
    member.demand(Permission::UploadPlugins, None)?;
    if !SHARES.contains(&percent) {
        return Err(Error::field("percent", "field-share"));
    }
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let mut row = row_of(app, &mut write, id).await?;
    if row.active_version.is_none() || row.active_version.as_deref() == Some(version) {
        return Err(Error::field("version", "field-canary-version"));
    }
    let found = demand_usable(&mut write, id, version).await?;
    demand_fit(&mut write, &row, &found).await?;
    demand_replay(&mut write, &row, &found).await?;
    // More of the same goes on counting.
    if row.canary_version.as_deref() != Some(version) {
        forget_canary(&mut row);
        row.canary_version = Some(version.to_owned());
        row.canary_since = Some(app.clock.now().0);
    }
    row.canary_percent = percent;
    save(app, member, write, &row, seen, "plugin.canary-started").await
}

/// Ends it: the version that was tried answers all, or none.
pub async fn end_canary(app: &App, member: &Member, id: &str, keep: bool, seen: Seen) -> Result<Detail> {
    member.demand(Permission::UploadPlugins, None)?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let mut row = row_of(app, &mut write, id).await?;
    let version = row.canary_version.clone().ok_or(Error::NoVersion)?;
    if keep {
        let found = demand_usable(&mut write, id, &version).await?;
        demand_fit(&mut write, &row, &found).await?;
        demand_replay(&mut write, &row, &found).await?;
        move_to(&mut row, version);
    } else {
        forget_canary(&mut row);
    }
    save(app, member, write, &row, seen, if keep { "plugin.canary-kept" } else { "plugin.canary-ended" }).await
}

/// Removes a version that does not answer. With its last version goes the plugin, where no service point has it.
pub async fn remove_version(app: &App, member: &Member, id: &str, version: &str) -> Result<()> {
    member.demand(Permission::UploadPlugins, None)?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let mut row = row_of(app, &mut write, id).await?;
    let found = write.plugins().version(id, version).await?.ok_or(Error::NotFound)?;
    if [&row.active_version, &row.canary_version].into_iter().any(|at_work| at_work.as_deref() == Some(version)) {
        return Err(Error::InUse(Use::Answers));
    }
    let last = write.plugins().versions(id).await?.len() == 1;
    if last && write.installs().await?.iter().any(|install| install.plugin_id == id) {
        return Err(Error::InUse(Use::Chain));
    }
    write.remove_plugin_version(id, version).await?;
    if last {
        write.remove_plugin(id).await?;
    } else if row.previous_version.as_deref() == Some(version) {
        row.previous_version = None;
        write.save_plugin(&row, None).await?;
    }
    note(app, &mut write, member, "plugin.version-removed", Some(id)).await?;
    apply(app, member, write).await?;
    super::upload::forget(app, &found.media_key).await;
    Ok(())
}

async fn save(app: &App, member: &Member, mut write: Write, row: &PluginRow, seen: Seen, action: &str) -> Result<Detail> {
    if !write.save_plugin(row, seen).await? {
        return Err(Error::Stale);
    }
    for version in [&row.active_version, &row.canary_version].into_iter().flatten() {
        write.note_activation(&row.id, version, app.clock.now()).await?;
    }
    if let Some(version) = &row.active_version {
        write.name_version(&row.id, version).await?;
    }
    note(app, &mut write, member, action, Some(&row.id)).await?;
    apply(app, member, write).await?;
    find(app, member, &row.id).await
}

/// One of ours is the program's: it has no versions to choose from.
async fn row_of(app: &App, conn: &mut Conn, id: &str) -> Result<PluginRow> {
    if app.plugins.find(id).is_some() {
        return Err(Error::field("plugin", "plugin-built-in"));
    }
    conn.plugins().find(id).await?.ok_or(Error::NotFound)
}

fn move_to(row: &mut PluginRow, version: String) {
    if row.active_version.as_ref() != Some(&version) {
        row.previous_version = row.active_version.replace(version);
    }
    forget_canary(row);
    // What failed was another one.
    if row.state == PluginState::SetAside {
        (row.state, row.set_aside_at, row.set_aside_reason) = (PluginState::On, None, None);
    }
}

fn forget_canary(row: &mut PluginRow) {
    (row.canary_version, row.canary_percent, row.canary_since) = (None, 0, None);
    (row.canary_turns, row.canary_failed, row.steady_turns, row.steady_failed) = (0, 0, 0, 0);
    (row.taken_back_version, row.taken_back_at) = (None, None);
}

async fn manifest_of(conn: &mut Conn, id: &str, version: &str) -> Result<Manifest> {
    let found = conn.plugins().version(id, version).await?.ok_or(Error::NotFound)?;
    serde_json::from_value(found.manifest.0).map_err(|error| Error::Broken(error.into()))
}

async fn demand_ready(conn: &mut Conn, id: &str, version: &str) -> Result<PluginVersion> {
    let found = conn.plugins().version(id, version).await?.ok_or(Error::NotFound)?;
    match found.state {
        VersionState::Ready => Ok(found),
        VersionState::Compiling => Err(Error::NotReady),
        VersionState::Refused => Err(found.problem.map_or(Error::NotReady, |problem| Error::Package(view::refused(&problem.0)))),
    }
}

/// It is compiled, and asks for no more than what was consented to.
async fn demand_usable(conn: &mut Conn, id: &str, version: &str) -> Result<PluginVersion> {
    let found = demand_ready(conn, id, version).await?;
    let manifest = manifest_of(conn, id, version).await?;
    let asked = conn.plugins().grants_of(id).await?.map(view::consent).transpose()?.map_or_else(Grants::none, |consent| consent.asked);
    let more = manifest.asks_more_than(&asked);
    if more.is_empty() { Ok(found) } else { Err(Error::Consent(more)) }
}

/// It can take what is set. A rollback does not ask: what answered before is better than what is being left.
async fn demand_fit(conn: &mut Conn, row: &PluginRow, version: &PluginVersion) -> Result<()> {
    let manifest = manifest_of(conn, &row.id, &version.version).await?;
    fit::demand(conn, row, &manifest).await
}

/// Where the business wants it, a version answers only when somebody approved what would have been said otherwise. The first has nothing to be
/// compared with.
async fn demand_replay(conn: &mut Conn, row: &PluginRow, version: &PluginVersion) -> Result<()> {
    if !row.requires_replay || row.active_version.is_none() {
        return Ok(());
    }
    let approved = replay::approved(conn, &row.id, &version.version, &version.digest).await?;
    if approved { Ok(()) } else { Err(Error::ReplayNeeded) }
}
