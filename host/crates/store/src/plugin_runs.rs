//! How the versions of plugins ran: by the hour, side by side since a canary began, and the last turns that they failed.

use std::collections::{BTreeSet, HashMap};

use relevo_model::*;

use crate::{
    Result, Write,
    sql::{Conn, Rows},
};

/// Of each plugin.
pub const FAILURES_KEPT: i64 = 200;

/// How a version ran in an hour, or what is to be added to that.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct PluginHour {
    pub plugin_id: String,
    pub version: String,
    /// When it began.
    pub hour: i64,
    pub turns: i64,
    pub handled: i64,
    pub failed: i64,
    /// Of those that failed, which used up a limit.
    pub limited: i64,
    pub cpu_us: i64,
    pub wall_us: i64,
    pub memory_peak: i64,
    pub log_lines: i64,
    /// How long its calls took, from begin to end. What ran before this was kept has none.
    #[sqlx(skip)]
    pub spans: Spans,
}

/// A turn that a plugin failed, or a try of it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PluginFailure {
    pub plugin_id: String,
    #[sqlx(try_from = "String")]
    pub turn_id: TurnId,
    /// That ran in the last try.
    pub version: String,
    #[sqlx(try_from = "String")]
    pub service_point_id: ServicePointId,
    /// What went wrong in the last try, as one of the program's words.
    pub kind: String,
    /// Tries that failed.
    pub tries: i64,
    #[sqlx(try_from = "i64")]
    pub failed_at: Time,
}

/// What is to be added to how a canary ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CanaryRuns {
    pub plugin_id: String,
    pub version: String,
    pub since: i64,
    pub turns: i64,
    pub failed: i64,
    /// Of the version beside it.
    pub steady_turns: i64,
    pub steady_failed: i64,
}

impl Conn {
    /// How plugins ran.
    pub fn plugin_runs(&mut self) -> PluginRuns<'_> {
        PluginRuns(self)
    }
}

pub struct PluginRuns<'a>(&'a mut Conn);

impl PluginRuns<'_> {
    /// How a plugin ran since then, newest hour first.
    pub async fn hours(&mut self, id: &str, since: Time) -> Result<Vec<PluginHour>> {
        const SPANS: &str = "SELECT version, hour, bucket, calls FROM plugin_spans WHERE plugin_id = $1 AND hour >= $2";
        const LIST: &str = "SELECT plugin_id, version, hour, turns, handled, failed, limited, cpu_us, wall_us, memory_peak, log_lines FROM plugin_hours \
                            WHERE plugin_id = $1 AND hour >= $2 ORDER BY hour DESC, version";
        let mut hours = all!(self.0, PluginHour, LIST, id, since.0)?;
        let mut spans: HashMap<(String, i64), Spans> = HashMap::new();
        for (version, hour, bucket, calls) in all!(self.0, (String, i64, i64, i64), SPANS, id, since.0)? {
            spans.entry((version, hour)).or_default().add_to(bucket, calls);
        }
        for hour in &mut hours {
            hour.spans = spans.remove(&(hour.version.clone(), hour.hour)).unwrap_or_default();
        }
        Ok(hours)
    }

    /// The last turns that a plugin failed at service points within reach, newest first, from before this one.
    pub async fn failed(&mut self, id: &str, reach: &Reach, before: Option<&TurnId>, limit: i64) -> Result<Vec<PluginFailure>> {
        const LIST: &str = "SELECT plugin_id, turn_id, version, service_point_id, kind, tries, failed_at FROM plugin_failures WHERE plugin_id = $1 \
                            AND ($2 = '*' OR $2 LIKE '%' || service_point_id || '%') AND ($3 = '' OR turn_id < $3) ORDER BY turn_id DESC LIMIT $4";
        all!(self.0, PluginFailure, LIST, id, reach.to_string(), before.map_or("", TurnId::as_str), limit)
    }

    /// How many turns of each plugin failed since then.
    pub async fn failures(&mut self, since: Time) -> Result<Vec<(String, i64)>> {
        const LIST: &str = "SELECT plugin_id, CAST(SUM(failed) AS BIGINT) FROM plugin_hours WHERE hour >= $1 GROUP BY plugin_id ORDER BY plugin_id";
        all!(self.0, (String, i64), LIST, since.0)
    }
}

