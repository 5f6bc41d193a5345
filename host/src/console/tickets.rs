//! Tickets: what flows ask people to see to, and how far they are with each.

use relevo_model::*;
use relevo_store::{Ticket, TicketEvent, TicketFilter, TicketStep};

use super::{Error, Result, Seen, note};
use crate::{
    app::App,
    identity::Member,
    policy::{Permission, Rights},
};

/// A ticket with what became of it.
#[derive(Clone, Debug)]
pub struct Whole {
    pub ticket: Ticket,
    /// Oldest first.
    pub events: Vec<TicketEvent>,
}

/// What somebody makes of a ticket.
#[derive(Clone, Debug)]
pub struct Change {
    pub status: TicketStatus,
    /// None is nobody in particular.
    pub assignee: Option<UserId>,
}

/// Those of the service points where this one works, newest first, from before the time and the id of this one.
pub async fn list(app: &App, member: &Member, filter: TicketFilter, before: Option<(Time, &TicketId)>, limit: i64) -> Result<Vec<Ticket>> {
    match filter.point {
        Some(point) => member.demand_at(Permission::SeeConversations, point)?,
        None => member.demand(Permission::SeeConversations, None)?,
    }
    let filter = TicketFilter { reach: member.reach().clone(), ..filter };
    Ok(app.store.cell(&member.tenant).await?.read().await?.tickets().list(&filter, before, limit).await?)
}

pub async fn find(app: &App, member: &Member, id: &TicketId) -> Result<Whole> {
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    let ticket = read.tickets().find(id).await?.ok_or(Error::NotFound)?;
    member.demand_at(Permission::SeeConversations, ticket.service_point_id)?;
    let events = read.tickets().events(id).await?;
    Ok(Whole { ticket, events })
}

/// Takes a ticket on to another state, or gives it to somebody. One that was closed stays so.
pub async fn change(app: &App, member: &Member, id: &TicketId, change: &Change, seen: Seen) -> Result<Ticket> {
    let before = find(app, member, id).await?.ticket;
    member.demand_at(Permission::TakeOver, before.service_point_id)?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(Error::Stale);
    }
    if before.status == TicketStatus::Closed && change.status != before.status {
        return Err(Error::field("status", "field-ticket-closed"));
    }
    let assignee = change.assignee.as_ref().map(ToString::to_string);
    if let Some(to) = change.assignee.filter(|_| assignee != before.assignee_id) {
        demand_able(app, member, &to, before.service_point_id).await?;
    }
    if assignee == before.assignee_id && change.status == before.status {
        return Ok(before);
    }
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let step = TicketStep { ticket: *id, status: change.status, assignee, seen: before.version, actor: member.id().to_owned(), now: app.clock.now() };
    if !write.step_ticket(&step, || app.clock.id()).await? {
        return Err(Error::Stale);
    }
    note(app, &mut write, member, "ticket.changed", Some(id.as_str())).await?;
    let after = write.tickets().find(id).await?.ok_or(Error::NotFound)?;
    write.commit().await?;
    Ok(after)
}

/// Whoever gets a ticket must be able to see to it.
async fn demand_able(app: &App, member: &Member, to: &UserId, point: ServicePointId) -> Result<()> {
    let found = app.store.platform().read().await?.people().membership(to, &member.tenant).await?;
    let able = found.is_some_and(|found| Rights { role: found.role, reach: found.reach, scopes: None }.may(Permission::TakeOver, Some(point)));
    if able { Ok(()) } else { Err(Error::field("assignee_id", "field-assignee")) }
}
