//! Tickets: what flows ask people to see to; one with what became of it, to be taken on.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use relevo_model::*;
use relevo_store::{Ticket, TicketEvent, TicketFilter};
use serde::{Deserialize, Serialize};

use super::names;
use crate::{
    app::App,
    console::{
        Error,
        tickets::{self, Change, Whole},
    },
    http::routes::{Access, Routes},
    identity::{Member, Refusal},
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{self, Choice, Fields, Form},
        templates::Template,
        when::{Moment, moment},
    },
};

/// Tickets on a page.
const SHOWN: i64 = 50;
const STATES: [TicketStatus; 4] = [TicketStatus::New, TicketStatus::InProgress, TicketStatus::Resolved, TicketStatus::Closed];

pub fn routes() -> Routes {
    const SEE: Access = Access::Permission(Permission::SeeConversations);
    Routes::new().get("/tickets", SEE, list).get("/tickets/{ticket}", SEE, show).post("/tickets/{ticket}", Access::Permission(Permission::TakeOver), change)
}

/// Which of them are to be seen.
#[derive(Default, Deserialize, Serialize)]
pub struct Wanted {
    /// A state; all of them without.
    #[serde(default)]
    status: String,
    /// The last one of the page before.
    #[serde(default, skip_serializing)]
    after: Option<String>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    status: String,
    /// Somebody's id, or nobody's.
    assignee_id: String,
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Serialize)]
pub struct TicketsPage {
    rows: Vec<RowView>,
    form: Fields,
    states: Vec<Choice>,
    narrowed: bool,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    code: String,
    title: String,
    status: &'static str,
    priority: &'static str,
    test: bool,
    opened: Moment,
}

#[derive(Serialize)]
pub struct TicketPage {
    ticket: RowView,
    body: String,
    plugin: String,
    events: Vec<EventView>,
    form: Fields,
    states: Vec<Choice>,
    people: Vec<Choice>,
    /// Whoever looks may take it on.
    changeable: bool,
}

#[derive(Serialize)]
struct EventView {
    kind: String,
    /// What a comment says, or the state that it went to.
    text: String,
    by: String,
    at: Moment,
}

pub async fn list(page: Page, member: Member, State(app): State<App>, Query(wanted): Query<Wanted>) -> web::Result {
    // A state that is none is all of them: addresses are typed and kept.
    let status = wanted.status.parse::<TicketStatus>().ok();
    let last = match &wanted.after {
        Some(id) => Some(tickets::find(&app, &member, &named(id)?).await?.ticket),
        None => None,
    };
    let filter = TicketFilter { status, ..TicketFilter::ALL };
    let mut found = tickets::list(&app, &member, filter, last.as_ref().map(|last| (last.created_at, &last.id)), SHOWN + 1).await?;
    let more = found.len() > SHOWN as usize;
    found.truncate(SHOWN as usize);
    let address = |after: Option<&Ticket>| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(status.map(|status| ("status", status.as_str())));
        query.extend_pairs(after.map(|last| ("after", last.id.as_str())));
        format!("/tickets?{}", query.finish())
    };
    page.show(&TicketsPage {
        after: found.last().filter(|_| more).map(|last| address(Some(last))).unwrap_or_default(),
        before: last.map(|_| address(None)).unwrap_or_default(),
        rows: found.iter().map(|ticket| row(&page, &app, ticket)).collect(),
        states: [Choice::new("", page.say("tickets-all"))].into_iter().chain(states(&page)).collect(),
        narrowed: status.is_some(),
        form: Fields::of(&wanted),
    })
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let whole = tickets::find(&app, &member, &named(&id)?).await?;
    page.show(&view(&page, &app, &member, &whole, Fields::of(&entered(&whole.ticket))).await?)
}

pub async fn change(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Entered>) -> web::Result {
    let before = tickets::find(&app, &member, &named(&id)?).await?;
    let changed = match wanted(&form) {
        Ok(change) => tickets::change(&app, &member, &before.ticket.id, &change, Some(form.version)).await,
        Err(error) => Err(error),
    };
    match changed {
        Ok(ticket) => Ok(page.done(&format!("/tickets/{}", ticket.id), Words::from("ticket-saved").with("code", ticket.code))),
        Err(error) => {
            let form = page.overtaken(&form, &entered(&before.ticket), error)?;
            page.again(&view(&page, &app, &member, &before, form).await?)
        }
    }
}

fn entered(ticket: &Ticket) -> Entered {
    Entered { status: ticket.status.to_string(), assignee_id: ticket.assignee_id.clone().unwrap_or_default(), version: ticket.version }
}

fn wanted(form: &Entered) -> Result<Change, Error> {
    let status = form.status.parse().map_err(|_| Error::field("status", "problem-one-of-these"))?;
    let assignee = Some(form.assignee_id.as_str()).filter(|id| !id.is_empty()).map(str::parse).transpose();
    Ok(Change { status, assignee: assignee.map_err(|_| Error::field("assignee_id", "field-assignee"))? })
}

