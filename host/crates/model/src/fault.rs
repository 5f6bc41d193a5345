//! Places where a crash test kills the process. In a release build they are nothing.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

struct Planned {
    point: String,
    /// The process ends at the so-many-th time that the point is passed.
    times: AtomicU64,
}

/// Ends the process without any clean-up when the environment's `RELEVO_KILL_AT=<point>:<n>` names this point and it is passed for
/// the n-th time: what a power cut leaves is what is left.
pub fn point(name: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    static PLANNED: OnceLock<Option<Planned>> = OnceLock::new();
    let planned = PLANNED.get_or_init(|| {
        let text = std::env::var("RELEVO_KILL_AT").ok()?;
        let (point, times) = text.split_once(':')?;
        Some(Planned { point: point.to_owned(), times: AtomicU64::new(times.parse().ok()?) })
    });
    if let Some(planned) = planned
        && planned.point == name
        && planned.times.fetch_sub(1, Ordering::SeqCst) == 1
    {
        eprintln!("killed at {name}");
        std::process::abort();
    }
}
