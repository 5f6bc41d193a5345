//! What programs get when something is not done: RFC 9457.

mod kinds;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    console::plugins::{ConfigProblem, Misfit, Why},
    identity::{self, Refusal},
    texts,
    web::{Words, visitor::LANGUAGES},
};

pub use kinds::Kind;

/// What a program gets when something is not done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// The address of the page that tells of problems of this kind; its last part is the kind's name.
    #[serde(rename = "type")]
    #[schema(example = "/docs/problems/invalid")]
    pub kind: String,
    #[schema(value_type = String)]
    pub title: &'static str,
    #[serde(serialize_with = "as_number")]
    #[schema(value_type = u16)]
    pub status: StatusCode,
    /// What there is to say of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// Seconds after which it can be tried again.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// Where it is in what was sent, such as `name` or `plugins[0].id`.
    pub field: String,
    /// The key of the text: for programs.
    #[schema(example = "problem-name")]
    pub problem: String,
    /// The same for people, in the language of `Accept-Language`.
    pub text: String,
    /// What is said, where that is more than the text of the key.
    #[serde(skip)]
    pub said: Said,
}

/// How the text of a problem is come by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Said {
    /// It is that of its key.
    #[default]
    Plain,
    /// With values in it.
    Words(Words),
    /// In the words of whoever wrote it, whatever language those are.
    AsIs,
}

impl Problem {
    /// Where the catalogue of kinds is.
    pub const CATALOGUE: &'static str = "/docs/problems/";

    pub fn new(kind: Kind) -> Self {
        let kind_of = format!("{}{}", Self::CATALOGUE, kind.as_str());
        Self { kind: kind_of, title: kind.title(), status: kind.status(), detail: None, errors: Vec::new(), retry_after: None }
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn errors(mut self, errors: impl IntoIterator<Item = FieldProblem>) -> Self {
        self.errors.extend(errors);
        self
    }

    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same for somebody who reads another language.
    #[must_use]
    pub fn in_language(mut self, lang: &str) -> Self {
        for error in &mut self.errors {
            match &error.said {
                Said::Plain => error.text = texts::say(lang, &error.problem),
                Said::Words(words) => error.text = words.to_text(lang),
                Said::AsIs => {}
            }
        }
        self
    }

    /// Something failed that should not: it goes to the log, and nothing of it to whoever asked.
    pub fn broken(error: &anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "a request failed");
        Self::new(Kind::Broken)
    }
}

impl FieldProblem {
    /// With its text in the first of our languages; `Problem::in_language` gives it another.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self { field: field.into(), text: texts::say(LANGUAGES[0], &problem), problem, said: Said::Plain }
    }

    /// The same with values in the text.
    pub fn with_words(field: impl Into<String>, words: Words) -> Self {
        Self { field: field.into(), problem: words.key().to_owned(), text: words.to_text(LANGUAGES[0]), said: Said::Words(words) }
    }

    /// In somebody's own words.
    pub fn as_is(field: impl Into<String>, problem: &str, text: &str) -> Self {
        Self { field: field.into(), problem: problem.to_owned(), text: text.to_owned(), said: Said::AsIs }
    }
}

impl From<&identity::Problem> for FieldProblem {
    fn from(problem: &identity::Problem) -> Self {
        Self::new(problem.field, problem.text)
    }
}

impl From<&ConfigProblem> for FieldProblem {
    /// The field is where it is in the configuration: `config/hours/0`.
    fn from(problem: &ConfigProblem) -> Self {
        let field = if problem.path.starts_with("plugins[") { problem.path.clone() } else { format!("config{}", problem.path) };
        match &problem.why {
            Why::Says(text) => Self::as_is(field, "schema-says", text),
            _ => Self::with_words(field, problem.words()),
        }
    }
}

impl From<&Misfit> for FieldProblem {
    /// The same at a service point: `service_points.ID.config/hours/0`.
    fn from(misfit: &Misfit) -> Self {
        let problem = Self::from(&misfit.problem);
        match &misfit.point {
            Some((point, _)) => Self { field: format!("service_points.{point}.{}", problem.field), ..problem },
            None => problem,
        }
    }
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        Self::new(kind)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Anonymous => Kind::Unauthorized,
            Refusal::BadCredential => Kind::BadCredential,
            Refusal::TooFew(_) => Kind::Permission,
            Refusal::Forbidden => Kind::Forbidden,
            Refusal::NoBusiness => Kind::NoBusiness,
            Refusal::NotFound => Kind::NotFound,
            Refusal::Foreign => Kind::ForeignOrigin,
        };
        Self::new(kind).detail(refusal.to_string())
    }
}

impl From<relevo_store::Error> for Problem {
    fn from(error: relevo_store::Error) -> Self {
        match error {
            relevo_store::Error::Conflict(_) => Self::new(Kind::Conflict),
            relevo_store::Error::Unavailable(_) | relevo_store::Error::NotOwner(_) => {
                tracing::error!(%error, "the database could not take a request");
                Self::new(Kind::Busy).retry_after(1)
            }
            relevo_store::Error::NoTenant(_) => Self::new(Kind::NotFound),
            other => Self::broken(&other.into()),
        }
    }
}

impl From<identity::Error> for Problem {
    fn from(error: identity::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&identity::Error> for Problem {
    fn from(error: &identity::Error) -> Self {
        use identity::Error;
        let kind = match error {
            Error::Refused(refusal) => return (*refusal).into(),
            Error::Wrong => Kind::WrongLogin,
            Error::WrongCode => Kind::WrongCode,
            Error::CodeNeeded => Kind::CodeNeeded,
            Error::TooMany(_) => Kind::TooManyAttempts,
            Error::Busy => Kind::Busy,
            Error::Invalid(_) => Kind::Invalid,
            Error::Taken => Kind::Taken,
            Error::Gone => Kind::Gone,
            Error::OtherPerson => Kind::OtherPerson,
            Error::LastOwner => Kind::LastOwner,
            Error::Broken(error) => return Self::broken(error),
        };
        let problem = Self::new(kind).detail(error.to_string());
        match error {
            Error::TooMany(wait) => problem.retry_after(wait.as_millis().div_ceil(1_000).max(1).try_into().unwrap_or(u64::MAX)),
            Error::Busy => problem.retry_after(1),
            Error::Invalid(fields) => problem.errors(fields.iter().map(FieldProblem::from)),
            _ => problem,
        }
    }
}

impl IntoResponse for Problem {
    /// Carries the problem itself along, so that what knows the reader's language can say it again.
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after);
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for identity::Error {
    fn into_response(self) -> Response {
        Problem::from(&self).into_response()
    }
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
