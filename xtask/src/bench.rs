//! `cargo xtask bench`: what the release build can do. Not part of CI: it wants an idle machine.

mod activation;
mod author;
mod calls;
mod hostile;
mod idle;
mod load;
mod report;
mod server;
mod testbed;
mod uploads;

use std::process::Command;

use anyhow::Result;
use clap::Subcommand;

use self::testbed::Testbed;
use crate::postgres::{self, Durability};
use crate::workspace::Workspace;
use crate::{needs, plugins, process};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    bench: Option<Bench>,
    /// Measures what was built before, as it is (all but `crash`); stands before what is measured
    #[arg(long)]
    no_build: bool,
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
    /// A fresh instance and one call, with a plugin's configuration: microseconds for the storefront and for the example in each language
    Sandbox(calls::Arguments),
    /// Uploaded plugins in each language: seconds from the upload to the first answer, microseconds of a fresh call, megabytes of memory while idle
    Plugins(uploads::Arguments),
    /// Two versions of a plugin that take turns while customers write: what is lost, doubled or out of order by that, and that both answered
    Activation(activation::Arguments),
    /// From an empty folder to a plugin that answers, in each language: seconds of `relevo plugin new`, build, check, test, pack and install
    ///
    /// The tools of each language are there before, and what cargo downloads; all else is done from nothing, in a folder and with a cache of its own.
    Author(author::Arguments),
    /// What a plugin that loops, eats memory and traps does to another business's customers: milliseconds until they are answered, with and without it
    ///
    /// Its customers write by the clock, at a rate that leaves most of the processor idle, and each wait counts from the moment that was fixed beforehand: so
    /// what is measured is how much longer they wait, not how a server that is already saturated shares its processor.
    Hostile(hostile::Arguments),
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
    let is_built = arguments.no_build;
    let testbed = || Testbed::new(workspace, is_built);
    match &arguments.bench {
        None => load::run(workspace, &load::Arguments::default(), is_built),
        Some(Bench::Load(arguments)) => load::run(workspace, arguments, is_built),
        Some(Bench::Store { arguments }) => example(workspace, "writer", arguments, is_built),
        Some(Bench::Sandbox(arguments)) => calls::run(&testbed()?, arguments),
        Some(Bench::Plugins(arguments)) => uploads::run(&testbed()?, arguments),
        Some(Bench::Activation(arguments)) => activation::run(&testbed()?, arguments),
        Some(Bench::Author(arguments)) => author::run(&testbed()?, arguments),
        Some(Bench::Hostile(arguments)) => hostile::run(&testbed()?, arguments),
        Some(Bench::Login { samples }) => example(workspace, "login_times", &[samples.to_string()], is_built),
        Some(Bench::Crash { runs, no_install }) => crash(workspace, *runs, !no_install),
    }
}

/// Built as a part of the whole workspace: alone its dependencies would have other features, and all be compiled again.
fn example(workspace: &Workspace, name: &str, arguments: &[String], is_built: bool) -> Result<()> {
    if !is_built {
        process::run(workspace.cargo().args(["build", "--release", "--locked", "--workspace", "--example", name]))?;
    }
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
