//! Of how many files this process writes groups at once: one and a half for each core. Whoever waits for its turn gathers a larger group meanwhile, which costs
//! everybody less.

use std::{
    num::NonZero,
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::parked;

/// Nobody is held up by files whose writers wait for something else, as for another process.
const PATIENCE: Duration = Duration::from_millis(20);

static WRITING: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(thread::available_parallelism().map_or(1, NonZero::get).saturating_mul(3) / 2));

/// Waits on this thread for its turn, behind whoever came before; none when that takes too long, and then it goes on all the same.
pub(super) fn wait() -> Option<SemaphorePermit<'static>> {
    parked::until(Instant::now() + PATIENCE, WRITING.acquire())?.ok()
}
