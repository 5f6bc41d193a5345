//! Businesses: founding one so that it answers at once, and what it is called and sells.

use relevo_model::*;
use relevo_store::{Membership, Tenant, Workplace};

use super::{
    Error, Result, Seen, apply,
    checks::{Checks, LOCALES},
    note, to_the_end,
};
use crate::{
    app::App,
    identity::{Member, Person},
    policy::Permission,
    tenants,
};

const LONGEST_NAME: usize = 120;
const LONGEST_DESCRIPTION: usize = 2_000;
/// What a business begins with.
const FIRST_POINT: &str = "Principal";
const FIRST_FLOW: &str = "storefront";
const TIME_ZONE: &str = "America/Argentina/Buenos_Aires";
const CURRENCY: &str = "ARS";
/// Businesses that one person may own; operators may own more.
const MOST_OWNED: i64 = 10;
/// Names that others found at the same moment.
const SLUGS: usize = 8;

/// A business as somebody wants it.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: String,
    pub industry: Option<String>,
    pub description: Option<String>,
    /// None leaves it as it is; for a new one ARS.
    pub currency: Option<String>,
    /// None leaves it as it is; for a new one the founder's.
    pub locale: Option<String>,
}

/// A business as its people see it.
#[derive(Clone, Debug)]
pub struct Business {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub industry: Option<String>,
    pub description: Option<String>,
    pub currency: String,
    pub locale: String,
    pub bot_enabled: bool,
    pub model: Model,
    pub version: i64,
}

/// What is told about the language model; never the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// None is what the installation is set to.
    pub base_url: Option<String>,
    pub name: String,
    pub has_key: bool,
}

impl Draft {
    fn check(mut self) -> Result<Self> {
        let mut checks = Checks::default();
        self.name = checks.line("name", &self.name, LONGEST_NAME);
        self.industry = checks.line_if_any("industry", self.industry.as_deref(), LONGEST_NAME);
        self.description = self.description.map(|text| checks.text("description", &text, LONGEST_DESCRIPTION)).filter(|text| !text.is_empty());
        self.currency = self.currency.map(|code| checks.currency("currency", &code));
        self.locale = self.locale.map(|locale| checks.locale("locale", &locale));
        checks.end().map(|()| self)
    }
}

/// The businesses that somebody may work in, by name.
pub async fn list(app: &App, person: &Person) -> Result<Vec<Workplace>> {
    Ok(app.door.workplaces(person).await?)
}

pub async fn find(app: &App, member: &Member) -> Result<Business> {
    member.demand(Permission::SeeBusiness, None)?;
    let tenant = app.store.platform().tenant(&member.tenant).await?.ok_or(Error::NotFound)?;
    let row = app.store.cell(&member.tenant).await?.read().await?.business().await?.ok_or(Error::NotFound)?;
    Ok(seen(&tenant, row))
}

/// Founds a business, whose owner is whoever founds it: with a service point, a phone in the browser and a flow, it answers at once.
/// It is finished even when its founder goes away, or at the next start.
pub async fn found(app: &App, person: &Person, draft: Draft) -> Result<Business> {
    let mut draft = draft.check()?;
    let own = || person.locale.clone().filter(|locale| LOCALES.contains(&locale.as_str()));
    draft.locale = draft.locale.or_else(own);
    to_the_end(app, make(app.clone(), person.clone(), draft)).await
}

async fn make(app: App, person: Person, draft: Draft) -> Result<Business> {
    let tenant = begin(&app, &person, &draft.name).await?;
    furnish(&app, &tenant, &draft).await?;
    open(&app, &tenant.id, Some(&person)).await?;
    let row = app.store.cell(&tenant.id).await?.read().await?.business().await?.ok_or(Error::NotFound)?;
    Ok(seen(&tenant, row))
}

/// Finishes businesses that somebody founded and a process that ended left behind. Those without an owner belong to a command, which goes on
/// by itself.
pub async fn finish_founded(app: &App) -> Result<()> {
    for tenant in app.store.platform().unfinished().await? {
        if app.store.platform().read().await?.people().owners(&tenant.id).await? == 0 {
            tracing::warn!(tenant = %tenant.id, "a business was begun and belongs to nobody: run the command that makes it again");
            continue;
        }
        let finished = async {
            furnish(app, &tenant, &Draft { name: tenant.name.clone(), ..Draft::default() }).await?;
            open(app, &tenant.id, None).await
        };
        // One that is broken keeps no other from being finished.
        match finished.await {
            Ok(()) => tracing::info!(tenant = %tenant.id, "a business that was begun is finished"),
            Err(error) => tracing::error!(tenant = %tenant.id, %error, "a business that was begun could not be finished; the next start tries again"),
        }
    }
    Ok(())
}

