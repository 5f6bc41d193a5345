//! What programs and plugins are written by, as pages: the handbook, the catalogue of problems, and the description of the API.
//!
//! In English, as the API is.

mod handbook;

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use serde::Serialize;

use super::{
    api::Path,
    problem::{Kind, Problem},
    routes::{Access, Routes},
};
use crate::{
    identity::Refusal,
    web::{
        templates::{self, Template},
        visitor::Visitor,
    },
};

/// The viewer writes styles of its own into the page; scripts, and whatever it loads, are ours alone.
const CSP_OF_VIEWER: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
                             base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn routes() -> Routes {
    Routes::new().get("/docs/api", Access::Public, api).get("/docs/plugins", Access::Public, plugins).get("/docs/problems", Access::Public, catalogue).get(
        &format!("{}{{kind}}", Problem::CATALOGUE),
        Access::Public,
        problem,
    )
}

#[derive(Serialize)]
struct Viewer {}

/// A chapter of the handbook.
#[derive(Serialize)]
struct Handbook {
    chapter: &'static handbook::Chapter,
}

/// The catalogue, or one page of it.
#[derive(Serialize)]
struct Problems {
    title: &'static str,
    problems: Vec<Described>,
}

#[derive(Serialize)]
struct Described {
    name: &'static str,
    address: String,
    status: u16,
    title: &'static str,
    meaning: &'static str,
    mend: &'static str,
}

impl Template for Viewer {
    const NAME: &'static str = "pages/docs_api.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}

impl Template for Handbook {
    const NAME: &'static str = "pages/docs_plugins.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { chapter: handbook::plugins() }]
    }
}

impl Template for Problems {
    const NAME: &'static str = "pages/docs_problems.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let described = |kinds: &[Kind]| Self { title: "Problems", problems: kinds.iter().copied().map(described).collect() };
        vec![described(Kind::ALL), described(&Kind::ALL[..1])]
    }
}

/// The description of the API, to be read and tried.
async fn api(visitor: Visitor) -> Response {
    let csp = (HeaderName::from_static("content-security-policy"), HeaderValue::from_static(CSP_OF_VIEWER));
    ([csp], page(visitor, &Viewer {})).into_response()
}

/// How plugins are written.
async fn plugins(visitor: Visitor) -> Response {
    page(visitor, &Handbook { chapter: handbook::plugins() })
}

/// Every kind of problem that a program may get.
async fn catalogue(visitor: Visitor) -> Response {
    page(visitor, &Problems { title: "Problems", problems: Kind::ALL.iter().copied().map(described).collect() })
}

/// One of them: where its `type` leads.
async fn problem(visitor: Visitor, Path(name): Path<String>) -> Response {
    match Kind::find(&name) {
        Some(kind) => page(visitor, &Problems { title: kind.title(), problems: vec![described(kind)] }),
        None => (Refusal::NotFound.status(), axum::Extension(Refusal::NotFound)).into_response(),
    }
}

fn described(kind: Kind) -> Described {
    Described {
        name: kind.as_str(),
        address: format!("{}{}", Problem::CATALOGUE, kind.as_str()),
        status: kind.status().as_u16(),
        title: kind.title(),
        meaning: kind.meaning(),
        mend: kind.mend(),
    }
}

fn page<T: Template>(visitor: Visitor, template: &T) -> Response {
    let kept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    match templates::render(visitor, template) {
        Ok(page) => (kept, Html(page)).into_response(),
        Err(error) => Problem::broken(&error).into_response(),
    }
}

/// The templates of this module, rendered.
#[cfg(test)]
pub fn shown() -> Vec<&'static str> {
    vec![templates::shows::<Viewer>(), templates::shows::<Handbook>(), templates::shows::<Problems>()]
}
