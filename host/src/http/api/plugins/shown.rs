//! What programs are shown of plugins.

use std::collections::BTreeMap;

use relevo_model::*;
use relevo_sandbox::Permission;
use relevo_store::{PluginFailure, PluginHour};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    console::plugins::{Canary, Counted, Detail, Earlier, Failed, Plugin, Version, Why},
    http::api::shown::{Id, Moment},
    plugins::{Refused, Stage},
};

/// A plugin.
#[derive(Clone, Serialize, ToSchema)]
pub struct ShownPlugin {
    #[schema(example = "com.example.tracking")]
    pub id: String,
    /// In Spanish, else in the language that its author wrote it in.
    title: String,
    description: String,
    /// It comes with the program: its version is the program's, and it cannot be uploaded.
    built_in: bool,
    /// The version that answers.
    #[schema(required)]
    active: Option<String>,
    /// What a rollback leads to.
    #[schema(required)]
    previous: Option<String>,
    #[schema(required)]
    canary: Option<ShownCanary>,
    /// on, off, or set_aside after it failed again and again.
    #[schema(value_type = String, pattern = "^(on|off|set_aside)$")]
    state: PluginState,
    #[schema(required)]
    set_aside_at: Option<Moment>,
    /// The error that came last: trap, limit, timeout, …
    #[schema(required)]
    set_aside_reason: Option<String>,
    /// The last canary that failed more than the version beside it.
    #[schema(required)]
    taken_back: Option<String>,
    requires_replay: bool,
    /// Where it is attached.
    #[schema(value_type = Vec<Id>)]
    service_points: Vec<ServicePointId>,
    /// Turns that failed within the last day.
    failures: i64,
}

/// A version that is tried with some of the conversations.
#[derive(Clone, Serialize, ToSchema)]
pub struct ShownCanary {
    version: String,
    percent: i64,
    since: Moment,
    turns: i64,
    failed: i64,
    /// The same of the version beside it, since then.
    steady_turns: i64,
    steady_failed: i64,
}

/// A plugin with all that is known of it.
#[derive(Clone, Serialize, ToSchema)]
pub struct ShownDetail {
    #[serde(flatten)]
    plugin: ShownPlugin,
    /// The newest upload first.
    versions: Vec<ShownVersion>,
    /// What it may do: a narrowing of what its manifest asks for.
    #[schema(value_type = Vec<Object>)]
    grants: Vec<Permission>,
    #[schema(required)]
    granted_at: Option<Moment>,
    /// The whole installation's, without secrets.
    #[schema(value_type = Object)]
    config: Value,
    config_version: i64,
    /// Its secrets by name, and whether they are set.
    secrets: BTreeMap<String, bool>,
    /// What of the configuration does not fit the version that answers.
    problems: Vec<ShownConfigProblem>,
}

#[derive(Clone, Serialize, ToSchema)]
pub struct ShownConfigProblem {
    /// A JSON pointer.
    path: String,
    /// A keyword of JSON Schema.
    keyword: String,
}

/// A version of a plugin.
#[derive(Clone, Serialize, ToSchema)]
pub struct ShownVersion {
    #[schema(example = "com.example.tracking")]
    id: String,
    #[schema(example = "1.2.0")]
    version: String,
    /// compiling, ready or refused.
    #[schema(value_type = String, pattern = "^(compiling|ready|refused)$")]
    state: VersionState,
    /// Of one that is being compiled: waiting for others, or compiling.
    #[schema(required, value_type = Option<String>)]
    pub stage: Option<&'static str>,
    /// Why it was refused.
    #[schema(required)]
    problem: Option<ShownRefusal>,
    /// SHA-256 of the file.
    digest: String,
    size: i64,
    #[schema(value_type = Object)]
    manifest: Value,
    /// What it asks for beyond what was consented to. Where there is nothing, it can be activated.
    #[schema(value_type = Vec<Object>)]
    asks_more: Vec<Permission>,
    /// A person or a key, by its id.
    uploaded_by: String,
    created_at: Moment,
    #[schema(required)]
    first_activated_at: Option<Moment>,
}

