//! How a plugin is set for the whole installation, asked for as its schema describes it; and how it was set before.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use axum::extract::{Path, Query, State};
use relevo_model::*;
use relevo_sandbox::{Manifest, schema};
use relevo_store::ProductFilter;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::head::Head;
use crate::{
    app::App,
    console::{
        Error,
        plugins::{self, ConfigProblem, Detail, Earlier, Settings},
        points, products,
    },
    http::pages::points::flow,
    identity::{Member, Refusal},
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{Choice, Fields, Form, Wrong},
        schema_form::{Asked, Entered, FOR, MORE, SchemaForm, VERSION},
        templates::Template,
        when::{Moment, moment},
    },
};

/// Versions of a configuration on a page.
const SHOWN: i64 = 10;
/// Products that a setting can choose from.
const PRODUCTS: i64 = 500;

#[derive(Deserialize)]
pub struct From {
    before: Option<i64>,
    /// To be set before it answers; none is the one that does.
    version: Option<String>,
}

#[derive(Serialize)]
pub struct ConfigPage {
    plugin: Head,
    form: Fields,
    asked: Vec<Asked>,
    seen: i64,
    /// That it is set for, where that is not the one that answers.
    version: String,
    history: Vec<EarlierView>,
    before: String,
    after: String,
    /// Where it is set otherwise.
    overrides: Vec<OverrideView>,
}

/// A version of a configuration in a list.
#[derive(Serialize)]
pub struct EarlierView {
    version: i64,
    address: String,
    at: Moment,
    by: Option<String>,
    current: bool,
}

#[derive(Serialize)]
struct OverrideView {
    address: String,
    point: String,
    settings: Vec<String>,
}

/// A configuration as it was.
#[derive(Serialize)]
pub struct EarlierPage {
    plugin: Head,
    version: i64,
    /// The service point that it was for.
    point: Option<String>,
    at: Moment,
    by: Option<String>,
    settings: Vec<SettingView>,
    back: String,
}

#[derive(Serialize)]
struct SettingView {
    title: String,
    value: String,
    /// What the version before had, where that was otherwise.
    before: String,
    changed: bool,
}

/// What a form of a plugin's schema stands on.
pub struct Ground {
    pub detail: Detail,
    manifest: Arc<Manifest>,
    /// What of what is set does not fit.
    problems: Vec<ConfigProblem>,
    /// The version, where it is not the one that answers.
    version: Option<String>,
    products: Vec<Choice>,
    kept: BTreeSet<String>,
}

impl Ground {
    pub async fn of(app: &App, member: &Member, id: &str) -> web::Result<Self> {
        Self::of_version(app, member, id, None).await
    }

    async fn of_version(app: &App, member: &Member, id: &str, version: Option<&str>) -> web::Result<Self> {
        let detail = plugins::find(app, member, id).await?;
        let version = version.filter(|version| !version.is_empty() && detail.plugin.active.as_deref() != Some(*version)).map(str::to_owned);
        let (manifest, problems) = match &version {
            Some(version) => {
                let found = detail.versions.iter().find(|one| one.version == *version).ok_or(Refusal::NotFound)?;
                (Arc::clone(&found.manifest), plugins::problems_with(&detail, &found.manifest))
            }
            None => (Arc::clone(&detail.plugin.manifest), detail.problems.clone()),
        };
        let kept = detail.secrets.iter().filter(|secret| secret.set).map(|secret| secret.name.clone()).collect();
        // Only who asks for products is asked about them.
        let products = if manifest.config.to_string().contains("\"product\"") { choices(app, member).await? } else { Vec::new() };
        Ok(Self { detail, manifest, problems, version, products, kept })
    }

    /// The form of the whole installation, or of a service point that stands on it.
    pub fn form<'a>(&'a self, page: &Page, under: Option<&'a Value>) -> SchemaForm<'a> {
        let schema = &self.manifest.config;
        SchemaForm { schema, lang: page.visitor.lang, products: &self.products, kept: &self.kept, under }
    }
}

async fn choices(app: &App, member: &Member) -> web::Result<Vec<Choice>> {
    let filter = ProductFilter { active: Some(true), ..ProductFilter::default() };
    let all = products::list(app, member, &filter, None, PRODUCTS).await?;
    Ok(all.into_iter().map(|product| Choice::new(product.id, product.title)).collect())
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Query(from): Query<From>) -> web::Result {
    let ground = Ground::of_version(&app, &member, &id, from.version.as_deref()).await?;
    let form = ground.form(&page, None);
    let (asked, mut fields) = form.shows(&ground.detail.config);
    if !ground.problems.is_empty() {
        fields = fields.refused(page.visitor.lang, form.refused(&ground.problems));
    }
    let shown = view(&page, &app, &member, &ground, (asked, fields), from.before).await?;
    page.show(&shown)
}

