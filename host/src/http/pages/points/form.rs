//! One service point: its name, its hours, how its bot behaves; and making one.

use axum::extract::{Path, State};
use relevo_model::*;
use relevo_store::ServicePoint;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{find, head::Head, spans, zones};
use crate::{
    app::App,
    console::{
        plugins::{self, Plugin},
        points,
    },
    hours::Hours,
    http::pages::plugins::head::title,
    identity::Member,
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{self, Choice, Fields, Form, Wrong},
        templates::Template,
        visitor::LANGUAGES,
    },
};

/// Where a new one is, unless somebody says otherwise.
const HERE: &str = "America/Argentina/Buenos_Aires";
/// How long to wait for more, in milliseconds.
const BURSTS: [i64; 8] = [0, 1_000, 2_000, 3_000, 5_000, 8_000, 15_000, 30_000];

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewPoint {
    name: String,
    time_zone: String,
    /// The plugin that answers there; nobody's name for none.
    #[serde(default)]
    plugin: String,
}

#[derive(Serialize)]
pub struct NewPointPage {
    form: Fields,
    zones: Vec<Choice>,
    plugins: Vec<Choice>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    name: String,
    time_zone: String,
    /// always or hours.
    #[serde(default)]
    open: String,
    mon: String,
    tue: String,
    wed: String,
    thu: String,
    fri: String,
    sat: String,
    sun: String,
    /// Nobody's name for the business's.
    #[serde(default)]
    locale: String,
    #[serde(default, deserialize_with = "forms::on")]
    bot_enabled: bool,
    #[serde(default)]
    burst_ms: String,
    #[serde(default)]
    uncertain_policy: String,
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Serialize)]
pub struct PointPage {
    point: Head,
    /// Nobody ever wrote there.
    removable: bool,
    form: Fields,
    zones: Vec<Choice>,
    opens: Vec<Choice>,
    days: [&'static str; 7],
    locales: Vec<Choice>,
    bursts: Vec<Choice>,
    policies: Vec<Choice>,
}

pub async fn show_new(page: Page, member: Member, State(app): State<App>) -> web::Result {
    let plugin = app.plugins.ids().iter().find(|id| **id == "storefront").map(|id| (*id).to_owned());
    let form = Fields::of(&NewPoint { time_zone: HERE.into(), plugin: plugin.unwrap_or_default(), ..NewPoint::default() });
    page.show(&new_page(&page, &app, &member, form).await?)
}

/// Makes a service point, with what answers there: it can be tried at once.
pub async fn create(page: Page, member: Member, State(app): State<App>, Form(form): Form<NewPoint>) -> web::Result {
    let made = points::create(&app, &member, points::Draft::new(&form.name, &zones::meant(&form.time_zone))).await;
    let point = match made {
        Ok(point) => point,
        Err(error) => {
            let shown = page.refused(&form, error)?;
            return page.again(&new_page(&page, &app, &member, shown).await?);
        }
    };
    if offered(&app, &member).await?.iter().any(|plugin| plugin.id == form.plugin) {
        points::set_flow(&app, &member, &point.id, &[points::Link { id: form.plugin, config: json!({}) }], None).await?;
    }
    Ok(page.done(&format!("/points/{}", point.id), Words::from("point-created").with("point", point.name)))
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let point = find(&app, &member, Permission::ManagePoints, &id).await?;
    let shown = view(&page, &app, &member, &point, Fields::of(&entered(&point))).await?;
    page.show(&shown)
}

pub async fn save(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Entered>) -> web::Result {
    let before = find(&app, &member, Permission::ManagePoints, &id).await?;
    let saved = match draft(&form) {
        Ok(draft) => points::save(&app, &member, &before.id, draft, Some(form.version)).await,
        Err(wrong) => {
            let form = Fields::of(&form).refused(page.visitor.lang, wrong);
            return page.again(&view(&page, &app, &member, &before, form).await?);
        }
    };
    match saved {
        Ok(point) => Ok(page.done(&format!("/points/{id}"), Words::from("point-saved").with("point", point.name))),
        Err(error) => {
            let form = page.overtaken(&form, &entered(&before), error)?;
            page.again(&view(&page, &app, &member, &before, form).await?)
        }
    }
}

impl Entered {
    /// What is written at each day.
    const fn days(&self) -> [(&'static str, &String); 7] {
        let [mon, tue, wed, thu, fri, sat, sun] = spans::DAYS;
        [(mon, &self.mon), (tue, &self.tue), (wed, &self.wed), (thu, &self.thu), (fri, &self.fri), (sat, &self.sat), (sun, &self.sun)]
    }
}

fn entered(point: &ServicePoint) -> Entered {
    let hours: Hours = serde_json::from_value(point.opening_hours.0.clone()).unwrap_or_default();
    let [mon, tue, wed, thu, fri, sat, sun] = spans::DAYS.map(|day| hours.get(day).map(|spans| spans::show(spans)).unwrap_or_default());
    Entered {
        name: point.name.clone(),
        time_zone: point.time_zone.clone(),
        open: if hours.is_empty() { "always" } else { "hours" }.into(),
        mon,
        tue,
        wed,
        thu,
        fri,
        sat,
        sun,
        locale: point.locale.clone().unwrap_or_default(),
        bot_enabled: point.bot_enabled,
        burst_ms: point.burst_ms.to_string(),
        uncertain_policy: point.uncertain_policy.to_string(),
        version: point.version,
    }
}

/// What was entered, as far as it makes sense; the rest of what is wrong with it, the domain says.
fn draft(form: &Entered) -> Result<points::Draft, Wrong> {
    let uncertain_policy = form.uncertain_policy.parse().map_err(|_| Wrong::at("uncertain_policy", "problem-one-of-these"))?;
    Ok(points::Draft {
        name: form.name.clone(),
        time_zone: zones::meant(&form.time_zone),
        opening_hours: hours(form)?,
        locale: Some(form.locale.clone()).filter(|locale| !locale.is_empty()),
        bot_enabled: form.bot_enabled,
        burst_ms: form.burst_ms.parse().map_err(|_| Wrong::at("burst_ms", "problem-one-of-these"))?,
        uncertain_policy,
    })
}

fn hours(form: &Entered) -> Result<Hours, Wrong> {
    match &*form.open {
        "always" => return Ok(Hours::new()),
        "hours" => {}
        _ => return Err(Wrong::at("open", "problem-one-of-these")),
    }
    let (mut hours, mut wrong) = (Hours::new(), Wrong::default());
    for (day, text) in form.days() {
        match spans::parse(text) {
            Some(spans) if spans.is_empty() => {}
            Some(spans) => drop(hours.insert(day.to_owned(), spans)),
            None => wrong.fields.push((day.to_owned(), "field-spans".into())),
        }
    }
    match (wrong.fields.is_empty(), hours.is_empty()) {
        (false, _) => Err(wrong),
        // Without any hours it would always be open, which is not what was said.
        (true, true) => Err(Wrong::at(spans::DAYS[0], "field-spans-none")),
        (true, false) => Ok(hours),
    }
}

async fn new_page(page: &Page, app: &App, member: &Member, form: Fields) -> web::Result<NewPointPage> {
    let known = offered(app, member).await?;
    let none = Choice::new("", page.say("point-plugin-none"));
    let plugins = known.iter().map(|plugin| Choice::new(&plugin.id, title(page, plugin))).chain([none]).collect();
    Ok(NewPointPage { form, zones: zones::choices(app.clock.now()), plugins })
}

/// What can answer at a new service point: for who may say so.
async fn offered(app: &App, member: &Member) -> web::Result<Vec<Plugin>> {
    if !member.may(Permission::ConfigureFlows, None) {
        return Ok(Vec::new());
    }
    let all = plugins::list(app, member).await?;
    Ok(all.into_iter().filter(|plugin| plugin.active.is_some()).collect())
}

async fn view(page: &Page, app: &App, member: &Member, point: &ServicePoint, form: Fields) -> web::Result<PointPage> {
    let option =
        |name: &str, value: &str| Choice { hint: Some(page.say(&format!("{name}-{value}-hint"))), ..Choice::new(value, page.say(&format!("{name}-{value}"))) };
    let burst = |ms: i64| Choice::new(ms, Words::from("burst-seconds").with("count", ms / 1_000).to_text(page.visitor.lang));
    let own = (!BURSTS.contains(&point.burst_ms)).then_some(point.burst_ms);
    Ok(PointPage {
        point: Head::of(app, member, point, "point-tab-data").await?,
        removable: !points::is_in_use(app, member, &point.id).await?,
        form,
        zones: zones::choices(app.clock.now()),
        opens: ["always", "hours"].map(|open| option("open", open)).into(),
        days: spans::DAYS,
        locales: [Choice::new("", page.say("locale-of-business"))]
            .into_iter()
            .chain(LANGUAGES.map(|lang| Choice::new(lang, page.say(&format!("locale-{lang}")))))
            .collect(),
        bursts: BURSTS.into_iter().chain(own).map(burst).collect(),
        policies: [UncertainPolicy::Ask, UncertainPolicy::Resend].map(|policy| option("uncertain", policy.as_str())).into(),
    })
}

impl Template for NewPointPage {
    const NAME: &'static str = "pages/point_new.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let form = Fields::of(&NewPoint { name: "<script>".into(), time_zone: HERE.into(), plugin: "echo".into() });
        let choices = || vec![Choice::new(HERE, "<b>"), Choice::new("echo", "Eco")];
        let wrong = ["name", "time_zone", "plugin"].map(|field| (field.to_owned(), "problem-one-of-these".into()));
        let page = |form| Self { form, zones: choices(), plugins: choices() };
        vec![page(form.clone()), page(form.refused("es", Wrong { fields: wrong.into(), whole: None }))]
    }
}

impl Template for PointPage {
    const NAME: &'static str = "pages/point.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let form = Fields::of(&Entered { name: "<script>".into(), open: "hours".into(), mon: "<b>".into(), locale: "es".into(), ..Entered::default() });
        let choices = || vec![Choice { hint: Some("<i>".into()), ..Choice::new("hours", "Con horario") }, Choice::new("es", "es")];
        let wrong = ["name", "time_zone", "open", "mon", "tue", "locale", "burst_ms", "uncertain_policy"].map(|field| (field.to_owned(), "field-spans".into()));
        let page = |form, removable| Self {
            point: Head::sample(),
            removable,
            form,
            zones: choices(),
            opens: choices(),
            days: spans::DAYS,
            locales: choices(),
            bursts: choices(),
            policies: choices(),
        };
        vec![page(form.clone(), true), page(form.refused("es", Wrong { fields: wrong.into(), whole: Some("problem-stale".into()) }), false)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(open: &str, [mon, tue, sun]: [&str; 3]) -> Entered {
        let (mon, tue, sun) = (mon.into(), tue.into(), sun.into());
        Entered { open: open.into(), mon, tue, sun, burst_ms: "0".into(), uncertain_policy: "ask".into(), ..Entered::default() }
    }

    #[test]
    fn each_day_says_what_is_wrong_with_it() {
        let wrong = draft(&form("hours", ["9 a 13", "13 a 9", "cerrado"])).unwrap_err();

        assert_eq!(wrong.fields.iter().map(|(field, _)| &**field).collect::<Vec<_>>(), ["tue", "sun"]);
    }

    #[test]
    fn always_open_is_said_and_never_understood() {
        assert_eq!(draft(&form("hours", [""; 3])).unwrap_err().fields[0].0, "mon");
        assert!(draft(&form("", [""; 3])).is_err());
        let always = draft(&form("always", ["x", "", ""])).unwrap();
        assert!(always.opening_hours.is_empty(), "what is written at the days does not count then");
    }

    #[test]
    fn a_day_that_is_left_empty_is_closed() {
        let hours = draft(&form("hours", ["9-13, 16-20", "", ""])).unwrap().opening_hours;
        assert_eq!(hours.keys().collect::<Vec<_>>(), ["mon"]);
    }
}
