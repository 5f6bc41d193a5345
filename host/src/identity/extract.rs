//! What handlers ask for: a person, or a member of the business that the request is about.

use axum::{
    Extension, RequestPartsExt,
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    http::{HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use url::form_urlencoded::byte_serialize;

use super::{
    Door, Error,
    caller::{Caller, Member, Person},
};
use crate::{
    http::{api::is_api, problem::Problem},
    policy::Permission,
};

/// Why somebody may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nobody is logged in")]
    Anonymous,
    #[error("the token or the key is unknown, has ended or was revoked")]
    BadCredential,
    #[error("the permission {0} is needed here")]
    TooFew(Permission),
    /// Nothing that a permission would change.
    #[error("this may not be done")]
    Forbidden,
    /// Logged in, but in no business.
    #[error("this needs a business, and none is chosen")]
    NoBusiness,
    /// There is nothing, or nothing that may be known of.
    #[error("there is nothing at this address")]
    NotFound,
    /// Another site's page sent this.
    #[error("this was sent from another site")]
    Foreign,
}

/// A refusal as the way of asking wants it: a problem for programs, the way to the login for pages.
#[derive(Debug)]
pub struct Rejection {
    why: Error,
    asked: Asked,
}

#[derive(Clone, Debug)]
struct Asked {
    program: bool,
    /// By htmx, for a part of a page.
    part: bool,
    /// The page to come back to; only what was looked at can be shown again.
    page: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Person
where
    Door: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let person = match Door::from_ref(state).caller(parts).await {
            Ok(Caller::Person(person)) => Ok(person),
            Ok(Caller::Key(_)) => Err(Refusal::Forbidden.into()),
            Ok(Caller::Nobody) => Err(Refusal::Anonymous.into()),
            Ok(Caller::Unknown) => Err(Refusal::BadCredential.into()),
            Err(error) => Err(error),
        };
        person.map_err(|why| Rejection::new(why, parts))
    }
}

/// For pages that show themselves to everybody, and more to whoever is logged in.
impl<S: Send + Sync> OptionalFromRequestParts<S> for Person
where
    Door: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        match Door::from_ref(state).caller(parts).await {
            Ok(Caller::Person(person)) => Ok(Some(person)),
            Ok(_) => Ok(None),
            Err(why) => Err(Rejection::new(why, parts)),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Member
where
    Door: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        Door::from_ref(state).member_of(parts).await.map_err(|why| Rejection::new(why, parts))
    }
}

impl Rejection {
    pub fn new(why: impl Into<Error>, parts: &Parts) -> Self {
        Self { why: why.into(), asked: Asked::of(parts) }
    }

    /// Lets nobody in whose role, or whose key, has not this permission somewhere.
    pub(crate) async fn unless_member_may(permission: Permission, parts: &mut Parts, door: &Door) -> Result<(), Self> {
        let member = door.member_of(parts).await.map_err(|why| Self::new(why, parts))?;
        member.demand(permission, None).map_err(|why| Self::new(why, parts))
    }

    pub(crate) async fn unless_person<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Person, Self>
    where
        Door: FromRef<S>,
    {
        parts.extract_with_state::<Person, S>(state).await
    }

    /// What is for operators is not there for others.
    pub(crate) async fn unless_operator<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<(), Self>
    where
        Door: FromRef<S>,
    {
        let person = Self::unless_person(parts, state).await?;
        if person.operator { Ok(()) } else { Err(Self::new(Refusal::NotFound, parts)) }
    }
}

impl Asked {
    fn of(parts: &Parts) -> Self {
        let path = parts.uri.path();
        let mcp = path.strip_prefix("/mcp").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let program = mcp || is_api(path) || parts.headers.contains_key(header::AUTHORIZATION);
        let part = parts.headers.contains_key("hx-request");
        let page = matches!(parts.method, Method::GET | Method::HEAD).then(|| parts.uri.path_and_query().map_or("/", |page| page.as_str()).to_owned());
        Self { program, part, page: page.filter(|_| !part) }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let Self { why, asked } = self;
        if asked.program {
            return Problem::from(&why).into_response();
        }
        match why {
            Error::Refused(Refusal::Anonymous | Refusal::BadCredential) => to_login(&asked),
            Error::Refused(refusal) => (refusal.status(), Extension(refusal), refusal.to_string()).into_response(),
            other => Problem::from(&other).into_response(),
        }
    }
}

impl Refusal {
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Anonymous | Self::BadCredential => StatusCode::UNAUTHORIZED,
            Self::TooFew(_) | Self::Forbidden | Self::NoBusiness | Self::Foreign => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
        }
    }
}

fn to_login(asked: &Asked) -> Response {
    let address = match asked.page.as_deref().filter(|page| *page != "/") {
        Some(page) => format!("/login?to={}", byte_serialize(page.as_bytes()).collect::<String>()),
        None => "/login".to_owned(),
    };
    if asked.part {
        // A redirect would be followed by htmx, and the login shown inside of the page.
        return (StatusCode::UNAUTHORIZED, [(HeaderName::from_static("hx-redirect"), HeaderValue::from_static("/login"))]).into_response();
    }
    Redirect::to(&address).into_response()
}

/// The page to go on to after a login, as the address named it: one of ours, or the start.
pub fn safe_path(to: Option<&str>) -> &str {
    let ours = |to: &&str| {
        let mut letters = to.chars();
        letters.next() == Some('/') && !matches!(letters.next(), Some('/' | '\\')) && !to.contains(|letter: char| letter.is_control() || letter == '\\')
    };
    to.filter(ours).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_no_other_site() {
        assert_eq!(safe_path(Some("/inbox?x=1")), "/inbox?x=1");
        for evil in ["//evil.com", "/\\evil.com", "https://evil.com", "javascript:alert(1)", "", "inbox", "/\t/evil.com", "/x\r\nSet-Cookie: a=b"] {
            assert_eq!(safe_path(Some(evil)), "/", "{evil}");
        }
        assert_eq!(safe_path(None), "/");
    }
}
