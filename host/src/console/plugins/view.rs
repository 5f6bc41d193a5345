//! What there is to see of plugins.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use relevo_model::*;
use relevo_sandbox::{Grants, Manifest};
use relevo_store::{Conn, PluginGrants, PluginRow, PluginVersion};

use super::{Canary, Consent, Detail, Plugin, SecretState, SetAside, Version, problems_with, settings};
use crate::{
    app::App,
    console::{Error, Result},
    identity::Member,
    plugins::Refused,
    policy::Permission,
};

/// How far failures are looked back on in lists.
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// All plugins that the business has, by their ids: ours, and what was uploaded.
pub async fn list(app: &App, member: &Member) -> Result<Vec<Plugin>> {
    may_see(member)?;
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    let rows = read.plugins().list().await?;
    let mut ids: Vec<String> = app.plugins.ids().into_iter().map(str::to_owned).chain(rows.into_iter().map(|row| row.id)).collect();
    ids.sort_unstable();
    ids.dedup();
    let around = Around::read(app, &mut read).await?;
    let mut all = Vec::new();
    for id in ids {
        let row = read.plugins().find(&id).await?;
        let versions = read.plugins().versions(&id).await?;
        all.extend(plugin(app, &id, row.as_ref(), &versions, &around));
    }
    Ok(all)
}

/// A plugin with all that is known of it.
pub async fn find(app: &App, member: &Member, id: &str) -> Result<Detail> {
    may_see(member)?;
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    let row = read.plugins().find(id).await?;
    let rows = read.plugins().versions(id).await?;
    let around = Around::read(app, &mut read).await?;
    let plugin = plugin(app, id, row.as_ref(), &rows, &around).ok_or(Error::NotFound)?;
    let consent = read.plugins().grants_of(id).await?.map(consent).transpose()?;
    let set: Vec<String> = read.plugins().secret_names().await?.into_iter().filter(|(of, _)| of == id).map(|(_, name)| name).collect();
    drop(read);
    let row = row.unwrap_or_else(|| PluginRow::of(id, app.clock.now()));
    // Those of a version that does not answer yet are entered before it does.
    let names: BTreeSet<String> = rows.iter().filter_map(manifest).chain([Arc::clone(&plugin.manifest)]).flat_map(|one| settings::secrets_of(&one)).collect();
    let secrets = names.into_iter().map(|name| SecretState { set: set.contains(&name), name }).collect();
    let asked = consent.as_ref().map_or_else(Grants::none, |consent| consent.asked.clone());
    let versions = rows.iter().filter_map(|row| version(row, &asked)).collect();
    let (config, config_version) = (row.config.0, row.config_version);
    let mut detail = Detail { plugin, versions, consent, config, config_version, secrets, problems: Vec::new() };
    if detail.plugin.active.is_some() {
        detail.problems = problems_with(&detail, &detail.plugin.manifest);
    }
    Ok(detail)
}

/// Goes on only where the business has a plugin of this id.
pub(super) async fn demand(app: &App, read: &mut Conn, id: &str) -> Result<()> {
    if app.plugins.find(id).is_some() || read.plugins().find(id).await?.is_some() { Ok(()) } else { Err(Error::NotFound) }
}

/// Whoever decides of plugins sees them, and whoever attaches them somewhere.
pub(super) fn may_see(member: &Member) -> Result<()> {
    if !member.may(Permission::UploadPlugins, None) {
        member.demand(Permission::ConfigureFlows, None)?;
    }
    Ok(())
}

/// What is known of all plugins alike.
struct Around {
    points: HashMap<String, Vec<ServicePointId>>,
    failures: HashMap<String, i64>,
}

impl Around {
    async fn read(app: &App, read: &mut Conn) -> Result<Self> {
        let mut points: HashMap<String, Vec<ServicePointId>> = HashMap::new();
        for install in read.installs().await? {
            points.entry(install.plugin_id).or_default().push(install.service_point_id);
        }
        let failures = read.plugin_runs().failures(ago(app, DAY)).await?.into_iter().collect();
        Ok(Self { points, failures })
    }
}

pub(super) fn ago(app: &App, span: Duration) -> Time {
    Time(app.clock.now().0 - i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}

/// None where there is no plugin of this id, or none of its versions can be read any more.
fn plugin(app: &App, id: &str, row: Option<&PluginRow>, versions: &[PluginVersion], around: &Around) -> Option<Plugin> {
    let built_in = app.plugins.find(id);
    if built_in.is_none() && row.is_none() {
        return None;
    }
    let nobody = PluginRow::of(id, app.clock.now());
    let row = row.unwrap_or(&nobody);
    let active = versions.iter().find(|version| Some(&version.version) == row.active_version.as_ref());
    // Else the newest, whichever can be read.
    let manifest = match built_in {
        Some(plugin) => Arc::clone(plugin.manifest()),
        None => active.into_iter().chain(versions).find_map(manifest)?,
    };
    Some(Plugin {
        id: id.to_owned(),
        built_in: built_in.is_some(),
        active: built_in.map(crate::plugins::Component::version).or_else(|| row.active_version.clone()),
        manifest,
        previous: row.previous_version.clone(),
        canary: canary(row),
        state: row.state,
        set_aside: row.set_aside_at.map(|at| SetAside { at: Time(at), reason: row.set_aside_reason.clone().unwrap_or_default() }),
        taken_back: row.taken_back_version.clone().zip(row.taken_back_at.map(Time)),
        requires_replay: row.requires_replay,
        points: around.points.get(id).cloned().unwrap_or_default(),
        failures: around.failures.get(id).copied().unwrap_or_default(),
        version: row.version,
    })
}

fn canary(row: &PluginRow) -> Option<Canary> {
    Some(Canary {
        version: row.canary_version.clone()?,
        percent: row.canary_percent,
        since: Time(row.canary_since?),
        turns: row.canary_turns,
        failed: row.canary_failed,
        steady_turns: row.steady_turns,
        steady_failed: row.steady_failed,
    })
}

pub(in crate::console) fn manifest(version: &PluginVersion) -> Option<Arc<Manifest>> {
    serde_json::from_value(version.manifest.0.clone()).ok().map(Arc::new)
}

fn version(row: &PluginVersion, asked: &Grants) -> Option<Version> {
    let manifest = manifest(row)?;
    Some(Version {
        version: row.version.clone(),
        digest: row.digest.clone(),
        size: row.size,
        state: row.state,
        problem: row.problem.as_ref().map(|problem| refused(&problem.0)),
        asks_more: manifest.asks_more_than(asked),
        manifest,
        uploaded_by: row.uploaded_by.clone(),
        created_at: row.created_at,
        first_activated_at: row.first_activated_at.map(Time),
    })
}

pub(super) fn refused(problem: &serde_json::Value) -> Refused {
    serde_json::from_value(problem.clone()).unwrap_or_else(|_| Refused::new("plugin-host", problem.to_string()))
}

pub(super) fn consent(row: PluginGrants) -> Result<Consent> {
    let read = |value| serde_json::from_value(value).map_err(|error| Error::Broken(error.into()));
    Ok(Consent { grants: read(row.grants.0)?, asked: read(row.asked.0)?, by: row.granted_by, at: row.granted_at })
}
