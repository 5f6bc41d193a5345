//! Channels: giving a service point a number, renewing its secrets, taking it away. Secrets go in and never come back.

use relevo_model::*;
use relevo_store::{Cell, Route, ServicePoint};
use secrecy::{ExposeSecret, SecretString};

use super::{Error, Result, apply, checks::Checks, note, to_the_end};
use crate::{app::App, channels::cloud_api::client::NumberCard, identity::Member, policy::Permission, tenants};

const NUMBER: &str = "phone_number_id";
const ACCOUNT: &str = "waba_id";
/// Meta's ids have 15 to 17 digits, its tokens about 200 characters.
const LONGEST_ID: usize = 32;
const LONGEST_SECRET: usize = 1_024;

/// A channel as people may see it.
#[derive(Clone, Debug)]
pub struct Channel {
    pub id: ChannelId,
    pub service_point_id: ServicePointId,
    pub kind: ChannelKind,
    pub state: ChannelState,
    /// Why it is not active.
    pub cause: Option<String>,
    pub paused_until: Option<Time>,
    pub phone_number_id: Option<String>,
    pub waba_id: Option<String>,
    pub has_access_token: bool,
    pub has_app_secret: bool,
    /// What is sent here arrives in the simulator: it is a phone in the browser, or this installation has no Graph API.
    pub simulated: bool,
    pub last_inbound_at: Option<Time>,
    pub last_outbound_at: Option<Time>,
    pub created_at: Time,
}

/// A channel as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    pub service_point_id: ServicePointId,
    pub kind: ChannelKind,
    pub phone_number_id: Option<String>,
    pub waba_id: Option<String>,
    pub access_token: Option<SecretString>,
    /// Where it is not META_APP_SECRET.
    pub app_secret: Option<SecretString>,
}

/// What of a channel may be given anew; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Renewal {
    pub access_token: Option<SecretString>,
    pub app_secret: Option<SecretString>,
}

/// A number with its token, looked at and not confirmed yet.
struct Number {
    id: String,
    account: Option<String>,
    token: SecretString,
    app_secret: Option<SecretString>,
}

impl Channel {
    fn of(app: &App, row: relevo_store::Channel) -> Self {
        Self {
            simulated: row.kind == ChannelKind::Simulator || app.graph.is_none(),
            has_access_token: row.access_token.is_some(),
            has_app_secret: row.app_secret.is_some(),
            paused_until: row.paused_until.map(Time),
            last_inbound_at: row.last_inbound_at.map(Time),
            last_outbound_at: row.last_outbound_at.map(Time),
            id: row.id,
            service_point_id: row.service_point_id,
            kind: row.kind,
            state: row.state,
            cause: row.cause,
            phone_number_id: row.phone_number_id,
            waba_id: row.waba_id,
            created_at: row.created_at,
        }
    }
}

/// Those of the service points where this one works, after `after`.
pub async fn list(app: &App, member: &Member, after: Option<&ChannelId>, limit: i64) -> Result<Vec<Channel>> {
    member.demand(Permission::SeeBusiness, None)?;
    let rows = app.store.cell(&member.tenant).await?.read().await?.channel_page(member.reach(), after, limit).await?;
    Ok(rows.into_iter().map(|row| Channel::of(app, row)).collect())
}

pub async fn find(app: &App, member: &Member, id: &ChannelId) -> Result<Channel> {
    let row = app.store.cell(&member.tenant).await?.read().await?.channel(id).await?.ok_or(Error::NotFound)?;
    member.demand_at(Permission::SeeBusiness, row.service_point_id)?;
    Ok(Channel::of(app, row))
}

/// Gives a service point a channel. A number is the business's only after the Graph API confirmed that the token reads it.
pub async fn create(app: &App, member: &Member, draft: Draft) -> Result<Channel> {
    member.demand_at(Permission::ManageChannels, draft.service_point_id)?;
    let point = app.store.cell(&member.tenant).await?.read().await?.service_points().find(&draft.service_point_id).await?;
    let point = point.ok_or(Error::NotFound)?;
    match draft.kind {
        ChannelKind::Simulator => create_simulator(app, member, &point).await,
        ChannelKind::CloudApi => {
            let number = checked(draft)?;
            to_the_end(app, create_number(app.clone(), member.clone(), point, number)).await
        }
        ChannelKind::Linked | ChannelKind::Builderbot => Err(Error::field("kind", "field-channel-kind")),
    }
}

