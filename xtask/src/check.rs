//! `cargo xtask check`: formatting, guards and clippy, the quick ones first.

use std::time::Instant;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{guards, needs, plugins, process, test};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Fails instead of adding the wasm target with rustup
    #[arg(long)]
    no_install: bool,
    /// Formatting and guards only, without clippy
    #[arg(long)]
    quick: bool,
    /// Leaves clippy over all but the plugins to `cargo xtask test --lint`
    #[arg(long)]
    lint_later: bool,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let start = Instant::now();
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    process::run(workspace.plugins_cargo().args(["fmt", "--all", "--check"]))?;
    guards::run(workspace)?;
    deny(workspace)?;

    if !arguments.quick {
        clippy(workspace, !arguments.no_install, arguments.lint_later)?;
    }
    process::say(format!("all checks passed in {}", test::duration(start.elapsed().as_secs())));
    Ok(())
}

/// Needs a tool that a newcomer has not: where it is missing this says so, and the most important of it is among the guards.
fn deny(workspace: &Workspace) -> Result<()> {
    if process::on_path(&["cargo-deny"]).is_none() {
        process::say("deny.toml was not checked: cargo-deny is missing (cargo install --locked cargo-deny)");
        return Ok(());
    }
    process::run(workspace.cargo().args(["deny", "check"]))
}

/// The host embeds the packed plugins, so they come first.
fn clippy(workspace: &Workspace, may_install: bool, plugins_alone: bool) -> Result<()> {
    plugins::build(workspace, may_install)?;
    needs::wasm_target(may_install)?;
    process::run(workspace.plugins_cargo().args(["clippy", "--workspace", "--locked", "--target", needs::WASM_TARGET, "--", "-D", "warnings"]))?;
    if plugins_alone {
        return Ok(());
    }
    process::run(workspace.cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}
