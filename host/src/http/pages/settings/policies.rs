//! What a business promises, and how it speaks: its policies, with what they were before.

use axum::extract::{Path, Query, State};
use relevo_model::*;
use relevo_store::{Policy, PolicyVersion};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    console::policies::{self, Draft, KINDS},
    identity::{Member, Refusal},
    texts::{self, Args},
    web::{
        self, Page, Words,
        forms::{self, Choice, Fields, Form},
        templates::Template,
        when::{Moment, moment},
    },
};

/// Policies on a page, and versions of one.
const SHOWN: i64 = 50;

#[derive(Deserialize)]
pub struct From {
    after: Option<String>,
}

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    kind: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    kind: String,
    title: String,
    text: String,
    #[serde(default, deserialize_with = "forms::on")]
    active: bool,
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Serialize)]
pub struct PoliciesPage {
    rows: Vec<RowView>,
    /// Kinds that every business has a use for, and this one has not yet.
    missing: Vec<Choice>,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    kind: String,
    title: String,
    active: bool,
    version: i64,
    changed: Moment,
}

#[derive(Serialize)]
pub struct PolicyPage {
    form: Fields,
    kinds: Vec<Choice>,
    /// None of one that is not written yet.
    policy: Option<PolicyView>,
}

#[derive(Serialize)]
struct PolicyView {
    id: String,
    title: String,
    /// What it was before, newest first.
    earlier: Vec<VersionView>,
}

#[derive(Serialize)]
struct VersionView {
    version: i64,
    title: String,
    text: String,
    at: Moment,
}

pub async fn list(page: Page, member: Member, State(app): State<App>, Query(from): Query<From>) -> web::Result {
    let after: Option<PolicyId> = from.after.map(|id| named(&id)).transpose()?;
    let mut policies = policies::list(&app, &member, after.as_ref(), SHOWN + 1).await?;
    let more = policies.len() > SHOWN as usize;
    policies.truncate(SHOWN as usize);
    let next = policies.last().filter(|_| more).map(|last| format!("/settings/policies?after={}", last.id));
    // Only where all of them are seen it is known which are missing.
    let whole = after.is_none() && next.is_none();
    let missing = KINDS.iter().filter(|kind| whole && !policies.iter().any(|policy| policy.kind == **kind));
    let row = |policy: Policy| RowView {
        id: policy.id.to_string(),
        kind: kind_name(&page, &policy.kind),
        title: policy.title,
        active: policy.active,
        version: policy.version,
        changed: moment(page.visitor.lang, app.clock.now(), policy.updated_at),
    };
    page.show(&PoliciesPage {
        missing: missing.map(|kind| Choice { hint: Some(page.say(&format!("policy-{kind}-hint"))), ..Choice::new(kind, kind_name(&page, kind)) }).collect(),
        rows: policies.into_iter().map(row).collect(),
        before: after.map(|_| "/settings/policies".to_owned()).unwrap_or_default(),
        after: next.unwrap_or_default(),
    })
}

pub async fn show_new(page: Page, Query(wanted): Query<Wanted>) -> web::Result {
    let known = KINDS.contains(&&*wanted.kind);
    let title = if known { kind_name(&page, &wanted.kind) } else { String::new() };
    let kind = if known { wanted.kind } else { KINDS[0].to_owned() };
    let form = Fields::of(&Entered { title, active: true, kind: kind.clone(), ..Entered::default() });
    page.show(&PolicyPage { form, kinds: kinds(&page, &kind), policy: None })
}

pub async fn create(page: Page, member: Member, State(app): State<App>, Form(form): Form<Entered>) -> web::Result {
    match policies::create(&app, &member, draft(&form)).await {
        Ok(policy) => Ok(page.done("/settings/policies", Words::from("policy-saved").with("title", policy.title))),
        Err(error) => page.again(&PolicyPage { kinds: kinds(&page, &form.kind), form: page.refused(&form, error)?, policy: None }),
    }
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let policy = policies::find(&app, &member, &named(&id)?).await?;
    let shown = view(&page, &app, &member, &policy, Fields::of(&entered(&policy))).await?;
    page.show(&shown)
}

