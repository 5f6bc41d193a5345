//! The conversation tests of a plugin: its own and those that were kept, run on a version that one chooses.

use axum::{
    extract::{Path, Query, State},
    http::header,
    response::IntoResponse,
};
use relevo_model::*;
use serde::{Deserialize, Serialize};

use super::{plugins::head::Head, replays::versions};
use crate::{
    app::App,
    console::{
        plugin_tests::{self, Test},
        plugins,
    },
    http::routes::{Access, Routes},
    identity::{Member, Refusal},
    policy::Permission,
    scripts::{Report, Who},
    web::{
        self, Page,
        forms::{Choice, Form},
        templates::Template,
    },
};

pub fn routes() -> Routes {
    const PLUGINS: Access = Access::Permission(Permission::UploadPlugins);
    Routes::new()
        .get("/plugins/{plugin}/tests", PLUGINS, list)
        .post("/plugins/{plugin}/tests", PLUGINS, run)
        .get("/plugins/{plugin}/tests/{test}/script", PLUGINS, script)
        .post("/plugins/{plugin}/tests/{test}/remove", PLUGINS, remove)
}

#[derive(Deserialize)]
pub struct Wanted {
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    version: String,
}

#[derive(Serialize)]
pub struct TestsPage {
    plugin: Head,
    version: String,
    versions: Vec<Choice>,
    tests: Vec<TestView>,
    /// They were run: how many passed.
    ran: Option<Tally>,
}

#[derive(Serialize)]
struct Tally {
    passed: usize,
    failed: usize,
}

#[derive(Serialize)]
struct TestView {
    /// None is the plugin's own.
    id: Option<String>,
    name: String,
    script: String,
    report: Option<ReportView>,
}

#[derive(Serialize)]
struct ReportView {
    passed: bool,
    line: Option<usize>,
    problem: Option<String>,
    entries: Vec<EntryView>,
    log: Vec<String>,
}

#[derive(Serialize)]
struct EntryView {
    /// customer, bot, deed or clock.
    who: &'static str,
    text: String,
    expected: Option<String>,
}

pub async fn list(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> web::Result {
    let shown = tests_page(&page, &app, &member, &id, wanted.version, None).await?;
    page.show(&shown)
}

/// Runs all of them, and shows how each went.
pub async fn run(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Run>) -> web::Result {
    let reports = plugin_tests::run(&app, &member, &id, &form.version).await?;
    page.show(&tests_page(&page, &app, &member, &id, Some(form.version), Some(reports)).await?)
}

/// A kept test as a file.
pub async fn script(member: Member, State(app): State<App>, Path((id, test)): Path<(String, String)>) -> web::Result {
    let test = plugin_tests::find(&app, &member, &id, &named(&test)?).await?;
    let file = format!("attachment; filename=\"{}.toml\"", test.id);
    Ok(([(header::CONTENT_TYPE, "application/toml".to_owned()), (header::CONTENT_DISPOSITION, file)], test.script).into_response())
}

pub async fn remove(page: Page, member: Member, State(app): State<App>, Path((id, test)): Path<(String, String)>) -> web::Result {
    plugin_tests::remove(&app, &member, &id, &named(&test)?).await?;
    Ok(page.done(&format!("/plugins/{id}/tests"), "test-removed"))
}

async fn tests_page(page: &Page, app: &App, member: &Member, id: &str, wanted: Option<String>, reports: Option<Vec<Report>>) -> web::Result<TestsPage> {
    let detail = plugins::find(app, member, id).await?;
    let versions = versions(&detail);
    let version = wanted.or_else(|| detail.plugin.active.clone()).or_else(|| versions.first().map(|choice| choice.value.clone())).unwrap_or_default();
    let tests = if versions.is_empty() { Vec::new() } else { plugin_tests::list(app, member, id, &version).await? };
    let ran = reports.as_ref().map(|reports| {
        let passed = reports.iter().filter(|report| report.passed()).count();
        Tally { passed, failed: reports.len() - passed }
    });
    let mut reports = reports.unwrap_or_default().into_iter();
    Ok(TestsPage {
        plugin: Head::new(page, member, &detail.plugin, "plugin-tab-tests"),
        tests: tests.into_iter().map(|test| view(test, reports.next())).collect(),
        version,
        versions,
        ran,
    })
}

fn view(test: Test, report: Option<Report>) -> TestView {
    TestView { id: test.id.map(|id| id.to_string()), name: test.name, script: test.script, report: report.map(report_view) }
}

fn report_view(report: Report) -> ReportView {
    let entry = |entry: crate::scripts::Entry| EntryView {
        who: match entry.who {
            Who::Customer => "customer",
            Who::Bot => "bot",
            Who::Deed => "deed",
            Who::Clock => "clock",
        },
        text: entry.text,
        expected: entry.expected,
    };
    // Where something else was expected, that says it all.
    let told = report.entries.last().is_some_and(|entry| entry.expected.is_some());
    ReportView {
        passed: report.passed(),
        line: report.line,
        problem: report.problem.filter(|_| !told),
        entries: report.entries.into_iter().map(entry).collect(),
        log: report.log,
    }
}

fn named(id: &str) -> Result<SavedTestId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

impl Template for TestsPage {
    const NAME: &'static str = "pages/plugin_tests.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let entry = |who, expected: Option<&str>| EntryView { who, text: "<script>\n[Sí]".into(), expected: expected.map(str::to_owned) };
        let report = |passed: bool| ReportView {
            passed,
            line: (!passed).then_some(7),
            problem: (!passed).then(|| "<b>".to_owned()),
            entries: vec![entry("customer", None), entry("bot", Some("<i>")), entry("deed", None), entry("clock", None)],
            log: vec!["info: <b>".into()],
        };
        let test = |id: Option<&str>, report| TestView { id: id.map(str::to_owned), name: "<b>".into(), script: "name = \"<b>\"".into(), report };
        let versions = || vec![Choice::new("1.0.0", "1.0.0")];
        let tests = vec![test(None, Some(report(true))), test(Some("t"), Some(report(false))), test(Some("u"), None)];
        vec![
            Self { plugin: Head::sample(), version: "1.0.0".into(), versions: versions(), tests, ran: Some(Tally { passed: 1, failed: 1 }) },
            Self { plugin: Head::sample(), version: String::new(), versions: Vec::new(), tests: Vec::new(), ran: None },
        ]
    }
}
