//! Why a page was not shown, or something on it not done; and the page that says so.

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use minijinja::HtmlEscape;
use serde::Serialize;

use super::{page::Page, templates::Template, words::Words};
use crate::{
    app::App,
    console,
    identity::{self, Refusal, safe_path},
};

/// Why a page was not shown, or something on it not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// With the text that says what is wrong and what to do.
    #[error("{}", .1.key())]
    Said(StatusCode, Words),
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

pub type Result<T = Response> = std::result::Result<T, Error>;

impl From<relevo_store::Error> for Error {
    fn from(error: relevo_store::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<identity::Error> for Error {
    fn from(error: identity::Error) -> Self {
        use identity::Error as Door;
        match error {
            Door::Refused(refusal) => Self::Refused(refusal),
            Door::Broken(error) => Self::Broken(error),
            Door::Gone => Self::Said(StatusCode::GONE, "problem-gone".into()),
            Door::OtherPerson => Self::Said(StatusCode::FORBIDDEN, "problem-other-person".into()),
            Door::LastOwner => Self::Said(StatusCode::CONFLICT, "problem-last-owner".into()),
            Door::Taken => Self::Said(StatusCode::CONFLICT, "problem-taken".into()),
            Door::TooMany(wait) => Self::Said(StatusCode::TOO_MANY_REQUESTS, too_many(wait)),
            Door::Busy => Self::Said(StatusCode::SERVICE_UNAVAILABLE, "problem-busy".into()),
            Door::Wrong => Self::Said(StatusCode::UNPROCESSABLE_ENTITY, "problem-wrong-login".into()),
            Door::WrongCode | Door::CodeNeeded => Self::Said(StatusCode::UNPROCESSABLE_ENTITY, "problem-wrong-code".into()),
            Door::Invalid(_) => Self::Said(StatusCode::UNPROCESSABLE_ENTITY, "problem-form".into()),
        }
    }
}

impl From<console::Error> for Error {
    fn from(error: console::Error) -> Self {
        use console::Error as Done;
        match error {
            Done::NotFound => Self::Refused(Refusal::NotFound),
            Done::Refused(refusal) => Self::Refused(refusal),
            Done::Broken(error) => Self::Broken(error),
            Done::Invalid(_) => Self::Said(StatusCode::UNPROCESSABLE_ENTITY, "problem-form".into()),
            Done::Taken => Self::Said(StatusCode::CONFLICT, "problem-name-taken".into()),
            Done::Enough => Self::Said(StatusCode::CONFLICT, "problem-enough-businesses".into()),
            Done::InUse(used) => Self::Said(StatusCode::CONFLICT, used.words().into()),
            Done::Stale => Self::Said(StatusCode::CONFLICT, "problem-stale".into()),
            Done::Package(refused) => Self::Said(StatusCode::UNPROCESSABLE_ENTITY, refused.words()),
            Done::Consent(_) => Self::Said(StatusCode::CONFLICT, "problem-consent".into()),
            Done::NotReady => Self::Said(StatusCode::CONFLICT, "problem-not-ready".into()),
            Done::ReplayNeeded => Self::Said(StatusCode::CONFLICT, "problem-replay-needed".into()),
            Done::Misfit(_) => Self::Said(StatusCode::CONFLICT, "problem-config-misfit".into()),
            Done::NoVersion => Self::Said(StatusCode::CONFLICT, "problem-no-version".into()),
            Done::Settings(_) => Self::Said(StatusCode::UNPROCESSABLE_ENTITY, "problem-form".into()),
            Done::WindowClosed => Self::Said(StatusCode::CONFLICT, "problem-window-closed".into()),
            Done::NoChannel => Self::Said(StatusCode::CONFLICT, "problem-no-channel".into()),
            Done::Outside(fault) => {
                // What the Graph API says is in its own words, and not for everybody.
                tracing::warn!(%fault, "the Graph API did not confirm what was asked");
                Self::Said(StatusCode::BAD_GATEWAY, "problem-outside".into())
            }
            Done::Unavailable => Self::Said(StatusCode::SERVICE_UNAVAILABLE, "problem-unavailable".into()),
        }
    }
}

/// That somebody has to wait, and for how long.
pub fn too_many(wait: std::time::Duration) -> Words {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    let (key, count) = if seconds < 100 { ("problem-too-many-seconds", seconds) } else { ("problem-too-many-minutes", seconds.div_ceil(60)) };
    Words::from(key).with("count", u64::try_from(count).unwrap_or(u64::MAX))
}

/// What the visitor is to read instead of an empty answer.
#[derive(Clone)]
pub struct Explained(pub Words);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => (refusal.status(), Extension(refusal)).into_response(),
            Self::Said(status, words) => (status, Extension(Explained(words))).into_response(),
            Self::Broken(error) => {
                tracing::error!(error = format!("{error:#}"), "a page could not be shown");
                (StatusCode::INTERNAL_SERVER_ERROR, Extension(Explained("problem-broken".into()))).into_response()
            }
        }
    }
}

/// The page of a problem.
#[derive(Serialize)]
pub struct Problem {
    /// The key of its title.
    pub title: &'static str,
    pub text: String,
    pub status: u16,
    pub back: String,
}

