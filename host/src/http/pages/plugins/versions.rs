//! The versions of a plugin: which one answers, tried with some of the conversations, taken back, removed.

use std::collections::HashMap;

use axum::extract::{Path, State};
use relevo_model::*;
use relevo_sandbox::schema;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::{
    head,
    overview::address,
    upload,
    view::{self, StateView},
};
use crate::{
    app::App,
    console::{
        Error,
        plugins::{self, Detail, Misfit, Version},
    },
    identity::{Member, Refusal},
    web::{
        self, Page, Words,
        forms::{self, Form},
        templates::Template,
        when::{Moment, moment},
    },
};

/// What does not fit that is said at once.
const SAID: usize = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Of the plugin, as it was looked at.
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    #[serde(deserialize_with = "forms::number")]
    version: i64,
    #[serde(deserialize_with = "forms::number")]
    percent: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    #[serde(deserialize_with = "forms::number")]
    version: i64,
    #[serde(default, deserialize_with = "forms::on")]
    keep: bool,
}

/// A line of the list.
#[derive(Serialize)]
pub struct VersionView {
    version: String,
    /// Not of one that comes with the program.
    at: Option<Moment>,
    by: Option<String>,
    size: Option<String>,
    state: StateView,
    /// active, canary, previous, asks, ready, kept, compiling or refused.
    is: &'static str,
    problem: Option<String>,
    turns: String,
    errors: String,
    asks: bool,
    can_activate: bool,
    can_return: bool,
    can_try: bool,
    removable: bool,
}

#[derive(Serialize)]
pub struct RemovePage {
    plugin: String,
    title: String,
    version: String,
}

/// Has a version answer from the next message on.
pub async fn activate(page: Page, member: Member, State(app): State<App>, Path((id, version)): Path<(String, String)>, Form(form): Form<Seen>) -> web::Result {
    match plugins::activate(&app, &member, &id, &version, Some(form.version)).await {
        Err(Error::Misfit(misfits)) => to_be_set(&page, &app, &member, (id.as_str(), version.as_str()), &misfits).await,
        activated => {
            activated?;
            Ok(page.done(&address(&id), Words::from("plugin-activated").with("version", version)))
        }
    }
}

pub async fn roll_back(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Seen>) -> web::Result {
    let plugin = plugins::roll_back(&app, &member, &id, Some(form.version)).await?.plugin;
    Ok(page.done(&address(&id), Words::from("plugin-rolled-back").with("version", plugin.active.unwrap_or_default())))
}

pub async fn start_canary(
    page: Page,
    member: Member,
    State(app): State<App>,
    Path((id, version)): Path<(String, String)>,
    Form(form): Form<Share>,
) -> web::Result {
    match plugins::start_canary(&app, &member, &id, &version, form.percent, Some(form.version)).await {
        Err(Error::Misfit(misfits)) => to_be_set(&page, &app, &member, (id.as_str(), version.as_str()), &misfits).await,
        started => {
            started?;
            Ok(page.done(&address(&id), Words::from("plugin-canary-started").with("version", version).with("percent", form.percent)))
        }
    }
}

/// To where what does not fit a version is set, saying what it is.
async fn to_be_set(page: &Page, app: &App, member: &Member, (id, version): (&str, &str), misfits: &[Misfit]) -> web::Result {
    let lang = page.visitor.lang;
    let detail = plugins::find(app, member, id).await?;
    let schema = detail.versions.iter().find(|one| one.version == version).map(|found| &found.manifest.config);
    let said = |misfit: &Misfit| {
        let key = misfit.problem.path.split('/').nth(1).unwrap_or_default();
        let field = schema.and_then(|schema| schema::title(&schema["properties"][key], lang)).unwrap_or_else(|| key.to_owned());
        let place = misfit.point.as_ref().map_or_else(|| page.say("misfit-installation"), |(_, name)| name.clone());
        Words::from("misfit-at").with("place", place).with("field", field).with("why", misfit.problem.words().to_text(lang)).to_text(lang)
    };
    let what: Vec<String> = misfits.iter().take(SAID).map(said).collect();
    let at = misfits.iter().find(|misfit| misfit.point.is_none()).or(misfits.first()).and_then(|misfit| misfit.point.as_ref());
    let named: String = form_urlencoded::byte_serialize(version.as_bytes()).collect();
    let to = at.map_or_else(|| format!("/plugins/{id}/config?version={named}"), |(point, _)| format!("/points/{point}/flow/{id}"));
    Ok(page.done(&to, Words::from("plugin-config-misfit").with("version", version).with("what", what.join(" "))))
}

pub async fn end_canary(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Ending>) -> web::Result {
    let plugin = plugins::end_canary(&app, &member, &id, form.keep, Some(form.version)).await?.plugin;
    let done = if form.keep { Words::from("plugin-canary-kept").with("version", plugin.active.unwrap_or_default()) } else { "plugin-canary-ended".into() };
    Ok(page.done(&address(&id), done))
}

/// Asks before a version is removed.
pub async fn ask_remove(page: Page, member: Member, State(app): State<App>, Path((id, version)): Path<(String, String)>) -> web::Result {
    let detail = plugins::find(&app, &member, &id).await?;
    detail.versions.iter().find(|one| one.version == version).ok_or(Refusal::NotFound)?;
    page.show(&RemovePage { title: head::title(&page, &detail.plugin), plugin: id, version })
}

