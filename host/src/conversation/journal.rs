//! A turn as it ran, for replay: the event, what stood around it, each call with its answer, what came out.

use relevo_model::{TurnEvent, TurnId};
use relevo_store::{Cell, keys};
use serde::Serialize;
use serde_json::Value;

/// A longer journal is not kept: the turn is then not replayable.
const LONGEST: usize = 256 << 10;

#[derive(Serialize)]
pub struct Journal<'a> {
    pub event: &'a TurnEvent,
    pub attempts: i64,
    pub flows: Vec<Flow>,
}

/// What one flow of the chain was asked and did.
#[derive(Serialize)]
pub struct Flow {
    pub plugin: String,
    pub version: String,
    /// Of the component that ran.
    pub digest: String,
    pub context: Value,
    pub calls: Vec<Call>,
    pub outcome: Value,
    pub cpu_us: u64,
    pub wall_us: u64,
    pub memory: usize,
}

/// A call that learnt something, and what it learnt.
#[derive(Clone, Serialize)]
pub struct Call {
    pub name: &'static str,
    pub asked: Value,
    pub answer: Value,
}

impl Journal<'_> {
    pub fn seal(&self, cell: &Cell, turn: &TurnId) -> Option<Vec<u8>> {
        let plain = serde_json::to_vec(self).ok().filter(|plain| plain.len() <= LONGEST)?;
        Some(cell.seal(place(turn), &plain))
    }
}

pub fn place(turn: &TurnId) -> keys::Place<'_> {
    keys::Place { table: "turn_journal", column: "sealed", row: turn.as_str() }
}
