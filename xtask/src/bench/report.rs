//! What a run measured, the median of several, and how it stands against the targets.

use anyhow::{Context, Result};
use serde_json::Value;

/// One run, as the generator prints it with `--json`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    replies_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_seconds_per_1000: f64,
    peak_mb: f64,
    lost: f64,
    doubled: f64,
    disordered: f64,
    /// Webhooks that were answered with other than 200, or not at all.
    refused: f64,
}

/// What is asked of a variant on two idle cores; `None` where nothing is.
pub(super) struct Target {
    pub(super) replies_per_second: f64,
    pub(super) p99_ms: Option<f64>,
    pub(super) cpu_seconds_per_1000: Option<f64>,
    pub(super) peak_mb: Option<f64>,
}

const HEAD: &str = "variant          run     replies/s   p50 ms   p99 ms   CPU s/1,000   peak MB   lost  doubled  disordered  refused";

impl Run {
    pub(super) fn read(json: &Value) -> Result<Self> {
        let number = |at: &str| json.pointer(at).and_then(Value::as_f64).with_context(|| format!("the load generator reported no {at}: {json}"));
        Ok(Self {
            replies_per_second: number("/replies_per_second")?,
            p50_ms: number("/e2e/p50")?,
            p99_ms: number("/e2e/p99")?,
            cpu_seconds_per_1000: number("/server/cpu_seconds_per_1000")?,
            peak_mb: number("/server/peak_mib")? * 1.048_576,
            lost: number("/lost")?,
            doubled: number("/doubled")?,
            disordered: number("/disordered")?,
            refused: number("/refused")? + number("/broken")?,
        })
    }

    fn median(runs: &[Self]) -> Self {
        let of = |value: fn(&Self) -> f64| median(runs.iter().map(value).collect());
        Self {
            replies_per_second: of(|run| run.replies_per_second),
            p50_ms: of(|run| run.p50_ms),
            p99_ms: of(|run| run.p99_ms),
            cpu_seconds_per_1000: of(|run| run.cpu_seconds_per_1000),
            peak_mb: of(|run| run.peak_mb),
            // One lost message is one too many: the worst run counts.
            lost: runs.iter().map(|run| run.lost).fold(0.0, f64::max),
            doubled: runs.iter().map(|run| run.doubled).fold(0.0, f64::max),
            disordered: runs.iter().map(|run| run.disordered).fold(0.0, f64::max),
            refused: runs.iter().map(|run| run.refused).fold(0.0, f64::max),
        }
    }

    fn line(&self, variant: &str, run: &str) -> String {
        format!(
            "{variant:<16} {run:<7} {:>9.0} {:>8.1} {:>8.1} {:>13.2} {:>9.0} {:>6} {:>8} {:>11} {:>8}",
            self.replies_per_second, self.p50_ms, self.p99_ms, self.cpu_seconds_per_1000, self.peak_mb, self.lost, self.doubled, self.disordered, self.refused
        )
    }

    fn is_right(&self) -> bool {
        self.lost == 0.0 && self.doubled == 0.0 && self.disordered == 0.0 && self.refused == 0.0
    }
}

impl Target {
    /// What the run falls short of.
    fn missed_by(&self, run: &Run) -> Vec<String> {
        let mut missed = Vec::new();
        if run.replies_per_second < self.replies_per_second {
            missed.push(format!("{:.0} replies/s, at least {:.0} wanted", run.replies_per_second, self.replies_per_second));
        }
        let limits = [
            (run.p99_ms, self.p99_ms, "ms p99"),
            (run.cpu_seconds_per_1000, self.cpu_seconds_per_1000, "CPU s per 1,000"),
            (run.peak_mb, self.peak_mb, "MB peak"),
        ];
        for (value, limit, unit) in limits {
            if let Some(limit) = limit.filter(|limit| value > *limit) {
                missed.push(format!("{value:.2} {unit}, at most {limit} wanted"));
            }
        }
        missed
    }
}

/// Prints the table. Returns whether nothing was lost, doubled, out of order or refused.
pub(super) fn print(measured: &[(&str, Target, Vec<Run>)]) -> bool {
    println!("\n{HEAD}");
    for (variant, _, runs) in measured {
        for (number, run) in runs.iter().enumerate() {
            println!("{}", run.line(variant, &(number + 1).to_string()));
        }
        println!("{}", Run::median(runs).line(variant, "median"));
    }

    println!();
    for (variant, target, runs) in measured {
        let missed = target.missed_by(&Run::median(runs));
        let verdict = if missed.is_empty() { "reaches its targets".to_owned() } else { format!("falls short: {}", missed.join("; ")) };
        println!("{variant}: {verdict}");
    }
    measured.iter().all(|(_, _, runs)| runs.iter().all(Run::is_right))
}

pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(replies_per_second: f64, p99_ms: f64) -> Run {
        Run { replies_per_second, p50_ms: 5.0, p99_ms, cpu_seconds_per_1000: 0.4, peak_mb: 90.0, lost: 0.0, doubled: 0.0, disordered: 0.0, refused: 0.0 }
    }

    const TARGET: Target = Target { replies_per_second: 2_000.0, p99_ms: Some(25.0), cpu_seconds_per_1000: Some(0.5), peak_mb: None };

    #[test]
    fn the_median_is_each_column_s_own() {
        let median = Run::median(&[run(2_100.0, 30.0), run(1_900.0, 20.0), run(2_000.0, 10.0)]);

        assert_eq!((median.replies_per_second, median.p99_ms), (2_000.0, 20.0));
    }

    #[test]
    fn what_falls_short_is_named() {
        assert!(TARGET.missed_by(&run(2_000.0, 25.0)).is_empty());
        assert_eq!(TARGET.missed_by(&run(1_999.0, 26.0)), ["1999 replies/s, at least 2000 wanted", "26.00 ms p99, at most 25 wanted"]);
    }

    #[test]
    fn one_lost_message_in_one_run_is_not_hidden_by_the_median() {
        let broken = Run { lost: 1.0, ..run(2_000.0, 10.0) };
        let runs = vec![run(2_000.0, 10.0), broken, run(2_000.0, 10.0)];

        assert_eq!(Run::median(&runs).lost, 1.0);
        assert!(!print(&[("sqlite", TARGET, runs)]));
    }
}
