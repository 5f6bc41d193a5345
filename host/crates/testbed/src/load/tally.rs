//! What each customer waits for, and what is counted when a reply comes, or does not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::histogram::Histogram;
use crate::clock;

const REMEMBERED: usize = 16;

/// Everything that is counted. One thread works on it, so nothing here is ever contended.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) customers: Vec<Customer>,
    pub(super) first_number: u64,
    /// When the measured window opened and closed; 0 before.
    opened_ns: AtomicU64,
    closed_ns: AtomicU64,
    counts: Mutex<Counts>,
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) sent: u64,
    pub(super) replies: u64,
    pub(super) lost: u64,
    pub(super) late: u64,
    pub(super) doubled: u64,
    pub(super) disordered: u64,
    pub(super) refused: u64,
    pub(super) broken: u64,
    pub(super) strangers: u64,
    pub(super) ack: Histogram,
    pub(super) e2e: Histogram,
}

/// One customer's side of the conversation.
#[derive(Default)]
pub(super) struct Customer {
    waiting: Mutex<Waiting>,
    pub(super) changed: Notify,
}

#[derive(Default)]
struct Waiting {
    /// While it warms up anything may come: greetings, menus.
    settled: bool,
    pipelined: bool,
    due: u32,
    /// Replies given up on; they may still come.
    owed: u32,
    measured: bool,
    /// When each message of the batch left; one in a closed loop.
    sent_ns: Vec<u64>,
    first: u64,
    next: u64,
    answered: Vec<bool>,
    recent: [u64; REMEMBERED],
    recent_at: usize,
    last_ns: u64,
}

/// What was read from a send.
pub(super) struct Reply {
    pub(super) number: u64,
    /// A hash of the opaque data, 0 if there was none.
    pub(super) data: u64,
    /// The last number in its text.
    pub(super) ordinal: Option<u64>,
}

impl Tally {
    pub(super) fn new(first_number: u64, customers: usize) -> Self {
        Self { customers: (0..customers).map(|_| Customer::default()).collect(), first_number, ..Self::default() }
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }

    /// Opens the measured window, or closes it.
    pub(super) fn measure(&self, on: bool) {
        let edge = if on { &self.opened_ns } else { &self.closed_ns };
        edge.store(clock::monotonic_ns(), Ordering::Relaxed);
    }

    pub(super) fn is_measuring(&self) -> bool {
        self.measures(clock::monotonic_ns())
    }

    /// Whether a moment is in the window, as far as it is known by now.
    pub(super) fn measures(&self, moment_ns: u64) -> bool {
        let opened = self.opened_ns.load(Ordering::Relaxed);
        opened > 0 && moment_ns >= opened && !self.has_closed_by(moment_ns)
    }

    /// Whether the window was closed at this moment.
    pub(super) fn has_closed_by(&self, moment_ns: u64) -> bool {
        let closed = self.closed_ns.load(Ordering::Relaxed);
        closed > 0 && moment_ns >= closed
    }

    /// Counts a reply that has just come.
    pub(super) fn reply(&self, reply: &Reply) {
        let now = clock::monotonic_ns();
        let at = reply.number.wrapping_sub(self.first_number) as usize;
        let Some(customer) = self.customers.get(at) else {
            self.counts().strangers += 1;
            return;
        };
        let mut waiting = lock(&customer.waiting);
        waiting.last_ns = now;
        if !waiting.settled {
            return customer.changed.notify_one();
        }
        let mut counts = self.counts();
        if waiting.has_seen(reply.data) {
            counts.doubled += 1;
            return;
        }
        let outcome = match waiting.pipelined {
            true => waiting.take_ordered(reply.ordinal),
            false => waiting.take(),
        };
        match outcome {
            Taken::Due(sent_ns) => {
                if waiting.measured {
                    counts.e2e.record(now.saturating_sub(sent_ns));
                }
                if self.is_measuring() {
                    counts.replies += 1;
                }
            }
            Taken::OutOfOrder => {
                counts.disordered += 1;
                if self.is_measuring() {
                    counts.replies += 1;
                }
            }
            Taken::Late => counts.late += 1,
            Taken::Undue => counts.doubled += 1,
        }
        if waiting.due == 0 {
            customer.changed.notify_one();
        }
    }
}

impl Customer {
    /// From now on what comes must be due.
    pub(super) fn settle(&self, pipelined: bool) {
        let mut waiting = lock(&self.waiting);
        waiting.settled = true;
        waiting.pipelined = pipelined;
    }

    pub(super) fn last_ns(&self) -> u64 {
        lock(&self.waiting).last_ns
    }

    /// Expects replies to a batch of messages numbered from `first`.
    pub(super) fn expect(&self, first: u64, messages: usize, replies: u32, measured: bool) {
        let now = clock::monotonic_ns();
        let mut waiting = lock(&self.waiting);
        waiting.due = replies;
        waiting.measured = measured;
        waiting.first = first;
        waiting.next = first;
        waiting.sent_ns.clear();
        waiting.sent_ns.resize(messages, now);
        waiting.answered.clear();
        waiting.answered.resize(messages, false);
    }

    /// The wait for the reply to the message at this place of the batch counts from this moment.
    pub(super) fn sent(&self, place: usize, moment_ns: u64) {
        lock(&self.waiting).sent_ns[place] = moment_ns;
    }

    pub(super) fn is_answered(&self) -> bool {
        lock(&self.waiting).due == 0
    }

    /// Gives up on what is still due and returns how much that was.
    pub(super) fn give_up(&self) -> u32 {
        let mut waiting = lock(&self.waiting);
        let due = std::mem::take(&mut waiting.due);
        waiting.owed += due;
        due
    }
}

enum Taken {
    Due(u64),
    OutOfOrder,
    Late,
    Undue,
}

impl Waiting {
    fn has_seen(&mut self, data: u64) -> bool {
        if data == 0 {
            return false;
        }
        if self.recent.contains(&data) {
            return true;
        }
        self.recent[self.recent_at % REMEMBERED] = data;
        self.recent_at += 1;
        false
    }

    fn take(&mut self) -> Taken {
        if self.due > 0 {
            self.due -= 1;
            Taken::Due(self.sent_ns[0])
        } else if self.owed > 0 {
            self.owed -= 1;
            Taken::Late
        } else {
            Taken::Undue
        }
    }

    fn take_ordered(&mut self, ordinal: Option<u64>) -> Taken {
        let Some(ordinal) = ordinal else { return Taken::OutOfOrder };
        if ordinal < self.first {
            return match self.owed {
                0 => Taken::Undue,
                _ => {
                    self.owed -= 1;
                    Taken::Late
                }
            };
        }
        let place = (ordinal - self.first) as usize;
        match self.answered.get_mut(place) {
            None => Taken::OutOfOrder,
            Some(answered) if *answered => Taken::Undue,
            Some(answered) => {
                *answered = true;
                self.due = self.due.saturating_sub(1);
                let in_order = ordinal == self.next;
                self.next = ordinal + 1;
                match in_order {
                    true => Taken::Due(self.sent_ns[place]),
                    false => Taken::OutOfOrder,
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
