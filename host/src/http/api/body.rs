//! What requests bring: JSON that says exactly what it may, a query, the ids of the address. What cannot be taken is a problem that says why.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::http::problem::{FieldProblem, Kind, Problem};

/// A body of JSON. Its type denies unknown fields.
pub struct Body<T>(pub T);

/// The query of the address. Parameters that it does not know are left to others: the business, the page of a list.
pub struct Query<T>(pub T);

/// The ids in the address. One that is no id is nothing's.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Kind::NotJson.into());
        }
        let bytes = bytes(request, state).await?;
        read(&bytes).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(Problem::new(Kind::BadQuery).detail(rejection.body_text())),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(_) => Err(Kind::NotFound.into()),
        }
    }
}

/// All of a body, within the limit of its route.
pub async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(Kind::TooLarge)
        } else {
            Problem::new(Kind::BadBody).detail("the body did not come to its end")
        }
    })
}

/// A password or a token in a body: it is read, and shown by no `Debug`.
pub fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// The same where there may be none.
pub fn maybe_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

fn is_json(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json")
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        if error.is_data() { data_problem(&path, &error) } else { syntax_problem(&error) }
    })?;
    reader.end().map_err(|error| syntax_problem(&error))?;
    Ok(value)
}

fn syntax_problem(error: &serde_json::Error) -> Problem {
    Problem::new(Kind::BadBody).detail(error.to_string())
}

/// Which field it is: what serde says first is what is wrong, and a name in it stands between backquotes.
fn data_problem(path: &str, error: &serde_json::Error) -> Problem {
    let says = error.to_string();
    let named = |start: &str| says.strip_prefix(start).and_then(|rest| rest.split('`').next());
    let inside = if path == "." { "" } else { path };
    let (field, problem) = match (named("unknown field `"), named("missing field `")) {
        (Some(name), _) => (beside(inside, name), "problem-unknown-field"),
        (None, Some(name)) => (within(inside, name), "problem-missing-field"),
        (None, None) => (inside.to_owned(), "problem-value"),
    };
    Problem::new(Kind::Invalid).detail(says).errors([FieldProblem::new(field, problem)])
}

fn within(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The path to an unknown field may end with its name already.
fn beside(path: &str, name: &str) -> String {
    if path == name || path.ends_with(&format!(".{name}")) { path.to_owned() } else { within(path, name) }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Chain {
        name: String,
        plugins: Vec<Link>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Link {
        id: u8,
    }

    fn problem(body: &str) -> Problem {
        read::<Chain>(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for body in ["", "{", "{\"name\":}", "{\"name\":\"x\",\"plugins\":[]} {}", "\u{feff}{}"] {
            let problem = problem(body);
            assert_eq!(problem.status, StatusCode::BAD_REQUEST, "{body}");
        }
        assert_eq!(read::<Chain>(b"{\"name\": \"\xff\"}").unwrap_err().status, StatusCode::BAD_REQUEST);
        assert!(problem("{\n  \"name\" 1}").detail.unwrap().contains("line 2 column"));
    }

    #[test]
    fn a_field_that_cannot_be_taken_is_named() {
        for (body, field, key) in [
            (json!({ "name": "x", "plugins": [], "role": "owner" }), "role", "problem-unknown-field"),
            (json!({ "name": "x", "plugins": [{ "id": 1, "x": 2 }] }), "plugins[0].x", "problem-unknown-field"),
            (json!({ "name": "x" }), "plugins", "problem-missing-field"),
            (json!({ "name": "x", "plugins": [{}] }), "plugins[0].id", "problem-missing-field"),
            (json!({ "name": 7, "plugins": [] }), "name", "problem-value"),
            (json!({ "name": "x", "plugins": [{ "id": 1 }, { "id": 256 }] }), "plugins[1].id", "problem-value"),
            (json!([]), "", "problem-value"),
        ] {
            let problem = problem(&body.to_string());
            assert_eq!(problem.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            assert_eq!((&*problem.errors[0].field, &*problem.errors[0].problem), (field, key), "{body}");
        }
    }

    #[test]
    fn only_json_is_json() {
        let says = |kind: &'static str| is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]));
        assert!(says("application/json") && says("Application/JSON; charset=utf-8") && says("application/merge-patch+json"));
        assert!(!says("text/plain") && !says("application/x-www-form-urlencoded") && !says("text/json") && !is_json(&HeaderMap::new()));
    }

    #[test]
    fn what_is_wrong_with_a_field_is_said_in_every_language() {
        for key in ["problem-unknown-field", "problem-missing-field", "problem-value"] {
            for lang in crate::web::visitor::LANGUAGES {
                assert_ne!(crate::texts::say(lang, key), key);
            }
        }
    }
}
