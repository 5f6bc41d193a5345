//! How plugins are set: for the whole installation, and otherwise at a service point; both checked by the schema and by the plugin, and every
//! version kept. Secrets are sealed beside it and never come back.

use std::collections::BTreeMap;

use relevo_model::*;
use relevo_sandbox::{CallError, Limits, Manifest, manifest::Permission as Asked, schema};
use relevo_store::{Cell, Conn, Install, PluginRow, Write};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{ConfigProblem, Detail, Earlier, LARGEST_CONFIG, Why, find, view};
use crate::{
    app::App,
    console::{Error, Result, Seen, apply, note},
    identity::Member,
    plugins::{self, Component, LoadFailed, Refused},
    policy::Permission,
};

/// Letters of what a plugin says of a field.
const LONGEST_WORDS: usize = 300;
/// Bytes of a secret.
const LONGEST_SECRET: usize = 8 << 10;

/// How somebody wants a plugin to be set for the whole installation.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Without its secrets: what is said of them here is left out.
    pub config: Value,
    /// Secrets that are set anew, or forgotten where there is none; those that are not named stay.
    pub secrets: BTreeMap<String, Option<SecretString>>,
    /// The version that it is for; none is the one that answers, or else the newest.
    pub version: Option<String>,
}

impl From<schema::Problem> for ConfigProblem {
    fn from(problem: schema::Problem) -> Self {
        Self { path: problem.path, why: Why::Schema { keyword: problem.keyword, detail: problem.detail } }
    }
}

/// Sets a plugin for the whole installation; the next turn has it. It is for whoever decides of plugins: somebody who is limited to some service
/// points sets it there.
pub async fn configure(app: &App, member: &Member, id: &str, settings: Settings, seen: Seen) -> Result<Detail> {
    member.demand(Permission::UploadPlugins, None)?;
    let cell = app.store.cell(&member.tenant).await?;
    let (component, mut set) = {
        let mut read = cell.read().await?;
        (component_of(app, &mut read, id, settings.version.as_deref()).await?.ok_or(Error::NotFound)?, secret_names(&mut read, id).await?)
    };
    let manifest = component.manifest();
    for (name, secret) in &settings.secrets {
        check_secret(manifest, name, secret.as_ref())?;
        set.retain(|other| other != name);
        if secret.is_some() {
            set.push(name.clone());
        }
    }
    let config = without_secrets(manifest, &settings.config);
    check(app, member, &component, &with_secrets(manifest, &config, &set)).await?;
    let mut write = cell.write().await?;
    write.add_plugin(id, app.clock.now()).await?;
    if !write.save_plugin_config(id, &config, seen, member.id(), app.clock.now()).await? {
        return Err(Error::Stale);
    }
    keep_secrets(&mut write, &cell, id, &settings.secrets).await?;
    note(app, &mut write, member, "plugin.configured", Some(id)).await?;
    apply(app, member, write).await?;
    find(app, member, id).await
}

async fn keep_secrets(write: &mut Write, cell: &Cell, id: &str, secrets: &BTreeMap<String, Option<SecretString>>) -> Result<()> {
    for (name, secret) in secrets {
        match secret {
            Some(secret) => write.set_plugin_secret(cell, id, name, secret.expose_secret()).await?,
            None => write.forget_plugin_secret(id, name).await?,
        }
    }
    Ok(())
}

/// Sets a plugin otherwise at one service point: what is not said there is as the installation has it.
pub async fn configure_at(app: &App, member: &Member, point: &ServicePointId, id: &str, config: Value, seen: Seen) -> Result<Install> {
    member.demand_at(Permission::ConfigureFlows, *point)?;
    let cell = app.store.cell(&member.tenant).await?;
    let before = {
        let mut read = cell.read().await?;
        read.flow_of(point).await?.into_iter().find(|install| install.plugin_id == id).ok_or(Error::NotFound)?
    };
    let config = check_override(app, member, id, &config).await?;
    let mut write = cell.write().await?;
    if !write.touch_service_point(point, seen).await? {
        return Err(Error::Stale);
    }
    if !write.set_install(&before.id, &config).await? {
        return Err(Error::NotFound);
    }
    write.keep_config(id, Some(point), &config, member.id(), app.clock.now()).await?;
    note(app, &mut write, member, "flow.changed", Some(point.as_str())).await?;
    apply(app, member, write).await?;
    Ok(Install { config: relevo_store::Json(config), ..before })
}

