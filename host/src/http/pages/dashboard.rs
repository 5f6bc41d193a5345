//! The start page of a business: whether somebody waits, how each service point is, what is to be mended.

use axum::extract::State;
use relevo_model::*;
use relevo_store::{Activity, Unattended};
use serde::Serialize;

use super::first_steps::{self, StepView};
use crate::{
    app::App,
    console::plugins::{self, News, Troubled},
    conversation::layout::{Layout, Point},
    http::simulator,
    identity::Member,
    policy::Permission,
    web::{self, Page, Words, templates::Template, when},
};

/// Conversations that are counted as waiting.
const COUNTED: i64 = 1_000;
/// Older than this a wait is late.
const LATE: u64 = 10 * 60_000;

#[derive(Serialize)]
pub struct DashboardPage {
    business: String,
    today: String,
    /// Whether somebody waits, as a sentence.
    sentence: String,
    /// Where the one who waits longest is answered.
    action: Option<ActionView>,
    /// What is left to do before the business is at work.
    steps: Vec<StepView>,
    points: Vec<PointView>,
    mend: Vec<MendView>,
    /// Somebody has something to do with simulators: without them the figures are of real customers alone.
    simulated: bool,
}

#[derive(Serialize)]
struct ActionView {
    address: String,
    text: String,
}

#[derive(Serialize)]
struct PointView {
    name: String,
    whatsapp: WhatsappView,
    waiting: usize,
    oldest: Option<OldestView>,
    share: Option<ShareView>,
    last: Option<String>,
}

#[derive(Serialize)]
struct OldestView {
    length: String,
    late: bool,
}

/// Of the conversations of today: how many the bot has, how many people, how many nobody.
#[derive(Serialize)]
struct ShareView {
    bot: i64,
    person: i64,
    nobody: i64,
    /// The parts in percent, one after the other.
    bot_part: i64,
    person_part: i64,
}

/// How the numbers of a service point are, as a chip.
#[derive(Clone, Copy, Serialize)]
pub(super) struct WhatsappView {
    /// The kind of a chip: ok, warn, bad or none.
    kind: &'static str,
    icon: &'static str,
    text: &'static str,
}

#[cfg(test)]
impl WhatsappView {
    pub(super) const fn sample() -> Self {
        Self { kind: "ok", icon: "check", text: "whatsapp-active" }
    }
}

#[derive(Serialize)]
struct MendView {
    bad: bool,
    title: String,
    text: String,
    address: Option<String>,
    action: Option<&'static str>,
}

pub async fn show(page: Page, member: Member, State(app): State<App>) -> web::Result {
    let business = app.business(&member.tenant).await?;
    let layout = business.layout();
    let now = app.clock.now();
    let mut points: Vec<&Point> =
        layout.points.values().map(|point| &**point).filter(|point| member.may(Permission::SeeConversations, Some(point.row.id))).collect();
    points.sort_by_key(|point| (point.row.created_at, point.row.id));
    let midnight = points.first().map_or(now, |point| midnight(&point.row.time_zone, now));

    let troubled = if member.may(Permission::UploadPlugins, None) { plugins::troubled(&app, &member).await? } else { Vec::new() };
    let mut read = business.cell.read().await?;
    let mut waiting = read.overview().waiting(app.demo, COUNTED).await?;
    waiting.retain(|one| member.may(Permission::SeeConversations, Some(one.service_point_id)));
    let mut views = Vec::new();
    for point in &points {
        let activity = read.overview().activity(&point.row.id, midnight, app.demo).await?;
        views.push(point_view(&page, &layout, point, &waiting, activity, now));
    }
    drop(read);

    let steps = first_steps::left(&app, &member, &layout).await?;
    page.show(&DashboardPage {
        business: layout.business.name.clone(),
        today: points.first().map(|point| today(&page, &point.row.time_zone, now)).unwrap_or_default(),
        sentence: sentence(&page, &waiting, now),
        action: waiting.first().and_then(|first| action(&page, &member, &layout, first)),
        steps,
        points: views,
        mend: mend(&page, &member, &layout, &points, &troubled),
        simulated: app.demo,
    })
}