pub async fn remove(page: Page, member: Member, State(app): State<App>, Path((id, version)): Path<(String, String)>) -> web::Result {
    plugins::remove_version(&app, &member, &id, &version).await?;
    let gone = matches!(plugins::find(&app, &member, &id).await, Err(Error::NotFound));
    let to = if gone { "/plugins".to_owned() } else { address(&id) };
    Ok(page.done(&to, Words::from("plugin-removed").with("version", version)))
}

/// All versions of a plugin, the newest upload first.
pub async fn views(page: &Page, app: &App, member: &Member, detail: &Detail) -> web::Result<Vec<VersionView>> {
    let ran = ran(app, member, &detail.plugin.id).await?;
    let names = super::people(app, detail.versions.iter().map(|version| version.uploaded_by.clone()).collect()).await?;
    let mut views: Vec<VersionView> = detail.versions.iter().map(|version| view_of(page, app, detail, &names, version)).collect();
    if detail.plugin.built_in {
        views.extend(detail.plugin.active.as_deref().map(|version| ours(page, version)));
    }
    for view in &mut views {
        if let Some((turns, failed)) = ran.get(&view.version) {
            (view.turns, view.errors) = (view::count(page.visitor.lang, *turns), view::count(page.visitor.lang, *failed));
        }
    }
    Ok(views)
}

/// Turns of each version, and how many of them failed.
async fn ran(app: &App, member: &Member, id: &str) -> web::Result<HashMap<String, (i64, i64)>> {
    let mut ran: HashMap<String, (i64, i64)> = HashMap::new();
    for hour in plugins::runs(app, member, id).await? {
        let (turns, failed) = ran.entry(hour.version).or_default();
        (*turns, *failed) = (*turns + hour.turns, *failed + hour.failed);
    }
    Ok(ran)
}

fn view_of(page: &Page, app: &App, detail: &Detail, names: &HashMap<String, String>, version: &Version) -> VersionView {
    let (plugin, lang) = (&detail.plugin, page.visitor.lang);
    let is = standing(detail, version);
    let usable = version.state == VersionState::Ready && version.asks_more.is_empty();
    let at_work = is == "active" || is == "canary";
    VersionView {
        at: Some(moment(lang, app.clock.now(), version.created_at)),
        by: names.get(&version.uploaded_by).cloned(),
        size: Some(view::size(lang, version.size)),
        state: state(page, is, plugin.canary.as_ref().map_or(0, |canary| canary.percent)),
        problem: version.problem.as_ref().map(|problem| upload::said(lang, problem).0),
        turns: "—".into(),
        errors: "—".into(),
        asks: is == "asks",
        can_activate: usable && !at_work && is != "previous",
        can_return: usable && is == "previous",
        can_try: usable && !at_work && plugin.active.is_some(),
        removable: !at_work,
        version: version.version.clone(),
        is,
    }
}

/// One that comes with the program.
fn ours(page: &Page, version: &str) -> VersionView {
    VersionView {
        version: version.to_owned(),
        at: None,
        by: None,
        size: None,
        state: state(page, "active", 0),
        is: "active",
        problem: None,
        turns: "—".into(),
        errors: "—".into(),
        asks: false,
        can_activate: false,
        can_return: false,
        can_try: false,
        removable: false,
    }
}

/// What a version is among the others.
fn standing(detail: &Detail, version: &Version) -> &'static str {
    let plugin = &detail.plugin;
    let is = |other: Option<&str>| other == Some(&*version.version);
    match version.state {
        VersionState::Compiling => "compiling",
        VersionState::Refused => "refused",
        VersionState::Ready if is(plugin.active.as_deref()) => "active",
        VersionState::Ready if is(plugin.canary.as_ref().map(|canary| &*canary.version)) => "canary",
        VersionState::Ready if is(plugin.previous.as_deref()) => "previous",
        VersionState::Ready if !version.asks_more.is_empty() => "asks",
        VersionState::Ready if version.first_activated_at.is_some() => "kept",
        VersionState::Ready => "ready",
    }
}

fn state(page: &Page, is: &'static str, percent: i64) -> StateView {
    let (kind, icon) = match is {
        "active" => ("ok", "check"),
        "asks" => ("warn", "clock"),
        "refused" => ("bad", "alert"),
        "canary" | "compiling" => ("bot", ""),
        _ => ("", ""),
    };
    let key: &'static str = match is {
        "active" => "plugin-version-active",
        "asks" => "plugin-version-asks",
        "refused" => "plugin-version-refused",
        "canary" => "plugin-version-canary",
        "compiling" => "plugin-version-compiling",
        "previous" => "plugin-version-previous",
        "kept" => "plugin-version-kept",
        _ => "plugin-version-ready",
    };
    StateView::new(kind, icon, Words::from(key).with("percent", percent).to_text(page.visitor.lang))
}

impl Template for RemovePage {
    const NAME: &'static str = "pages/plugin_version_remove.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { plugin: "p".into(), title: "<b>".into(), version: "2.2.0".into() }]
    }
}

#[cfg(test)]
impl VersionView {
    pub fn samples() -> Vec<Self> {
        let all = ["active", "canary", "previous", "asks", "ready", "kept", "compiling", "refused"];
        all.map(|is| Self {
            version: "2.2.0".into(),
            at: (is != "active").then(|| Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() }),
            by: (is == "canary").then(|| "<b>".into()),
            size: (is != "active").then(|| "412 kB".into()),
            state: StateView::sample(),
            is,
            problem: (is == "refused").then(|| "<script>".into()),
            turns: "9.318".into(),
            errors: "—".into(),
            asks: is == "asks",
            can_activate: is == "ready",
            can_return: is == "previous",
            can_try: is == "kept",
            removable: is == "kept",
        })
        .into()
    }
}
