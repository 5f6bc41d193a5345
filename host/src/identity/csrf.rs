//! What changes something must come from our own pages: browsers say where a request comes from, and other sites cannot make them lie.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Door, Refusal, Rejection, device, sessions};
use crate::http::api::is_api;

/// Refuses what a page of another site sends. Lets through: what only looks, what stands on an authorization instead of a cookie,
/// and webhooks, which prove themselves by a signature.
pub async fn only_our_pages(State(door): State<Door>, request: Request, next: Next) -> Response {
    if is_ours(&door, request.method(), request.uri(), request.headers()) {
        return next.run(request).await;
    }
    let (parts, _) = request.into_parts();
    Rejection::new(Refusal::Foreign, &parts).into_response()
}

fn is_ours(door: &Door, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    let webhook = ["/webhook", "/webhooks"].iter().any(|prefix| uri.path().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    if method.is_safe() || webhook || headers.contains_key(header::AUTHORIZATION) {
        return true;
    }
    // The operator named these pages as ours, for the API alone. Browsers set `Origin` themselves and send it with every unsafe request, so no
    // other site can claim to be one of them. Only a panel on a subdomain of ours brings the cookie, which is SameSite=Lax; one of another site
    // comes without, logs in by `/api/auth/login`, and brings a bearer from then on.
    let panel = headers.get(header::ORIGIN).is_some_and(|origin| door.origins().contains(origin));
    if panel && is_api(uri.path()) {
        return true;
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        // A proxy may have changed the host that we see: then the public address decides.
        (None, Some(origin)) => origin == door.base || is_of(origin, device::host(uri, headers)),
        // No browser of the last years: a program. It has no cookie that somebody else could make it send.
        (None, None) => sessions::presented(headers, true).is_none() && sessions::presented(headers, false).is_none(),
    }
}

/// Whether an origin names this host. Its scheme is not known behind a proxy; no site of another owner has the same host.
fn is_of(origin: &str, host: Option<&str>) -> bool {
    let named = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    named.zip(host).is_some_and(|(named, host)| named.eq_ignore_ascii_case(host))
}
