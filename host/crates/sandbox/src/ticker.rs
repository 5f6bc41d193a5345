//! The thread that advances the engine's epoch while calls are running, and sleeps while none are.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How long a guest may run between two looks at its processor time.
const TICK: Duration = Duration::from_millis(2);
/// Ticks without a call after which the thread goes to sleep: waking it costs a call some microseconds.
const IDLE_TICKS: u32 = 250;

pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    running: AtomicUsize,
    asleep: AtomicBool,
    stopped: AtomicBool,
}

/// Keeps the ticker going; dropped when the call ends.
pub(crate) struct Running<'a>(&'a Shared);

impl Ticker {
    /// Starts the thread; `advance` is called on each tick.
    pub(crate) fn start(advance: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new().name("relevo-epoch".into()).spawn({
            let shared = shared.clone();
            move || tick(&shared, advance)
        })?;
        Ok(Self { shared, thread })
    }

    pub(crate) fn run(&self) -> Running<'_> {
        self.shared.running.fetch_add(1, SeqCst);
        if self.shared.asleep.swap(false, SeqCst) {
            self.thread.thread().unpark();
        }
        Running(&self.shared)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, SeqCst);
        self.thread.thread().unpark();
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

fn tick(shared: &Shared, advance: impl Fn()) {
    let mut idle = 0;
    while !shared.stopped.load(SeqCst) {
        thread::sleep(TICK);
        advance();
        idle = if shared.running.load(SeqCst) == 0 { idle + 1 } else { 0 };
        if idle > IDLE_TICKS {
            shared.asleep.store(true, SeqCst);
            // A call that begins between these two lines either sees `asleep` or is seen here.
            while shared.asleep.load(SeqCst) && shared.running.load(SeqCst) == 0 && !shared.stopped.load(SeqCst) {
                thread::park();
            }
            shared.asleep.store(false, SeqCst);
            idle = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sleeps_without_calls_and_wakes_for_one() {
        let ticks = Arc::new(AtomicUsize::default());
        let counted = ticks.clone();
        let ticker = Ticker::start(move || {
            counted.fetch_add(1, SeqCst);
        })
        .expect("a thread can be started");
        while !ticker.shared.asleep.load(SeqCst) {
            thread::yield_now();
        }
        let slept_at = ticks.load(SeqCst);

        let running = ticker.run();

        while ticks.load(SeqCst) < slept_at + 2 * IDLE_TICKS as usize {
            thread::yield_now();
        }
        assert!(!ticker.shared.asleep.load(SeqCst), "it must not sleep while a call runs");
        drop(running);
    }
}
