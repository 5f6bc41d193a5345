//! What a turn has written and not committed: its reads see it, nobody else does.

use std::collections::BTreeMap;

use relevo_store::hot::{Effects, KvWrite, NewAddress, NewOrder};

/// A buffered value: none for one that is deleted.
#[derive(Clone, Debug)]
pub struct Written {
    pub value: Option<String>,
    /// The version that reads of this turn are told.
    pub version: i64,
    pub write: KvWrite,
}

#[derive(Default)]
pub struct Overlay {
    /// By scope, scope id and key.
    pub kv: BTreeMap<(String, String, String), Written>,
    pub effects: Effects,
}

impl Overlay {
    /// What this turn takes from a product's stock so far.
    pub fn reserved(&self, product: &str) -> i64 {
        self.effects.reservations.iter().filter(|reservation| reservation.product.as_str() == product).map(|reservation| reservation.quantity).sum()
    }

    pub fn order(&self, id: &str) -> Option<&NewOrder> {
        self.effects.orders.iter().find(|order| order.id.as_str() == id)
    }

    pub fn address(&self, id: &str) -> Option<&NewAddress> {
        self.effects.addresses.iter().find(|address| address.id.as_str() == id)
    }

    /// Everything, to be committed with the turn.
    pub fn into_effects(self) -> Effects {
        let mut effects = self.effects;
        effects.kv = self.kv.into_values().map(|written| written.write).collect();
        // A reservation that was given back again takes nothing.
        let mut sums: BTreeMap<_, i64> = BTreeMap::new();
        for reservation in effects.reservations.drain(..) {
            *sums.entry(reservation.product).or_default() += reservation.quantity;
        }
        effects.reservations =
            sums.into_iter().filter(|(_, quantity)| *quantity != 0).map(|(product, quantity)| relevo_store::hot::Reservation { product, quantity }).collect();
        effects
    }
}
