//! Service points, and which plugins answer there.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode, response::Response};
use relevo_model::*;
use relevo_store::{Install, ServicePoint};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Body, IfMatch, IfNoneMatch, Known, Page, Paging, Path, made,
    names::{UncertainName, WhatsappStatusName},
    shown::{Id, Moment},
};
use crate::{
    app::App,
    console::points,
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
};

pub const AREA: Area = Area { name: "service-points", about: "Service points, and which plugins answer there.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(create, list, find, save, remove, flow, set_flow))]
struct Document;

fn routes() -> Routes {
    const SEE: Access = Access::Permission(Permission::SeeBusiness);
    const MANAGE: Access = Access::Permission(Permission::ManagePoints);
    const FLOWS: Access = Access::Permission(Permission::ConfigureFlows);
    Routes::new()
        .create("/api/service-points", Access::Permission(Permission::ChangeBusiness), create)
        .get("/api/service-points", SEE, list)
        .get("/api/service-points/{id}", SEE, find)
        .put("/api/service-points/{id}", MANAGE, save)
        .delete("/api/service-points/{id}", MANAGE, remove)
        .get("/api/service-points/{id}/flow", FLOWS, flow)
        .put("/api/service-points/{id}/flow", FLOWS, set_flow)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PointDraft {
    #[schema(min_length = 1, max_length = 80, example = "Centro")]
    name: String,
    /// A name of the IANA's database.
    #[schema(example = "America/Argentina/Buenos_Aires")]
    time_zone: String,
    /// By day, from and to; without any day it is always open.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({ "mon": [["09:00", "13:00"], ["16:00", "20:00"]] }))]
    opening_hours: BTreeMap<String, Vec<[String; 2]>>,
    /// es, en or pt; null for the business's.
    #[serde(default)]
    #[schema(pattern = "^(es|en|pt)$", example = "es")]
    locale: Option<String>,
    #[serde(default = "on")]
    #[schema(default = true)]
    bot_enabled: bool,
    /// Messages that arrive within so many milliseconds are answered together; 0 answers each.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 30000, default = 0)]
    burst_ms: i64,
    #[serde(default = "ask")]
    #[schema(value_type = UncertainName, default = "ask")]
    uncertain_policy: UncertainPolicy,
}

/// A service point.
#[derive(Serialize, ToSchema)]
struct ShownPoint {
    #[schema(value_type = Id)]
    id: ServicePointId,
    name: String,
    #[schema(required)]
    phone_number: Option<String>,
    #[schema(value_type = WhatsappStatusName)]
    whatsapp_status: WhatsappStatus,
    #[schema(required)]
    last_qr_at: Option<Moment>,
    time_zone: String,
    #[schema(value_type = Object)]
    opening_hours: Value,
    #[schema(required)]
    locale: Option<String>,
    bot_enabled: bool,
    burst_ms: i64,
    #[schema(value_type = UncertainName)]
    uncertain_policy: UncertainPolicy,
    created_at: Moment,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FlowDraft {
    /// In the order in which they are asked, until one handles what came.
    #[schema(max_items = 20)]
    plugins: Vec<LinkDraft>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkDraft {
    #[schema(example = "storefront")]
    id: String,
    #[serde(default = "nothing")]
    #[schema(value_type = Object)]
    config: Value,
}

/// The plugins of a service point.
#[derive(Serialize, ToSchema)]
struct ShownFlow {
    plugins: Vec<ShownLink>,
}

#[derive(Serialize, ToSchema)]
struct ShownLink {
    id: String,
    version: String,
    #[schema(value_type = Object)]
    config: Value,
}

const fn on() -> bool {
    true
}

const fn ask() -> UncertainPolicy {
    UncertainPolicy::Ask
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Makes a service point, with a phone in the browser to try it with.
#[utoipa::path(post, path = "/api/service-points", tag = "service-points", request_body = PointDraft,
    responses((status = 201, description = "Made", body = ShownPoint)), extensions(("x-problems" = json!(["taken"]))))]
async fn create(State(app): State<App>, member: Member, Body(draft): Body<PointDraft>) -> Result<Response, Problem> {
    let point = points::create(&app, &member, draft.into()).await?;
    Ok(made(&format!("/api/service-points/{}", point.id), &ShownPoint::from(point)))
}

/// Lists the service points where one works, in the order in which they were made.
#[utoipa::path(get, path = "/api/service-points", tag = "service-points", params(Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownPoint>)))]
async fn list(State(app): State<App>, member: Member, paging: Paging) -> Result<Page<ShownPoint>, Problem> {
    let after: Option<ServicePointId> = paging.after()?;
    let found = points::list(&app, &member, after.as_ref(), paging.rows_i64()).await?;
    Ok(paging.page(found, |point| point.id, ShownPoint::from))
}

/// Shows a service point.
#[utoipa::path(get, path = "/api/service-points/{id}", tag = "service-points", params(("id" = Id, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = ShownPoint)))]
async fn find(State(app): State<App>, member: Member, known: Known, Path(id): Path<ServicePointId>) -> Result<Response, Problem> {
    Ok(known.show(&ShownPoint::from(points::find(&app, &member, &id).await?)))
}

/// Changes a service point.
#[utoipa::path(put, path = "/api/service-points/{id}", tag = "service-points", params(("id" = Id, Path), IfMatch),
    request_body = PointDraft, responses((status = 200, description = "Changed", body = ShownPoint)), extensions(("x-problems" = json!(["taken"]))))]
async fn save(
    State(app): State<App>,
    member: Member,
    known: Known,
    Path(id): Path<ServicePointId>,
    Body(draft): Body<PointDraft>,
) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    Ok(known.show(&ShownPoint::from(points::save(&app, &member, &id, draft.into(), seen).await?)))
}

