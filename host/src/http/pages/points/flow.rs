//! The chain of a service point: which plugins are asked there, and in which order.

use std::collections::HashMap;

use axum::extract::{Path, State};
use relevo_model::PluginState;
use relevo_sandbox::{Manifest, schema};
use relevo_store::{Install, ServicePoint};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{find, head::Head};
use crate::{
    app::App,
    console::{
        Error,
        plugins::{self, Plugin},
        points::{self, Link},
    },
    http::pages::plugins::{head::title as title_of, view::StateView},
    identity::{Member, Refusal},
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{self, Choice, Fields, Form, Wrong},
        schema_form::shown,
        templates::Template,
    },
};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Addition {
    plugin: String,
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// up or down.
    to: String,
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

/// The whole chain in another order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    #[serde(default, deserialize_with = "forms::many")]
    order: Vec<String>,
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Serialize)]
pub struct FlowPage {
    point: Head,
    version: i64,
    links: Vec<LinkView>,
    form: Fields,
    /// What can still be added.
    offered: Vec<Choice>,
}

#[derive(Serialize)]
struct LinkView {
    id: String,
    title: String,
    description: String,
    version: String,
    /// Its own page, for whoever may see it.
    address: Option<String>,
    /// Why nobody asks it: it is off, set aside, not there, or no version of it answers.
    passed: Option<StateView>,
    /// That some conversations are answered by another version.
    canary: Option<String>,
    /// None of its settings can be changed, or it is not here any more.
    configurable: bool,
    /// What was set otherwise than the installation has it.
    settings: Vec<(String, String)>,
}

#[derive(Serialize)]
pub struct DetachPage {
    point: String,
    name: String,
    plugin: String,
    title: String,
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    let shown = view(&page, &app, &member, &point).await?;
    page.show(&shown)
}

/// Adds a plugin: it is asked last.
pub async fn add(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Addition>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    let mut chain = chain(&app, &member, &point).await?;
    chain.push(Link { id: form.plugin.clone(), config: json!({}) });
    match points::set_flow(&app, &member, &point.id, &chain, Some(form.version)).await {
        Ok(_) => Ok(page.done(&address(&point), Words::from("flow-added").with("plugin", title(&page, &app, &member, &form.plugin).await?))),
        Err(error) => {
            let wrong = match error {
                Error::Settings(_) => Wrong::at("plugin", "plugin-config-first"),
                other => Wrong::try_from(other)?.named("plugins", "plugin"),
            };
            let form = Fields::of(&form).refused(page.visitor.lang, wrong);
            let shown = FlowPage { form, ..view(&page, &app, &member, &point).await? };
            page.again(&shown)
        }
    }
}

/// Moves a plugin up or down. The focus goes on with it: to the button that was pressed, or to the other one at an end.
pub async fn shift(page: Page, member: Member, State(app): State<App>, Path((id, plugin)): Path<(String, String)>, Form(form): Form<Shift>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    let mut chain = chain(&app, &member, &point).await?;
    let from = chain.iter().position(|link| link.id == plugin).ok_or(Refusal::NotFound)?;
    let to = match &*form.to {
        "up" => from.saturating_sub(1),
        "down" => (from + 1).min(chain.len() - 1),
        _ => return Err(Refusal::NotFound.into()),
    };
    chain.swap(from, to);
    points::set_flow(&app, &member, &point.id, &chain, Some(form.version)).await?;
    let pressed = match to {
        0 => "down",
        last if last + 1 == chain.len() => "up",
        _ => &*form.to,
    };
    let moved = Words::from("flow-moved").with("plugin", title(&page, &app, &member, &plugin).await?).with("place", to + 1);
    Ok(page.done(&format!("{}#{pressed}-{plugin}", address(&point)), moved))
}

/// Puts the plugins into the order in which they were dragged. Whatever it does not name stays behind those that it does.
pub async fn order(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Order>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    let mut chain = chain(&app, &member, &point).await?;
    chain.sort_by_key(|link| form.order.iter().position(|id| *id == link.id).unwrap_or(usize::MAX));
    points::set_flow(&app, &member, &point.id, &chain, Some(form.version)).await?;
    Ok(page.done(&address(&point), "flow-ordered"))
}

/// Asks before a plugin is taken out of the chain.
pub async fn ask_remove(page: Page, member: Member, State(app): State<App>, Path((id, plugin)): Path<(String, String)>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    link(&chain(&app, &member, &point).await?, &plugin)?;
    page.show(&DetachPage { point: id, name: point.name, title: title(&page, &app, &member, &plugin).await?, plugin })
}

pub async fn remove(page: Page, member: Member, State(app): State<App>, Path((id, plugin)): Path<(String, String)>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    let mut chain = chain(&app, &member, &point).await?;
    link(&chain, &plugin)?;
    chain.retain(|link| link.id != plugin);
    points::set_flow(&app, &member, &point.id, &chain, None).await?;
    Ok(page.done(&address(&point), Words::from("flow-removed").with("plugin", title(&page, &app, &member, &plugin).await?)))
}

/// The chain as it is, to be changed.
pub async fn chain(app: &App, member: &Member, point: &ServicePoint) -> web::Result<Vec<Link>> {
    let installs = points::flow(app, member, &point.id).await?;
    Ok(installs.into_iter().map(|install| Link { id: install.plugin_id, config: install.config.0 }).collect())
}

