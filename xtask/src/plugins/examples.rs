//! The examples in JavaScript and Python, in target/examples: built by the tools that their authors use. The one in Rust is built with the other plugins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{fingerprint, pack, write_if_changed};
use crate::needs::{self, Tools};
use crate::process;
use crate::workspace::Workspace;

const WORLD: &str = "configured-plugin";
const LANGUAGES: [Language; 2] = [Language::JavaScript, Language::Python];

#[derive(Clone, Copy)]
enum Language {
    JavaScript,
    Python,
}

/// Builds and packs those that changed.
pub(super) fn build(workspace: &Workspace, may_install: bool) -> Result<()> {
    fs::create_dir_all(workspace.packed_examples())?;
    let mut stale = Vec::new();
    for language in LANGUAGES {
        let fingerprint = fingerprint::of(&workspace.root, "", &[&language.folder(), "wit"])?;
        if !packed(workspace, language).is_file() || fs::read_to_string(stamp(workspace, language)).ok().as_ref() != Some(&fingerprint) {
            stale.push((language, fingerprint));
        }
    }
    if stale.is_empty() {
        return Ok(());
    }

    let tools = needs::author_tools(workspace, may_install)?;
    for (language, fingerprint) in stale {
        let sources = workspace.root.join(language.folder());
        let component = workspace.packed_examples().join(format!("{}.component", language.name()));
        process::run(&mut language.command(workspace, &tools, &sources, &component))?;
        let manifest = fs::read_to_string(sources.join("manifest.json"))?;
        let whole = pack::pack(&fs::read(&component)?, &manifest).with_context(|| format!("cannot pack {}", component.display()))?;
        fs::remove_file(&component)?;
        write_if_changed(&packed(workspace, language), &whole)?;
        fs::write(stamp(workspace, language), fingerprint)?;
    }
    Ok(())
}

/// Where the packed examples are, for those who are told what was built.
pub(super) fn all(workspace: &Workspace) -> impl Iterator<Item = PathBuf> {
    LANGUAGES.map(|language| packed(workspace, language)).into_iter()
}

fn packed(workspace: &Workspace, language: Language) -> PathBuf {
    workspace.packed_examples().join(format!("tracking-{}.wasm", language.name()))
}

fn stamp(workspace: &Workspace, language: Language) -> PathBuf {
    workspace.packed_examples().join(format!("{}.fingerprint", language.name()))
}

impl Language {
    fn name(self) -> &'static str {
        match self {
            Self::JavaScript => "js",
            Self::Python => "python",
        }
    }

    fn folder(self) -> String {
        format!("plugins/examples/{}", self.name())
    }

    /// The same as `relevo plugin build` runs.
    fn command(self, workspace: &Workspace, tools: &Tools, sources: &Path, component: &Path) -> Command {
        let wit = workspace.contract();
        match self {
            Self::JavaScript => {
                let mut command = Command::new(&tools.componentize_qjs);
                command.arg("--wit").arg(wit).args(["--world", WORLD, "--sync", "--stub-wasi", "--js"]).arg(sources.join("src/flow.js"));
                command.arg("--output").arg(component);
                command
            }
            Self::Python => {
                let mut command = Command::new(&tools.componentize_py);
                command.args(["--quiet", "--world", WORLD, "--wit-path"]).arg(wit);
                command.args(["componentize", "--stub-wasi", "--python-path"]).arg(sources.join("src"));
                command.arg("--output").arg(component).arg("flow");
                command
            }
        }
    }
}
