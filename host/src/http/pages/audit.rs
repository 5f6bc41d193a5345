//! Who did what in a business, newest first.

use std::collections::{BTreeSet, HashMap};

use axum::extract::{Query, State};
use relevo_model::*;
use relevo_store::Audit;
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    identity::{Member, Refusal},
    texts::{self, Args},
    web::{
        self, Page,
        templates::Template,
        when::{Moment, moment},
    },
};

/// Lines on a page.
const SHOWN: usize = 50;
/// Keys whose names are looked up.
const KEYS: i64 = 500;

#[derive(Deserialize)]
pub struct From {
    before: Option<String>,
}

#[derive(Serialize)]
pub struct AuditPage {
    lines: Vec<LineView>,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct LineView {
    who: String,
    what: String,
    /// Whom or what it was done to, where that has a name.
    to: Option<String>,
    at: Moment,
}

pub async fn list(page: Page, member: Member, State(app): State<App>, Query(from): Query<From>) -> web::Result {
    let now = app.clock.now();
    let before: Option<AuditId> = from.before.map(|id| id.parse().map_err(|_| Refusal::NotFound)).transpose()?;
    let mut lines = app.door.audit(&member.tenant, before.as_ref(), SHOWN + 1).await?;
    let more = lines.len() > SHOWN;
    lines.truncate(SHOWN);
    let names = names(&app, &member, &lines).await?;
    let next = lines.last().filter(|_| more).map(|last| format!("/audit?before={}", last.id));
    let view = |line: Audit| LineView {
        who: names.get(&line.actor).cloned().unwrap_or_else(|| actor(&page, &line.actor)),
        what: action(&page, &line.action),
        to: line.subject.filter(|subject| *subject != line.actor).and_then(|subject| match names.get(&subject) {
            Some(name) => Some(name.clone()),
            // A plugin's id is a name too, and stays when the plugin is gone.
            None => line.action.starts_with("plugin.").then_some(subject),
        }),
        at: moment(page.visitor.lang, now, line.created_at),
    };
    page.show(&AuditPage {
        lines: lines.into_iter().map(view).collect(),
        before: before.map(|_| "/audit".to_owned()).unwrap_or_default(),
        after: next.unwrap_or_default(),
    })
}

/// The names of the people, the keys and the things that these lines tell of.
async fn names(app: &App, member: &Member, lines: &[Audit]) -> web::Result<HashMap<String, String>> {
    let mut read = app.store.platform().read().await?;
    let mut names: HashMap<String, String> =
        read.api_keys().list_of(&member.tenant, None, KEYS).await?.into_iter().map(|key| (key.id.to_string(), key.name)).collect();
    let ids: BTreeSet<&String> = lines.iter().flat_map(|line| [Some(&line.actor), line.subject.as_ref()]).flatten().collect();
    for id in ids {
        let Ok(user) = id.parse::<UserId>() else { continue };
        if !names.contains_key(id)
            && let Some(user) = read.people().find(&user).await?
        {
            names.insert(id.clone(), user.name);
        }
    }
    drop(read);
    let mut cell = app.store.cell(&member.tenant).await?.read().await?;
    for subject in lines.iter().filter_map(|line| line.subject.as_ref()) {
        if !names.contains_key(subject)
            && let Some(name) = cell.audit_log().name_of(subject).await?
        {
            names.insert(subject.clone(), name);
        }
    }
    Ok(names)
}

/// Somebody who is not here any more, or no person: a command, a task of ours.
fn actor(page: &Page, actor: &str) -> String {
    page.say(if actor.parse::<UserId>().is_ok() { "audit-somebody" } else { "audit-machine" })
}

/// What was done, in words; what nobody put into words yet as the log has it.
fn action(page: &Page, action: &str) -> String {
    let key = format!("audit-{}", action.replace('.', "-"));
    texts::find(page.visitor.lang, &key, &Args::new()).unwrap_or_else(|| action.to_owned())
}

impl Template for AuditPage {
    const NAME: &'static str = "pages/audit.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let at = || Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        let line = |to: Option<&str>| LineView { who: "<script>".into(), what: "invitó".into(), to: to.map(str::to_owned), at: at() };
        vec![
            Self { lines: vec![line(None), line(Some("<b>"))], before: "/audit".into(), after: "/audit?before=a".into() },
            Self { lines: Vec::new(), before: String::new(), after: String::new() },
        ]
    }
}
