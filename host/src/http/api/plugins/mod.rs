//! Plugins: uploaded, consented to, set, activated, tried and taken back.

mod shown;

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Request, State},
    http::{StatusCode, header},
    response::Response,
};
use relevo_model::*;
use relevo_sandbox::{Grants, Permission as Asked, package::MAX_SIZE};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::{IntoParams, OpenApi, ToSchema};

use self::shown::{ShownConfig, ShownCounter, ShownDetail, ShownFailure, ShownHour, ShownPlugin, ShownRuns, ShownVersion};
use super::{Area, Body, IfMatch, IfNoneMatch, Known, Page, Paging, Path, Query, body, made};
use crate::{
    app::App,
    console::{
        self,
        plugins::{self, Settings},
    },
    http::{
        problem::{Kind, Problem},
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
};

pub const AREA: Area = Area {
    name: "plugins",
    about: "Plugins: uploaded, consented to, set, activated, tried with some of the conversations, and taken back.",
    routes,
    document: Document::openapi,
};

#[derive(OpenApi)]
#[openapi(paths(
    upload,
    list,
    find,
    version,
    remove_version,
    grant,
    activate,
    roll_back,
    start_canary,
    end_canary,
    configure,
    configs,
    switch,
    try_again,
    rule,
    runs,
    runs_of_versions,
    failures,
    counters
))]
struct Document;

fn routes() -> Routes {
    const SEE: Access = Access::Permission(Permission::ConfigureFlows);
    const MANAGE: Access = Access::Permission(Permission::UploadPlugins);
    let upload = Routes::new().create("/api/plugins", MANAGE, upload).layer(DefaultBodyLimit::max(MAX_SIZE));
    Routes::new()
        .get("/api/plugins", SEE, list)
        .get("/api/plugins/{id}", SEE, find)
        .get("/api/plugins/{id}/versions/{version}", MANAGE, version)
        .delete("/api/plugins/{id}/versions/{version}", MANAGE, remove_version)
        .put("/api/plugins/{id}/grants", MANAGE, grant)
        .create("/api/plugins/{id}/versions/{version}/activate", MANAGE, activate)
        .create("/api/plugins/{id}/rollback", MANAGE, roll_back)
        .put("/api/plugins/{id}/canary", MANAGE, start_canary)
        .delete("/api/plugins/{id}/canary", MANAGE, end_canary)
        .put("/api/plugins/{id}/config", MANAGE, configure)
        .get("/api/plugins/{id}/configs", SEE, configs)
        .put("/api/plugins/{id}/state", MANAGE, switch)
        .create("/api/plugins/{id}/try-again", MANAGE, try_again)
        .put("/api/plugins/{id}/rule", MANAGE, rule)
        .get("/api/plugins/{id}/runs", SEE, runs)
        .get("/api/plugins/{id}/runs/versions", SEE, runs_of_versions)
        .get("/api/plugins/{id}/failures", SEE, failures)
        .get("/api/plugins/{id}/counters", SEE, counters)
        .merge(upload)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GrantDraft {
    /// The version whose permissions these are of.
    #[schema(example = "1.2.0")]
    version: String,
    /// As in its manifest, without reasons; hosts, methods, names and access may be fewer. Null is all that it asks for.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    permissions: Option<Vec<Asked>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CanaryDraft {
    #[schema(example = "1.2.0")]
    version: String,
    /// 5, 25 or 50.
    #[schema(example = 5)]
    percent: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConfigDraft {
    /// As the schema of the manifest wants it, without its secrets.
    #[schema(value_type = Object)]
    config: Value,
    /// Secrets that are set anew, by name, or forgotten where they are null; those that are not named stay.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    secrets: BTreeMap<String, Option<SecretText>>,
    /// The version that it is for; null is the one that answers, else the newest.
    #[serde(default)]
    version: Option<String>,
}

struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        body::secret(deserializer).map(Self)
    }
}

