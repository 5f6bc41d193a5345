//! What the process answers on HTTP: webhooks, health, pages.

pub mod api;
mod docs;
mod health;
mod media;
pub mod pages;
pub mod problem;
pub mod routes;
pub mod simulator;
mod webhook;

use std::time::Duration;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, header},
    middleware,
};
use tower::ServiceBuilder;
use tower_http::{set_header::SetResponseHeaderLayer, timeout::RequestBodyTimeoutLayer};

use self::routes::{Access, Routes};
use crate::{
    app::App,
    channels::cloud_api::envelope,
    identity::{Refusal, Rejection, csrf},
    web::{self, visitor},
};

/// Everything, ready to be served.
pub fn router(app: App) -> Router {
    let only_our_pages = middleware::from_fn_with_state(app.door.clone(), csrf::only_our_pages);
    let explained = middleware::from_fn_with_state(app.clone(), web::explain);
    let around_the_api = middleware::from_fn_with_state(app.clone(), api::around);
    routes()
        .merge(pages::design(app.demo))
        .layer(only_our_pages)
        .into_router()
        .fallback(nothing)
        .layer(explained)
        .layer(around_the_api)
        .layer(header("content-security-policy", CSP))
        .layer(header("x-frame-options", "DENY"))
        .layer(header("referrer-policy", "same-origin"))
        .layer(header("x-content-type-options", "nosniff"))
        .with_state(app)
}

/// Everything, with who may take it. A route that is not in here is not served: `Routes` takes none without its access.
pub fn routes() -> Routes {
    let pages = Routes::new().merge(pages::routes()).merge(simulator::routes()).merge(docs::routes()).merge(web::routes());
    let slow = || RequestBodyTimeoutLayer::new(BODY);
    let pages = pages.layer(DefaultBodyLimit::max(FORM)).layer(slow()).layer(middleware::from_fn(visitor::remember));
    let limits = ServiceBuilder::new().layer(slow()).layer(DefaultBodyLimit::max(envelope::MAX_BODY));
    Routes::new()
        .get("/webhook", Access::Public, webhook::verify)
        .post("/webhook", Access::Public, webhook::receive)
        .layer(limits)
        .get("/healthz", Access::Public, health::alive)
        .get("/readyz", Access::Public, health::ready)
        .get("/metrics", Access::Public, health::metrics)
        .merge(api::routes())
        .merge(media::routes().layer(slow()))
        .merge(pages)
}

/// What stands at an address where nothing is: for programs a problem, else a page.
async fn nothing(request: Request) -> Rejection {
    let (parts, _) = request.into_parts();
    Rejection::new(Refusal::NotFound, &parts)
}

/// Bytes of a form.
const FORM: usize = 256 << 10;

/// A body that trickles holds a connection for so long at most.
const BODY: Duration = Duration::from_secs(10);

/// No script or style but our own files; nobody frames us.
const CSP: &str = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

fn header(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// For what must never be kept by a browser or a proxy.
pub const NEVER_KEPT: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

#[cfg(test)]
mod tests {
    use super::*;

    /// What anybody may reach. Whoever adds a line says why it proves itself, or why it is everybody's.
    const PUBLIC: &[&str] = &[
        // Leads on: to the login, or to where one works.
        "/",
        "/static/{*path}",
        // A signature proves it.
        "/webhook",
        "/healthz",
        "/readyz",
        "/metrics",
        // A signature in the address proves it.
        "/media/",
        // What programs are written by.
        "/api/openapi.json",
        "/docs/",
        // Leads on: to the login, or to where one works.
        "/",
        // The way in, for people and for programs: a password, or the secret of a link, proves them. Each counts attempts.
        "/login",
        "/register",
        "/reset",
        "/invitation",
        "/api/auth/register",
        "/api/auth/login",
        "/api/auth/reset",
        "/api/auth/invitation",
    ];

    #[test]
    fn nothing_is_public_that_was_not_decided_to_be() {
        for route in routes().table().iter().filter(|route| route.access == Access::Public) {
            let decided = PUBLIC.iter().any(|path| {
                route.path == *path || *path != "/" && route.path.starts_with(path) && (path.ends_with('/') || route.path[path.len()..].starts_with('/'))
            });
            assert!(decided, "{} {} is public", route.method, route.path);
        }
    }

    /// Else the page of a plugin of that id could not be reached.
    #[test]
    fn no_plugin_is_called_as_an_address_beside_those_of_plugins() {
        let table = routes();
        let paths: Vec<Vec<&str>> = table.table().iter().map(|route| route.path.split('/').collect()).collect();
        let mut words: Vec<&str> = Vec::new();
        for path in &paths {
            let named = |part: &&str| *part == "{plugin}" || *part == "{id}" && path.get(2) == Some(&"plugins");
            let Some(at) = path.iter().position(named) else { continue };
            let beside = paths.iter().filter(|other| other.len() > at && other[..at] == path[..at] && !other[at].starts_with('{'));
            words.extend(beside.map(|other| other[at]));
        }
        words.sort_unstable();
        words.dedup();
        assert_eq!(words, relevo_sandbox::RESERVED_IDS, "see the check of manifests");
    }

    #[test]
    fn every_page_shows_itself_in_every_language() {
        let shown = [web::shown(), docs::shown(), pages::shown(), simulator::shown()].concat();
        for page in web::templates::pages() {
            assert!(shown.contains(&&*page), "{page} is rendered by no test: see `shown`");
        }
    }

    /// Nothing gets past the table: axum's own way to add a route is used in one place.
    #[test]
    fn every_route_is_in_the_table() {
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("http/routes.rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                    for way in ["Router::new()", ".route(", ".nest(", ".route_service(", ".nest_service(", "OpenApiRouter::new()"] {
                        // `App::route` finds a tenant, and has nothing to do with these.
                        let past = text.lines().any(|line| line.contains(way) && !line.contains("app.route(") && !line.contains("platform().route("));
                        assert!(!past, "{}: {way} adds a route that the table does not know", path.display());
                    }
                }
            }
        }
    }
}
