//! Of how many files this process writes groups at once: one and a half for each core. Whoever waits for its turn gathers a larger group meanwhile, which costs
//! everybody less.

use std::{
    future::Future,
    num::NonZero,
    pin::pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Nobody is held up by files whose writers wait for something else, as for another process.
const PATIENCE: Duration = Duration::from_millis(20);

static WRITING: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(thread::available_parallelism().map_or(1, NonZero::get).saturating_mul(3) / 2));

/// Waits on this thread for its turn, behind whoever came before; none when that takes too long, and then it goes on all the same.
pub(super) fn wait() -> Option<SemaphorePermit<'static>> {
    let until = Instant::now() + PATIENCE;
    let waker = Waker::from(Arc::new(Woken(thread::current())));
    let mut turn = pin!(WRITING.acquire());
    loop {
        if let Poll::Ready(turn) = turn.as_mut().poll(&mut Context::from_waker(&waker)) {
            return turn.ok();
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

struct Woken(Thread);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
