//! Statuses: how far messages of ours have come. A state only gives way to a later one.

use std::collections::HashMap;

use relevo_model::*;

use super::rank;
use crate::{
    Notice, Result,
    sql::{self, Hot, Json, Rows},
};

/// One message's furthest news.
struct News<'a> {
    id: MessageId,
    provider_id: &'a str,
    state: Delivery,
    problem: Option<&'a Problem>,
}

pub(super) async fn apply(conn: &mut Hot, statuses: &[(&Status, Time)], notices: &mut Vec<Notice>) -> Result<()> {
    if statuses.is_empty() {
        return Ok(());
    }
    let known = by_provider_id(conn, statuses).await?;
    let mut news: HashMap<MessageId, News<'_>> = HashMap::new();
    let mut early = Vec::new();
    for (status, at) in statuses {
        let ours = ours(status).or_else(|| known.get(&status.provider_id).copied());
        let Some(id) = ours else {
            early.push((*status, *at));
            continue;
        };
        let told = News { id, provider_id: &status.provider_id, state: status.state, problem: status.problem.as_ref() };
        match news.get(&id) {
            Some(before) if rank(before.state) >= rank(told.state) => {}
            _ => drop(news.insert(id, told)),
        }
    }
    keep_early(conn, &early).await?;
    advance(conn, &news.into_values().collect::<Vec<_>>(), notices).await
}

/// The message that the provider hands our own id back for; other programs on the same number hand in ids that are none of ours.
fn ours(status: &Status) -> Option<MessageId> {
    status.ours.as_deref().and_then(|id| id.parse().ok())
}

async fn by_provider_id(conn: &mut Hot, statuses: &[(&Status, Time)]) -> Result<HashMap<String, MessageId>> {
    const FIND: Rows = Rows {
        head: "WITH v (provider_id) AS (VALUES ",
        columns: 1,
        tail: ") SELECT messages.provider_id, messages.id FROM v JOIN messages ON messages.provider_id = v.provider_id AND messages.direction = 'OUT'",
    };
    let unnamed: Vec<&str> = statuses.iter().filter(|(status, _)| ours(status).is_none()).map(|(status, _)| status.provider_id.as_str()).collect();
    if unnamed.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = all_rows!(conn, (String, String), FIND, unnamed, |row| [*row]);
    rows.into_iter().map(|(provider_id, id)| Ok((provider_id, sql::read(&id)?))).collect()
}

/// Keeps what is told of messages that nobody here knows yet.
async fn keep_early(conn: &mut Hot, early: &[(&Status, Time)]) -> Result<()> {
    const KEEP: Rows =
        Rows { head: "INSERT INTO early_statuses (provider_id, state, problem, received_at) VALUES ", columns: 4, tail: " ON CONFLICT DO NOTHING" };
    if !early.is_empty() {
        run_rows!(conn, KEEP, early, |row| [&row.0.provider_id, row.0.state.as_str(), row.0.problem.as_ref().map(Json), row.1.0]);
    }
    Ok(())
}

async fn advance(conn: &mut Hot, news: &[News<'_>], notices: &mut Vec<Notice>) -> Result<()> {
    const ADVANCE: Rows = Rows {
        head: "WITH v (id, provider_id, state, rank, problem) AS (VALUES ",
        columns: 5,
        tail: concat!(
            ") UPDATE messages SET state = v.state, provider_id = COALESCE(messages.provider_id, v.provider_id), problem = COALESCE(v.problem, messages.problem) \
             FROM v WHERE messages.id = v.id AND messages.direction = 'OUT' AND v.rank > ",
            stored_rank!(),
            " RETURNING messages.conversation_id"
        ),
    };
    // A row that somebody is sending, or whose fate nobody knew, is settled by what the provider tells.
    const SETTLE: Rows = Rows {
        head: "WITH v (id, state) AS (VALUES ",
        columns: 2,
        tail: ") UPDATE outbox SET state = v.state FROM v WHERE outbox.message_id = v.id AND outbox.state || '' IN ('sending', 'uncertain') \
               RETURNING outbox.conversation_id, outbox.message_id",
    };
    if news.is_empty() {
        return Ok(());
    }
    let moved = all_rows!(conn, (String,), ADVANCE, news, |row| [row.id.as_str(), row.provider_id, row.state.as_str(), rank(row.state), row.problem.map(Json)]);
    notices.extend(moved.iter().filter_map(|(id,)| id.parse().ok()).map(Notice::Conversation));
    let settled = all_rows!(conn, (String, String), SETTLE, news, |row| [
        row.id.as_str(),
        if row.state == Delivery::Failed { OutboxState::Failed } else { OutboxState::Sent }.as_str()
    ]);
    notices.extend(settled.iter().filter_map(|(conversation, message)| Some(Notice::Settled(conversation.parse().ok()?, message.parse().ok()?))));
    Ok(())
}

/// Applies what was told early of messages that have just been marked as sent.
pub(super) async fn apply_early(conn: &mut Hot, sent: &[(MessageId, &str)], notices: &mut Vec<Notice>) -> Result<()> {
    const TAKE: Rows = Rows { head: "DELETE FROM early_statuses WHERE provider_id IN (VALUES ", columns: 1, tail: ") RETURNING provider_id, state, problem" };
    if sent.is_empty() {
        return Ok(());
    }
    let early = all_rows!(conn, (String, String, Option<Json<Problem>>), TAKE, sent, |row| [row.1]);
    let mut news: HashMap<MessageId, News<'_>> = HashMap::new();
    for (told, state, problem) in &early {
        let Some((id, provider_id)) = sent.iter().find(|(_, provider_id)| *provider_id == told) else { continue };
        let next = News { id: *id, provider_id, state: sql::read(state)?, problem: problem.as_ref().map(|problem| &problem.0) };
        match news.get(id) {
            Some(before) if rank(before.state) >= rank(next.state) => {}
            _ => drop(news.insert(*id, next)),
        }
    }
    advance(conn, &news.into_values().collect::<Vec<_>>(), notices).await
}