fn sentence(page: &Page, waiting: &[Unattended], now: Time) -> String {
    let Some(first) = waiting.first() else { return page.say("dashboard-nobody") };
    let words = Words::from("dashboard-waiting").with("count", waiting.len());
    words.with("since", when::length(page.visitor.lang, waited(first, now))).to_text(page.visitor.lang)
}

fn waited(one: &Unattended, now: Time) -> u64 {
    u64::try_from(one.since.map_or(0, |since| now.0 - since)).unwrap_or(0)
}

/// To the phone of a customer who waits. There is one where the channel ends in the simulator.
fn action(page: &Page, member: &Member, layout: &Layout, first: &Unattended) -> Option<ActionView> {
    let simulated = layout.channels.get(&first.channel_id).is_some_and(|line| line.simulated);
    let may = member.may(Permission::UseSimulator, Some(first.service_point_id));
    let name = match &first.customer_name {
        Some(name) => Words::from("dashboard-attend").with("name", name.clone()).to_text(page.visitor.lang),
        None => page.say("dashboard-attend-unnamed"),
    };
    (simulated && may)
        .then(|| ActionView { address: simulator::phone_address(&first.service_point_id, first.peer_kind, &first.peer, &first.conversation_id), text: name })
}

fn point_view(page: &Page, layout: &Layout, point: &Point, waiting: &[Unattended], activity: Activity, now: Time) -> PointView {
    let here: Vec<&Unattended> = waiting.iter().filter(|one| one.service_point_id == point.row.id).collect();
    let oldest = here.first().map(|first| waited(first, now));
    let Activity { bot, person, nobody, .. } = activity;
    let total = bot + person + nobody;
    PointView {
        name: point.row.name.clone(),
        whatsapp: whatsapp(layout, &point.row.id),
        waiting: here.len(),
        oldest: oldest.map(|length| OldestView { length: when::length(page.visitor.lang, length), late: length >= LATE }),
        share: (total > 0).then(|| ShareView { bot, person, nobody, bot_part: bot * 100 / total, person_part: person * 100 / total }),
        last: activity.last_message_at.map(|at| clock(page, &point.row.time_zone, Time(at), now)),
    }
}

/// The state of the numbers of a service point: the worst of them counts.
pub(super) fn whatsapp(layout: &Layout, point: &ServicePointId) -> WhatsappView {
    let here = |row: &relevo_store::Channel| row.service_point_id == *point && row.kind != ChannelKind::Simulator && row.removed_at.is_none();
    let numbers = layout.channels.values().map(|line| &line.row).filter(|row| here(row));
    let worst = numbers.map(|row| row.state).max_by_key(|state| match state {
        ChannelState::Active => 0,
        ChannelState::Paused => 1,
        ChannelState::Pending => 2,
        ChannelState::Stopped => 3,
    });
    worst.map_or(WhatsappView { kind: "", icon: "dash", text: "whatsapp-none" }, of_state)
}

/// How a number is.
pub(super) const fn of_state(state: ChannelState) -> WhatsappView {
    match state {
        ChannelState::Active => WhatsappView { kind: "ok", icon: "check", text: "whatsapp-active" },
        ChannelState::Paused => WhatsappView { kind: "warn", icon: "clock", text: "whatsapp-paused" },
        ChannelState::Pending => WhatsappView { kind: "warn", icon: "clock", text: "whatsapp-pending" },
        ChannelState::Stopped => WhatsappView { kind: "bad", icon: "alert", text: "whatsapp-stopped" },
    }
}

/// What somebody who may should see to.
fn mend(page: &Page, member: &Member, layout: &Layout, points: &[&Point], troubled: &[Troubled]) -> Vec<MendView> {
    let mut all: Vec<MendView> = troubled.iter().map(|plugin| mend_plugin(page, plugin)).collect();
    for point in points.iter().filter(|point| member.may(Permission::ManageChannels, Some(point.row.id))) {
        let state = whatsapp(layout, &point.row.id);
        if matches!(state.kind, "bad" | "warn") {
            let title = Words::from("mend-whatsapp").with("point", point.row.name.clone()).to_text(page.visitor.lang);
            let text = page.say(&format!("{}-why", state.text));
            all.push(MendView { bad: state.kind == "bad", title, text, address: None, action: None });
        }
    }
    let trusted = matches!(member.rights.role, Role::Owner | Role::Admin);
    if trusted && page.person.as_ref().is_some_and(|person| !person.second_factor) {
        let (title, text) = (page.say("mend-second-factor"), page.say("mend-second-factor-why"));
        all.push(MendView { bad: false, title, text, address: Some("/account/second-factor".into()), action: Some("second-factor-add") });
    }
    all
}

