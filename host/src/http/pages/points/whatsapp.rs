//! The numbers of a service point, and its phone in the browser.

use axum::extract::{Path, State};
use relevo_model::*;
use relevo_store::ServicePoint;
use serde::Serialize;

use super::{find, head::Head};
use crate::{
    app::App,
    console::channels::{self, Channel},
    http::pages::dashboard::{self, WhatsappView},
    identity::Member,
    policy::Permission,
    web::{
        self, Page,
        templates::Template,
        when::{Moment, moment},
    },
};

#[derive(Serialize)]
pub struct WhatsappPage {
    point: Head,
    numbers: Vec<NumberView>,
    /// What was found out of the number that is shown to people.
    shown_number: Option<String>,
    /// There is no Graph API here: what is sent to numbers arrives in the simulator.
    simulated: bool,
}

#[derive(Serialize)]
pub struct NumberView {
    pub id: String,
    state: WhatsappView,
    cause: Option<String>,
    paused_until: Option<Moment>,
    pub number_id: String,
    account_id: Option<String>,
    pub token: bool,
    pub secret: bool,
    last_inbound: Option<Moment>,
    last_outbound: Option<Moment>,
    made: Moment,
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let point = find(&app, &member, Permission::ManageChannels, &id).await?;
    page.show(&WhatsappPage {
        numbers: numbers(&app, &member, &point).await?.into_iter().map(|channel| number(&page, &app, channel)).collect(),
        point: Head::of(&app, &member, &point, "point-tab-whatsapp").await?,
        shown_number: point.phone_number,
        simulated: app.graph.is_none(),
    })
}

/// The numbers of a service point, in the order in which they were connected.
async fn numbers(app: &App, member: &Member, point: &ServicePoint) -> web::Result<Vec<Channel>> {
    let all = channels::list(app, member, None, i64::MAX).await?;
    Ok(all.into_iter().filter(|channel| channel.service_point_id == point.id && channel.kind == ChannelKind::CloudApi).collect())
}

pub fn number(page: &Page, app: &App, channel: Channel) -> NumberView {
    let (lang, now) = (page.visitor.lang, app.clock.now());
    let at = |at: Option<Time>| at.map(|at| moment(lang, now, at));
    NumberView {
        id: channel.id.to_string(),
        state: dashboard::of_state(channel.state),
        cause: channel.cause,
        paused_until: at(channel.paused_until.filter(|until| *until > now)),
        number_id: channel.phone_number_id.unwrap_or_default(),
        account_id: channel.waba_id,
        token: channel.has_access_token,
        secret: channel.has_app_secret,
        last_inbound: at(channel.last_inbound_at),
        last_outbound: at(channel.last_outbound_at),
        made: moment(lang, now, channel.created_at),
    }
}

#[cfg(test)]
impl NumberView {
    pub fn sample(full: bool) -> Self {
        let at = || Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        Self {
            id: "c".into(),
            state: WhatsappView::sample(),
            cause: full.then(|| "<script>".into()),
            paused_until: full.then(at),
            number_id: "106540352242922".into(),
            account_id: full.then(|| "102290129340398".into()),
            token: full,
            secret: full,
            last_inbound: full.then(at),
            last_outbound: full.then(at),
            made: at(),
        }
    }
}

impl Template for WhatsappPage {
    const NAME: &'static str = "pages/point_whatsapp.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![
            Self {
                point: Head::sample(),
                numbers: vec![NumberView::sample(true), NumberView::sample(false)],
                shown_number: Some("<b>".into()),
                simulated: true,
            },
            Self { point: Head::sample(), numbers: Vec::new(), shown_number: None, simulated: false },
        ]
    }
}
