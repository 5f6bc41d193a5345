//! Orders: which there are; one with what is in it and what it went through, to be taken on.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use relevo_model::*;
use relevo_store::{Order, OrderFilter, StoredLine};
use serde::{Deserialize, Serialize};

use super::{grant::Points, names};
use crate::{
    app::App,
    console::orders::{self, Step, Whole},
    http::routes::{Access, Routes},
    identity::{Member, Refusal},
    policy::Permission,
    texts::{self, Args},
    web::{
        self, Page, Words,
        forms::{self, Choice, Fields, Form},
        money,
        templates::Template,
        when::{Moment, moment},
    },
};

/// Orders on a page.
const SHOWN: i64 = 50;

pub fn routes() -> Routes {
    const SEE: Access = Access::Permission(Permission::SeeOrders);
    Routes::new().get("/orders", SEE, list).get("/orders/{order}", SEE, show).post("/orders/{order}", Access::Permission(Permission::ChangeOrders), change)
}

/// Which of them are to be seen.
#[derive(Default, Deserialize, Serialize)]
pub struct Wanted {
    /// The code of a state; all of them without.
    #[serde(default)]
    status: String,
    /// The id of a service point; all of them without.
    #[serde(default)]
    point: String,
    /// The last one of the page before.
    #[serde(default, skip_serializing)]
    after: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    status: String,
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Serialize)]
pub struct OrdersPage {
    rows: Vec<RowView>,
    form: Fields,
    states: Vec<Choice>,
    /// None where there is one service point only.
    points: Vec<Choice>,
    narrowed: bool,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    code: String,
    point: String,
    total: String,
    /// The code of its state, which its chip goes by.
    status: String,
    state: String,
    test: bool,
    made: Moment,
}

#[derive(Serialize)]
pub struct OrderPage {
    order: RowView,
    lines: Vec<LineView>,
    customer: Option<String>,
    address: String,
    steps: Vec<StepView>,
    form: Fields,
    /// What it may become; none where it has ended, or is not this one's to take on.
    next: Vec<Choice>,
}

#[derive(Serialize)]
struct LineView {
    title: String,
    quantity: i64,
    price: String,
    sum: String,
}

#[derive(Serialize)]
struct StepView {
    state: String,
    by: String,
    at: Moment,
}

pub async fn list(page: Page, member: Member, State(app): State<App>, Query(wanted): Query<Wanted>) -> web::Result {
    let points = Points::of(&app, &member).await?.choices();
    let statuses = orders::statuses(&app, &member).await?;
    // What is none is all of them: addresses are typed and kept.
    let status = statuses.iter().map(|status| status.code.clone()).find(|code| *code == wanted.status);
    let point = points.iter().find(|choice| choice.value == wanted.point).and_then(|choice| choice.value.parse::<ServicePointId>().ok());
    let last = match &wanted.after {
        Some(id) => Some(orders::find(&app, &member, &named(id)?).await?.order),
        None => None,
    };
    let filter = OrderFilter { point, status: status.clone(), ..OrderFilter::ALL };
    let mut found = orders::list(&app, &member, filter, last.as_ref().map(|last| (last.created_at, &last.id)), SHOWN + 1).await?;
    let more = found.len() > SHOWN as usize;
    found.truncate(SHOWN as usize);
    let address = |after: Option<&Order>| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(status.as_deref().map(|status| ("status", status)));
        query.extend_pairs(point.as_ref().map(|point| ("point", point.as_str())));
        query.extend_pairs(after.map(|last| ("after", last.id.as_str())));
        format!("/orders?{}", query.finish())
    };
    let all = |text: &str| Choice::new("", page.say(text));
    page.show(&OrdersPage {
        after: found.last().filter(|_| more).map(|last| address(Some(last))).unwrap_or_default(),
        before: last.as_ref().map(|_| address(None)).unwrap_or_default(),
        rows: found.iter().map(|order| row(&page, &app, &points, order)).collect(),
        narrowed: status.is_some() || point.is_some(),
        form: Fields::of(&wanted),
        states: [all("orders-all")].into_iter().chain(statuses.iter().map(|known| Choice::new(&known.code, state(&page, &known.code, &known.title)))).collect(),
        points: if points.len() > 1 { [all("orders-everywhere")].into_iter().chain(points).collect() } else { Vec::new() },
    })
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let whole = orders::find(&app, &member, &named(&id)?).await?;
    let form = Fields::of(&entered(&whole));
    let shown = view(&page, &app, &member, &whole, form).await?;
    page.show(&shown)
}

pub async fn change(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Entered>) -> web::Result {
    let before = orders::find(&app, &member, &named(&id)?).await?;
    match orders::set_status(&app, &member, &before.order.id, &form.status, Some(form.version)).await {
        Ok(order) => {
            let said = Words::from("order-saved").with("state", state(&page, &order.status, &order.status_title));
            Ok(page.done(&format!("/orders/{}", order.id), said.with("code", order.code)))
        }
        Err(error) => {
            // Where it is now is none of the choices: in words.
            let stored = Entered { status: state(&page, &before.order.status, &before.order.status_title), version: before.order.version };
            let form = page.overtaken(&form, &stored, error)?;
            page.again(&view(&page, &app, &member, &before, form).await?)
        }
    }
}

/// What most orders become next.
fn entered(whole: &Whole) -> Entered {
    let next = whole.next.first().map(|next| next.code.clone());
    Entered { status: next.unwrap_or_else(|| whole.order.status.clone()), version: whole.order.version }
}

