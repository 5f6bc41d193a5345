//! Messages: what was said, by whom, and how far it came.

use relevo_model::*;
use serde_json::Value;

use crate::{
    Notice, Result, Waiting, Write, conversations, hot,
    sql::{Conn, Json},
};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Message {
    #[sqlx(try_from = "String")]
    pub id: MessageId,
    pub seq: i64,
    #[sqlx(try_from = "String")]
    pub direction: Direction,
    #[sqlx(try_from = "String")]
    pub sender: Sender,
    pub content: Json<Content>,
    pub provider_id: Option<String>,
    pub quotes: Option<String>,
    #[sqlx(try_from = "String")]
    pub state: Delivery,
    pub problem: Option<Json<Problem>>,
    pub evidence: Option<Json<Value>>,
    pub turn_id: Option<String>,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

pub struct Messages<'a>(&'a mut Conn);

impl Conn {
    pub fn messages(&mut self) -> Messages<'_> {
        Messages(self)
    }
}

macro_rules! columns {
    () => {
        "id, seq, direction, sender, content, provider_id, quotes, state, problem, evidence, turn_id, created_at"
    };
}

impl Messages<'_> {
    /// Newest first; `before` is the number of the last one seen.
    pub async fn list_of(&mut self, conversation: &ConversationId, before: Option<i64>, limit: i64) -> Result<Vec<Message>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM messages WHERE conversation_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3");
        all!(self.0, Message, LIST, conversation.as_str(), before.unwrap_or(i64::MAX), limit)
    }

    pub async fn find(&mut self, id: &MessageId) -> Result<Option<Message>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM messages WHERE id = $1");
        one!(self.0, Message, FIND, id.as_str())
    }

    /// By the id that the provider gave it, among what was said in a conversation.
    pub async fn by_provider_id(&mut self, conversation: &ConversationId, provider_id: &str) -> Result<Option<Message>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM messages WHERE conversation_id = $1 AND provider_id = $2");
        one!(self.0, Message, FIND, conversation.as_str(), provider_id)
    }
}

/// What a person says in a conversation.
pub struct AgentMessage {
    pub id: MessageId,
    pub conversation: ConversationId,
    pub author: String,
    pub content: Content,
    pub quotes: Option<String>,
    pub now: Time,
}

impl Write {
    /// A person writes: the bot falls silent, and the message waits to be sent.
    pub async fn say_as_agent(&mut self, mut message: AgentMessage, event: EventId) -> Result<bool> {
        hot::storable::agents(&mut message);
        const ADD: &str = "INSERT INTO messages (id, conversation_id, seq, direction, sender, author_id, content, quotes, state, created_at) \
                           VALUES ($1, $2, $3, 'OUT', 'AGENT', $4, $5, $6, 'queued', $7)";
        let Some(conversation) = self.conversations().find(&message.conversation).await? else { return Ok(false) };
        self.take_over(&message.conversation, &message.author, "wrote", event, message.now).await?;
        let seq = conversations::next_seq(self, &message.conversation, message.now).await?;
        run!(
            self,
            ADD,
            message.id.as_str(),
            message.conversation.as_str(),
            seq,
            &message.author,
            Json(&message.content),
            message.quotes.as_deref(),
            message.now.0
        )?;
        let waiting = Waiting {
            message: message.id,
            conversation: message.conversation,
            channel: conversation.channel_id,
            turn: None,
            seq,
            sender: Sender::Agent,
            epoch: conversation.epoch,
            state: OutboxState::Pending,
            attempts: 0,
            not_before: message.now,
            first_tried_at: None,
            created_at: message.now,
            peer: Alias { kind: conversation.peer_kind, scope: String::new(), value: conversation.peer },
            content: message.content,
            quotes: message.quotes,
        };
        hot::enqueue(self, std::slice::from_ref(&waiting)).await?;
        self.after_commit(Notice::Outbox(Box::new(waiting)));
        self.after_commit(Notice::Conversation(message.conversation));
        Ok(true)
    }
}
