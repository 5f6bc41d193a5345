//! The simulator: phones in the browser, through the same receive path as any channel.
//!
//! It lets anybody who reaches it write to a business, so it answers only in the demo; elsewhere there is nothing at these addresses.
//! With logins it becomes a page that wants a permission.

mod agent;
mod customer;
mod desk;
mod fate;
mod inspector;
mod live;
mod pages;
mod phones;
mod spot;
mod thread;
mod view;

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
};

use self::{desk::Desk, spot::Spot, view::Problem};
use super::{
    NEVER_KEPT,
    routes::{Access, Routes},
};
use crate::{
    app::App,
    texts,
    web::{templates, visitor, visitor::Visitor},
};

const POINT: &str = "/simulator/{tenant}/{point}";

pub fn routes() -> Routes {
    let point = |rest: &str| format!("{POINT}{rest}");
    let phone = |rest: &str| format!("{POINT}/phones/{{phone}}{rest}");
    Routes::new()
        .get("/simulator", Access::Public, pages::index)
        .get(POINT, Access::Public, pages::show)
        .get(&point("/live"), Access::Public, live::follow)
        .post(&point("/customers"), Access::Public, pages::add_customer)
        .post(&point("/clock"), Access::Public, pages::advance_clock)
        .post(&phone("/messages"), Access::Public, customer::write)
        .post(&phone("/choices"), Access::Public, customer::choose)
        .post(&phone("/samples"), Access::Public, customer::send_sample)
        .post(&phone("/reactions"), Access::Public, customer::react)
        .post(&phone("/repeats"), Access::Public, customer::deliver_again)
        .post(&phone("/reads"), Access::Public, customer::read)
        .post(&phone("/take-over"), Access::Public, agent::take)
        .post(&phone("/return"), Access::Public, agent::give_back)
        .post(&phone("/replies"), Access::Public, agent::reply)
        .post(&phone("/resends"), Access::Public, agent::resend)
        .post(&phone("/redrives"), Access::Public, agent::redrive)
        .layer(Extension(Desk::default()))
        .layer(middleware::from_fn(explain))
        .layer(middleware::from_fn(visitor::remember))
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
    Broken(#[from] anyhow::Error),
}

impl From<relevo_store::Error> for Error {
    fn from(error: relevo_store::Error) -> Self {
        Self::Broken(error.into())
    }
}

/// The key of a text that the visitor is to read instead of an empty answer.
#[derive(Clone, Copy)]
struct Explained(&'static str);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, key) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "problem-not-found"),
            Self::Invalid(key) => (StatusCode::UNPROCESSABLE_ENTITY, key),
            Self::Broken(error) => {
                tracing::error!(error = format!("{error:#}"), "the simulator could not answer");
                (StatusCode::INTERNAL_SERVER_ERROR, "problem-broken")
            }
        };
        (status, Extension(Explained(key))).into_response()
    }
}

/// Lets only our own pages write, and says in the visitor's language why something was not done.
async fn explain(visitor: Visitor, request: Request, next: Next) -> Response {
    let live = is_live(request.headers());
    let back = request.headers().get(header::REFERER).and_then(|address| address.to_str().ok()).map(str::to_owned);
    let foreign = request.method() == Method::POST && request.headers().get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    let response = if foreign { Error::Invalid("problem-foreign").into_response() } else { next.run(request).await };
    let key = match response.extensions().get::<Explained>() {
        Some(Explained(key)) => key,
        // What a form of ours would never send.
        None if response.status().is_client_error() => "problem-form",
        None => return response,
    };
    let problem = Problem { text: texts::say(visitor.lang, key), back: back.unwrap_or_else(|| "/simulator".to_owned()) };
    let body = if live { Ok(Html(problem.text)) } else { templates::page(visitor, &problem) };
    match body {
        Ok(body) => (response.status(), [NEVER_KEPT], body).into_response(),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "a page could not be rendered");
            response.status().into_response()
        }
    }
}

/// The way back to a page after something was done on it: its live update shows what came of it, without scripts the page is shown anew.
fn done(headers: &HeaderMap, spot: &Spot, anchor: Option<&str>) -> Response {
    if is_live(headers) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let anchor = anchor.map(|anchor| format!("#phone-{anchor}")).unwrap_or_default();
    Redirect::to(&format!("{}{anchor}", spot.address())).into_response()
}

fn is_live(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

/// Nothing of this exists but in the demo.
fn only_in_the_demo(State(app): &State<App>) -> Result<(), Error> {
    if app.demo { Ok(()) } else { Err(Error::NotFound) }
}
