//! `cargo xtask demo`: from a fresh clone to a business that answers.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{plugins, process};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Passed on to `relevo demo`, such as `--listen 127.0.0.1:9000`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    relevo: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    plugins::build(workspace, true)?;
    process::run(workspace.cargo().args(["build", "--locked", "--package", "relevo", "--bin", "relevo"]))?;

    process::say("relevo demo (data under ./data; Ctrl-C ends it)");
    let binary = workspace.target.join("debug/relevo");
    // Taking this process's place hands on signals and exit code as they are.
    let error = Command::new(&binary).current_dir(&workspace.root).arg("demo").args(&arguments.relevo).exec();
    Err(error).with_context(|| format!("cannot start {}", binary.display()))
}
