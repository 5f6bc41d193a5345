//! Forms: what was entered comes in as a typed form; what cannot be taken goes back with its values and what is wrong at each field.
//!
//! A handler reads
//!
//! ```ignore
//! #[derive(Deserialize, Serialize)]
//! #[serde(deny_unknown_fields)]
//! pub struct Invite { email: String, role: String, #[serde(default, deserialize_with = "forms::many")] points: Vec<String> }
//!
//! pub async fn invite(page: Page, member: Member, State(app): State<App>, Form(form): Form<Invite>) -> web::Result {
//!     match app.door.invite(&member, &plan).await {
//!         Ok(_) => Ok(page.done("/people", Words::from("people-invited").with("email", form.email))),
//!         Err(error) => page.again(&InvitePage { form: page.refused(&form, error)?, … }),
//!     }
//! }
//! ```
//!
//! and its template writes `{{ text(form, "email", t("email"), type="email") }}` with the macros of `components/form.html`. What is wrong
//! with no field of the form is a page of its own, by the `?`. A form of something that is kept, with the version that was seen, is shown again
//! by `page.overtaken`: whoever was not the first sees at each field what is stored by now. Another area's errors can be refused alike: it says
//! by `TryFrom` what of them a person can mend.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::IntoResponse,
};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{
    error::{self, Error},
    words::Words,
};
use crate::{
    console,
    identity::{self, Problem},
};

/// A form that a page of ours sent. Anything else, or a field that it has not, is refused.
pub struct Form<T>(pub T);

/// What a form shows: what was entered, and what is wrong with it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fields {
    pub values: Map<String, Value>,
    /// What is wrong with a field, in the visitor's language.
    pub problems: BTreeMap<String, String>,
    /// The first of those, which gets the focus.
    pub first: Option<String>,
    /// What is wrong with all of it.
    pub wrong: Option<String>,
    /// What is stored by now, where something else was entered and somebody else was faster.
    pub now: Map<String, Value>,
}

/// What a person can mend, field by field or as a whole.
#[derive(Debug, Default)]
pub struct Wrong {
    pub fields: Vec<(String, Words)>,
    pub whole: Option<Words>,
}

/// One of several that can be chosen.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    pub value: String,
    pub text: String,
    pub hint: Option<String>,
}

/// What nobody is shown again: entered, and gone when the form comes back.
#[derive(Clone, Debug, Default)]
pub struct Hidden(pub SecretString);

impl Fields {
    /// A form that already says something: anything that has these names.
    pub fn of(values: &impl Serialize) -> Self {
        let values = match serde_json::to_value(values) {
            Ok(Value::Object(values)) => values.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            _ => Map::new(),
        };
        Self { values, ..Self::default() }
    }

    /// The same, with another value under this name.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// The same, with what is wrong.
    #[must_use]
    pub fn refused(mut self, lang: &str, wrong: Wrong) -> Self {
        self.first = wrong.fields.first().map(|(field, _)| field.clone());
        self.problems = wrong.fields.into_iter().map(|(field, words)| (field, words.to_text(lang))).collect();
        self.wrong = wrong.whole.map(|words| words.to_text(lang));
        self
    }
}

/// The version that a form has seen.
const VERSION: &str = "version";

impl Fields {
    /// The same beside what is stored by now: where they differ it is shown at the field, and saving again is saving over it.
    #[must_use]
    pub fn beside(mut self, stored: &Self) -> Self {
        let names: BTreeSet<&String> = self.values.keys().chain(stored.values.keys()).filter(|name| *name != VERSION).collect();
        let differs = |name: &&String| said(self.values.get(*name)) != said(stored.values.get(*name));
        let now = |name: &String| stored.values.get(name).cloned().unwrap_or_else(|| nothing(self.values.get(name)));
        self.now = names.into_iter().filter(differs).map(|name| (name.clone(), now(name))).collect();
        if let Some(version) = stored.values.get(VERSION) {
            self.values.insert(VERSION.to_owned(), version.clone());
        }
        self
    }
}

/// What a value says, however a browser sent it: lines end as they may, and what is not there is nothing.
fn said(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => String::new(),
        Some(Value::String(text)) => text.replace("\r\n", "\n").trim().to_owned(),
        Some(Value::Array(many)) => many.iter().map(|one| said(Some(one))).collect::<Vec<_>>().join("\n"),
        Some(other) => other.to_string(),
    }
}

