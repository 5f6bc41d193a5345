//! Orders: looking at them, and taking them on.

use axum::{Json, extract::State, response::Response};
use relevo_model::*;
use relevo_store::{Order, OrderFilter, OrderStatus, StoredLine};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    Area, Body, IfMatch, IfNoneMatch, Known, Page, Paging, Path, Query,
    after::At,
    shown::{Id, Moment},
};
use crate::{
    app::App,
    console::orders::{self, Step, Whole},
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
};

pub const AREA: Area = Area { name: "orders", about: "Orders: looking at them, and taking them on.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(list, find, set_status, statuses))]
struct Document;

fn routes() -> Routes {
    const SEE: Access = Access::Permission(Permission::SeeOrders);
    Routes::new()
        .get("/api/orders", SEE, list)
        .get("/api/orders/{id}", SEE, find)
        .put("/api/orders/{id}/status", Access::Permission(Permission::ChangeOrders), set_status)
        .get("/api/order-statuses", SEE, statuses)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    #[serde(default)]
    #[param(value_type = Option<Id>)]
    service_point_id: Option<ServicePointId>,
    /// A code of `GET /api/order-statuses`.
    #[serde(default)]
    status: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrderChange {
    /// One of `next`.
    #[schema(example = "CONFIRMED")]
    status: String,
}

/// An order.
#[derive(Serialize, ToSchema)]
struct ShownOrder {
    #[schema(value_type = Id)]
    id: OrderId,
    /// What people call it.
    code: String,
    #[schema(value_type = Id)]
    service_point_id: ServicePointId,
    #[schema(value_type = Id)]
    conversation_id: ConversationId,
    #[schema(value_type = Id)]
    customer_id: CustomerId,
    status: String,
    status_title: String,
    /// In the smallest unit of the currency.
    total_minor: i64,
    currency: String,
    #[schema(value_type = Object)]
    address: Value,
    /// Made in the simulator: it took no stock.
    is_test: bool,
    version: i64,
    created_at: Moment,
}

/// An order with all that belongs to it.
#[derive(Serialize, ToSchema)]
struct WholeOrder {
    #[serde(flatten)]
    order: ShownOrder,
    lines: Vec<ShownLine>,
    /// The states that it went through, oldest first.
    history: Vec<ShownStep>,
    /// What it may become.
    next: Vec<ShownStatus>,
}

#[derive(Serialize, ToSchema)]
struct ShownLine {
    product_id: String,
    title: String,
    quantity: i64,
    price_minor: i64,
}

#[derive(Serialize, ToSchema)]
struct ShownStep {
    status: String,
    /// A person or a key by its id, or the plugin that made the order.
    actor: String,
    at: Moment,
}

#[derive(Serialize, ToSchema)]
struct ShownStatus {
    code: String,
    title: String,
    /// Nothing follows it.
    is_final: bool,
}

#[derive(Serialize, ToSchema)]
struct Statuses {
    data: Vec<ShownStatus>,
}

/// Lists orders where one works, newest first.
#[utoipa::path(get, path = "/api/orders", tag = "orders", params(Filter, Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownOrder>)))]
async fn list(State(app): State<App>, member: Member, Query(filter): Query<Filter>, paging: Paging) -> Result<Page<ShownOrder>, Problem> {
    let before: Option<At<OrderId>> = paging.after()?;
    let before = before.as_ref().map(|At(time, id)| (*time, id));
    let filter = OrderFilter { point: filter.service_point_id, status: filter.status, ..OrderFilter::ALL };
    let found = orders::list(&app, &member, filter, before, paging.rows_i64()).await?;
    Ok(paging.page(found, |order| At(order.created_at, order.id), ShownOrder::from))
}

/// Shows an order with all that belongs to it.
#[utoipa::path(get, path = "/api/orders/{id}", tag = "orders", params(("id" = Id, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = WholeOrder)))]
async fn find(State(app): State<App>, member: Member, known: Known, Path(id): Path<OrderId>) -> Result<Response, Problem> {
    Ok(known.show(&WholeOrder::from(orders::find(&app, &member, &id).await?)))
}

/// Takes an order on to a later state.
#[utoipa::path(put, path = "/api/orders/{id}/status", tag = "orders", params(("id" = Id, Path), IfMatch),
    request_body = OrderChange, responses((status = 200, description = "Changed", body = WholeOrder)), extensions(("x-problems" = json!(["stale"]))))]
async fn set_status(
    State(app): State<App>,
    member: Member,
    known: Known,
    Path(id): Path<OrderId>,
    Body(change): Body<OrderChange>,
) -> Result<Response, Problem> {
    let before = orders::find(&app, &member, &id).await?;
    let version = before.order.version;
    known.demand(&WholeOrder::from(before))?;
    orders::set_status(&app, &member, &id, &change.status, known.only(version)).await?;
    Ok(known.show(&WholeOrder::from(orders::find(&app, &member, &id).await?)))
}

/// Lists the states that an order may be in, in their order.
#[utoipa::path(get, path = "/api/order-statuses", tag = "orders", responses((status = 200, description = "All of them", body = Statuses)))]
async fn statuses(State(app): State<App>, member: Member) -> Result<Json<Statuses>, Problem> {
    let data = orders::statuses(&app, &member).await?.into_iter().map(ShownStatus::from).collect();
    Ok(Json(Statuses { data }))
}

impl From<Order> for ShownOrder {
    fn from(order: Order) -> Self {
        Self {
            id: order.id,
            code: order.code,
            service_point_id: order.service_point_id,
            conversation_id: order.conversation_id,
            customer_id: order.customer_id,
            status: order.status,
            status_title: order.status_title,
            total_minor: order.total_minor,
            currency: order.currency,
            address: order.address.0,
            is_test: order.is_test,
            version: order.version,
            created_at: order.created_at.into(),
        }
    }
}

impl From<Whole> for WholeOrder {
    fn from(whole: Whole) -> Self {
        Self {
            order: whole.order.into(),
            lines: whole.lines.into_iter().map(ShownLine::from).collect(),
            history: whole.history.into_iter().map(ShownStep::from).collect(),
            next: whole.next.into_iter().map(ShownStatus::from).collect(),
        }
    }
}

impl From<StoredLine> for ShownLine {
    fn from(line: StoredLine) -> Self {
        let StoredLine { product_id, title, quantity, price_minor } = line;
        Self { product_id, title, quantity, price_minor }
    }
}

impl From<Step> for ShownStep {
    fn from(step: Step) -> Self {
        Self { status: step.status, actor: step.actor, at: step.at.into() }
    }
}

impl From<OrderStatus> for ShownStatus {
    fn from(status: OrderStatus) -> Self {
        Self { code: status.code, title: status.title, is_final: status.is_final }
    }
}
