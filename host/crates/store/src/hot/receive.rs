//! Receiving: what came before is recognised, the customer and the conversation are found or made, the message and its turn are stored.

use std::collections::{HashMap, HashSet};

use relevo_model::*;

use super::status;
use crate::{
    Notice, PendingTurn, Result, conversations,
    sql::{self, Hot, Json, Rows},
};

/// One event of a channel on its way in. The ids are made before, so that running this again changes nothing.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub channel: ChannelId,
    pub service_point: ServicePointId,
    /// Whether the bot is on for the business and the service point; the conversation's own switch is looked up.
    pub bot_on: bool,
    /// Milliseconds that the turn waits for more messages of the same burst.
    pub burst_ms: i64,
    pub now: Time,
    pub event: EventId,
    pub message: MessageId,
    pub turn: TurnId,
    pub customer: CustomerId,
    pub conversation: ConversationId,
    pub incoming: Incoming,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Stored now.
    New,
    /// It was here before: nothing was done.
    Known,
}

/// Who an arrival is about.
#[derive(Clone, Copy)]
struct Found {
    conversation: ConversationId,
    /// The customer was made by this arrival.
    first_seen: bool,
}

/// A conversation that takes messages in.
struct Raised {
    /// The number of the last message that has one.
    seq: i64,
    epoch: i64,
    status: Answering,
    bot_enabled: bool,
}

pub(super) async fn apply(conn: &mut Hot, arrivals: &[&Arrival], notices: &mut Vec<Notice>) -> Result<Vec<Received>> {
    if arrivals.is_empty() {
        return Ok(Vec::new());
    }
    let new = log(conn, arrivals).await?;
    let fresh: Vec<&Arrival> = arrivals.iter().copied().filter(|arrival| new.contains(arrival.event.as_str())).collect();

    let found = parties(conn, &fresh).await?;
    store_messages(conn, &fresh, &found, notices).await?;
    echoes(conn, &fresh, &found, notices).await?;
    aliases_changed(conn, &fresh).await?;
    let statuses: Vec<_> = fresh
        .iter()
        .filter_map(|arrival| match &arrival.incoming.what {
            What::Status(status) => Some((status, arrival.now)),
            _ => None,
        })
        .collect();
    status::apply(conn, &statuses, notices).await?;

    Ok(arrivals.iter().map(|arrival| if new.contains(arrival.event.as_str()) { Received::New } else { Received::Known }).collect())
}