/// Why a file cannot be a plugin.
#[derive(Clone, Serialize, ToSchema)]
pub struct ShownRefusal {
    #[schema(example = "plugin-misfit")]
    kind: String,
    /// What is to be changed.
    detail: String,
}

/// How a version ran in an hour.
#[derive(Serialize, ToSchema)]
pub struct ShownHour {
    hour: Moment,
    #[serde(flatten)]
    ran: ShownRuns,
}

/// How a version ran.
#[derive(Serialize, ToSchema)]
pub struct ShownRuns {
    version: String,
    turns: i64,
    handled: i64,
    failed: i64,
    /// Of those that failed, which used up a limit.
    limited: i64,
    cpu_us: i64,
    wall_us: i64,
    /// What half of its calls took at most, from begin to end, in microseconds; up to a quarter too high. Null where none was measured.
    #[schema(required)]
    wall_p50_us: Option<i64>,
    /// The same of 95 in 100.
    #[schema(required)]
    wall_p95_us: Option<i64>,
    /// The same of 99 in 100.
    #[schema(required)]
    wall_p99_us: Option<i64>,
    memory_peak: i64,
    log_lines: i64,
}

/// A turn that a plugin failed.
#[derive(Serialize, ToSchema)]
pub struct ShownFailure {
    failed_at: Moment,
    /// The version that ran.
    version: String,
    #[schema(value_type = Id)]
    service_point_id: ServicePointId,
    /// What went wrong: limit-cpu, limit-memory and other limits, timeout, trap-unreachable and other traps, unavailable and timed-out where what it
    /// calls did not answer, or what the plugin refused with.
    #[schema(example = "limit-cpu")]
    kind: String,
    /// Tries that failed.
    tries: i64,
    /// Null where the turn is not the caller's to see.
    #[schema(required, value_type = Option<Id>)]
    turn_id: Option<TurnId>,
}

/// What a plugin counted under a name.
#[derive(Serialize, ToSchema)]
pub struct ShownCounter {
    #[schema(example = "orders_taken")]
    name: String,
    /// Since it counts.
    total: i64,
    /// The days of the last two weeks in which something was counted, newest first.
    days: Vec<ShownDay>,
}

/// What was counted in a day.
#[derive(Serialize, ToSchema)]
pub struct ShownDay {
    /// When it began, in UTC.
    day: Moment,
    count: i64,
}

/// A configuration as it was.
#[derive(Serialize, ToSchema)]
pub struct ShownConfig {
    version: i64,
    #[schema(value_type = Object)]
    config: Value,
    /// A person or a key, by its id.
    changed_by: String,
    created_at: Moment,
}

impl ShownDetail {
    /// The part of it that people decide: what an ETag is of.
    pub fn decided(&self) -> Self {
        let mut decided = self.clone();
        decided.plugin.failures = 0;
        if let Some(canary) = &mut decided.plugin.canary {
            (canary.turns, canary.failed, canary.steady_turns, canary.steady_failed) = (0, 0, 0, 0);
        }
        decided
    }
}

/// How far a compilation is.
pub const fn stage(state: VersionState, stage: Option<Stage>) -> Option<&'static str> {
    match (state, stage) {
        (VersionState::Compiling, Some(Stage::Compiling(_))) => Some("compiling"),
        (VersionState::Compiling, _) => Some("waiting"),
        _ => None,
    }
}

