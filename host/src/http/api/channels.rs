//! Channels: the numbers of service points. Secrets go in and never come back.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use relevo_model::*;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Body, Page, Paging, Path, body, made,
    names::{ChannelKindName, ChannelStateName},
    shown::{Id, Moment},
};
use crate::{
    app::App,
    console::channels::{self, Channel},
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
};

pub const AREA: Area = Area { name: "channels", about: "Channels: how service points reach their customers.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(create, list, find, renew, remove))]
struct Document;

fn routes() -> Routes {
    const SEE: Access = Access::Permission(Permission::SeeBusiness);
    const MANAGE: Access = Access::Permission(Permission::ManageChannels);
    Routes::new()
        .create("/api/channels", MANAGE, create)
        .get("/api/channels", SEE, list)
        .get("/api/channels/{id}", SEE, find)
        .put("/api/channels/{id}", MANAGE, renew)
        .delete("/api/channels/{id}", MANAGE, remove)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChannelDraft {
    #[schema(value_type = Id)]
    service_point_id: ServicePointId,
    /// cloud_api, or simulator where a service point has none.
    #[schema(value_type = ChannelKindName)]
    kind: ChannelKind,
    /// The number's id at Meta.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{1,32}$")]
    phone_number_id: Option<String>,
    /// The account that the number belongs to.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{1,32}$")]
    waba_id: Option<String>,
    #[serde(default, deserialize_with = "body::maybe_secret")]
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    access_token: Option<SecretString>,
    /// Where it is not the installation's own app.
    #[serde(default, deserialize_with = "body::maybe_secret")]
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    app_secret: Option<SecretString>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Renewal {
    #[serde(default, deserialize_with = "body::maybe_secret")]
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    access_token: Option<SecretString>,
    #[serde(default, deserialize_with = "body::maybe_secret")]
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    app_secret: Option<SecretString>,
}

/// A channel.
#[derive(Serialize, ToSchema)]
pub(super) struct ShownChannel {
    #[schema(value_type = Id)]
    id: ChannelId,
    #[schema(value_type = Id)]
    service_point_id: ServicePointId,
    #[schema(value_type = ChannelKindName)]
    kind: ChannelKind,
    #[schema(value_type = ChannelStateName)]
    state: ChannelState,
    /// Why it is not active.
    #[schema(required)]
    cause: Option<String>,
    #[schema(required)]
    paused_until: Option<Moment>,
    #[schema(required)]
    phone_number_id: Option<String>,
    #[schema(required)]
    waba_id: Option<String>,
    has_access_token: bool,
    has_app_secret: bool,
    /// What is sent here arrives in the simulator and at no customer.
    simulated: bool,
    #[schema(required)]
    last_inbound_at: Option<Moment>,
    #[schema(required)]
    last_outbound_at: Option<Moment>,
    created_at: Moment,
}

/// Gives a service point a channel.
///
/// A number is active once the Graph API has confirmed that the token reads it.
#[utoipa::path(post, path = "/api/channels", tag = "channels", request_body = ChannelDraft,
    responses((status = 201, description = "Made", body = ShownChannel)),
    extensions(("x-problems" = json!(["taken", "not-confirmed", "outside", "not-found"]))))]
async fn create(State(app): State<App>, member: Member, Body(draft): Body<ChannelDraft>) -> Result<Response, Problem> {
    let ChannelDraft { service_point_id, kind, phone_number_id, waba_id, access_token, app_secret } = draft;
    let draft = channels::Draft { service_point_id, kind, phone_number_id, waba_id, access_token, app_secret };
    let channel = channels::create(&app, &member, draft).await?;
    Ok(made(&format!("/api/channels/{}", channel.id), &ShownChannel::from(channel)))
}

/// Lists the channels of the service points where one works, in the order in which they were made.
#[utoipa::path(get, path = "/api/channels", tag = "channels", params(Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownChannel>)))]
async fn list(State(app): State<App>, member: Member, paging: Paging) -> Result<Page<ShownChannel>, Problem> {
    let after: Option<ChannelId> = paging.after()?;
    let found = channels::list(&app, &member, after.as_ref(), paging.rows_i64()).await?;
    Ok(paging.page(found, |channel| channel.id, ShownChannel::from))
}

/// Shows a channel.
#[utoipa::path(get, path = "/api/channels/{id}", tag = "channels", params(("id" = Id, Path)),
    responses((status = 200, description = "It", body = ShownChannel)))]
async fn find(State(app): State<App>, member: Member, Path(id): Path<ChannelId>) -> Result<Json<ShownChannel>, Problem> {
    Ok(Json(channels::find(&app, &member, &id).await?.into()))
}

/// Gives a channel other secrets; what is left out stays. One that stopped because its token expired sends again.
#[utoipa::path(put, path = "/api/channels/{id}", tag = "channels", params(("id" = Id, Path)), request_body = Renewal,
    responses((status = 200, description = "Renewed", body = ShownChannel)), extensions(("x-problems" = json!(["not-confirmed", "outside"]))))]
async fn renew(State(app): State<App>, member: Member, Path(id): Path<ChannelId>, Body(new): Body<Renewal>) -> Result<Json<ShownChannel>, Problem> {
    let renewal = channels::Renewal { access_token: new.access_token, app_secret: new.app_secret };
    Ok(Json(channels::renew(&app, &member, &id, renewal).await?.into()))
}

/// Takes a channel away. Its conversations stay, and its number is free.
#[utoipa::path(delete, path = "/api/channels/{id}", tag = "channels", params(("id" = Id, Path)),
    responses((status = 204, description = "Removed")))]
async fn remove(State(app): State<App>, member: Member, Path(id): Path<ChannelId>) -> Result<StatusCode, Problem> {
    channels::remove(&app, &member, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Channel> for ShownChannel {
    fn from(channel: Channel) -> Self {
        Self {
            id: channel.id,
            service_point_id: channel.service_point_id,
            kind: channel.kind,
            state: channel.state,
            cause: channel.cause,
            paused_until: channel.paused_until.map(Moment),
            phone_number_id: channel.phone_number_id,
            waba_id: channel.waba_id,
            has_access_token: channel.has_access_token,
            has_app_secret: channel.has_app_secret,
            simulated: channel.simulated,
            last_inbound_at: channel.last_inbound_at.map(Moment),
            last_outbound_at: channel.last_outbound_at.map(Moment),
            created_at: channel.created_at.into(),
        }
    }
}
