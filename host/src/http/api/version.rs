//! Versions of what is configured: an ETag for what is shown, and changes only to the version that somebody saw.
//!
//! `If-Match` may be left out: whoever leaves it out wins over whoever was there before.

use std::convert::Infallible;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::http::problem::{Kind, Problem};

/// What a request says of the version that it knows.
#[derive(Clone, Debug, Default)]
pub struct Known {
    matches: Option<String>,
    none_matches: Option<String>,
}

/// How a GET names the version that it knows already, for the description of operations.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "`Known` reads it; this describes it")]
pub struct IfNoneMatch {
    /// The `ETag` that is known already: if it is still the same, the answer is 304 without a body.
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
}

/// How a change names the version that it is for.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "`Known` reads it; this describes it")]
pub struct IfMatch {
    /// The `ETag` that the change is for: if it was changed meanwhile, the answer is 412. Without it the change is made in any case.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Known {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

impl Known {
    pub fn of(headers: &HeaderMap) -> Self {
        Self { matches: all(headers, header::IF_MATCH), none_matches: all(headers, header::IF_NONE_MATCH) }
    }

    /// Shows it with its ETag, or says that it is still as it was.
    pub fn show<T: Serialize>(&self, value: &T) -> Response {
        self.show_as(value, value)
    }

    /// The same where the version is that of a part of what is shown.
    pub fn show_as<T: Serialize>(&self, of: &impl Serialize, value: &T) -> Response {
        let etag = etag(of);
        let same = self.none_matches.as_deref().is_some_and(|list| names(list, &etag, true));
        let tag = [(header::ETAG, HeaderValue::from_str(&etag).expect("hexadecimal digits between quotes"))];
        if same { (StatusCode::NOT_MODIFIED, tag).into_response() } else { (tag, Json(value)).into_response() }
    }

    /// The version that a change is for, for the store to compare as it changes it; none where any will do.
    pub fn only(&self, version: i64) -> Option<i64> {
        self.matches.is_some().then_some(version)
    }

    /// Refuses a change that was meant for another version than this.
    pub fn demand<T: Serialize>(&self, current: &T) -> Result<(), Problem> {
        match &self.matches {
            Some(list) if !names(list, &etag(current), false) => Err(Kind::Stale.into()),
            _ => Ok(()),
        }
    }
}

/// The version of what a program is shown: a hash of exactly that.
pub fn etag<T: Serialize>(value: &T) -> String {
    let shown = serde_json::to_vec(value).expect("what is shown is plain");
    format!("\"{}\"", hex::encode(&Sha256::digest(shown)[..16]))
}

/// Several headers are one list.
fn all(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// Whether a list of ETags holds this one. A weak one is good enough to save a download, and not to overwrite.
fn names(list: &str, etag: &str, weakly: bool) -> bool {
    list.split(',').map(str::trim).any(|one| one == "*" || one == etag || weakly && one.strip_prefix("W/") == Some(etag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(matches: Option<&str>, none_matches: Option<&str>) -> Known {
        Known { matches: matches.map(str::to_owned), none_matches: none_matches.map(str::to_owned) }
    }

    #[test]
    fn what_is_known_already_is_not_sent_again() {
        let tag = etag(&"a");
        for (list, status) in [
            (None, StatusCode::OK),
            (Some(tag.clone()), StatusCode::NOT_MODIFIED),
            (Some(format!("\"x\", W/{tag}")), StatusCode::NOT_MODIFIED),
            (Some("*".into()), StatusCode::NOT_MODIFIED),
            (Some(etag(&"b")), StatusCode::OK),
        ] {
            let response = known(None, list.as_deref()).show(&"a");
            assert_eq!((response.status(), response.headers()[header::ETAG].to_str().unwrap()), (status, &*tag), "{list:?}");
        }
    }

    #[test]
    fn a_change_is_made_to_the_version_that_was_seen() {
        let tag = etag(&"a");
        for sound in [None, Some(&*tag), Some("*"), Some(&*format!("\"x\",{tag}"))] {
            assert!(known(sound, None).demand(&"a").is_ok(), "{sound:?}");
        }
        for stale in ["", "\"x\"", &etag(&"b"), &format!("W/{tag}"), tag.trim_matches('"')] {
            assert_eq!(known(Some(stale), None).demand(&"a").unwrap_err().status, StatusCode::PRECONDITION_FAILED, "{stale}");
        }
    }
}