impl From<Plugin> for ShownPlugin {
    fn from(plugin: Plugin) -> Self {
        Self {
            title: plugin.manifest.title.in_locale("es").to_owned(),
            description: plugin.manifest.description.in_locale("es").to_owned(),
            id: plugin.id,
            built_in: plugin.built_in,
            active: plugin.active,
            previous: plugin.previous,
            canary: plugin.canary.map(ShownCanary::from),
            state: plugin.state,
            set_aside_at: plugin.set_aside.as_ref().map(|aside| aside.at.into()),
            set_aside_reason: plugin.set_aside.map(|aside| aside.reason),
            taken_back: plugin.taken_back.map(|(version, _)| version),
            requires_replay: plugin.requires_replay,
            service_points: plugin.points,
            failures: plugin.failures,
        }
    }
}

impl From<Canary> for ShownCanary {
    fn from(canary: Canary) -> Self {
        let Canary { version, percent, since, turns, failed, steady_turns, steady_failed } = canary;
        Self { version, percent, since: since.into(), turns, failed, steady_turns, steady_failed }
    }
}

impl From<Detail> for ShownDetail {
    fn from(detail: Detail) -> Self {
        let keyword = |why: &Why| match why {
            Why::Schema { keyword, .. } => (*keyword).to_owned(),
            Why::Says(text) => text.clone(),
            Why::Unchecked => String::new(),
        };
        Self {
            plugin: detail.plugin.into(),
            versions: detail.versions.into_iter().map(ShownVersion::from).collect(),
            granted_at: detail.consent.as_ref().map(|consent| consent.at.into()),
            grants: detail.consent.map(|consent| consent.grants.permissions().to_vec()).unwrap_or_default(),
            config: detail.config,
            config_version: detail.config_version,
            secrets: detail.secrets.into_iter().map(|secret| (secret.name, secret.set)).collect(),
            problems: detail.problems.into_iter().map(|problem| ShownConfigProblem { keyword: keyword(&problem.why), path: problem.path }).collect(),
        }
    }
}

impl From<Version> for ShownVersion {
    fn from(version: Version) -> Self {
        Self {
            id: version.manifest.id.clone(),
            version: version.version,
            state: version.state,
            stage: stage(version.state, None),
            problem: version.problem.map(|Refused { kind, detail }| ShownRefusal { kind, detail }),
            digest: version.digest,
            size: version.size,
            manifest: serde_json::to_value(&*version.manifest).unwrap_or(Value::Null),
            asks_more: version.asks_more,
            uploaded_by: version.uploaded_by,
            created_at: version.created_at.into(),
            first_activated_at: version.first_activated_at.map(Moment::from),
        }
    }
}

impl From<PluginHour> for ShownHour {
    fn from(hour: PluginHour) -> Self {
        Self { hour: Moment(Time(hour.hour)), ran: hour.into() }
    }
}

impl From<PluginHour> for ShownRuns {
    fn from(ran: PluginHour) -> Self {
        let PluginHour { version, turns, handled, failed, limited, cpu_us, wall_us, memory_peak, log_lines, spans, .. } = ran;
        let [wall_p50_us, wall_p95_us, wall_p99_us] = [50, 95, 99].map(|percent| spans.percentile(percent));
        Self { version, turns, handled, failed, limited, cpu_us, wall_us, wall_p50_us, wall_p95_us, wall_p99_us, memory_peak, log_lines }
    }
}

impl From<Failed> for ShownFailure {
    fn from(failed: Failed) -> Self {
        let Failed { failure, opens } = failed;
        let PluginFailure { turn_id, version, service_point_id, kind, tries, failed_at, .. } = failure;
        Self { failed_at: failed_at.into(), version, service_point_id, kind, tries, turn_id: opens.then_some(turn_id) }
    }
}

impl From<Counted> for ShownCounter {
    fn from(counted: Counted) -> Self {
        let Counted { metric, all, days } = counted;
        Self { name: metric, total: all, days: days.into_iter().map(|(day, count)| ShownDay { day: day.into(), count }).collect() }
    }
}

impl From<Earlier> for ShownConfig {
    fn from(earlier: Earlier) -> Self {
        Self { version: earlier.version, config: earlier.config.0, changed_by: earlier.changed_by, created_at: earlier.created_at.into() }
    }
}
