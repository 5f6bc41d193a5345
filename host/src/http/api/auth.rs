//! Getting in and out, and who one is.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{AppendHeaders, IntoResponse, Response},
};
use relevo_model::*;
use relevo_store::Workplace;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Body, IfMatch, Known, body,
    shown::{Id, Moment, Points, RoleName, Scope},
};
use crate::{
    app::App,
    http::{
        problem::{FieldProblem, Kind, Problem},
        routes::{Access, Routes},
    },
    identity::{Attempt, Device, Entry, Person, Registration},
    policy::{Permission, Rights},
    web::visitor::{LANGUAGES, Visitor},
};

pub const AREA: Area = Area { name: "auth", about: "Getting in and out, and who one is.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(register, log_in, log_out, me, change_me, work_in, change_password))]
struct Document;

fn routes() -> Routes {
    Routes::new()
        .post("/api/auth/register", Access::Public, register)
        .post("/api/auth/login", Access::Public, log_in)
        .post("/api/auth/logout", Access::Person, log_out)
        .get("/api/auth/me", Access::Person, me)
        .put("/api/auth/me", Access::Person, change_me)
        .put("/api/auth/business", Access::Person, work_in)
        .put("/api/auth/password", Access::Person, change_password)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    #[schema(format = Email, max_length = 254)]
    email: String,
    /// From 8 characters to 256 bytes.
    #[serde(deserialize_with = "body::secret")]
    #[schema(value_type = String, format = Password, min_length = 8)]
    password: SecretString,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    email: String,
    #[serde(deserialize_with = "body::secret")]
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Of the second factor, where the account has one: from the app, or a recovery code.
    #[serde(default)]
    code: Option<String>,
}

/// A token for `Authorization: Bearer …`.
#[derive(Serialize, ToSchema)]
struct Token {
    token: String,
    #[schema(value_type = String, example = "Bearer")]
    token_type: &'static str,
    expires_at: Moment,
}

/// Somebody who is logged in.
#[derive(Serialize, ToSchema)]
pub struct Me {
    #[schema(value_type = Id)]
    id: UserId,
    email: String,
    name: String,
    /// The language in which mails are written.
    #[schema(required, example = "es")]
    locale: Option<String>,
    /// Operates the whole installation.
    operator: bool,
    /// A code is asked for at each login.
    second_factor: bool,
    businesses: Vec<Workshop>,
    /// The business that requests are about that name none.
    #[schema(required, value_type = Option<Id>)]
    business_id: Option<TenantId>,
    /// What may be done in that business, at some service point at least.
    permissions: Vec<Scope>,
}

/// A business that somebody works in.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnBusiness)]
struct Workshop {
    #[schema(value_type = Id)]
    id: TenantId,
    slug: String,
    name: String,
    #[schema(value_type = RoleName)]
    role: Role,
    service_points: Points,
    /// What may be done there, at some service point at least.
    permissions: Vec<Scope>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Profile {
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// One of es, en, pt; null for the browser's.
    locale: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChosenBusiness)]
struct Elsewhere {
    #[schema(value_type = Id)]
    business_id: TenantId,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangedPassword)]
struct NewPassword {
    #[serde(deserialize_with = "body::secret")]
    #[schema(value_type = String, format = Password)]
    current: SecretString,
    #[serde(deserialize_with = "body::secret")]
    #[schema(value_type = String, format = Password, min_length = 8)]
    new: SecretString,
}

/// Makes an account.
///
/// The answer brings a session in a cookie, for browsers; programs log in next.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", request_body = NewAccount,
    responses((status = 201, description = "Made", body = Me)),
    extensions(("x-problems" = json!(["taken", "too-many-attempts"]))))]
async fn register(State(app): State<App>, device: Device, visitor: Visitor, Body(new): Body<NewAccount>) -> Result<Response, Problem> {
    let registration = Registration { name: new.name, email: new.email, password: new.password, locale: Some(visitor.lang.to_owned()) };
    let entry = app.door.register(&registration, &device).await?;
    let shown = Me {
        id: entry.user,
        email: registration.email.trim().to_lowercase(),
        name: registration.name.trim().to_owned(),
        locale: registration.locale,
        operator: false,
        second_factor: false,
        businesses: Vec::new(),
        business_id: None,
        permissions: Vec::new(),
    };
    Ok((StatusCode::CREATED, cookie(Some(&entry), &device), Json(shown)).into_response())
}

/// Gives a token for a password.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", request_body = Credentials,
    responses((status = 200, description = "In", body = Token)),
    extensions(("x-problems" = json!(["wrong-login", "code-needed", "wrong-code", "too-many-attempts"]))))]