/// Changes what it is called and sells.
pub async fn save(app: &App, member: &Member, draft: Draft, version: Seen) -> Result<Business> {
    member.demand(Permission::ChangeBusiness, None)?;
    let draft = draft.check()?;
    to_the_end(app, change(app.clone(), member.clone(), draft, version)).await
}

/// The cell first: the name on the platform is only what lists show.
async fn change(app: App, member: Member, draft: Draft, version: Seen) -> Result<Business> {
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let mut row = write.business().await?.ok_or(Error::NotFound)?;
    (row.name, row.industry, row.description) = (draft.name, draft.industry, draft.description);
    row.currency = draft.currency.unwrap_or(row.currency);
    row.locale = draft.locale.unwrap_or(row.locale);
    if !write.save_business(&row, version).await? {
        return Err(Error::Stale);
    }
    note(&app, &mut write, &member, "business.changed", None).await?;
    apply(&app, &member, write).await?;
    let mut write = app.store.platform().write().await?;
    write.rename_tenant(&member.tenant, &row.name).await?;
    write.commit().await?;
    find(&app, &member).await
}

/// Turns the bot on or off for the whole business.
pub async fn switch_bot(app: &App, member: &Member, on: bool) -> Result<Business> {
    member.demand(Permission::ChangeBusiness, None)?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    write.switch_bot_everywhere(on).await?;
    note(app, &mut write, member, if on { "bot.on" } else { "bot.off" }, None).await?;
    apply(app, member, write).await?;
    find(app, member).await
}

/// The tenant and its owner, in one commit: whatever happens from here on, somebody has it.
async fn begin(app: &App, person: &Person, name: &str) -> Result<Tenant> {
    for _ in 0..SLUGS {
        let slug = tenants::free_slug(&app.store, name).await.map_err(Error::Broken)?;
        let tenant = app.store.new_tenant(&app.clock, &slug, name, false);
        let membership = Membership { user_id: person.id, tenant_id: tenant.id, role: Role::Owner, reach: Reach::All, created_at: app.clock.now() };
        let mut write = app.store.platform().write().await?;
        write.hold_businesses_of(&person.id).await?;
        if !person.operator && write.people().owned(&person.id).await? >= MOST_OWNED {
            return Err(Error::Enough);
        }
        match write.add_tenant(&tenant).await {
            Ok(()) => {}
            // Somebody took this slug in between.
            Err(relevo_store::Error::Conflict(_)) => continue,
            Err(error) => return Err(error.into()),
        }
        write.save_membership(&membership).await?;
        write.note_of(Some(&tenant.id), &app.door.line(person.id.as_str(), "business.founded", Some(tenant.id.as_str()))).await?;
        write.commit().await?;
        return Ok(tenant);
    }
    Err(Error::Taken)
}

/// What a business begins with, in one commit; what is there stays.
async fn furnish(app: &App, tenant: &Tenant, draft: &Draft) -> Result<()> {
    let cell = app.store.cell(&tenant.id).await?;
    let mut write = cell.write().await?;
    if write.business().await?.is_some() {
        return Ok(());
    }
    write.add_business(&draft.name, draft.currency.as_deref().unwrap_or(CURRENCY), draft.locale.as_deref().unwrap_or("es")).await?;
    let mut row = write.business().await?.ok_or(Error::NotFound)?;
    (row.industry, row.description) = (draft.industry.clone(), draft.description.clone());
    write.save_business(&row, None).await?;
    let mut point = tenants::service_point(&app.clock, FIRST_POINT, None, TIME_ZONE);
    point.whatsapp_status = WhatsappStatus::Disconnected;
    match write.add_service_point(&point).await {
        Ok(()) => {}
        // Another node furnishes it at the same moment.
        Err(relevo_store::Error::Conflict(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    tenants::add_simulator(&mut write, &app.clock, &point).await.map_err(Error::Broken)?;
    tenants::attach(&mut write, &app.clock, &point, FIRST_FLOW).await.map_err(Error::Broken)?;
    Ok(write.commit().await?)
}

/// From now on it is a business like any other, and its founder works in it.
async fn open(app: &App, tenant: &TenantId, founder: Option<&Person>) -> Result<()> {
    let mut write = app.store.platform().write().await?;
    write.set_tenant_state(tenant, TenantState::Active).await?;
    if let Some(person) = founder {
        write.set_session_tenant(&person.session, tenant).await?;
    }
    Ok(write.commit().await?)
}

fn seen(tenant: &Tenant, row: relevo_store::Business) -> Business {
    Business {
        id: tenant.id,
        slug: tenant.slug.clone(),
        model: Model { base_url: row.openai_base_url, name: row.openai_model, has_key: row.sealed_openai_key.is_some() },
        name: row.name,
        industry: row.industry,
        description: row.description,
        currency: row.currency,
        locale: row.locale,
        bot_enabled: row.bot_enabled,
        version: row.version,
    }
}
