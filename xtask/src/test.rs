//! `cargo xtask test`: all tests, with all that they need.

use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{needs, plugins, postgres, process};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Fails with the command instead of installing what is missing
    #[arg(long)]
    no_install: bool,
    /// Has clippy compile our own crates, and takes its warnings for errors: what `check` would compile a second time
    #[arg(long)]
    lint: bool,
    /// Passed on to `cargo test`, such as `-p relevo-store` or a test's name; the plugins' own tests are then left out
    #[arg(last = true)]
    cargo: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let start = Instant::now();
    let (postgres, browser) = needs::for_tests(!arguments.no_install)?;
    plugins::build_all(workspace, !arguments.no_install)?;

    let mut tests = workspace.cargo();
    if arguments.lint {
        lint(&mut tests);
    }
    tests.args(["test", "--locked"]);
    if !names_packages(&arguments.cargo) {
        tests.arg("--workspace");
    }
    tests.args(&arguments.cargo).env(postgres::VARIABLE, postgres.url());
    browser.set(&mut tests);
    process::run(&mut tests)?;

    if arguments.cargo.is_empty() {
        process::run(workspace.plugins_cargo().args(["test", "--workspace", "--locked"]))?;
        test_temporary_postgres(workspace, arguments.lint)?;
    } else {
        process::say("the plugins' own tests were left out, because arguments were given");
    }
    postgres.close();
    process::say(format!("all tests passed in {}", duration(start.elapsed().as_secs())));
    Ok(())
}

/// Another server may serve all other tests, so these ask for more than the machine must have.
fn test_temporary_postgres(workspace: &Workspace, linted: bool) -> Result<()> {
    if postgres::programs().is_none() {
        process::say("the tests of the temporary Postgres were left out: no server is installed here");
        return Ok(());
    }
    let mut tests = workspace.cargo();
    if linted {
        lint(&mut tests);
    }
    process::run(tests.args(["test", "--workspace", "--locked", "--bin", "xtask", "--", "--ignored"]))
}

/// By a setting of cargo and not by its variable, which the tests would hand on to what they build themselves.
fn lint(cargo: &mut Command) {
    cargo.args(["--config", "build.rustc-workspace-wrapper='clippy-driver'"]).env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
}

/// Cargo lets `--workspace` win over `--package`.
fn names_packages(arguments: &[String]) -> bool {
    let is_package = |argument: &&String| *argument == "--package" || argument.starts_with("--package=") || argument.starts_with("-p");
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| is_package(&argument))
}

pub(crate) fn duration(seconds: u64) -> String {
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_named_package_takes_the_place_of_the_workspace() {
        assert!(names_packages(&arguments("-p relevo-store writer")));
        assert!(names_packages(&arguments("--package=relevo --test it")));
        assert!(!names_packages(&arguments("orders -- -p")));
    }

    #[test]
    fn a_duration_reads_well() {
        assert_eq!(duration(59), "59 s");
        assert_eq!(duration(605), "10 min 5 s");
    }
}
