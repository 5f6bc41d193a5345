//! Tickets: what people of the business have to see to, and what became of each.

use relevo_model::*;
use serde_json::{Value, json};

use crate::{
    Error, Result, Write, events,
    hot::{NewTicket, TicketComment, TurnCommit},
    sql::{Conn, Engine, Json},
};

#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Ticket {
    #[sqlx(try_from = "String")]
    pub id: TicketId,
    pub code: String,
    #[sqlx(try_from = "String")]
    pub conversation_id: ConversationId,
    #[sqlx(try_from = "String")]
    pub customer_id: CustomerId,
    #[sqlx(try_from = "String")]
    pub service_point_id: ServicePointId,
    pub plugin_id: String,
    pub title: String,
    pub body: String,
    #[sqlx(try_from = "String")]
    pub priority: TicketPriority,
    #[sqlx(try_from = "String")]
    pub status: TicketStatus,
    pub assignee_id: Option<String>,
    pub is_test: bool,
    pub version: i64,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    #[sqlx(try_from = "i64")]
    pub updated_at: Time,
}

/// Something that became of a ticket.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct TicketEvent {
    #[sqlx(try_from = "String")]
    pub id: EventId,
    /// `opened`, `comment`, `status` or `assigned`.
    pub kind: String,
    pub actor: String,
    pub payload: Json<Value>,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

/// Which tickets are listed.
#[derive(Clone, Debug)]
pub struct TicketFilter {
    pub reach: Reach,
    pub point: Option<ServicePointId>,
    pub status: Option<TicketStatus>,
}

impl TicketFilter {
    pub const ALL: Self = Self { reach: Reach::All, point: None, status: None };
}

/// A person changes a ticket.
#[derive(Clone, Debug)]
pub struct TicketStep {
    pub ticket: TicketId,
    pub status: TicketStatus,
    pub assignee: Option<String>,
    /// The version that whoever asks has seen.
    pub seen: i64,
    pub actor: String,
    pub now: Time,
}

pub struct Tickets<'a>(&'a mut Conn);

impl Conn {
    pub fn tickets(&mut self) -> Tickets<'_> {
        Tickets(self)
    }
}

macro_rules! select {
    () => {
        "SELECT id, code, conversation_id, customer_id, service_point_id, plugin_id, title, body, priority, status, assignee_id, is_test, version, \
         created_at, updated_at FROM tickets "
    };
}

impl Tickets<'_> {
    pub async fn find(&mut self, id: &TicketId) -> Result<Option<Ticket>> {
        const FIND: &str = concat!(select!(), "WHERE id = $1");
        one!(self.0, Ticket, FIND, id.as_str())
    }

    pub async fn find_of(&mut self, customer: &CustomerId, id: &str) -> Result<Option<Ticket>> {
        const FIND: &str = concat!(select!(), "WHERE id = $1 AND customer_id = $2");
        one!(self.0, Ticket, FIND, id, customer.as_str())
    }

    /// A customer's, newest first.
    pub async fn list_of(&mut self, customer: &CustomerId, limit: i64) -> Result<Vec<Ticket>> {
        const LIST: &str = concat!(select!(), "WHERE customer_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2");
        all!(self.0, Ticket, LIST, customer.as_str(), limit)
    }

    /// Newest first, from before `before`: the time and the id of the last row seen.
    pub async fn list(&mut self, filter: &TicketFilter, before: Option<(Time, &TicketId)>, limit: i64) -> Result<Vec<Ticket>> {
        const LIST: &str = concat!(
            select!(),
            "WHERE ($1 = '*' OR $1 LIKE '%' || service_point_id || '%') AND ($2 = '' OR service_point_id = $2) AND ($3 = '' OR status = $3) \
             AND (created_at < $4 OR (created_at = $4 AND id < $5)) ORDER BY created_at DESC, id DESC LIMIT $6"
        );
        let (time, id) = before.map_or((i64::MAX, ""), |(time, id)| (time.0, id.as_str()));
        let point = filter.point.as_ref().map_or("", ServicePointId::as_str);
        let status = filter.status.map_or("", TicketStatus::as_str);
        all!(self.0, Ticket, LIST, filter.reach.to_string(), point, status, time, id, limit)
    }

    /// What became of it, oldest first.
    pub async fn events(&mut self, ticket: &TicketId) -> Result<Vec<TicketEvent>> {
        const LIST: &str = "SELECT id, kind, actor, payload, created_at FROM ticket_events WHERE ticket_id = $1 ORDER BY created_at, id LIMIT 1000";
        all!(self.0, TicketEvent, LIST, ticket.as_str())
    }
}

