//! What a conversation test says: who writes, what is there, what happens, what is expected.

use std::{collections::BTreeMap, fmt, time::Duration};

use relevo_model::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One conversation with a flow, and what it is expected to say and do.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    pub name: String,
    /// Where the virtual clock begins.
    pub at: Time,
    pub customer: Customer,
    pub service_point: Place,
    /// What the flow keeps from before, as JSON.
    pub state: Option<String>,
    /// The installation's configuration; over the defaults of the manifest's schema.
    pub config: Value,
    /// What stands for secrets: names with values that are none.
    pub secrets: BTreeMap<String, String>,
    /// Documents that are there when it begins, by collection.
    pub records: BTreeMap<String, Vec<Value>>,
    pub http: Vec<Scripted>,
    pub steps: Vec<Step>,
}

/// Who writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Customer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    pub locale: String,
    /// They never wrote before.
    pub first_seen: bool,
}

impl Default for Customer {
    fn default() -> Self {
        Self { name: None, phone: None, locale: "es".into(), first_seen: true }
    }
}

/// Where they write to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Place {
    pub name: String,
    pub time_zone: String,
    pub open: bool,
    /// The channel shows text alone: choices are numbered.
    pub text_only: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self { name: "Centro".into(), time_zone: "America/Argentina/Buenos_Aires".into(), open: true, text_only: false }
    }
}

/// An answer of the outside. A call takes the first one that fits it and was not taken; the last that fits stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    #[serde(default = "get")]
    pub method: String,
    /// As it is called, secrets put in; `*` stands for anything.
    pub url: String,
    /// What the call's body must contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_contains: Option<String>,
    #[serde(default = "ok")]
    pub status: u16,
    #[serde(default)]
    pub body: String,
    /// Instead of an answer: `timed-out` or `unavailable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fails: Option<Outage>,
    /// Headers that the call must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sent: BTreeMap<String, String>,
    /// Headers of the answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outage {
    TimedOut,
    Unavailable,
}

fn get() -> String {
    "GET".into()
}

const fn ok() -> u16 {
    200
}

/// A step, and the line that it begins in.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub line: usize,
    pub does: Does,
}

/// What happens, or is expected to have happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    Says(String),
    /// One of the choices that were offered last, by its title or its id.
    Chooses(String),
    Sends(File),
    Place {
        latitude: f64,
        longitude: f64,
    },
    /// A person gives the conversation back.
    Returns(String),
    Advances(Duration),
    /// The next line of the bot.
    Bot(Line),
    /// Something that the bot did since the customer's last step.
    Did(Deed, Wanted),
}

#[derive(Clone, Debug, PartialEq)]
pub struct File {
    pub name: String,
    pub caption: Option<String>,
}

/// What a line of the bot must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    pub exactly: Option<String>,
    pub contains: Option<String>,
    /// The titles of its choices, in their order.
    pub choices: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    HandOver,
    Ended,
    Ticket,
    Label,
    Note,
}

impl Deed {
    pub const fn key(self) -> &'static str {
        match self {
            Self::HandOver => "hand_over",
            Self::Ended => "ended",
            Self::Ticket => "ticket",
            Self::Label => "label",
            Self::Note => "note",
        }
    }
}

/// `true` is any, `false` none, a text one that says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "this is true, false or a text")]
pub enum Wanted {
    Any(bool),
    Text(String),
}

/// Why a script cannot be run, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScriptError {
    pub line: Option<usize>,
    pub problem: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}