/// Nothing, where there could be something of this kind.
fn nothing(value: Option<&Value>) -> Value {
    match value {
        Some(Value::Bool(_)) => Value::Bool(false),
        Some(Value::Array(_)) => Value::Array(Vec::new()),
        _ => Value::String(String::new()),
    }
}

impl Wrong {
    pub fn at(field: &str, words: impl Into<Words>) -> Self {
        Self { fields: vec![(field.to_owned(), words.into())], whole: None }
    }

    pub fn whole(words: impl Into<Words>) -> Self {
        Self { fields: Vec::new(), whole: Some(words.into()) }
    }

    /// The same for a form that calls a field otherwise.
    #[must_use]
    pub fn named(mut self, field: &str, here: &str) -> Self {
        for (name, _) in self.fields.iter_mut().filter(|(name, _)| name == field) {
            here.clone_into(name);
        }
        self
    }
}

impl TryFrom<identity::Error> for Wrong {
    type Error = Error;

    fn try_from(error: identity::Error) -> Result<Self, Error> {
        use identity::Error as Door;
        match error {
            Door::Invalid(problems) => Ok(problems.into()),
            Door::Taken => Ok(Self::at("email", "problem-taken")),
            Door::Wrong => Ok(Self::whole("problem-wrong-login")),
            Door::WrongCode | Door::CodeNeeded => Ok(Self::at("code", "problem-wrong-code")),
            Door::TooMany(wait) => Ok(Self::whole(error::too_many(wait))),
            Door::Busy => Ok(Self::whole("problem-busy")),
            Door::LastOwner => Ok(Self::whole("problem-last-owner")),
            other => Err(other.into()),
        }
    }
}

/// What of a business's own cannot be taken. Where a name is taken, the form has a field of that name.
impl TryFrom<console::Error> for Wrong {
    type Error = Error;

    fn try_from(error: console::Error) -> Result<Self, Error> {
        use console::Error as Done;
        match error {
            Done::Invalid(problems) => Ok(problems.into()),
            Done::Taken => Ok(Self::at("name", "problem-name-taken")),
            Done::Enough => Ok(Self::whole("problem-enough-businesses")),
            Done::InUse(used) => Ok(Self::whole(used.words())),
            Done::Stale => Ok(Self::whole("problem-stale")),
            Done::Outside(_) => Ok(Self::whole("problem-outside")),
            Done::Package(refused) => Ok(Self::at("file", refused.words())),
            Done::Consent(_) => Ok(Self::whole("problem-consent")),
            Done::NotReady => Ok(Self::whole("problem-not-ready")),
            Done::ReplayNeeded => Ok(Self::whole("problem-replay-needed")),
            Done::Misfit(_) => Ok(Self::whole("problem-config-misfit")),
            Done::NoVersion => Ok(Self::whole("problem-no-version")),
            Done::Settings(problems) => Ok(Self { fields: problems.iter().map(|problem| (problem.path.clone(), problem.words())).collect(), whole: None }),
            Done::Unavailable => Ok(Self::whole("problem-unavailable")),
            other => Err(other.into()),
        }
    }
}

impl From<Vec<Problem>> for Wrong {
    fn from(problems: Vec<Problem>) -> Self {
        Self { fields: problems.into_iter().map(|problem| (problem.field.to_owned(), problem.text.into())).collect(), whole: None }
    }
}

impl Choice {
    pub fn new(value: impl ToString, text: impl Into<String>) -> Self {
        Self { value: value.to_string(), text: text.into(), hint: None }
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

/// For a field that may be sent several times, as check boxes of one name are.
pub fn many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Sent {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Sent::deserialize(deserializer)? {
        Sent::One(one) => vec![one],
        Sent::Many(many) => many,
    })
}

/// For a number that the form carries, such as the version that somebody saw.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// For a single check box: it is sent when it is set, and then says `on`.
pub fn on<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match &*String::deserialize(deserializer)? {
        "on" => Ok(true),
        other => Err(serde::de::Error::custom(format!("a check box says on, not {other:?}"))),
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let sent = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
        // A form without fields is sent without a body, and perhaps without saying what it would be.
        if !sent && !kind.is_empty() {
            return Err(Error::Said(StatusCode::UNSUPPORTED_MEDIA_TYPE, "problem-form".into()));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.into_response().status();
            Error::Said(status, if status == StatusCode::PAYLOAD_TOO_LARGE { "problem-too-large" } else { "problem-form" }.into())
        })?;
        typed(form_urlencoded::parse(&body).into_owned()).map(Self)
    }
}

