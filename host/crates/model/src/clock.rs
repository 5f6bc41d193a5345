//! The only place that knows the wall clock and makes ids.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use uuid::{ContextV7, Timestamp, Uuid};

/// UTC in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    pub const fn millis(self) -> i64 {
        self.0
    }

    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long from `earlier` until here; zero when it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl From<i64> for Time {
    fn from(millis: i64) -> Self {
        Self(millis)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Tells the time and makes ids. A clone shows the same time.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    /// Milliseconds added to the wall clock, or the time itself when `stands`.
    shift: AtomicI64,
    stands: bool,
    moved: Notify,
    ids: Mutex<Ids>,
}

enum Ids {
    Random(Box<ContextV7>),
    Counted(u64),
}

impl Clock {
    /// The machine's clock, with random ids.
    pub fn system() -> Self {
        Self::new(0, false, Ids::Random(Box::new(ContextV7::new())))
    }

    /// A clock that stands until it is advanced, with ids counted from `seed`.
    pub fn standing(at: Time, seed: u64) -> Self {
        Self::new(at.0, true, Ids::Counted(seed))
    }

    fn new(shift: i64, stands: bool, ids: Ids) -> Self {
        Self(Arc::new(Inner { shift: AtomicI64::new(shift), stands, moved: Notify::new(), ids: Mutex::new(ids) }))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn now(&self) -> Time {
        let shift = self.0.shift.load(Ordering::Relaxed);
        if self.0.stands {
            return Time(shift);
        }
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(wall.as_millis()).unwrap_or(i64::MAX).saturating_add(shift))
    }

    /// Moves this clock forward, for tests and the demo; whoever sleeps on it looks again.
    pub fn advance(&self, by: Duration) {
        self.0.shift.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
        self.0.moved.notify_waiters();
    }

    /// Waits until this clock shows `time`.
    pub async fn sleep_until(&self, time: Time) {
        loop {
            let moved = self.0.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let now = self.now();
            if now >= time {
                return;
            }
            if self.0.stands {
                moved.await;
            } else {
                tokio::select! {
                    () = moved => {}
                    () = tokio::time::sleep(time.since(now)) => {}
                }
            }
        }
    }

    /// A new id, later than all that this clock made before.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that makes ids")]
    pub fn id<T: From<Uuid>>(&self) -> T {
        let millis = u64::try_from(self.now().0).unwrap_or(0);
        let mut ids = self.0.ids.lock().expect("nothing panics while it holds the ids");
        let id = match &mut *ids {
            Ids::Random(context) => {
                let timestamp = Timestamp::from_unix(&**context, millis / 1000, (millis % 1000) as u32 * 1_000_000);
                Uuid::new_v7(timestamp)
            }
            Ids::Counted(next) => {
                *next += 1;
                let mut counter = [0; 10];
                counter[2..].copy_from_slice(&next.to_be_bytes());
                uuid::Builder::from_unix_timestamp_millis(millis, &counter).into_uuid()
            }
        };
        T::from(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MessageId;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_advanced_past_its_time() {
        let clock = Clock::standing(Time(1_000), 0);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(Time(61_000)).await;
                clock.now()
            }
        });
        tokio::task::yield_now().await;

        clock.advance(Duration::from_secs(30));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(30));

        assert_eq!(sleeper.await.unwrap(), Time(61_000));
    }

    #[test]
    fn ids_of_one_clock_only_grow() {
        for clock in [Clock::system(), Clock::standing(Time(5), 0)] {
            let ids: Vec<MessageId> = (0..100).map(|_| clock.id()).collect();
            assert!(ids.is_sorted());
        }
    }
}
