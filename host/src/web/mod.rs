//! Pages: templates, static files, the visitor's language.

mod assets;
mod marked;
pub mod templates;
pub mod visitor;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    app::App,
    http::routes::{Access, Routes},
};

pub fn routes() -> Routes {
    Routes::new().get("/", Access::Public, start).get("/static/{*path}", Access::Public, assets::serve)
}

/// Where a visitor begins: in the demo that is the simulator.
async fn start(State(app): State<App>) -> Response {
    if app.demo { Redirect::to("/simulator").into_response() } else { StatusCode::NOT_FOUND.into_response() }
}
