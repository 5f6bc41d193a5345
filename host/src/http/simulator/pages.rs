//! The simulator's pages, its clock and its customers.

use std::time::Duration;

use axum::{
    Extension,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use relevo_model::Time;
use serde::Deserialize;

use super::{
    Error,
    desk::Desk,
    done, inspector, phones,
    spot::{self, Spot},
    view::{ClockView, Index, PointLink, Show},
};
use crate::{
    app::App,
    identity::Member,
    policy::Permission,
    web::{Page, forms::Form},
};

/// Steps that the clock can be advanced by, in minutes.
const STEPS: [u64; 3] = [5, 60, 24 * 60];

/// Lists the service points where one may use it; where there is one, that is it.
pub async fn index(page: Page, member: Member, State(app): State<App>) -> Result<Response, Error> {
    let points = points(&app, &member, None).await?;
    if let [only] = &points[..] {
        return Ok(Redirect::to(&only.address).into_response());
    }
    Ok(page.show(&Index { points })?)
}

/// Shows the phones of a service point.
pub async fn show(page: Page, spot: Spot, Extension(desk): Extension<Desk>) -> Result<Response, Error> {
    let show = Show {
        business: spot.business.layout().business.name.clone(),
        point: spot.point.row.name.clone(),
        address: spot.address(),
        points: points(&spot.app, &spot.member, Some(&spot)).await?,
        clock: clock(&spot),
        phones: phones::all(&spot, &desk, page.visitor).await?,
        inspector: inspector::last_turn(&spot, &desk).await?,
    };
    Ok(page.show(&show)?)
}

/// Adds a customer, who has a phone and has said nothing yet.
pub async fn add_customer(spot: Spot, Extension(desk): Extension<Desk>, headers: HeaderMap) -> Result<Response, Error> {
    let number = phones::next_number(&spot, &desk).await?;
    if number > spot::MOST_PHONES {
        return Err(Error::Invalid("problem-too-many-phones"));
    }
    desk.add_phone(spot.point.row.id, number);
    Ok(done(&headers, &spot, Some(&spot::key_of(number))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    minutes: String,
}

/// Moves the demo's clock forward: timers fall due, windows close.
pub async fn advance_clock(spot: Spot, Extension(desk): Extension<Desk>, headers: HeaderMap, Form(step): Form<Step>) -> Result<Response, Error> {
    if !spot.app.demo {
        return Err(Error::NotFound);
    }
    let minutes = step.minutes.parse().ok().filter(|minutes| STEPS.contains(minutes)).ok_or(Error::Invalid("problem-clock-step"))?;
    spot.app.clock.advance(Duration::from_secs(minutes * 60));
    desk.tell();
    Ok(done(&headers, &spot, None))
}

/// What the clock shows at this service point.
pub fn clock(spot: &Spot) -> ClockView {
    let now = spot.app.clock.now();
    ClockView { time: local(spot, now, "%H:%M"), date: local(spot, now, "%d/%m/%Y"), address: spot.address(), moves: spot.app.demo }
}

/// A moment as the service point's wall shows it.
pub fn local(spot: &Spot, time: Time, format: &str) -> String {
    let zone = jiff::tz::TimeZone::get(&spot.point.row.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_millisecond(time.millis()).map(|at| at.to_zoned(zone).strftime(format).to_string()).unwrap_or_default()
}

async fn points(app: &App, member: &Member, current: Option<&Spot>) -> Result<Vec<PointLink>, Error> {
    let layout = app.business(&member.tenant).await?.layout();
    let open = |id| layout.simulator_of(id).is_some() && member.may(Permission::UseSimulator, Some(*id));
    let mut points: Vec<_> = layout.points.values().filter(|point| open(&point.row.id)).collect();
    points.sort_by_key(|point| (point.row.created_at, point.row.id));
    let link = |point: &crate::conversation::layout::Point| PointLink {
        name: point.row.name.clone(),
        address: spot::address(&point.row.id),
        current: current.is_some_and(|spot| spot.point.row.id == point.row.id),
    };
    Ok(points.into_iter().map(|point| link(point)).collect())
}
