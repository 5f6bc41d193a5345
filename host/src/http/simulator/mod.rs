//! The simulator: phones in the browser, through the same receive path as any channel.
//!
//! They write to the business that the session works in, at the service points where one may use it. Only the demo's clock moves.

mod agent;
mod customer;
mod desk;
mod fate;
pub mod inspector;
mod live;
mod pages;
mod phones;
#[cfg(test)]
pub mod samples;
mod spot;
mod thread;
mod view;

use axum::{
    Extension,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};

pub use self::spot::{address, phone_address};
use self::{desk::Desk, spot::Spot};
use super::routes::{Access, Routes};
use crate::{
    identity::{Refusal, Rejection},
    policy::Permission,
    web::{self, is_part},
};

const POINT: &str = "/simulator/{point}";

pub fn routes() -> Routes {
    const MAY: Access = Access::Permission(Permission::UseSimulator);
    let point = |rest: &str| format!("{POINT}{rest}");
    let phone = |rest: &str| format!("{POINT}/phones/{{phone}}{rest}");
    Routes::new()
        .get("/simulator", MAY, pages::index)
        .get(POINT, MAY, pages::show)
        .get(&point("/live"), MAY, live::follow)
        .post(&point("/customers"), MAY, pages::add_customer)
        .post(&point("/clock"), MAY, pages::advance_clock)
        .post(&phone("/messages"), MAY, customer::write)
        .post(&phone("/choices"), MAY, customer::choose)
        .post(&phone("/samples"), MAY, customer::send_sample)
        .post(&phone("/reactions"), MAY, customer::react)
        .post(&phone("/repeats"), MAY, customer::deliver_again)
        .post(&phone("/reads"), MAY, customer::read)
        .post(&phone("/take-over"), MAY, agent::take)
        .post(&phone("/return"), MAY, agent::give_back)
        .post(&phone("/replies"), MAY, agent::reply)
        .post(&phone("/resends"), MAY, agent::resend)
        .post(&phone("/redrives"), MAY, agent::redrive)
        .layer(Extension(Desk::default()))
}

/// Why something cannot be done here.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is nothing at this address")]
    NotFound,
    /// By the key of the text that says what is wrong and what to do.
    #[error("{0}")]
    Invalid(&'static str),
    #[error(transparent)]
    Page(#[from] web::Error),
    #[error("whoever asks may not")]
    Unproved(Rejection),
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Page(error.into())
    }
}

impl From<relevo_store::Error> for Error {
    fn from(error: relevo_store::Error) -> Self {
        Self::Page(error.into())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let page = match self {
            Self::NotFound => web::Error::Refused(Refusal::NotFound),
            Self::Invalid(key) => web::Error::Said(StatusCode::UNPROCESSABLE_ENTITY, key.into()),
            Self::Page(error) => error,
            Self::Unproved(rejection) => return rejection.into_response(),
        };
        page.into_response()
    }
}

/// The way back to a page after something was done on it: its live update shows what came of it, without scripts the page is shown anew.
fn done(headers: &HeaderMap, spot: &Spot, anchor: Option<&str>) -> Response {
    if is_part(headers) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let anchor = anchor.map(|anchor| format!("#phone-{anchor}")).unwrap_or_default();
    Redirect::to(&format!("{}{anchor}", spot.address())).into_response()
}

/// The templates of this module, rendered.
#[cfg(test)]
pub fn shown() -> Vec<&'static str> {
    use crate::web::templates::shows;
    vec![shows::<view::Index>(), shows::<view::Show>(), shows::<view::Update>()]
}
