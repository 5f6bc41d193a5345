//! Service points: their list, and each with its hours, its numbers and the flows that answer there.

mod channel;
mod config;
pub mod flow;
mod form;
mod head;
mod spans;
mod whatsapp;
mod zones;

use axum::extract::{Path, Query, State};
use relevo_model::*;
use relevo_store::ServicePoint;
use serde::{Deserialize, Serialize};

use super::dashboard::{WhatsappView, whatsapp};
use crate::{
    app::App,
    console::{Error, Use, points},
    conversation::layout::Layout,
    http::{
        routes::{Access, Routes},
        simulator,
    },
    identity::{Member, Refusal},
    policy::Permission,
    web::{self, Page, Words, forms, forms::Form, templates::Template},
};

/// Service points on a page.
const SHOWN: i64 = 50;

pub fn routes() -> Routes {
    const POINTS: Access = Access::Permission(Permission::ManagePoints);
    const CHANNELS: Access = Access::Permission(Permission::ManageChannels);
    const FLOWS: Access = Access::Permission(Permission::ConfigureFlows);
    // Nobody who is limited to some service points would reach a new one.
    const BUSINESS: Access = Access::Permission(Permission::ChangeBusiness);
    Routes::new()
        .get("/points", Access::Permission(Permission::SeeBusiness), list)
        .get("/points/new", BUSINESS, form::show_new)
        .post("/points/new", BUSINESS, form::create)
        .get("/points/{point}", POINTS, form::show)
        .post("/points/{point}", POINTS, form::save)
        .post("/points/{point}/bot", Access::Permission(Permission::SwitchBot), switch_bot)
        .get("/points/{point}/remove", POINTS, ask_remove)
        .post("/points/{point}/remove", POINTS, remove)
        .get("/points/{point}/whatsapp", CHANNELS, whatsapp::show)
        .get("/points/{point}/whatsapp/connect", CHANNELS, channel::show_new)
        .post("/points/{point}/whatsapp/connect", CHANNELS, channel::connect)
        .get("/points/{point}/whatsapp/{channel}", CHANNELS, channel::show_renewal)
        .post("/points/{point}/whatsapp/{channel}", CHANNELS, channel::renew)
        .get("/points/{point}/whatsapp/{channel}/remove", CHANNELS, channel::ask_remove)
        .post("/points/{point}/whatsapp/{channel}/remove", CHANNELS, channel::remove)
        .get("/points/{point}/flow", FLOWS, flow::show)
        .post("/points/{point}/flow", FLOWS, flow::add)
        .post("/points/{point}/order", FLOWS, flow::order)
        .get("/points/{point}/flow/{plugin}", FLOWS, config::show)
        .post("/points/{point}/flow/{plugin}", FLOWS, config::save)
        .get("/points/{point}/flow/{plugin}/versions/{number}", FLOWS, config::earlier)
        .post("/points/{point}/flow/{plugin}/move", FLOWS, flow::shift)
        .get("/points/{point}/flow/{plugin}/remove", FLOWS, flow::ask_remove)
        .post("/points/{point}/flow/{plugin}/remove", FLOWS, flow::remove)
}

#[derive(Deserialize)]
pub struct From {
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    #[serde(default, deserialize_with = "forms::on")]
    on: bool,
}

#[derive(Serialize)]
pub struct PointsPage {
    rows: Vec<RowView>,
    /// The bot of the whole business.
    bot: bool,
    addable: bool,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    name: String,
    /// Where one changes it, as far as one may.
    address: Option<String>,
    whatsapp: WhatsappView,
    number: Option<String>,
    bot: bool,
    switchable: bool,
    /// The plugins that answer there, by their titles.
    chain: Vec<String>,
    simulator: Option<String>,
}

#[derive(Serialize)]
pub struct RemovePage {
    id: String,
    name: String,
}

