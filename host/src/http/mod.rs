//! What the process answers on HTTP: webhooks, health, pages.

mod health;
pub mod problem;
pub mod routes;
pub mod simulator;
mod webhook;

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, header},
    routing::get,
};
use tower::ServiceBuilder;
use tower_http::{set_header::SetResponseHeaderLayer, timeout::RequestBodyTimeoutLayer};

use crate::{app::App, channels::cloud_api::envelope, web};

/// Everything, ready to be served.
pub fn router(app: App) -> Router {
    let pages = Router::new().merge(simulator::routes()).merge(web::routes()).layer(
        ServiceBuilder::new()
            .layer(header("content-security-policy", CSP))
            .layer(header("x-frame-options", "DENY"))
            .layer(header("referrer-policy", "same-origin")),
    );
    let limits = ServiceBuilder::new().layer(RequestBodyTimeoutLayer::new(BODY)).layer(DefaultBodyLimit::max(envelope::MAX_BODY));
    Router::new()
        .route("/webhook", get(webhook::verify).post(webhook::receive).layer(limits))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .merge(pages)
        .layer(header("x-content-type-options", "nosniff"))
        .with_state(app)
}

/// A body that trickles holds a connection for so long at most.
const BODY: Duration = Duration::from_secs(10);

/// No script or style but our own files; nobody frames us.
const CSP: &str = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

fn header(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// For what must never be kept by a browser or a proxy.
pub const NEVER_KEPT: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
