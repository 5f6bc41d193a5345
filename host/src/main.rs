//! The `relevo` program.

use std::process::ExitCode;

use clap::Parser;
use relevo::commands::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    relevo::commands::run(Cli::parse())
}
