//! Uploads: looked at without running anything, stored, and compiled beside everything else.

use bytes::Bytes;
use relevo_model::*;
use relevo_sandbox::{Package, inspect};
use relevo_store::{Json, PluginVersion, Write};

use super::view;
use crate::{
    app::App,
    console::{Error, Result, note, to_the_end},
    identity::Member,
    media::Media,
    plugins::{self, Refused, Stage},
    policy::Permission,
};

const FOLDER: &str = "plugins";
/// Versions of one plugin, and plugins of one business, at most.
const MOST_VERSIONS: usize = 50;
const MOST_PLUGINS: usize = 50;
const LONGEST_VERSION: usize = 64;

/// What was taken in: a version that is being compiled, or was there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    pub plugin: String,
    pub version: String,
}

/// How far an upload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub state: VersionState,
    /// Where it is being compiled: whether others come first, and since when it is at it.
    pub stage: Option<Stage>,
    pub uploaded_at: Time,
    pub size: i64,
    pub problem: Option<Refused>,
}

/// Takes a file in, if it can be a plugin of this business. The same file again is the same version; one that never answered gives way to
/// another file of its version.
pub async fn upload(app: &App, member: &Member, file: Bytes) -> Result<Uploaded> {
    member.demand(Permission::UploadPlugins, None)?;
    let looked_at = file.clone();
    // Digests of megabytes take milliseconds, which the runtime's threads are not for.
    let package = tokio::task::spawn_blocking(move || inspect(&looked_at)).await.map_err(|error| Error::Broken(error.into()))?;
    let package = package.map_err(|error| Error::Package((&error).into()))?;
    let (id, version) = (&package.manifest.id, package.manifest.version.to_string());
    if app.plugins.find(id).is_some() {
        let detail = format!("the id {id:?} is that of a plugin that comes with the program: give yours another, such as \"com.example.{id}\"");
        return Err(Error::Package(Refused::new("plugin-built-in", detail)));
    }
    if version.len() > LONGEST_VERSION {
        return Err(Error::Package(Refused::new("plugin-manifest", format!("the version {version:?} is longer than {LONGEST_VERSION} characters"))));
    }
    to_the_end(app, take(app.clone(), member.clone(), package, file)).await
}

/// The file first: a row never names one that was never there.
async fn take(app: App, member: Member, package: Package, file: Bytes) -> Result<Uploaded> {
    let key = Media::new_key(&member.tenant, FOLDER, ".wasm");
    let row = row(&app, &member, &package, &key)?;
    let uploaded = Uploaded { plugin: row.plugin_id.clone(), version: row.version.clone() };
    let cell = app.store.cell(&member.tenant).await?;
    if is_there(cell.read().await?.plugins().version(&row.plugin_id, &row.version).await?, &row) {
        return Ok(uploaded);
    }
    app.media.put_as(&key, file, "application/wasm").await.map_err(Error::Broken)?;
    let added = async {
        let mut write = cell.write().await?;
        let gone = add(&app, &mut write, &row).await?;
        note(&app, &mut write, &member, "plugin.uploaded", Some(&row.plugin_id)).await?;
        write.commit().await?;
        Ok::<_, Error>(gone)
    };
    match added.await {
        Ok(Some(gone)) => forget(&app, &gone).await,
        Ok(None) => {}
        Err(error) => {
            forget(&app, &key).await;
            return Err(error);
        }
    }
    plugins::ensure(&app, &member.tenant, row);
    Ok(uploaded)
}

fn row(app: &App, member: &Member, package: &Package, key: &str) -> Result<PluginVersion> {
    Ok(PluginVersion {
        plugin_id: package.manifest.id.clone(),
        version: package.manifest.version.to_string(),
        digest: package.digest.to_string(),
        size: i64::try_from(package.size).unwrap_or(i64::MAX),
        manifest: Json(serde_json::to_value(&package.manifest).map_err(|error| Error::Broken(error.into()))?),
        state: VersionState::Compiling,
        problem: None,
        media_key: key.to_owned(),
        uploaded_by: member.id().to_owned(),
        created_at: app.clock.now(),
        first_activated_at: None,
    })
}

/// The same file, and nothing was wrong with it.
fn is_there(before: Option<PluginVersion>, row: &PluginVersion) -> bool {
    before.is_some_and(|before| before.digest == row.digest && before.state != VersionState::Refused)
}

/// Adds the version; the key of a file that nothing names any more, where it took the place of one that never answered.
async fn add(app: &App, write: &mut Write, row: &PluginVersion) -> Result<Option<String>> {
    let known = write.plugins().find(&row.plugin_id).await?;
    if known.is_none() && write.plugins().list().await?.len() >= MOST_PLUGINS {
        return Err(Error::Package(Refused::new("plugin-too-many", format!("a business may have {MOST_PLUGINS} plugins: remove one that is not used"))));
    }
    write.add_plugin(&row.plugin_id, app.clock.now()).await?;
    let before = write.plugins().version(&row.plugin_id, &row.version).await?;
    let gone = match before {
        None => None,
        Some(before) if before.first_activated_at.is_some() => {
            let detail = format!("version {} of {:?} answered already and stays what it was: raise the version in the manifest", row.version, row.plugin_id);
            return Err(Error::Package(Refused::new("plugin-version-taken", detail)));
        }
        Some(before) => {
            write.remove_plugin_version(&row.plugin_id, &row.version).await?;
            Some(before.media_key)
        }
    };
    if write.plugins().versions(&row.plugin_id).await?.len() >= MOST_VERSIONS {
        let detail = format!("{MOST_VERSIONS} versions of {:?} are kept: remove some that are not used", row.plugin_id);
        return Err(Error::Package(Refused::new("plugin-too-many-versions", detail)));
    }
    write.add_plugin_version(row).await.map_err(Error::stale)?;
    Ok(gone)
}

/// How far an upload is. One that nobody works at is taken up by this.
pub async fn progress(app: &App, member: &Member, id: &str, version: &str) -> Result<Progress> {
    member.demand(Permission::UploadPlugins, None)?;
    let row = app.store.cell(&member.tenant).await?.read().await?.plugins().version(id, version).await?.ok_or(Error::NotFound)?;
    let (state, uploaded_at, size) = (row.state, row.created_at, row.size);
    let problem = row.problem.as_ref().map(|problem| view::refused(&problem.0));
    let stage = app.plugins.jobs().stage(&member.tenant, &row);
    if stage.is_none() {
        plugins::ensure(app, &member.tenant, row);
    }
    Ok(Progress { state, stage, uploaded_at, size, problem })
}

/// A file that stays behind takes room and does no harm.
pub(super) async fn forget(app: &App, key: &str) {
    if let Err(error) = app.media.remove(key).await {
        tracing::warn!(error = format!("{error:#}"), "the file of a plugin that nothing names any more could not be removed");
    }
}
