//! The plugins of a business: which versions there are, which one answers, what it may do, how it is set and how it ran.

use relevo_model::*;
use serde_json::Value;

use crate::{
    Cell, Result, Write, keys,
    sql::{Conn, Json},
};

/// A plugin as a business has it. One of our own has a row only once the business changed something about it.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct PluginRow {
    pub id: String,
    /// None is, for a plugin of our own, the one that the binary carries; for an uploaded one, that none answers yet.
    pub active_version: Option<String>,
    pub previous_version: Option<String>,
    pub canary_version: Option<String>,
    pub canary_percent: i64,
    pub canary_since: Option<i64>,
    pub canary_turns: i64,
    pub canary_failed: i64,
    pub steady_turns: i64,
    pub steady_failed: i64,
    pub taken_back_version: Option<String>,
    pub taken_back_at: Option<i64>,
    #[sqlx(try_from = "String")]
    pub state: PluginState,
    pub set_aside_at: Option<i64>,
    /// The name of the error that came last.
    pub set_aside_reason: Option<String>,
    pub requires_replay: bool,
    /// The whole installation's, without secrets.
    pub config: Json<Value>,
    pub config_version: i64,
    /// Raised by each change that somebody makes.
    pub version: i64,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

impl PluginRow {
    /// One that nobody changed anything about.
    pub fn of(id: &str, now: Time) -> Self {
        Self {
            id: id.to_owned(),
            active_version: None,
            previous_version: None,
            canary_version: None,
            canary_percent: 0,
            canary_since: None,
            canary_turns: 0,
            canary_failed: 0,
            steady_turns: 0,
            steady_failed: 0,
            taken_back_version: None,
            taken_back_at: None,
            state: PluginState::On,
            set_aside_at: None,
            set_aside_reason: None,
            requires_replay: false,
            config: Json(Value::Object(serde_json::Map::new())),
            config_version: 0,
            version: 1,
            created_at: now,
        }
    }
}

#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct PluginVersion {
    pub plugin_id: String,
    pub version: String,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: String,
    pub size: i64,
    pub manifest: Json<Value>,
    #[sqlx(try_from = "String")]
    pub state: VersionState,
    /// Why it was refused: `{"kind": …, "detail": …}`.
    pub problem: Option<Json<Value>>,
    pub media_key: String,
    /// A person or a key, by its id.
    pub uploaded_by: String,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    pub first_activated_at: Option<i64>,
}

/// What a business lets a plugin do, and what it was asked for when it said so.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct PluginGrants {
    pub plugin_id: String,
    pub grants: Json<Value>,
    /// The permissions of the manifest that was consented to.
    pub asked: Json<Value>,
    pub granted_by: String,
    #[sqlx(try_from = "i64")]
    pub granted_at: Time,
}

/// A configuration as it was.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct PluginConfig {
    pub plugin_id: String,
    /// Empty for the whole installation's.
    pub service_point_id: String,
    pub version: i64,
    pub config: Json<Value>,
    pub changed_by: String,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

#[derive(sqlx::FromRow)]
struct SealedSecret {
    plugin_id: String,
    name: String,
    sealed: Vec<u8>,
}

pub struct Plugins<'a>(&'a mut Conn);

impl Conn {
    pub fn plugins(&mut self) -> Plugins<'_> {
        Plugins(self)
    }
}

macro_rules! columns {
    () => {
        "id, active_version, previous_version, canary_version, canary_percent, canary_since, canary_turns, canary_failed, steady_turns, steady_failed, \
         taken_back_version, taken_back_at, state, set_aside_at, set_aside_reason, requires_replay, config, config_version, version, created_at"
    };
}

macro_rules! version_columns {
    () => {
        "plugin_id, version, digest, size, manifest, state, problem, media_key, uploaded_by, created_at, first_activated_at"
    };
}

