//! One lane per conversation that has something to do: its items in order, one at a time; other conversations beside it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use relevo_model::ConversationId;
use tokio::sync::Notify;

pub struct Lanes<T>(Mutex<HashMap<ConversationId, Lane<T>>>);

struct Lane<T> {
    items: VecDeque<T>,
    /// Woken when something happened that whoever works this lane may be waiting for.
    wake: Arc<Notify>,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Lanes<T> {
    fn all(&self) -> MutexGuard<'_, HashMap<ConversationId, Lane<T>>> {
        self.0.lock().expect("nothing panics while it holds the lanes")
    }

    /// Puts an item at the end, unless `same` finds it there already; true when the lane has nobody who works it yet.
    pub fn push(&self, id: ConversationId, item: T, same: impl Fn(&T) -> bool) -> bool {
        let mut lanes = self.all();
        match lanes.get_mut(&id) {
            Some(lane) => {
                if !lane.items.iter().any(same) {
                    lane.items.push_back(item);
                    lane.wake.notify_one();
                }
                false
            }
            None => {
                lanes.insert(id, Lane { items: VecDeque::from([item]), wake: Arc::default() });
                true
            }
        }
    }

    /// The first item; the lane is gone when it has none.
    pub fn first(&self, id: &ConversationId) -> Option<(T, Arc<Notify>)> {
        let mut lanes = self.all();
        let lane = lanes.get(id)?;
        match lane.items.front() {
            Some(item) => Some((item.clone(), Arc::clone(&lane.wake))),
            None => {
                lanes.remove(id);
                None
            }
        }
    }

    /// The first items as long as they belong together.
    pub fn leading(&self, id: &ConversationId, together: impl Fn(&T) -> bool) -> Vec<T> {
        self.all().get(id).map_or_else(Vec::new, |lane| lane.items.iter().take_while(|item| together(item)).cloned().collect())
    }

    pub fn change_first(&self, id: &ConversationId, change: impl FnOnce(&mut T)) {
        if let Some(item) = self.all().get_mut(id).and_then(|lane| lane.items.front_mut()) {
            change(item);
        }
    }

    pub fn remove(&self, id: &ConversationId, done: impl Fn(&T) -> bool) {
        if let Some(lane) = self.all().get_mut(id) {
            lane.items.retain(|item| !done(item));
        }
    }

    pub fn wake(&self, id: &ConversationId) {
        if let Some(lane) = self.all().get(id) {
            lane.wake.notify_one();
        }
    }

    pub fn wake_all(&self) {
        for lane in self.all().values() {
            lane.wake.notify_one();
        }
    }

    /// Forgets everything: another node works it now.
    pub fn clear(&self) {
        for lane in self.all().values_mut() {
            lane.items.clear();
            lane.wake.notify_one();
        }
    }

    pub fn len(&self) -> usize {
        self.all().len()
    }
}
