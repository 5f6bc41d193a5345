//! Runs a plugin's conversations, without a server.

use anyhow::{Result, bail};
use relevo_sandbox::Plugin;

use super::{Place, check::Bench};
use crate::scripts::{self, Script};

/// Prints how each went; fails if one went another way than its script says.
pub async fn test(place: &Place, only: Option<&str>) -> Result<()> {
    let bench = Bench::new()?;
    let plugin = bench.load(&place.artefact()?).await?;
    let passed = run(&plugin, only).await?;
    println!("{passed} conversations passed");
    Ok(())
}

/// Runs the conversations that its manifest carries, and returns how many there were.
pub async fn run(plugin: &Plugin, only: Option<&str>) -> Result<usize> {
    let tests = plugin.manifest().tests.iter().filter(|test| only.is_none_or(|part| test.name.contains(part)));
    let (mut passed, mut failed) = (0, 0);
    for test in tests {
        let report = scripts::run(plugin, &Script::parse(&test.script)?).await;
        print!("{report}");
        if report.passed() {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    match (passed, failed) {
        (0, 0) if only.is_some() => bail!("no conversation has that in its name"),
        (0, 0) => bail!("there is no conversation in tests/: write one, such as\n\n{EXAMPLE}"),
        (_, 0) => Ok(passed),
        (_, failed) => bail!("{failed} of {} conversations went another way", passed + failed),
    }
}

const EXAMPLE: &str = "name = \"Greets\"\n\n[[step]]\ncustomer = \"hola\"\n\n[[step]]\nbot_contains = \"Hola\"\n";
