//! What the simulator remembers by itself, in memory: phones that have not written yet, and what was delivered twice.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use relevo_model::{MessageId, ServicePointId};
use tokio::sync::broadcast;

/// Messages whose repeats are remembered at most.
const REPEATS: usize = 10_000;

#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    kept: Mutex<Kept>,
    changed: broadcast::Sender<()>,
}

#[derive(Default)]
struct Kept {
    phones: HashMap<ServicePointId, BTreeSet<u32>>,
    repeats: HashMap<MessageId, u32>,
}

impl Default for Desk {
    fn default() -> Self {
        Self(Arc::new(Inner { kept: Mutex::default(), changed: broadcast::channel(64).0 }))
    }
}

impl Desk {
    /// The numbers of the phones that were added here.
    pub fn phones(&self, point: &ServicePointId) -> BTreeSet<u32> {
        self.kept().phones.get(point).cloned().unwrap_or_default()
    }

    pub fn add_phone(&self, point: ServicePointId, number: u32) {
        self.kept().phones.entry(point).or_default().insert(number);
        self.tell();
    }

    /// How often a message was delivered beyond the first time.
    pub fn repeats(&self, message: &MessageId) -> u32 {
        self.kept().repeats.get(message).copied().unwrap_or_default()
    }

    pub fn add_repeat(&self, message: MessageId) {
        let mut kept = self.kept();
        if kept.repeats.len() < REPEATS || kept.repeats.contains_key(&message) {
            *kept.repeats.entry(message).or_default() += 1;
        }
        drop(kept);
        self.tell();
    }

    /// Something changed that no conversation tells: every open page is rendered anew.
    pub fn tell(&self) {
        // Nobody watching is no error.
        drop(self.0.changed.send(()));
    }

    pub fn watch(&self) -> broadcast::Receiver<()> {
        self.0.changed.subscribe()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.kept.lock().expect("nothing panics while it holds what is kept")
    }
}