/// Makes the next version of it.
pub async fn save(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Entered>) -> web::Result {
    let before = policies::find(&app, &member, &named(&id)?).await?;
    match policies::save(&app, &member, &before.id, draft(&form), Some(form.version)).await {
        Ok(policy) => Ok(page.done("/settings/policies", Words::from("policy-saved").with("title", policy.title))),
        Err(error) => {
            let form = page.overtaken(&form, &entered(&before), error)?;
            page.again(&view(&page, &app, &member, &before, form).await?)
        }
    }
}

fn entered(policy: &Policy) -> Entered {
    let Policy { kind, title, text, active, version, .. } = policy.clone();
    Entered { kind, title, text, active, version }
}

fn draft(form: &Entered) -> Draft {
    Draft { kind: form.kind.clone(), title: form.title.clone(), text: form.text.clone(), active: form.active }
}

async fn view(page: &Page, app: &App, member: &Member, policy: &Policy, form: Fields) -> web::Result<PolicyPage> {
    let versions = policies::versions(app, member, &policy.id, Some(policy.version), SHOWN).await?;
    let (lang, now) = (page.visitor.lang, app.clock.now());
    let earlier = |row: PolicyVersion| VersionView { version: row.version, title: row.title, text: row.text, at: moment(lang, now, row.created_at) };
    let earlier = versions.into_iter().map(earlier).collect();
    let kinds = kinds(page, &policy.kind);
    Ok(PolicyPage { form, kinds, policy: Some(PolicyView { id: policy.id.to_string(), title: policy.title.clone(), earlier }) })
}

/// The kinds that are known, and the one that was chosen.
fn kinds(page: &Page, chosen: &str) -> Vec<Choice> {
    let own = (!KINDS.contains(&chosen) && !chosen.is_empty()).then_some(chosen);
    KINDS.iter().copied().chain(own).map(|kind| Choice::new(kind, kind_name(page, kind))).collect()
}

/// What a kind is called; the name that a business gave one of its own stays as it is.
fn kind_name(page: &Page, kind: &str) -> String {
    let known = KINDS.contains(&kind).then(|| texts::find(page.visitor.lang, &format!("policy-{kind}"), &Args::new())).flatten();
    known.unwrap_or_else(|| kind.to_owned())
}

fn named(id: &str) -> Result<PolicyId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

#[cfg(test)]
fn sample_at() -> Moment {
    Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() }
}

impl Template for PoliciesPage {
    const NAME: &'static str = "pages/policies.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let row = |active| RowView { id: "p".into(), kind: "Envíos".into(), title: "<script>".into(), active, version: 2, changed: sample_at() };
        let missing = vec![Choice { hint: Some("<b>".into()), ..Choice::new("refund", "Devoluciones") }];
        let after = String::from("/settings/policies?after=p");
        vec![
            Self { rows: vec![row(true), row(false)], missing: Vec::new(), before: "/settings/policies".into(), after },
            Self { rows: Vec::new(), missing, before: String::new(), after: String::new() },
        ]
    }
}

impl Template for PolicyPage {
    const NAME: &'static str = "pages/policy.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::web::forms::Wrong;

        let form = Fields::of(&Entered { kind: "shipping".into(), title: "<script>".into(), active: true, ..Entered::default() });
        let kinds = || vec![Choice::new("shipping", "Envíos"), Choice::new("own_kind", "own_kind")];
        let earlier = || vec![VersionView { version: 1, title: "<b>".into(), text: "<i>\n".into(), at: sample_at() }];
        let policy = |earlier| Some(PolicyView { id: "p".into(), title: "<b>".into(), earlier });
        let wrong = ["kind", "title", "text"].map(|field| (field.to_owned(), "field-policy-kind".into()));
        let refused = form.clone().refused("es", Wrong { fields: wrong.into(), whole: Some("problem-stale".into()) });
        vec![
            Self { form: form.clone(), kinds: kinds(), policy: None },
            Self { form, kinds: kinds(), policy: policy(earlier()) },
            Self { form: refused, kinds: kinds(), policy: policy(Vec::new()) },
        ]
    }
}
