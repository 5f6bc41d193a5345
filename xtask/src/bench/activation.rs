//! Two versions of a plugin that take turns while customers write.

use anyhow::{Result, bail};
use serde_json::Value;

use super::report::median;
use super::testbed::{self, Testbed, number};

/// What customers write to: a plugin of ours that is uploaded under another name, and how the generator writes.
const LOADS: [(&str, &str, &[&str]); 2] = [("menu", "storefront", &[]), ("rows", "echo", &["--pipeline", "10"])];
const WRONGS: [&str; 5] = ["/load/lost", "/load/doubled", "/load/disordered", "/load/refused", "/load/broken"];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Runs of each load: "menu", where customers write as soon as they are answered, and "rows", ten numbered messages 3 ms apart, whose order is looked at
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// How long each run is measured; versions change from the first greeting on
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Customers who write at once
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    customers: u32,
    /// Milliseconds from one change of version to the next: an activation, then a rollback
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    every_ms: u32,
}

/// What a run came to.
struct Run {
    replies_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    changes: f64,
    slowest_change_ms: f64,
    /// Lost, doubled, out of order, and webhooks that were answered with other than 200 or not at all.
    wrongs: Vec<f64>,
    /// Turns that each version answered.
    answered: [f64; 2],
    /// Turns that a version failed; they were tried again.
    failed: f64,
}

/// Fails when anything was lost, doubled, out of order or refused, or when a version answered nothing.
pub(super) fn run(testbed: &Testbed<'_>, arguments: &Arguments) -> Result<()> {
    println!("{} customers, {} s a run, a change of version every {} ms", arguments.customers, arguments.seconds, arguments.every_ms);
    println!(
        "load   run     replies/s   p50 ms   p99 ms   changes   slowest ms   lost  doubled  disordered  refused  broken   turns of 1   turns of 2   failed"
    );
    let mut is_right = true;
    for (name, plugin, how) in LOADS {
        let mut rates = (Vec::new(), Vec::new(), Vec::new());
        for nth in 1..=arguments.runs {
            let run = measure(testbed, arguments, plugin, how)?;
            println!("{}", run.line(name, nth));
            is_right &= run.is_right();
            rates.0.push(run.replies_per_second);
            rates.1.push(run.p50_ms);
            rates.2.push(run.p99_ms);
        }
        println!("{name:<6} median {:>10.0} {:>8.1} {:>8.1}", median(rates.0), median(rates.1), median(rates.2));
    }
    if !is_right {
        bail!("messages were lost, doubled, out of order or refused, or a version answered nothing");
    }
    println!("\nnothing was lost, doubled or out of order, and both versions answered");
    Ok(())
}

fn measure(testbed: &Testbed<'_>, arguments: &Arguments, plugin: &str, how: &[&str]) -> Result<Run> {
    let demo = testbed.start()?;
    let mut swap = demo.plugin_bench();
    swap.args(["swap", "--graph-listen", &demo.graph(), "--customers", &arguments.customers.to_string()]);
    swap.args(["--seconds", &arguments.seconds.to_string(), "--every-ms", &arguments.every_ms.to_string()]).args(how);
    let told = testbed::told(swap.arg("--plugin").arg(testbed.built_in(plugin)))?;
    demo.stop()?;
    Run::read(&told)
}

impl Run {
    fn read(told: &Value) -> Result<Self> {
        Ok(Self {
            replies_per_second: number(told, "/load/replies_per_second")?,
            p50_ms: number(told, "/load/e2e/p50")?,
            p99_ms: number(told, "/load/e2e/p99")?,
            changes: number(told, "/changes")?,
            slowest_change_ms: number(told, "/slowest_change_ms")?,
            wrongs: WRONGS.into_iter().map(|at| number(told, at)).collect::<Result<_>>()?,
            answered: [number(told, "/answered/0")?, number(told, "/answered/1")?],
            failed: number(told, "/failed")?,
        })
    }

    fn is_right(&self) -> bool {
        self.wrongs.iter().all(|count| *count == 0.0) && self.answered.iter().all(|turns| *turns > 0.0)
    }

    fn line(&self, load: &str, nth: u32) -> String {
        let widths = [6_usize, 8, 11, 8, 7];
        let wrongs: String = self.wrongs.iter().zip(widths).map(|(count, width)| format!(" {count:>width$}")).collect();
        format!(
            "{load:<6} {nth:<7} {:>9.0} {:>8.1} {:>8.1} {:>9} {:>12.0}{wrongs} {:>12} {:>12} {:>8}",
            self.replies_per_second, self.p50_ms, self.p99_ms, self.changes, self.slowest_change_ms, self.answered[0], self.answered[1], self.failed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(lost: u64, second: u64) -> Value {
        json!({
            "load": {
                "replies_per_second": 900.0, "e2e": { "p50": 8.0, "p99": 30.0 },
                "lost": lost, "doubled": 0, "disordered": 0, "refused": 0, "broken": 0,
            },
            "changes": 33, "slowest_change_ms": 40.0, "answered": [5_000, second], "failed": 0,
        })
    }

    #[test]
    fn a_lost_message_and_a_silent_version_are_wrong() {
        let is_right = |lost, second| Run::read(&told(lost, second)).unwrap().is_right();

        assert!(is_right(0, 4_000));
        assert!(!is_right(1, 4_000));
        assert!(!is_right(0, 0));
    }
}
