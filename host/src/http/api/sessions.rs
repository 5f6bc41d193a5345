//! The devices and programs at which somebody is logged in.

use axum::{Json, extract::State, http::StatusCode};
use relevo_model::*;
use relevo_store::Login;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Path, missing,
    shown::{Id, Moment},
};
use crate::{
    app::App,
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::Person,
};

pub const AREA: Area = Area { name: "sessions", about: "The devices and programs at which one is logged in.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(list, end, end_others))]
struct Document;

fn routes() -> Routes {
    Routes::new().get("/api/auth/sessions", Access::Person, list).delete("/api/auth/sessions", Access::Person, end_others).delete(
        "/api/auth/sessions/{id}",
        Access::Person,
        end,
    )
}

/// One login.
#[derive(Serialize, ToSchema)]
struct Session {
    #[schema(value_type = Id)]
    id: SessionId,
    /// The one that asks.
    current: bool,
    /// `cookie`: a browser; `bearer`: a program with a token.
    #[schema(value_type = String)]
    kind: SessionKind,
    #[schema(required)]
    user_agent: Option<String>,
    #[schema(required)]
    address: Option<String>,
    created_at: Moment,
    last_used_at: Moment,
    expires_at: Moment,
}

#[derive(Serialize, ToSchema)]
struct Sessions {
    /// Those used last first, two hundred at most.
    data: Vec<Session>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = EndedSessions)]
struct Ended {
    ended: u64,
}

/// Lists where one is logged in.
#[utoipa::path(get, path = "/api/auth/sessions", tag = "sessions", responses((status = 200, description = "All of them", body = Sessions)))]
async fn list(State(app): State<App>, person: Person) -> Result<Json<Sessions>, Problem> {
    let sessions = app.door.sessions(&person).await?;
    Ok(Json(Sessions { data: sessions.into_iter().map(|login| shown(login, &person)).collect() }))
}

/// Ends one login, at once.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "sessions", params(("id" = Id, Path)),
    responses((status = 204, description = "Ended")))]
async fn end(State(app): State<App>, person: Person, Path(id): Path<SessionId>) -> Result<StatusCode, Problem> {
    app.door.revoke(&person, &id).await.map_err(missing)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all logins but the one that asks.
#[utoipa::path(delete, path = "/api/auth/sessions", tag = "sessions", responses((status = 200, description = "How many ended", body = Ended)))]
async fn end_others(State(app): State<App>, person: Person) -> Result<Json<Ended>, Problem> {
    Ok(Json(Ended { ended: app.door.revoke_others(&person).await? }))
}

fn shown(login: Login, person: &Person) -> Session {
    Session {
        id: login.id,
        current: login.id == person.session,
        kind: login.kind,
        user_agent: login.user_agent,
        address: login.address,
        created_at: login.created_at.into(),
        last_used_at: login.last_used_at.into(),
        expires_at: login.expires_at.into(),
    }
}