impl Plugins<'_> {
    pub async fn list(&mut self) -> Result<Vec<PluginRow>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM plugins ORDER BY id");
        all!(self.0, PluginRow, LIST)
    }

    pub async fn find(&mut self, id: &str) -> Result<Option<PluginRow>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM plugins WHERE id = $1");
        one!(self.0, PluginRow, FIND, id)
    }

    /// The versions of a plugin, the newest upload first.
    pub async fn versions(&mut self, id: &str) -> Result<Vec<PluginVersion>> {
        const LIST: &str = concat!("SELECT ", version_columns!(), " FROM plugin_versions WHERE plugin_id = $1 ORDER BY created_at DESC, version DESC");
        all!(self.0, PluginVersion, LIST, id)
    }

    pub async fn version(&mut self, id: &str, version: &str) -> Result<Option<PluginVersion>> {
        const FIND: &str = concat!("SELECT ", version_columns!(), " FROM plugin_versions WHERE plugin_id = $1 AND version = $2");
        one!(self.0, PluginVersion, FIND, id, version)
    }

    /// The versions that answer somebody: active ones and candidates.
    pub async fn versions_at_work(&mut self) -> Result<Vec<PluginVersion>> {
        const LIST: &str = "SELECT v.plugin_id, v.version, v.digest, v.size, v.manifest, v.state, v.problem, v.media_key, v.uploaded_by, v.created_at, \
                            v.first_activated_at FROM plugin_versions v JOIN plugins p ON p.id = v.plugin_id \
                            WHERE v.version = p.active_version OR v.version = p.canary_version ORDER BY v.plugin_id, v.version";
        all!(self.0, PluginVersion, LIST)
    }

    /// Those whose compilation has not ended, the oldest first.
    pub async fn compiling(&mut self) -> Result<Vec<PluginVersion>> {
        const LIST: &str = concat!("SELECT ", version_columns!(), " FROM plugin_versions WHERE state = 'compiling' ORDER BY created_at, plugin_id, version");
        all!(self.0, PluginVersion, LIST)
    }

    pub async fn grants(&mut self) -> Result<Vec<PluginGrants>> {
        const LIST: &str = "SELECT plugin_id, grants, asked, granted_by, granted_at FROM plugin_grants ORDER BY plugin_id";
        all!(self.0, PluginGrants, LIST)
    }

    pub async fn grants_of(&mut self, id: &str) -> Result<Option<PluginGrants>> {
        const FIND: &str = "SELECT plugin_id, grants, asked, granted_by, granted_at FROM plugin_grants WHERE plugin_id = $1";
        one!(self.0, PluginGrants, FIND, id)
    }

    /// The configurations that there were, newest first, from before this version; without a service point the whole installation's.
    pub async fn configs(&mut self, id: &str, point: Option<&ServicePointId>, before: Option<i64>, limit: i64) -> Result<Vec<PluginConfig>> {
        const LIST: &str = "SELECT plugin_id, service_point_id, version, config, changed_by, created_at FROM plugin_configs \
                            WHERE plugin_id = $1 AND service_point_id = $2 AND version < $3 ORDER BY version DESC LIMIT $4";
        all!(self.0, PluginConfig, LIST, id, point.map_or("", ServicePointId::as_str), before.unwrap_or(i64::MAX), limit)
    }

    /// The names of the secrets that are set, by plugin.
    pub async fn secret_names(&mut self) -> Result<Vec<(String, String)>> {
        all!(self.0, (String, String), "SELECT plugin_id, name FROM plugin_secrets ORDER BY plugin_id, name")
    }

    /// A secret in the clear; none where it is not set.
    pub async fn secret(&mut self, cell: &Cell, id: &str, name: &str) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>> {
        const FIND: &str = "SELECT plugin_id, name, sealed FROM plugin_secrets WHERE plugin_id = $1 AND name = $2";
        let Some(SealedSecret { plugin_id, name, sealed }) = one!(self.0, SealedSecret, FIND, id, name)? else { return Ok(None) };
        Ok(Some(cell.unseal(place(&row(&plugin_id, &name)), &sealed)?))
    }
}

impl Write {
    /// Notes that the business has this plugin; what is there stays.
    pub async fn add_plugin(&mut self, id: &str, now: Time) -> Result<()> {
        run!(self, "INSERT INTO plugins (id, config, created_at) VALUES ($1, '{}', $2) ON CONFLICT DO NOTHING", id, now.0).map(|_| ())
    }

