//! Conversations: who holds them, what happened in them.

use relevo_model::*;
use serde_json::{Value, json};

use crate::{
    Error, Notice, Result, Write,
    sql::{Conn, Json},
};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Conversation {
    #[sqlx(try_from = "String")]
    pub id: ConversationId,
    #[sqlx(try_from = "String")]
    pub service_point_id: ServicePointId,
    #[sqlx(try_from = "String")]
    pub channel_id: ChannelId,
    #[sqlx(try_from = "String")]
    pub customer_id: CustomerId,
    #[sqlx(try_from = "String")]
    pub peer_kind: AliasKind,
    pub peer: String,
    #[sqlx(try_from = "String")]
    pub status: Answering,
    #[sqlx(try_from = "String")]
    pub state: Progress,
    pub bot_enabled: bool,
    pub epoch: i64,
    pub labels: Json<Vec<String>>,
    pub unread: i64,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    pub last_inbound_at: Option<i64>,
    pub last_message_at: Option<i64>,
}

/// Everything that a turn needs to know before a flow is asked, in one read.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TurnContext {
    #[sqlx(flatten)]
    pub conversation: Conversation,
    pub customer_name: Option<String>,
    pub customer_phone: Option<String>,
    pub customer_locale: Option<String>,
    pub attributes: Json<Value>,
    pub states: Option<Json<Value>>,
    pub offered: Option<Json<Vec<options::Offered>>>,
    pub config_version: i64,
    /// The number of the first turn that waits: another node may have received one before the one that is about to run.
    pub first_pending: Option<i64>,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TimelineEvent {
    #[sqlx(try_from = "String")]
    pub id: EventId,
    pub seq: i64,
    pub kind: String,
    pub actor: String,
    pub data: Json<Value>,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

/// A row of the list of conversations.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ListedConversation {
    #[sqlx(flatten)]
    pub conversation: Conversation,
    pub customer_name: Option<String>,
    pub customer_phone: Option<String>,
}

macro_rules! columns {
    () => {
        "c.id, c.service_point_id, c.channel_id, c.customer_id, c.peer_kind, c.peer, c.status, c.state, c.bot_enabled, c.epoch, c.labels, c.unread, \
         c.created_at, c.last_inbound_at, c.last_message_at"
    };
}

pub struct Conversations<'a>(&'a mut Conn);

impl Conn {
    pub fn conversations(&mut self) -> Conversations<'_> {
        Conversations(self)
    }
}

impl Conversations<'_> {
    pub async fn find(&mut self, id: &ConversationId) -> Result<Option<Conversation>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM conversations c WHERE c.id = $1");
        one!(self.0, Conversation, FIND, id.as_str())
    }

    pub async fn context(&mut self, id: &ConversationId) -> Result<Option<TurnContext>> {
        const CONTEXT: &str = concat!(
            "SELECT ",
            columns!(),
            ", u.name AS customer_name, u.phone AS customer_phone, u.locale AS customer_locale, u.attributes, s.states, s.offered, b.config_version, \
             (SELECT MIN(t.seq) FROM turns t WHERE t.conversation_id = c.id AND t.state = 'pending') AS first_pending \
             FROM conversations c JOIN customers u ON u.id = c.customer_id JOIN business b ON b.id = 'business' \
             LEFT JOIN customer_sessions s ON s.conversation_id = c.id WHERE c.id = $1"
        );
        one!(self.0, TurnContext, CONTEXT, id.as_str())
    }

    /// By the alias that the customer writes from in this channel.
    pub async fn by_alias(&mut self, channel: &ChannelId, alias: &Alias) -> Result<Option<Conversation>> {
        const FIND: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM customer_aliases a JOIN conversations c ON c.customer_id = a.customer_id AND c.channel_id = $1 \
             WHERE a.kind = $2 AND a.scope = $3 AND a.value = $4"
        );
        one!(self.0, Conversation, FIND, channel.as_str(), alias.kind.as_str(), &alias.scope, &alias.value)
    }

    /// Newest first; `before` is the time of the last message of the last row seen.
    pub async fn list_of(&mut self, service_point: &ServicePointId, before: Option<Time>, limit: i64) -> Result<Vec<ListedConversation>> {
        const LIST: &str = concat!(
            "SELECT ",
            columns!(),
            ", u.name AS customer_name, u.phone AS customer_phone FROM conversations c JOIN customers u ON u.id = c.customer_id \
             WHERE c.service_point_id = $1 AND c.last_message_at < $2 ORDER BY c.last_message_at DESC LIMIT $3"
        );
        all!(self.0, ListedConversation, LIST, service_point.as_str(), before.map_or(i64::MAX, Time::millis), limit)
    }

    /// What happened beside the messages, oldest first.
    pub async fn timeline(&mut self, id: &ConversationId) -> Result<Vec<TimelineEvent>> {
        const LIST: &str = "SELECT id, seq, kind, actor, data, created_at FROM conversation_events WHERE conversation_id = $1 ORDER BY seq, id LIMIT 500";
        all!(self.0, TimelineEvent, LIST, id.as_str())
    }
}