/// Gives a channel other secrets, after the Graph API took the token; one that stopped for want of it sends again.
pub async fn renew(app: &App, member: &Member, id: &ChannelId, renewal: Renewal) -> Result<Channel> {
    let cell = app.store.cell(&member.tenant).await?;
    let row = manageable(&cell, member, id).await?;
    let mut checks = Checks::default();
    for (field, secret) in [("access_token", &renewal.access_token), ("app_secret", &renewal.app_secret)] {
        checks.demand(secret.as_ref().is_none_or(is_secret), field, "field-secret");
    }
    checks.demand(row.kind == ChannelKind::CloudApi, "kind", "field-channel-kind");
    checks.end()?;
    if let (Some(token), Some(number)) = (&renewal.access_token, &row.phone_number_id) {
        confirmed(app, number, token).await?;
    }
    let seal = |column, secret: &SecretString| relevo_store::Channel::seal(&cell, id, column, secret.expose_secret());
    let mut write = cell.write().await?;
    if let Some(token) = &renewal.access_token
        && !write.renew_token(id, &seal("access_token", token)).await?
    {
        return Err(Error::NotFound);
    }
    if let Some(secret) = &renewal.app_secret
        && !write.renew_app_secret(id, &seal("app_secret", secret)).await?
    {
        return Err(Error::NotFound);
    }
    let row = write.channel(id).await?.ok_or(Error::NotFound)?;
    note(app, &mut write, member, "channel.renewed", Some(id.as_str())).await?;
    apply(app, member, write).await?;
    Ok(Channel::of(app, row))
}

/// Takes a channel away. Its conversations stay; nothing is sent or received through it any more, and its number is free.
pub async fn remove(app: &App, member: &Member, id: &ChannelId) -> Result<()> {
    let cell = app.store.cell(&member.tenant).await?;
    manageable(&cell, member, id).await?;
    to_the_end(app, take_away(app.clone(), member.clone(), *id)).await
}

async fn take_away(app: App, member: Member, id: ChannelId) -> Result<()> {
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let row = write.channel(&id).await?.ok_or(Error::NotFound)?;
    write.remove_channel(&id, app.clock.now()).await?;
    let numbers = write.channels().await?.into_iter().filter(|other| other.kind == ChannelKind::CloudApi && other.removed_at.is_none());
    if row.kind == ChannelKind::CloudApi && !numbers.into_iter().any(|other| other.service_point_id == row.service_point_id) {
        write.disconnect_service_point(&row.service_point_id).await?;
    }
    note(&app, &mut write, &member, "channel.removed", Some(id.as_str())).await?;
    apply(&app, &member, write).await?;
    close(&app, &ways_to(&member.tenant, &row)).await
}

/// The ways in to a channel.
pub(super) fn ways_to(tenant: &TenantId, channel: &relevo_store::Channel) -> Vec<Route> {
    let ways = [(NUMBER, &channel.phone_number_id), (ACCOUNT, &channel.waba_id)];
    let way =
        |(kind, address): (&str, &Option<String>)| Some(Route { kind: kind.to_owned(), address: address.clone()?, tenant_id: *tenant, channel_id: channel.id });
    ways.into_iter().filter_map(way).collect()
}

/// Takes ways in away. An account that another channel of the business has too leads there from now on.
pub(super) async fn close(app: &App, ways: &[Route]) -> Result<()> {
    for way in ways {
        let removed = app.store.platform().remove_route(way).await?;
        app.forget_route(&way.kind, &way.address).await;
        if removed && way.kind == ACCOUNT {
            let rows = app.store.cell(&way.tenant_id).await?.read().await?.channels().await?;
            if let Some(heir) = rows.iter().find(|row| row.waba_id.as_ref() == Some(&way.address)) {
                app.store.platform().add_route(&Route { channel_id: heir.id, ..way.clone() }, app.clock.now()).await?;
            }
        }
    }
    Ok(())
}

async fn create_simulator(app: &App, member: &Member, point: &ServicePoint) -> Result<Channel> {
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let simulators = write.channels().await?.into_iter().filter(|row| row.kind == ChannelKind::Simulator && row.removed_at.is_none());
    if simulators.into_iter().any(|row| row.service_point_id == point.id) {
        return Err(Error::Taken);
    }
    let row = tenants::add_simulator(&mut write, &app.clock, point).await.map_err(Error::Broken)?;
    note(app, &mut write, member, "channel.created", Some(row.id.as_str())).await?;
    apply(app, member, write).await?;
    Ok(Channel::of(app, row))
}

