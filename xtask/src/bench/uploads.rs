//! Uploaded plugins: how long until one answers, what a fresh call costs in each language, and what it keeps in memory.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

use super::report::median;
use super::testbed::{self, EXAMPLES, Testbed, number};
use super::{calls, idle};

/// Milliseconds in which the first answer of each example is wanted.
const TARGETS: [Option<f64>; EXAMPLES.len()] = [Some(1_000.0), Some(4_000.0), None];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Runs of each; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Only these parts
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Idle plugins in Rust, whose memory is divided by their number; each is the same code in a file of its own
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=20))]
    idle: u16,
    /// Idle plugins in JavaScript, and as many in Python
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=20))]
    idle_others: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From the upload to a fresh server until it is compiled, and until the first answer is at the provider
    Answer,
    /// A fresh instance and one call with configuration, in a process of its own
    Calls,
    /// The server's memory for each plugin that nobody writes to: resident, and with shared pages as a share of them
    Memory,
}

pub(super) fn run(testbed: &Testbed<'_>, arguments: &Arguments) -> Result<()> {
    let parts = if arguments.only.is_empty() { Part::value_variants() } else { &arguments.only };
    let mut missed = Vec::new();
    if parts.contains(&Part::Answer) {
        missed = answers(testbed, arguments.runs)?;
    }
    if parts.contains(&Part::Calls) {
        println!();
        let plugins: Vec<PathBuf> = EXAMPLES.iter().map(|name| testbed.example(name)).collect();
        calls::print(testbed, &plugins, None, calls::CALLS)?;
    }
    if parts.contains(&Part::Memory) {
        idle::print(testbed, arguments.runs, [arguments.idle, arguments.idle_others, arguments.idle_others])?;
    }
    println!("\n{}", if missed.is_empty() { "reaches its targets".to_owned() } else { format!("falls short: {}", missed.join("; ")) });
    Ok(())
}

/// Returns what falls short.
fn answers(testbed: &Testbed<'_>, runs: u32) -> Result<Vec<String>> {
    println!("plugin            compiled ms   first answer ms   (medians of {runs})");
    let mut missed = Vec::new();
    for (name, target) in EXAMPLES.into_iter().zip(TARGETS) {
        let (mut ready, mut answered) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let demo = testbed.start()?;
            let mut answer = demo.plugin_bench();
            let told = testbed::told(answer.args(["answer", "--graph-listen", &demo.graph(), "--plugin"]).arg(testbed.example(name)))?;
            demo.stop()?;
            ready.push(number(&told, "/ready_ms")?);
            answered.push(number(&told, "/answered_ms")?);
        }
        let (ready, answered) = (median(ready), median(answered));
        println!("{name:<16} {ready:>12.0} {answered:>17.0}");
        missed.extend(target.filter(|target| answered > *target).map(|target| format!("{name}: {answered:.0} ms, at most {target:.0} wanted")));
    }
    Ok(missed)
}
