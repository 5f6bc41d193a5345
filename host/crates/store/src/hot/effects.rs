//! What a turn changes beside its replies; in the turn's own transaction.

use relevo_model::*;
use serde_json::{Value, json};

use super::finish::{TurnCommit, TurnEnd};
use crate::{
    Error, Notice, Result, collections, conversations,
    sql::{Hot, Json},
    tickets,
};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    pub reservations: Vec<Reservation>,
    pub orders: Vec<NewOrder>,
    pub addresses: Vec<NewAddress>,
    pub kv: Vec<KvWrite>,
    /// Documents of plugins' own collections.
    pub records: Vec<RecordWrite>,
    pub tickets: Vec<NewTicket>,
    pub ticket_comments: Vec<TicketComment>,
    pub counts: Vec<Count>,
    pub customer: Option<CustomerChange>,
    pub timers: Vec<NewTimer>,
    /// Names of timers, with the plugin that they are of.
    pub cancelled_timers: Vec<(String, String)>,
    pub labels: Option<Vec<String>>,
    pub notes: Vec<String>,
    pub assign: Option<String>,
    pub hand_over: Option<HandOver>,
    /// The conversation is resolved, with this reason.
    pub resolved: Option<Option<String>>,
}

/// Takes from a product's stock, or gives back.
#[derive(Clone, Debug, PartialEq)]
pub struct Reservation {
    pub product: ProductId,
    pub quantity: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewOrder {
    pub id: OrderId,
    pub code: String,
    pub lines: Vec<OrderLine>,
    pub total_minor: i64,
    pub currency: String,
    pub address: Value,
    pub is_test: bool,
    pub actor: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OrderLine {
    pub product: ProductId,
    pub title: String,
    pub quantity: i64,
    pub price_minor: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewAddress {
    pub id: AddressId,
    pub text: String,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct KvWrite {
    pub plugin: String,
    pub scope: String,
    pub scope_id: String,
    pub key: String,
    /// None deletes.
    pub value: Option<String>,
    /// Stands only on this version; 0 only if absent.
    pub expect: Option<i64>,
    pub expires_at: Option<Time>,
}

/// A document of a plugin's own collection.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordWrite {
    pub plugin: String,
    pub collection: String,
    pub id: String,
    /// None removes it.
    pub value: Option<Value>,
    /// Stands only on this version; 0 is a new one.
    pub expect: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewTicket {
    pub id: TicketId,
    pub code: String,
    pub plugin: String,
    pub title: String,
    pub body: String,
    pub priority: TicketPriority,
    pub is_test: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TicketComment {
    pub ticket: TicketId,
    pub plugin: String,
    pub text: String,
}

/// Adds to a counter of a plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    pub plugin: String,
    pub metric: String,
    pub by: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CustomerChange {
    pub name: Option<String>,
    pub locale: Option<String>,
    pub attributes: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewTimer {
    pub id: TimerId,
    pub plugin: String,
    pub name: String,
    pub due_at: Time,
    pub payload: String,
    pub replace: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HandOver {
    pub reason: String,
    pub team: Option<String>,
    pub summary: Option<String>,
}

impl Effects {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// By how much this commit raises its conversation's epoch.
pub(super) fn epochs(commit: &TurnCommit) -> i64 {
    i64::from(commit.effects.hand_over.is_some() || matches!(commit.end, TurnEnd::Dead { .. })) + i64::from(commit.effects.resolved.is_some())
}

pub(super) async fn apply(conn: &mut Hot, commit: &TurnCommit, notices: &mut Vec<Notice>) -> Result<()> {
    let effects = &commit.effects;
    let mut ordinal = u32::MAX / 2;
    let mut own_id = || {
        ordinal += 1;
        commit.turn.derive::<EventId>(ordinal)
    };
    // A test order takes nothing from the shelf.
    if !effects.orders.iter().any(|order| order.is_test) {
        for reservation in &effects.reservations {
            reserve(conn, reservation).await?;
        }
    }
    for order in &effects.orders {
        fault::point("inside_order");
        add_order(conn, commit, order, own_id()).await?;
    }
    for address in &effects.addresses {
        const ADD: &str = "INSERT INTO customer_addresses (id, customer_id, text, latitude, longitude, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
        run!(conn, ADD, address.id.as_str(), commit.customer.as_str(), &address.text, address.latitude, address.longitude, commit.now.0)?;
    }
    for write in &effects.kv {
        write_kv(conn, write, commit.now).await?;
    }
    for write in &effects.records {
        collections::write(conn, write, commit.now).await?;
    }
    for ticket in &effects.tickets {
        tickets::open(conn, commit, ticket, &mut own_id).await?;
    }
    for comment in &effects.ticket_comments {
        tickets::comment(conn, commit, comment, own_id()).await?;
    }
    for count in &effects.counts {
        collections::count(conn, &count.plugin, &count.metric, count.by, commit.now).await?;
    }
    if let Some(change) = &effects.customer {
        const SAVE: &str = "UPDATE customers SET name = COALESCE($1, name), locale = COALESCE($2, locale), attributes = $3 WHERE id = $4";
        run!(conn, SAVE, change.name.as_deref(), change.locale.as_deref(), Json(&change.attributes), commit.customer.as_str())?;
    }
    timers(conn, commit, notices).await?;
    conversation(conn, commit, own_id).await
}

async fn reserve(conn: &mut Hot, reservation: &Reservation) -> Result<()> {
    const TAKE: &str = "UPDATE products SET stock = stock - $1, version = version + 1 WHERE id = $2 AND (stock IS NULL OR stock >= $3)";
    if run!(conn, TAKE, reservation.quantity, reservation.product.as_str(), reservation.quantity)? == 0 {
        return Err(Error::Conflict(format!("product {} has not enough stock", reservation.product)));
    }
    Ok(())
}

async fn add_order(conn: &mut Hot, commit: &TurnCommit, order: &NewOrder, event: EventId) -> Result<()> {
    const ORDER: &str = "INSERT INTO orders (id, code, service_point_id, conversation_id, customer_id, turn_id, status, total_minor, currency, address, is_test, \
                         created_at) VALUES ($1, $2, $3, $4, $5, $6, 'NEW', $7, $8, $9, $10, $11)";
    const LINE: &str = "INSERT INTO order_lines (order_id, position, product_id, title, quantity, price_minor) VALUES ($1, $2, $3, $4, $5, $6)";
    const HISTORY: &str = "INSERT INTO order_history (id, order_id, status, actor, created_at) VALUES ($1, $2, 'NEW', $3, $4)";
    const POPULARITY: &str = "UPDATE products SET popularity = popularity + $1 WHERE id = $2";
    run!(
        conn,
        ORDER,
        order.id.as_str(),
        &order.code,
        commit.service_point.as_str(),
        commit.conversation.as_str(),
        commit.customer.as_str(),
        commit.turn.as_str(),
        order.total_minor,
        &order.currency,
        Json(&order.address),
        order.is_test,
        commit.now.0
    )?;
    for (position, line) in (1_i64..).zip(&order.lines) {
        run!(conn, LINE, order.id.as_str(), position, line.product.as_str(), &line.title, line.quantity, line.price_minor)?;
        if !order.is_test {
            run!(conn, POPULARITY, line.quantity, line.product.as_str())?;
        }
    }
    run!(conn, HISTORY, event.as_str(), order.id.as_str(), &order.actor, commit.now.0)?;
    let told = json!({ "order": order.id, "code": order.code, "total_minor": order.total_minor, "currency": order.currency, "test": order.is_test });
    crate::events::add(conn, event, "order.created", order.id.as_str(), &told, commit.now).await
}

async fn write_kv(conn: &mut Hot, write: &KvWrite, now: Time) -> Result<()> {
    const EXPIRE: &str = "DELETE FROM kv WHERE plugin_id = $1 AND scope = $2 AND scope_id = $3 AND key = $4 AND expires_at <= $5";
    const REMOVE: &str = "DELETE FROM kv WHERE plugin_id = $1 AND scope = $2 AND scope_id = $3 AND key = $4";
    const REMOVE_READ: &str = "DELETE FROM kv WHERE plugin_id = $1 AND scope = $2 AND scope_id = $3 AND key = $4 AND version = $5";
    const FIND: &str = "SELECT version FROM kv WHERE plugin_id = $1 AND scope = $2 AND scope_id = $3 AND key = $4";
    const PUT: &str = "INSERT INTO kv (plugin_id, scope, scope_id, key, value, version, expires_at) VALUES ($1, $2, $3, $4, $5, 1, $6) \
                       ON CONFLICT (plugin_id, scope, scope_id, key) DO UPDATE SET value = excluded.value, version = kv.version + 1, expires_at = excluded.expires_at";
    const ADD: &str = "INSERT INTO kv (plugin_id, scope, scope_id, key, value, version, expires_at) VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT DO NOTHING";
    const SAVE: &str = "UPDATE kv SET value = $5, version = version + 1, expires_at = $6 WHERE plugin_id = $1 AND scope = $2 AND scope_id = $3 AND key = $4 \
                        AND version = $7";
    let (plugin, scope, scope_id, key) = (&write.plugin, &write.scope, &write.scope_id, &write.key);
    let expires = write.expires_at.map(Time::millis);
    run!(conn, EXPIRE, plugin, scope, scope_id, key, now.0)?;
    let touched = match (&write.value, write.expect) {
        (None, None) => return run!(conn, REMOVE, plugin, scope, scope_id, key).map(|_| ()),
        // It was read as absent, and is to stay so.
        (None, Some(0)) => u64::from(tuple!(conn, (i64,), FIND, plugin, scope, scope_id, key)?.is_none()),
        (None, Some(version)) => run!(conn, REMOVE_READ, plugin, scope, scope_id, key, version)?,
        (Some(value), None) => run!(conn, PUT, plugin, scope, scope_id, key, value, expires)?,
        (Some(value), Some(0)) => run!(conn, ADD, plugin, scope, scope_id, key, value, expires)?,
        (Some(value), Some(version)) => run!(conn, SAVE, plugin, scope, scope_id, key, value, expires, version)?,
    };
    if touched == 0 { Err(Error::Conflict(format!("the value {key} changed in between"))) } else { Ok(()) }
}

async fn timers(conn: &mut Hot, commit: &TurnCommit, notices: &mut Vec<Notice>) -> Result<()> {
    const CANCEL: &str = "DELETE FROM timers WHERE conversation_id = $1 AND plugin_id = $2 AND name = $3";
    const KEEP: &str = "INSERT INTO timers (id, conversation_id, plugin_id, name, due_at, payload, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                        ON CONFLICT (conversation_id, plugin_id, name) DO NOTHING";
    for (plugin, name) in &commit.effects.cancelled_timers {
        run!(conn, CANCEL, commit.conversation.as_str(), plugin, name)?;
    }
    for timer in &commit.effects.timers {
        if timer.replace {
            run!(conn, CANCEL, commit.conversation.as_str(), &timer.plugin, &timer.name)?;
        }
        run!(conn, KEEP, timer.id.as_str(), commit.conversation.as_str(), &timer.plugin, &timer.name, timer.due_at.0, &timer.payload, commit.now.0)?;
        notices.push(Notice::Timer(timer.due_at));
    }
    Ok(())
}

async fn conversation(conn: &mut Hot, commit: &TurnCommit, mut own_id: impl FnMut() -> EventId) -> Result<()> {
    let (effects, id) = (&commit.effects, &commit.conversation);
    if let Some(labels) = &effects.labels {
        run!(conn, "UPDATE conversations SET labels = $1 WHERE id = $2", Json(labels), id.as_str())?;
    }
    if let Some(agent) = &effects.assign {
        run!(conn, "UPDATE conversations SET assignee_id = $1 WHERE id = $2", agent, id.as_str())?;
    }
    for note in &effects.notes {
        conversations::note(conn, own_id(), id, "note", "bot", &json!({ "text": note }), commit.now).await?;
    }
    if let TurnEnd::Dead { error } = &commit.end {
        let why = json!({ "turn": commit.turn, "error": error });
        conversations::note(conn, own_id(), id, "dead_letter", "bot", &why, commit.now).await?;
    }
    let reason = match (&effects.hand_over, &commit.end) {
        (Some(hand_over), _) => Some(json!({ "reason": hand_over.reason, "team": hand_over.team, "summary": hand_over.summary })),
        (None, TurnEnd::Dead { .. }) => Some(json!({ "reason": "failure" })),
        _ => None,
    };
    if let Some(reason) = reason {
        run!(conn, "UPDATE conversations SET status = 'HUMAN', epoch = epoch + 1, state = 'open' WHERE id = $1", id.as_str())?;
        conversations::note(conn, own_id(), id, "handed_over", "bot", &reason, commit.now).await?;
    }
    if let Some(reason) = &effects.resolved {
        run!(conn, "UPDATE conversations SET state = 'resolved', epoch = epoch + 1, unread = 0 WHERE id = $1", id.as_str())?;
        conversations::note(conn, own_id(), id, "resolved", "bot", &json!({ "reason": reason }), commit.now).await?;
    }
    if epochs(commit) > 0 {
        keep_unsent(conn, id).await?;
    }
    Ok(())
}

/// The bot let go by itself: what it said before is still sent. Under the epoch that is over it would never be, nor be cancelled.
async fn keep_unsent(conn: &mut Hot, id: &ConversationId) -> Result<()> {
    const KEEP: &str = "UPDATE outbox SET epoch = (SELECT c.epoch FROM conversations c WHERE c.id = outbox.conversation_id) \
                        WHERE conversation_id = $1 AND sender = 'BOT' AND state IN ('pending', 'sending', 'uncertain')";
    run!(conn, KEEP, id.as_str()).map(|_| ())
}
