//! What a harmful plugin does to the customers of another business.

use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::report::median;
use super::testbed::{self, Demo, Testbed, number};

/// Each of these ends at a limit or in a trap.
const HARMS: &str = "loop,eat,trap";
/// How much the neighbour's 99th percentile may grow.
const DISTURBED: f64 = 1.2;
/// Harm goes on for this long before the neighbour is measured; its own tries again are over after as long.
const AROUND: Duration = Duration::from_secs(4);
/// What the generator does before and after it measures, generously.
const BESIDE_MEASURING: u32 = 7;
const FIRST: u64 = 5_491_100_000_000;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Pairs of measurements, alone and beside harm in turn on the same server; the median of their ratios counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// How long the neighbour is measured each time
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..))]
    seconds: u32,
    /// The neighbour's customers
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    customers: u32,
    /// Messages that they write together in a second
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// They write as soon as they are answered instead, which takes all of the processor
    #[arg(long, conflicts_with = "rate")]
    closed: bool,
    /// Harmful messages one after the other, ten times a second
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    harms: u32,
}

/// How long the neighbour's customers waited, in milliseconds.
#[derive(Clone, Copy)]
struct Waited {
    p50: f64,
    p99: f64,
}

pub(super) fn run(testbed: &Testbed<'_>, arguments: &Arguments) -> Result<()> {
    match arguments.closed {
        true => println!("the neighbour: {} customers who write as soon as they are answered, {} s each time", arguments.customers, arguments.seconds),
        false => println!("the neighbour: {} messages/s from {} customers, {} s each time", arguments.rate, arguments.customers, arguments.seconds),
    }
    println!("run      alone p50    p99 ms   beside harm p50    p99 ms   ratio p50    p99   harmful messages   set aside");
    let demo = testbed.start()?;
    let mut ratios = (Vec::new(), Vec::new());
    let mut waited = (Vec::new(), Vec::new());
    for nth in 0..arguments.runs {
        let alone = neighbour(&demo, arguments, 2 * nth)?;
        let (beside, harm) = beside_harm(&demo, testbed, arguments, nth)?;
        let ratio = Waited { p50: beside.p50 / alone.p50, p99: beside.p99 / alone.p99 };
        println!(
            "{:<7} {:>10.1} {:>9.1} {:>17.1} {:>9.1} {:>11.2} {:>6.2} {:>18.0} {:>11.0}",
            nth + 1,
            alone.p50,
            alone.p99,
            beside.p50,
            beside.p99,
            ratio.p50,
            ratio.p99,
            number(&harm, "/written")?,
            number(&harm, "/set_aside")?
        );
        ratios.0.push(ratio.p50);
        ratios.1.push(ratio.p99);
        waited.0.push(alone);
        waited.1.push(beside);
    }
    demo.stop()?;

    let of = |waited: &[Waited], which: fn(&Waited) -> f64| median(waited.iter().map(which).collect());
    println!("\nmedians: alone p50 {:.1} ms, p99 {:.1} ms;", of(&waited.0, |one| one.p50), of(&waited.0, |one| one.p99));
    println!("beside harm p50 {:.1} ms, p99 {:.1} ms;", of(&waited.1, |one| one.p50), of(&waited.1, |one| one.p99));
    let (p50, p99) = (median(ratios.0), median(ratios.1));
    let verdict = if p99 <= DISTURBED { "reaches its target" } else { "falls short" };
    println!("ratio p50 {p50:.2}, p99 {p99:.2}, at most {DISTURBED} wanted: {verdict}");
    Ok(())
}

fn beside_harm(demo: &Demo<'_>, testbed: &Testbed<'_>, arguments: &Arguments, nth: u32) -> Result<(Waited, Value)> {
    let harm = start_harm(demo, testbed, arguments, nth)?;
    thread::sleep(AROUND);
    let beside = neighbour(demo, arguments, 2 * nth + 1);
    let ended = harm.wait_with_output()?;
    if !ended.status.success() {
        bail!("the harm ended with {}", ended.status);
    }
    thread::sleep(AROUND);
    Ok((beside?, serde_json::from_slice(&ended.stdout).context("the harm printed something that is not JSON")?))
}

fn start_harm(demo: &Demo<'_>, testbed: &Testbed<'_>, arguments: &Arguments, nth: u32) -> Result<Child> {
    let seconds = u64::from(arguments.seconds + BESIDE_MEASURING) + AROUND.as_secs();
    let mut harm = demo.plugin_bench();
    harm.args(["harm", "--texts", HARMS, "--seconds", &seconds.to_string(), "--customers", &arguments.harms.to_string()]);
    harm.args(["--run", &nth.to_string(), "--plugin"]).arg(testbed.workspace.packed_for_tests().join("probe.wasm"));
    harm.stdout(Stdio::piped()).spawn().context("cannot start plugin-bench")
}

/// Each measurement has customers of its own.
fn neighbour(demo: &Demo<'_>, arguments: &Arguments, measurement: u32) -> Result<Waited> {
    let first = FIRST + u64::from(measurement) * u64::from(arguments.customers);
    let mut load = demo.neighbours();
    load.args(["--customers", &arguments.customers.to_string(), "--seconds", &arguments.seconds.to_string(), "--first-number", &first.to_string()]);
    if !arguments.closed {
        load.args(["--rate", &arguments.rate.to_string()]);
    }
    let told = testbed::told(&mut load)?;
    if number(&told, "/lost")? + number(&told, "/doubled")? > 0.0 {
        bail!("the neighbour lost or doubled messages: {told}");
    }
    Ok(Waited { p50: number(&told, "/e2e/p50")?, p99: number(&told, "/e2e/p99")? })
}
