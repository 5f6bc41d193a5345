//! Looks at a plugin as an upload is looked at, and says what an administrator will read.

use std::{fmt::Write, time::Instant};

use anyhow::Result;
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

/// An engine with a cache of its own, for as long as a command runs.
pub struct Bench {
    engine: Engine,
    _cache: Folder,
}

impl Bench {
    pub fn new() -> Result<Self> {
        let cache = Folder::new()?;
        let mut settings = EngineSettings::new(&cache.0, std::env::current_exe()?);
        // One conversation at a time; address space may be scarce on a developer's machine.
        settings.pool_size = 4;
        Ok(Self { engine: Engine::new(settings)?, _cache: cache })
    }

    pub async fn load(&self, wasm: &[u8]) -> Result<Plugin> {
        Ok(self.engine.load(wasm).await?)
    }
}

/// A folder that goes away with its value.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let id: relevo_model::EventId = relevo_model::Clock::system().id();
        let path = std::env::temp_dir().join(format!("relevo-plugin-{id}"));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of it is the system's to clear away.
        drop(std::fs::remove_dir_all(&self.0));
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
