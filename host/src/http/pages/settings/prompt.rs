//! The instructions of the assistant: what counts now, what counted before, and going back to it.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use relevo_model::*;
use relevo_store::AgentPrompt;
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    console::prompts,
    identity::{Member, Refusal},
    web::{
        self, Page, Words,
        forms::{self, Fields, Form},
        templates::Template,
        when::{Moment, moment},
    },
};

/// Versions on a page.
const SHOWN: i64 = 20;

#[derive(Deserialize)]
pub struct From {
    before: Option<i64>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    text: String,
    /// Zero where none was written yet.
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// The version that counted when this one was looked at.
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Serialize)]
pub struct PromptPage {
    form: Fields,
    /// The one that counts; zero where none was written yet.
    current: i64,
    versions: Vec<VersionView>,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct VersionView {
    id: String,
    version: i64,
    active: bool,
    by: Option<String>,
    at: Moment,
}

#[derive(Serialize)]
pub struct PromptVersionPage {
    prompt: VersionView,
    text: String,
    current: i64,
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Query(from): Query<From>) -> web::Result {
    let now = active(&app, &member).await?;
    let shown = view(&page, &app, &member, Fields::of(&entered(now)), from.before).await?;
    page.show(&shown)
}

pub async fn write(page: Page, member: Member, State(app): State<App>, Form(form): Form<Entered>) -> web::Result {
    match prompts::write(&app, &member, &form.text, Some(form.version)).await {
        Ok(prompt) => Ok(page.done("/settings/prompt", Words::from("prompt-saved").with("version", prompt.version))),
        Err(error) => {
            let form = page.overtaken(&form, &entered(active(&app, &member).await?), error)?;
            page.again(&view(&page, &app, &member, form, None).await?)
        }
    }
}

pub async fn show_one(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let prompt = prompts::find(&app, &member, &named(&id)?).await?;
    let current = active(&app, &member).await?.map_or(0, |now| now.version);
    let names = names(&app, std::slice::from_ref(&prompt)).await?;
    page.show(&PromptVersionPage { text: prompt.text.clone(), prompt: version(&page, &app, &names, prompt), current })
}

/// Goes back to an earlier version: its text counts again, as the next one.
pub async fn restore(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Restored>) -> web::Result {
    let prompt = prompts::restore(&app, &member, &named(&id)?, Some(form.version)).await?;
    Ok(page.done("/settings/prompt", Words::from("prompt-restored").with("version", prompt.version)))
}

fn entered(now: Option<AgentPrompt>) -> Entered {
    now.map_or_else(Entered::default, |now| Entered { text: now.text, version: now.version })
}

async fn active(app: &App, member: &Member) -> web::Result<Option<AgentPrompt>> {
    Ok(prompts::list(app, member, None, 1).await?.into_iter().next())
}

async fn view(page: &Page, app: &App, member: &Member, form: Fields, before: Option<i64>) -> web::Result<PromptPage> {
    let current = active(app, member).await?.map_or(0, |now| now.version);
    let mut versions = prompts::list(app, member, before, SHOWN + 1).await?;
    let more = versions.len() > SHOWN as usize;
    versions.truncate(SHOWN as usize);
    let names = names(app, &versions).await?;
    Ok(PromptPage {
        form,
        current,
        before: before.map(|_| "/settings/prompt".to_owned()).unwrap_or_default(),
        after: versions.last().filter(|_| more).map(|last| format!("/settings/prompt?before={}", last.version)).unwrap_or_default(),
        versions: versions.into_iter().map(|prompt| version(page, app, &names, prompt)).collect(),
    })
}

fn version(page: &Page, app: &App, names: &HashMap<String, String>, prompt: AgentPrompt) -> VersionView {
    VersionView {
        id: prompt.id.to_string(),
        version: prompt.version,
        active: prompt.active,
        by: names.get(&prompt.created_by).cloned(),
        at: moment(page.visitor.lang, app.clock.now(), prompt.created_at),
    }
}

/// The names of the people who wrote these. Programs have none here.
async fn names(app: &App, prompts: &[AgentPrompt]) -> web::Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    let mut read = app.store.platform().read().await?;
    for id in prompts.iter().map(|prompt| &prompt.created_by) {
        let Ok(user) = id.parse::<UserId>() else { continue };
        if !names.contains_key(id)
            && let Some(user) = read.people().find(&user).await?
        {
            names.insert(id.clone(), user.name);
        }
    }
    Ok(names)
}

fn named(id: &str) -> Result<PromptId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

#[cfg(test)]
fn sample(active: bool) -> VersionView {
    let at = Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
    VersionView { id: "v".into(), version: 3, active, by: active.then(|| "<b>".into()), at }
}

impl Template for PromptPage {
    const NAME: &'static str = "pages/prompt.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::web::forms::Wrong;

        let form = Fields::of(&Entered { text: "<script>".into(), version: 3 });
        let after = String::from("/settings/prompt?before=1");
        vec![
            Self { form: form.clone(), current: 3, versions: vec![sample(true), sample(false)], before: "/settings/prompt".into(), after },
            Self {
                form: form.refused("es", Wrong::at("text", "field-required")),
                current: 0,
                versions: Vec::new(),
                before: String::new(),
                after: String::new(),
            },
        ]
    }
}

impl Template for PromptVersionPage {
    const NAME: &'static str = "pages/prompt_version.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        [true, false].map(|active| Self { prompt: sample(active), text: "<script>\n".into(), current: 4 }).into()
    }
}
