//! One plugin: what it may do, who uses it, which of its versions answers; switched, tried again, attached.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use relevo_model::*;
use relevo_sandbox::OwnCollection;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{consent, consent::ConsentView, head, head::Head, upload, upload::ProgressView, versions, versions::VersionView};
use crate::{
    app::App,
    console::{
        Error,
        plugins::{self, Detail, Plugin},
        points,
    },
    conversation::layout::Layout,
    http::pages::points::flow,
    identity::{Member, Refusal},
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{self, Choice, Form},
        templates::Template,
        when::{Moment, moment},
    },
};

/// Which version's permissions are to be seen.
#[derive(Deserialize)]
pub struct Looked {
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    #[serde(default, deserialize_with = "forms::on")]
    on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    point: String,
}

#[derive(Serialize)]
pub struct PluginPage {
    plugin: Head,
    /// The version of all this that is seen.
    seen: i64,
    on: bool,
    built_in: bool,
    aside: Option<AsideView>,
    taken_back: Option<TakenBackView>,
    progress: Option<ProgressView>,
    consent: Option<ConsentView>,
    points: Vec<PointView>,
    /// Where it could answer too.
    attachable: Vec<Choice>,
    collections: Vec<CollectionView>,
    canary: Option<CanaryView>,
    versions: Vec<VersionView>,
    requires_replay: bool,
}

#[derive(Serialize)]
struct AsideView {
    why: String,
    at: Moment,
}

#[derive(Serialize)]
struct TakenBackView {
    version: String,
    at: Moment,
}

#[derive(Serialize)]
struct PointView {
    address: String,
    name: String,
    chain: Vec<LinkView>,
}

#[derive(Serialize)]
struct LinkView {
    title: String,
    /// It is the plugin of this page.
    here: bool,
}

#[derive(Serialize)]
struct CollectionView {
    address: String,
    title: String,
}

#[derive(Serialize)]
struct CanaryView {
    active: String,
    version: String,
    percent: i64,
    since: Moment,
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Query(looked): Query<Looked>) -> web::Result {
    let detail = plugins::find(&app, &member, &id).await?;
    let shown = view(&page, &app, &member, &detail, looked.version.as_deref()).await?;
    page.show(&shown)
}

/// Switches a plugin on or off everywhere.
pub async fn switch(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Switch>) -> web::Result {
    let plugin = plugins::switch(&app, &member, &id, form.on, None).await?.plugin;
    let done = if form.on { "plugin-switched-on" } else { "plugin-switched-off" };
    Ok(page.done(&address(&id), Words::from(done).with("plugin", head::title(&page, &plugin))))
}

pub async fn try_again(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let plugin = plugins::try_again(&app, &member, &id, None).await?.plugin;
    Ok(page.done(&address(&id), Words::from("plugin-tried-again").with("plugin", head::title(&page, &plugin))))
}

pub async fn require_replay(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Switch>) -> web::Result {
    plugins::require_replay(&app, &member, &id, form.on, None).await?;
    Ok(page.done(&address(&id), if form.on { "plugin-replay-required" } else { "plugin-replay-optional" }))
}

/// Has it answer at one more service point, after those that are asked there already.
pub async fn attach(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Place>) -> web::Result {
    let point: ServicePointId = form.point.parse().map_err(|_| Refusal::NotFound)?;
    let point = points::find(&app, &member, &point).await?;
    let plugin = plugins::find(&app, &member, &id).await?.plugin;
    let mut chain = flow::chain(&app, &member, &point).await?;
    if chain.iter().all(|link| link.id != id) {
        chain.push(points::Link { id: id.clone(), config: json!({}) });
        match points::set_flow(&app, &member, &point.id, &chain, Some(point.version)).await {
            // There it is seen what is missing.
            Err(Error::Settings(_)) => return Ok(page.done(&format!("/plugins/{id}/config"), "plugin-config-first")),
            set => drop(set?),
        }
    }
    let done = Words::from("plugin-attached").with("plugin", head::title(&page, &plugin)).with("point", point.name);
    Ok(page.done(&address(&id), done))
}

pub fn address(id: &str) -> String {
    format!("/plugins/{id}")
}

