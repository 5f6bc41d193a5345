//! The second factor, and a new password by a link.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{Area, Body, auth::cookie, body};
use crate::{
    app::App,
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::{self, Device, Person, RecoveryCodes, email_of},
    web::visitor::Visitor,
};

pub const AREA: Area = Area { name: "factors", about: "The second factor, and a new password by a link.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(show, offer, prove, renew, remove, ask_reset, reset))]
struct Document;

fn routes() -> Routes {
    Routes::new()
        .get("/api/auth/second-factor", Access::Person, show)
        .create("/api/auth/second-factor", Access::Person, offer)
        .create("/api/auth/second-factor/proof", Access::Person, prove)
        .create("/api/auth/second-factor/recovery-codes", Access::Person, renew)
        .post("/api/auth/second-factor/removal", Access::Person, remove)
        .post("/api/auth/reset", Access::Public, ask_reset)
        .post("/api/auth/reset/password", Access::Public, reset)
}

#[derive(Serialize, ToSchema)]
#[schema(as = SecondFactor)]
struct Factor {
    /// Codes are asked for.
    active: bool,
    recovery_codes_left: i64,
}

/// What an app is to take, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = OfferedSecondFactor)]
struct Offer {
    /// To be typed.
    secret: String,
    /// To be shown as a QR code.
    uri: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecondFactorCode)]
struct Code {
    /// Of the app, or a recovery code.
    code: String,
}

/// Each lets in once, in place of a code of the app. They are shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
struct Codes {
    recovery_codes: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecondFactorRemoval)]
struct Removal {
    #[serde(deserialize_with = "body::secret")]
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    code: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ForgottenPassword)]
struct Forgotten {
    #[schema(format = Email)]
    email: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordReset)]
struct Reset {
    /// The last part of the link.
    token: String,
    #[serde(deserialize_with = "body::secret")]
    #[schema(value_type = String, format = Password, min_length = 8)]
    password: SecretString,
}

/// Shows whether codes are asked for.
#[utoipa::path(get, path = "/api/auth/second-factor", tag = "factors", responses((status = 200, description = "As it is", body = Factor)))]
async fn show(State(app): State<App>, person: Person) -> Result<Json<Factor>, Problem> {
    Ok(Json(Factor { active: person.second_factor, recovery_codes_left: app.door.recovery_codes_left(&person).await? }))
}

/// Makes a secret for an app.
///
/// Codes are asked for once one of them has proved it. Whoever has a second factor removes it first.
#[utoipa::path(post, path = "/api/auth/second-factor", tag = "factors", responses((status = 201, description = "Offered", body = Offer)))]
async fn offer(State(app): State<App>, person: Person) -> Result<(StatusCode, Json<Offer>), Problem> {
    let factor = app.door.offer_second_factor(&person).await?;
    let offer = Offer { secret: factor.secret.expose_secret().to_owned(), uri: factor.uri.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, Json(offer)))
}

/// Proves the secret by a code: from now on codes are asked for.
///
/// All other sessions end.
#[utoipa::path(post, path = "/api/auth/second-factor/proof", tag = "factors", request_body = Code,
    responses((status = 201, description = "Active", body = Codes)),
    extensions(("x-problems" = json!(["wrong-code", "gone", "too-many-attempts"]))))]
async fn prove(State(app): State<App>, device: Device, person: Person, Body(proof): Body<Code>) -> Result<Response, Problem> {
    let (entry, codes) = app.door.prove_second_factor(&person, &proof.code, &device).await?;
    Ok((StatusCode::CREATED, cookie(entry.as_ref(), &device), Json(Codes::from(codes))).into_response())
}

/// Makes new recovery codes; the earlier ones are void.
#[utoipa::path(post, path = "/api/auth/second-factor/recovery-codes", tag = "factors", request_body = Code,
    responses((status = 201, description = "Made", body = Codes)), extensions(("x-problems" = json!(["wrong-code", "too-many-attempts"]))))]
async fn renew(State(app): State<App>, device: Device, person: Person, Body(proof): Body<Code>) -> Result<(StatusCode, Json<Codes>), Problem> {
    let codes = app.door.renew_recovery_codes(&person, &proof.code, &device).await?;
    Ok((StatusCode::CREATED, Json(codes.into())))
}

/// Asks for codes no more.
///
/// Wants the password and a code. All other sessions end.
#[utoipa::path(post, path = "/api/auth/second-factor/removal", tag = "factors", request_body = Removal,
    responses((status = 204, description = "Removed")),
    extensions(("x-problems" = json!(["wrong-login", "wrong-code", "gone", "too-many-attempts"]))))]
async fn remove(State(app): State<App>, device: Device, person: Person, Body(removal): Body<Removal>) -> Result<Response, Problem> {
    let entry = app.door.remove_second_factor(&person, &removal.password, &removal.code, &device).await?;
    Ok((StatusCode::NO_CONTENT, cookie(entry.as_ref(), &device)).into_response())
}

/// Asks for a link to set another password.
///
/// The link goes out by mail or not at all, and the answer is the same whether there is such an account.
#[utoipa::path(post, path = "/api/auth/reset", tag = "factors", request_body = Forgotten,
    responses((status = 202, description = "Whoever has this address gets a link")), extensions(("x-problems" = json!(["too-many-attempts"]))))]
async fn ask_reset(State(app): State<App>, visitor: Visitor, device: Device, Body(forgotten): Body<Forgotten>) -> Result<StatusCode, Problem> {
    // What is no address has no account either, so to say so tells nothing of anybody.
    email_of(&forgotten.email).map_err(|problem| identity::Error::Invalid(vec![problem]))?;
    // Without mail nothing is made: it would only undo the link that an administrator made.
    if let Some(post) = &app.mail
        && let Some(mail) = app.door.ask_reset(&forgotten.email, &device).await?
    {
        // Whether it went out would tell whether there is such an account.
        let _ = post.send(mail, visitor.lang);
    }
    Ok(StatusCode::ACCEPTED)
}

/// Sets a password by the link.
///
/// All sessions end, and nobody is logged in by it.
#[utoipa::path(post, path = "/api/auth/reset/password", tag = "factors", request_body = Reset,
    responses((status = 204, description = "Set")), extensions(("x-problems" = json!(["gone"]))))]
async fn reset(State(app): State<App>, device: Device, Body(reset): Body<Reset>) -> Result<StatusCode, Problem> {
    app.door.reset(&reset.token, &reset.password, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<RecoveryCodes> for Codes {
    fn from(RecoveryCodes(codes): RecoveryCodes) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.expose_secret().to_owned()).collect() }
    }
}