pub async fn list(page: Page, member: Member, State(app): State<App>, Query(from): Query<From>) -> web::Result {
    let after: Option<ServicePointId> = from.after.map(|id| id.parse().map_err(|_| Refusal::NotFound)).transpose()?;
    let mut rows = points::list(&app, &member, after.as_ref(), SHOWN + 1).await?;
    let more = rows.len() > SHOWN as usize;
    rows.truncate(SHOWN as usize);
    let layout = app.business(&member.tenant).await?.layout();
    page.show(&PointsPage {
        bot: layout.business.bot_enabled,
        addable: member.may(Permission::ChangeBusiness, None),
        before: after.map(|_| "/points".to_owned()).unwrap_or_default(),
        after: rows.last().filter(|_| more).map(|last| format!("/points?after={}", last.id)).unwrap_or_default(),
        rows: rows.iter().map(|point| row(page.visitor.lang, &member, &layout, point)).collect(),
    })
}

/// Switches the bot on or off at one service point.
pub async fn switch_bot(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(switch): Form<Switch>) -> web::Result {
    let point = points::switch_bot(&app, &member, &named(&id)?, switch.on).await?;
    let done = if point.bot_enabled { "point-bot-on" } else { "point-bot-off" };
    Ok(page.done("/points", Words::from(done).with("point", point.name)))
}

/// Asks before a service point is removed.
pub async fn ask_remove(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let point = find(&app, &member, Permission::ManagePoints, &id).await?;
    if points::is_in_use(&app, &member, &point.id).await? {
        return Err(Error::InUse(Use::Conversations).into());
    }
    page.show(&RemovePage { id, name: point.name })
}

pub async fn remove(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let point = find(&app, &member, Permission::ManagePoints, &id).await?;
    points::remove(&app, &member, &point.id, None).await?;
    Ok(page.done("/points", Words::from("point-removed").with("point", point.name)))
}

/// A service point where one may do this; where one may not know of it there is none.
async fn find(app: &App, member: &Member, permission: Permission, id: &str) -> web::Result<ServicePoint> {
    let id = named(id)?;
    member.demand_at(permission, id)?;
    Ok(points::find(app, member, &id).await?)
}

fn named(id: &str) -> Result<ServicePointId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

fn row(lang: &str, member: &Member, layout: &Layout, point: &ServicePoint) -> RowView {
    let chain = layout.points.get(&point.id).map(|known| known.chain.iter().map(|link| link.plugin.manifest().title.in_locale(lang).to_owned()).collect());
    let simulated = member.may(Permission::UseSimulator, Some(point.id)) && layout.simulator_of(&point.id).is_some();
    RowView {
        id: point.id.to_string(),
        name: point.name.clone(),
        address: head::tabs(member, &point.id, "").first().map(|tab| tab.address.clone()),
        whatsapp: whatsapp(layout, &point.id),
        number: point.phone_number.clone(),
        bot: point.bot_enabled,
        switchable: member.may(Permission::SwitchBot, Some(point.id)),
        chain: chain.unwrap_or_default(),
        simulator: simulated.then(|| simulator::address(&point.id)),
    }
}

#[cfg(test)]
pub fn shown() -> Vec<&'static str> {
    use crate::web::templates::shows;
    vec![
        shows::<PointsPage>(),
        shows::<RemovePage>(),
        shows::<channel::ConnectPage>(),
        shows::<channel::RemoveChannelPage>(),
        shows::<channel::RenewalPage>(),
        shows::<config::ConfigPage>(),
        shows::<flow::FlowPage>(),
        shows::<flow::DetachPage>(),
        shows::<form::NewPointPage>(),
        shows::<form::PointPage>(),
        shows::<whatsapp::WhatsappPage>(),
    ]
}

impl Template for PointsPage {
    const NAME: &'static str = "pages/points.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let row = |bot: bool| RowView {
            id: "p".into(),
            name: "<script>".into(),
            address: bot.then(|| "/points/p".into()),
            whatsapp: WhatsappView::sample(),
            number: bot.then(|| "+54 9 11 5555 0001".into()),
            bot,
            switchable: bot,
            chain: if bot { vec!["<b>".into(), "Eco".into()] } else { Vec::new() },
            simulator: bot.then(|| "/simulator/p".into()),
        };
        vec![
            Self { rows: vec![row(true), row(false)], bot: false, addable: true, before: "/points".into(), after: "/points?after=p".into() },
            Self { rows: Vec::new(), bot: true, addable: false, before: String::new(), after: String::new() },
        ]
    }
}

impl Template for RemovePage {
    const NAME: &'static str = "pages/point_remove.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { id: "p".into(), name: "<b>".into() }]
    }
}
