//! Orders: looking at them, and taking them on to their next state.

use relevo_model::*;
use relevo_store::{Order, OrderFilter, OrderStatus, OrderStep, StoredLine};

use super::{Error, Result, Seen, note};
use crate::{app::App, identity::Member, policy::Permission};

/// An order with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Whole {
    pub order: Order,
    pub lines: Vec<StoredLine>,
    pub history: Vec<Step>,
    /// What it may become.
    pub next: Vec<OrderStatus>,
}

/// A state that an order went through.
#[derive(Clone, Debug)]
pub struct Step {
    pub status: String,
    /// A person or a key by its id, or the plugin that made the order.
    pub actor: String,
    pub at: Time,
}

/// Those of the service points where this one works, newest first, from before the time and the id of this one.
pub async fn list(app: &App, member: &Member, filter: OrderFilter, before: Option<(Time, &OrderId)>, limit: i64) -> Result<Vec<Order>> {
    match filter.point {
        Some(point) => member.demand_at(Permission::SeeOrders, point)?,
        None => member.demand(Permission::SeeOrders, None)?,
    }
    let filter = OrderFilter { reach: member.reach().clone(), ..filter };
    Ok(app.store.cell(&member.tenant).await?.read().await?.orders().list(&filter, before, limit).await?)
}

pub async fn find(app: &App, member: &Member, id: &OrderId) -> Result<Whole> {
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    let order = read.orders().find(id).await?.ok_or(Error::NotFound)?;
    member.demand_at(Permission::SeeOrders, order.service_point_id)?;
    let lines = read.orders().lines(id).await?;
    let history = read.orders().history(id).await?.into_iter().map(|(status, actor, at)| Step { status, actor, at: Time(at) }).collect();
    let statuses = read.orders().statuses().await?;
    let next = match statuses.iter().find(|status| status.code == order.status) {
        Some(now) => statuses.iter().filter(|next| now.allows(next)).cloned().collect(),
        None => Vec::new(),
    };
    Ok(Whole { order, lines, history, next })
}

/// All states that an order may be in, in their order.
pub async fn statuses(app: &App, member: &Member) -> Result<Vec<OrderStatus>> {
    member.demand(Permission::SeeOrders, None)?;
    Ok(app.store.cell(&member.tenant).await?.read().await?.orders().statuses().await?)
}

/// Takes an order on to a later state; to the one that it is in already, it changes nothing.
pub async fn set_status(app: &App, member: &Member, id: &OrderId, status: &str, seen: Seen) -> Result<Order> {
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let order = write.orders().find(id).await?.ok_or(Error::NotFound)?;
    member.demand_at(Permission::ChangeOrders, order.service_point_id)?;
    if seen.is_some_and(|seen| seen != order.version) {
        return Err(Error::Stale);
    }
    if order.status == status {
        return Ok(order);
    }
    let statuses = write.orders().statuses().await?;
    let known = |code: &str| statuses.iter().find(|status| status.code == code);
    let (now, next) = (known(&order.status), known(status).ok_or_else(|| Error::field("status", "field-order-status"))?);
    if !now.is_some_and(|now| now.allows(next)) {
        return Err(Error::field("status", "field-order-next"));
    }
    let step =
        OrderStep { order: *id, status: status.to_owned(), seen: order.version, actor: member.id().to_owned(), event: app.clock.id(), now: app.clock.now() };
    if !write.step_order(&step).await? {
        return Err(Error::Stale);
    }
    note(app, &mut write, member, "order.changed", Some(id.as_str())).await?;
    let order = write.orders().find(id).await?.ok_or(Error::NotFound)?;
    write.commit().await?;
    Ok(order)
}