async fn view(page: &Page, app: &App, member: &Member, detail: &Detail, looked: Option<&str>) -> web::Result<PluginPage> {
    let plugin = &detail.plugin;
    let layout = app.business(&member.tenant).await?.layout();
    let titles = plugins::list(app, member).await?.iter().map(|plugin| (plugin.id.clone(), head::title(page, plugin))).collect();
    let time = |at| moment(page.visitor.lang, app.clock.now(), at);
    let (points, attachable) = points_of(app, member, plugin, &layout, &titles).await?;
    Ok(PluginPage {
        plugin: Head::new(page, member, plugin, "plugin-tab-overview"),
        seen: plugin.version,
        on: plugin.state == PluginState::On,
        built_in: plugin.built_in,
        aside: plugin.set_aside.as_ref().map(|aside| AsideView { why: why(page, &aside.reason), at: time(aside.at) }),
        taken_back: plugin.taken_back.clone().map(|(version, at)| TakenBackView { version, at: time(at) }),
        progress: upload::under_way(page, app, member, detail).await?,
        consent: consent::view(page, app, detail, looked).await?,
        points,
        attachable,
        collections: collections(page, member, plugin),
        canary: plugin.canary.as_ref().map(|canary| CanaryView {
            active: plugin.active.clone().unwrap_or_default(),
            version: canary.version.clone(),
            percent: canary.percent,
            since: time(canary.since),
        }),
        versions: versions::views(page, app, member, detail).await?,
        requires_replay: plugin.requires_replay,
    })
}

/// Its own records, for whoever may see them.
fn collections(page: &Page, member: &Member, plugin: &Plugin) -> Vec<CollectionView> {
    let own = plugin.manifest.collections.iter().filter(|_| member.may(Permission::ManageProducts, None));
    let view = |own: &OwnCollection| CollectionView {
        address: format!("/records/{}/{}", plugin.id, own.name),
        title: own.title.in_locale(page.visitor.lang).to_owned(),
    };
    own.map(view).collect()
}

fn why(page: &Page, reason: &str) -> String {
    match reason {
        "trap" => page.say("plugin-aside-trap"),
        "limit" => page.say("plugin-aside-limit"),
        "timeout" => page.say("plugin-aside-timeout"),
        other => Words::from("plugin-aside-other").with("reason", other).to_text(page.visitor.lang),
    }
}

/// The service points where it answers, each with its chain; and those where it could.
async fn points_of(
    app: &App,
    member: &Member,
    plugin: &Plugin,
    layout: &Layout,
    titles: &HashMap<String, String>,
) -> web::Result<(Vec<PointView>, Vec<Choice>)> {
    let (mut used, mut free) = (Vec::new(), Vec::new());
    for (id, point) in &layout.points {
        if !member.may(Permission::ConfigureFlows, Some(*id)) {
            continue;
        }
        if !plugin.points.contains(id) {
            free.push(Choice::new(id, &*point.row.name));
            continue;
        }
        let chain = points::flow(app, member, id).await?;
        let link = |of: &str| LinkView { title: titles.get(of).cloned().unwrap_or_else(|| of.to_owned()), here: of == plugin.id };
        used.push(PointView {
            address: flow::address(&point.row),
            name: point.row.name.clone(),
            chain: chain.iter().map(|install| link(&install.plugin_id)).collect(),
        });
    }
    used.sort_by(|one, other| one.name.cmp(&other.name));
    free.sort_by(|one, other| one.text.cmp(&other.text));
    Ok((used, free))
}

impl Template for PluginPage {
    const NAME: &'static str = "pages/plugin.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let at = || Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        let link = |here| LinkView { title: "<b>".into(), here };
        let page = |consent, full: bool| Self {
            plugin: Head::sample(),
            seen: 3,
            on: full,
            built_in: !full,
            aside: full.then(|| AsideView { why: "<b>".into(), at: at() }),
            taken_back: full.then(|| TakenBackView { version: "2.2.0".into(), at: at() }),
            progress: full.then(ProgressView::sample),
            consent,
            points: if full {
                vec![PointView { address: "/points/p/flow".into(), name: "<b>".into(), chain: vec![link(false), link(true)] }]
            } else {
                Vec::new()
            },
            attachable: if full { vec![Choice::new("p", "<i>")] } else { Vec::new() },
            collections: if full { vec![CollectionView { address: "/records/p/c".into(), title: "<b>".into() }] } else { Vec::new() },
            canary: full.then(|| CanaryView { active: "2.1.0".into(), version: "2.2.0".into(), percent: 25, since: at() }),
            versions: VersionView::samples(),
            requires_replay: full,
        };
        let [waits, fixed, nothing] = ConsentView::samples();
        vec![page(Some(waits), true), page(Some(fixed), false), page(Some(nothing), true), page(None, false)]
    }
}
