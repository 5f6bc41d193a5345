//! Pages: templates, static files, the visitor's language.

mod assets;
mod marked;
pub mod templates;
pub mod visitor;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};

use crate::app::App;

pub fn routes() -> Router<App> {
    Router::new().route("/", get(start)).route("/static/{*path}", get(assets::serve))
}

/// Where a visitor begins: in the demo that is the simulator.
async fn start(State(app): State<App>) -> Response {
    if app.demo { Redirect::to("/simulator").into_response() } else { StatusCode::NOT_FOUND.into_response() }
}