    /// Makes a plugin what `row` says, as its next version, but for its configuration and how its canary runs. With `seen`, false tells that
    /// somebody changed it since.
    pub async fn save_plugin(&mut self, row: &PluginRow, seen: Option<i64>) -> Result<bool> {
        const SAVE: &str = "UPDATE plugins SET active_version = $1, previous_version = $2, canary_version = $3, canary_percent = $4, canary_since = $5, \
                            canary_turns = $6, canary_failed = $7, steady_turns = $8, steady_failed = $9, taken_back_version = $10, taken_back_at = $11, \
                            state = $12, set_aside_at = $13, set_aside_reason = $14, requires_replay = $15, version = version + 1 \
                            WHERE id = $16 AND ($17 = 0 OR version = $17)";
        let saved = run!(
            self,
            SAVE,
            row.active_version.as_deref(),
            row.previous_version.as_deref(),
            row.canary_version.as_deref(),
            row.canary_percent,
            row.canary_since,
            row.canary_turns,
            row.canary_failed,
            row.steady_turns,
            row.steady_failed,
            row.taken_back_version.as_deref(),
            row.taken_back_at,
            row.state.as_str(),
            row.set_aside_at,
            row.set_aside_reason.as_deref(),
            row.requires_replay,
            &row.id,
            seen.unwrap_or(0)
        )? > 0;
        self.config_changed().await?;
        Ok(saved)
    }

    /// Removes a plugin of which no version is left, with all that it was set to. What it kept of its own stays.
    pub async fn remove_plugin(&mut self, id: &str) -> Result<()> {
        run!(self, "DELETE FROM plugin_grants WHERE plugin_id = $1", id)?;
        run!(self, "DELETE FROM plugin_secrets WHERE plugin_id = $1", id)?;
        run!(self, "DELETE FROM plugin_configs WHERE plugin_id = $1", id)?;
        run!(self, "DELETE FROM plugins WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM plugin_versions WHERE plugin_id = $1)", id)?;
        self.config_changed().await
    }