/// Whether a plugin answers.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Switch {
    On,
    Off,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StateDraft {
    state: Switch,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleDraft {
    /// A version is activated only when its replay was approved.
    requires_replay: bool,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CanaryEnd {
    /// The version that was tried answers all from now on; else none.
    #[serde(default)]
    keep: bool,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ConfigsOf {
    /// Without one, of the whole installation.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    service_point_id: Option<ServicePointId>,
}

/// A file, and nothing but that.
struct File(Bytes);

impl FromRequest<App> for File {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !matches!(kind, "application/wasm" | "application/octet-stream") {
            return Err(Problem::new(Kind::NotJson).detail("send the file itself, as application/wasm"));
        }
        Ok(Self(body::bytes(request, app).await?))
    }
}

/// Uploads a version of a plugin: the file that `relevo plugin pack` wrote, as the body. It is compiled beside everything else, and answers nobody
/// before it is activated. The same file again is the same version.
#[utoipa::path(post, path = "/api/plugins", tag = "plugins", request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses((status = 201, description = "Taken in; it is being compiled", body = ShownVersion)), extensions(("x-problems" = json!(["not-a-plugin"]))))]
async fn upload(State(app): State<App>, member: Member, File(file): File) -> Result<Response, Problem> {
    let uploaded = plugins::upload(&app, &member, file).await?;
    let address = format!("/api/plugins/{}/versions/{}", uploaded.plugin, uploaded.version);
    Ok(made(&address, &shown_version(&app, &member, &uploaded.plugin, &uploaded.version).await?))
}

/// Lists the plugins that the business has, ours and those that were uploaded, by their ids.
#[utoipa::path(get, path = "/api/plugins", tag = "plugins", params(Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownPlugin>)))]
async fn list(State(app): State<App>, member: Member, paging: Paging) -> Result<Page<ShownPlugin>, Problem> {
    let after: Option<String> = paging.after()?;
    let found = plugins::list(&app, &member).await?;
    let found = found.into_iter().filter(|plugin| after.as_ref().is_none_or(|after| plugin.id > *after)).take(paging.rows()).collect();
    Ok(paging.page(found, |plugin: &plugins::Plugin| plugin.id.clone(), ShownPlugin::from))
}

/// Shows a plugin with its versions, what it may do and how it is set.
#[utoipa::path(get, path = "/api/plugins/{id}", tag = "plugins", params(("id" = String, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = ShownDetail)))]
async fn find(State(app): State<App>, member: Member, known: Known, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(shown(&known, plugins::find(&app, &member, &id).await?))
}

/// Shows a version, and how far its compilation is.
#[utoipa::path(get, path = "/api/plugins/{id}/versions/{version}", tag = "plugins", params(("id" = String, Path), ("version" = String, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = ShownVersion)))]
async fn version(State(app): State<App>, member: Member, known: Known, Path((id, version)): Path<(String, String)>) -> Result<Response, Problem> {
    Ok(known.show(&shown_version(&app, &member, &id, &version).await?))
}

/// Removes a version that does not answer; with the last one the plugin.
#[utoipa::path(delete, path = "/api/plugins/{id}/versions/{version}", tag = "plugins", params(("id" = String, Path), ("version" = String, Path)),
    responses((status = 204, description = "Removed")), extensions(("x-problems" = json!(["in-use", "invalid"]))))]
async fn remove_version(State(app): State<App>, member: Member, Path((id, version)): Path<(String, String)>) -> Result<StatusCode, Problem> {
    plugins::remove_version(&app, &member, &id, &version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a plugin do what a version asks for, or a part of it.
#[utoipa::path(put, path = "/api/plugins/{id}/grants", tag = "plugins", params(("id" = String, Path)), request_body = GrantDraft,
    responses((status = 200, description = "Granted", body = ShownDetail)))]
async fn grant(State(app): State<App>, member: Member, known: Known, Path(id): Path<String>, Body(draft): Body<GrantDraft>) -> Result<Response, Problem> {
    let wanted = match draft.permissions {
        Some(permissions) => Grants::of(&permissions),
        None => {
            let detail = plugins::find(&app, &member, &id).await?;
            let version = detail.versions.iter().find(|version| version.version == draft.version).ok_or(Kind::NotFound)?;
            Grants::all(&version.manifest)
        }
    };
    Ok(shown(&known, plugins::grant(&app, &member, &id, &draft.version, &wanted).await?))
}

/// Has a version answer from the next turn on.
#[utoipa::path(post, path = "/api/plugins/{id}/versions/{version}/activate", tag = "plugins",
    params(("id" = String, Path), ("version" = String, Path), IfMatch), responses((status = 200, description = "It answers", body = ShownDetail)),
    extensions(("x-problems" = json!(["consent-needed", "config-misfit", "not-ready", "replay-needed", "not-a-plugin", "invalid"]))))]
async fn activate(State(app): State<App>, member: Member, known: Known, Path((id, version)): Path<(String, String)>) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    Ok(shown(&known, plugins::activate(&app, &member, &id, &version, seen).await?))
}

