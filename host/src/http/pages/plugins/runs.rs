//! How the versions of a plugin ran: turns, errors, time and memory; the last turns that failed, and what was counted.

use std::collections::HashMap;

use axum::extract::{Path, State};
use relevo_model::*;
use relevo_store::PluginHour;
use serde::Serialize;

use super::{head::Head, point_names, view};
use crate::{
    app::App,
    console::plugins::{self, Counted, Failed},
    identity::Member,
    web::{
        self, Page,
        templates::Template,
        when::{self, Moment, moment},
    },
};

/// Lines of the table by the hour.
const HOURS: usize = 48;
/// Turns that failed.
const FAILURES: i64 = 30;
/// Days of what was counted, today among them.
const DAYS: i64 = 7;
const DAY: i64 = 24 * 3_600_000;

#[derive(Serialize)]
pub struct RunsPage {
    plugin: Head,
    versions: Vec<RanView>,
    failures: Vec<FailedView>,
    counters: Counters,
    hours: Vec<HourView>,
}

#[derive(Serialize)]
struct RanView {
    version: String,
    turns: String,
    handled: String,
    failed: String,
    limited: String,
    /// What 50, 95 and 99 of 100 calls took at most.
    walls: [String; 3],
    /// Of a turn, on average.
    cpu: String,
    /// The most that a turn had.
    memory: String,
    logs: String,
}

#[derive(Serialize)]
struct FailedView {
    at: Moment,
    version: String,
    point: Option<String>,
    words: String,
    tries: i64,
    /// None where it is not this one's to see.
    turn: Option<String>,
}

/// What was counted: a line for each name, a column for each day.
#[derive(Serialize)]
struct Counters {
    /// Newest first.
    days: Vec<String>,
    rows: Vec<CounterView>,
}

#[derive(Serialize)]
struct CounterView {
    metric: String,
    all: String,
    days: Vec<String>,
}

#[derive(Serialize)]
struct HourView {
    at: Moment,
    version: String,
    turns: String,
    failed: String,
    /// What 95 of 100 calls took at most.
    wall: String,
    /// Of the hour with the most turns, in percent.
    share: i64,
    failed_share: i64,
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let detail = plugins::find(&app, &member, &id).await?;
    let hours = plugins::runs(&app, &member, &id).await?;
    let failures = plugins::failures(&app, &member, &id, None, FAILURES).await?;
    let names = point_names(&app, &member).await?;
    let most = hours.iter().map(|hour| hour.turns).max().unwrap_or(0).max(1);
    page.show(&RunsPage {
        plugin: Head::new(&page, &member, &detail.plugin, "plugin-tab-runs"),
        versions: plugins::by_version(&hours).into_iter().rev().map(|ran| ran_view(page.visitor.lang, ran)).collect(),
        failures: failures.into_iter().map(|failed| failed_view(&page, &app, &names, failed)).collect(),
        counters: counters(page.visitor.lang, app.clock.now(), plugins::counters(&app, &member, &id).await?),
        hours: hours.iter().take(HOURS).map(|hour| hour_view(&page, &app, hour, most)).collect(),
    })
}

fn ran_view(lang: &str, ran: PluginHour) -> RanView {
    let count = |number| view::count(lang, number);
    RanView {
        turns: count(ran.turns),
        handled: count(ran.handled),
        failed: count(ran.failed),
        limited: count(ran.limited),
        walls: [50, 95, 99].map(|percent| wall(lang, &ran.spans, percent)),
        cpu: view::span(lang, ran.cpu_us / ran.turns.max(1)),
        memory: view::size(lang, ran.memory_peak),
        logs: count(ran.log_lines),
        version: ran.version,
    }
}

fn wall(lang: &str, spans: &Spans, percent: i64) -> String {
    spans.percentile(percent).map_or_else(|| "—".to_owned(), |micros| view::span(lang, micros))
}

fn failed_view(page: &Page, app: &App, names: &HashMap<ServicePointId, String>, failed: Failed) -> FailedView {
    let Failed { failure, opens } = failed;
    FailedView {
        at: moment(page.visitor.lang, app.clock.now(), failure.failed_at),
        point: names.get(&failure.service_point_id).cloned(),
        words: page.say(&format!("failure-{}", failure.kind)),
        tries: failure.tries,
        turn: opens.then(|| failure.turn_id.to_string()),
        version: failure.version,
    }
}

fn counters(lang: &str, now: Time, counted: Vec<Counted>) -> Counters {
    let today = now.0 - now.0.rem_euclid(DAY);
    let days: Vec<Time> = (0..DAYS).map(|ago| Time(today - ago * DAY)).collect();
    let of = |counted: &Counted, day: &Time| counted.days.iter().find(|(at, _)| at == day).map_or(0, |(_, count)| *count);
    let row = |counted: Counted| CounterView {
        all: view::count(lang, counted.all),
        days: days.iter().map(|day| view::count(lang, of(&counted, day))).collect(),
        metric: counted.metric,
    };
    Counters { rows: counted.into_iter().map(row).collect(), days: days.iter().map(|day| when::day(*day)).collect() }
}

fn hour_view(page: &Page, app: &App, hour: &PluginHour, most: i64) -> HourView {
    let lang = page.visitor.lang;
    HourView {
        at: moment(lang, app.clock.now(), Time(hour.hour)),
        version: hour.version.clone(),
        turns: view::count(lang, hour.turns),
        failed: view::count(lang, hour.failed),
        wall: wall(lang, &hour.spans, 95),
        share: hour.turns * 100 / most,
        failed_share: hour.failed * 100 / most,
    }
}

impl Template for RunsPage {
    const NAME: &'static str = "pages/plugin_runs.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let ran = |failed| ran_view("es", PluginHour { version: "<script>".into(), turns: 40, failed, ..PluginHour::default() });
        let at = || Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        let line = HourView { at: at(), version: "<b>".into(), turns: "40".into(), failed: "3".into(), wall: "12 ms".into(), share: 100, failed_share: 7 };
        let failed = |full: bool| FailedView {
            at: at(),
            version: "<script>".into(),
            point: full.then(|| "<script>".into()),
            words: "<script>".into(),
            tries: if full { 2 } else { 1 },
            turn: full.then(|| "t".into()),
        };
        let counted = Counted { metric: "sold".into(), all: 1_700, days: vec![(Time(0), 3)] };
        let none = || counters("es", Time(0), Vec::new());
        vec![
            Self {
                plugin: Head::sample(),
                versions: vec![ran(3), ran(0)],
                failures: vec![failed(true), failed(false)],
                counters: counters("es", Time(5), vec![counted]),
                hours: vec![line],
            },
            Self { plugin: Head::sample(), versions: vec![ran(0)], failures: Vec::new(), counters: none(), hours: Vec::new() },
            Self { plugin: Head::sample(), versions: Vec::new(), failures: Vec::new(), counters: none(), hours: Vec::new() },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_of_the_week_has_its_count_and_one_without_has_none() {
        let counted = Counted { metric: "sold".into(), all: 9, days: vec![(Time(10 * DAY), 2), (Time(8 * DAY), 1), (Time(0), 6)] };

        let shown = counters("es", Time(10 * DAY + 5), vec![counted]);

        assert_eq!((&*shown.days[0], &*shown.days[6]), ("1970-01-11", "1970-01-05"));
        assert_eq!((&*shown.rows[0].all, shown.rows[0].days.join(" ")), ("9", "2 0 1 0 0 0 0".to_owned()));
    }
}
