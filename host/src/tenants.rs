//! Making businesses: from the command line, and for the demo.

use anyhow::Context;
use relevo_model::*;
use relevo_store::{Cell, Channel, Install, Json, Route, ServicePoint, Store, Write};
use serde_json::json;

use crate::{
    channels::cloud_api::client::Graph,
    settings::{ServeArgs, Settings},
};

#[derive(Clone, clap::Args)]
pub struct NewTenant {
    /// What the business is called
    #[arg(long)]
    name: String,
    /// The number's id at the Cloud API
    #[arg(long)]
    phone_number_id: String,
    /// A token that may send from that number
    #[arg(long, env = "RELEVO_ACCESS_TOKEN", hide_env_values = true)]
    access_token: String,
    /// The app's secret, where it is not META_APP_SECRET
    #[arg(long, env = "RELEVO_APP_SECRET", hide_env_values = true)]
    app_secret: Option<String>,
    /// The account that the number belongs to
    #[arg(long)]
    waba_id: Option<String>,
    /// The plugin that answers
    #[arg(long, default_value = "storefront")]
    flow: String,
    /// The service point's name
    #[arg(long, default_value = "Principal")]
    service_point: String,
    #[arg(long, default_value = "America/Argentina/Buenos_Aires")]
    time_zone: String,
    #[arg(long, default_value = "ARS")]
    currency: String,
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// A Cloud API number as a service point is given it.
pub struct Number<'a> {
    pub phone_number_id: &'a str,
    pub access_token: &'a str,
    pub app_secret: Option<&'a str>,
    pub waba_id: Option<&'a str>,
}

/// `relevo tenant create`: the number becomes the tenant's only after the Graph API confirmed that the token reads it.
pub async fn create(settings: Settings, new: NewTenant) -> anyhow::Result<()> {
    let clock = Clock::system();
    let store = Store::open(&settings.store()).await?;
    if let Some(route) = store.platform().route("phone_number_id", &new.phone_number_id).await? {
        anyhow::bail!("the number {} belongs to a business already (tenant {})", new.phone_number_id, route.tenant_id);
    }
    let url = settings.meta_graph_url.as_deref().context("META_GRAPH_URL is empty: the number cannot be confirmed")?;
    let card = Graph::new(url)?
        .confirm_number(&new.phone_number_id, &new.access_token)
        .await
        .context("the Graph API did not confirm that this token reads this number; check --phone-number-id, --access-token and META_GRAPH_URL")?;
    let slug = free_slug(&store, &new.name).await?;
    let (tenant, cell) = store.create_tenant(&clock, &slug, &new.name, false).await?;
    let mut write = cell.write().await?;
    write.add_business(&new.name, &new.currency, "es").await?;
    let point = service_point(&clock, &new.service_point, Some(card.display_phone_number), &new.time_zone);
    write.add_service_point(&point).await?;
    add_simulator(&mut write, &clock, &point).await?;
    let number = Number {
        phone_number_id: &new.phone_number_id,
        access_token: &new.access_token,
        app_secret: new.app_secret.as_deref(),
        waba_id: new.waba_id.as_deref(),
    };
    let channel = add_number(&mut write, &cell, &clock, &point, &number).await?;
    attach(&mut write, &clock, &point, &new.flow).await?;
    write.commit().await?;
    add_routes(&store, &clock, &tenant.id, &channel).await?;
    store.platform().set_tenant_state(&tenant.id, TenantState::Active).await?;
    println!("{}\t{}\t{}", tenant.id, tenant.slug, new.phone_number_id);
    Ok(())
}

/// `relevo tenant list`.
pub async fn list(settings: Settings) -> anyhow::Result<()> {
    let store = Store::open(&settings.store()).await?;
    for tenant in store.platform().tenants().await? {
        println!("{}\t{}\t{}\t{}", tenant.id, tenant.slug, tenant.state, tenant.name);
    }
    Ok(())
}

pub fn service_point(clock: &Clock, name: &str, phone_number: Option<String>, time_zone: &str) -> ServicePoint {
    ServicePoint {
        id: clock.id(),
        name: name.to_owned(),
        phone_number,
        whatsapp_status: WhatsappStatus::Connected,
        last_qr_at: None,
        time_zone: time_zone.to_owned(),
        opening_hours: Json(json!({})),
        locale: None,
        bot_enabled: true,
        burst_ms: 0,
        uncertain_policy: UncertainPolicy::Ask,
        version: 1,
        created_at: clock.now(),
    }
}

/// Gives a service point its phone in the browser.
pub async fn add_simulator(write: &mut Write, clock: &Clock, point: &ServicePoint) -> anyhow::Result<Channel> {
    let channel = channel(clock, point, ChannelKind::Simulator);
    write.add_channel(&channel).await?;
    Ok(channel)
}

pub async fn add_number(write: &mut Write, cell: &Cell, clock: &Clock, point: &ServicePoint, number: &Number<'_>) -> anyhow::Result<Channel> {
    let mut channel = channel(clock, point, ChannelKind::CloudApi);
    channel.phone_number_id = Some(number.phone_number_id.to_owned());
    channel.waba_id = number.waba_id.map(str::to_owned);
    channel.access_token = Some(Channel::seal(cell, &channel.id, "access_token", number.access_token));
    channel.app_secret = number.app_secret.map(|secret| Channel::seal(cell, &channel.id, "app_secret", secret));
    write.add_channel(&channel).await?;
    Ok(channel)
}

pub async fn attach(write: &mut Write, clock: &Clock, point: &ServicePoint, plugin: &str) -> anyhow::Result<()> {
    let install = Install {
        id: clock.id(),
        service_point_id: point.id,
        plugin_id: plugin.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        position: 1,
        config: Json(json!({})),
        enabled: true,
        created_at: clock.now(),
    };
    Ok(write.add_install(&install).await?)
}

/// The ways in to a channel: by its number and, where it is known, by its account.
pub async fn add_routes(store: &Store, clock: &Clock, tenant: &TenantId, channel: &Channel) -> anyhow::Result<()> {
    for (kind, address) in [("phone_number_id", &channel.phone_number_id), ("waba_id", &channel.waba_id)] {
        let Some(address) = address else { continue };
        if store.platform().route(kind, address).await?.is_none() {
            let route = Route { kind: kind.to_owned(), address: address.clone(), tenant_id: *tenant, channel_id: channel.id };
            store.platform().add_route(&route, clock.now()).await?;
        }
    }
    Ok(())
}

pub(crate) fn channel(clock: &Clock, point: &ServicePoint, kind: ChannelKind) -> Channel {
    Channel {
        id: clock.id(),
        service_point_id: point.id,
        kind,
        state: ChannelState::Active,
        cause: None,
        paused_until: None,
        phone_number_id: None,
        waba_id: None,
        access_token: None,
        app_secret: None,
        last_inbound_at: None,
        last_outbound_at: None,
        removed_at: None,
        created_at: clock.now(),
    }
}

pub(crate) async fn free_slug(store: &Store, name: &str) -> anyhow::Result<String> {
    let plain: String = options::plain(name).chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let base = plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let base = if base.is_empty() { "negocio".to_owned() } else { base };
    // With many of one name, whoever founds another must not ask for each of them.
    let (second, random) = (format!("{base}-2"), format!("{base}-{}", hex::encode(rand::random::<[u8; 4]>())));
    for slug in [base, second] {
        if store.platform().tenant_by_slug(&slug).await?.is_none() {
            return Ok(slug);
        }
    }
    Ok(random)
}
