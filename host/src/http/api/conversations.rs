//! Conversations: what was said, who has them.

use axum::{Json, extract::State, response::Response};
use relevo_model::*;
use relevo_store::{Conversation, ConversationFilter, Holder, ListedConversation, Message};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    Area, Body, Page, Paging, Path, Query,
    after::At,
    made,
    names::{AnsweringName, ProgressName},
    shown::{Id, Moment},
};
use crate::{
    app::App,
    console::inbox,
    http::{
        problem::{Kind, Problem},
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
};

pub const AREA: Area = Area { name: "conversations", about: "Conversations: what was said, and who has them.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(list, find, messages, send, set_status, assign))]
struct Document;

fn routes() -> Routes {
    const SEE: Access = Access::Permission(Permission::SeeConversations);
    const TAKE: Access = Access::Permission(Permission::TakeOver);
    Routes::new()
        .get("/api/conversations", SEE, list)
        .get("/api/conversations/{id}", SEE, find)
        .get("/api/conversations/{id}/messages", SEE, messages)
        .create("/api/conversations/{id}/messages", Access::Permission(Permission::Send), send)
        .put("/api/conversations/{id}/status", TAKE, set_status)
        .put("/api/conversations/{id}/assignee", TAKE, assign)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    #[serde(default)]
    #[param(value_type = Option<Id>)]
    service_point_id: Option<ServicePointId>,
    /// Who answers.
    #[serde(default)]
    #[param(value_type = Option<AnsweringName>)]
    status: Option<Answering>,
    #[serde(default)]
    #[param(value_type = Option<ProgressName>)]
    state: Option<Progress>,
    /// Somebody's id, `me`, or `none`.
    #[serde(default)]
    #[param(pattern = "^(me|none|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$")]
    assignee_id: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StatusChange {
    #[schema(value_type = AnsweringName)]
    status: Answering,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Assignment {
    /// A colleague who may send at this service point; null for nobody in particular.
    #[schema(value_type = Option<Id>)]
    assignee_id: Option<UserId>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Words {
    #[schema(min_length = 1, max_length = 4096)]
    text: String,
}

/// A conversation.
#[derive(Serialize, ToSchema)]
pub(super) struct ShownConversation {
    #[schema(value_type = Id)]
    id: ConversationId,
    #[schema(value_type = Id)]
    service_point_id: ServicePointId,
    #[schema(value_type = Id)]
    channel_id: ChannelId,
    #[schema(value_type = Id)]
    customer_id: CustomerId,
    /// The number, or what else the channel knows the customer by.
    peer: String,
    /// Who answers.
    #[schema(value_type = AnsweringName)]
    status: Answering,
    #[schema(value_type = ProgressName)]
    state: Progress,
    bot_enabled: bool,
    /// The person, or the key, who has it.
    #[schema(required)]
    assignee_id: Option<String>,
    labels: Vec<String>,
    unread: i64,
    /// Until when WhatsApp takes free text.
    #[schema(required)]
    open_until: Option<Moment>,
    #[schema(required)]
    last_message_at: Option<Moment>,
    created_at: Moment,
}

/// A conversation in a list.
#[derive(Serialize, ToSchema)]
struct InboxRow {
    #[serde(flatten)]
    conversation: ShownConversation,
    #[schema(required)]
    customer_name: Option<String>,
    #[schema(required)]
    customer_phone: Option<String>,
}

/// Something that was said.
#[derive(Serialize, ToSchema)]
struct ShownMessage {
    #[schema(value_type = Id)]
    id: MessageId,
    /// Its number in the conversation.
    seq: i64,
    /// IN or OUT.
    #[schema(value_type = String, example = "IN")]
    direction: Direction,
    /// CUSTOMER, BOT or AGENT.
    #[schema(value_type = String, example = "CUSTOMER")]
    sender: Sender,
    /// What was said, by its `type`.
    #[schema(value_type = Object)]
    content: Value,
    /// How far it has come.
    #[schema(value_type = String, example = "delivered")]
    state: Delivery,
    /// Why it did not arrive.
    #[schema(required, value_type = Option<Object>)]
    problem: Option<Value>,
    #[schema(required)]
    provider_id: Option<String>,
    created_at: Moment,
}

/// A message that was handed over for sending.
#[derive(Serialize, ToSchema)]
pub(super) struct SentMessage {
    #[schema(value_type = Id)]
    pub message_id: MessageId,
    pub conversation: ShownConversation,
}

/// Lists conversations where one works, newest first.
#[utoipa::path(get, path = "/api/conversations", tag = "conversations", params(Filter, Paging),
    responses((status = 200, description = "A page of them", body = Page<InboxRow>)))]
async fn list(State(app): State<App>, member: Member, Query(filter): Query<Filter>, paging: Paging) -> Result<Page<InboxRow>, Problem> {
    let held_by = match filter.assignee_id.as_deref() {
        None => None,
        Some("none") => Some(Holder::Nobody),
        Some("me") => Some(Holder::Somebody(member.id().to_owned())),
        Some(id) => {
            let id: UserId = id.parse().map_err(|_| Problem::new(Kind::BadQuery).detail("assignee_id must be an id, me or none"))?;
            Some(Holder::Somebody(id.to_string()))
        }
    };
    let before: Option<At<ConversationId>> = paging.after()?;
    let before = before.as_ref().map(|At(time, id)| (*time, id));
    let filter = ConversationFilter { point: filter.service_point_id, status: filter.status, state: filter.state, held_by, ..ConversationFilter::ALL };
    let found = inbox::list(&app, &member, filter, before, paging.rows_i64()).await?;
    let place = |row: &ListedConversation| At(Time(row.conversation.last_message_at.unwrap_or_default()), row.conversation.id);
    Ok(paging.page(found, place, InboxRow::from))
}

/// Shows a conversation.
#[utoipa::path(get, path = "/api/conversations/{id}", tag = "conversations", params(("id" = Id, Path)),
    responses((status = 200, description = "It", body = ShownConversation)))]
async fn find(State(app): State<App>, member: Member, Path(id): Path<ConversationId>) -> Result<Json<ShownConversation>, Problem> {
    Ok(Json(inbox::find(&app, &member, &id).await?.into()))
}

/// Lists what was said, newest first.
#[utoipa::path(get, path = "/api/conversations/{id}/messages", tag = "conversations", params(("id" = Id, Path), Paging),
    responses((status = 200, description = "A page of it", body = Page<ShownMessage>)))]
