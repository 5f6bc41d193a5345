//! One replay: each difference side by side, to be approved or not.

use axum::extract::{Path, Query, State};
use relevo_model::*;
use serde::{Deserialize, Serialize};

use super::{ReplayView, named, view};
use crate::{
    app::App,
    http::pages::plugins::head::Head,
    identity::{Member, Refusal},
    replay::{self, Line, Shown},
    texts::{self, Args},
    web::{self, Page, forms::Form, templates::Template},
};

/// Differences on a page.
const SHOWN: usize = 30;

#[derive(Deserialize)]
pub struct From {
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    verdict: String,
}

#[derive(Serialize)]
pub struct ReplayPage {
    plugin: Head,
    replay: ReplayView,
    rows: Vec<DifferenceView>,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct DifferenceView {
    id: String,
    turn: String,
    kind: &'static str,
    before: Vec<LineView>,
    after: Vec<LineView>,
    verdict: &'static str,
}

#[derive(Serialize)]
struct LineView {
    /// What it is, in words; none for a name that has none.
    label: Option<String>,
    name: String,
    text: String,
}

/// Shows what differs, or how far it is.
pub async fn show(page: Page, member: Member, State(app): State<App>, Path((id, replay)): Path<(String, String)>, Query(from): Query<From>) -> web::Result {
    let replay = named(&replay)?;
    let whole = replay::find(&app, &member, &id, &replay).await?;
    let after: Option<DifferenceId> = from.after.map(|id| id.parse().map_err(|_| Refusal::NotFound)).transpose()?;
    let limit = i64::try_from(SHOWN).unwrap_or(0) + 1;
    let mut found = replay::list_differences(&app, &member, &id, &replay, after.as_ref(), limit).await?;
    let more = found.len() > SHOWN;
    found.truncate(SHOWN);
    let address = format!("/plugins/{id}/replay/{replay}");
    let next = found.last().filter(|_| more).map(|last| format!("{address}?after={}", last.row.id));
    page.show(&ReplayPage {
        plugin: Head::of(&page, &app, &member, &id, "plugin-tab-replay").await?,
        replay: view(&page, &app, &whole),
        rows: found.into_iter().map(|shown| difference(page.visitor.lang, shown)).collect(),
        before: after.map(|_| address).unwrap_or_default(),
        after: next.unwrap_or_default(),
    })
}

/// Decides about one.
pub async fn judge(
    page: Page,
    member: Member,
    State(app): State<App>,
    Path((id, replay, difference)): Path<(String, String, String)>,
    Form(form): Form<Judged>,
) -> web::Result {
    let difference: DifferenceId = difference.parse().map_err(|_| Refusal::NotFound)?;
    let verdict = verdict(&form)?;
    replay::judge(&app, &member, &id, &named(&replay)?, &difference, verdict).await?;
    Ok(page.done(&format!("/plugins/{id}/replay/{replay}#difference-{difference}"), said(verdict)))
}

/// Decides about all that nobody decided yet.
pub async fn judge_rest(
    page: Page,
    member: Member,
    State(app): State<App>,
    Path((id, replay)): Path<(String, String)>,
    Form(form): Form<Judged>,
) -> web::Result {
    let verdict = verdict(&form)?;
    replay::judge_rest(&app, &member, &id, &named(&replay)?, verdict).await?;
    Ok(page.done(&format!("/plugins/{id}/replay/{replay}"), said(verdict)))
}

fn verdict(form: &Judged) -> Result<Verdict, Refusal> {
    form.verdict.parse().map_err(|_| Refusal::NotFound)
}

const fn said(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pending => "replay-verdict-pending",
        Verdict::Approved => "replay-verdict-approved",
        Verdict::Rejected => "replay-verdict-rejected",
    }
}

fn difference(lang: &str, Shown { row, differs }: Shown) -> DifferenceView {
    let lines = |lines: Vec<Line>| lines.into_iter().map(|line| named_line(lang, line)).collect();
    DifferenceView {
        id: row.id.to_string(),
        turn: row.turn_id.to_string(),
        kind: row.kind.as_str(),
        before: lines(differs.before),
        after: lines(differs.after),
        verdict: row.verdict.as_str(),
    }
}

/// Actions have a name in every language, calls and values have their own.
fn named_line(lang: &str, Line { what, text }: Line) -> LineView {
    let label = if what.starts_with("action-") { texts::find(lang, &what, &Args::new()) } else { None };
    LineView { label, name: what, text }
}

impl Template for ReplayPage {
    const NAME: &'static str = "pages/replay.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let line = |what: &str| named_line("es", Line { what: what.into(), text: "<script>\n[Sí]".into() });
        let row = |kind, verdict| DifferenceView {
            id: "d".into(),
            turn: "t".into(),
            kind,
            before: vec![line("action-say")],
            after: vec![line("kv.put"), line("action-end")],
            verdict,
        };
        let empty = || DifferenceView { before: Vec::new(), ..row("unrecorded", "pending") };
        let page = |state, rows: Vec<DifferenceView>| Self {
            plugin: Head::sample(),
            replay: ReplayView::sample(state),
            rows,
            before: "/plugins/p/replay/r".into(),
            after: "/plugins/p/replay/r?after=d".into(),
        };
        vec![
            page("done", vec![row("said", "pending"), row("done", "approved"), row("state", "rejected"), row("failed", "pending"), empty()]),
            page("running", Vec::new()),
            page("failed", Vec::new()),
            page("done", Vec::new()),
        ]
    }
}
