//! Policies: what a business promises and how it speaks, with every version.

use axum::{extract::State, response::Response};
use relevo_model::*;
use relevo_store::{Policy, PolicyVersion};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Body, IfMatch, IfNoneMatch, Known, Page, Paging, Path, made,
    shown::{Id, Moment},
};
use crate::{
    app::App,
    console::policies,
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
};

pub const AREA: Area = Area { name: "policies", about: "What a business promises and how it speaks.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(create, list, find, save, versions))]
struct Document;

fn routes() -> Routes {
    const SEE: Access = Access::Permission(Permission::SeeBusiness);
    const MANAGE: Access = Access::Permission(Permission::ConfigureAssistant);
    Routes::new()
        .create("/api/policies", MANAGE, create)
        .get("/api/policies", SEE, list)
        .get("/api/policies/{id}", SEE, find)
        .put("/api/policies/{id}", MANAGE, save)
        .get("/api/policies/{id}/versions", SEE, versions)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PolicyDraft {
    /// shipping, refund, brand_voice, allowed_hours, or one of your own.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "shipping")]
    kind: String,
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    #[schema(max_length = 20000)]
    text: String,
    #[serde(default = "on")]
    #[schema(default = true)]
    active: bool,
}

/// A policy.
#[derive(Serialize, ToSchema)]
struct ShownPolicy {
    #[schema(value_type = Id)]
    id: PolicyId,
    kind: String,
    title: String,
    text: String,
    active: bool,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

/// A policy as it was.
#[derive(Serialize, ToSchema)]
struct EarlierPolicy {
    version: i64,
    kind: String,
    title: String,
    text: String,
    active: bool,
    /// A person or a key, by its id.
    changed_by: String,
    created_at: Moment,
}

const fn on() -> bool {
    true
}

/// Adds a policy.
#[utoipa::path(post, path = "/api/policies", tag = "policies", request_body = PolicyDraft,
    responses((status = 201, description = "Added", body = ShownPolicy)))]
async fn create(State(app): State<App>, member: Member, Body(draft): Body<PolicyDraft>) -> Result<Response, Problem> {
    let policy = policies::create(&app, &member, draft.into()).await?;
    Ok(made(&format!("/api/policies/{}", policy.id), &ShownPolicy::from(policy)))
}

/// Lists policies in the order in which they were made.
#[utoipa::path(get, path = "/api/policies", tag = "policies", params(Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownPolicy>)))]
async fn list(State(app): State<App>, member: Member, paging: Paging) -> Result<Page<ShownPolicy>, Problem> {
    let after: Option<PolicyId> = paging.after()?;
    let found = policies::list(&app, &member, after.as_ref(), paging.rows_i64()).await?;
    Ok(paging.page(found, |policy| policy.id, ShownPolicy::from))
}

/// Shows a policy.
#[utoipa::path(get, path = "/api/policies/{id}", tag = "policies", params(("id" = Id, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = ShownPolicy)))]
async fn find(State(app): State<App>, member: Member, known: Known, Path(id): Path<PolicyId>) -> Result<Response, Problem> {
    Ok(known.show(&ShownPolicy::from(policies::find(&app, &member, &id).await?)))
}

/// Makes the next version of a policy; those before it stay to be read.
#[utoipa::path(put, path = "/api/policies/{id}", tag = "policies", params(("id" = Id, Path), IfMatch),
    request_body = PolicyDraft, responses((status = 200, description = "Changed", body = ShownPolicy)))]
async fn save(State(app): State<App>, member: Member, known: Known, Path(id): Path<PolicyId>, Body(draft): Body<PolicyDraft>) -> Result<Response, Problem> {
    let before = policies::find(&app, &member, &id).await?;
    let version = before.version;
    known.demand(&ShownPolicy::from(before))?;
    Ok(known.show(&ShownPolicy::from(policies::save(&app, &member, &id, draft.into(), known.only(version)).await?)))
}

/// Lists every version of a policy, newest first.
#[utoipa::path(get, path = "/api/policies/{id}/versions", tag = "policies", params(("id" = Id, Path), Paging),
    responses((status = 200, description = "A page of them", body = Page<EarlierPolicy>)))]
async fn versions(State(app): State<App>, member: Member, Path(id): Path<PolicyId>, paging: Paging) -> Result<Page<EarlierPolicy>, Problem> {
    let found = policies::versions(&app, &member, &id, paging.after()?, paging.rows_i64()).await?;
    Ok(paging.page(found, |version| version.version, EarlierPolicy::from))
}

impl From<PolicyDraft> for policies::Draft {
    fn from(draft: PolicyDraft) -> Self {
        let PolicyDraft { kind, title, text, active } = draft;
        Self { kind, title, text, active }
    }
}

impl From<Policy> for ShownPolicy {
    fn from(policy: Policy) -> Self {
        let Policy { id, kind, title, text, active, version, created_at, updated_at } = policy;
        Self { id, kind, title, text, active, version, created_at: created_at.into(), updated_at: updated_at.into() }
    }
}

impl From<PolicyVersion> for EarlierPolicy {
    fn from(earlier: PolicyVersion) -> Self {
        let PolicyVersion { version, kind, title, text, active, changed_by, created_at } = earlier;
        Self { version, kind, title, text, active, changed_by, created_at: created_at.into() }
    }
}
