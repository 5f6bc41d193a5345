//! Conversations: who holds them, what happened in them.

use relevo_model::*;
use serde_json::{Value, json};

use crate::{
    Error, Notice, Result, Write,
    direct::Direct,
    sql::{Conn, Engine, Json},
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
    /// The person, or the API key, who has it.
    pub assignee_id: Option<String>,
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

/// Which conversations are listed.
#[derive(Clone, Debug)]
pub struct ConversationFilter {
    pub reach: Reach,
    pub point: Option<ServicePointId>,
    pub status: Option<Answering>,
    pub state: Option<Progress>,
    pub held_by: Option<Holder>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    Nobody,
    /// A person or an API key, by its id.
    Somebody(String),
}

impl ConversationFilter {
    pub const ALL: Self = Self { reach: Reach::All, point: None, status: None, state: None, held_by: None };
}

macro_rules! columns {
    () => {
        "c.id, c.service_point_id, c.channel_id, c.customer_id, c.peer_kind, c.peer, c.status, c.state, c.bot_enabled, c.assignee_id, c.epoch, c.labels, \
         c.unread, c.created_at, c.last_inbound_at, c.last_message_at"
    };
}

const CONTEXT: &str = concat!(
    "SELECT ",
    columns!(),
    ", u.name AS customer_name, u.phone AS customer_phone, u.locale AS customer_locale, u.attributes, s.states, s.offered, b.config_version, \
     (SELECT MIN(t.seq) FROM turns t WHERE t.conversation_id = c.id AND t.state = 'pending') AS first_pending \
     FROM conversations c JOIN customers u ON u.id = c.customer_id JOIN business b ON b.id = 'business' \
     LEFT JOIN customer_sessions s ON s.conversation_id = c.id WHERE c.id = $1"
);

/// What `context` reads, on the thread that asks: column after column, in the order of the text above.
pub(crate) fn peek_context(conn: &mut Direct, id: &ConversationId) -> Result<Option<TurnContext>> {
    conn.one_as(CONTEXT, &[&id.as_str()], |row| {
        Ok(TurnContext {
            conversation: Conversation {
                id: row.parsed()?,
                service_point_id: row.parsed()?,
                channel_id: row.parsed()?,
                customer_id: row.parsed()?,
                peer_kind: row.parsed()?,
                peer: row.next()?,
                status: row.parsed()?,
                state: row.parsed()?,
                bot_enabled: row.next()?,
                assignee_id: row.next()?,
                epoch: row.next()?,
                labels: row.next()?,
                unread: row.next()?,
                created_at: Time(row.next()?),
                last_inbound_at: row.next()?,
                last_message_at: row.next()?,
            },
            customer_name: row.next()?,
            customer_phone: row.next()?,
            customer_locale: row.next()?,
            attributes: row.next()?,
            states: row.next()?,
            offered: row.next()?,
            config_version: row.next()?,
            first_pending: row.next()?,
        })
    })
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

    /// Newest first, from before `before`: the time of the last message and the id of the last row seen.
    pub async fn list(&mut self, filter: &ConversationFilter, before: Option<(Time, &ConversationId)>, limit: i64) -> Result<Vec<ListedConversation>> {
        const LIST: &str = concat!(
            "SELECT ",
            columns!(),
            ", u.name AS customer_name, u.phone AS customer_phone FROM conversations c JOIN customers u ON u.id = c.customer_id \
             WHERE ($1 = '*' OR $1 LIKE '%' || c.service_point_id || '%') AND ($2 = '' OR c.service_point_id = $2) AND ($3 = '' OR c.status = $3) \
             AND ($4 = '' OR c.state = $4) AND ($5 = '' OR ($5 = '-' AND c.assignee_id IS NULL) OR c.assignee_id = $5) \
             AND c.last_hour <= $6 AND (c.last_message_at < $7 OR (c.last_message_at = $7 AND c.id < $8)) \
             ORDER BY c.last_hour DESC, c.last_message_at DESC, c.id DESC LIMIT $9"
        );
        let (time, id) = before.map_or((i64::MAX, ""), |(time, id)| (time.0, id.as_str()));
        all!(
            self.0,
            ListedConversation,
            LIST,
            filter.reach.to_string(),
            filter.point.as_ref().map_or("", ServicePointId::as_str),
            filter.status.map_or("", Answering::as_str),
            filter.state.map_or("", Progress::as_str),
            match &filter.held_by {
                None => "",
                Some(Holder::Nobody) => "-",
                Some(Holder::Somebody(id)) => id.as_str(),
            },
            hour(Time(time)),
            time,
            id,
            limit
        )
    }

    /// Those of a service point.
    pub async fn list_of(&mut self, point: &ServicePointId, before: Option<(Time, &ConversationId)>, limit: i64) -> Result<Vec<ListedConversation>> {
        let filter = ConversationFilter { point: Some(*point), ..ConversationFilter::ALL };
        self.list(&filter, before, limit).await
    }

    /// By a customer's number without its plus, wherever within reach they wrote last; not where the channel was taken away.
    pub async fn by_number(&mut self, number: &str, reach: &Reach) -> Result<Option<Conversation>> {
        const FIND: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM customer_aliases a JOIN conversations c ON c.customer_id = a.customer_id \
             WHERE NOT EXISTS (SELECT 1 FROM channels l WHERE l.id = c.channel_id AND l.removed_at IS NOT NULL) \
             AND a.kind = 'wa_id' AND a.scope = '' AND a.value = $1 AND ($2 = '*' OR $2 LIKE '%' || c.service_point_id || '%') \
             ORDER BY c.last_inbound_at DESC, c.id DESC LIMIT 1"
        );
        one!(self.0, Conversation, FIND, number, reach.to_string())
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

    /// Gives the conversation to somebody, or to nobody in particular. Where the bot had it, it falls silent as in a take-over; false when
    /// nothing changed.
    pub async fn assign(&mut self, id: &ConversationId, to: Option<&str>, actor: &str, event: EventId, now: Time) -> Result<bool> {
        const GIVE: &str = "UPDATE conversations SET assignee_id = $1 WHERE id = $2 AND status = 'HUMAN' AND (assignee_id IS NULL OR assignee_id <> $1)";
        const LEAVE: &str = "UPDATE conversations SET assignee_id = NULL WHERE id = $1 AND assignee_id IS NOT NULL";
        let Some(to) = to else {
            let left = run!(self, LEAVE, id.as_str())? > 0;
            if left {
                note(self, event, id, "unassigned", actor, &json!({}), now).await?;
                self.after_commit(Notice::Conversation(*id));
            }
            return Ok(left);
        };
        let silenced = silence(self, id).await?;
        let given = run!(self, GIVE, to, id.as_str())? > 0;
        if silenced || given {
            cancel_unsent(self, id).await?;
            note(self, event, id, if silenced { "taken_over" } else { "assigned" }, actor, &json!({ "reason": "assigned", "to": to }), now).await?;
            self.after_commit(Notice::Conversation(*id));
        }
        Ok(silenced || given)
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
pub(crate) async fn take_over(conn: &mut impl Engine, id: &ConversationId, actor: &str, reason: &str, event: EventId, now: Time) -> Result<bool> {
    if !silence(conn, id).await? {
        return Ok(false);
    }
    cancel_unsent(conn, id).await?;
    note(conn, event, id, "taken_over", actor, &json!({ "reason": reason }), now).await?;
    Ok(true)
}

/// Ends the bot's part in a conversation; false when it had none.
async fn silence(conn: &mut impl Engine, id: &ConversationId) -> Result<bool> {
    const TAKE: &str = "UPDATE conversations SET status = 'HUMAN', epoch = epoch + 1, state = 'open' WHERE id = $1 AND status = 'BOT'";
    Ok(run!(conn, TAKE, id.as_str())? > 0)
}

/// What the bot said and nobody has sent yet is not said.
async fn cancel_unsent(conn: &mut impl Engine, id: &ConversationId) -> Result<()> {
    const MESSAGES: &str = "UPDATE messages SET state = 'cancelled' WHERE id IN \
                            (SELECT message_id FROM outbox WHERE conversation_id = $1 AND sender = 'BOT' AND state = 'pending')";
    run!(conn, MESSAGES, id.as_str())?;
    run!(conn, "UPDATE outbox SET state = 'cancelled' WHERE conversation_id = $1 AND sender = 'BOT' AND state = 'pending'", id.as_str())?;
    Ok(())
}

/// Takes the next number of what is said in a conversation.
pub(crate) async fn next_seq(conn: &mut impl Engine, id: &ConversationId, now: Time) -> Result<i64> {
    const NEXT: &str = "UPDATE conversations SET seq = seq + 1, last_message_at = $1 WHERE id = $2 RETURNING seq, last_hour";
    let row = tuple!(conn, (i64, i64), NEXT, now.0, id.as_str())?;
    let (seq, last_hour) = row.ok_or_else(|| Error::Conflict(format!("conversation {id} is gone")))?;
    if last_hour != hour(now) {
        move_to_hour(conn, id, now).await?;
    }
    Ok(seq)
}

/// The hour of a moment: lists of conversations are sorted by it first, and it alone is indexed, so that not each message moves entries of an index.
pub(crate) const fn hour(at: Time) -> i64 {
    at.0.div_euclid(3_600_000)
}

/// Notes the hour in which something was said in a conversation last.
pub(crate) async fn move_to_hour(conn: &mut impl Engine, id: &ConversationId, now: Time) -> Result<()> {
    run!(conn, "UPDATE conversations SET last_hour = $1 WHERE id = $2", hour(now), id.as_str()).map(|_| ())
}

/// Adds to a conversation's timeline.
pub(crate) async fn note(conn: &mut impl Engine, event: EventId, id: &ConversationId, kind: &str, actor: &str, data: &Value, now: Time) -> Result<()> {
    const ADD: &str = "INSERT INTO conversation_events (id, conversation_id, seq, kind, actor, data, created_at) \
                       SELECT $1, id, seq, $2, $3, $4, $5 FROM conversations WHERE id = $6";
    run!(conn, ADD, event.as_str(), kind, actor, Json(data), now.0, id.as_str()).map(|_| ())
}