/// The way in is taken first: should the process end in between, a way leads to nothing and the same business may take it again.
async fn create_number(app: App, member: Member, point: ServicePoint, number: Number) -> Result<Channel> {
    let card = confirmed(&app, &number.id, &number.token).await?;
    let cell = app.store.cell(&member.tenant).await?;
    let mut row = tenants::channel(&app.clock, &point, ChannelKind::CloudApi);
    row.phone_number_id = Some(number.id.clone());
    row.waba_id = number.account;
    row.access_token = Some(relevo_store::Channel::seal(&cell, &row.id, "access_token", number.token.expose_secret()));
    row.app_secret = number.app_secret.map(|secret| relevo_store::Channel::seal(&cell, &row.id, "app_secret", secret.expose_secret()));
    let way = Route { kind: NUMBER.to_owned(), address: number.id, tenant_id: member.tenant, channel_id: row.id };
    open(&app, &way).await?;
    let added = add(&app, &member, &cell, &point, &row, card).await;
    if added.is_err() {
        app.store.platform().remove_route(&way).await?;
        return added.map(|()| Channel::of(&app, row));
    }
    // Two businesses may have found the same way free: whoever has it now has it.
    if app.store.platform().route(&way.kind, &way.address).await?.is_none_or(|now| now.channel_id != row.id) {
        let mut write = cell.write().await?;
        write.remove_channel(&row.id, app.clock.now()).await?;
        apply(&app, &member, write).await?;
        return Err(Error::Taken);
    }
    if row.waba_id.is_some() {
        tenants::add_routes(&app.store, &app.clock, &member.tenant, &row).await.map_err(Error::Broken)?;
    }
    Ok(Channel::of(&app, row))
}

async fn add(app: &App, member: &Member, cell: &Cell, point: &ServicePoint, row: &relevo_store::Channel, card: Option<NumberCard>) -> Result<()> {
    let mut write = cell.write().await?;
    write.add_channel(row).await.map_err(Error::taken)?;
    let number = card.map(|card| card.display_phone_number).filter(|number| !number.is_empty());
    if !write.connect_service_point(&point.id, number.as_deref()).await? {
        return Err(Error::NotFound);
    }
    note(app, &mut write, member, "channel.created", Some(row.id.as_str())).await?;
    apply(app, member, write).await
}

/// Takes a way in for this business. One that leads to a channel that is no more is free; whose another one is, nobody is told.
async fn open(app: &App, way: &Route) -> Result<()> {
    if let Some(other) = app.store.platform().route(&way.kind, &way.address).await? {
        let rows = app.store.cell(&other.tenant_id).await?.read().await?.channels().await?;
        if rows.iter().any(|row| row.id == other.channel_id && row.removed_at.is_none()) {
            return Err(Error::Taken);
        }
        app.store.platform().remove_route(&other).await?;
        app.forget_route(&other.kind, &other.address).await;
    }
    app.store.platform().add_route(way, app.clock.now()).await.map_err(Error::taken)
}

/// What the Graph API says of the number; none where there is none to ask, and all is delivered to the simulator.
async fn confirmed(app: &App, number: &str, token: &SecretString) -> Result<Option<NumberCard>> {
    let Some(graph) = &app.graph else { return Ok(None) };
    graph.confirm_number(number, token.expose_secret()).await.map(Some).map_err(Error::Outside)
}

async fn manageable(cell: &Cell, member: &Member, id: &ChannelId) -> Result<relevo_store::Channel> {
    let row = cell.read().await?.channel(id).await?.ok_or(Error::NotFound)?;
    member.demand_at(Permission::ManageChannels, row.service_point_id)?;
    Ok(row)
}

fn checked(draft: Draft) -> Result<Number> {
    let mut checks = Checks::default();
    let id = draft.phone_number_id.as_deref().unwrap_or_default().trim().to_owned();
    checks.demand(is_id(&id), "phone_number_id", "field-number-id");
    let account = draft.waba_id.map(|account| account.trim().to_owned()).filter(|account| !account.is_empty());
    checks.demand(account.as_deref().is_none_or(is_id), "waba_id", "field-number-id");
    checks.demand(draft.access_token.as_ref().is_some_and(is_secret), "access_token", "field-secret");
    let app_secret = draft.app_secret.filter(|secret| !secret.expose_secret().is_empty());
    checks.demand(app_secret.as_ref().is_none_or(is_secret), "app_secret", "field-secret");
    checks.end()?;
    Ok(Number { id, account, token: draft.access_token.unwrap_or_default(), app_secret })
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_ID && text.bytes().all(|digit| digit.is_ascii_digit())
}

fn is_secret(secret: &SecretString) -> bool {
    let secret = secret.expose_secret();
    !secret.is_empty() && secret.len() <= LONGEST_SECRET && secret.bytes().all(|byte| byte.is_ascii_graphic())
}