/// Has the version answer again that answered before.
#[utoipa::path(post, path = "/api/plugins/{id}/rollback", tag = "plugins", params(("id" = String, Path), IfMatch),
    responses((status = 200, description = "It answers again", body = ShownDetail)), extensions(("x-problems" = json!(["no-version", "not-ready", "not-a-plugin", "invalid"]))))]
async fn roll_back(State(app): State<App>, member: Member, known: Known, Path(id): Path<String>) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    Ok(shown(&known, plugins::roll_back(&app, &member, &id, seen).await?))
}

/// Tries a version with 5, 25 or 50 percent of the conversations, or with more or fewer than before.
#[utoipa::path(put, path = "/api/plugins/{id}/canary", tag = "plugins", params(("id" = String, Path), IfMatch), request_body = CanaryDraft,
    responses((status = 200, description = "It is tried", body = ShownDetail)), extensions(("x-problems" = json!(["consent-needed", "config-misfit", "not-ready", "replay-needed", "not-a-plugin"]))))]
async fn start_canary(
    State(app): State<App>,
    member: Member,
    known: Known,
    Path(id): Path<String>,
    Body(draft): Body<CanaryDraft>,
) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    Ok(shown(&known, plugins::start_canary(&app, &member, &id, &draft.version, draft.percent, seen).await?))
}

/// Ends the trial: the version that was tried answers all, or none.
#[utoipa::path(delete, path = "/api/plugins/{id}/canary", tag = "plugins", params(("id" = String, Path), CanaryEnd, IfMatch),
    responses((status = 200, description = "It is over", body = ShownDetail)),
    extensions(("x-problems" = json!(["no-version", "consent-needed", "config-misfit", "not-ready", "replay-needed", "not-a-plugin", "invalid"]))))]
async fn end_canary(State(app): State<App>, member: Member, known: Known, Path(id): Path<String>, Query(end): Query<CanaryEnd>) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    Ok(shown(&known, plugins::end_canary(&app, &member, &id, end.keep, seen).await?))
}

/// Sets a plugin for the whole installation; what a service point has otherwise is set with its flow.
#[utoipa::path(put, path = "/api/plugins/{id}/config", tag = "plugins", params(("id" = String, Path), IfMatch), request_body = ConfigDraft,
    responses((status = 200, description = "Set", body = ShownDetail)), extensions(("x-problems" = json!(["not-a-plugin"]))))]
async fn configure(State(app): State<App>, member: Member, known: Known, Path(id): Path<String>, Body(draft): Body<ConfigDraft>) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    let secrets = draft.secrets.into_iter().map(|(name, secret)| (name, secret.map(|secret| secret.0))).collect();
    let settings = Settings { config: draft.config, secrets, version: draft.version };
    Ok(shown(&known, plugins::configure(&app, &member, &id, settings, seen).await?))
}

/// Lists how a plugin was set, newest first.
#[utoipa::path(get, path = "/api/plugins/{id}/configs", tag = "plugins", params(("id" = String, Path), ConfigsOf, Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownConfig>)))]
async fn configs(
    State(app): State<App>,
    member: Member,
    Path(id): Path<String>,
    Query(of): Query<ConfigsOf>,
    paging: Paging,
) -> Result<Page<ShownConfig>, Problem> {
    let found = plugins::configs(&app, &member, &id, of.service_point_id.as_ref(), paging.after()?, paging.rows_i64()).await?;
    Ok(paging.page(found, |config| config.version, ShownConfig::from))
}

/// Switches a plugin on or off everywhere. While it is off, chains pass it over.
#[utoipa::path(put, path = "/api/plugins/{id}/state", tag = "plugins", params(("id" = String, Path), IfMatch), request_body = StateDraft,
    responses((status = 200, description = "Switched", body = ShownDetail)))]
async fn switch(State(app): State<App>, member: Member, known: Known, Path(id): Path<String>, Body(draft): Body<StateDraft>) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    Ok(shown(&known, plugins::switch(&app, &member, &id, draft.state == Switch::On, seen).await?))
}

/// Lets a plugin answer again that was set aside because it failed again and again.
#[utoipa::path(post, path = "/api/plugins/{id}/try-again", tag = "plugins", params(("id" = String, Path), IfMatch),
    responses((status = 200, description = "It answers again", body = ShownDetail)))]
