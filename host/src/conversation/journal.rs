//! A turn as it ran, for replay and for whoever asks why: the event, all that stood around it, each call with its answer, what came out.

pub mod asked;
mod packed;
mod recorder;

use std::borrow::Cow;

use relevo_model::{Time, TurnEvent, TurnId};
use relevo_sandbox::{
    Manifest,
    api::{
        events::Event,
        flow::Outcome,
        turn::{CustomerCard, Ids, ServicePointCard},
        types::Failure,
    },
    schema,
};
use relevo_store::{Cell, keys};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use recorder::Recorder;

/// Of what is written here. What has another is not read.
const FORMAT: u32 = 2;
/// A longer journal is not kept: the turn is then not replayable.
const LONGEST: usize = 256 << 10;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Journal {
    format: u32,
    /// As it was stored with the turn.
    pub event: TurnEvent,
    pub ids: Ids,
    /// As the flows were handed it: choices recognised, a burst as one.
    pub handed: Event,
    pub attempts: i64,
    /// Those that were asked, in their order; the last one may have handled it.
    pub flows: Vec<Flow>,
}

/// What one flow of the chain was asked and did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    pub plugin: String,
    pub version: String,
    /// Of the component that ran.
    pub digest: String,
    /// Its place in the chain, from which its ids and its randomness come.
    pub position: usize,
    pub context: Context,
    pub calls: Vec<Call>,
    pub outcome: Ended,
    pub cpu_us: u64,
    pub wall_us: u64,
    pub memory: usize,
}

/// What does not change within a turn, as it was when it began. Secrets are not in the configuration, so they are not in here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Context {
    pub customer: CustomerCard,
    pub attributes: Value,
    pub labels: Vec<String>,
    pub service_point: ServicePointCard,
    pub abilities: Vec<String>,
    pub locale: String,
    pub now: Time,
    pub rehearsal: bool,
    /// The configuration without what is the schema's own: another version is replayed with its own defaults, as it would run.
    pub settings: String,
    pub config_version: i64,
    pub state: Option<Value>,
    pub epoch: i64,
}

/// A call to the host, and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub name: Cow<'static, str>,
    pub asked: Value,
    pub answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Given(Value),
    Refused(Failure),
}

/// How a flow's part ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ended {
    Failed { error: String },
    Did(Outcome),
}

impl Journal {
    pub const fn new(event: TurnEvent, ids: Ids, handed: Event, attempts: i64, flows: Vec<Flow>) -> Self {
        Self { format: FORMAT, event, ids, handed, attempts, flows }
    }

    pub fn seal(&self, cell: &Cell, turn: &TurnId) -> Option<Vec<u8>> {
        let plain = serde_json::to_vec(self).ok().filter(|plain| plain.len() <= LONGEST)?;
        Some(cell.seal(place(turn), &packed::pack(&plain)))
    }

    /// None for what is of another format, or cannot be opened.
    pub fn open(cell: &Cell, turn: &TurnId, sealed: &[u8]) -> Option<Self> {
        let journal: Self = serde_json::from_slice(&packed::unpack(&cell.unseal(place(turn), sealed).ok()?)?).ok()?;
        (journal.format == FORMAT).then_some(journal)
    }

    /// What this plugin was asked and did in it.
    pub fn of(&self, plugin: &str) -> Option<&Flow> {
        self.flows.iter().find(|flow| flow.plugin == plugin)
    }
}

impl Answer {
    /// The value in it, where one was given.
    pub const fn value(&self) -> Option<&Value> {
        match self {
            Self::Given(value) => Some(value),
            Self::Refused(_) => None,
        }
    }
}

/// What a configuration says that its schema does not say by itself.
pub fn settings(manifest: &Manifest, config: &Value) -> Value {
    let defaults = schema::defaults(&manifest.config);
    let own = config.as_object().into_iter().flatten().filter(|(name, value)| defaults.get(name.as_str()) != Some(value));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn place(turn: &TurnId) -> keys::Place<'_> {
    keys::Place { table: "turn_journal", column: "sealed", row: turn.as_str() }
}
