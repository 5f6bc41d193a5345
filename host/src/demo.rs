//! The demo: two businesses with a catalogue, on this machine only, without a network.

mod people;

use std::net::SocketAddr;

use relevo_model::*;
use relevo_store::{Product, Write};
use secrecy::ExposeSecret;

use crate::{
    app::Parts,
    settings::Settings,
    tenants::{self, Number},
};

const TIME_ZONE: &str = "America/Argentina/Buenos_Aires";

struct DemoTenant {
    slug: &'static str,
    name: &'static str,
    /// Name and phone_number_id of each service point.
    points: &'static [(&'static str, &'static str)],
}

const TENANTS: &[DemoTenant] = &[
    DemoTenant { slug: "demo", name: "Almacén Demo", points: &[("Centro", "100000000000001"), ("Norte", "100000000000002")] },
    DemoTenant { slug: "sector7", name: "Sector 7", points: &[("Principal", "200000000000001")] },
];

/// SKU, title, description, price in minor units, stock, popularity.
type Offer = (&'static str, &'static str, &'static str, i64, Option<i64>, i64);

const CATALOGUE: &[Offer] = &[
    ("YER-1K", "Yerba mate 1 kg", "Molienda tradicional, con palo.", 480_000, Some(40), 95),
    ("AZU-1K", "Azúcar 1 kg", "Común tipo A.", 145_000, Some(60), 60),
    ("CAF-500", "Café molido 500 g", "Tostado natural, para filtro.", 890_000, Some(18), 72),
    ("ACE-900", "Aceite de girasol 900 ml", "Botella.", 268_000, Some(35), 55),
    ("ARR-1K", "Arroz largo fino 1 kg", "Bolsa.", 172_000, Some(50), 41),
    ("FID-500", "Fideos tirabuzón 500 g", "De sémola.", 118_000, Some(80), 48),
    ("HAR-1K", "Harina 000 1 kg", "De trigo.", 98_000, Some(45), 33),
    ("LEC-1L", "Leche entera 1 l", "Larga vida.", 156_000, Some(70), 88),
    ("DUL-400", "Dulce de leche 400 g", "Repostero.", 315_000, Some(22), 79),
    ("GAL-300", "Galletitas de agua 300 g", "Tres paquetes.", 134_000, None, 37),
    ("VIN-750", "Vino Malbec 750 ml", "Reserva.", 1_250_000, Some(1), 66),
    ("AGU-2L", "Agua mineral 2 l", "Sin gas.", 99_000, Some(0), 52),
];

/// What a person needs to know to try the demo.
pub struct Demo {
    generated: Vec<(&'static str, String)>,
    logins: Vec<people::Login>,
}

/// Makes what is missing of the demo; what is there stays as it is.
pub async fn fill(parts: &Parts, settings: &Settings) -> anyhow::Result<Demo> {
    let others: Vec<String> = parts.store.platform().tenants().await?.into_iter().filter(|tenant| !tenant.demo).map(|tenant| tenant.slug).collect();
    anyhow::ensure!(
        others.is_empty(),
        "this data belongs to other businesses ({}): the demo wants a folder or a database of its own; set RELEVO_DATA or DATABASE_URL",
        others.join(", ")
    );
    for tenant in TENANTS {
        fill_tenant(parts, tenant).await?;
    }
    let generated = settings.generated.iter().map(|(name, secret)| (*name, secret.expose_secret().to_owned())).collect();
    let logins = people::fill(&parts.door, settings).await?;
    Ok(Demo { generated, logins })
}

async fn fill_tenant(parts: &Parts, demo: &DemoTenant) -> anyhow::Result<()> {
    let (store, clock) = (&parts.store, &parts.clock);
    let (tenant, cell) = store.create_tenant(clock, demo.slug, demo.name, true).await?;
    if tenant.state == TenantState::Active {
        return Ok(());
    }
    let mut channels = Vec::new();
    if cell.read().await?.business().await?.is_none() {
        let mut write = cell.write().await?;
        write.add_business(demo.name, "ARS", "es").await?;
        for (name, phone_number_id) in demo.points {
            let point = tenants::service_point(clock, name, None, TIME_ZONE);
            write.add_service_point(&point).await?;
            tenants::add_simulator(&mut write, clock, &point).await?;
            let number = Number { phone_number_id, access_token: "demo-token", app_secret: None, waba_id: None };
            tenants::add_number(&mut write, &cell, clock, &point, &number).await?;
            tenants::attach(&mut write, clock, &point, "storefront").await?;
        }
        fill_catalogue(&mut write, clock).await?;
        write.commit().await?;
    }
    channels.extend(cell.read().await?.channels().await?);
    for channel in &channels {
        tenants::add_routes(store, clock, &tenant.id, channel).await?;
    }
    store.platform().set_tenant_state(&tenant.id, TenantState::Active).await?;
    Ok(())
}

async fn fill_catalogue(write: &mut Write, clock: &Clock) -> anyhow::Result<()> {
    for (sku, title, description, price_minor, stock, popularity) in CATALOGUE {
        let product = Product {
            id: clock.id(),
            sku: (*sku).to_owned(),
            title: (*title).to_owned(),
            description: (*description).to_owned(),
            price_minor: *price_minor,
            currency: "ARS".to_owned(),
            image: None,
            active: true,
            stock: *stock,
            popularity: *popularity,
            version: 1,
            created_at: clock.now(),
        };
        write.add_product(&product).await?;
    }
    Ok(())
}

impl Demo {
    pub fn print(&self, address: SocketAddr) {
        println!("\nRelevo demo");
        println!("  Open        http://{address}/");
        println!("  Businesses  {}", TENANTS.iter().map(|tenant| tenant.name).collect::<Vec<_>>().join(", "));
        println!("  Webhook     http://{address}/webhook  (phone_number_id 100000000000001, 100000000000002, 200000000000001)");
        self.logins.iter().for_each(people::Login::print);
        for (name, secret) in &self.generated {
            println!("  {name}  {secret}");
        }
        println!();
    }
}
