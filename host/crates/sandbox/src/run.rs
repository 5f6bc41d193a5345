//! One call: its processor time, its deadline, and what its end means.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::ready,
    time::{Duration, Instant},
};

use tokio::time::{Sleep, sleep, timeout};
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, UpdateDeadline};

use crate::{
    api::types::Failure,
    call::{CallError, TrapKind},
    capability::Capabilities,
    engine::Engine,
    glue::State,
    limits::{Limit, Limits},
    manifest::Manifest,
    meter::{Meter, Stop},
};

/// A guest that ran so long without a pause lets others have the thread.
const TURN: Duration = Duration::from_millis(2);
/// Processor time that a call has at once. What goes on after that rests in between, so that a guest that loops leaves the machine to its
/// neighbours: a call that needs all of its 200 ms then takes about four seconds.
const AT_ONCE: Duration = Duration::from_millis(5);
/// How many times as long as it ran it then rests.
const RESTS: u32 = 20;
/// A trap's text with its backtrace.
const MAX_MESSAGE: usize = 4 << 10;

/// Processor time of a call: what its thread spent while the call was being polled.
#[derive(Default)]
pub(crate) struct CpuClock {
    spent: AtomicU64,
    since: AtomicU64,
}

impl CpuClock {
    fn resume(&self) {
        self.since.store(thread_cpu_nanos(), Relaxed);
    }

    /// Returns how long it ran.
    fn pause(&self) -> Duration {
        let ran = self.this_turn();
        self.spent.fetch_add(ran, Relaxed);
        Duration::from_nanos(ran)
    }

    /// Only meaningful while the call is being polled, on the thread that polls it.
    fn this_turn(&self) -> u64 {
        thread_cpu_nanos().saturating_sub(self.since.load(Relaxed))
    }

    pub(crate) fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Relaxed))
    }
}

fn thread_cpu_nanos() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    #[expect(unsafe_code, reason = "the standard library has no clock of a thread's processor time")]
    // SAFETY: `time` is a valid timespec for the length of the call.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    if status != 0 {
        return 0;
    }
    (time.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add(time.tv_nsec as u64)
}

/// A store for one call, with all its limits in place.
pub(crate) fn store(engine: &Engine, manifest: Arc<Manifest>, caps: Box<dyn Capabilities>, limits: &Limits) -> Store<State> {
    let state = State { caps, meter: Meter::new(limits.clone()), clock: Arc::default(), manifest };
    let mut store = Store::new(engine.wasmtime(), state);
    store.limiter(|state| &mut state.meter);
    store.set_hostcall_fuel(limits.boundary_bytes);
    store.epoch_deadline_callback(|mut context| on_tick(context.data_mut()));
    // Two, because the next tick may come at once; most calls end before they see one.
    store.set_epoch_deadline(2);
    store
}

fn on_tick(state: &mut State) -> wasmtime::Result<UpdateDeadline> {
    let this_turn = Duration::from_nanos(state.clock.this_turn());
    if state.clock.spent() + this_turn > state.meter.limits().cpu {
        return Err(state.meter.stop(Stop::Limit(Limit::Cpu)));
    }
    // After a long wait the deadline has passed too, without the guest having run.
    Ok(if this_turn >= TURN { UpdateDeadline::Yield(1) } else { UpdateDeadline::Continue(1) })
}

/// Runs a guest until it ends or its time is over; nothing at the end of its time.
pub(crate) async fn within<F: Future>(clock: &CpuClock, wall: Duration, guest: F) -> (Option<F::Output>, Duration) {
    let started = Instant::now();
    let mut guest = pin!(guest);
    let mut rest: Option<Pin<Box<Sleep>>> = None;
    let metered = poll_fn(|context| {
        if let Some(resting) = &mut rest {
            ready!(resting.as_mut().poll(context));
            rest = None;
        }
        clock.resume();
        let polled = guest.as_mut().poll(context);
        let ran = clock.pause();
        // It was interrupted, not waiting for anything, and asked to be polled again: which the rest will see.
        if polled.is_pending() && ran >= TURN && clock.spent() > AT_ONCE {
            rest = Some(Box::pin(sleep(ran * RESTS)));
        }
        polled
    });
    let ended = timeout(wall, metered).await.ok();
    (ended, started.elapsed())
}

/// What the end of a call means.
pub(crate) fn judge<T>(ended: Option<wasmtime::Result<Result<T, Failure>>>, meter: &mut Meter) -> Result<T, CallError> {
    match ended {
        None => Err(CallError::Timeout),
        Some(Ok(Ok(value))) => Ok(value),
        Some(Ok(Err(failure))) => Err(CallError::Failure(failure)),
        Some(Err(error)) => Err(match meter.take_stop() {
            Some(Stop::Limit(limit)) => CallError::Limit(limit),
            Some(Stop::Broken(error)) => CallError::Host(error),
            None => explain(&error),
        }),
    }
}

fn explain(error: &wasmtime::Error) -> CallError {
    if error.is::<PoolConcurrencyLimitError>() {
        return CallError::Busy;
    }
    let kind = match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => return CallError::Limit(Limit::Stack),
        Some(Trap::UnreachableCodeReached) => TrapKind::Unreachable,
        Some(Trap::MemoryOutOfBounds | Trap::TableOutOfBounds | Trap::IndirectCallToNull | Trap::BadSignature) => TrapKind::OutOfBounds,
        Some(Trap::IntegerOverflow | Trap::IntegerDivisionByZero | Trap::BadConversionToInteger) => TrapKind::Arithmetic,
        Some(Trap::AllocationTooLarge) => return CallError::Limit(Limit::Memory),
        _ => TrapKind::Contract,
    };
    let mut message = format!("{error:#}");
    // wasmtime keeps the type of this error to itself.
    if message.contains("fuel allocated for hostcalls has been exhausted") {
        return CallError::Limit(Limit::BoundaryBytes);
    }
    message.truncate(message.floor_char_boundary(MAX_MESSAGE));
    CallError::Trap { kind, message }
}
