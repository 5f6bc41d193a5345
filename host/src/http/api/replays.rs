//! Replays: recorded conversations on another version of a plugin, and what is decided about each difference.

use axum::{Json, extract::State, response::Response};
use relevo_model::*;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Body, IfMatch, IfNoneMatch, Known, Page, Paging, Path, made,
    shown::{Id, Moment},
};
use crate::{
    app::App,
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
    replay::{self, CONVERSATIONS, Line, Selection, Shown, Whole},
};

pub const AREA: Area = Area {
    name: "replays",
    about: "Replays: what another version of a plugin would have said and done in recorded conversations.",
    routes,
    document: Document::openapi,
};

#[derive(OpenApi)]
#[openapi(paths(start, list, find, differences, judge, judge_rest))]
struct Document;

fn routes() -> Routes {
    const MANAGE: Access = Access::Permission(Permission::UploadPlugins);
    Routes::new()
        .create("/api/plugins/{id}/replays", MANAGE, start)
        .get("/api/plugins/{id}/replays", MANAGE, list)
        .get("/api/plugins/{id}/replays/{replay}", MANAGE, find)
        .put("/api/plugins/{id}/replays/{replay}/verdict", MANAGE, judge_rest)
        .get("/api/plugins/{id}/replays/{replay}/differences", MANAGE, differences)
        .put("/api/plugins/{id}/replays/{replay}/differences/{difference}", MANAGE, judge)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplayDraft {
    /// The version that is tried.
    #[schema(example = "1.2.0")]
    version: String,
    /// So many conversations, those in which the plugin answered last.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 200, example = 20)]
    last: Option<u32>,
    /// These conversations, in place of the last ones.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Id>>, max_items = 200)]
    conversations: Option<Vec<ConversationId>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerdictDraft {
    verdict: VerdictName,
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum VerdictName {
    Pending,
    Approved,
    Rejected,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ReplayProgress {
    Running,
    Done,
    /// It could not go on, or its process ended.
    Failed,
}

/// A replay.
#[derive(Serialize, ToSchema)]
struct ShownReplay {
    #[schema(value_type = Id)]
    id: ReplayId,
    plugin_id: String,
    version: String,
    state: ReplayProgress,
    conversations: i64,
    turns: i64,
    /// Turns that were looked at so far.
    done: i64,
    /// Turns that are not comparable: their record was not kept, or another plugin answered.
    skipped: i64,
    pending: i64,
    approved: i64,
    rejected: i64,
    /// A person or a key, by its id.
    started_by: String,
    created_at: Moment,
}

/// Something that would have been said or done otherwise.
#[derive(Serialize, ToSchema)]
struct ShownDifference {
    #[schema(value_type = Id)]
    id: DifferenceId,
    #[schema(value_type = Id)]
    turn_id: TurnId,
    #[schema(value_type = Id)]
    conversation_id: ConversationId,
    kind: DifferenceName,
    before: Vec<ReplayLine>,
    after: Vec<ReplayLine>,
    verdict: VerdictName,
    judged_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum DifferenceName {
    Said,
    Done,
    /// In what it keeps for the next turn.
    State,
    /// One of the two failed.
    Failed,
    /// It asked for what the record does not know: the call was not made.
    Unrecorded,
}

#[derive(Serialize, ToSchema)]
struct ReplayLine {
    /// An action, the name of a call, or the name of a value.
    what: String,
    text: String,
}

#[derive(Serialize, ToSchema)]
struct ReplayList {
    data: Vec<ShownReplay>,
}

/// Runs recorded conversations on a version of a plugin, offline. It is under way when this answers.
#[utoipa::path(post, path = "/api/plugins/{id}/replays", tag = "replays", params(("id" = String, Path)), request_body = ReplayDraft,
    responses((status = 201, description = "It is under way", body = ShownReplay)))]
async fn start(State(app): State<App>, member: Member, Path(id): Path<String>, Body(draft): Body<ReplayDraft>) -> Result<Response, Problem> {
    let selection = draft.conversations.map_or_else(|| Selection::Last(draft.last.unwrap_or(CONVERSATIONS)), Selection::Conversations);
    let replay = replay::start(&app, &member, &id, &draft.version, selection).await?;
    let shown = ShownReplay::from(replay::find(&app, &member, &id, &replay).await?);
    Ok(made(&format!("/api/plugins/{id}/replays/{replay}"), &shown))
}

/// Lists the last replays of a plugin, newest first.
#[utoipa::path(get, path = "/api/plugins/{id}/replays", tag = "replays", params(("id" = String, Path)),
    responses((status = 200, description = "Twenty at most", body = ReplayList)))]
async fn list(State(app): State<App>, member: Member, Path(id): Path<String>) -> Result<Json<ReplayList>, Problem> {
    let data = replay::list(&app, &member, &id).await?.into_iter().map(ShownReplay::from).collect();
    Ok(Json(ReplayList { data }))
}

/// Shows how far a replay is.
#[utoipa::path(get, path = "/api/plugins/{id}/replays/{replay}", tag = "replays", params(("id" = String, Path), ("replay" = Id, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = ShownReplay)))]
async fn find(State(app): State<App>, member: Member, known: Known, Path((id, replay)): Path<(String, ReplayId)>) -> Result<Response, Problem> {
    Ok(known.show(&ShownReplay::from(replay::find(&app, &member, &id, &replay).await?)))
}

/// Lists what differs, in the order in which it was found.
#[utoipa::path(get, path = "/api/plugins/{id}/replays/{replay}/differences", tag = "replays", params(("id" = String, Path), ("replay" = Id, Path), Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownDifference>)))]
async fn differences(
    State(app): State<App>,
    member: Member,
    Path((id, replay)): Path<(String, ReplayId)>,
    paging: Paging,
) -> Result<Page<ShownDifference>, Problem> {
    let after: Option<DifferenceId> = paging.after()?;
    let found = replay::list_differences(&app, &member, &id, &replay, after.as_ref(), paging.rows_i64()).await?;
    Ok(paging.page(found, |shown| shown.row.id, ShownDifference::from))
}

/// Decides about a difference.
#[utoipa::path(put, path = "/api/plugins/{id}/replays/{replay}/differences/{difference}", tag = "replays",
    params(("id" = String, Path), ("replay" = Id, Path), ("difference" = Id, Path), IfMatch), request_body = VerdictDraft,
    responses((status = 200, description = "Decided", body = ShownDifference)))]
