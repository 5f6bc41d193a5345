//! Plugins: uploaded, consented to, set, activated and taken back, one function for each thing that people do to them.
//!
//! An upload is stored and compiled, and answers nobody. `grant` says what it may do, `activate` has the next turns answered by it; turns that
//! are under way end on the version that they began with. What the business granted holds for a plugin, whichever of its versions runs: a version
//! that asks for more than what was consented to is not activated before it was asked about.

mod fit;
mod news;
mod runs;
mod settings;
mod state;
mod upload;
mod versions;
mod view;

use std::sync::Arc;

use relevo_model::*;
use relevo_sandbox::{Grants, Manifest, Permission};
use relevo_store::PluginConfig;
use serde_json::Value;

use crate::web::Words;

pub use crate::plugins::Refused;
pub use fit::{Misfit, problems_with};
pub use news::{News, Troubled, tell_admins, troubled};
pub use runs::{Counted, Failed, Runs, by_version, counters, failures, runs};
pub use settings::{Settings, configs, configure, configure_at, merged};
pub(super) use settings::{check_override, component_of, keep_overrides};
pub use state::{require_replay, switch, try_again};
pub use upload::{Progress, Uploaded, progress, upload};
pub use versions::{activate, end_canary, grant, remove_version, roll_back, start_canary};
pub(super) use view::manifest;
pub use view::{find, list};

/// Bytes of a configuration.
pub const LARGEST_CONFIG: usize = 64 << 10;

/// A plugin as lists show it.
#[derive(Clone, Debug)]
pub struct Plugin {
    pub id: String,
    /// It is one of ours: its version is the program's, it cannot be uploaded, and it has what its manifest asks for.
    pub built_in: bool,
    /// Of the version that answers, else of the newest upload.
    pub manifest: Arc<Manifest>,
    /// The version that answers.
    pub active: Option<String>,
    /// What a rollback leads to.
    pub previous: Option<String>,
    pub canary: Option<Canary>,
    pub state: PluginState,
    pub set_aside: Option<SetAside>,
    /// The last canary that failed more than the version beside it, until somebody decides again.
    pub taken_back: Option<(String, Time)>,
    pub requires_replay: bool,
    /// The service points that it is attached to.
    pub points: Vec<ServicePointId>,
    /// Turns that failed within the last day.
    pub failures: i64,
    /// The version of all this, for `Seen`.
    pub version: i64,
}

/// A share of the conversations is answered by another version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    pub version: String,
    pub percent: i64,
    pub since: Time,
    /// Turns since then, and of those how many failed: of this version and of the one beside it.
    pub turns: i64,
    pub failed: i64,
    pub steady_turns: i64,
    pub steady_failed: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    pub at: Time,
    /// The name of the error that came last: `trap`, `limit`, `timeout`, …
    pub reason: String,
}

/// A plugin with all that is known of it.
#[derive(Clone, Debug)]
pub struct Detail {
    pub plugin: Plugin,
    /// The newest upload first; one of ours has none.
    pub versions: Vec<Version>,
    pub consent: Option<Consent>,
    /// The whole installation's configuration, without secrets.
    pub config: Value,
    pub config_version: i64,
    /// The secrets that it may have, and whether they are set.
    pub secrets: Vec<SecretState>,
    /// What of the configuration does not fit the version that answers.
    pub problems: Vec<ConfigProblem>,
}

#[derive(Clone, Debug)]
pub struct Version {
    pub version: String,
    pub digest: String,
    pub size: i64,
    pub state: VersionState,
    /// Why it was refused.
    pub problem: Option<Refused>,
    pub manifest: Arc<Manifest>,
    /// A person or a key, by its id.
    pub uploaded_by: String,
    pub created_at: Time,
    pub first_activated_at: Option<Time>,
    /// What it asks for beyond what was consented to: without it, activating is a click.
    pub asks_more: Vec<Permission>,
}

/// What the business lets a plugin do.
#[derive(Clone, Debug)]
pub struct Consent {
    pub grants: Grants,
    /// What was asked for when it said so, by any of its versions.
    pub asked: Grants,
    pub by: String,
    pub at: Time,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretState {
    pub name: String,
    pub set: bool,
}

/// What of a configuration cannot be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigProblem {
    /// A JSON pointer: `/hours/0/from`; empty for all of it.
    pub path: String,
    pub why: Why,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// The keyword of the schema that it does not keep, and what that says.
    Schema { keyword: &'static str, detail: Value },
    /// The plugin's own words.
    Says(String),
    /// The plugin failed while it looked at it.
    Unchecked,
}

/// A configuration as it was.
pub type Earlier = PluginConfig;

impl ConfigProblem {
    /// The same in a request for several, where the configuration is that of `place`.
    #[must_use]
    pub(super) fn within(self, place: &str) -> Self {
        Self { path: format!("{place}.config{}", self.path), ..self }
    }

    /// What is wrong, for people.
    pub fn words(&self) -> Words {
        let (keyword, detail) = match &self.why {
            Why::Schema { keyword, detail } => (*keyword, detail),
            Why::Says(text) => return Words::from("schema-says").with("text", text.as_str()),
            Why::Unchecked => return "schema-unchecked".into(),
        };
        let detail = detail.as_str().map_or_else(|| detail.to_string(), str::to_owned);
        let key = match keyword {
            "required" => "schema-required",
            "type" => "schema-type",
            "additionalProperties" => "schema-unknown",
            "enum" | "const" => "schema-choice",
            "minLength" => "schema-min-length",
            "maxLength" => "schema-max-length",
            "pattern" => "schema-pattern",
            "minimum" => "schema-minimum",
            "maximum" => "schema-maximum",
            "minItems" => "schema-min-items",
            "maxItems" => "schema-max-items",
            "format" => "schema-format",
            _ => "schema-other",
        };
        Words::from(key).with("detail", detail)
    }
}