impl Template for Problem {
    const NAME: &'static str = "pages/problem.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN, StatusCode::UNPROCESSABLE_ENTITY, StatusCode::INTERNAL_SERVER_ERROR]
            .map(|status| Self { title: title(status), text: "<script>".into(), status: status.as_u16(), back: "/".into() })
            .into()
    }
}

/// Where programs ask: they are answered as they ask, and these paths cost nothing here.
const PROGRAMS: [&str; 9] = ["/webhook", "/webhooks", "/api", "/mcp", "/static", "/media", "/healthz", "/readyz", "/metrics"];

/// Says in the visitor's language, as a page of ours, why something was not done. A part of a page gets the words alone.
pub async fn explain(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if PROGRAMS.iter().any(|program| path.strip_prefix(program).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let mut asked = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    if !needs_words(&response) {
        return response;
    }
    let page = match Page::of(&mut asked, &app).await {
        Ok(page) => page,
        Err(rejection) => return rejection.into_response(),
    };
    if matches!(response.extensions().get(), Some(Refusal::NoBusiness)) && asked.method == Method::GET && !is_part(&asked.headers) {
        return Redirect::to("/welcome").into_response();
    }
    let status = response.status();
    let text = words(&response, &page).to_text(page.visitor.lang);
    let explained = if is_part(&asked.headers) {
        (status, Html(HtmlEscape(&text).to_string())).into_response()
    } else {
        let problem = Problem { title: title(status), text, status: status.as_u16(), back: back(&asked.headers, &asked.uri) };
        match page.show_as(status, &problem) {
            Ok(shown) => shown,
            Err(error) => {
                tracing::error!(%error, "a problem could not be told");
                status.into_response()
            }
        }
    };
    with_headers_of(response, explained)
}

/// An error that nobody has written a page for yet.
fn needs_words(response: &Response) -> bool {
    let headers = response.headers();
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let written = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    failed && !written && !headers.contains_key("hx-redirect")
}

fn words(response: &Response, page: &Page) -> Words {
    if let Some(Explained(words)) = response.extensions().get() {
        return words.clone();
    }
    match response.extensions().get::<Refusal>() {
        Some(Refusal::TooFew(permission)) => {
            let name = page.say(&format!("permission-{permission}"));
            Words::from("problem-permission").with("permission", name)
        }
        Some(Refusal::Forbidden) => "problem-forbidden".into(),
        Some(Refusal::NoBusiness) => "problem-no-business".into(),
        Some(Refusal::Foreign) => "problem-foreign".into(),
        Some(Refusal::Anonymous | Refusal::BadCredential) => "problem-anonymous".into(),
        Some(Refusal::NotFound) => "problem-not-found".into(),
        None => match response.status() {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => "problem-not-found".into(),
            StatusCode::PAYLOAD_TOO_LARGE => "problem-too-large".into(),
            StatusCode::SERVICE_UNAVAILABLE => "problem-busy".into(),
            status if status.is_server_error() => "problem-broken".into(),
            // What a form of ours would never send.
            _ => "problem-form".into(),
        },
    }
}

const fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => "problem-title-nothing",
        StatusCode::FORBIDDEN => "problem-title-forbidden",
        StatusCode::INTERNAL_SERVER_ERROR => "problem-title-broken",
        _ => "problem-title",
    }
}

/// Whether htmx asks, for a part of a page.
pub fn is_part(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

/// The page of ours that led here, else the start.
fn back(headers: &HeaderMap, here: &Uri) -> String {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let from = text(header::REFERER).and_then(|address| address.parse::<Uri>().ok());
    let ours = from.filter(|from| from.authority().map(|host| host.as_str()) == text(header::HOST) && from.path() != here.path());
    // A path of two slashes is another site's to a browser.
    safe_path(ours.as_ref().and_then(|from| from.path_and_query()).map(|page| page.as_str())).to_owned()
}

/// What was set for the browser counts whatever the page says.
fn with_headers_of(response: Response, mut explained: Response) -> Response {
    for (name, value) in response.headers() {
        let ours = *name == header::CONTENT_TYPE || *name == header::CONTENT_LENGTH || explained.headers().contains_key(name);
        if *name == header::SET_COOKIE || !ours {
            explained.headers_mut().append(name, value.clone());
        }
    }
    explained
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_way_back_is_a_page_of_ours() {
        let of = |referer: &'static str| {
            let headers =
                HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("relevo.example")), (header::REFERER, HeaderValue::from_static(referer))]);
            back(&headers, &Uri::from_static("/people/x"))
        };

        assert_eq!(of("https://relevo.example/people?after=a"), "/people?after=a");
        for other in ["https://evil.example/people", "https://relevo.example/people/x", "javascript:alert(1)", "/people", ""] {
            assert_eq!(of(other), "/", "{other}");
        }
    }

    #[test]
    fn how_long_to_wait_is_told_in_what_people_count_in() {
        let of = |seconds| too_many(std::time::Duration::from_secs(seconds)).to_text("es");

        assert!(of(1).contains('1') && of(1) != of(2));
        assert!(of(300).contains('5'), "{}", of(300));
    }
}
