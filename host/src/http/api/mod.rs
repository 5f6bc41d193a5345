//! The API: JSON under `/api`, described at `/api/openapi.json`, every problem as RFC 9457 wants it.
//!
//! An area is a file with its routes, its handlers and what they show; a handler takes `Body`, `Query`, `Path` and `Paging`, asks the domain
//! once, and answers its type or a `Problem`. What makes or sends something is added with `Routes::create`, and then done once by its key.

mod after;
mod around;
mod audit;
mod auth;
pub mod body;
mod business;
mod channels;
mod conversations;
mod factors;
pub(crate) mod idempotency;
mod invitations;
mod keys;
pub mod list;
mod mail;
mod names;
pub mod openapi;
mod orders;
mod people;
mod plugins;
mod policies;
mod products;
mod prompts;
pub mod rate;
mod records;
mod replays;
mod service_points;
mod sessions;
pub mod shown;
mod tickets;
pub mod version;
mod wa;

use std::time::Duration;

use axum::{
    Json,
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use relevo_model::*;
use serde::Serialize;
use tower::ServiceBuilder;
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::openapi::OpenApi;

use self::shown::Points;
use super::{
    problem::{FieldProblem, Kind, Problem},
    routes::Routes,
};
use crate::{app::App, identity};

pub use around::{around, is_api};
pub use body::{Body, Path, Query};
pub use list::{Page, Paging};
pub use rate::{Rates, Share};
pub use version::{IfMatch, IfNoneMatch, Known};

/// Larger bodies of JSON say nothing that we would take.
const LARGEST_BODY: usize = 256 * 1024;
/// A body that trickles holds a connection for so long at most.
const BODY: Duration = Duration::from_secs(10);

/// A part of the API: its routes, and how its handlers describe themselves.
pub struct Area {
    pub name: &'static str,
    pub about: &'static str,
    pub routes: fn() -> Routes,
    pub document: fn() -> OpenApi,
}

/// Everything that the API is made of. A handler that is not in the document of its area fails a test.
pub const AREAS: &[Area] = &[
    auth::AREA,
    sessions::AREA,
    factors::AREA,
    people::AREA,
    invitations::AREA,
    keys::AREA,
    audit::AREA,
    business::AREA,
    service_points::AREA,
    channels::AREA,
    products::AREA,
    plugins::AREA,
    replays::AREA,
    records::AREA,
    policies::AREA,
    prompts::AREA,
    conversations::AREA,
    orders::AREA,
    tickets::AREA,
    wa::AREA,
    openapi::AREA,
];

/// All areas, with their limits. A route with a limit of its own for its body puts it nearer to itself.
pub fn routes() -> Routes {
    let limits = ServiceBuilder::new().layer(RequestBodyTimeoutLayer::new(BODY)).layer(DefaultBodyLimit::max(LARGEST_BODY));
    AREAS.iter().fold(Routes::new(), |routes, area| routes.merge((area.routes)())).layer(limits)
}

/// Refuses service points that the business does not have.
async fn demand_points(app: &App, tenant: &TenantId, Points(reach): &Points) -> Result<(), Problem> {
    let Reach::Only(named) = reach else { return Ok(()) };
    let there = app.store.cell(tenant).await?.read().await?.service_points().list().await?;
    if named.iter().all(|id| there.iter().any(|point| point.id == *id)) {
        return Ok(());
    }
    Err(Problem::new(Kind::Invalid).errors([FieldProblem::new("service_points", "problem-value")]))
}

/// What the door says of something named by its id that it does not have: there is nothing at this address.
fn missing(error: identity::Error) -> Problem {
    match error {
        identity::Error::Gone => Kind::NotFound.into(),
        other => other.into(),
    }
}

/// Something that was made: where it is, its version, and itself.
fn made<T: Serialize>(address: &str, shown: &T) -> Response {
    let location = HeaderValue::from_str(address).expect("our addresses are made of ids");
    let etag = HeaderValue::from_str(&version::etag(shown)).expect("hexadecimal digits between quotes");
    (StatusCode::CREATED, [(header::LOCATION, location), (header::ETAG, etag)], Json(shown)).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;
    use crate::http::routes::Access;

    /// POSTs that make nothing that could be made twice.
    const MAKE_NOTHING: &[&str] = &[
        // An address has one account; and nobody has a key before they are in.
        "/api/auth/register",
        "/api/auth/login",
        "/api/auth/logout",
        "/api/auth/second-factor/removal",
        // The last link counts, and whoever asks is not known.
        "/api/auth/reset",
        "/api/auth/reset/password",
        "/api/auth/invitation",
        // A link works once.
        "/api/auth/invitation/acceptance",
    ];

    #[test]
    fn whatever_makes_something_can_be_asked_to_make_it_once() {
        for route in routes().table().iter().filter(|route| route.method == Method::POST) {
            assert_eq!(route.once, !MAKE_NOTHING.contains(&&*route.path), "{}: add it with `Routes::create`, or say here why it makes nothing", route.path);
            assert!(!route.once || route.access != Access::Public, "{}: a key is somebody's, and here nobody is known", route.path);
        }
    }

    #[test]
    fn everything_of_the_api_is_under_its_address() {
        for route in routes().table() {
            assert!(route.path.starts_with("/api/"), "{}", route.path);
        }
        for other in crate::http::routes().table().iter().filter(|route| is_api(&route.path)) {
            assert!(routes().table().contains(other), "{} is served beside the API, without what surrounds it", other.path);
        }
    }
}