async fn try_again(State(app): State<App>, member: Member, known: Known, Path(id): Path<String>) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    Ok(shown(&known, plugins::try_again(&app, &member, &id, seen).await?))
}

/// Decides whether a version is activated only when its replay was approved.
#[utoipa::path(put, path = "/api/plugins/{id}/rule", tag = "plugins", params(("id" = String, Path), IfMatch), request_body = RuleDraft,
    responses((status = 200, description = "Decided", body = ShownDetail)))]
async fn rule(State(app): State<App>, member: Member, known: Known, Path(id): Path<String>, Body(draft): Body<RuleDraft>) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known, &id).await?;
    Ok(shown(&known, plugins::require_replay(&app, &member, &id, draft.requires_replay, seen).await?))
}

/// Shows how a plugin ran in the last two weeks, by version and hour, newest first.
#[utoipa::path(get, path = "/api/plugins/{id}/runs", tag = "plugins", params(("id" = String, Path)),
    responses((status = 200, description = "By version and hour", body = Vec<ShownHour>)))]
async fn runs(State(app): State<App>, member: Member, Path(id): Path<String>) -> Result<axum::Json<Vec<ShownHour>>, Problem> {
    let hours = plugins::runs(&app, &member, &id).await?;
    Ok(axum::Json(hours.into_iter().map(ShownHour::from).collect()))
}

/// Shows how the versions of a plugin ran in the last two weeks, all in all, by their names.
#[utoipa::path(get, path = "/api/plugins/{id}/runs/versions", tag = "plugins", params(("id" = String, Path)),
    responses((status = 200, description = "By version", body = Vec<ShownRuns>)))]
async fn runs_of_versions(State(app): State<App>, member: Member, Path(id): Path<String>) -> Result<axum::Json<Vec<ShownRuns>>, Problem> {
    let hours = plugins::runs(&app, &member, &id).await?;
    Ok(axum::Json(plugins::by_version(&hours).into_iter().map(ShownRuns::from).collect()))
}

/// Lists the last turns that a plugin failed, newest first, each once however often it was tried. The last 200 are kept, for as long as turns are.
#[utoipa::path(get, path = "/api/plugins/{id}/failures", tag = "plugins", params(("id" = String, Path), Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownFailure>)))]
async fn failures(State(app): State<App>, member: Member, Path(id): Path<String>, paging: Paging) -> Result<Page<ShownFailure>, Problem> {
    let after: Option<TurnId> = paging.after()?;
    let found = plugins::failures(&app, &member, &id, after.as_ref(), paging.rows_i64()).await?;
    Ok(paging.page(found, |failed| failed.failure.turn_id, ShownFailure::from))
}

/// Shows what a plugin counted, by name, in all and by the day of the last two weeks.
#[utoipa::path(get, path = "/api/plugins/{id}/counters", tag = "plugins", params(("id" = String, Path)),
    responses((status = 200, description = "By name", body = Vec<ShownCounter>)))]
async fn counters(State(app): State<App>, member: Member, Path(id): Path<String>) -> Result<axum::Json<Vec<ShownCounter>>, Problem> {
    let counted = plugins::counters(&app, &member, &id).await?;
    Ok(axum::Json(counted.into_iter().map(ShownCounter::from).collect()))
}

/// Shows a plugin with an ETag of what people decide: that a turn more ran is no reason to look at it again before a change.
fn shown(known: &Known, detail: plugins::Detail) -> Response {
    let shown = ShownDetail::from(detail);
    known.show_as(&shown.decided(), &shown)
}

async fn seen(app: &App, member: &Member, known: &Known, id: &str) -> Result<console::Seen, Problem> {
    let before = plugins::find(app, member, id).await?;
    let version = before.plugin.version;
    known.demand(&ShownDetail::from(before).decided())?;
    Ok(known.only(version))
}

async fn shown_version(app: &App, member: &Member, id: &str, version: &str) -> Result<ShownVersion, Problem> {
    let detail = plugins::find(app, member, id).await?;
    let found = detail.versions.into_iter().find(|one| one.version == version).ok_or(Kind::NotFound)?;
    let stage = match found.state {
        VersionState::Compiling => plugins::progress(app, member, id, version).await.ok().and_then(|progress| progress.stage),
        VersionState::Ready | VersionState::Refused => None,
    };
    let stage = shown::stage(found.state, stage);
    let mut version = ShownVersion::from(found);
    version.stage = stage;
    Ok(version)
}
