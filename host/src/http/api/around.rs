//! What surrounds every answer of the API: who of other origins may read it, how much its caller may ask, and that what is not done is a
//! problem in the reader's language.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower::{Layer, ServiceExt};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::{idempotency, rate};
use crate::{
    app::App,
    http::problem::{Kind, Problem},
    web::visitor::Visitor,
};

/// Seconds that a browser may go on from what it was told of another origin.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Whether this is an address of the API.
pub fn is_api(path: &str) -> bool {
    path.strip_prefix("/api").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Lets everything else by as it is.
pub async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    if !is_api(request.uri().path()) {
        return next.run(request).await;
    }
    let cors = cors(app.door.origins());
    let answered = tower::service_fn(move |request: Request| {
        let (app, next) = (app.clone(), next.clone());
        async move { Ok::<_, std::convert::Infallible>(answer(&app, request, next).await) }
    });
    cors.layer(answered).oneshot(request).await.unwrap_or_else(|never| match never {})
}

async fn answer(app: &App, request: Request, next: Next) -> Response {
    let lang = Visitor::of("", request.headers()).lang;
    let (mut parts, body) = request.into_parts();
    let (left, share) = app.rates.count(&app.door, &mut parts).await;
    let response = match share {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => problem.into_response(),
    };
    let mut response = as_problem(response, lang);
    if let Some(left) = left {
        left.write(&mut response);
    }
    // What the API answers is of this moment and for this caller alone, unless a handler says otherwise.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// An address that is not there, or not with this method, is a problem like all others; and all of them speak the reader's language.
fn as_problem(response: Response, lang: &str) -> Response {
    let problem = match (response.extensions().get::<Problem>(), response.status()) {
        (Some(problem), _) if problem.errors.is_empty() => return response,
        (Some(problem), _) => problem.clone().in_language(lang),
        (None, StatusCode::NOT_FOUND) => Kind::NotFound.into(),
        (None, StatusCode::METHOD_NOT_ALLOWED) => Kind::MethodNotAllowed.into(),
        (None, _) => return response,
    };
    let mut said = problem.into_response();
    for (name, value) in response.headers() {
        if !said.headers().contains_key(name) && *name != header::CONTENT_LENGTH {
            said.headers_mut().append(name, value.clone());
        }
    }
    said
}

/// Exactly the origins that the operator named may call from a browser, with or without credentials.
fn cors(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH, header::IF_NONE_MATCH, header::ACCEPT_LANGUAGE, idempotency::KEY])
        .expose_headers([header::ETAG, header::LINK, header::LOCATION, header::RETRY_AFTER, idempotency::REPLAYED, rate::LIMIT, rate::POLICY] as [HeaderName; 7])
        .max_age(REMEMBERED)
}
