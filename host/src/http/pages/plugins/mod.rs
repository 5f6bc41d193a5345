//! Plugins: their list, and each with what it may do, its versions, how it is set and how it runs.

pub mod config;
mod consent;
pub mod head;
mod overview;
mod runs;
mod upload;
mod versions;
pub mod view;

use std::collections::HashMap;

use axum::extract::State;
use relevo_model::*;
use serde::Serialize;

use crate::{
    app::App,
    console::plugins::{self, Plugin, Version},
    http::routes::{Access, Routes},
    identity::Member,
    policy::Permission,
    web::{self, Page, Words, templates::Template},
};
use view::{Emblem, StateView};

pub fn routes() -> Routes {
    const PLUGINS: Access = Access::Permission(Permission::UploadPlugins);
    Routes::new()
        .get("/plugins", PLUGINS, list)
        .get("/plugins/new", PLUGINS, upload::show)
        .merge(upload::routes(PLUGINS))
        .get("/plugins/{plugin}", PLUGINS, overview::show)
        .post("/plugins/{plugin}/switch", PLUGINS, overview::switch)
        .post("/plugins/{plugin}/try-again", PLUGINS, overview::try_again)
        .post("/plugins/{plugin}/attach", PLUGINS, overview::attach)
        .post("/plugins/{plugin}/require-replay", PLUGINS, overview::require_replay)
        .post("/plugins/{plugin}/roll-back", PLUGINS, versions::roll_back)
        .post("/plugins/{plugin}/canary/end", PLUGINS, versions::end_canary)
        .post("/plugins/{plugin}/versions/{version}/grants", PLUGINS, consent::grant)
        .post("/plugins/{plugin}/versions/{version}/activate", PLUGINS, versions::activate)
        .post("/plugins/{plugin}/versions/{version}/canary", PLUGINS, versions::start_canary)
        .get("/plugins/{plugin}/versions/{version}/remove", PLUGINS, versions::ask_remove)
        .post("/plugins/{plugin}/versions/{version}/remove", PLUGINS, versions::remove)
        .get("/plugins/{plugin}/config", PLUGINS, config::show)
        .post("/plugins/{plugin}/config", PLUGINS, config::save)
        .get("/plugins/{plugin}/config/{number}", PLUGINS, config::earlier)
        .get("/plugins/{plugin}/runs", PLUGINS, runs::show)
}

#[derive(Serialize)]
pub struct PluginsPage {
    rows: Vec<RowView>,
    uploads: bool,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    title: String,
    icon: Emblem,
    description: String,
    state: StateView,
    /// What the newest upload waits for.
    news: Option<StateView>,
    version: Option<String>,
    canary: Option<CanaryView>,
    built_in: bool,
    points: Vec<String>,
    /// Of the last day.
    errors: String,
}

#[derive(Serialize)]
struct CanaryView {
    version: String,
    percent: i64,
}

pub async fn list(page: Page, member: Member, State(app): State<App>) -> web::Result {
    let names = point_names(&app, &member).await?;
    let mut rows = Vec::new();
    for plugin in plugins::list(&app, &member).await? {
        let newest = if plugin.built_in { None } else { plugins::find(&app, &member, &plugin.id).await?.versions.into_iter().next() };
        rows.push(row(&page, &names, plugin, newest.as_ref()));
    }
    page.show(&PluginsPage { rows, uploads: member.may(Permission::UploadPlugins, None) })
}

fn row(page: &Page, names: &HashMap<ServicePointId, String>, plugin: Plugin, newest: Option<&Version>) -> RowView {
    let mut points: Vec<String> = plugin.points.iter().filter_map(|point| names.get(point).cloned()).collect();
    points.sort_unstable();
    RowView {
        title: head::title(page, &plugin),
        icon: Emblem::of(&plugin.manifest),
        description: plugin.manifest.description.in_locale(page.visitor.lang).to_owned(),
        state: StateView::of(page, &plugin),
        news: newest.and_then(|newest| news(page, &plugin, newest)),
        canary: plugin.canary.map(|canary| CanaryView { version: canary.version, percent: canary.percent }),
        built_in: plugin.built_in,
        errors: view::count(page.visitor.lang, plugin.failures),
        version: plugin.active,
        id: plugin.id,
        points,
    }
}

/// What somebody has to see to about the newest upload; nothing once it answers, or was looked at.
fn news(page: &Page, plugin: &Plugin, newest: &Version) -> Option<StateView> {
    let answers = plugin.active.as_deref() == Some(&*newest.version) || plugin.canary.as_ref().is_some_and(|canary| canary.version == newest.version);
    let (kind, icon, key) = match newest.state {
        VersionState::Compiling => ("bot", "", "plugin-news-compiling"),
        VersionState::Refused => ("bad", "alert", "plugin-news-refused"),
        VersionState::Ready if answers || newest.first_activated_at.is_some() => return None,
        VersionState::Ready if !newest.asks_more.is_empty() => ("warn", "clock", "plugin-news-asks"),
        VersionState::Ready => ("", "check", "plugin-news-ready"),
    };
    Some(StateView::new(kind, icon, Words::from(key).with("version", newest.version.clone()).to_text(page.visitor.lang)))
}

async fn point_names(app: &App, member: &Member) -> web::Result<HashMap<ServicePointId, String>> {
    let layout = app.business(&member.tenant).await?.layout();
    Ok(layout.points.iter().map(|(id, point)| (*id, point.row.name.clone())).collect())
}

/// The names of the people who did these things. Keys have none here.
async fn people(app: &App, ids: impl IntoIterator<Item = String>) -> web::Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    let mut read = app.store.platform().read().await?;
    for id in ids {
        let Ok(user) = id.parse::<UserId>() else { continue };
        if !names.contains_key(&id)
            && let Some(user) = read.people().find(&user).await?
        {
            names.insert(id, user.name);
        }
    }
    Ok(names)
}

#[cfg(test)]
pub fn shown() -> Vec<&'static str> {
    use crate::web::templates::shows;
    vec![
        shows::<PluginsPage>(),
        shows::<config::ConfigPage>(),
        shows::<config::EarlierPage>(),
        shows::<overview::PluginPage>(),
        shows::<runs::RunsPage>(),
        shows::<upload::UploadPage>(),
        shows::<versions::RemovePage>(),
    ]
}

impl Template for PluginsPage {
    const NAME: &'static str = "pages/plugins.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let row = |full: bool| {
            let [sign, picture] = Emblem::samples();
            RowView {
                id: "com.example.p".into(),
                title: "<script>".into(),
                icon: if full { sign } else { picture },
                description: "<b>".into(),
                state: StateView::sample(),
                news: full.then(StateView::sample),
                version: full.then(|| "1.0.0".into()),
                canary: full.then(|| CanaryView { version: "1.1.0".into(), percent: 25 }),
                built_in: !full,
                points: if full { vec!["<i>".into(), "Norte".into()] } else { Vec::new() },
                errors: if full { "3".into() } else { "0".into() },
            }
        };
        vec![Self { rows: vec![row(true), row(false)], uploads: true }, Self { rows: Vec::new(), uploads: true }, Self { rows: Vec::new(), uploads: false }]
    }
}