pub fn link<'a>(chain: &'a [Link], plugin: &str) -> Result<&'a Link, Refusal> {
    chain.iter().find(|link| link.id == plugin).ok_or(Refusal::NotFound)
}

pub fn address(point: &ServicePoint) -> String {
    format!("/points/{}/flow", point.id)
}

/// What is set in a configuration, by the titles of its settings.
pub fn titles(manifest: &Manifest, lang: &str, config: &Value) -> Vec<String> {
    settings(manifest, lang, config).into_iter().map(|(title, _)| title).collect()
}

fn settings(manifest: &Manifest, lang: &str, config: &Value) -> Vec<(String, String)> {
    let title = |key: &String| schema::title(&manifest.config["properties"][key], lang).unwrap_or_else(|| key.clone());
    config.as_object().into_iter().flatten().map(|(key, value)| (title(key), shown(value))).collect()
}

/// What a plugin is called; by its id where it is not here any more.
async fn title(page: &Page, app: &App, member: &Member, id: &str) -> web::Result<String> {
    let known = plugins::list(app, member).await?;
    Ok(known.iter().find(|plugin| plugin.id == id).map_or_else(|| id.to_owned(), |plugin| title_of(page, plugin)))
}

async fn view(page: &Page, app: &App, member: &Member, point: &ServicePoint) -> web::Result<FlowPage> {
    let installs = points::flow(app, member, &point.id).await?;
    let all = plugins::list(app, member).await?;
    let known: HashMap<&str, &Plugin> = all.iter().map(|plugin| (&*plugin.id, plugin)).collect();
    let free = all.iter().filter(|plugin| !installs.iter().any(|install| install.plugin_id == plugin.id));
    Ok(FlowPage {
        point: Head::of(app, member, point, "point-tab-flow").await?,
        version: point.version,
        offered: free.map(|plugin| Choice::new(&plugin.id, title_of(page, plugin))).collect(),
        form: Fields::default(),
        links: installs.iter().map(|install| link_view(page, member, install, known.get(&*install.plugin_id).copied())).collect(),
    })
}

fn link_view(page: &Page, member: &Member, install: &Install, plugin: Option<&Plugin>) -> LinkView {
    let lang = page.visitor.lang;
    let Some(plugin) = plugin else {
        return LinkView {
            id: install.plugin_id.clone(),
            title: install.plugin_id.clone(),
            description: String::new(),
            version: install.version.clone(),
            address: None,
            passed: Some(StateView::new("bad", "alert", page.say("flow-missing"))),
            canary: None,
            configurable: false,
            settings: Vec::new(),
        };
    };
    let share = |canary: &plugins::Canary| Words::from("flow-canary").with("version", canary.version.clone()).with("percent", canary.percent).to_text(lang);
    LinkView {
        id: plugin.id.clone(),
        title: title_of(page, plugin),
        description: plugin.manifest.description.in_locale(lang).to_owned(),
        version: plugin.active.clone().unwrap_or_default(),
        address: member.may(Permission::UploadPlugins, None).then(|| format!("/plugins/{}", plugin.id)),
        passed: passed(page, plugin),
        canary: plugin.canary.as_ref().map(share),
        configurable: schema::fields(&plugin.manifest.config).iter().any(|(_, field)| field["format"] != "secret"),
        settings: settings(&plugin.manifest, lang, &install.config.0),
    }
}

fn passed(page: &Page, plugin: &Plugin) -> Option<StateView> {
    match plugin.state {
        PluginState::SetAside => Some(StateView::new("bad", "alert", page.say("flow-passed-aside"))),
        PluginState::Off => Some(StateView::new("", "dash", page.say("flow-passed-off"))),
        PluginState::On if plugin.active.is_none() => Some(StateView::new("warn", "warning", page.say("flow-passed-none"))),
        PluginState::On => None,
    }
}

impl Template for FlowPage {
    const NAME: &'static str = "pages/point_flow.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let link = |passed: bool| LinkView {
            id: "storefront".into(),
            title: "<script>".into(),
            description: if passed { String::new() } else { "<b>".into() },
            version: "0.1.0".into(),
            address: (!passed).then(|| "/plugins/storefront".into()),
            passed: passed.then(StateView::sample),
            canary: (!passed).then(|| "<i>".into()),
            configurable: !passed,
            settings: if passed { Vec::new() } else { vec![("Saludo".into(), "<i>".into())] },
        };
        let form = Fields::of(&Addition { plugin: "echo".into(), version: 3 });
        let page = |links, form, offered| Self { point: Head::sample(), version: 3, links, form, offered };
        vec![
            page(vec![link(false), link(true), link(false)], form.clone().refused("es", Wrong::whole("problem-stale")), vec![Choice::new("echo", "Eco")]),
            page(vec![link(false)], form.refused("es", Wrong::at("plugin", "field-plugin-twice")), Vec::new()),
            page(Vec::new(), Fields::default(), vec![Choice::new("echo", "Eco")]),
        ]
    }
}

impl Template for DetachPage {
    const NAME: &'static str = "pages/point_flow_remove.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { point: "p".into(), name: "<b>".into(), plugin: "echo".into(), title: "<i>".into() }]
    }
}
