//! Compilations of what was uploaded: one after the other, beside everything else, and again after a restart.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use relevo_model::*;
use relevo_sandbox::{Digest, Manifest};
use relevo_store::PluginVersion;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{Component, Refused};
use crate::app::App;

/// How often we try where it is us who cannot, and how long we wait in between.
const TRIES: u32 = 3;
const AGAIN: Duration = Duration::from_secs(2);

/// A business's version of a plugin, as it was uploaded.
type Job = (TenantId, String, String, String);

/// The compilations that are under way in this process.
pub struct Jobs {
    waiting: Mutex<HashSet<Job>>,
    running: Mutex<HashMap<Job, Time>>,
    one_at_a_time: Semaphore,
}

/// How far a compilation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Others are compiled first.
    Waiting,
    /// Since then.
    Compiling(Time),
}

impl Default for Jobs {
    fn default() -> Self {
        Self { waiting: Mutex::default(), running: Mutex::default(), one_at_a_time: Semaphore::new(1) }
    }
}

impl Jobs {
    /// Takes a job on, unless it is taken on already.
    fn take(&self, job: &Job) -> bool {
        self.waiting.lock().expect("nothing panics while it holds the jobs").insert(job.clone())
    }

    fn start(&self, job: &Job, now: Time) {
        self.running.lock().expect("nothing panics while it holds the jobs").insert(job.clone(), now);
    }

    fn end(&self, job: &Job) {
        self.running.lock().expect("nothing panics while it holds the jobs").remove(job);
        self.waiting.lock().expect("nothing panics while it holds the jobs").remove(job);
    }

    /// How far it is here; none where nobody works at it.
    pub fn stage(&self, tenant: &TenantId, version: &PluginVersion) -> Option<Stage> {
        let job = job(tenant, version);
        if let Some(since) = self.running.lock().expect("nothing panics while it holds the jobs").get(&job) {
            return Some(Stage::Compiling(*since));
        }
        self.waiting.lock().expect("nothing panics while it holds the jobs").contains(&job).then_some(Stage::Waiting)
    }
}

fn job(tenant: &TenantId, version: &PluginVersion) -> Job {
    (*tenant, version.plugin_id.clone(), version.version.clone(), version.digest.clone())
}

/// Goes on with what a process that ended left behind.
pub async fn resume(app: &App, tenant: &TenantId) -> anyhow::Result<()> {
    let left = app.store.cell(tenant).await?.read().await?.plugins().compiling().await?;
    for version in left {
        ensure(app, tenant, version);
    }
    Ok(())
}

/// Has a version compiled, if nobody here is at it.
pub fn ensure(app: &App, tenant: &TenantId, version: PluginVersion) {
    if version.state != VersionState::Compiling || app.closing.is_cancelled() || !app.plugins.jobs().take(&job(tenant, &version)) {
        return;
    }
    let (app, tenant) = (app.clone(), *tenant);
    app.tasks.clone().spawn(async move {
        let done = tokio::select! {
            done = work(&app, &tenant, &version) => done,
            // The next start goes on with it.
            () = app.closing.cancelled() => Ok(()),
        };
        if let Err(error) = done {
            let (plugin, version) = (&version.plugin_id, &version.version);
            tracing::error!(%tenant, plugin, version, error = format!("{error:#}"), "how a compilation ended could not be kept; it is done again");
        }
        app.plugins.jobs().end(&job(&tenant, &version));
    });
}

async fn work(app: &App, tenant: &TenantId, version: &PluginVersion) -> anyhow::Result<()> {
    let jobs = app.plugins.jobs();
    let _turn = jobs.one_at_a_time.acquire().await?;
    jobs.start(&job(tenant, version), app.clock.now());
    let problem = match component(app, version) {
        Ok(component) => compile(app, tenant, &component).await,
        Err(error) => Some(Refused::new("plugin-manifest", error.to_string())),
    };
    let problem: Option<Value> = problem.map(serde_json::to_value).transpose()?;
    let mut write = app.store.cell(tenant).await?.write().await?;
    write.end_compilation(&version.plugin_id, &version.version, &version.digest, problem.as_ref()).await?;
    write.commit().await?;
    Ok(())
}

/// Why it cannot be compiled; none where it was.
async fn compile(app: &App, tenant: &TenantId, component: &Component) -> Option<Refused> {
    for tried in 1..=TRIES {
        let error = match component.plugin(&app.media).await {
            Ok(_) => return None,
            Err(error) => error,
        };
        if let Some(refused) = Refused::of(&error) {
            return Some(refused);
        }
        tracing::error!(%tenant, plugin = component.manifest().id, tried, error = format!("{:#}", anyhow::Error::from(error)), "a plugin could not be compiled here");
        tokio::time::sleep(AGAIN).await;
    }
    Some(Refused::new("plugin-host", "this host could not compile it; its log says why: upload it again later"))
}

/// What a row is about.
pub fn component(app: &App, version: &PluginVersion) -> anyhow::Result<Component> {
    let manifest: Manifest = serde_json::from_value(version.manifest.0.clone())?;
    let digest: Digest = version.digest.parse()?;
    Ok(app.plugins.stored(Arc::new(manifest), digest, &version.media_key))
}
