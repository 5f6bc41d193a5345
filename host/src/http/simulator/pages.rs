//! The simulator's pages, its clock and its customers.

use std::time::Duration;

use axum::{
    Extension, Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use relevo_model::{TenantState, Time};
use serde::Deserialize;

use super::{
    Error, NEVER_KEPT,
    desk::Desk,
    done, inspector, only_in_the_demo, phones,
    spot::{self, Spot},
    view::{BusinessLink, ClockView, Index, PointLink, Show},
};
use crate::{
    app::App,
    web::{templates, visitor::Visitor},
};

/// Steps that the clock can be advanced by, in minutes.
const STEPS: [u64; 3] = [5, 60, 24 * 60];

/// Lists the businesses and their service points.
pub async fn index(visitor: Visitor, state: State<App>) -> Result<Response, Error> {
    only_in_the_demo(&state)?;
    let page = Index { businesses: businesses(&state, None).await? };
    Ok(([NEVER_KEPT], templates::page(visitor, &page)?).into_response())
}

/// Shows the phones of a service point.
pub async fn show(visitor: Visitor, spot: Spot, Extension(desk): Extension<Desk>) -> Result<Response, Error> {
    let page = Show {
        business: spot.business.layout().business.name.clone(),
        point: spot.point.row.name.clone(),
        address: spot.address(),
        businesses: businesses(&spot.app, Some(&spot)).await?,
        clock: clock(&spot),
        phones: phones::all(&spot, &desk, visitor).await?,
        inspector: inspector::last_turn(&spot, &desk).await?,
    };
    Ok(([NEVER_KEPT], templates::page(visitor, &page)?).into_response())
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
pub struct Step {
    minutes: u64,
}

/// Moves the demo's clock forward: timers fall due, windows close.
pub async fn advance_clock(spot: Spot, Extension(desk): Extension<Desk>, headers: HeaderMap, Form(step): Form<Step>) -> Result<Response, Error> {
    if !STEPS.contains(&step.minutes) {
        return Err(Error::Invalid("problem-clock-step"));
    }
    spot.app.clock.advance(Duration::from_secs(step.minutes * 60));
    desk.tell();
    Ok(done(&headers, &spot, None))
}

/// What the clock shows at this service point.
pub fn clock(spot: &Spot) -> ClockView {
    let now = spot.app.clock.now();
    ClockView { time: local(spot, now, "%H:%M"), date: local(spot, now, "%d/%m/%Y"), address: spot.address() }
}

/// A moment as the service point's wall shows it.
pub fn local(spot: &Spot, time: Time, format: &str) -> String {
    let zone = jiff::tz::TimeZone::get(&spot.point.row.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_millisecond(time.millis()).map(|at| at.to_zoned(zone).strftime(format).to_string()).unwrap_or_default()
}

async fn businesses(app: &App, current: Option<&Spot>) -> Result<Vec<BusinessLink>, Error> {
    let mut links = Vec::new();
    for tenant in app.store.platform().tenants().await?.into_iter().filter(|tenant| tenant.state == TenantState::Active) {
        let layout = app.business(&tenant.id).await?.layout();
        let mut points: Vec<_> = layout.points.values().filter(|point| layout.simulator_of(&point.row.id).is_some()).collect();
        points.sort_by_key(|point| (point.row.created_at, point.row.id));
        let points = points.into_iter().map(|point| PointLink {
            name: point.row.name.clone(),
            address: format!("/simulator/{}/{}", tenant.slug, point.row.id),
            current: current.is_some_and(|spot| spot.point.row.id == point.row.id),
        });
        links.push(BusinessLink { name: layout.business.name.clone(), points: points.collect() });
    }
    Ok(links)
}
