//! The chain of a service point: which version of each plugin answers there, how it is set, and what it may do.

use std::{collections::HashMap, sync::Arc};

use relevo_model::*;
use relevo_sandbox::{Grants, Limits};
use relevo_store::{Cell, Conn, Install, PluginGrants, PluginRow, PluginVersion};
use sha2::{Digest, Sha256};

use super::journal;
use crate::{
    app::App,
    console::plugins::merged,
    plugins::{self, Component},
};

/// A plugin in a chain. One that is switched off, set aside or missing is not in it.
pub struct Link {
    pub install: Install,
    pub plugin: Component,
    set: Arc<Setting>,
    /// What the business lets it do.
    pub grants: Arc<Grants>,
    /// A share of the conversations is answered by another version.
    pub canary: Option<Candidate>,
}

/// How a version is set at a service point.
pub struct Setting {
    /// As the guest is handed it: the installation's with what the service point has otherwise, and what the version's own schema says of the rest.
    pub config: String,
    /// The same without what is the schema's own: what the journal keeps of it.
    pub settings: String,
}

/// A version that is tried with some of the conversations.
pub struct Candidate {
    pub plugin: Component,
    set: Arc<Setting>,
    pub percent: i64,
    pub since: i64,
}

/// The version of a plugin that answers a conversation.
#[derive(Clone)]
pub struct Chosen {
    pub component: Component,
    pub set: Arc<Setting>,
    /// When the canary began that it is.
    pub canary: Option<i64>,
}

/// What is kept of the plugins of a business, as one reading found it.
pub struct Attached {
    installs: Vec<Install>,
    rows: HashMap<String, PluginRow>,
    versions: HashMap<(String, String), PluginVersion>,
    grants: HashMap<String, PluginGrants>,
    /// By plugin and name.
    secrets: Vec<(String, String)>,
}

impl Link {
    /// The version that answers this conversation: the same one each time, for as long as a canary is tried.
    pub fn for_conversation(&self, conversation: &ConversationId) -> Chosen {
        let candidate = self.canary.as_ref().filter(|canary| share(conversation, &canary.plugin) < canary.percent);
        match candidate {
            Some(canary) => Chosen { component: canary.plugin.clone(), set: Arc::clone(&canary.set), canary: Some(canary.since) },
            None => Chosen { component: self.plugin.clone(), set: Arc::clone(&self.set), canary: None },
        }
    }

    /// The version that is tried beside the other, and since when.
    pub fn beside(&self) -> Option<(String, i64)> {
        self.canary.as_ref().map(|canary| (canary.plugin.version(), canary.since))
    }
}

impl Chosen {
    /// Its id and its version.
    pub fn name(&self) -> (String, String) {
        (self.component.manifest().id.clone(), self.component.version())
    }
}

/// Which percent of the conversations this one is in, where this version is tried: with a larger share those that were in it stay.
fn share(conversation: &ConversationId, candidate: &Component) -> i64 {
    let manifest = candidate.manifest();
    let named = format!("{conversation}\n{}\n{}", manifest.id, manifest.version);
    let hash = Sha256::digest(named.as_bytes());
    i64::from(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) % 100)
}

impl Attached {
    pub async fn read(conn: &mut Conn) -> relevo_store::Result<Self> {
        let installs = conn.installs().await?;
        let rows = conn.plugins().list().await?;
        let versions = conn.plugins().versions_at_work().await?;
        let grants = conn.plugins().grants().await?;
        Ok(Self {
            installs,
            rows: rows.into_iter().map(|row| (row.id.clone(), row)).collect(),
            versions: versions.into_iter().map(|row| ((row.plugin_id.clone(), row.version.clone()), row)).collect(),
            grants: grants.into_iter().map(|row| (row.plugin_id.clone(), row)).collect(),
            secrets: conn.plugins().secret_names().await?,
        })
    }

    /// The chains of all service points. What cannot answer is left out: the others are asked in its place.
    pub fn chains(self, app: &App, cell: &Cell) -> HashMap<ServicePointId, Vec<Link>> {
        let mut chains: HashMap<ServicePointId, Vec<Link>> = HashMap::new();
        for install in self.installs.iter().filter(|install| install.enabled) {
            match self.link(app, install) {
                Ok(Some(link)) => chains.entry(install.service_point_id).or_default().push(link),
                Ok(None) => {
                    tracing::debug!(tenant = %cell.tenant(), plugin = install.plugin_id, "a plugin that is attached here does not answer; it is passed over")
                }
                Err(error) => {
                    let (plugin, error) = (&install.plugin_id, format!("{error:#}"));
                    tracing::warn!(tenant = %cell.tenant(), plugin, error, "a plugin that is attached here cannot be used; it is passed over");
                }
            }
        }
        chains
    }

    fn link(&self, app: &App, install: &Install) -> anyhow::Result<Option<Link>> {
        let id = &install.plugin_id;
        let row = self.rows.get(id);
        if row.is_some_and(|row| row.state != PluginState::On) {
            return Ok(None);
        }
        let built_in = app.plugins.find(id).cloned();
        let grants = match (&built_in, self.grants.get(id)) {
            // Ours do what we wrote them to do.
            (Some(plugin), _) => Grants::all(plugin.manifest()),
            (None, Some(row)) => serde_json::from_value(row.grants.0.clone())?,
            (None, None) => Grants::none(),
        };
        let active = row.and_then(|row| row.active_version.as_deref());
        let plugin = match (built_in, active) {
            (Some(plugin), _) => plugin,
            (None, Some(version)) => self.component(app, id, version)?,
            (None, None) => return Ok(None),
        };
        let empty = serde_json::json!({});
        let base = row.map_or(&empty, |row| &row.config.0);
        let secrets: Vec<&str> = self.secrets.iter().filter(|(plugin, _)| plugin == id).map(|(_, name)| name.as_str()).collect();
        let set = |version: &Component| {
            let config = merged(version.manifest(), base, &install.config.0, &secrets);
            Arc::new(Setting { settings: journal::settings(version.manifest(), &config).to_string(), config: config.to_string() })
        };
        Ok(Some(Link {
            set: set(&plugin),
            canary: row.and_then(|row| self.candidate(app, row, set)),
            install: Install { version: plugin.version(), ..install.clone() },
            grants: Arc::new(grants),
            plugin,
        }))
    }

    /// One that cannot be used is not tried: the version beside it answers all.
    fn candidate(&self, app: &App, row: &PluginRow, set: impl Fn(&Component) -> Arc<Setting>) -> Option<Candidate> {
        let (version, since) = (row.canary_version.as_deref()?, row.canary_since?);
        let plugin = self.component(app, &row.id, version).ok()?;
        Some(Candidate { set: set(&plugin), plugin, percent: row.canary_percent, since })
    }

    fn component(&self, app: &App, id: &str, version: &str) -> anyhow::Result<Component> {
        let row = self.versions.get(&(id.to_owned(), version.to_owned())).ok_or_else(|| anyhow::anyhow!("version {version} is not there any more"))?;
        plugins::of_version(app, row)
    }
}

/// How much one call of a plugin may use: what its manifest asks for, and never more than anybody may.
pub fn limits(plugin: &Component) -> Limits {
    plugin.manifest().limits.within(&Limits::default())
}
