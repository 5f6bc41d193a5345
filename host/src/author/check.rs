//! Looks at a plugin as an upload is looked at, and says what an administrator will read.

use std::{
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result};
use relevo_model::Clock;
use relevo_sandbox::{Engine, EngineSettings, Package, Permission, Plugin, inspect};

/// Prints what it is; fails with what is to be changed.
pub async fn check(wasm: &[u8]) -> Result<()> {
    let package = inspect(wasm)?;
    print!("{}", describe(&package));
    let started = Instant::now();
    let bench = Bench::new()?;
    bench.load(wasm).await?;
    println!("compiles     in {:.1} s, and fits the contract", started.elapsed().as_secs_f32());
    Ok(())
}

/// How long compiled code is kept that nobody asked for.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// An engine for as long as a command runs. What one command compiled, the next one finds.
pub struct Bench(Engine);

impl Bench {
    pub fn new() -> Result<Self> {
        let cache = cache()?;
        clear_away(&cache, now());
        let mut settings = EngineSettings::new(cache, std::env::current_exe()?);
        // One conversation at a time; address space may be scarce on a developer's machine.
        settings.pool_size = 4;
        Ok(Self(Engine::new(settings)?))
    }

    pub async fn load(&self, wasm: &[u8]) -> Result<Plugin> {
        Ok(self.0.load(wasm).await?)
    }
}

/// Native code lies in a folder of this user's alone: what lies in a plugin's own folder may have come from anybody.
fn cache() -> Result<PathBuf> {
    let given = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = given.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    Ok(folder.context("neither XDG_CACHE_HOME nor HOME is set: one of them says where compiled plugins are kept")?.join("relevo/plugins"))
}

/// As files are dated.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(Clock::system().now().millis()).unwrap_or(0))
}

fn clear_away(cache: &Path, now: SystemTime) {
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let written = entry.metadata().and_then(|data| data.modified());
        if written.is_ok_and(|written| now.duration_since(written).is_ok_and(|age| age > KEPT)) {
            // What cannot be removed is only not removed.
            drop(fs::remove_file(entry.path()));
        }
    }
}

fn describe(package: &Package) -> String {
    let manifest = &package.manifest;
    let mut text = String::new();
    let _ = writeln!(text, "plugin       {} {}, {:?}", manifest.id, manifest.version, manifest.title.in_locale("en"));
    let _ = writeln!(text, "contract     {}", manifest.api);
    let _ = writeln!(text, "size         {:.1} MB", package.size as f64 / 1e6);
    let _ = writeln!(text, "imports      {}", listed(&package.imports));
    for permission in &manifest.permissions {
        let _ = writeln!(text, "asks for     {}: {}", asked(permission), permission.reason().in_locale("en"));
    }
    if manifest.permissions.is_empty() {
        let _ = writeln!(text, "asks for     nothing");
    }
    let tools: Vec<&str> = manifest.tools.iter().map(|tool| tool.name.as_str()).collect();
    let tests: Vec<&str> = manifest.tests.iter().map(|test| test.name.as_str()).collect();
    let _ = writeln!(text, "tools        {}", listed(&tools));
    let _ = writeln!(text, "tests        {}", listed(&tests));
    text
}

fn asked(permission: &Permission) -> String {
    match permission {
        Permission::Http { hosts, methods, .. } => format!("http, {} to {}", methods.join(" and "), hosts.join(" and ")),
        Permission::Secrets { names, .. } => format!("secrets, {}", names.join(" and ")),
        Permission::Records { collection, access, .. } => format!("records, {collection} to {access:?}").to_lowercase(),
        other => other.kind().to_owned(),
    }
}

fn listed(names: &[impl AsRef<str>]) -> String {
    if names.is_empty() { "none".into() } else { names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_code_is_cleared_away_after_a_week() {
        let cache = tempfile::tempdir().unwrap();
        let file = cache.path().join("a.cwasm");
        fs::write(&file, "").unwrap();

        clear_away(cache.path(), now() + KEPT / 2);
        assert!(file.exists());
        clear_away(cache.path(), now() + KEPT * 2);

        assert!(!file.exists());
    }
}