pub async fn save(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<BTreeMap<String, Value>>) -> web::Result {
    let entered = Entered::sent(form);
    let ground = Ground::of_version(&app, &member, &id, Some(entered.text(FOR))).await?;
    let asking = ground.form(&page, None);
    let (asked, fields) = asking.shows_again(&entered);
    if !entered.text(MORE).is_empty() {
        return page.show(&view(&page, &app, &member, &ground, (asked, fields), None).await?);
    }
    let seen = entered.text(VERSION).parse().unwrap_or(ground.detail.plugin.version);
    let mut stale = false;
    let wrong = match asking.taken(&entered, &ground.detail.config) {
        Ok(taken) => {
            let settings = Settings { config: taken.config, secrets: taken.secrets, version: ground.version.clone() };
            match plugins::configure(&app, &member, &id, settings, Some(seen)).await {
                Ok(_) => {
                    let saved = Words::from("config-saved").with("plugin", super::head::title(&page, &ground.detail.plugin));
                    // Set for one that does not answer yet, it is to be activated next.
                    let next = if ground.version.is_some() { super::overview::address(&id) } else { address(&id) };
                    return Ok(page.done(&next, saved));
                }
                Err(Error::Settings(problems)) => asking.refused_at(&taken.places, &problems),
                Err(error) => {
                    stale = matches!(error, Error::Stale);
                    Wrong::try_from(error)?
                }
            }
        }
        Err(wrong) => wrong,
    };
    let fields = fields.refused(page.visitor.lang, wrong);
    let fields = if stale { page.beside(fields, &asking.shows(&ground.detail.config).1) } else { fields };
    page.again(&view(&page, &app, &member, &ground, (asked, fields), None).await?)
}

/// A configuration as it was, and what it changed.
pub async fn earlier(page: Page, member: Member, State(app): State<App>, Path((id, number)): Path<(String, String)>) -> web::Result {
    let shown = earlier_page(&page, &app, &member, &id, &number, None).await?;
    page.show(&shown)
}

/// The same of the whole installation or of a service point, by its id and name.
pub async fn earlier_page(page: &Page, app: &App, member: &Member, id: &str, number: &str, point: Option<(&ServicePointId, &str)>) -> web::Result<EarlierPage> {
    let number: i64 = number.parse().map_err(|_| Refusal::NotFound)?;
    let ground = Ground::of(app, member, id).await?;
    let found = plugins::configs(app, member, id, point.map(|(point, _)| point), number.checked_add(1), 2).await?;
    let [this, rest @ ..] = &*found else { return Err(Refusal::NotFound.into()) };
    if this.version != number {
        return Err(Refusal::NotFound.into());
    }
    let names = super::people(app, BTreeSet::from([this.changed_by.clone()])).await?;
    let nothing = Value::Object(serde_json::Map::new());
    let before = rest.first().map_or(&nothing, |before| &before.config.0);
    Ok(EarlierPage {
        version: number,
        point: point.map(|(_, name)| name.to_owned()),
        at: moment(page.visitor.lang, app.clock.now(), this.created_at),
        by: names.into_values().next(),
        settings: settings(&ground.form(page, None), &this.config.0, before),
        back: point.map_or_else(|| address(id), |(point, _)| format!("/points/{point}/flow/{id}")),
        plugin: Head::new(page, member, &ground.detail.plugin, "plugin-tab-config"),
    })
}

/// Everything that was set in either; what the schema does not know any more goes by its key.
fn settings(form: &SchemaForm<'_>, now: &Value, before: &Value) -> Vec<SettingView> {
    let keys: BTreeSet<&String> = [now, before].into_iter().filter_map(Value::as_object).flat_map(|config| config.keys()).collect();
    let view = |key: &String| {
        let schema = &form.schema["properties"][key];
        let title = schema::title(schema, form.lang).unwrap_or_else(|| key.clone());
        let text = |config: &Value| config.get(key).map(|value| form.named(schema, value)).unwrap_or_default();
        let (value, before) = (text(now), text(before));
        let changed = value != before;
        SettingView { title, value, before: if changed { before } else { String::new() }, changed }
    };
    keys.into_iter().map(view).collect()
}

fn address(id: &str) -> String {
    format!("/plugins/{id}/config")
}

