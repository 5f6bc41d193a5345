//! `cargo xtask plugins`: the built-in flows as components with their manifests, in target/plugins; those that only tests load, in
//! target/test-plugins; and the examples, in target/examples.

mod examples;
mod fingerprint;
mod pack;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{needs, process};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Fails instead of adding the wasm target with rustup
    #[arg(long)]
    no_install: bool,
}

/// A folder under plugins/ that has a manifest; one without, such as the SDK, is a library.
struct Plugin {
    name: String,
    manifest: PathBuf,
    packed: PathBuf,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    build_all(workspace, !arguments.no_install)?;
    for file in find(workspace)?.into_iter().map(|plugin| plugin.packed).chain(examples::all(workspace)) {
        println!("{} ({} bytes)", file.display(), file.metadata()?.len());
    }
    Ok(())
}

/// Builds and packs all of them, the examples in other languages too: what tests and authors want, and more than the program needs.
pub(crate) fn build_all(workspace: &Workspace, may_install: bool) -> Result<()> {
    build(workspace, may_install)?;
    examples::build(workspace, may_install)
}

/// Builds and packs all plugins in Rust, unless sources, contract, lockfile and compiler are those of the last time.
pub(crate) fn build(workspace: &Workspace, may_install: bool) -> Result<()> {
    let plugins = find(workspace)?;
    let fingerprint = fingerprint::of_sources(&workspace.root)?;
    let stamp = workspace.packed().join("fingerprint");
    let all_there = plugins.iter().all(|plugin| plugin.packed.is_file());
    if all_there && fs::read_to_string(&stamp).is_ok_and(|last| last == fingerprint) {
        return Ok(());
    }

    needs::wasm_target(may_install)?;
    process::run(workspace.components_cargo().args(["build", "--release", "--locked", "--target", needs::WASM_TARGET]))?;

    fs::create_dir_all(workspace.packed())?;
    fs::create_dir_all(workspace.packed_for_tests())?;
    fs::create_dir_all(workspace.packed_examples())?;
    let built = workspace.plugins_target().join(needs::WASM_TARGET).join("release");
    for plugin in &plugins {
        let component = component_file(&built, &plugin.name)?;
        let packed = pack::pack(&fs::read(&component)?, &fs::read_to_string(&plugin.manifest)?)
            .with_context(|| format!("cannot pack {} with {}", component.display(), plugin.manifest.display()))?;
        write_if_changed(&plugin.packed, &packed)?;
    }
    remove_others(&workspace.packed(), &plugins)?;
    remove_others(&workspace.packed_for_tests(), &plugins)?;
    fs::write(stamp, fingerprint)?;
    Ok(())
}

/// The host embeds all of target/plugins, so what lies in plugins/tests and plugins/examples is packed elsewhere.
fn find(workspace: &Workspace) -> Result<Vec<Plugin>> {
    let folder = workspace.plugins();
    let mut plugins = find_in(&folder, &workspace.packed())?;
    if plugins.is_empty() {
        bail!("no plugin in {}: each has a manifest.json in its folder", folder.display());
    }
    plugins.extend(find_in(&folder.join("tests"), &workspace.packed_for_tests())?);
    let manifest = folder.join("examples/rust/manifest.json");
    plugins.push(Plugin { name: "tracking-rust".to_owned(), packed: workspace.packed_examples().join("tracking-rust.wasm"), manifest });
    Ok(plugins)
}

fn find_in(folder: &Path, packed: &Path) -> Result<Vec<Plugin>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut plugins = Vec::new();
    for entry in entries {
        let entry = entry?;
        let manifest = entry.path().join("manifest.json");
        if manifest.is_file() {
            let name = entry.file_name().to_string_lossy().into_owned();
            plugins.push(Plugin { packed: packed.join(format!("{name}.wasm")), name, manifest });
        }
    }
    plugins.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(plugins)
}

/// A crate may be called as its folder, or with `relevo-` or `-plugin` around it.
fn component_file(built: &Path, name: &str) -> Result<PathBuf> {
    let name = name.replace('-', "_");
    let candidates = [format!("{name}.wasm"), format!("relevo_{name}.wasm"), format!("{name}_plugin.wasm"), format!("relevo_plugin_{name}.wasm")];
    let found = candidates.iter().map(|file| built.join(file)).find(|file| file.is_file());
    found.with_context(|| format!("the plugin {name} made none of {} in {}: is it a cdylib?", candidates.join(", "), built.display()))
}

/// The host embeds these files: an unchanged one must not look changed to cargo.
fn write_if_changed(file: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

/// A plugin that was removed or renamed must not stay embedded.
fn remove_others(packed: &Path, plugins: &[Plugin]) -> Result<()> {
    for entry in fs::read_dir(packed)? {
        let path = entry?.path();
        let is_component = path.extension().is_some_and(|extension| extension == "wasm");
        if is_component && !plugins.iter().any(|plugin| plugin.packed == path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
