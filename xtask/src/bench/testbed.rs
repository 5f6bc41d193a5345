//! The testbed's programs against the release binary with the demo's businesses: what the benches of plugins have in common.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::server::{APP_SECRET, PASSWORD, Server, Setting};
use crate::postgres::free_port;
use crate::temporary::Folder;
use crate::workspace::Workspace;
use crate::{plugins, process};

/// All that is measured, as a part of the whole workspace: alone it would have other features.
pub(super) const BUILD: [&str; 6] = ["build", "--release", "--locked", "--workspace", "--bins", "--examples"];
/// The same plugin in each language.
pub(super) const EXAMPLES: [&str; 3] = ["tracking-rust", "tracking-js", "tracking-python"];

/// The demo's second business has the plugins that are measured, its first is the neighbour.
const OWN: &str = "200000000000001";
const NEIGHBOUR: &str = "100000000000001";
const ADMIN: &str = "admin@sector7.local";

pub(super) struct Testbed<'a> {
    pub(super) workspace: &'a Workspace,
}

/// A running server on fresh data, so that nothing was compiled before.
pub(super) struct Demo<'a> {
    testbed: &'a Testbed<'a>,
    // Ends before its folder goes.
    server: Server,
    setting: Setting,
    _folder: Folder,
}

impl<'a> Testbed<'a> {
    /// Builds the programs, the plugins and the examples, unless that was done.
    pub(super) fn new(workspace: &'a Workspace, is_built: bool) -> Result<Self> {
        if !is_built {
            plugins::build_all(workspace, true)?;
            process::run(workspace.cargo().args(BUILD))?;
        }
        Ok(Self { workspace })
    }

    /// A program of the release build.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.workspace.target.join("release").join(name)
    }

    /// One of the plugins that come with the program.
    pub(super) fn built_in(&self, name: &str) -> PathBuf {
        self.workspace.packed().join(format!("{name}.wasm"))
    }

    pub(super) fn example(&self, name: &str) -> PathBuf {
        self.workspace.packed_examples().join(format!("{name}.wasm"))
    }

    pub(super) fn start(&self) -> Result<Demo<'_>> {
        let folder = Folder::new(&self.workspace.target.join("bench"), "plugins")?;
        let setting = Setting { binary: self.program("relevo"), folder: folder.path().to_owned(), graph: free_port()?, database: None };
        let server = Server::start(&setting, &["--demo"])?;
        Ok(Demo { testbed: self, server, setting, _folder: folder })
    }
}

impl Demo<'_> {
    /// `plugin-bench`, told all but what it is to do.
    pub(super) fn plugin_bench(&self) -> Command {
        let mut command = Command::new(self.testbed.program("plugin-bench"));
        command.args(["--url", &self.url(), "--app-secret", APP_SECRET, "--email", ADMIN, "--password", PASSWORD, "--phone-number-id", OWN]);
        command
    }

    /// The load generator as the neighbour's customers, told all but how they write.
    pub(super) fn neighbours(&self) -> Command {
        let mut command = Command::new(self.testbed.program("load"));
        command.args(["--target", &format!("{}/webhook", self.url()), "--app-secret", APP_SECRET, "--phone-number-id", NEIGHBOUR]);
        command.args(["--graph-listen", &self.graph(), "--json"]);
        command
    }

    pub(super) fn url(&self) -> String {
        self.server.url()
    }

    pub(super) fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Where the server sends its replies, for the program that listens there.
    pub(super) fn graph(&self) -> String {
        format!("127.0.0.1:{}", self.setting.graph)
    }

    pub(super) fn stop(self) -> Result<()> {
        self.server.stop()
    }
}

/// The line of JSON that one of these programs prints.
pub(super) fn told(command: &mut Command) -> Result<Value> {
    serde_json::from_slice(&process::output(command)?).context("a measurement printed something that is not JSON")
}

/// What stands there in what was told.
pub(super) fn number(told: &Value, at: &str) -> Result<f64> {
    told.pointer(at).and_then(Value::as_f64).with_context(|| format!("no {at} was told: {told}"))
}