async fn view(page: &Page, app: &App, member: &Member, ground: &Ground, (asked, form): (Vec<Asked>, Fields), before: Option<i64>) -> web::Result<ConfigPage> {
    let plugin = &ground.detail.plugin;
    let address = address(&plugin.id);
    let (history, more) = history(page, app, member, &plugin.id, None, before).await?;
    Ok(ConfigPage {
        plugin: Head::new(page, member, plugin, "plugin-tab-config"),
        seen: plugin.version,
        version: ground.version.clone().unwrap_or_default(),
        before: before.map(|_| address.clone()).unwrap_or_default(),
        after: history.last().filter(|_| more).map(|last| format!("{address}?before={}", last.version)).unwrap_or_default(),
        overrides: overrides(page, app, member, ground).await?,
        history,
        form,
        asked,
    })
}

/// The versions of a configuration, newest first, and whether there are more.
pub async fn history(
    page: &Page,
    app: &App,
    member: &Member,
    id: &str,
    point: Option<&ServicePointId>,
    before: Option<i64>,
) -> web::Result<(Vec<EarlierView>, bool)> {
    let mut rows = plugins::configs(app, member, id, point, before, SHOWN + 1).await?;
    let more = rows.len() > SHOWN as usize;
    rows.truncate(SHOWN as usize);
    let names = super::people(app, rows.iter().map(|row| row.changed_by.clone()).collect()).await?;
    let root = point.map_or_else(|| address(id), |point| format!("/points/{point}/flow/{id}/versions"));
    let newest = rows.first().filter(|_| before.is_none()).map(|row| row.version);
    let view = |row: Earlier| EarlierView {
        version: row.version,
        address: format!("{root}/{}", row.version),
        at: moment(page.visitor.lang, app.clock.now(), row.created_at),
        by: names.get(&row.changed_by).cloned(),
        current: newest == Some(row.version),
    };
    Ok((rows.into_iter().map(view).collect(), more))
}

async fn overrides(page: &Page, app: &App, member: &Member, ground: &Ground) -> web::Result<Vec<OverrideView>> {
    let plugin = &ground.detail.plugin;
    let names: HashMap<ServicePointId, String> = super::point_names(app, member).await?;
    let mut views = Vec::new();
    for point in &plugin.points {
        let Some(name) = names.get(point).filter(|_| member.may(Permission::ConfigureFlows, Some(*point))) else { continue };
        let Some(install) = points::flow(app, member, point).await?.into_iter().find(|install| install.plugin_id == plugin.id) else { continue };
        let settings = flow::titles(&plugin.manifest, page.visitor.lang, &install.config.0);
        if !settings.is_empty() {
            views.push(OverrideView { address: format!("/points/{point}/flow/{}", plugin.id), point: name.clone(), settings });
        }
    }
    views.sort_by(|one, other| one.point.cmp(&other.point));
    Ok(views)
}

#[cfg(test)]
impl EarlierView {
    pub fn samples() -> Vec<Self> {
        let at = || Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        [true, false].map(|current| Self { version: 3, address: "/x".into(), at: at(), by: current.then(|| "<b>".into()), current }).into()
    }
}

impl Template for ConfigPage {
    const NAME: &'static str = "pages/plugin_config.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |(asked, form), full: bool| Self {
            plugin: Head::sample(),
            form,
            asked,
            seen: 3,
            version: if full { "<script>".into() } else { String::new() },
            history: if full { EarlierView::samples() } else { Vec::new() },
            before: if full { "/plugins/p/config".into() } else { String::new() },
            after: if full { "/plugins/p/config?before=2".into() } else { String::new() },
            overrides: if full { vec![OverrideView { address: "/x".into(), point: "<b>".into(), settings: vec!["<i>".into()] }] } else { Vec::new() },
        };
        let [shown, refused] = crate::web::schema_form::samples(None);
        vec![page(shown, true), page(refused, false), page((Vec::new(), Fields::default()), false)]
    }
}

impl Template for EarlierPage {
    const NAME: &'static str = "pages/plugin_config_version.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let setting = |before: &str| SettingView { title: "<b>".into(), value: "<script>".into(), before: before.into(), changed: !before.is_empty() };
        let page = |settings, full: bool| Self {
            plugin: Head::sample(),
            version: 3,
            point: full.then(|| "<b>".into()),
            at: Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() },
            by: full.then(|| "<b>".into()),
            settings,
            back: "/x".into(),
        };
        vec![page(vec![setting("<i>"), setting("")], true), page(Vec::new(), false)]
    }
}
