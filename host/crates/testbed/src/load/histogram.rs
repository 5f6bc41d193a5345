//! Durations in buckets that grow with them: 64 per power of two, so a quantile is off by 1.6 % at most.

const STEPS: usize = 64;
const POWERS: usize = 64 - STEPS.ilog2() as usize;

/// Nanoseconds go in, quantiles come out.
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; STEPS * (POWERS + 1)], count: 0, max: 0 }
    }
}

impl Histogram {
    pub fn record(&mut self, ns: u64) {
        self.buckets[bucket(ns)] += 1;
        self.count += 1;
        self.max = self.max.max(ns);
    }

    pub fn max(&self) -> u64 {
        self.max
    }

    /// The smallest bucket's end below which this share lies; 0 when nothing was recorded.
    pub fn quantile(&self, share: f64) -> u64 {
        let wanted = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return end(at).min(self.max);
            }
        }
        self.max
    }
}

fn bucket(ns: u64) -> usize {
    let power = ns.checked_ilog2().unwrap_or(0).saturating_sub(STEPS.ilog2()) as usize;
    match ns {
        ns if ns < STEPS as u64 => ns as usize,
        ns => STEPS * power + (ns >> power) as usize,
    }
}

fn end(bucket: usize) -> u64 {
    match bucket / STEPS {
        0 | 1 => bucket as u64,
        power => ((bucket - STEPS * (power - 1)) as u64) << (power - 1) | ((1 << (power - 1)) - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_off_by_less_than_two_percent() {
        let mut histogram = Histogram::default();

        (1..=1_000_000).for_each(|ns| histogram.record(ns * 17));

        for share in [0.01, 0.5, 0.99, 0.999] {
            let exact = share * 1_000_000.0 * 17.0;
            let error = (histogram.quantile(share) as f64 - exact).abs() / exact;
            assert!(error < 0.02, "{share}: off by {error}");
        }
        assert_eq!(histogram.quantile(1.0), 17_000_000);
        assert_eq!(histogram.max(), 17_000_000);
    }

    #[test]
    fn every_value_falls_into_a_bucket_that_ends_at_or_after_it() {
        for power in 0..64 {
            for ns in [1u64 << power, (1u64 << power) + 1, (1u64 << power) - 1 + (1u64 << power)] {
                let at = bucket(ns);

                assert!(end(at) >= ns, "{ns} in {at} ends {}", end(at));
                assert!(at == 0 || end(at - 1) < ns, "{ns} would fit below {at}");
            }
        }
    }
}
