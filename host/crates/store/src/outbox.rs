//! The outbox: what waits to be sent, in the order of its conversation.

use relevo_model::*;

use crate::{
    Notice, Result, Write,
    sql::{Conn, Json},
};

/// A message on its way out.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub message: MessageId,
    pub conversation: ConversationId,
    pub channel: ChannelId,
    pub turn: Option<TurnId>,
    pub seq: i64,
    pub sender: Sender,
    pub epoch: i64,
    pub state: OutboxState,
    pub attempts: i64,
    pub not_before: Time,
    pub first_tried_at: Option<Time>,
    pub created_at: Time,
    pub peer: Alias,
    pub content: Content,
    pub quotes: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(try_from = "String")]
    message_id: MessageId,
    #[sqlx(try_from = "String")]
    conversation_id: ConversationId,
    #[sqlx(try_from = "String")]
    channel_id: ChannelId,
    turn_id: Option<String>,
    seq: i64,
    #[sqlx(try_from = "String")]
    sender: Sender,
    epoch: i64,
    #[sqlx(try_from = "String")]
    state: OutboxState,
    attempts: i64,
    not_before: i64,
    first_tried_at: Option<i64>,
    created_at: i64,
    #[sqlx(try_from = "String")]
    peer_kind: AliasKind,
    peer: String,
    content: Json<Content>,
    quotes: Option<String>,
}

impl From<Row> for Waiting {
    fn from(row: Row) -> Self {
        Self {
            message: row.message_id,
            conversation: row.conversation_id,
            channel: row.channel_id,
            turn: row.turn_id.and_then(|id| id.parse().ok()),
            seq: row.seq,
            sender: row.sender,
            epoch: row.epoch,
            state: row.state,
            attempts: row.attempts,
            not_before: Time(row.not_before),
            first_tried_at: row.first_tried_at.map(Time),
            created_at: Time(row.created_at),
            peer: Alias { kind: row.peer_kind, scope: String::new(), value: row.peer },
            content: row.content.0,
            quotes: row.quotes,
        }
    }
}

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT o.message_id, o.conversation_id, o.channel_id, o.turn_id, o.seq, o.sender, o.epoch, o.state, o.attempts, o.not_before, o.first_tried_at, \
             o.created_at, c.peer_kind, c.peer, m.content, m.quotes FROM outbox o JOIN conversations c ON c.id = o.conversation_id \
             JOIN messages m ON m.id = o.message_id WHERE ",
            $where
        )
    };
}

pub struct Outbox<'a>(&'a mut Conn);

impl Conn {
    pub fn outbox(&mut self) -> Outbox<'_> {
        Outbox(self)
    }
}

impl Outbox<'_> {
    /// All that was not settled yet, in the order of sending; `after` is the last row seen.
    pub async fn waiting(&mut self, after: Option<(&ConversationId, i64)>, limit: i64) -> Result<Vec<Waiting>> {
        const LIST: &str = select!(
            "o.state IN ('pending', 'sending', 'uncertain') AND (o.conversation_id > $1 OR (o.conversation_id = $1 AND o.seq > $2)) \
             ORDER BY o.conversation_id, o.seq LIMIT $3"
        );
        let (conversation, seq) = after.map_or(("", 0), |(id, seq)| (id.as_str(), seq));
        Ok(all!(self.0, Row, LIST, conversation, seq, limit)?.into_iter().map(Waiting::from).collect())
    }

    pub async fn find(&mut self, message: &MessageId) -> Result<Option<Waiting>> {
        const FIND: &str = select!("o.message_id = $1");
        Ok(one!(self.0, Row, FIND, message.as_str())?.map(Waiting::from))
    }

    /// Where a message stands, without its content.
    pub async fn state(&mut self, message: &MessageId) -> Result<Option<OutboxState>> {
        let row = one!(self.0, (String,), "SELECT state FROM outbox WHERE message_id = $1", message.as_str())?;
        Ok(row.and_then(|(state,)| state.parse().ok()))
    }
}

impl Write {
    /// Sends a failed, cancelled or uncertain message again, because a person or the business's setting said so. It is the message's own state
    /// that counts: the provider may have accepted it and told later that it failed, or that it arrived after all.
    pub async fn resend(&mut self, message: &MessageId, now: Time) -> Result<bool> {
        // Whoever asks for it again answers for it: it no longer depends on the epoch that it was said in.
        const AGAIN: &str = "UPDATE outbox SET state = 'pending', attempts = 0, not_before = $1, first_tried_at = NULL, \
                             epoch = (SELECT epoch FROM conversations c WHERE c.id = outbox.conversation_id) \
                             WHERE message_id = $2 AND state NOT IN ('pending', 'sending') AND EXISTS \
                             (SELECT 1 FROM messages m WHERE m.id = outbox.message_id AND m.state IN ('failed', 'cancelled', 'uncertain'))";
        if run!(self, AGAIN, now.0, message.as_str())? == 0 {
            return Ok(false);
        }
        run!(self, "UPDATE messages SET state = 'queued', problem = NULL WHERE id = $1", message.as_str())?;
        if let Some(waiting) = self.outbox().find(message).await? {
            self.after_commit(Notice::Conversation(waiting.conversation));
            self.after_commit(Notice::Outbox(Box::new(waiting)));
        }
        Ok(true)
    }

    /// Drops statuses of messages that nobody here came to know; the event log still has them.
    pub async fn forget_early_statuses(&mut self, before: Time) -> Result<u64> {
        run!(self, "DELETE FROM early_statuses WHERE received_at < $1", before.0)
    }

    /// Gives up on a message whose fate nobody knows: a person decides.
    pub async fn leave_uncertain(&mut self, message: &MessageId, conversation: &ConversationId, event: EventId, now: Time) -> Result<()> {
        let given_up = run!(self, "UPDATE outbox SET state = 'failed' WHERE message_id = $1 AND state = 'uncertain'", message.as_str())?;
        if given_up > 0 {
            let data = serde_json::json!({ "message": message });
            crate::conversations::note(self, event, conversation, "uncertain", "system", &data, now).await?;
            self.after_commit(Notice::Conversation(*conversation));
        }
        Ok(())
    }
}