async fn view(page: &Page, app: &App, member: &Member, whole: &Whole, form: Fields) -> web::Result<TicketPage> {
    let ticket = &whole.ticket;
    let assigned = whole.events.iter().filter_map(|event| event.payload.0["to"].as_str());
    let told = whole.events.iter().map(|event| event.actor.as_str()).chain(assigned).chain(ticket.assignee_id.as_deref());
    let names = names::of(app, told.collect()).await?;
    let mut people = vec![Choice::new("", page.say("ticket-nobody"))];
    if let Some(person) = &page.person {
        people.push(Choice::new(person.id, page.say("ticket-me")));
    }
    if let Some(other) = ticket.assignee_id.as_ref().filter(|id| !people.iter().any(|choice| choice.value == **id)) {
        people.push(Choice::new(other, names.get(other).cloned().unwrap_or_else(|| page.say("audit-somebody"))));
    }
    Ok(TicketPage {
        body: ticket.body.clone(),
        plugin: ticket.plugin_id.clone(),
        events: whole.events.iter().map(|event| event_view(page, app, &names, event)).collect(),
        changeable: member.may(Permission::TakeOver, Some(ticket.service_point_id)),
        ticket: row(page, app, ticket),
        states: states(page).collect(),
        people,
        form,
    })
}

fn event_view(page: &Page, app: &App, names: &HashMap<String, String>, event: &TicketEvent) -> EventView {
    let payload = &event.payload.0;
    let text = match event.kind.as_str() {
        "comment" => payload["text"].as_str().unwrap_or_default().to_owned(),
        "status" => payload["to"].as_str().map(|status| page.say(&state_key(status))).unwrap_or_default(),
        "assigned" => match payload["to"].as_str() {
            Some(id) => names.get(id).cloned().unwrap_or_else(|| page.say("audit-somebody")),
            None => page.say("ticket-nobody"),
        },
        _ => String::new(),
    };
    let by = match event.actor.strip_prefix("plugin:") {
        Some(plugin) => plugin.to_owned(),
        None => names.get(&event.actor).cloned().unwrap_or_else(|| page.say("audit-somebody")),
    };
    EventView { kind: event.kind.clone(), text, by, at: moment(page.visitor.lang, app.clock.now(), event.created_at) }
}

fn row(page: &Page, app: &App, ticket: &Ticket) -> RowView {
    RowView {
        id: ticket.id.to_string(),
        code: ticket.code.clone(),
        title: ticket.title.clone(),
        status: ticket.status.as_str(),
        priority: ticket.priority.as_str(),
        test: ticket.is_test,
        opened: moment(page.visitor.lang, app.clock.now(), ticket.created_at),
    }
}

fn states(page: &Page) -> impl Iterator<Item = Choice> {
    STATES.into_iter().map(|status| Choice::new(status, page.say(&state_key(status.as_str()))))
}

fn state_key(status: &str) -> String {
    format!("ticket-state-{}", status.to_lowercase().replace('_', "-"))
}

fn named(id: &str) -> Result<TicketId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

#[cfg(test)]
fn sample(status: &'static str, priority: &'static str) -> RowView {
    let opened = Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
    RowView { id: "t".into(), code: "7Q2MK9P".into(), title: "<script>".into(), status, priority, test: priority == "low", opened }
}

impl Template for TicketsPage {
    const NAME: &'static str = "pages/tickets.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let rows = vec![sample("NEW", "high"), sample("IN_PROGRESS", "normal"), sample("RESOLVED", "low"), sample("CLOSED", "low")];
        let empty = |narrowed| Self {
            rows: Vec::new(),
            form: Fields::of(&Wanted::default()),
            states: vec![Choice::new("", "Todos")],
            narrowed,
            before: String::new(),
            after: String::new(),
        };
        vec![Self { rows, before: "/tickets".into(), after: "/tickets?after=t".into(), ..empty(false) }, empty(true), empty(false)]
    }
}

impl Template for TicketPage {
    const NAME: &'static str = "pages/ticket.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let at = || Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        let event = |kind: &str| EventView { kind: kind.into(), text: "<b>".into(), by: "<i>".into(), at: at() };
        let page = |changeable| Self {
            ticket: sample("NEW", "high"),
            body: "<script>\n\n".into(),
            plugin: "<i>".into(),
            events: ["opened", "comment", "status", "assigned"].map(event).into(),
            form: Fields::of(&Entered { status: "NEW".into(), ..Entered::default() }),
            states: vec![Choice::new("NEW", "Nuevo")],
            people: vec![Choice::new("", "Nadie")],
            changeable,
        };
        vec![page(true), page(false)]
    }
}
