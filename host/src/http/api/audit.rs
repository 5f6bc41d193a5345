//! Who did what, and who may do what.

use axum::{Json, extract::State};
use relevo_model::*;
use relevo_store::Audit;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Page, Paging,
    shown::{Id, Moment, Scope},
};
use crate::{
    app::App,
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::Member,
    policy::{self, Extent, Permission},
};

pub const AREA: Area = Area { name: "audit", about: "Who did what, and who may do what.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(list, permissions))]
struct Document;

fn routes() -> Routes {
    Routes::new().get("/api/audit", Access::Permission(Permission::SeeAudit), list).get(
        "/api/permissions",
        Access::Permission(Permission::SeeBusiness),
        permissions,
    )
}

/// Something that was done. It says what, never with which content.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditLine)]
struct Line {
    #[schema(value_type = Id)]
    id: AuditId,
    /// A person or a key by its id, or the name of a command.
    actor: String,
    /// A noun and a verb.
    #[schema(example = "member.removed")]
    action: String,
    /// What it was done to, by its id.
    #[schema(required)]
    subject: Option<String>,
    at: Moment,
}

/// What each role may do, and what the one who asks may.
#[derive(Serialize, ToSchema)]
#[schema(as = PermissionMatrix)]
struct Matrix {
    data: Vec<Row>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PermissionRow)]
struct Row {
    permission: Scope,
    /// What it is about: `point`, one service point at a time; `business`, all of it; `everybody`, what whoever belongs to it may see.
    #[schema(value_type = String)]
    extent: &'static str,
    roles: Roles,
    /// Whether the one who asks has it, at some service point at least.
    yours: bool,
}

/// Which roles have a permission.
#[derive(Serialize, ToSchema)]
#[schema(as = PermissionRoles)]
struct Roles {
    owner: bool,
    admin: bool,
    agent: bool,
    viewer: bool,
}

/// Lists what was done in a business and to its people, newest first.
#[utoipa::path(get, path = "/api/audit", tag = "audit", params(Paging), responses((status = 200, description = "A page of it", body = Page<Line>)))]
async fn list(State(app): State<App>, member: Member, paging: Paging) -> Result<Page<Line>, Problem> {
    let before: Option<AuditId> = paging.after()?;
    let found = app.door.audit(&member.tenant, before.as_ref(), paging.rows()).await?;
    Ok(paging.page(found, |line| line.id, Line::from))
}

/// Shows which role may do what.
#[utoipa::path(get, path = "/api/permissions", tag = "audit", responses((status = 200, description = "All of it", body = Matrix)))]
async fn permissions(member: Member) -> Json<Matrix> {
    let row = |line: policy::Line| {
        let [owner, admin, agent, viewer] = line.roles;
        let extent = match line.permission.extent() {
            Extent::Point => "point",
            Extent::Business => "business",
            Extent::Everybody => "everybody",
        };
        Row { permission: Scope(line.permission), extent, roles: Roles { owner, admin, agent, viewer }, yours: member.may(line.permission, None) }
    };
    Json(Matrix { data: policy::matrix().map(row).collect() })
}

impl From<Audit> for Line {
    fn from(line: Audit) -> Self {
        Self { id: line.id, actor: line.actor, action: line.action, subject: line.subject, at: line.created_at.into() }
    }
}