/// Writes the event log; the ids of those that were not in it.
async fn log(conn: &mut Hot, arrivals: &[&Arrival]) -> Result<HashSet<String>> {
    const LOG: Rows = Rows {
        head: "INSERT INTO event_log (id, channel_id, dedupe_key, kind, payload, created_at) VALUES ",
        columns: 6,
        tail: " ON CONFLICT DO NOTHING RETURNING id",
    };
    let rows = all_rows!(conn, (String,), LOG, arrivals, |row| [
        row.event.as_str(),
        row.channel.as_str(),
        &row.incoming.dedupe_key,
        kind(&row.incoming.what),
        &row.incoming.raw,
        row.now.0
    ]);
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

fn kind(what: &What) -> &str {
    match what {
        What::Message(_) => "message",
        What::Echo(_) => "echo",
        What::Status(_) => "status",
        What::AliasChanged { .. } => "alias_changed",
        What::Other { kind } => kind,
    }
}

/// Who it is from or to; what names nobody is in the event log only.
fn party(what: &What) -> Option<&Party> {
    match what {
        What::Message(message) => Some(&message.sender),
        What::Echo(echo) => Some(&echo.to),
        _ => None,
    }
    .filter(|party| !party.aliases.is_empty())
}

/// Finds the conversation of each arrival that has one, making customers and conversations that are missing.
async fn parties(conn: &mut Hot, fresh: &[&Arrival]) -> Result<HashMap<EventId, Found>> {
    const FIND: Rows = Rows {
        head: "WITH v (kind, scope, value, channel_id) AS (VALUES ",
        columns: 4,
        tail: ") SELECT a.kind, a.scope, a.value, v.channel_id, a.customer_id, c.id AS conversation_id \
               FROM v JOIN customer_aliases a ON a.kind = v.kind AND a.scope = v.scope AND a.value = v.value \
               LEFT JOIN conversations c ON c.channel_id = v.channel_id AND c.customer_id = a.customer_id",
    };
    let wanted: Vec<(&Alias, &ChannelId)> = fresh
        .iter()
        .flat_map(|arrival| party(&arrival.incoming.what).into_iter().flat_map(|party| party.aliases.iter().map(|alias| (alias, &arrival.channel))))
        .collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let known = all_rows!(conn, (String, String, String, String, String, Option<String>), FIND, wanted, |row| [
        row.0.kind.as_str(),
        &row.0.scope,
        &row.0.value,
        row.1.as_str()
    ]);

    let mut customers: HashMap<(String, String, String), CustomerId> = HashMap::new();
    let mut conversations: HashMap<(String, CustomerId), ConversationId> = HashMap::new();
    for (kind, scope, value, channel, customer, conversation) in known {
        let customer = sql::read(&customer)?;
        if let Some(id) = conversation.as_deref().and_then(|id| id.parse().ok()) {
            conversations.insert((channel, customer), id);
        }
        customers.insert((kind, scope, value), customer);
    }

    let mut found = HashMap::new();
    let (mut new_customers, mut new_aliases, mut new_conversations) = (Vec::new(), Vec::new(), Vec::new());
    for arrival in fresh {
        let Some(party) = party(&arrival.incoming.what) else { continue };
        let keys = party.aliases.iter().map(|alias| (alias.kind.as_str().to_owned(), alias.scope.clone(), alias.value.clone()));
        let known = keys.clone().find_map(|key| customers.get(&key).copied());
        let customer = known.unwrap_or(arrival.customer);
        if known.is_none() {
            new_customers.push((*arrival, party));
        }
        for (key, alias) in keys.zip(&party.aliases) {
            // An alias that is somebody else's stays his: addresses never merge people by themselves.
            if let std::collections::hash_map::Entry::Vacant(free) = customers.entry(key) {
                free.insert(customer);
                new_aliases.push((alias, customer, arrival.now));
            }
        }
        let conversation = *conversations.entry((arrival.channel.as_str().to_owned(), customer)).or_insert_with(|| {
            new_conversations.push((*arrival, customer, &party.aliases[0]));
            arrival.conversation
        });
        found.insert(arrival.event, Found { conversation, first_seen: known.is_none() });
    }
    add_parties(conn, &new_customers, &new_aliases, &new_conversations).await?;
    Ok(found)
}

async fn add_parties(
    conn: &mut Hot,
    customers: &[(&Arrival, &Party)],
    aliases: &[(&Alias, CustomerId, Time)],
    conversations: &[(&Arrival, CustomerId, &Alias)],
) -> Result<()> {
    const CUSTOMERS: Rows = Rows { head: "INSERT INTO customers (id, name, phone, attributes, created_at) VALUES ", columns: 5, tail: "" };
    const ALIASES: Rows = Rows { head: "INSERT INTO customer_aliases (kind, scope, value, customer_id, created_at) VALUES ", columns: 5, tail: "" };
    const CONVERSATIONS: Rows = Rows {
        head: "INSERT INTO conversations (id, service_point_id, channel_id, customer_id, peer_kind, peer, labels, created_at) VALUES ",
        columns: 8,
        tail: "",
    };
    if !customers.is_empty() {
        run_rows!(conn, CUSTOMERS, customers, |row| [row.0.customer.as_str(), row.1.name.as_deref(), row.1.phone(), "{}", row.0.now.0]);
    }
    if !aliases.is_empty() {
        run_rows!(conn, ALIASES, aliases, |row| [row.0.kind.as_str(), &row.0.scope, &row.0.value, row.1.as_str(), row.2.0]);
    }
    if !conversations.is_empty() {
        run_rows!(conn, CONVERSATIONS, conversations, |row| [
            row.0.conversation.as_str(),
            row.0.service_point.as_str(),
            row.0.channel.as_str(),
            row.1.as_str(),
            row.2.kind.as_str(),
            &row.2.value,
            "[]",
            row.0.now.0
        ]);
    }
    Ok(())
}

async fn store_messages(conn: &mut Hot, fresh: &[&Arrival], found: &HashMap<EventId, Found>, notices: &mut Vec<Notice>) -> Result<()> {
    const RAISE: Rows = Rows {
        head: "WITH v (id, n, unread, now, peer_kind, peer) AS (VALUES ",
        columns: 6,
        tail: ") UPDATE conversations SET seq = seq + v.n, unread = conversations.unread + v.unread, last_inbound_at = v.now, last_message_at = v.now, \
               peer_kind = v.peer_kind, peer = v.peer, state = CASE WHEN v.unread > 0 THEN 'open' ELSE state END \
               FROM v WHERE conversations.id = v.id RETURNING conversations.id, seq, epoch, status, bot_enabled, last_hour",
    };
    const MESSAGES: Rows = Rows {
        head: "INSERT INTO messages (id, conversation_id, seq, direction, sender, content, provider_id, quotes, state, turn_id, created_at) VALUES ",
        columns: 11,
        tail: "",
    };
    const TURNS: Rows = Rows { head: "INSERT INTO turns (id, conversation_id, seq, epoch, event, not_before, created_at) VALUES ", columns: 7, tail: "" };

    let messages: Vec<(&Arrival, &InMessage, Found)> = fresh
        .iter()
        .filter_map(|arrival| match &arrival.incoming.what {
            What::Message(message) => Some((*arrival, message, *found.get(&arrival.event)?)),
            _ => None,
        })
        .collect();
    if messages.is_empty() {
        return Ok(());
    }
    let mut raises: Vec<(ConversationId, i64, i64, Time, &Alias)> = Vec::new();
    for (arrival, message, found) in &messages {
        let asks = i64::from(message.content.asks_for_an_answer());
        match raises.iter_mut().find(|raise| raise.0 == found.conversation) {
            Some(raise) => *raise = (raise.0, raise.1 + 1, raise.2 + asks, arrival.now, &message.sender.aliases[0]),
            None => raises.push((found.conversation, 1, asks, arrival.now, &message.sender.aliases[0])),
        }
    }
    // One order of locking for all writers of one Postgres.
    raises.sort_by_key(|raise| raise.0);
    let raised =
        all_rows!(conn, (String, i64, i64, String, bool, i64), RAISE, raises, |row| [row.0.as_str(), row.1, row.2, row.3.0, row.4.kind.as_str(), &row.4.value]);
    let mut next: HashMap<ConversationId, Raised> = HashMap::new();
    for (id, seq, epoch, status, bot_enabled, last_hour) in raised {
        let id = sql::read(&id)?;
        let Some(&(_, mine, _, now, _)) = raises.iter().find(|raise| raise.0 == id) else { continue };
        if last_hour != conversations::hour(now) {
            conversations::move_to_hour(conn, &id, now).await?;
        }
        next.insert(id, Raised { seq: seq - mine, epoch, status: sql::read(&status)?, bot_enabled });
    }

    let (mut rows, mut turns) = (Vec::new(), Vec::new());
    for (arrival, message, found) in messages {
        let row = next.get_mut(&found.conversation).expect("every conversation of the group was raised");
        row.seq += 1;
        let answered = arrival.bot_on && row.bot_enabled && row.status == Answering::Bot && message.content.asks_for_an_answer();
        rows.push((arrival, message, found.conversation, row.seq, answered.then_some(arrival.turn)));
        notices.push(Notice::Conversation(found.conversation));
        if answered {
            turns.push(PendingTurn {
                id: arrival.turn,
                conversation: found.conversation,
                seq: row.seq,
                epoch: row.epoch,
                event: TurnEvent::Messages {
                    items: vec![TurnMessage {
                        id: arrival.message,
                        at: arrival.incoming.at,
                        content: message.content.clone(),
                        quotes: message.quotes.clone(),
                        referral: message.referral.clone(),
                    }],
                    first_seen: found.first_seen,
                },
                attempts: 0,
                not_before: Time(arrival.now.0 + arrival.burst_ms),
                created_at: arrival.now,
            });
        }
    }
    run_rows!(conn, MESSAGES, rows, |row| [
        row.0.message.as_str(),
        row.2.as_str(),
        row.3,
        Direction::In.as_str(),
        Sender::Customer.as_str(),
        Json(&row.1.content),
        &row.1.provider_id,
        row.1.quotes.as_deref(),
        Delivery::Received.as_str(),
        row.4.as_ref().map(TurnId::as_str),
        row.0.now.0
    ]);
    if !turns.is_empty() {
        run_rows!(conn, TURNS, turns, |turn| [
            turn.id.as_str(),
            turn.conversation.as_str(),
            turn.seq,
            turn.epoch,
            Json(&turn.event),
            turn.not_before.0,
            turn.created_at.0
        ]);
    }
    notices.extend(turns.into_iter().map(|turn| Notice::Turn(Box::new(turn))));
    Ok(())
}

/// What the business wrote on its own phone: shown, and a person has the conversation.
async fn echoes(conn: &mut Hot, fresh: &[&Arrival], found: &HashMap<EventId, Found>, notices: &mut Vec<Notice>) -> Result<()> {
    const OURS: &str = "SELECT id FROM messages WHERE provider_id = $1 AND direction = 'OUT'";
    const ADD: &str = "INSERT INTO messages (id, conversation_id, seq, direction, sender, content, provider_id, state, created_at) \
                       VALUES ($1, $2, $3, 'OUT', 'AGENT', $4, $5, 'sent', $6)";
    for arrival in fresh {
        let What::Echo(echo) = &arrival.incoming.what else { continue };
        if tuple!(conn, (String,), OURS, &echo.provider_id)?.is_some() {
            // Our own message, told back: a tick.
            let status = Status { provider_id: echo.provider_id.clone(), ours: None, state: Delivery::Sent, problem: None };
            status::apply(conn, &[(&status, arrival.now)], notices).await?;
            continue;
        }
        let Some(Found { conversation, .. }) = found.get(&arrival.event).copied() else { continue };
        conversations::take_over(conn, &conversation, "phone", "echo", arrival.event, arrival.now).await?;
        let seq = conversations::next_seq(conn, &conversation, arrival.now).await?;
        run!(conn, ADD, arrival.message.as_str(), conversation.as_str(), seq, Json(&echo.content), &echo.provider_id, arrival.now.0)?;
        notices.push(Notice::Conversation(conversation));
    }
    Ok(())
}

async fn aliases_changed(conn: &mut Hot, fresh: &[&Arrival]) -> Result<()> {
    const ADD: &str = "INSERT INTO customer_aliases (kind, scope, value, customer_id, created_at) \
                       SELECT $1, $2, $3, customer_id, $4 FROM customer_aliases WHERE kind = $5 AND scope = $6 AND value = $7 ON CONFLICT DO NOTHING";
    for arrival in fresh {
        let What::AliasChanged { from, to } = &arrival.incoming.what else { continue };
        run!(conn, ADD, to.kind.as_str(), &to.scope, &to.value, arrival.now.0, from.kind.as_str(), &from.scope, &from.value)?;
    }
    Ok(())
}
