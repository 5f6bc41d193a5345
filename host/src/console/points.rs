//! Service points: making, changing and removing them, and which plugins answer there.

use std::collections::HashSet;

use relevo_model::*;
use relevo_store::{Install, Json, Route, ServicePoint};
use serde_json::Value;

use super::{Error, Result, Seen, Use, apply, channels, checks::Checks, note, plugins, to_the_end};
use crate::{
    app::App,
    hours::{self, Hours},
    identity::Member,
    policy::Permission,
};

const LONGEST_NAME: usize = 80;
/// Messages that are longer apart than this are not one thought.
const LONGEST_BURST: i64 = 30_000;
const MOST_PLUGINS: usize = 20;
const LARGEST_CONFIG: usize = 64 * 1024;

/// A service point as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    pub name: String,
    pub time_zone: String,
    /// By day; without any it is always open.
    pub opening_hours: Hours,
    /// None is the business's.
    pub locale: Option<String>,
    pub bot_enabled: bool,
    pub burst_ms: i64,
    pub uncertain_policy: UncertainPolicy,
}

/// A plugin in the chain of a service point.
#[derive(Clone, Debug)]
pub struct Link {
    pub id: String,
    pub config: Value,
}

impl Draft {
    /// What a new one is unless somebody says otherwise.
    pub fn new(name: &str, time_zone: &str) -> Self {
        Self {
            name: name.to_owned(),
            time_zone: time_zone.to_owned(),
            opening_hours: Hours::new(),
            locale: None,
            bot_enabled: true,
            burst_ms: 0,
            uncertain_policy: UncertainPolicy::Ask,
        }
    }

    fn check(mut self) -> Result<Self> {
        let mut checks = Checks::default();
        self.name = checks.line("name", &self.name, LONGEST_NAME);
        self.time_zone = checks.time_zone("time_zone", &self.time_zone);
        checks.demand(hours::sound(&self.opening_hours), "opening_hours", "field-hours");
        self.locale = self.locale.as_deref().map(|locale| checks.locale("locale", locale));
        checks.demand((0..=LONGEST_BURST).contains(&self.burst_ms), "burst_ms", "field-burst");
        checks.end().map(|()| self)
    }

    fn onto(self, point: ServicePoint) -> Result<ServicePoint> {
        let hours = serde_json::to_value(&self.opening_hours).map_err(|error| Error::Broken(error.into()))?;
        Ok(ServicePoint {
            name: self.name,
            time_zone: self.time_zone,
            opening_hours: Json(hours),
            locale: self.locale,
            bot_enabled: self.bot_enabled,
            burst_ms: self.burst_ms,
            uncertain_policy: self.uncertain_policy,
            ..point
        })
    }
}

/// Those where this one works, in the order in which they were made, after `after`.
pub async fn list(app: &App, member: &Member, after: Option<&ServicePointId>, limit: i64) -> Result<Vec<ServicePoint>> {
    member.demand(Permission::SeeBusiness, None)?;
    Ok(app.store.cell(&member.tenant).await?.read().await?.service_points().page(member.reach(), after, limit).await?)
}

pub async fn find(app: &App, member: &Member, id: &ServicePointId) -> Result<ServicePoint> {
    member.demand_at(Permission::SeeBusiness, *id)?;
    app.store.cell(&member.tenant).await?.read().await?.service_points().find(id).await?.ok_or(Error::NotFound)
}

/// Makes a service point, with a phone in the browser to try it with. It is for whoever changes the business: nobody who is limited to some
/// service points would reach it.
pub async fn create(app: &App, member: &Member, draft: Draft) -> Result<ServicePoint> {
    member.demand(Permission::ChangeBusiness, None)?;
    let draft = draft.check()?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let point = draft.onto(crate::tenants::service_point(&app.clock, "", None, "UTC"))?;
    let point = ServicePoint { whatsapp_status: WhatsappStatus::Disconnected, ..point };
    write.add_service_point(&point).await.map_err(Error::taken)?;
    crate::tenants::add_simulator(&mut write, &app.clock, &point).await.map_err(Error::Broken)?;
    note(app, &mut write, member, "service-point.created", Some(point.id.as_str())).await?;
    apply(app, member, write).await?;
    Ok(point)
}

pub async fn save(app: &App, member: &Member, id: &ServicePointId, draft: Draft, seen: Seen) -> Result<ServicePoint> {
    member.demand_at(Permission::ManagePoints, *id)?;
    let draft = draft.check()?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let before = write.service_points().find(id).await?.ok_or(Error::NotFound)?;
    let point = draft.onto(before)?;
    if !write.save_service_point(&point, seen).await.map_err(Error::taken)? {
        return Err(Error::Stale);
    }
    let saved = write.service_points().find(id).await?.ok_or(Error::NotFound)?;
    note(app, &mut write, member, "service-point.changed", Some(id.as_str())).await?;
    apply(app, member, write).await?;
    Ok(saved)
}

/// Switches the bot on or off at one service point.
pub async fn switch_bot(app: &App, member: &Member, id: &ServicePointId, on: bool) -> Result<ServicePoint> {
    member.demand_at(Permission::SwitchBot, *id)?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    if !write.switch_bot_at(id, on).await? {
        return Err(Error::NotFound);
    }
    let saved = write.service_points().find(id).await?.ok_or(Error::NotFound)?;
    note(app, &mut write, member, if on { "bot.on" } else { "bot.off" }, Some(id.as_str())).await?;
    apply(app, member, write).await?;
    Ok(saved)
}