impl Write {
    /// Adds to how versions ran by the hour.
    pub async fn add_hours(&mut self, hours: &[PluginHour]) -> Result<()> {
        const ADD: &str = "INSERT INTO plugin_hours (plugin_id, version, hour, turns, handled, failed, limited, cpu_us, wall_us, memory_peak, log_lines) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (plugin_id, version, hour) DO UPDATE SET \
                           turns = plugin_hours.turns + excluded.turns, handled = plugin_hours.handled + excluded.handled, \
                           failed = plugin_hours.failed + excluded.failed, limited = plugin_hours.limited + excluded.limited, \
                           cpu_us = plugin_hours.cpu_us + excluded.cpu_us, wall_us = plugin_hours.wall_us + excluded.wall_us, \
                           memory_peak = CASE WHEN excluded.memory_peak > plugin_hours.memory_peak THEN excluded.memory_peak ELSE plugin_hours.memory_peak END, \
                           log_lines = plugin_hours.log_lines + excluded.log_lines";
        const SPAN: Rows = Rows {
            head: "INSERT INTO plugin_spans (plugin_id, version, hour, bucket, calls) VALUES ",
            columns: 5,
            tail: " ON CONFLICT (plugin_id, version, hour, bucket) DO UPDATE SET calls = plugin_spans.calls + excluded.calls",
        };
        for hour in hours {
            let PluginHour { plugin_id, version, hour, turns, handled, failed, limited, cpu_us, wall_us, memory_peak, log_lines, spans } = hour;
            run!(self, ADD, plugin_id, version, *hour, *turns, *handled, *failed, *limited, *cpu_us, *wall_us, *memory_peak, *log_lines)?;
            let buckets: Vec<(i64, i64)> = spans.buckets().collect();
            if !buckets.is_empty() {
                run_rows!(self, SPAN, buckets, |bucket| [plugin_id.as_str(), version.as_str(), *hour, bucket.0, bucket.1]);
            }
        }
        Ok(())
    }

    /// Keeps turns that plugins failed, a turn once, and of each plugin the last ones alone.
    pub async fn add_failures(&mut self, failures: &[PluginFailure]) -> Result<()> {
        const ADD: &str = "INSERT INTO plugin_failures (plugin_id, turn_id, version, service_point_id, kind, tries, failed_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (plugin_id, turn_id) DO UPDATE SET version = excluded.version, \
                           kind = excluded.kind, tries = plugin_failures.tries + excluded.tries, failed_at = excluded.failed_at";
        const DROP: &str = "DELETE FROM plugin_failures WHERE plugin_id = $1 AND turn_id < \
                            (SELECT turn_id FROM plugin_failures WHERE plugin_id = $1 ORDER BY turn_id DESC LIMIT 1 OFFSET $2)";
        for failure in failures {
            let PluginFailure { plugin_id, turn_id, version, service_point_id, kind, tries, failed_at } = failure;
            run!(self, ADD, plugin_id, turn_id.as_str(), version, service_point_id.as_str(), kind, *tries, failed_at.0)?;
        }
        let plugins: BTreeSet<&str> = failures.iter().map(|failure| &*failure.plugin_id).collect();
        for plugin in plugins {
            run!(self, DROP, plugin, FAILURES_KEPT - 1)?;
        }
        Ok(())
    }

    /// Adds to how a canary and the version beside it ran since it began.
    pub async fn count_canary(&mut self, ran: &CanaryRuns) -> Result<()> {
        const ADD: &str = "UPDATE plugins SET canary_turns = canary_turns + $1, canary_failed = canary_failed + $2, steady_turns = steady_turns + $3, \
                           steady_failed = steady_failed + $4 WHERE id = $5 AND canary_version = $6 AND canary_since = $7";
        run!(self, ADD, ran.turns, ran.failed, ran.steady_turns, ran.steady_failed, &ran.plugin_id, &ran.version, ran.since).map(|_| ())
    }

    /// Drops how versions ran and what they counted before then; how many hours.
    pub async fn forget_hours(&mut self, before: Time) -> Result<u64> {
        run!(self, "DELETE FROM plugin_spans WHERE hour < $1", before.0)?;
        run!(self, "DELETE FROM plugin_counter_days WHERE day < $1", before.0)?;
        run!(self, "DELETE FROM plugin_hours WHERE hour < $1", before.0)
    }

    /// Drops what failed before then; how many turns.
    pub async fn forget_failures(&mut self, before: Time) -> Result<u64> {
        run!(self, "DELETE FROM plugin_failures WHERE failed_at < $1", before.0)
    }
}
