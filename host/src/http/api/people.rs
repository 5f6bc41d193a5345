//! The people of a business: what they are, and who changes that.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use relevo_model::*;
use relevo_store::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Body, IfMatch, IfNoneMatch, Known, Page, Paging, Path, demand_points, mail,
    shown::{Id, Moment, Points, RoleName},
};
use crate::{
    app::App,
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
    web::visitor::Visitor,
};

pub const AREA: Area = Area { name: "people", about: "The people of a business, and what they are in it.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(list, show, change, remove, make_reset_link))]
struct Document;

fn routes() -> Routes {
    const MANAGE: Access = Access::Permission(Permission::ManagePeople);
    Routes::new()
        .get("/api/people", MANAGE, list)
        .get("/api/people/{id}", MANAGE, show)
        .put("/api/people/{id}", MANAGE, change)
        .delete("/api/people/{id}", MANAGE, remove)
        .create("/api/people/{id}/reset-link", MANAGE, make_reset_link)
}

/// Somebody who works in the business.
#[derive(Serialize, ToSchema)]
struct Person {
    #[schema(value_type = Id)]
    id: UserId,
    email: String,
    name: String,
    #[schema(value_type = RoleName)]
    role: Role,
    service_points: Points,
    /// A code is asked for at each login.
    second_factor: bool,
    joined_at: Moment,
}

/// What somebody is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PersonPlace)]
struct Place {
    #[schema(value_type = RoleName)]
    role: Role,
    service_points: Points,
}

/// A link that sets another password.
#[derive(Serialize, ToSchema)]
#[schema(as = ResetLink)]
struct Link {
    /// To be handed over; null where it was mailed.
    #[schema(required)]
    link: Option<String>,
    expires_at: Moment,
}

/// Lists the people of a business, by address.
#[utoipa::path(get, path = "/api/people", tag = "people", params(Paging), responses((status = 200, description = "A page of them", body = Page<Person>)))]
async fn list(State(app): State<App>, member: Member, paging: Paging) -> Result<Page<Person>, Problem> {
    let after: String = paging.after()?.unwrap_or_default();
    let found = app.door.colleagues(&member, &after, paging.rows_i64()).await?;
    Ok(paging.page(found, |colleague| colleague.email.clone(), Person::from))
}

/// Shows somebody who works in the business.
#[utoipa::path(get, path = "/api/people/{id}", tag = "people", params(("id" = Id, Path), IfNoneMatch),
    responses((status = 200, description = "Who it is", body = Person)))]
async fn show(State(app): State<App>, member: Member, known: Known, Path(id): Path<UserId>) -> Result<Response, Problem> {
    Ok(known.show(&Person::from(app.door.colleague(&member, &id).await?)))
}

/// Makes somebody something else.
///
/// What they may do changes with their next request. Nobody makes anybody more than they are themselves.
#[utoipa::path(put, path = "/api/people/{id}", tag = "people", params(("id" = Id, Path), IfMatch), request_body = Place,
    responses((status = 200, description = "Changed", body = Person)), extensions(("x-problems" = json!(["forbidden", "last-owner"]))))]
async fn change(State(app): State<App>, member: Member, known: Known, Path(id): Path<UserId>, Body(place): Body<Place>) -> Result<Response, Problem> {
    known.demand(&Person::from(app.door.colleague(&member, &id).await?))?;
    demand_points(&app, &member.tenant, &place.service_points).await?;
    app.door.change_member(&member, &id, place.role, place.service_points.0).await?;
    Ok(known.show(&Person::from(app.door.colleague(&member, &id).await?)))
}

/// Takes somebody out of the business.
///
/// The account stays: it may belong to other businesses.
#[utoipa::path(delete, path = "/api/people/{id}", tag = "people", params(("id" = Id, Path), IfMatch),
    responses((status = 204, description = "Removed")), extensions(("x-problems" = json!(["forbidden", "last-owner"]))))]
async fn remove(State(app): State<App>, member: Member, known: Known, Path(id): Path<UserId>) -> Result<StatusCode, Problem> {
    known.demand(&Person::from(app.door.colleague(&member, &id).await?))?;
    app.door.remove_member(&member, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a link by which somebody sets another password.
///
/// Only for who belongs to this business alone, and is no more than the one who asks. Earlier links are void.
#[utoipa::path(post, path = "/api/people/{id}/reset-link", tag = "people", params(("id" = Id, Path)),
    responses((status = 201, description = "Made, and shown once", body = Link)), extensions(("x-problems" = json!(["forbidden"]))))]
async fn make_reset_link(State(app): State<App>, visitor: Visitor, member: Member, Path(id): Path<UserId>) -> Result<Response, Problem> {
    let made = app.door.reset_link(&member, &id).await?;
    let expires_at = made.expires_at.into();
    Ok((StatusCode::CREATED, Json(Link { link: mail::send_or_show(&app, visitor, made)?, expires_at })).into_response())
}

impl From<Colleague> for Person {
    fn from(colleague: Colleague) -> Self {
        let Colleague { user_id, email, name, role, reach, totp_since, created_at } = colleague;
        Self { id: user_id, email, name, role, service_points: Points(reach), second_factor: totp_since.is_some(), joined_at: created_at.into() }
    }
}
