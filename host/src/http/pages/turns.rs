//! Turns as they ran: those of a conversation, and each with its event, its calls, what it did and what it keeps.

use axum::extract::{Path, Query, State};
use relevo_model::*;
use relevo_store::{Message, RecordedTurn};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    console::{inbox, plugin_tests, turns},
    http::{
        routes::{Access, Routes},
        simulator::inspector::{self, Ran},
    },
    identity::{Member, Refusal},
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{Choice, Fields, Form},
        templates::Template,
        when::{Moment, moment},
    },
};

/// Turns on a page.
const SHOWN: usize = 30;
/// Characters of what somebody wrote, in a list.
const WORDS: usize = 120;

pub fn routes() -> Routes {
    const FLOWS: Access = Access::Permission(Permission::ConfigureFlows);
    Routes::new()
        .get("/conversations/{conversation}/turns", FLOWS, list)
        .post("/conversations/{conversation}/tests", Access::Permission(Permission::UploadPlugins), save_test)
        .get("/turns/{turn}", FLOWS, show)
}

#[derive(Deserialize)]
pub struct From {
    before: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TestForm {
    name: String,
    plugin: String,
}

#[derive(Serialize)]
pub struct TurnsPage {
    conversation: String,
    customer: Option<String>,
    rows: Vec<RowView>,
    before: String,
    after: String,
    form: Fields,
    /// The plugins that answered here; none where it is not this one's to keep tests.
    plugins: Vec<Choice>,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    at: Moment,
    /// The key of what kind of event it was.
    kind: &'static str,
    words: String,
    state: &'static str,
    plugin: Option<String>,
    replayable: bool,
}

#[derive(Serialize)]
pub struct TurnPage {
    id: String,
    conversation: String,
    customer: Option<String>,
    at: Moment,
    kind: &'static str,
    words: Vec<String>,
    state: &'static str,
    attempts: i64,
    error: Option<String>,
    previous: Option<String>,
    next: Option<String>,
    /// What stood around it.
    around: Vec<Fact>,
    ran: Option<Ran>,
}

/// One thing that was so when the turn began; `label` is the key of its name.
#[derive(Serialize)]
struct Fact {
    label: &'static str,
    text: String,
}

/// Lists the turns of a conversation.
pub async fn list(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Query(from): Query<From>) -> web::Result {
    let shown = turns_page(&page, &app, &member, &named(&id)?, from.before.as_deref(), Fields::default()).await?;
    page.show(&shown)
}

/// Keeps the conversation as a test of a plugin that answered in it.
pub async fn save_test(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<TestForm>) -> web::Result {
    let conversation = named(&id)?;
    match plugin_tests::save(&app, &member, &form.plugin, &conversation, &form.name).await {
        Ok(test) => Ok(page.done(&format!("/plugins/{}/tests", test.plugin_id), Words::from("test-saved").with("name", test.name))),
        Err(error) => {
            let form = page.refused(&form, error)?;
            page.again(&turns_page(&page, &app, &member, &conversation, None, form).await?)
        }
    }
}

/// Shows a turn, and leads to the one before and the one after.
pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let id: TurnId = id.parse().map_err(|_| Refusal::NotFound)?;
    let found = turns::find(&app, &member, &id).await?;
    let conversation = found.conversation.id;
    let turn = &found.turn.turn;
    let (kind, words) = event(&turn.event.0);
    let around = found.journal.as_ref().and_then(|journal| journal.flows.first()).map_or_else(Vec::new, |flow| {
        let context = &flow.context;
        let fact = |label, text: String| Fact { label, text };
        vec![
            fact("turn-time", web::when::exact(context.now)),
            fact("turn-locale", context.locale.clone()),
            fact("turn-config-version", context.config_version.to_string()),
            fact("turn-config", context.settings.clone()),
            fact("turn-customer", context.attributes.to_string()),
            fact("turn-labels", context.labels.join(", ")),
        ]
    });
    let said: Vec<&Message> = found.said.iter().collect();
    page.show(&TurnPage {
        id: id.to_string(),
        customer: customer(&app, &member, &conversation).await?,
        conversation: conversation.to_string(),
        at: moment(page.visitor.lang, app.clock.now(), turn.created_at),
        kind,
        words,
        state: turn.state.as_str(),
        attempts: turn.attempts,
        error: turn.error.clone(),
        previous: found.previous.map(|id| id.to_string()),
        next: found.next.map(|id| id.to_string()),
        around: around.into_iter().filter(|fact| !matches!(fact.text.as_str(), "" | "{}" | "null")).collect(),
        ran: found.journal.filter(|journal| !journal.flows.is_empty()).map(|journal| inspector::ran(journal, &said)),
    })
}

