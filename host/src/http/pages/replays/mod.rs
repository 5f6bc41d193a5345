//! Replays of a plugin: which version is tried on which conversations, how far it is, and every difference to be decided about.

mod differences;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{Html, IntoResponse, Redirect},
};
use relevo_model::*;
use serde::{Deserialize, Serialize};

use super::plugins::head::Head;
use crate::{
    app::App,
    console::plugins,
    http::{
        NEVER_KEPT,
        routes::{Access, Routes},
    },
    identity::{Member, Refusal},
    policy::Permission,
    replay::{self, Answered, Selection, Whole},
    web::{
        self, Page,
        forms::{self, Choice, Fields, Form},
        is_part,
        templates::{self, Template},
        when::{Moment, moment},
    },
};

#[cfg(test)]
pub use differences::ReplayPage;

/// Conversations that are tried when nobody says how many.
const USUAL: i64 = 20;
/// Conversations to choose from, and characters of what was said last in each.
const OFFERED: i64 = 30;
const WORDS: usize = 80;

pub fn routes() -> Routes {
    const PLUGINS: Access = Access::Permission(Permission::UploadPlugins);
    Routes::new()
        .get("/plugins/{plugin}/replay", PLUGINS, list)
        .post("/plugins/{plugin}/replay", PLUGINS, start)
        .get("/plugins/{plugin}/replay/{replay}", PLUGINS, differences::show)
        .get("/plugins/{plugin}/replay/{replay}/progress", PLUGINS, progress)
        .post("/plugins/{plugin}/replay/{replay}/verdict", PLUGINS, differences::judge_rest)
        .post("/plugins/{plugin}/replay/{replay}/differences/{difference}", PLUGINS, differences::judge)
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    version: String,
    #[serde(deserialize_with = "forms::number")]
    last: i64,
    /// These in place of the last ones.
    #[serde(default, deserialize_with = "forms::many")]
    conversations: Vec<String>,
}

#[derive(Serialize)]
pub struct ReplaysPage {
    plugin: Head,
    form: Fields,
    versions: Vec<Choice>,
    /// In which it answered last.
    conversations: Vec<Choice>,
    rows: Vec<ReplayView>,
    /// A version is activated only when its replay was approved.
    required: bool,
}

/// A replay in words.
#[derive(Serialize)]
pub struct ReplayView {
    id: String,
    plugin: String,
    version: String,
    at: Moment,
    /// running, done or failed.
    state: &'static str,
    conversations: i64,
    turns: i64,
    done: i64,
    skipped: i64,
    /// In percent.
    share: i64,
    pending: i64,
    approved: i64,
    rejected: i64,
}

/// What changes while it runs.
#[derive(Serialize)]
pub struct ProgressPart {
    replay: ReplayView,
}

/// Lists the replays of a plugin, and begins one.
pub async fn list(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let shown = replays_page(&page, &app, &member, &id, None).await?;
    page.show(&shown)
}

pub async fn start(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Start>) -> web::Result {
    let chosen = form.conversations.iter().map(|id| id.parse().map_err(|_| Refusal::NotFound)).collect::<Result<Vec<ConversationId>, _>>()?;
    let selection = if chosen.is_empty() { Selection::Last(u32::try_from(form.last).unwrap_or(0)) } else { Selection::Conversations(chosen) };
    match replay::start(&app, &member, &id, &form.version, selection).await {
        Ok(replay) => Ok(page.done(&format!("/plugins/{id}/replay/{replay}"), "replay-started")),
        Err(error) => {
            let form = page.refused(&form, error)?;
            page.again(&replays_page(&page, &app, &member, &id, Some(form)).await?)
        }
    }
}

/// How far it is; what asked is shown anew once it is over.
pub async fn progress(page: Page, member: Member, State(app): State<App>, Path((id, replay)): Path<(String, String)>, headers: HeaderMap) -> web::Result {
    let whole = replay::find(&app, &member, &id, &named(&replay)?).await?;
    if !is_part(&headers) {
        return Ok(Redirect::to(&format!("/plugins/{id}/replay/{replay}")).into_response());
    }
    let part = ProgressPart { replay: view(&page, &app, &whole) };
    if part.replay.state != "running" {
        let anew = (HeaderName::from_static("hx-refresh"), HeaderValue::from_static("true"));
        return Ok(([NEVER_KEPT, anew], ()).into_response());
    }
    let html = templates::render(page.visitor, &part).map_err(web::Error::Broken)?;
    Ok(([NEVER_KEPT], Html(html)).into_response())
}

