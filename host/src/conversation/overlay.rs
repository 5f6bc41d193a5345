//! What a turn has written and not committed: its reads see it, nobody else does.

use std::collections::BTreeMap;

use relevo_model::Time;
use relevo_store::hot::{Count, Effects, KvWrite, NewAddress, NewOrder, NewTicket};
use serde_json::Value;

use super::collections;

/// A buffered value: none for one that is deleted.
#[derive(Clone, Debug)]
pub struct Written {
    pub value: Option<String>,
    /// The version that reads of this turn are told.
    pub version: i64,
    pub write: KvWrite,
}

/// A buffered document of a plugin's own collection: none for one that is removed.
#[derive(Clone, Debug)]
pub struct OwnWritten {
    pub value: Option<Value>,
    /// The version that reads of this turn are told.
    pub version: i64,
    /// The version that must still stand when the turn commits; 0 for a new one.
    pub expect: i64,
    pub created_at: Time,
}

/// Whose value, in which scope, of which id, under which key.
pub type KvPlace = (String, String, String, String);
/// Whose document, in which collection, of which id.
pub type RecordPlace = (String, String, String);

#[derive(Clone, Default)]
pub struct Overlay {
    pub kv: BTreeMap<KvPlace, Written>,
    pub records: BTreeMap<RecordPlace, OwnWritten>,
    /// By plugin and metric.
    pub counts: BTreeMap<(String, String), i64>,
    pub effects: Effects,
}

impl Overlay {
    /// For a call within the turn: it sees all that was written so far. What it writes is the turn's once [`merge`](Self::merge)d, and nobody's
    /// if it is dropped.
    pub fn child(&self) -> Self {
        self.clone()
    }

    /// Takes over what a child of this one wrote. Nothing else may have been written meanwhile: calls of a turn are one after the other.
    pub fn merge(&mut self, child: Self) {
        *self = child;
    }

    /// What this turn wrote into a plugin's own collection, by id.
    pub fn records_of(&self, plugin: &str, collection: &str) -> Vec<(String, OwnWritten)> {
        let own = self.records.iter().filter(|((of, name, _), _)| of == plugin && name == collection);
        own.map(|((_, _, id), written)| (id.clone(), written.clone())).collect()
    }

    pub fn ticket(&self, id: &str) -> Option<&NewTicket> {
        self.effects.tickets.iter().find(|ticket| ticket.id.as_str() == id)
    }

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
        effects.records = self
            .records
            .into_iter()
            .filter(|(_, written)| written.expect != 0 || written.value.is_some())
            .map(|(place, written)| collections::write_of(place, written))
            .collect();
        effects.counts = self.counts.into_iter().filter(|(_, by)| *by != 0).map(|((plugin, metric), by)| Count { plugin, metric, by }).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn count(overlay: &mut Overlay, metric: &str) {
        *overlay.counts.entry(("probe".into(), metric.into())).or_default() += 1;
    }

    #[test]
    fn what_a_call_within_a_turn_wrote_is_the_turns_only_once_it_is_merged() {
        let mut turn = Overlay::default();
        count(&mut turn, "before");

        let mut failed = turn.child();
        count(&mut failed, "failed");
        drop(failed);
        let mut good = turn.child();
        count(&mut good, "before");
        count(&mut good, "good");
        turn.merge(good);

        let counted: Vec<(String, i64)> = turn.into_effects().counts.into_iter().map(|count| (count.metric, count.by)).collect();
        assert_eq!(counted, [("before".to_owned(), 2), ("good".to_owned(), 1)]);
    }

    #[test]
    fn a_document_that_came_and_went_within_the_turn_is_as_if_never_written() {
        let mut turn = Overlay::default();
        let gone = OwnWritten { value: None, version: 2, expect: 0, created_at: Time(0) };
        turn.records.insert(("probe".into(), "notes".into(), "1".into()), gone);

        assert!(turn.into_effects().records.is_empty());
    }
}
