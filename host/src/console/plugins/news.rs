//! What the program did to a plugin by itself, told to those who may see to it: on the start page, and by mail where there is a mail server.

use std::sync::Arc;

use relevo_model::*;
use relevo_sandbox::Manifest;
use relevo_store::Colleague;

use super::find;
use crate::{
    app::App,
    console::Result,
    identity::{MailKind, Member, OutgoingMail},
    policy::Permission,
};

/// People of a business that are looked at with one statement.
const PAGE: i64 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It failed again and again, and answers nobody until somebody tries it again.
    SetAside,
    /// A canary failed more than the version beside it.
    TakenBack,
}

/// A plugin that the program did something to.
#[derive(Clone, Debug)]
pub struct Troubled {
    pub id: String,
    pub manifest: Arc<Manifest>,
    pub news: News,
}

/// The plugins that somebody should see to.
pub async fn troubled(app: &App, member: &Member) -> Result<Vec<Troubled>> {
    member.demand(Permission::UploadPlugins, None)?;
    let rows = app.store.cell(&member.tenant).await?.read().await?.plugins().list().await?;
    let mut troubled = Vec::new();
    for row in rows {
        let news = match (row.state, &row.taken_back_version) {
            (PluginState::SetAside, _) => News::SetAside,
            (_, Some(_)) => News::TakenBack,
            _ => continue,
        };
        let plugin = find(app, member, &row.id).await?.plugin;
        troubled.push(Troubled { id: plugin.id, manifest: plugin.manifest, news });
    }
    Ok(troubled)
}

/// Tells those by mail who may see to it. The start page reads it off the plugin itself.
pub async fn tell_admins(app: &App, tenant: &TenantId, plugin: &str, news: News) -> anyhow::Result<()> {
    let Some(post) = &app.mail else { return Ok(()) };
    let business = app.store.platform().tenant(tenant).await?.map(|tenant| tenant.name).unwrap_or_default();
    let lang = app.store.cell(tenant).await?.read().await?.business().await?.map_or_else(|| "es".to_owned(), |business| business.locale);
    let link = format!("{}/plugins/{plugin}?business_id={tenant}", app.door.base());
    for person in who_sees_to_plugins(app, tenant).await? {
        let kind = MailKind::Plugin { business: business.clone(), plugin: plugin.to_owned(), set_aside: news == News::SetAside };
        let mail = OutgoingMail { to: person.email, kind, link: link.clone().into(), expires_at: app.clock.now(), locale: None };
        if !post.send(mail, &lang) {
            tracing::warn!(%tenant, plugin, "nobody could be told of a plugin by mail: too many wait already");
        }
    }
    Ok(())
}

async fn who_sees_to_plugins(app: &App, tenant: &TenantId) -> anyhow::Result<Vec<Colleague>> {
    let mut read = app.store.platform().read().await?;
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = read.people().colleagues(tenant, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after.clone_from(&last.email);
        found.extend(page.into_iter().filter(|person| matches!(person.role, Role::Owner | Role::Admin) && person.reach == Reach::All));
    }
}