async fn messages(State(app): State<App>, member: Member, Path(id): Path<ConversationId>, paging: Paging) -> Result<Page<ShownMessage>, Problem> {
    let found = inbox::messages(&app, &member, &id, paging.after()?, paging.rows_i64()).await?;
    let rows = found.into_iter().map(ShownMessage::of).collect::<Result<Vec<_>, _>>()?;
    Ok(paging.page(rows, |message| message.seq, |message| message))
}

/// Says something as a person; the bot falls silent by that.
#[utoipa::path(post, path = "/api/conversations/{id}/messages", tag = "conversations", params(("id" = Id, Path)),
    request_body = Words, responses((status = 201, description = "Handed over for sending", body = SentMessage)),
    extensions(("x-problems" = json!(["window-closed", "no-channel"]))))]
async fn send(State(app): State<App>, member: Member, Path(id): Path<ConversationId>, Body(words): Body<Words>) -> Result<Response, Problem> {
    let (conversation, message_id) = inbox::send(&app, &member, &inbox::To::Conversation(id), &words.text).await?;
    Ok(made(&format!("/api/conversations/{id}/messages"), &SentMessage { message_id, conversation: conversation.into() }))
}

/// Takes a conversation from the bot, or gives it back.
#[utoipa::path(put, path = "/api/conversations/{id}/status", tag = "conversations", params(("id" = Id, Path)),
    request_body = StatusChange, responses((status = 200, description = "Changed", body = ShownConversation)))]
async fn set_status(
    State(app): State<App>,
    member: Member,
    Path(id): Path<ConversationId>,
    Body(change): Body<StatusChange>,
) -> Result<Json<ShownConversation>, Problem> {
    Ok(Json(inbox::set_status(&app, &member, &id, change.status).await?.into()))
}

/// Gives a conversation to a colleague, or to nobody in particular. Given to somebody the bot falls silent.
#[utoipa::path(put, path = "/api/conversations/{id}/assignee", tag = "conversations", params(("id" = Id, Path)),
    request_body = Assignment, responses((status = 200, description = "Changed", body = ShownConversation)))]
async fn assign(
    State(app): State<App>,
    member: Member,
    Path(id): Path<ConversationId>,
    Body(to): Body<Assignment>,
) -> Result<Json<ShownConversation>, Problem> {
    Ok(Json(inbox::assign(&app, &member, &id, to.assignee_id.as_ref()).await?.into()))
}

impl From<Conversation> for ShownConversation {
    fn from(row: Conversation) -> Self {
        Self {
            id: row.id,
            service_point_id: row.service_point_id,
            channel_id: row.channel_id,
            customer_id: row.customer_id,
            peer: row.peer,
            status: row.status,
            state: row.state,
            bot_enabled: row.bot_enabled,
            assignee_id: row.assignee_id,
            labels: row.labels.0,
            unread: row.unread,
            open_until: row.last_inbound_at.map(|at| Moment(Time(at).after(inbox::WINDOW))),
            last_message_at: row.last_message_at.map(|at| Moment(Time(at))),
            created_at: row.created_at.into(),
        }
    }
}

impl From<ListedConversation> for InboxRow {
    fn from(row: ListedConversation) -> Self {
        Self { conversation: row.conversation.into(), customer_name: row.customer_name, customer_phone: row.customer_phone }
    }
}

impl ShownMessage {
    fn of(message: Message) -> Result<Self, Problem> {
        let plain = |value: serde_json::Result<Value>| value.map_err(|error| Problem::broken(&error.into()));
        Ok(Self {
            content: plain(serde_json::to_value(&message.content.0))?,
            problem: message.problem.map(|problem| plain(serde_json::to_value(&problem.0))).transpose()?,
            id: message.id,
            seq: message.seq,
            direction: message.direction,
            sender: message.sender,
            state: message.state,
            provider_id: message.provider_id,
            created_at: message.created_at.into(),
        })
    }
}