async fn turns_page(page: &Page, app: &App, member: &Member, id: &ConversationId, before: Option<&str>, form: Fields) -> web::Result<TurnsPage> {
    let from: Option<TurnId> = before.map(|id| id.parse().map_err(|_| Refusal::NotFound)).transpose()?;
    let mut found = turns::list(app, member, id, from.as_ref(), i64::try_from(SHOWN).unwrap_or(0) + 1).await?;
    let more = found.len() > SHOWN;
    found.truncate(SHOWN);
    let next = found.last().filter(|_| more).map(|last| format!("/conversations/{id}/turns?before={}", last.turn.id));
    let mut plugins: Vec<&String> = found.iter().filter_map(|recorded| recorded.turn.plugin_id.as_ref()).collect();
    plugins.sort_unstable();
    plugins.dedup();
    let keeps = member.may(Permission::UploadPlugins, None);
    Ok(TurnsPage {
        conversation: id.to_string(),
        customer: customer(app, member, id).await?,
        plugins: plugins.into_iter().filter(|_| keeps).map(|plugin| Choice::new(plugin, plugin.clone())).collect(),
        rows: found.iter().map(|recorded| row(page, app, recorded)).collect(),
        before: from.map(|_| format!("/conversations/{id}/turns")).unwrap_or_default(),
        after: next.unwrap_or_default(),
        form,
    })
}

fn row(page: &Page, app: &App, recorded: &RecordedTurn) -> RowView {
    let turn = &recorded.turn;
    let (kind, words) = event(&turn.event.0);
    RowView {
        id: turn.id.to_string(),
        at: moment(page.visitor.lang, app.clock.now(), turn.created_at),
        kind,
        words: words.join(" · ").chars().take(WORDS).collect(),
        state: turn.state.as_str(),
        plugin: turn.plugin_id.as_ref().map(|plugin| format!("{plugin} {}", turn.plugin_version.as_deref().unwrap_or_default())),
        replayable: recorded.replayable,
    }
}

/// The key of its kind, and what was said in it.
fn event(event: &TurnEvent) -> (&'static str, Vec<String>) {
    match event {
        TurnEvent::Messages { items, .. } => ("event-messages", items.iter().map(|item| item.content.words().to_owned()).collect()),
        TurnEvent::Timer { name, payload, .. } => ("event-timer", vec![format!("{name} {payload}")]),
        TurnEvent::ReturnedToBot { reason, .. } => ("event-returned", vec![reason.clone()]),
    }
}

async fn customer(app: &App, member: &Member, id: &ConversationId) -> web::Result<Option<String>> {
    inbox::find(app, member, id).await?;
    let context = app.store.cell(&member.tenant).await?.read().await?.conversations().context(id).await?;
    Ok(context.and_then(|context| context.customer_name))
}

fn named(id: &str) -> Result<ConversationId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

impl Template for TurnsPage {
    const NAME: &'static str = "pages/turns.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let row = |state, plugin: Option<&str>, replayable| RowView {
            id: "t".into(),
            at: sample_at(),
            kind: "event-messages",
            words: "<script>".into(),
            state,
            plugin: plugin.map(str::to_owned),
            replayable,
        };
        vec![
            Self {
                conversation: "c".into(),
                customer: Some("<b>".into()),
                rows: vec![row("done", Some("storefront 1.0.0"), true), row("dead", None, false)],
                before: "/conversations/c/turns".into(),
                after: "/conversations/c/turns?before=t".into(),
                form: Fields::default(),
                plugins: vec![Choice::new("storefront", "storefront")],
            },
            Self {
                conversation: "c".into(),
                customer: None,
                rows: Vec::new(),
                before: String::new(),
                after: String::new(),
                form: Fields::default(),
                plugins: Vec::new(),
            },
        ]
    }
}

impl Template for TurnPage {
    const NAME: &'static str = "pages/turn.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let turn = |ran: Option<Ran>| Self {
            id: "t".into(),
            conversation: "c".into(),
            customer: Some("<b>".into()),
            at: sample_at(),
            kind: "event-messages",
            words: vec!["<script>".into()],
            state: "done",
            attempts: 2,
            error: ran.is_none().then(|| "trap".to_owned()),
            previous: ran.as_ref().map(|_| "s".to_owned()),
            next: ran.as_ref().map(|_| "u".to_owned()),
            around: vec![Fact { label: "turn-locale", text: "es".into() }],
            ran,
        };
        vec![turn(Some(crate::http::simulator::samples::ran())), turn(None)]
    }
}

#[cfg(test)]
fn sample_at() -> Moment {
    Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() }
}