async fn replays_page(page: &Page, app: &App, member: &Member, id: &str, form: Option<Fields>) -> web::Result<ReplaysPage> {
    let detail = plugins::find(app, member, id).await?;
    let versions = versions(&detail);
    let newest = versions.first().map(|choice| choice.value.clone()).unwrap_or_default();
    Ok(ReplaysPage {
        plugin: Head::new(page, member, &detail.plugin, "plugin-tab-replay"),
        form: form.unwrap_or_else(|| Fields::of(&Start { version: newest, last: USUAL, conversations: Vec::new() })),
        versions,
        conversations: replay::answered(app, member, id, OFFERED).await?.into_iter().map(|answered| conversation(page, app, answered)).collect(),
        rows: replay::list(app, member, id).await?.iter().map(|whole| view(page, app, whole)).collect(),
        required: detail.plugin.requires_replay,
    })
}

/// The versions that can be run, the newest upload first.
pub fn versions(detail: &plugins::Detail) -> Vec<Choice> {
    let uploaded = detail.versions.iter().filter(|version| version.state == VersionState::Ready).map(|version| version.version.clone());
    let own = detail.plugin.active.clone().filter(|active| !detail.versions.iter().any(|version| version.version == *active));
    uploaded.chain(own).map(|version| Choice::new(&version, version.clone())).collect()
}

/// By who it is with, when something was said last, and what.
fn conversation(page: &Page, app: &App, answered: Answered) -> Choice {
    let said: String = answered.words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect();
    let at = answered.at.map(|at| moment(page.visitor.lang, app.clock.now(), at).text);
    let hint: Vec<String> = at.into_iter().chain([said]).filter(|part| !part.is_empty()).collect();
    let text = answered.customer.unwrap_or_else(|| page.say("customer-unknown"));
    Choice { hint: Some(hint.join(" · ")), ..Choice::new(answered.id, text) }
}

fn view(page: &Page, app: &App, whole: &Whole) -> ReplayView {
    let Whole { replay, verdicts, interrupted } = whole;
    ReplayView {
        id: replay.id.to_string(),
        plugin: replay.plugin_id.clone(),
        version: replay.version.clone(),
        at: moment(page.visitor.lang, app.clock.now(), replay.created_at),
        state: match replay.state {
            ReplayState::Running if *interrupted => "failed",
            state => state.as_str(),
        },
        conversations: replay.conversations,
        turns: replay.turns,
        done: replay.done,
        skipped: replay.skipped,
        share: replay.done * 100 / replay.turns.max(1),
        pending: verdicts.pending,
        approved: verdicts.approved,
        rejected: verdicts.rejected,
    }
}

fn named(id: &str) -> Result<ReplayId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

impl Template for ReplaysPage {
    const NAME: &'static str = "pages/replays.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let versions = || vec![Choice::new("1.1.0", "1.1.0")];
        let form = || Fields::of(&Start { version: "1.1.0".into(), last: USUAL, conversations: vec!["c".into()] });
        let conversations = vec![Choice { hint: Some("<script>".into()), ..Choice::new("c", "<script>") }];
        let rows = ["running", "done", "failed"].map(ReplayView::sample).into();
        vec![
            Self { plugin: Head::sample(), form: form(), versions: versions(), conversations, rows, required: true },
            Self { plugin: Head::sample(), form: form(), versions: Vec::new(), conversations: Vec::new(), rows: Vec::new(), required: false },
        ]
    }
}

impl Template for ProgressPart {
    const NAME: &'static str = "partials/replay_progress.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { replay: ReplayView::sample("running") }]
    }
}

#[cfg(test)]
impl ReplayView {
    fn sample(state: &'static str) -> Self {
        let at = Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        let (id, plugin, version) = ("r".into(), "p".into(), "<b>".into());
        Self { id, plugin, version, at, state, conversations: 2, turns: 9, done: 4, skipped: 1, share: 44, pending: 1, approved: 1, rejected: 1 }
    }
}