impl Write {
    /// Changes the state or the assignee of a ticket, which its events and the event log keep; false where somebody changed it since it was
    /// seen. `own_id` is asked for the id of each event.
    pub async fn step_ticket(&mut self, step: &TicketStep, mut own_id: impl FnMut() -> EventId) -> Result<bool> {
        const SAVE: &str = "UPDATE tickets SET status = $1, assignee_id = $2, version = version + 1, updated_at = $3 WHERE id = $4 AND version = $5";
        let TicketStep { ticket, status, assignee, seen, actor, now } = step;
        let Some(before) = self.tickets().find(ticket).await? else { return Ok(false) };
        if run!(self, SAVE, status.as_str(), assignee.as_deref(), now.0, ticket.as_str(), *seen)? == 0 {
            return Ok(false);
        }
        if before.status != *status {
            let told = json!({ "from": before.status, "to": status });
            keep(self, own_id(), ticket, "status", actor, &told, *now).await?;
            let told = json!({ "ticket": ticket, "status": status, "actor": actor });
            events::add(self, own_id(), "ticket.status", &format!("{ticket}:{}", seen + 1), &told, *now).await?;
        }
        if before.assignee_id != *assignee {
            keep(self, own_id(), ticket, "assigned", actor, &json!({ "to": assignee }), *now).await?;
        }
        Ok(true)
    }
}

async fn keep(conn: &mut impl Engine, id: EventId, ticket: &TicketId, kind: &str, actor: &str, payload: &Value, now: Time) -> Result<()> {
    const KEEP: &str = "INSERT INTO ticket_events (id, ticket_id, kind, actor, payload, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    run!(conn, KEEP, id.as_str(), ticket.as_str(), kind, actor, Json(payload), now.0).map(|_| ())
}

/// Opens what a turn asks for.
pub(crate) async fn open(conn: &mut impl Engine, commit: &TurnCommit, ticket: &NewTicket, mut own_id: impl FnMut() -> EventId) -> Result<()> {
    const OPEN: &str = "INSERT INTO tickets (id, code, conversation_id, customer_id, service_point_id, plugin_id, title, body, priority, status, is_test, \
                        created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'NEW', $10, $11, $11)";
    let NewTicket { id, code, plugin, title, body, priority, is_test } = ticket;
    run!(
        conn,
        OPEN,
        id.as_str(),
        code,
        commit.conversation.as_str(),
        commit.customer.as_str(),
        commit.service_point.as_str(),
        plugin,
        title,
        body,
        priority.as_str(),
        *is_test,
        commit.now.0
    )?;
    let actor = format!("plugin:{plugin}");
    keep(conn, own_id(), id, "opened", &actor, &json!({}), commit.now).await?;
    let told = json!({ "ticket": id, "code": code, "conversation": commit.conversation, "customer": commit.customer, "priority": priority, "test": is_test });
    events::add(conn, own_id(), "ticket.opened", id.as_str(), &told, commit.now).await
}

/// Adds what a turn has to say to a ticket of its customer.
pub(crate) async fn comment(conn: &mut impl Engine, commit: &TurnCommit, comment: &TicketComment, event: EventId) -> Result<()> {
    const TOUCH: &str = "UPDATE tickets SET version = version + 1, updated_at = $1 WHERE id = $2 AND customer_id = $3";
    if run!(conn, TOUCH, commit.now.0, comment.ticket.as_str(), commit.customer.as_str())? == 0 {
        return Err(Error::Conflict(format!("ticket {} is not there any more", comment.ticket)));
    }
    keep(conn, event, &comment.ticket, "comment", &format!("plugin:{}", comment.plugin), &json!({ "text": comment.text }), commit.now).await
}
