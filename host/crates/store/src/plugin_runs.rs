//! How the versions of plugins ran: by the hour, and side by side since a canary began.

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

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
        const LIST: &str = "SELECT plugin_id, version, hour, turns, handled, failed, limited, cpu_us, wall_us, memory_peak, log_lines FROM plugin_hours \
                            WHERE plugin_id = $1 AND hour >= $2 ORDER BY hour DESC, version";
        all!(self.0, PluginHour, LIST, id, since.0)
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
        for hour in hours {
            let PluginHour { plugin_id, version, hour, turns, handled, failed, limited, cpu_us, wall_us, memory_peak, log_lines } = hour;
            run!(self, ADD, plugin_id, version, *hour, *turns, *handled, *failed, *limited, *cpu_us, *wall_us, *memory_peak, *log_lines)?;
        }
        Ok(())
    }

    /// Adds to how a canary and the version beside it ran since it began.
    pub async fn count_canary(&mut self, ran: &CanaryRuns) -> Result<()> {
        const ADD: &str = "UPDATE plugins SET canary_turns = canary_turns + $1, canary_failed = canary_failed + $2, steady_turns = steady_turns + $3, \
                           steady_failed = steady_failed + $4 WHERE id = $5 AND canary_version = $6 AND canary_since = $7";
        run!(self, ADD, ran.turns, ran.failed, ran.steady_turns, ran.steady_failed, &ran.plugin_id, &ran.version, ran.since).map(|_| ())
    }

    /// Drops how versions ran before then; how many hours.
    pub async fn forget_hours(&mut self, before: Time) -> Result<u64> {
        run!(self, "DELETE FROM plugin_hours WHERE hour < $1", before.0)
    }
}
