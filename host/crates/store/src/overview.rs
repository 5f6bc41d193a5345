//! What a business's start page tells: who waits for a person, and what went on at each service point.

use relevo_model::*;

use crate::{Result, sql::Conn};

/// Whether nobody but a person answers in a conversation that the bot has: it is switched off, here or for all.
macro_rules! bot_off {
    () => {
        "(NOT b.bot_enabled OR NOT p.bot_enabled OR NOT c.bot_enabled)"
    };
}

/// Whether a conversation waits for a person: nobody took it after it was handed over, or the bot is off and the customer wrote last.
macro_rules! waits {
    () => {
        concat!("(c.status = 'HUMAN' AND c.assignee_id IS NULL OR c.status = 'BOT' AND ", bot_off!(), " AND c.last_inbound_at >= c.last_message_at)")
    };
}

macro_rules! joined {
    () => {
        " FROM conversations c JOIN channels h ON h.id = c.channel_id JOIN service_points p ON p.id = c.service_point_id JOIN business b ON b.id = 'business' "
    };
}

/// A conversation that nobody has: it was handed over, or its bot is off.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Unattended {
    #[sqlx(try_from = "String")]
    pub conversation_id: ConversationId,
    #[sqlx(try_from = "String")]
    pub service_point_id: ServicePointId,
    #[sqlx(try_from = "String")]
    pub channel_id: ChannelId,
    #[sqlx(try_from = "String")]
    pub peer_kind: AliasKind,
    pub peer: String,
    pub customer_name: Option<String>,
    /// When it was handed over, or the customer wrote.
    pub since: Option<i64>,
}

/// The conversations of a service point in which something was said since a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Activity {
    /// Those that the bot has now.
    pub bot: i64,
    /// Those that a person has now.
    pub person: i64,
    /// Those that wait for a person.
    pub nobody: i64,
    pub last_message_at: Option<i64>,
}

pub struct Overview<'a>(&'a mut Conn);

impl Conn {
    /// The business at a glance. What was said in the simulator counts only where `simulated` says so.
    pub fn overview(&mut self) -> Overview<'_> {
        Overview(self)
    }
}

impl Overview<'_> {
    /// Who waits for a person, the longest first.
    pub async fn waiting(&mut self, simulated: bool, limit: i64) -> Result<Vec<Unattended>> {
        const LIST: &str = concat!(
            "SELECT c.id AS conversation_id, c.service_point_id, c.channel_id, c.peer_kind, c.peer, u.name AS customer_name, \
             CASE WHEN c.status = 'HUMAN' THEN COALESCE((SELECT MAX(e.created_at) FROM conversation_events e WHERE e.conversation_id = c.id \
             AND e.kind = 'handed_over'), c.last_inbound_at) ELSE c.last_inbound_at END AS since",
            joined!(),
            "JOIN customers u ON u.id = c.customer_id WHERE c.state = 'open' AND (h.kind <> 'simulator' OR $1) AND ",
            waits!(),
            " ORDER BY since, c.id LIMIT $2"
        );
        all!(self.0, Unattended, LIST, simulated, limit)
    }

    /// What went on at a service point since then.
    pub async fn activity(&mut self, point: &ServicePointId, since: Time, simulated: bool) -> Result<Activity> {
        const COUNT: &str = concat!(
            "SELECT COUNT(CASE WHEN c.status = 'BOT' AND NOT ",
            waits!(),
            " AND c.last_message_at >= $1 THEN 1 END) AS bot, \
             COUNT(CASE WHEN c.status = 'HUMAN' AND c.assignee_id IS NOT NULL AND c.last_message_at >= $1 THEN 1 END) AS person, \
             COUNT(CASE WHEN ",
            waits!(),
            " AND c.last_message_at >= $1 THEN 1 END) AS nobody, MAX(c.last_message_at) AS last_message_at",
            joined!(),
            "WHERE c.service_point_id = $2 AND (h.kind <> 'simulator' OR $3)"
        );
        Ok(one!(self.0, Activity, COUNT, since.0, point.as_str(), simulated)?.unwrap_or_default())
    }
}
