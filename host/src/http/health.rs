//! Whether the process is alive, whether it may be sent traffic, and what it counts.

use axum::{extract::State, http::StatusCode};

use crate::{app::App, telemetry::Queue};

pub async fn alive() -> &'static str {
    "ok"
}

/// Ready while the platform answers and the process is not ending.
pub async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.closing.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "closing");
    }
    match app.store.platform().awake_or_due(app.clock.now()).await {
        Ok(_) => (StatusCode::OK, "ready"),
        Err(error) => {
            tracing::warn!(%error, "not ready: the platform does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
        }
    }
}

pub async fn metrics(State(app): State<App>) -> String {
    let (mut turns, mut outbox) = (0, 0);
    for business in app.open_businesses().await {
        let depth = business.depth();
        turns += depth.0;
        outbox += depth.1;
    }
    app.meters.waiting(Queue::Turns).set(turns as f64);
    app.meters.waiting(Queue::Outbox).set(outbox as f64);
    app.meters.render()
}
