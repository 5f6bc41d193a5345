//! `cargo xtask bench`: what the release build can do. Not part of CI: it wants an idle machine.

mod load;
mod report;
mod server;
mod uploads;

use std::process::Command;

use anyhow::Result;
use clap::Subcommand;

use crate::postgres::{self, Durability};
use crate::workspace::Workspace;
use crate::{needs, plugins, process};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    bench: Option<Bench>,
}

#[derive(Subcommand)]
enum Bench {
    /// Signed webhooks from many customers against the release binary (what runs when nothing is named)
    Load(load::Arguments),
    /// The writer task of a SQLite cell alone
    Store {
        /// Passed on to the store's example `writer`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// A fresh instance and one call of the storefront
    Sandbox {
        /// Passed on to the sandbox's example `call`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// From a plugin's upload to its first answer, and what a fresh call costs, in each language
    Plugins(uploads::Arguments),
    /// What a plugin that loops, eats memory and traps does to another business's customers
    Hostile(uploads::Arguments),
    /// How long a failed login takes for addresses with and without an account
    Login {
        /// Failed logins of each kind
        #[arg(long, default_value_t = 400)]
        samples: u32,
    },
    /// The crash tests, many times at each point
    Crash {
        /// Runs per kill point and engine
        #[arg(long, default_value_t = 200)]
        runs: u32,
        /// Fails with the command instead of installing what is missing
        #[arg(long)]
        no_install: bool,
    },
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    match &arguments.bench {
        None => load::run(workspace, &load::Arguments::default()),
        Some(Bench::Load(arguments)) => load::run(workspace, arguments),
        Some(Bench::Store { arguments }) => example(workspace, "writer", arguments),
        Some(Bench::Sandbox { arguments }) => {
            plugins::build(workspace, true)?;
            let storefront = workspace.packed().join("storefront.wasm").to_string_lossy().into_owned();
            example(workspace, "call", &[&[storefront], arguments.as_slice()].concat())
        }
        Some(Bench::Plugins(arguments)) => uploads::run(workspace, arguments),
        Some(Bench::Hostile(arguments)) => uploads::hostile(workspace, arguments),
        Some(Bench::Login { samples }) => example(workspace, "login_times", &[samples.to_string()]),
        Some(Bench::Crash { runs, no_install }) => crash(workspace, *runs, !no_install),
    }
}

/// Built as a part of the whole workspace: alone its dependencies would have other features, and all be compiled again.
fn example(workspace: &Workspace, name: &str, arguments: &[String]) -> Result<()> {
    process::run(workspace.cargo().args(["build", "--release", "--locked", "--workspace", "--example", name]))?;
    process::run(Command::new(workspace.target.join("release/examples").join(name)).args(arguments))
}

fn crash(workspace: &Workspace, runs: u32, may_install: bool) -> Result<()> {
    plugins::build(workspace, may_install)?;
    let postgres = needs::postgres(Durability::On, may_install)?;
    process::say(format!("Postgres: {postgres}"));
    let mut tests = workspace.cargo();
    tests.args(["test", "--locked", "--workspace", "--test", "it", "crash", "--", "--nocapture"]);
    tests.env("RELEVO_CRASH_RUNS", runs.to_string()).env(postgres::VARIABLE, postgres.url());
    process::run(&mut tests)?;
    postgres.close();
    Ok(())
}
