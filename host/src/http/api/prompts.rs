//! The master prompt: every change is a version.

use axum::{extract::State, response::Response};
use relevo_model::*;
use relevo_store::AgentPrompt;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Body, IfMatch, IfNoneMatch, Known, Page, Paging, Path, made,
    shown::{Id, Moment},
};
use crate::{
    app::App,
    console::prompts,
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
};

pub const AREA: Area = Area { name: "prompt", about: "The master prompt of a business, with every version.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(create, list, find, save))]
struct Document;

fn routes() -> Routes {
    const CONFIGURE: Access = Access::Permission(Permission::ConfigureAssistant);
    Routes::new().create("/api/agent/prompt", CONFIGURE, create).get("/api/agent/prompt", CONFIGURE, list).get("/api/agent/prompt/{id}", CONFIGURE, find).put(
        "/api/agent/prompt/{id}",
        CONFIGURE,
        save,
    )
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PromptDraft {
    #[schema(min_length = 1, max_length = 40000)]
    text: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PromptChange {
    /// Left out, the text of this version counts again.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40000)]
    text: Option<String>,
}

/// A version of the prompt.
#[derive(Serialize, ToSchema)]
struct ShownPrompt {
    #[schema(value_type = Id)]
    id: PromptId,
    version: i64,
    text: String,
    /// Whether it is the one that counts.
    active: bool,
    /// A person or a key, by its id.
    created_by: String,
    created_at: Moment,
}

/// Writes the next version, which counts from now on.
#[utoipa::path(post, path = "/api/agent/prompt", tag = "prompt", request_body = PromptDraft,
    responses((status = 201, description = "Written", body = ShownPrompt)), extensions(("x-problems" = json!(["stale"]))))]
async fn create(State(app): State<App>, member: Member, Body(draft): Body<PromptDraft>) -> Result<Response, Problem> {
    let prompt = prompts::write(&app, &member, &draft.text, None).await?;
    Ok(made(&format!("/api/agent/prompt/{}", prompt.id), &ShownPrompt::from(prompt)))
}

/// Lists every version, newest first.
#[utoipa::path(get, path = "/api/agent/prompt", tag = "prompt", params(Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownPrompt>)))]
async fn list(State(app): State<App>, member: Member, paging: Paging) -> Result<Page<ShownPrompt>, Problem> {
    let found = prompts::list(&app, &member, paging.after()?, paging.rows_i64()).await?;
    Ok(paging.page(found, |prompt| prompt.version, ShownPrompt::from))
}

/// Shows a version.
#[utoipa::path(get, path = "/api/agent/prompt/{id}", tag = "prompt", params(("id" = Id, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = ShownPrompt)))]
async fn find(State(app): State<App>, member: Member, known: Known, Path(id): Path<PromptId>) -> Result<Response, Problem> {
    Ok(known.show(&ShownPrompt::from(prompts::find(&app, &member, &id).await?)))
}

/// Writes the next version in place of this one, or returns to this one.
///
/// With If-Match of the version that counts, nobody's change in between is passed over.
#[utoipa::path(put, path = "/api/agent/prompt/{id}", tag = "prompt", params(("id" = Id, Path), IfMatch),
    request_body = PromptChange, responses((status = 200, description = "Written", body = ShownPrompt)), extensions(("x-problems" = json!(["stale"]))))]
async fn save(State(app): State<App>, member: Member, known: Known, Path(id): Path<PromptId>, Body(change): Body<PromptChange>) -> Result<Response, Problem> {
    let before = prompts::find(&app, &member, &id).await?;
    let version = before.version;
    known.demand(&ShownPrompt::from(before))?;
    let written = match change.text {
        Some(text) => prompts::write(&app, &member, &text, known.only(version)).await?,
        None => prompts::restore(&app, &member, &id, None).await?,
    };
    Ok(known.show(&ShownPrompt::from(written)))
}

impl From<AgentPrompt> for ShownPrompt {
    fn from(prompt: AgentPrompt) -> Self {
        let AgentPrompt { id, version, text, active, created_by, created_at } = prompt;
        Self { id, version, text, active, created_by, created_at: created_at.into() }
    }
}
