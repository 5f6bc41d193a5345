//! What a service point has otherwise of a plugin's settings than the installation, asked for as the plugin's schema describes them.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use relevo_store::ServicePoint;
use serde::Serialize;
use serde_json::Value;

use super::{find, flow, head::Head};
use crate::{
    app::App,
    console::{Error, plugins},
    http::pages::plugins::{
        config::{EarlierView, Ground, earlier_page, history},
        head::title,
    },
    identity::{Member, Refusal},
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{Fields, Form, Wrong},
        schema_form::{Asked, Entered, MORE, VERSION},
        templates::Template,
    },
};

#[derive(Serialize)]
pub struct ConfigPage {
    point: Head,
    plugin: String,
    title: String,
    form: Fields,
    version: i64,
    asked: Vec<Asked>,
    history: Vec<EarlierView>,
    /// Where the whole installation is set, for whoever may.
    installation: Option<String>,
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path((id, plugin)): Path<(String, String)>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    let chain = flow::chain(&app, &member, &point).await?;
    let own = &flow::link(&chain, &plugin)?.config;
    let ground = ground(&app, &member, &plugin).await?;
    let form = ground.form(&page, Some(&ground.detail.config)).shows(own);
    let shown = view(&page, &app, &member, &point, &ground, form).await?;
    page.show(&shown)
}

pub async fn save(
    page: Page,
    member: Member,
    State(app): State<App>,
    Path((id, plugin)): Path<(String, String)>,
    Form(form): Form<BTreeMap<String, Value>>,
) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    let chain = flow::chain(&app, &member, &point).await?;
    let before = &flow::link(&chain, &plugin)?.config;
    let ground = ground(&app, &member, &plugin).await?;
    let (entered, asking) = (Entered::sent(form), ground.form(&page, Some(&ground.detail.config)));
    let (asked, fields) = asking.shows_again(&entered);
    if !entered.text(MORE).is_empty() {
        return page.show(&view(&page, &app, &member, &point, &ground, (asked, fields)).await?);
    }
    let seen = entered.text(VERSION).parse().unwrap_or(point.version);
    let mut stale = false;
    let wrong = match asking.taken(&entered, before) {
        Ok(taken) => match plugins::configure_at(&app, &member, &point.id, &plugin, taken.config, Some(seen)).await {
            Ok(_) => {
                let saved = Words::from("config-saved").with("plugin", title(&page, &ground.detail.plugin));
                return Ok(page.done(&flow::address(&point), saved));
            }
            Err(Error::Settings(problems)) => asking.refused_at(&taken.places, &problems),
            Err(error) => {
                stale = matches!(error, Error::Stale);
                Wrong::try_from(error)?
            }
        },
        Err(wrong) => wrong,
    };
    let fields = fields.refused(page.visitor.lang, wrong);
    let fields = if stale { page.beside(fields, &asking.shows(before).1) } else { fields };
    page.again(&view(&page, &app, &member, &point, &ground, (asked, fields)).await?)
}

/// What the service point had otherwise, as it was.
pub async fn earlier(page: Page, member: Member, State(app): State<App>, Path((id, plugin, number)): Path<(String, String, String)>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    flow::link(&flow::chain(&app, &member, &point).await?, &plugin)?;
    let shown = earlier_page(&page, &app, &member, &plugin, &number, Some((&point.id, &point.name))).await?;
    page.show(&shown)
}

/// A plugin that has nothing to be set has no form.
async fn ground(app: &App, member: &Member, plugin: &str) -> web::Result<Ground> {
    let ground = Ground::of(app, member, plugin).await?;
    let nothing = relevo_sandbox::schema::fields(&ground.detail.plugin.manifest.config).is_empty();
    if nothing { Err(Refusal::NotFound.into()) } else { Ok(ground) }
}

async fn view(page: &Page, app: &App, member: &Member, point: &ServicePoint, ground: &Ground, (asked, form): (Vec<Asked>, Fields)) -> web::Result<ConfigPage> {
    let plugin = &ground.detail.plugin;
    Ok(ConfigPage {
        point: Head::of(app, member, point, "point-tab-flow").await?,
        title: title(page, plugin),
        form,
        version: point.version,
        asked,
        history: history(page, app, member, &plugin.id, Some(&point.id), None).await?.0,
        installation: member.may(Permission::UploadPlugins, None).then(|| format!("/plugins/{}/config", plugin.id)),
        plugin: plugin.id.clone(),
    })
}

impl Template for ConfigPage {
    const NAME: &'static str = "pages/point_config.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |(asked, form), full: bool| Self {
            point: Head::sample(),
            plugin: "echo".into(),
            title: "<b>".into(),
            form,
            version: 3,
            asked,
            history: if full { EarlierView::samples() } else { Vec::new() },
            installation: full.then(|| "/plugins/echo/config".into()),
        };
        let [shown, refused] = crate::web::schema_form::samples(Some(&serde_json::json!({ "greeting": "<script>" })));
        vec![page(shown, true), page(refused, false)]
    }
}