/// The form that these fields are.
pub(super) fn typed<T: DeserializeOwned>(fields: impl IntoIterator<Item = (String, String)>) -> Result<T, Error> {
    serde_json::from_value(gathered(fields)).map_err(|error| {
        tracing::debug!(%error, "a form was not one of ours");
        Error::Said(StatusCode::UNPROCESSABLE_ENTITY, "problem-form".into())
    })
}

/// Each field once; what is sent several times as a list.
fn gathered(sent: impl IntoIterator<Item = (String, String)>) -> Value {
    let mut fields = Map::new();
    for (name, value) in sent {
        let value = Value::String(value);
        match fields.get_mut(&name) {
            None => drop(fields.insert(name, value)),
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Plan {
        name: String,
        #[serde(default)]
        password: Hidden,
        #[serde(default, deserialize_with = "many")]
        points: Vec<String>,
        #[serde(default, deserialize_with = "on")]
        quiet: bool,
    }

    async fn sent(body: &str) -> Result<Plan, StatusCode> {
        let request = Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8").body(Body::from(body.to_owned()));
        Form::from_request(request.unwrap(), &()).await.map(|Form(plan)| plan).map_err(|error| error.into_response().status())
    }

    #[tokio::test]
    async fn a_form_is_what_its_type_says_and_nothing_else() {
        let plan = sent("name=Ana+Mar%C3%ADa&points=a&points=b&quiet=on&password=x").await.unwrap();

        assert_eq!((&*plan.name, &plan.points[..], plan.quiet, plan.password.0.expose_secret()), ("Ana María", &["a".into(), "b".into()][..], true, "x"));
        assert_eq!(sent("name=a&points=b").await.unwrap().points, ["b"]);
        for other in ["", "name=a&role=owner", "name=a&name=b", "name=a&quiet=yes"] {
            assert_eq!(sent(other).await.unwrap_err(), StatusCode::UNPROCESSABLE_ENTITY, "{other}");
        }
        let json = Request::post("/").header(header::CONTENT_TYPE, "application/json").body(Body::from(r#"{"name":"a"}"#)).unwrap();
        assert!(Form::<Plan>::from_request(json, &()).await.is_err(), "another site could not send it as a form does");
    }

    #[tokio::test]
    async fn what_comes_back_keeps_what_was_entered_but_no_password() {
        let plan = sent("name=%3Cscript%3E&points=a&password=secret").await.unwrap();

        let fields = Fields::of(&plan).refused("es", Wrong::at("name", "problem-name"));

        assert_eq!(fields.values["name"], "<script>");
        assert_eq!(fields.values["points"], json!(["a"]));
        assert!(!serde_json::to_string(&fields).unwrap().contains("secret"));
        assert_eq!(fields.first.as_deref(), Some("name"));
        assert_ne!(fields.problems["name"], "problem-name", "it is put into words");
    }

    #[test]
    fn whoever_was_overtaken_sees_what_is_stored_where_it_is_something_else() {
        let form = |values: Value| Fields::of(&values);
        let entered = form(json!({ "title": "Termo rojo", "text": "uno\r\ndos ", "active": true, "points": ["a"], "gone": "x", "version": 1 }));
        let stored = form(json!({ "title": "Termo", "text": "uno\ndos", "active": false, "points": ["a", "b"], "locale": "es", "version": 3 }));

        let fields = entered.beside(&stored);

        let now = json!({ "title": "Termo", "active": false, "points": ["a", "b"], "gone": "", "locale": "es" });
        assert_eq!(Value::Object(fields.now), now);
        assert_eq!((&fields.values["title"], &fields.values["version"]), (&json!("Termo rojo"), &json!(3)));
    }
}
