//! One lane per conversation that has something to do: its items in order, one at a time; other conversations beside it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use relevo_model::ConversationId;
use tokio::sync::Notify;

pub struct Lanes<T>(Mutex<All<T>>);

struct All<T> {
    lanes: HashMap<ConversationId, Lane<T>>,
    /// False while what waits is gathered: who began with what came first would go before what came earlier.
    open: bool,
}

struct Lane<T> {
    items: VecDeque<T>,
    /// Somebody works it.
    worked: bool,
    /// Woken when something happened that whoever works this lane may be waiting for.
    wake: Arc<Notify>,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self { items: VecDeque::new(), worked: false, wake: Arc::default() }
    }
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self(Mutex::new(All { lanes: HashMap::new(), open: false }))
    }
}

impl<T: Clone> Lanes<T> {
    fn all(&self) -> MutexGuard<'_, All<T>> {
        self.0.lock().expect("nothing panics while it holds the lanes")
    }

    /// From now on items are only gathered.
    pub fn gather(&self) {
        self.all().open = false;
    }

    /// All that waits is here: the lanes that have nobody who works them yet.
    pub fn open(&self) -> Vec<ConversationId> {
        let mut all = self.all();
        all.open = true;
        all.lanes.iter_mut().filter_map(|(id, lane)| (!std::mem::replace(&mut lane.worked, true)).then_some(*id)).collect()
    }

    /// Puts an item in its place by its number, unless it is there already; true when the lane is to be worked and has nobody who does.
    pub fn push(&self, id: ConversationId, item: T, number: impl Fn(&T) -> i64) -> bool {
        let mut all = self.all();
        let open = all.open;
        let lane = all.lanes.entry(id).or_default();
        let own = number(&item);
        if lane.items.iter().any(|there| number(there) == own) {
            return false;
        }
        // The first one may be under way.
        let begun = usize::from(lane.worked && !lane.items.is_empty());
        let before = lane.items.iter().skip(begun).take_while(|there| number(there) < own).count();
        lane.items.insert(begun + before, item);
        if lane.worked {
            lane.wake.notify_one();
        }
        let begins = open && !lane.worked;
        lane.worked |= open;
        begins
    }

    /// Puts all items in their order, the first too: for whoever works the lane, before beginning with it.
    pub fn sort(&self, id: &ConversationId, number: impl Fn(&T) -> i64) {
        if let Some(lane) = self.all().lanes.get_mut(id) {
            lane.items.make_contiguous().sort_by_key(number);
        }
    }

    /// The first item; the lane is gone when it has none.
    pub fn first(&self, id: &ConversationId) -> Option<(T, Arc<Notify>)> {
        let mut all = self.all();
        let lane = all.lanes.get(id)?;
        match lane.items.front() {
            Some(item) => Some((item.clone(), Arc::clone(&lane.wake))),
            None => {
                all.lanes.remove(id);
                None
            }
        }
    }

    /// The first items as long as they belong together.
    pub fn leading(&self, id: &ConversationId, together: impl Fn(&T) -> bool) -> Vec<T> {
        self.all().lanes.get(id).map_or_else(Vec::new, |lane| lane.items.iter().take_while(|item| together(item)).cloned().collect())
    }

    pub fn change_first(&self, id: &ConversationId, change: impl FnOnce(&mut T)) {
        if let Some(item) = self.all().lanes.get_mut(id).and_then(|lane| lane.items.front_mut()) {
            change(item);
        }
    }

    pub fn remove(&self, id: &ConversationId, done: impl Fn(&T) -> bool) {
        if let Some(lane) = self.all().lanes.get_mut(id) {
            lane.items.retain(|item| !done(item));
        }
    }

    pub fn wake(&self, id: &ConversationId) {
        if let Some(lane) = self.all().lanes.get(id) {
            lane.wake.notify_one();
        }
    }

    pub fn wake_all(&self) {
        for lane in self.all().lanes.values() {
            lane.wake.notify_one();
        }
    }

    /// Forgets everything: another node works it now.
    pub fn clear(&self) {
        for lane in self.all().lanes.values_mut() {
            lane.items.clear();
            lane.wake.notify_one();
        }
    }

    pub fn len(&self) -> usize {
        self.all().lanes.len()
    }
}