/// Whether somebody ever wrote to it: then it stays.
pub async fn is_in_use(app: &App, member: &Member, id: &ServicePointId) -> Result<bool> {
    member.demand_at(Permission::ManagePoints, *id)?;
    Ok(app.store.cell(&member.tenant).await?.read().await?.service_points().is_in_use(id).await?)
}

/// Removes a service point that nobody ever wrote to, with its channels.
pub async fn remove(app: &App, member: &Member, id: &ServicePointId, seen: Seen) -> Result<()> {
    member.demand_at(Permission::ManagePoints, *id)?;
    to_the_end(app, take_away(app.clone(), member.clone(), *id, seen)).await
}

async fn take_away(app: App, member: Member, id: ServicePointId, seen: Seen) -> Result<()> {
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    if write.service_points().find(&id).await?.is_none() {
        return Err(Error::NotFound);
    }
    if !write.touch_service_point(&id, seen).await? {
        return Err(Error::Stale);
    }
    if write.service_points().is_in_use(&id).await? {
        return Err(Error::InUse(Use::Conversations));
    }
    let channels: Vec<_> = write.channels().await?.into_iter().filter(|channel| channel.service_point_id == id).collect();
    write.remove_service_point(&id).await?;
    note(&app, &mut write, &member, "service-point.removed", Some(id.as_str())).await?;
    apply(&app, &member, write).await?;
    let ways: Vec<Route> = channels.iter().flat_map(|channel| channels::ways_to(&member.tenant, channel)).collect();
    channels::close(&app, &ways).await
}

/// The plugins of a service point, in the order in which they are asked. Their configuration may hold what is not for everybody.
pub async fn flow(app: &App, member: &Member, id: &ServicePointId) -> Result<Vec<Install>> {
    member.demand_at(Permission::ConfigureFlows, *id)?;
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    read.service_points().find(id).await?.ok_or(Error::NotFound)?;
    Ok(read.flow_of(id).await?)
}

/// Replaces the plugins of a service point; the next message is theirs.
pub async fn set_flow(app: &App, member: &Member, id: &ServicePointId, chain: &[Link], seen: Seen) -> Result<Vec<Install>> {
    member.demand_at(Permission::ConfigureFlows, *id)?;
    let (before, chain) = installs(app, member, id, chain).await?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    if write.service_points().find(id).await?.is_none() {
        return Err(Error::NotFound);
    }
    if !write.touch_service_point(id, seen).await? {
        return Err(Error::Stale);
    }
    write.replace_flow(id, &chain).await?;
    plugins::keep_overrides(&mut write, member, &before, &chain, app.clock.now()).await?;
    note(app, &mut write, member, "flow.changed", Some(id.as_str())).await?;
    apply(app, member, write).await?;
    Ok(chain)
}

/// The chain as it is, and as it is to be.
async fn installs(app: &App, member: &Member, point: &ServicePointId, chain: &[Link]) -> Result<(Vec<Install>, Vec<Install>)> {
    let cell = app.store.cell(&member.tenant).await?;
    let earlier = cell.read().await?.flow_of(point).await?;
    let mut checks = Checks::default();
    checks.demand(chain.len() <= MOST_PLUGINS, "plugins", "field-plugins-many");
    let mut before = HashSet::new();
    let (mut installs, mut problems) = (Vec::new(), Vec::new());
    for (nth, link) in chain.iter().enumerate() {
        checks.demand(before.insert(link.id.as_str()), "plugins", "field-plugin-twice");
        checks.demand(link.config.is_object() && link.config.to_string().len() <= LARGEST_CONFIG, "plugins", "field-plugin-config");
        let mut read = cell.read().await?;
        let found = plugins::component_of(app, &mut read, &link.id, None).await?;
        drop(read);
        let Some(plugin) = found else {
            checks.wrong("plugins", "field-plugin-unknown");
            continue;
        };
        let same = earlier.iter().find(|install| install.plugin_id == link.id && install.config.0 == link.config);
        let config = match same {
            // It was taken as it is; a version that was activated since may see it otherwise, which is no reason to move nothing.
            Some(same) => same.config.0.clone(),
            None if !link.config.is_object() => continue,
            None => match plugins::check_override(app, member, &link.id, &link.config).await {
                Ok(config) => config,
                Err(Error::Settings(wrong)) => {
                    problems.extend(wrong.into_iter().map(|problem| problem.within(&format!("plugins[{nth}]"))));
                    continue;
                }
                Err(error) => return Err(error),
            },
        };
        installs.push(Install {
            id: app.clock.id(),
            service_point_id: *point,
            plugin_id: link.id.clone(),
            version: plugin.version(),
            position: i64::try_from(nth + 1).unwrap_or(i64::MAX),
            config: Json(config),
            enabled: true,
            created_at: app.clock.now(),
        });
    }
    checks.end()?;
    if problems.is_empty() { Ok((earlier, installs)) } else { Err(Error::Settings(problems)) }
}