/// The configurations that there were, newest first, from before this version; without a service point the whole installation's.
pub async fn configs(app: &App, member: &Member, id: &str, point: Option<&ServicePointId>, before: Option<i64>, limit: i64) -> Result<Vec<Earlier>> {
    match point {
        Some(point) => member.demand_at(Permission::ConfigureFlows, *point)?,
        None => view::may_see(member)?,
    }
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    view::demand(app, &mut read, id).await?;
    Ok(read.plugins().configs(id, point, before, limit).await?)
}

/// What a guest is handed: the defaults of the schema, over them the installation's configuration, over that what the service point has
/// otherwise, field by field of the first level. A secret that is set stands there as `true`.
pub fn merged(manifest: &Manifest, installation: &Value, point: &Value, secrets: &[&str]) -> Value {
    let mut config = match without_secrets(manifest, installation) {
        Value::Object(config) => config,
        _ => Map::new(),
    };
    if let Value::Object(otherwise) = without_secrets(manifest, point) {
        config.extend(otherwise);
    }
    with_secrets(manifest, &schema::with_defaults(&manifest.config, &Value::Object(config)), secrets)
}

/// A configuration as it is for one service point, checked over the installation's: what may be kept of it.
pub(in crate::console) async fn check_override(app: &App, member: &Member, id: &str, config: &Value) -> Result<Value> {
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    let component = component_of(app, &mut read, id, None).await?.ok_or(Error::NotFound)?;
    let row = read.plugins().find(id).await?.unwrap_or_else(|| PluginRow::of(id, app.clock.now()));
    let set = secret_names(&mut read, id).await?;
    drop(read);
    if !config.is_object() {
        return Err(Error::Settings(vec![ConfigProblem { path: String::new(), why: Why::Schema { keyword: "type", detail: "object".into() } }]));
    }
    let manifest = component.manifest();
    let config = without_secrets(manifest, config);
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    check(app, member, &component, &merged(manifest, &row.config.0, &config, &set)).await?;
    Ok(config)
}

/// Keeps what is new of the configurations of a chain, for their history.
pub(in crate::console) async fn keep_overrides(write: &mut Write, member: &Member, before: &[Install], chain: &[Install], now: Time) -> Result<()> {
    for install in chain {
        let same = before.iter().any(|other| other.plugin_id == install.plugin_id && other.config == install.config);
        let nothing = install.config.0.as_object().is_some_and(Map::is_empty) && !before.iter().any(|other| other.plugin_id == install.plugin_id);
        if !same && !nothing {
            write.keep_config(&install.plugin_id, Some(&install.service_point_id), &install.config.0, member.id(), now).await?;
        }
    }
    Ok(())
}

/// The version that a configuration is for: the one that is named, else the one that answers, else the newest that can.
pub(in crate::console) async fn component_of(app: &App, read: &mut Conn, id: &str, version: Option<&str>) -> Result<Option<Component>> {
    if let Some(built_in) = app.plugins.find(id) {
        return Ok(Some(built_in.clone()));
    }
    let Some(row) = read.plugins().find(id).await? else { return Ok(None) };
    let versions = read.plugins().versions(id).await?;
    let wanted = version.or(row.active_version.as_deref());
    let found = versions.iter().find(|one| wanted.map_or(one.state == VersionState::Ready, |wanted| one.version == wanted));
    found.map(|version| plugins::of_version(app, version).map_err(Error::Broken)).transpose()
}

pub(super) async fn secret_names(read: &mut Conn, id: &str) -> Result<Vec<String>> {
    Ok(read.plugins().secret_names().await?.into_iter().filter(|(plugin, _)| plugin == id).map(|(_, name)| name).collect())
}