async fn log_in(State(app): State<App>, device: Device, Body(brought): Body<Credentials>) -> Result<Json<Token>, Problem> {
    let attempt = Attempt { email: brought.email, password: brought.password };
    let bearer = app.door.log_in_for_token(&attempt, brought.code.as_deref(), &device).await?;
    let expires_at = app.clock.now().after(bearer.lasts).into();
    Ok(Json(Token { token: bearer.token.expose_secret().to_owned(), token_type: "Bearer", expires_at }))
}

/// Ends the session; its token is worth nothing from now on.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth", responses((status = 204, description = "Out")))]
async fn log_out(State(app): State<App>, device: Device, person: Person) -> Result<Response, Problem> {
    app.door.log_out(&person).await?;
    let cookie = (!person.bearer).then(|| device.without_session());
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookie)).into_response())
}

/// Shows who one is, in which businesses, and what one may do there.
#[utoipa::path(get, path = "/api/auth/me", tag = "auth", params(super::IfNoneMatch), responses((status = 200, description = "You", body = Me)))]
async fn me(State(app): State<App>, known: Known, person: Person) -> Result<Response, Problem> {
    Ok(known.show(&shown(&app, &person).await?))
}

/// Changes one's name and language.
#[utoipa::path(put, path = "/api/auth/me", tag = "auth", request_body = Profile, params(IfMatch),
    responses((status = 200, description = "Changed", body = Me)))]
async fn change_me(State(app): State<App>, known: Known, mut person: Person, Body(profile): Body<Profile>) -> Result<Response, Problem> {
    known.demand(&shown(&app, &person).await?)?;
    if profile.locale.as_deref().is_some_and(|locale| !LANGUAGES.contains(&locale)) {
        return Err(Problem::new(Kind::Invalid).errors([FieldProblem::new("locale", "problem-value")]));
    }
    app.door.change_profile(&person, &profile.name, profile.locale.as_deref()).await?;
    profile.name.trim().clone_into(&mut person.name);
    person.locale = profile.locale;
    Ok(known.show(&shown(&app, &person).await?))
}

/// Works in another business from now on.
///
/// It is what requests are about that name none. A browser gets another cookie by it.
#[utoipa::path(put, path = "/api/auth/business", tag = "auth", request_body = Elsewhere,
    responses((status = 200, description = "Changed", body = Me)), extensions(("x-problems" = json!(["not-found"]))))]
async fn work_in(State(app): State<App>, device: Device, mut person: Person, Body(to): Body<Elsewhere>) -> Result<Response, Problem> {
    let entry = app.door.switch_business(&person, &to.business_id).await?;
    person.tenant = Some(to.business_id);
    let shown = shown(&app, &person).await?;
    Ok((cookie(entry.as_ref(), &device), Json(shown)).into_response())
}

/// Changes one's password.
///
/// All other sessions end.
#[utoipa::path(put, path = "/api/auth/password", tag = "auth", request_body = NewPassword, responses((status = 204, description = "Changed")),
    extensions(("x-problems" = json!(["wrong-login", "too-many-attempts", "gone"]))))]
async fn change_password(State(app): State<App>, device: Device, person: Person, Body(change): Body<NewPassword>) -> Result<Response, Problem> {
    let entry = app.door.change_password(&person, &change.current, &change.new, &device).await.map_err(|error| renamed(error.into(), "password", "new"))?;
    Ok((StatusCode::NO_CONTENT, cookie(entry.as_ref(), &device)).into_response())
}

/// The header that gives a browser its session; a bearer gets none.
pub(super) fn cookie(entry: Option<&Entry>, device: &Device) -> AppendHeaders<Option<(HeaderName, HeaderValue)>> {
    AppendHeaders(entry.map(|entry| entry.cookie(device)))
}

/// A problem that the door tells of a field by the door's name for it.
pub(super) fn renamed(mut problem: Problem, from: &str, to: &str) -> Problem {
    for error in problem.errors.iter_mut().filter(|error| error.field == from) {
        to.clone_into(&mut error.field);
    }
    problem
}

async fn shown(app: &App, person: &Person) -> Result<Me, Problem> {
    let businesses: Vec<Workshop> = app.door.workplaces(person).await?.into_iter().map(Workshop::from).collect();
    let current = businesses.iter().find(|business| Some(business.id) == person.tenant);
    Ok(Me {
        id: person.id,
        email: person.email.clone(),
        name: person.name.clone(),
        locale: person.locale.clone(),
        operator: person.operator,
        second_factor: person.second_factor,
        business_id: current.map(|business| business.id),
        permissions: current.map(|business| business.permissions.clone()).unwrap_or_default(),
        businesses,
    })
}

impl From<Workplace> for Workshop {
    fn from(place: Workplace) -> Self {
        let rights = Rights { role: place.role, reach: place.reach.clone(), scopes: None };
        let permissions = Permission::ALL.iter().filter(|permission| rights.may(**permission, None)).map(|permission| Scope(*permission)).collect();
        Self { id: place.tenant_id, slug: place.slug, name: place.name, role: place.role, service_points: Points(place.reach), permissions }
    }
}
