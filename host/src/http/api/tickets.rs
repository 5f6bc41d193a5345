//! Tickets: what flows ask people to see to.

use axum::{extract::State, response::Response};
use relevo_model::*;
use relevo_store::{Ticket, TicketEvent, TicketFilter};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    Area, Body, IfMatch, IfNoneMatch, Known, Page, Paging, Path, Query,
    after::At,
    names::{TicketPriorityName, TicketStatusName},
    shown::{Id, Moment},
};
use crate::{
    app::App,
    console::tickets::{self, Change, Whole},
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
};

pub const AREA: Area = Area { name: "tickets", about: "Tickets: what flows ask people to see to.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(list, find, change))]
struct Document;

fn routes() -> Routes {
    const SEE: Access = Access::Permission(Permission::SeeConversations);
    Routes::new().get("/api/tickets", SEE, list).get("/api/tickets/{id}", SEE, find).put("/api/tickets/{id}", Access::Permission(Permission::TakeOver), change)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    #[serde(default)]
    #[param(value_type = Option<Id>)]
    service_point_id: Option<ServicePointId>,
    #[serde(default)]
    #[param(value_type = Option<TicketStatusName>)]
    status: Option<TicketStatus>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TicketChange {
    /// A closed ticket stays closed.
    #[schema(value_type = TicketStatusName)]
    status: TicketStatus,
    /// Somebody's id; null is nobody in particular.
    #[schema(value_type = Option<Id>)]
    assignee_id: Option<UserId>,
}

/// A ticket.
#[derive(Serialize, ToSchema)]
struct ShownTicket {
    #[schema(value_type = Id)]
    id: TicketId,
    /// What people call it.
    code: String,
    title: String,
    body: String,
    #[schema(value_type = TicketStatusName)]
    status: TicketStatus,
    #[schema(value_type = TicketPriorityName)]
    priority: TicketPriority,
    assignee_id: Option<String>,
    #[schema(value_type = Id)]
    service_point_id: ServicePointId,
    #[schema(value_type = Id)]
    conversation_id: ConversationId,
    #[schema(value_type = Id)]
    customer_id: CustomerId,
    /// The plugin that opened it.
    plugin_id: String,
    /// Opened in the simulator.
    is_test: bool,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

/// A ticket with what became of it.
#[derive(Serialize, ToSchema)]
struct WholeTicket {
    #[serde(flatten)]
    ticket: ShownTicket,
    /// Oldest first.
    events: Vec<ShownTicketEvent>,
}

#[derive(Serialize, ToSchema)]
struct ShownTicketEvent {
    /// opened, comment, status or assigned.
    kind: String,
    /// A person or a key by its id, or a plugin.
    actor: String,
    #[schema(value_type = Object)]
    payload: Value,
    at: Moment,
}

/// Lists tickets where one works, newest first.
#[utoipa::path(get, path = "/api/tickets", tag = "tickets", params(Filter, Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownTicket>)))]
async fn list(State(app): State<App>, member: Member, Query(filter): Query<Filter>, paging: Paging) -> Result<Page<ShownTicket>, Problem> {
    let before: Option<At<TicketId>> = paging.after()?;
    let before = before.as_ref().map(|At(time, id)| (*time, id));
    let filter = TicketFilter { point: filter.service_point_id, status: filter.status, ..TicketFilter::ALL };
    let found = tickets::list(&app, &member, filter, before, paging.rows_i64()).await?;
    Ok(paging.page(found, |ticket| At(ticket.created_at, ticket.id), ShownTicket::from))
}

/// Shows a ticket with what became of it.
#[utoipa::path(get, path = "/api/tickets/{id}", tag = "tickets", params(("id" = Id, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = WholeTicket)))]
async fn find(State(app): State<App>, member: Member, known: Known, Path(id): Path<TicketId>) -> Result<Response, Problem> {
    Ok(known.show(&WholeTicket::from(tickets::find(&app, &member, &id).await?)))
}

/// Takes a ticket on to another state, and gives it to somebody.
#[utoipa::path(put, path = "/api/tickets/{id}", tag = "tickets", params(("id" = Id, Path), IfMatch),
    request_body = TicketChange, responses((status = 200, description = "Changed", body = WholeTicket)), extensions(("x-problems" = json!(["stale"]))))]
async fn change(
    State(app): State<App>,
    member: Member,
    known: Known,
    Path(id): Path<TicketId>,
    Body(change): Body<TicketChange>,
) -> Result<Response, Problem> {
    let before = tickets::find(&app, &member, &id).await?;
    let version = before.ticket.version;
    known.demand(&WholeTicket::from(before))?;
    let change = Change { status: change.status, assignee: change.assignee_id };
    tickets::change(&app, &member, &id, &change, known.only(version)).await?;
    Ok(known.show(&WholeTicket::from(tickets::find(&app, &member, &id).await?)))
}

impl From<Ticket> for ShownTicket {
    fn from(ticket: Ticket) -> Self {
        Self {
            id: ticket.id,
            code: ticket.code,
            title: ticket.title,
            body: ticket.body,
            status: ticket.status,
            priority: ticket.priority,
            assignee_id: ticket.assignee_id,
            service_point_id: ticket.service_point_id,
            conversation_id: ticket.conversation_id,
            customer_id: ticket.customer_id,
            plugin_id: ticket.plugin_id,
            is_test: ticket.is_test,
            version: ticket.version,
            created_at: ticket.created_at.into(),
            updated_at: ticket.updated_at.into(),
        }
    }
}

impl From<Whole> for WholeTicket {
    fn from(whole: Whole) -> Self {
        Self { ticket: whole.ticket.into(), events: whole.events.into_iter().map(ShownTicketEvent::from).collect() }
    }
}

impl From<TicketEvent> for ShownTicketEvent {
    fn from(event: TicketEvent) -> Self {
        Self { kind: event.kind, actor: event.actor, payload: event.payload.0, at: event.created_at.into() }
    }
}