async fn judge(
    State(app): State<App>,
    member: Member,
    known: Known,
    Path((id, replay, difference)): Path<(String, ReplayId, DifferenceId)>,
    Body(draft): Body<VerdictDraft>,
) -> Result<Response, Problem> {
    let before = replay::find_difference(&app, &member, &id, &replay, &difference).await?;
    known.demand(&ShownDifference::from(before))?;
    Ok(known.show(&ShownDifference::from(replay::judge(&app, &member, &id, &replay, &difference, draft.verdict.into()).await?)))
}

/// Decides about everything in a replay that nobody decided yet; once it is over.
#[utoipa::path(put, path = "/api/plugins/{id}/replays/{replay}/verdict", tag = "replays", params(("id" = String, Path), ("replay" = Id, Path), IfMatch),
    request_body = VerdictDraft, responses((status = 200, description = "Decided", body = ShownReplay)))]
async fn judge_rest(
    State(app): State<App>,
    member: Member,
    known: Known,
    Path((id, replay)): Path<(String, ReplayId)>,
    Body(draft): Body<VerdictDraft>,
) -> Result<Response, Problem> {
    known.demand(&ShownReplay::from(replay::find(&app, &member, &id, &replay).await?))?;
    replay::judge_rest(&app, &member, &id, &replay, draft.verdict.into()).await?;
    Ok(known.show(&ShownReplay::from(replay::find(&app, &member, &id, &replay).await?)))
}

impl From<VerdictName> for Verdict {
    fn from(name: VerdictName) -> Self {
        match name {
            VerdictName::Pending => Self::Pending,
            VerdictName::Approved => Self::Approved,
            VerdictName::Rejected => Self::Rejected,
        }
    }
}

impl From<Verdict> for VerdictName {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pending => Self::Pending,
            Verdict::Approved => Self::Approved,
            Verdict::Rejected => Self::Rejected,
        }
    }
}

impl From<Whole> for ShownReplay {
    fn from(whole: Whole) -> Self {
        let Whole { replay, verdicts, interrupted } = whole;
        Self {
            id: replay.id,
            plugin_id: replay.plugin_id,
            version: replay.version,
            state: match replay.state {
                ReplayState::Done => ReplayProgress::Done,
                ReplayState::Running if !interrupted => ReplayProgress::Running,
                ReplayState::Running | ReplayState::Failed => ReplayProgress::Failed,
            },
            conversations: replay.conversations,
            turns: replay.turns,
            done: replay.done,
            skipped: replay.skipped,
            pending: verdicts.pending,
            approved: verdicts.approved,
            rejected: verdicts.rejected,
            started_by: replay.started_by,
            created_at: replay.created_at.into(),
        }
    }
}

impl From<Shown> for ShownDifference {
    fn from(Shown { row, differs }: Shown) -> Self {
        let lines = |lines: Vec<Line>| {
            lines
                .into_iter()
                .map(|Line { what, text }| ReplayLine { what: what.strip_prefix("action-").map_or_else(|| what.clone(), str::to_owned), text })
                .collect()
        };
        Self {
            id: row.id,
            turn_id: row.turn_id,
            conversation_id: row.conversation_id,
            kind: match row.kind {
                DifferenceKind::Said => DifferenceName::Said,
                DifferenceKind::Done => DifferenceName::Done,
                DifferenceKind::State => DifferenceName::State,
                DifferenceKind::Failed => DifferenceName::Failed,
                DifferenceKind::Unrecorded => DifferenceName::Unrecorded,
            },
            before: lines(differs.before),
            after: lines(differs.after),
            verdict: row.verdict.into(),
            judged_by: row.judged_by,
        }
    }
}