async fn view(page: &Page, app: &App, member: &Member, whole: &Whole, form: Fields) -> web::Result<OrderPage> {
    let order = &whole.order;
    let points = Points::of(app, member).await?.choices();
    let titles: HashMap<String, String> =
        orders::statuses(app, member).await?.into_iter().map(|known| (known.code.clone(), state(page, &known.code, &known.title))).collect();
    let names = names::of(app, whole.history.iter().map(|step| step.actor.as_str()).collect()).await?;
    let customer = if member.may(Permission::SeeConversations, Some(order.service_point_id)) {
        app.store.cell(&member.tenant).await?.read().await?.customers().find(&order.customer_id).await?
    } else {
        None
    };
    let changeable = member.may(Permission::ChangeOrders, Some(order.service_point_id));
    let next = whole.next.iter().filter(|_| changeable);
    Ok(OrderPage {
        order: row(page, app, &points, order),
        lines: whole.lines.iter().map(|line| line_view(page, &order.currency, line)).collect(),
        customer: customer.and_then(|customer| customer.name.or(customer.phone)),
        address: order.address.0["text"].as_str().unwrap_or_default().to_owned(),
        steps: whole.history.iter().map(|step| step_view(page, app, &titles, &names, step)).collect(),
        form,
        next: next.map(|next| Choice::new(&next.code, state(page, &next.code, &next.title))).collect(),
    })
}

fn line_view(page: &Page, currency: &str, line: &StoredLine) -> LineView {
    let show = |minor| money::show(page.visitor.lang, minor, currency);
    LineView { title: line.title.clone(), quantity: line.quantity, price: show(line.price_minor), sum: show(line.price_minor.saturating_mul(line.quantity)) }
}

fn step_view(page: &Page, app: &App, titles: &HashMap<String, String>, names: &HashMap<String, String>, step: &Step) -> StepView {
    let somebody = || if step.actor.parse::<UserId>().is_ok() { page.say("audit-somebody") } else { step.actor.trim_start_matches("plugin:").to_owned() };
    StepView {
        state: titles.get(&step.status).cloned().unwrap_or_else(|| step.status.clone()),
        by: names.get(&step.actor).cloned().unwrap_or_else(somebody),
        at: moment(page.visitor.lang, app.clock.now(), step.at),
    }
}

fn row(page: &Page, app: &App, points: &[Choice], order: &Order) -> RowView {
    RowView {
        id: order.id.to_string(),
        code: order.code.clone(),
        point: points.iter().find(|point| point.value == order.service_point_id.as_str()).map(|point| point.text.clone()).unwrap_or_default(),
        total: money::show(page.visitor.lang, order.total_minor, &order.currency),
        state: state(page, &order.status, &order.status_title),
        status: order.status.clone(),
        test: order.is_test,
        made: moment(page.visitor.lang, app.clock.now(), order.created_at),
    }
}

/// What a state is called: those that every business has in the visitor's language, others as the business calls them.
fn state(page: &Page, code: &str, title: &str) -> String {
    let key = format!("order-state-{}", code.to_lowercase().replace('_', "-"));
    texts::find(page.visitor.lang, &key, &Args::new()).unwrap_or_else(|| title.to_owned())
}

fn named(id: &str) -> Result<OrderId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

#[cfg(test)]
fn sample(status: &str) -> RowView {
    RowView {
        id: "o".into(),
        code: "7Q2MK9P".into(),
        point: "<script>".into(),
        total: "$ 12.500".into(),
        status: status.into(),
        state: "<b>".into(),
        test: status == "NEW",
        made: Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() },
    }
}

impl Template for OrdersPage {
    const NAME: &'static str = "pages/orders.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let empty = |narrowed| Self {
            rows: Vec::new(),
            form: Fields::of(&Wanted::default()),
            states: vec![Choice::new("", "Todos"), Choice::new("NEW", "<b>")],
            points: if narrowed { vec![Choice::new("", "Todos"), Choice::new("p", "<script>")] } else { Vec::new() },
            narrowed,
            before: String::new(),
            after: String::new(),
        };
        let rows = ["NEW", "CONFIRMED", "DELIVERED", "CANCELLED", "OWN"].map(sample).into();
        vec![Self { rows, before: "/orders".into(), after: "/orders?after=o".into(), ..empty(true) }, empty(true), empty(false)]
    }
}

impl Template for OrderPage {
    const NAME: &'static str = "pages/order.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let at = || Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        let line = || LineView { title: "<script>".into(), quantity: 2, price: "$ 100".into(), sum: "$ 200".into() };
        let form = Fields::of(&Entered { status: "SHIPPED".into(), version: 1 });
        let stored = Fields::of(&Entered { status: "DELIVERED".into(), version: 2 });
        let page = |form, full: bool| Self {
            order: sample(if full { "NEW" } else { "DELIVERED" }),
            lines: vec![line(), line()],
            customer: full.then(|| "<b>".into()),
            address: if full { "<i>\n".into() } else { String::new() },
            steps: vec![StepView { state: "<b>".into(), by: "<i>".into(), at: at() }],
            form,
            next: if full { vec![Choice::new("SHIPPED", "<b>")] } else { Vec::new() },
        };
        vec![
            page(form.clone(), true),
            page(form.clone().refused("es", forms::Wrong::at("status", "field-order-next")).beside(&stored), true),
            page(form, false),
        ]
    }
}
