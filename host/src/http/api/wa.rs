//! WhatsApp in three operations: connecting a number, seeing how it is, sending a text.

use axum::{Json, extract::State, response::Response};
use relevo_model::*;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Body, body,
    channels::ShownChannel,
    conversations::SentMessage,
    made,
    names::WhatsappStatusName,
    shown::{Id, Moment},
};
use crate::{
    app::App,
    console::{channels, inbox, points},
    http::{
        problem::{FieldProblem, Kind, Problem},
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
};

pub const AREA: Area = Area { name: "wa", about: "WhatsApp: connecting a number, seeing how it is, sending a text.", routes, document: Document::openapi };

/// More service points than any business has numbers.
const MOST: i64 = 500;

#[derive(OpenApi)]
#[openapi(paths(create, status, send))]
struct Document;

fn routes() -> Routes {
    Routes::new()
        .create("/api/wa/create", Access::Permission(Permission::ManageChannels), create)
        .get("/api/wa/{business_id}/status", Access::Permission(Permission::SeeBusiness), status)
        .create("/api/wa/{business_id}/send", Access::Permission(Permission::Send), send)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NumberDraft {
    /// Left out where there is only one.
    #[serde(default)]
    #[schema(value_type = Option<Id>)]
    service_point_id: Option<ServicePointId>,
    #[schema(pattern = "^[0-9]{1,32}$")]
    phone_number_id: String,
    #[serde(default)]
    #[schema(pattern = "^[0-9]{1,32}$")]
    waba_id: Option<String>,
    #[serde(deserialize_with = "body::secret")]
    #[schema(value_type = String, format = Password, max_length = 1024)]
    access_token: SecretString,
    #[serde(default, deserialize_with = "body::maybe_secret")]
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    app_secret: Option<SecretString>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Outgoing {
    /// Either this or `to`.
    #[serde(default)]
    #[schema(value_type = Option<Id>)]
    conversation_id: Option<ConversationId>,
    /// The number of a customer who wrote before.
    #[serde(default)]
    #[schema(example = "+54 9 11 5555 0001")]
    to: Option<String>,
    #[schema(min_length = 1, max_length = 4096)]
    text: String,
}

/// How the numbers of a business are.
#[derive(Serialize, ToSchema)]
struct Connections {
    service_points: Vec<Connection>,
}

#[derive(Serialize, ToSchema)]
struct Connection {
    #[schema(value_type = Id)]
    service_point_id: ServicePointId,
    name: String,
    #[schema(required)]
    phone_number: Option<String>,
    #[schema(value_type = WhatsappStatusName)]
    status: WhatsappStatus,
    #[schema(required)]
    last_qr_at: Option<Moment>,
    channels: Vec<ShownChannel>,
}

/// Connects a number of Meta's Cloud API.
///
/// The same as `POST /api/channels` with `cloud_api`.
#[utoipa::path(post, path = "/api/wa/create", tag = "wa", request_body = NumberDraft,
    responses((status = 201, description = "Connected", body = ShownChannel)),
    extensions(("x-problems" = json!(["taken", "not-confirmed", "outside", "not-found"]))))]
async fn create(State(app): State<App>, member: Member, Body(new): Body<NumberDraft>) -> Result<Response, Problem> {
    let service_point_id = match new.service_point_id {
        Some(id) => id,
        None => only(&app, &member).await?,
    };
    let draft = channels::Draft {
        service_point_id,
        kind: ChannelKind::CloudApi,
        phone_number_id: Some(new.phone_number_id),
        waba_id: new.waba_id,
        access_token: Some(new.access_token),
        app_secret: new.app_secret,
    };
    let channel = channels::create(&app, &member, draft).await?;
    Ok(made(&format!("/api/channels/{}", channel.id), &ShownChannel::from(channel)))
}

/// Shows how the numbers of a business are, service point by service point.
#[utoipa::path(get, path = "/api/wa/{business_id}/status", tag = "wa", params(("business_id" = Id, Path)),
    responses((status = 200, description = "All where one works", body = Connections)))]
async fn status(State(app): State<App>, member: Member) -> Result<Json<Connections>, Problem> {
    let mut channels = channels::list(&app, &member, None, MOST).await?;
    let points = points::list(&app, &member, None, MOST).await?;
    let connection = |point: relevo_store::ServicePoint| {
        let own = channels.extract_if(.., |channel| channel.service_point_id == point.id).map(ShownChannel::from).collect();
        Connection {
            service_point_id: point.id,
            name: point.name,
            phone_number: point.phone_number,
            status: point.whatsapp_status,
            last_qr_at: point.last_qr_at.map(|at| Moment(Time(at))),
            channels: own,
        }
    };
    Ok(Json(Connections { service_points: points.into_iter().map(connection).collect() }))
}

/// Sends a text to a customer who wrote within the last 24 hours; the bot falls silent by that.
#[utoipa::path(post, path = "/api/wa/{business_id}/send", tag = "wa", params(("business_id" = Id, Path)), request_body = Outgoing,
    responses((status = 201, description = "Handed over for sending", body = SentMessage)), extensions(("x-problems" = json!(["window-closed", "no-channel"]))))]
async fn send(State(app): State<App>, member: Member, Body(outgoing): Body<Outgoing>) -> Result<Response, Problem> {
    let to = match (outgoing.conversation_id, outgoing.to) {
        (Some(id), None) => inbox::To::Conversation(id),
        (None, Some(number)) => inbox::To::Number(number),
        _ => return Err(Problem::new(Kind::Invalid).errors([FieldProblem::new("to", "field-one-of")])),
    };
    let (conversation, message_id) = inbox::send(&app, &member, &to, &outgoing.text).await?;
    let address = format!("/api/conversations/{}/messages", conversation.id);
    Ok(made(&address, &SentMessage { message_id, conversation: conversation.into() }))
}

async fn only(app: &App, member: &Member) -> Result<ServicePointId, Problem> {
    match points::list(app, member, None, 2).await?.as_slice() {
        [only] => Ok(only.id),
        _ => Err(Problem::new(Kind::Invalid).errors([FieldProblem::new("service_point_id", "field-required")])),
    }
}