/// Removes a service point that nobody ever wrote to.
#[utoipa::path(delete, path = "/api/service-points/{id}", tag = "service-points", params(("id" = Id, Path), IfMatch),
    responses((status = 204, description = "Removed")), extensions(("x-problems" = json!(["in-use"]))))]
async fn remove(State(app): State<App>, member: Member, known: Known, Path(id): Path<ServicePointId>) -> Result<StatusCode, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    points::remove(&app, &member, &id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows the plugins of a service point, in the order in which they are asked.
#[utoipa::path(get, path = "/api/service-points/{id}/flow", tag = "service-points", params(("id" = Id, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = ShownFlow)))]
async fn flow(State(app): State<App>, member: Member, known: Known, Path(id): Path<ServicePointId>) -> Result<Response, Problem> {
    Ok(known.show(&ShownFlow::from(points::flow(&app, &member, &id).await?)))
}

/// Replaces the plugins of a service point; the next message is theirs.
#[utoipa::path(put, path = "/api/service-points/{id}/flow", tag = "service-points", params(("id" = Id, Path), IfMatch),
    request_body = FlowDraft, responses((status = 200, description = "Replaced", body = ShownFlow)), extensions(("x-problems" = json!(["not-a-plugin"]))))]
async fn set_flow(
    State(app): State<App>,
    member: Member,
    known: Known,
    Path(id): Path<ServicePointId>,
    Body(draft): Body<FlowDraft>,
) -> Result<Response, Problem> {
    let version = points::find(&app, &member, &id).await?.version;
    known.demand(&ShownFlow::from(points::flow(&app, &member, &id).await?))?;
    let chain: Vec<points::Link> = draft.plugins.into_iter().map(|link| points::Link { id: link.id, config: link.config }).collect();
    Ok(known.show(&ShownFlow::from(points::set_flow(&app, &member, &id, &chain, known.only(version)).await?)))
}

async fn seen(app: &App, member: &Member, known: &Known, id: &ServicePointId) -> Result<Option<i64>, Problem> {
    let before = points::find(app, member, id).await?;
    let version = before.version;
    known.demand(&ShownPoint::from(before))?;
    Ok(known.only(version))
}

impl From<PointDraft> for points::Draft {
    fn from(draft: PointDraft) -> Self {
        let PointDraft { name, time_zone, opening_hours, locale, bot_enabled, burst_ms, uncertain_policy } = draft;
        Self { name, time_zone, opening_hours, locale, bot_enabled, burst_ms, uncertain_policy }
    }
}

impl From<ServicePoint> for ShownPoint {
    fn from(point: ServicePoint) -> Self {
        Self {
            id: point.id,
            name: point.name,
            phone_number: point.phone_number,
            whatsapp_status: point.whatsapp_status,
            last_qr_at: point.last_qr_at.map(|at| Moment(Time(at))),
            time_zone: point.time_zone,
            opening_hours: point.opening_hours.0,
            locale: point.locale,
            bot_enabled: point.bot_enabled,
            burst_ms: point.burst_ms,
            uncertain_policy: point.uncertain_policy,
            created_at: point.created_at.into(),
        }
    }
}

impl From<Vec<Install>> for ShownFlow {
    fn from(chain: Vec<Install>) -> Self {
        let link = |install: Install| ShownLink { id: install.plugin_id, version: install.version, config: install.config.0 };
        Self { plugins: chain.into_iter().map(link).collect() }
    }
}