/// What the program did to a plugin by itself.
fn mend_plugin(page: &Page, plugin: &Troubled) -> MendView {
    let set_aside = plugin.news == News::SetAside;
    let (title, text) =
        if set_aside { ("mend-plugin-set-aside", "mend-plugin-set-aside-why") } else { ("mend-plugin-taken-back", "mend-plugin-taken-back-why") };
    let title = Words::from(title).with("plugin", plugin.manifest.title.in_locale(page.visitor.lang)).to_text(page.visitor.lang);
    let address = Some(format!("/plugins/{}", plugin.id));
    MendView { bad: set_aside, title, text: page.say(text), address, action: Some("mend-plugin-see") }
}

fn zoned(zone: &str, at: Time) -> Option<jiff::Zoned> {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_millisecond(at.millis()).ok().map(|at| at.to_zoned(zone))
}

fn midnight(zone: &str, now: Time) -> Time {
    zoned(zone, now).and_then(|now| now.start_of_day().ok()).map_or(now, |start| Time(start.timestamp().as_millisecond()))
}

fn today(page: &Page, zone: &str, now: Time) -> String {
    let Some(now) = zoned(zone, now) else { return String::new() };
    let weekday = page.say(&format!("weekday-{}", now.weekday().to_monday_one_offset()));
    let month = page.say(&format!("month-{}", now.month()));
    let words = Words::from("date-today").with("weekday", weekday).with("day", i64::from(now.day())).with("month", month);
    words.with("time", now.strftime("%H:%M").to_string()).to_text(page.visitor.lang)
}

/// The time of today, the date of what was before.
fn clock(page: &Page, zone: &str, at: Time, now: Time) -> String {
    match (zoned(zone, at), zoned(zone, now)) {
        (Some(at), Some(now)) if at.date() == now.date() => at.strftime("%H:%M").to_string(),
        (Some(at), _) => {
            let month = page.say(&format!("month-{}", at.month()));
            Words::from("date-short").with("day", i64::from(at.day())).with("month", month).to_text(page.visitor.lang)
        }
        (None, _) => String::new(),
    }
}

impl Template for DashboardPage {
    const NAME: &'static str = "pages/dashboard.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let chip = |kind, icon, text| WhatsappView { kind, icon, text };
        let chips = [
            chip("", "dash", "whatsapp-none"),
            chip("ok", "check", "whatsapp-active"),
            chip("warn", "clock", "whatsapp-paused"),
            chip("bad", "alert", "whatsapp-stopped"),
        ];
        let point = |whatsapp, waiting| PointView {
            name: "<script>".into(),
            whatsapp,
            waiting,
            oldest: (waiting > 0).then(|| OldestView { length: "11 min".into(), late: waiting > 1 }),
            share: (waiting > 0).then_some(ShareView { bot: 5, person: 2, nobody: i64::from(waiting > 1), bot_part: 62, person_part: 25 }),
            last: (waiting > 0).then(|| "10:43".to_owned()),
        };
        let mend = |address: Option<&str>| {
            let action = address.map(|_| "second-factor-add");
            MendView { bad: true, title: "<b>".into(), text: "<i>".into(), address: address.map(str::to_owned), action }
        };
        let busy = Self {
            business: "<b>".into(),
            today: "viernes 20 de noviembre, 10:43".into(),
            sentence: "3 personas esperan.".into(),
            action: Some(ActionView { address: "/simulator/x#phone-cliente-1".into(), text: "Atender a <b>".into() }),
            steps: StepView::samples(),
            points: chips.into_iter().zip(0..).map(|(chip, waiting)| point(chip, waiting)).collect(),
            mend: vec![mend(None), mend(Some("/account/second-factor"))],
            simulated: true,
        };
        let quiet = Self {
            business: "A".into(),
            today: String::new(),
            sentence: "Nadie espera.".into(),
            action: None,
            steps: Vec::new(),
            points: Vec::new(),
            mend: Vec::new(),
            simulated: false,
        };
        vec![busy, quiet]
    }
}
