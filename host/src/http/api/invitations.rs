//! Asking people into a business, and coming in.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use relevo_model::*;
use relevo_store::Invitation;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Body, Page, Paging, Path,
    auth::cookie,
    body, demand_points, mail, missing,
    shown::{Id, Moment, Points, RoleName},
};
use crate::{
    app::App,
    http::{
        problem::{FieldProblem, Kind, Problem},
        routes::{Access, Routes},
    },
    identity::{Acceptor, Device, InvitationPlan, Member, Person},
    policy::Permission,
    web::visitor::Visitor,
};

pub const AREA: Area = Area { name: "invitations", about: "Asking people into a business, and coming in.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(invite, list, withdraw, look, accept))]
struct Document;

fn routes() -> Routes {
    const MANAGE: Access = Access::Permission(Permission::ManagePeople);
    Routes::new()
        .get("/api/invitations", MANAGE, list)
        .create("/api/invitations", MANAGE, invite)
        .delete("/api/invitations/{id}", MANAGE, withdraw)
        .post("/api/auth/invitation", Access::Public, look)
        .post("/api/auth/invitation/acceptance", Access::Public, accept)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInvitation {
    #[schema(format = Email, max_length = 254)]
    email: String,
    #[schema(value_type = RoleName)]
    role: Role,
    service_points: Points,
}

/// Somebody who was asked in and has not come yet.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
struct Open {
    #[schema(value_type = Id)]
    id: InvitationId,
    email: String,
    #[schema(value_type = RoleName)]
    role: Role,
    service_points: Points,
    created_at: Moment,
    expires_at: Moment,
}

/// An invitation that was just made.
#[derive(Serialize, ToSchema)]
struct MadeInvitation {
    #[serde(flatten)]
    invitation: Open,
    /// To be handed over, and shown once; null where it was mailed.
    #[schema(required)]
    link: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationToken {
    /// The last part of the link.
    token: String,
}

/// What an invitation's link stands for.
#[derive(Serialize, ToSchema)]
struct Invited {
    business: String,
    email: String,
    #[schema(value_type = RoleName)]
    role: Role,
    expires_at: Moment,
    /// The address has an account: its person logs in to accept.
    known: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    /// The last part of the link.
    token: String,
    /// Of whoever has no account yet and makes one by this. Whoever is logged in leaves it out.
    #[serde(default)]
    #[schema(max_length = 120)]
    name: Option<String>,
    #[serde(default, deserialize_with = "body::maybe_secret")]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
}

/// Invites somebody.
///
/// An earlier invitation of the same address is void. Nobody invites anybody into more than they are themselves.
#[utoipa::path(post, path = "/api/invitations", tag = "invitations", request_body = NewInvitation,
    responses((status = 201, description = "Invited", body = MadeInvitation)), extensions(("x-problems" = json!(["forbidden", "taken", "too-many-attempts"]))))]
async fn invite(State(app): State<App>, visitor: Visitor, member: Member, Body(new): Body<NewInvitation>) -> Result<Response, Problem> {
    demand_points(&app, &member.tenant, &new.service_points).await?;
    let plan = InvitationPlan { email: new.email, role: new.role, reach: new.service_points.0 };
    let outgoing = app.door.invite(&member, &plan).await?;
    let invitation = app.door.invitation_of(&member, &outgoing.to).await.map_err(missing)?;
    let address = format!("/api/invitations/{}", invitation.id);
    let made = MadeInvitation { invitation: invitation.into(), link: mail::send_or_show(&app, visitor, outgoing)? };
    let location = [(header::LOCATION, HeaderValue::from_str(&address).expect("ids are plain"))];
    Ok((StatusCode::CREATED, location, Json(made)).into_response())
}

/// Lists who was asked in and has not come yet, by address.
#[utoipa::path(get, path = "/api/invitations", tag = "invitations", params(Paging), responses((status = 200, description = "A page of them", body = Page<Open>)))]
async fn list(State(app): State<App>, member: Member, paging: Paging) -> Result<Page<Open>, Problem> {
    let after: String = paging.after()?.unwrap_or_default();
    let found = app.door.invitations(&member, &after, paging.rows_i64()).await?;
    Ok(paging.page(found, |invitation| invitation.email.clone(), Open::from))
}

/// Takes an invitation back: its link is worth nothing from now on.
#[utoipa::path(delete, path = "/api/invitations/{id}", tag = "invitations", params(("id" = Id, Path)),
    responses((status = 204, description = "Withdrawn")), extensions(("x-problems" = json!(["forbidden"]))))]
async fn withdraw(State(app): State<App>, member: Member, Path(id): Path<InvitationId>) -> Result<StatusCode, Problem> {
    app.door.withdraw(&member, &id).await.map_err(missing)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows what an invitation's link stands for.
///
/// The token is in the body, because addresses are kept in logs.
#[utoipa::path(post, path = "/api/auth/invitation", tag = "invitations", request_body = InvitationToken,
    responses((status = 200, description = "What it stands for", body = Invited)), extensions(("x-problems" = json!(["gone"]))))]
async fn look(State(app): State<App>, Body(shown): Body<InvitationToken>) -> Result<Json<Invited>, Problem> {
    let found = app.door.invited(&shown.token).await?;
    let Invitation { email, role, expires_at, .. } = found.invitation;
    Ok(Json(Invited { business: found.business, email, role, expires_at: expires_at.into(), known: found.known }))
}

/// Comes in: as who is logged in, or with a new account.
///
/// A browser gets a session by it, in a cookie.
#[utoipa::path(post, path = "/api/auth/invitation/acceptance", tag = "invitations", request_body = Acceptance,
    responses((status = 204, description = "In")), extensions(("x-problems" = json!(["gone", "other-person", "taken", "too-many-attempts"]))))]
async fn accept(State(app): State<App>, device: Device, person: Option<Person>, Body(acceptance): Body<Acceptance>) -> Result<Response, Problem> {
    let Acceptance { token, name, password } = acceptance;
    let acceptor = match (&person, name, password) {
        (Some(person), None, None) => Acceptor::Person(person),
        (None, Some(name), Some(password)) => Acceptor::Newcomer { name, password },
        (Some(_), name, _) => return Err(wrong(if name.is_some() { "name" } else { "password" }, "problem-unknown-field")),
        (None, name, _) => return Err(wrong(if name.is_none() { "name" } else { "password" }, "problem-missing-field")),
    };
    let entry = app.door.accept(&token, acceptor, &device).await?;
    Ok((StatusCode::NO_CONTENT, cookie(entry.as_ref(), &device)).into_response())
}

fn wrong(field: &str, problem: &str) -> Problem {
    Problem::new(Kind::Invalid).errors([FieldProblem::new(field, problem)])
}

impl From<Invitation> for Open {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, email, role, reach, created_at, expires_at, .. } = invitation;
        Self { id, email, role, service_points: Points(reach), created_at: created_at.into(), expires_at: expires_at.into() }
    }
}
