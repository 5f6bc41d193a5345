//! How long things took, in buckets that add up: of a sum only an average comes, of these what most had to wait.

use std::collections::BTreeMap;

/// Below this each number has a bucket of its own; from there on four buckets for each doubling.
const EXACT: i64 = 8;
/// Nothing that is counted here takes as long: twelve days, in microseconds.
const LONGEST: i64 = 1 << 40;

/// How many took about as long, by the number of their bucket; in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(BTreeMap<i64, i64>);

impl Spans {
    /// One more that took so long.
    pub fn add(&mut self, micros: i64) {
        self.add_to(bucket_of(micros), 1);
    }

    /// So many more in a bucket, as they were kept.
    pub fn add_to(&mut self, bucket: i64, times: i64) {
        *self.0.entry(bucket).or_default() += times;
    }

    pub fn add_all(&mut self, more: &Self) {
        for (bucket, times) in more.buckets() {
            self.add_to(bucket, times);
        }
    }

    /// The buckets that hold something, and how many each.
    pub fn buckets(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0.iter().map(|(bucket, times)| (*bucket, *times))
    }

    /// What this percentage of them did not exceed, at most a quarter too high; none of nothing.
    pub fn percentile(&self, percent: i64) -> Option<i64> {
        let all: i64 = self.0.values().sum();
        let rank = (all * percent + 99).div_euclid(100).max(1);
        let mut seen = 0;
        self.buckets().find_map(|(bucket, times)| {
            seen += times;
            (seen >= rank).then(|| end_of(bucket))
        })
    }
}

fn bucket_of(micros: i64) -> i64 {
    let micros = micros.clamp(0, LONGEST);
    if micros < EXACT {
        return micros;
    }
    let doubling = i64::from(micros.ilog2());
    EXACT + (doubling - 3) * 4 + ((micros >> (doubling - 2)) & 3)
}

/// The longest that is counted in it.
fn end_of(bucket: i64) -> i64 {
    let bucket = bucket.clamp(0, bucket_of(LONGEST));
    if bucket < EXACT {
        return bucket;
    }
    let (doublings, quarter) = ((bucket - EXACT) / 4, (bucket - EXACT) % 4);
    ((5 + quarter) << (doublings + 1)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: impl IntoIterator<Item = i64>) -> Spans {
        let mut spans = Spans::default();
        all.into_iter().for_each(|micros| spans.add(micros));
        spans
    }

    #[test]
    fn a_bucket_ends_at_most_a_quarter_above_what_is_in_it() {
        for micros in (0..2_000).chain((1..40).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1])) {
            let end = end_of(bucket_of(micros));
            assert!(end >= micros && end <= micros + micros / 4, "{micros} → {end}");
            assert_eq!(bucket_of(end), bucket_of(micros), "{micros}");
            assert_eq!(bucket_of(end + 1), bucket_of(micros) + 1, "nothing lies between two of them: {micros}");
        }
        assert_eq!((bucket_of(-1), bucket_of(i64::MAX)), (0, bucket_of(LONGEST)));
    }

    #[test]
    fn a_percentile_is_what_so_many_did_not_exceed() {
        let spans = of((0..95).map(|_| 100).chain([5_000; 5]));

        assert_eq!((spans.percentile(50), spans.percentile(95), spans.percentile(96)), (Some(111), Some(111), Some(5_119)));
        assert_eq!((of([7]).percentile(1), of([7]).percentile(100), of([]).percentile(95)), (Some(7), Some(7), None));
    }

    #[test]
    fn what_two_counted_is_what_one_would_have() {
        let (mut one, two) = (of([1, 900, 40]), of([900, 70_000]));

        one.add_all(&two);

        assert_eq!(one, of([1, 900, 40, 900, 70_000]));
    }
}
