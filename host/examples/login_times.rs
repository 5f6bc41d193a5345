//! How long a login takes to fail for addresses that have an account and for those that have none: nobody should be able to tell.
//!
//! `cargo xtask bench login` prints the medians, and how far the ranks of the two lie apart: below two
//! standard deviations they are as good as one.

use std::time::{Duration, Instant};

use relevo::identity::{Attempt, Device, Door, DoorSettings, Registration};
use relevo_model::Clock;
use relevo_store::{Settings, Store};

/// An account is tried this often, so that it never has to wait.
const TRIES: usize = 5;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let samples: usize = std::env::args().nth(1).map_or(Ok(400), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let store = Store::open(&Settings { data: folder.path().join("data"), database_url: None, master_key: None }).await?;
    let door = Door::new(store, Clock::system(), &DoorSettings::default());
    let nobody = Device::default();
    let accounts = samples.div_ceil(TRIES);
    for at in 0..accounts {
        let registration = Registration { name: "Ana".into(), email: known(at), password: "correct horse".into(), locale: None };
        drop(door.register(&registration, &nobody).await.map_err(|error| anyhow::anyhow!("{error}"))?);
    }
    let (mut with, mut without) = (Vec::new(), Vec::new());
    // One after the other in turns, so that whatever else the machine does meets both alike.
    for at in 0..samples {
        with.push(time(&door, known(at % accounts), &nobody).await);
        without.push(time(&door, unknown(at % accounts), &nobody).await);
    }
    println!("{samples} failed logins each");
    println!("  with an account     median {:>8.3} ms", median(&mut with));
    println!("  without an account  median {:>8.3} ms", median(&mut without));
    println!("  ranks               {:>+8.2} standard deviations apart", rank_sum(&with, &without));
    Ok(())
}

fn known(at: usize) -> String {
    format!("known{at}@acme.com")
}

fn unknown(at: usize) -> String {
    format!("other{at}@acme.com")
}

async fn time(door: &Door, email: String, device: &Device) -> Duration {
    let attempt = Attempt { email, password: "wrong horse".into() };
    let began = Instant::now();
    let refused = door.log_in(&attempt, device).await;
    let took = began.elapsed();
    assert!(refused.is_err(), "nobody has this password");
    took
}

/// Milliseconds.
fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

/// How far the sum of one side's ranks lies from what chance would make it (Mann and Whitney), in standard deviations.
fn rank_sum(one: &[Duration], other: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = one.iter().map(|time| (*time, true)).chain(other.iter().map(|time| (*time, false))).collect();
    all.sort();
    let sum: f64 = (1..).zip(&all).filter(|(_, (_, first))| *first).map(|(rank, _)| f64::from(rank)).sum();
    let (n, m) = (one.len() as f64, other.len() as f64);
    let expected = n * (n + m + 1.0) / 2.0;
    (sum - expected) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}
