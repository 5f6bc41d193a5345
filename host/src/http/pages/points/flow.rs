//! The chain of a service point: which plugins are asked there, and in which order.

use axum::extract::{Path, State};
use relevo_store::{Install, ServicePoint};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{find, head::Head};
use crate::{
    app::App,
    console::points::{self, Link},
    identity::{Member, Refusal},
    plugins::Component,
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{self, Choice, Fields, Form, Wrong},
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
    /// None of its settings can be changed, or it is not here any more.
    configurable: bool,
    /// What was set otherwise than the plugin has it from itself.
    settings: Vec<(String, String)>,
    /// This installation does not have it: it is passed over.
    missing: bool,
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
    let shown = view(&app, &member, &point).await?;
    page.show(&shown)
}

/// Adds a plugin: it is asked last.
pub async fn add(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Addition>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    let mut chain = chain(&app, &member, &point).await?;
    chain.push(Link { id: form.plugin.clone(), config: json!({}) });
    match points::set_flow(&app, &member, &point.id, &chain, Some(form.version)).await {
        Ok(_) => Ok(page.done(&address(&point), Words::from("flow-added").with("plugin", title(&app, &form.plugin)))),
        Err(error) => {
            let wrong = Wrong::try_from(error)?.named("plugins", "plugin");
            let form = Fields::of(&form).refused(page.visitor.lang, wrong);
            let shown = FlowPage { form, ..view(&app, &member, &point).await? };
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
    let moved = Words::from("flow-moved").with("plugin", title(&app, &plugin)).with("place", to + 1);
    Ok(page.done(&format!("{}#{pressed}-{plugin}", address(&point)), moved))
}

/// Asks before a plugin is taken out of the chain.
pub async fn ask_remove(page: Page, member: Member, State(app): State<App>, Path((id, plugin)): Path<(String, String)>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    link(&chain(&app, &member, &point).await?, &plugin)?;
    page.show(&DetachPage { point: id, name: point.name, title: title(&app, &plugin), plugin })
}

pub async fn remove(page: Page, member: Member, State(app): State<App>, Path((id, plugin)): Path<(String, String)>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    let mut chain = chain(&app, &member, &point).await?;
    link(&chain, &plugin)?;
    chain.retain(|link| link.id != plugin);
    points::set_flow(&app, &member, &point.id, &chain, None).await?;
    Ok(page.done(&address(&point), Words::from("flow-removed").with("plugin", title(&app, &plugin))))
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

/// What a plugin is called; by its id where it is not here any more.
pub fn title(app: &App, plugin: &str) -> String {
    app.plugins.find(plugin).map_or_else(|| plugin.to_owned(), |plugin| plugin.manifest().title.in_locale("es").to_owned())
}

async fn view(app: &App, member: &Member, point: &ServicePoint) -> web::Result<FlowPage> {
    let installs = points::flow(app, member, &point.id).await?;
    let free = app.plugins.ids().into_iter().filter(|id| !installs.iter().any(|install| install.plugin_id == *id));
    Ok(FlowPage {
        point: Head::of(app, member, point, "point-tab-flow").await?,
        version: point.version,
        offered: free.map(|id| Choice::new(id, title(app, id))).collect(),
        form: Fields::default(),
        links: installs.iter().map(|install| link_view(install, app.plugins.find(&install.plugin_id))).collect(),
    })
}

fn link_view(install: &Install, plugin: Option<&Component>) -> LinkView {
    let manifest = plugin.map(Component::manifest);
    let properties = manifest.and_then(|manifest| manifest.config["properties"].as_object());
    let named = |key: &String| properties.and_then(|known| known.get(key)?["title"].as_str()).unwrap_or(key).to_owned();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    LinkView {
        id: install.plugin_id.clone(),
        title: manifest.map_or_else(|| install.plugin_id.clone(), |manifest| manifest.title.in_locale("es").to_owned()),
        description: manifest.map(|manifest| manifest.description.in_locale("es").to_owned()).unwrap_or_default(),
        version: manifest.map_or_else(|| install.version.clone(), |manifest| manifest.version.to_string()),
        configurable: properties.is_some_and(|properties| !properties.is_empty()),
        settings: install.config.0.as_object().into_iter().flatten().map(|(key, value)| (named(key), text(value))).collect(),
        missing: manifest.is_none(),
    }
}

impl Template for FlowPage {
    const NAME: &'static str = "pages/point_flow.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let link = |missing: bool| LinkView {
            id: "storefront".into(),
            title: "<script>".into(),
            description: if missing { String::new() } else { "<b>".into() },
            version: "0.1.0".into(),
            configurable: !missing,
            settings: if missing { Vec::new() } else { vec![("Saludo".into(), "<i>".into())] },
            missing,
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