/// The schema first: what does not keep that is not shown to the plugin. Secrets stand in it as `true`.
async fn check(app: &App, member: &Member, component: &Component, config: &Value) -> Result<()> {
    let manifest = component.manifest();
    let filled = schema::with_defaults(&manifest.config, config);
    let text = filled.to_string();
    let mut problems: Vec<ConfigProblem> = schema::validate(&manifest.config, &filled).into_iter().map(ConfigProblem::from).collect();
    if text.len() > LARGEST_CONFIG {
        problems.push(ConfigProblem { path: String::new(), why: Why::Schema { keyword: "maxLength", detail: LARGEST_CONFIG.into() } });
    }
    if problems.is_empty() {
        let plugin = component.plugin(&app.media).await.map_err(unusable)?;
        let limits = plugin.limits(&Limits::default());
        match plugin.check_config(member.tenant.as_str(), &text, &limits).await {
            Ok(said) => {
                let line = |text: String| -> String { text.chars().filter(|letter| !letter.is_control()).take(LONGEST_WORDS).collect() };
                problems = said.into_iter().map(|said| ConfigProblem { path: line(said.field), why: Why::Says(line(said.message)) }).collect();
            }
            Err(CallError::Busy) => return Err(Error::Unavailable),
            Err(error) => {
                tracing::warn!(plugin = manifest.id, %error, "a plugin could not check its configuration");
                problems = vec![ConfigProblem { path: String::new(), why: Why::Unchecked }];
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Settings(problems)) }
}

/// A file that is gone or was changed is to be uploaded again; what is ours is ours.
fn unusable(error: LoadFailed) -> Error {
    Refused::of(&error).map_or_else(|| Error::Broken(error.into()), Error::Package)
}

fn check_secret(manifest: &Manifest, name: &str, secret: Option<&SecretString>) -> Result<()> {
    let wrong = |keyword, detail: Value| Err(Error::Settings(vec![ConfigProblem { path: format!("/{name}"), why: Why::Schema { keyword, detail } }]));
    if !secrets_of(manifest).iter().any(|known| known == name) {
        return wrong("additionalProperties", false.into());
    }
    match secret.map(|secret| secret.expose_secret().len()) {
        Some(0) => wrong("minLength", 1.into()),
        Some(length) if length > LONGEST_SECRET => wrong("maxLength", LONGEST_SECRET.into()),
        _ => Ok(()),
    }
}

/// The names of the secrets that a plugin may have: those of its configuration, and those that it asks for.
pub(super) fn secrets_of(manifest: &Manifest) -> Vec<String> {
    let asked = manifest.permissions.iter().flat_map(|permission| match permission {
        Asked::Secrets { names, .. } => names.as_slice(),
        _ => &[],
    });
    let mut names: Vec<String> = schema::secrets(&manifest.config).into_iter().map(str::to_owned).chain(asked.cloned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// With those that are set as `true`.
pub(super) fn with_secrets(manifest: &Manifest, config: &Value, set: &[impl AsRef<str>]) -> Value {
    let mut config = without_secrets(manifest, config);
    for name in schema::secrets(&manifest.config) {
        if set.iter().any(|set| set.as_ref() == name) {
            config[name] = Value::Bool(true);
        }
    }
    config
}

/// What is kept of a configuration: nothing of its secrets.
fn without_secrets(manifest: &Manifest, config: &Value) -> Value {
    let mut config = config.clone();
    if let Value::Object(fields) = &mut config {
        for name in schema::secrets(&manifest.config) {
            fields.remove(name);
        }
    }
    config
}

#[cfg(test)]
mod tests {
    use relevo_sandbox::API_VERSION;
    use serde_json::json;

    use super::*;

    fn manifest() -> Manifest {
        let manifest = json!({
            "id": "x", "version": "1.0.0", "api": API_VERSION, "title": "X",
            "permissions": [{ "kind": "secrets", "names": ["KEY"], "reason": "its key" }],
            "config": { "type": "object", "additionalProperties": false, "properties": {
                "KEY": { "type": "string", "format": "secret" },
                "greeting": { "type": "string", "default": "hola" },
                "hours": { "type": "object", "properties": { "from": { "type": "string" }, "to": { "type": "string" } } },
            } },
        });
        Manifest::parse(manifest.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_service_point_has_what_it_says_over_the_installation_over_the_defaults() {
        let manifest = manifest();
        let installation = json!({ "hours": { "from": "09:00", "to": "18:00" } });

        assert_eq!(merged(&manifest, &json!({}), &json!({}), &[]), json!({ "greeting": "hola" }));
        assert_eq!(
            merged(&manifest, &installation, &json!({ "greeting": "buenas", "hours": { "from": "10:00" } }), &[]),
            json!({ "greeting": "buenas", "hours": { "from": "10:00" } }),
            "a field of the first level is one thing"
        );
    }

    #[test]
    fn a_guest_knows_of_a_secret_that_it_is_set_and_no_more() {
        let manifest = manifest();
        let entered = json!({ "KEY": "canary" });

        assert_eq!(merged(&manifest, &entered, &entered, &["KEY"]), json!({ "greeting": "hola", "KEY": true }));
        assert_eq!(merged(&manifest, &entered, &entered, &[]), json!({ "greeting": "hola" }));
        assert_eq!(without_secrets(&manifest, &entered), json!({}));
        assert_eq!(secrets_of(&manifest), ["KEY"]);
    }
}