impl Write {
    /// A person takes the conversation: from the bot, which falls silent and whose unsent lines are cancelled, or from nobody after the bot
    /// handed it over.
    pub async fn take_over(&mut self, id: &ConversationId, actor: &str, reason: &str, event: EventId, now: Time) -> Result<()> {
        const ASSIGN: &str = "UPDATE conversations SET assignee_id = $1 WHERE id = $2 AND status = 'HUMAN' AND (assignee_id IS NULL OR assignee_id <> $1)";
        let taken = take_over(self, id, actor, reason, event, now).await?;
        if run!(self, ASSIGN, actor, id.as_str())? > 0 && !taken {
            // What the bot said before it handed over goes out while nobody answers, and not over whoever does.
            cancel_unsent(self, id).await?;
            note(self, event, id, "taken_over", actor, &json!({ "reason": reason }), now).await?;
        }
        self.after_commit(Notice::Conversation(*id));
        Ok(())
    }

    /// The bot gets the conversation back, and its flows are told.
    pub async fn return_to_bot(&mut self, id: &ConversationId, actor: &str, event: EventId, now: Time) -> Result<()> {
        if self.release(id, actor, event, now).await? {
            let turn = event.as_str().parse().expect("one id reads as another");
            self.add_turn(turn, id, TurnEvent::ReturnedToBot { agent: Some(actor.to_owned()), reason: "returned".into() }, now).await?;
        }
        Ok(())
    }

    /// Gives the conversation to the bot without a word to anybody; false when it had it already.
    pub(crate) async fn release(&mut self, id: &ConversationId, actor: &str, event: EventId, now: Time) -> Result<bool> {
        const RETURN: &str = "UPDATE conversations SET status = 'BOT', epoch = epoch + 1, assignee_id = NULL, unread = 0 WHERE id = $1 AND status = 'HUMAN'";
        let returned = run!(self, RETURN, id.as_str())? > 0;
        if returned {
            note(self, event, id, "returned", actor, &json!({}), now).await?;
            self.after_commit(Notice::Conversation(*id));
        }
        Ok(returned)
    }

    /// Switches the bot on or off for one conversation.
    pub async fn switch_bot(&mut self, id: &ConversationId, on: bool, actor: &str, event: EventId, now: Time) -> Result<()> {
        if run!(self, "UPDATE conversations SET bot_enabled = $1, epoch = epoch + 1 WHERE id = $2 AND bot_enabled <> $1", on, id.as_str())? > 0 {
            cancel_unsent(self, id).await?;
            note(self, event, id, if on { "bot_on" } else { "bot_off" }, actor, &json!({}), now).await?;
            self.after_commit(Notice::Conversation(*id));
        }
        Ok(())
    }
}

/// Takes the conversation from the bot; false when the bot did not have it.
pub(crate) async fn take_over(conn: &mut Conn, id: &ConversationId, actor: &str, reason: &str, event: EventId, now: Time) -> Result<bool> {
    const TAKE: &str = "UPDATE conversations SET status = 'HUMAN', epoch = epoch + 1, state = 'open' WHERE id = $1 AND status = 'BOT'";
    if run!(conn, TAKE, id.as_str())? == 0 {
        return Ok(false);
    }
    cancel_unsent(conn, id).await?;
    note(conn, event, id, "taken_over", actor, &json!({ "reason": reason }), now).await?;
    Ok(true)
}

/// What the bot said and nobody has sent yet is not said.
async fn cancel_unsent(conn: &mut Conn, id: &ConversationId) -> Result<()> {
    const MESSAGES: &str = "UPDATE messages SET state = 'cancelled' WHERE id IN \
                            (SELECT message_id FROM outbox WHERE conversation_id = $1 AND sender = 'BOT' AND state = 'pending')";
    run!(conn, MESSAGES, id.as_str())?;
    run!(conn, "UPDATE outbox SET state = 'cancelled' WHERE conversation_id = $1 AND sender = 'BOT' AND state = 'pending'", id.as_str())?;
    Ok(())
}

/// Takes the next number of what is said in a conversation.
pub(crate) async fn next_seq(conn: &mut Conn, id: &ConversationId, now: Time) -> Result<i64> {
    const NEXT: &str = "UPDATE conversations SET seq = seq + 1, last_message_at = $1 WHERE id = $2 RETURNING seq";
    let row = one!(conn, (i64,), NEXT, now.0, id.as_str())?;
    row.map(|(seq,)| seq).ok_or_else(|| Error::Conflict(format!("conversation {id} is gone")))
}

/// Adds to a conversation's timeline.
pub(crate) async fn note(conn: &mut Conn, event: EventId, id: &ConversationId, kind: &str, actor: &str, data: &Value, now: Time) -> Result<()> {
    const ADD: &str = "INSERT INTO conversation_events (id, conversation_id, seq, kind, actor, data, created_at) \
                       SELECT $1, id, seq, $2, $3, $4, $5 FROM conversations WHERE id = $6";
    run!(conn, ADD, event.as_str(), kind, actor, Json(data), now.0, id.as_str()).map(|_| ())
}
