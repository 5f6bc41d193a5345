//! Where the workspace and its target folder are, and cargo commands inside it.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// The target folder of the root workspace, wherever cargo's configuration puts it.
    pub(crate) target: PathBuf,
    pub(crate) members: Vec<Member>,
}

pub(crate) struct Member {
    pub(crate) name: String,
    /// The names of what it depends on, in any way, as the registry knows them.
    pub(crate) dependencies: Vec<String>,
}

impl Workspace {
    /// Asks cargo; one call, without resolving dependencies.
    pub(crate) fn find() -> Result<Self> {
        let mut command = cargo();
        command.args(["metadata", "--format-version", "1", "--no-deps"]);
        if let Some(manifest) = env::var_os("CARGO_MANIFEST_DIR") {
            command.arg("--manifest-path").arg(PathBuf::from(manifest).join("Cargo.toml"));
        }
        let metadata: Value = serde_json::from_slice(&process::output(&mut command)?)?;

        let path = |key: &str| metadata[key].as_str().map(PathBuf::from).with_context(|| format!("cargo metadata has no {key}"));
        let members = metadata["packages"].as_array().map(|packages| packages.iter().map(Member::read).collect()).unwrap_or_default();
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")?, members })
    }

    /// A cargo command in the root workspace.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }

    /// A cargo command in the plugins' workspace, whose build folder also lies under the root's target folder.
    pub(crate) fn plugins_cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(self.plugins()).env("CARGO_TARGET_DIR", self.plugins_target());
        command.env("CARGO_ENCODED_RUSTFLAGS", self.without_our_paths());
        command
    }

    /// The same, to build components. Each call has a fresh memory, and to grow it costs more than most calls do: it begins with room for what they
    /// allocate. `relevo plugin build` gives authors the same.
    pub(crate) fn components_cargo(&self) -> Command {
        let mut command = self.plugins_cargo();
        command.env("CARGO_ENCODED_RUSTFLAGS", format!("{}\u{1f}-Clink-arg=--initial-heap=131072", self.without_our_paths()));
        command
    }

    /// A panic names its source file: in a component that others download, not by where it lies on this machine.
    fn without_our_paths(&self) -> String {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")));
        let folders = home.iter().map(|home| (home.as_path(), "cargo")).chain([(self.root.as_path(), "relevo")]);
        folders.map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display())).collect::<Vec<_>>().join("\u{1f}")
    }

    pub(crate) fn plugins(&self) -> PathBuf {
        self.root.join("plugins")
    }

    pub(crate) fn plugins_target(&self) -> PathBuf {
        self.target.join("plugins-build")
    }

    /// Where the packed plugins are put, one file each.
    pub(crate) fn packed(&self) -> PathBuf {
        self.target.join("plugins")
    }

    /// Where the examples are put: the host must not carry them either.
    pub(crate) fn packed_examples(&self) -> PathBuf {
        self.target.join("examples")
    }

    /// The programs of other languages that build the examples.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// The contract that all of them are built against.
    pub(crate) fn contract(&self) -> PathBuf {
        self.root.join("wit/relevo-flow-0.1.0-draft")
    }

    /// Where those are put that tests load and the host must not carry.
    pub(crate) fn packed_for_tests(&self) -> PathBuf {
        self.target.join("test-plugins")
    }
}

impl Member {
    fn read(package: &Value) -> Self {
        let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
        // What only its tests use is no concern of the program's: they may look at raw rows.
        let shipped = |dependency: &&Value| dependency["kind"].as_str() != Some("dev");
        let dependencies = package["dependencies"].as_array().map(|all| all.iter().filter(shipped).map(name).collect()).unwrap_or_default();
        Self { name: name(package), dependencies }
    }
}

/// The cargo that started us, so that the toolchain stays the same.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    without_own_package(&mut command);
    command
}

/// `cargo run` tells about xtask in the environment, and some build scripts are run anew when that changes: a build of one's own and one from
/// here would take turns in compiling half of what there is.
pub(crate) fn without_own_package(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")))
    {
        command.env_remove(name);
    }
}
