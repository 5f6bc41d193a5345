//! What programs get when something is not done: RFC 9457.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::identity::{Error, Refusal};

/// A problem, whose kind has a page of its own in the catalogue.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    #[serde(serialize_with = "as_number")]
    pub status: StatusCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// Seconds after which it can be tried again.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct FieldProblem {
    pub field: String,
    /// The key of a text.
    pub problem: String,
}

impl Problem {
    /// Where the catalogue of kinds is.
    pub const CATALOGUE: &'static str = "/docs/problems/";

    pub fn new(status: StatusCode, kind: &str, title: &'static str) -> Self {
        Self { kind: format!("{}{kind}", Self::CATALOGUE), title, status, detail: None, errors: Vec::new(), retry_after: None }
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (kind, title) = match refusal {
            Refusal::Anonymous => ("unauthorized", "Nobody is logged in"),
            Refusal::BadCredential => ("bad-credential", "The token or the key is worth nothing"),
            Refusal::TooFew(_) => ("permission", "A permission is missing"),
            Refusal::Forbidden => ("forbidden", "This may not be done"),
            Refusal::NoBusiness => ("no-business", "No business is chosen"),
            Refusal::NotFound => ("not-found", "There is nothing at this address"),
            Refusal::Foreign => ("foreign-origin", "Sent from another site"),
        };
        Self::new(refusal.status(), kind, title).detail(refusal.to_string())
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let (status, kind, title) = match error {
            Error::Refused(refusal) => return (*refusal).into(),
            Error::Wrong => (StatusCode::UNAUTHORIZED, "wrong-login", "The address or the password is wrong"),
            Error::WrongCode => (StatusCode::UNAUTHORIZED, "wrong-code", "The code is wrong"),
            Error::CodeNeeded => (StatusCode::UNAUTHORIZED, "code-needed", "A code of the second factor is needed"),
            Error::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", "Too many attempts"),
            Error::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Too busy"),
            Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "What was sent cannot be taken"),
            Error::Taken => (StatusCode::CONFLICT, "taken", "It is taken already"),
            Error::Gone => (StatusCode::GONE, "gone", "It has ended, or never was"),
            Error::OtherPerson => (StatusCode::FORBIDDEN, "other-person", "This is for somebody else"),
            Error::LastOwner => (StatusCode::CONFLICT, "last-owner", "A business needs an owner"),
            Error::Broken(error) => {
                tracing::error!(error = format!("{error:#}"), "a request at the door failed");
                return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", "Something is broken here");
            }
        };
        let mut problem = Self::new(status, kind, title).detail(error.to_string());
        match error {
            Error::TooMany(wait) => problem.retry_after = Some(wait.as_millis().div_ceil(1_000).max(1).try_into().unwrap_or(u64::MAX)),
            Error::Busy => problem.retry_after = Some(1),
            Error::Invalid(fields) => {
                problem.errors = fields.iter().map(|wrong| FieldProblem { field: wrong.field.into(), problem: wrong.text.into() }).collect();
            }
            _ => {}
        }
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(&self).into_response()
    }
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
