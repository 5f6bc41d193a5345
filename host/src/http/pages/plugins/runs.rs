//! How the versions of a plugin ran: turns, errors, time and memory.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use relevo_model::*;
use relevo_store::PluginHour;
use serde::Serialize;

use super::{head::Head, view};
use crate::{
    app::App,
    console::plugins,
    identity::Member,
    web::{
        self, Page,
        templates::Template,
        when::{Moment, moment},
    },
};

/// Lines of the table by the hour.
const HOURS: usize = 48;

#[derive(Serialize)]
pub struct RunsPage {
    plugin: Head,
    versions: Vec<RanView>,
    hours: Vec<HourView>,
}

#[derive(Serialize)]
struct RanView {
    version: String,
    turns: String,
    handled: String,
    failed: String,
    limited: String,
    /// Of a turn, on average.
    wall: String,
    cpu: String,
    /// The most that a turn had.
    memory: String,
    logs: String,
}

#[derive(Serialize)]
struct HourView {
    at: Moment,
    version: String,
    turns: String,
    failed: String,
    wall: String,
    /// Of the hour with the most turns, in percent.
    share: i64,
    failed_share: i64,
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let detail = plugins::find(&app, &member, &id).await?;
    let hours = plugins::runs(&app, &member, &id).await?;
    let most = hours.iter().map(|hour| hour.turns).max().unwrap_or(0).max(1);
    page.show(&RunsPage {
        plugin: Head::new(&page, &member, &detail.plugin, "plugin-tab-runs"),
        versions: by_version(&hours).into_iter().rev().map(|(version, ran)| ran_view(page.visitor.lang, version, &ran)).collect(),
        hours: hours.iter().take(HOURS).map(|hour| hour_view(&page, &app, hour, most)).collect(),
    })
}

/// All hours of each version in one.
fn by_version(hours: &[PluginHour]) -> Vec<(String, PluginHour)> {
    let mut all: BTreeMap<&str, PluginHour> = BTreeMap::new();
    for hour in hours {
        let sum = all.entry(&hour.version).or_default();
        sum.turns += hour.turns;
        sum.handled += hour.handled;
        sum.failed += hour.failed;
        sum.limited += hour.limited;
        sum.cpu_us += hour.cpu_us;
        sum.wall_us += hour.wall_us;
        sum.log_lines += hour.log_lines;
        sum.memory_peak = sum.memory_peak.max(hour.memory_peak);
    }
    all.into_iter().map(|(version, ran)| (version.to_owned(), ran)).collect()
}

fn ran_view(lang: &str, version: String, ran: &PluginHour) -> RanView {
    let count = |number| view::count(lang, number);
    RanView {
        version,
        turns: count(ran.turns),
        handled: count(ran.handled),
        failed: count(ran.failed),
        limited: count(ran.limited),
        wall: view::span(lang, ran.wall_us / ran.turns.max(1)),
        cpu: view::span(lang, ran.cpu_us / ran.turns.max(1)),
        memory: view::size(lang, ran.memory_peak),
        logs: count(ran.log_lines),
    }
}

fn hour_view(page: &Page, app: &App, hour: &PluginHour, most: i64) -> HourView {
    let lang = page.visitor.lang;
    HourView {
        at: moment(lang, app.clock.now(), Time(hour.hour)),
        version: hour.version.clone(),
        turns: view::count(lang, hour.turns),
        failed: view::count(lang, hour.failed),
        wall: view::span(lang, hour.wall_us / hour.turns.max(1)),
        share: hour.turns * 100 / most,
        failed_share: hour.failed * 100 / most,
    }
}

impl Template for RunsPage {
    const NAME: &'static str = "pages/plugin_runs.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let hour = |failed| PluginHour { version: "<b>".into(), turns: 40, failed, wall_us: 12_000, ..PluginHour::default() };
        let views = |hours: &[PluginHour]| by_version(hours).into_iter().map(|(version, ran)| ran_view("es", version, &ran)).collect();
        let at = Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        let line = HourView { at, version: "<b>".into(), turns: "40".into(), failed: "3".into(), wall: "12 ms".into(), share: 100, failed_share: 7 };
        vec![
            Self { plugin: Head::sample(), versions: views(&[hour(3), hour(0)]), hours: vec![line] },
            Self { plugin: Head::sample(), versions: views(&[hour(0)]), hours: Vec::new() },
            Self { plugin: Head::sample(), versions: Vec::new(), hours: Vec::new() },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_sum_of_its_hours_and_the_peak_of_its_memory() {
        let hour = |version: &str, turns, memory_peak| PluginHour { version: version.into(), turns, memory_peak, ..PluginHour::default() };

        let all = by_version(&[hour("1.0.0", 2, 7), hour("1.1.0", 1, 1), hour("1.0.0", 3, 5)]);

        assert_eq!(all.iter().map(|(version, ran)| (&**version, ran.turns, ran.memory_peak)).collect::<Vec<_>>(), [("1.0.0", 5, 7), ("1.1.0", 1, 1)]);
    }
}