    /// Adds a version that is to be compiled; a conflict where there is one of this name.
    pub async fn add_plugin_version(&mut self, version: &PluginVersion) -> Result<()> {
        const ADD: &str = "INSERT INTO plugin_versions (plugin_id, version, digest, size, manifest, state, problem, media_key, uploaded_by, created_at, \
                           first_activated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        run!(
            self,
            ADD,
            &version.plugin_id,
            &version.version,
            &version.digest,
            version.size,
            &version.manifest,
            version.state.as_str(),
            &version.problem,
            &version.media_key,
            &version.uploaded_by,
            version.created_at.0,
            version.first_activated_at
        )
        .map(|_| ())
    }

    /// Notes how a compilation ended; false where it had ended, or is of another file by now.
    pub async fn end_compilation(&mut self, id: &str, version: &str, digest: &str, problem: Option<&Value>) -> Result<bool> {
        const END: &str = "UPDATE plugin_versions SET state = $1, problem = $2 WHERE plugin_id = $3 AND version = $4 AND digest = $5 AND state = 'compiling'";
        let state = if problem.is_some() { VersionState::Refused } else { VersionState::Ready };
        Ok(run!(self, END, state.as_str(), problem.map(Json), id, version, digest)? > 0)
    }

    /// Notes when a version first answered.
    pub async fn note_activation(&mut self, id: &str, version: &str, now: Time) -> Result<()> {
        const NOTE: &str = "UPDATE plugin_versions SET first_activated_at = $1 WHERE plugin_id = $2 AND version = $3 AND first_activated_at IS NULL";
        run!(self, NOTE, now.0, id, version).map(|_| ())
    }

    pub async fn remove_plugin_version(&mut self, id: &str, version: &str) -> Result<()> {
        run!(self, "DELETE FROM plugin_versions WHERE plugin_id = $1 AND version = $2", id, version).map(|_| ())
    }

    pub async fn save_grants(&mut self, grants: &PluginGrants) -> Result<()> {
        const SAVE: &str = "INSERT INTO plugin_grants (plugin_id, grants, asked, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5) \
                            ON CONFLICT (plugin_id) DO UPDATE SET grants = excluded.grants, asked = excluded.asked, granted_by = excluded.granted_by, \
                            granted_at = excluded.granted_at";
        run!(self, SAVE, &grants.plugin_id, &grants.grants, &grants.asked, &grants.granted_by, grants.granted_at.0)?;
        self.config_changed().await
    }

    /// Sets a plugin for the whole installation, as the next version of its configuration. With `seen`, the plugin's version that was seen; then
    /// false tells that somebody changed it since.
    pub async fn save_plugin_config(&mut self, id: &str, config: &Value, seen: Option<i64>, by: &str, now: Time) -> Result<bool> {
        const SAVE: &str = "UPDATE plugins SET config = $1, config_version = config_version + 1, version = version + 1 \
                            WHERE id = $2 AND ($3 = 0 OR version = $3)";
        if run!(self, SAVE, Json(config), id, seen.unwrap_or(0))? == 0 {
            return Ok(false);
        }
        self.keep_config(id, None, config, by, now).await?;
        self.config_changed().await?;
        Ok(true)
    }

    /// Keeps how a plugin is set now, for the history of its configurations.
    pub async fn keep_config(&mut self, id: &str, point: Option<&ServicePointId>, config: &Value, by: &str, now: Time) -> Result<()> {
        const KEEP: &str = "INSERT INTO plugin_configs (plugin_id, service_point_id, version, config, changed_by, created_at) \
                            SELECT $1, $2, COALESCE(MAX(version), 0) + 1, $3, $4, $5 FROM plugin_configs WHERE plugin_id = $1 AND service_point_id = $2";
        run!(self, KEEP, id, point.map_or("", ServicePointId::as_str), Json(config), by, now.0).map(|_| ())
    }

    /// Keeps a secret, sealed.
    pub async fn set_plugin_secret(&mut self, cell: &Cell, id: &str, name: &str, plain: &str) -> Result<()> {
        const SAVE: &str = "INSERT INTO plugin_secrets (plugin_id, name, sealed) VALUES ($1, $2, $3) \
                            ON CONFLICT (plugin_id, name) DO UPDATE SET sealed = excluded.sealed";
        let sealed = cell.seal(place(&row(id, name)), plain.as_bytes());
        run!(self, SAVE, id, name, sealed)?;
        self.config_changed().await
    }

    pub async fn forget_plugin_secret(&mut self, id: &str, name: &str) -> Result<()> {
        run!(self, "DELETE FROM plugin_secrets WHERE plugin_id = $1 AND name = $2", id, name)?;
        self.config_changed().await
    }

    /// Sets a plugin aside that failed again and again; false where it does not answer any more already.
    pub async fn set_plugin_aside(&mut self, id: &str, reason: &str, now: Time) -> Result<bool> {
        const SAVE: &str = "UPDATE plugins SET state = 'set_aside', set_aside_at = $1, set_aside_reason = $2, version = version + 1 \
                            WHERE id = $3 AND state = 'on'";
        let done = run!(self, SAVE, now.0, reason, id)? > 0;
        if done {
            self.config_changed().await?;
        }
        Ok(done)
    }

    /// Takes a canary back; false where it is not the one any more.
    pub async fn take_canary_back(&mut self, id: &str, version: &str, since: i64, now: Time) -> Result<bool> {
        const SAVE: &str = "UPDATE plugins SET taken_back_version = canary_version, taken_back_at = $1, canary_version = NULL, canary_percent = 0, \
                            canary_since = NULL, version = version + 1 WHERE id = $2 AND canary_version = $3 AND canary_since = $4";
        let done = run!(self, SAVE, now.0, id, version, since)? > 0;
        if done {
            self.config_changed().await?;
        }
        Ok(done)
    }
}

fn row(plugin: &str, name: &str) -> String {
    format!("{plugin}\n{name}")
}

const fn place(row: &str) -> keys::Place<'_> {
    keys::Place { table: "plugin_secrets", column: "sealed", row }
}
