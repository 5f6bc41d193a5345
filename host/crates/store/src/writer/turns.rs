//! Of how many files this process writes groups at once: one and a half for each core. Whoever waits for its turn gathers a larger group meanwhile, which costs
//! everybody less.

use std::{
    num::NonZero,
    sync::{Condvar, LazyLock, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// Nobody is held up by files whose writers wait for something else, as for another process.
const PATIENCE: Duration = Duration::from_millis(20);

static MOST: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get) * 3 / 2);
static WRITING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// Held while a group is written.
pub(super) struct Turn(());

/// Waits on this thread for its turn; none when that takes too long, and then it goes on all the same.
pub(super) fn wait() -> Option<Turn> {
    let writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut writing, waited) = ENDED.wait_timeout_while(writing, PATIENCE, |writing| *writing >= *MOST).unwrap_or_else(PoisonError::into_inner);
    if waited.timed_out() {
        return None;
    }
    *writing += 1;
    Some(Turn(()))
}

impl Drop for Turn {
    fn drop(&mut self) {
        *WRITING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ENDED.notify_one();
    }
}
