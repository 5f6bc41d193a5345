//! The project's own commands: `cargo xtask demo`, `cargo xtask test` and what stands around them.

mod bench;
mod check;
mod demo;
mod dist;
mod guards;
mod needs;
mod plugins;
mod postgres;
mod process;
mod temporary;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Relevo's own commands", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the plugins as components into target/plugins, if anything changed
    Plugins(plugins::Arguments),
    /// Builds everything and starts it with the demo data under ./data
    Demo(demo::Arguments),
    /// Sees to all that the tests need and runs them all, on SQLite and on Postgres
    Test(test::Arguments),
    /// Formatting, clippy with warnings denied, and the guards of the architecture
    Check(check::Arguments),
    /// Measures the release build; not part of CI
    Bench(bench::Arguments),
    /// Builds the release binary with its plugins into target/dist
    Dist,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            error.chain().skip(1).for_each(|cause| eprintln!("  because: {cause}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Plugins(arguments) => plugins::run(&workspace, &arguments),
        Command::Demo(arguments) => demo::run(&workspace, &arguments),
        Command::Test(arguments) => test::run(&workspace, &arguments),
        Command::Check(arguments) => check::run(&workspace, &arguments),
        Command::Bench(arguments) => bench::run(&workspace, &arguments),
        Command::Dist => dist::run(&workspace),
    }
}
