//! What a test begins with.

use std::{future::IntoFuture, pin::Pin, sync::Mutex};

use relevo::tenants::{self, Number};
use relevo_model::*;
use relevo_store::{Install, Json, Product, Store};
use relevo_testbed::{
    graph::{FakeGraph, GraphOptions, StatusPlan},
    webhook::Ids,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Database, Inner, Node, Outside, Place, TestApp, TestTenant};

/// 2025-06-15T15:06:40Z.
const BEGINNING: Time = Time(1_750_000_000_000);
pub const WRONG_SECRET: &str = "not-the-secret";

pub struct Setup {
    database: Database,
    tenants: Vec<Plan>,
    settings: NodeSettings,
    statuses: StatusPlan,
}

/// What each process is started with.
#[derive(Clone)]
pub struct NodeSettings {
    pub verify_token: Option<String>,
    pub platform_secret: Option<String>,
    pub signature_optional: bool,
    /// What a caller of the API may ask is limited.
    pub limited: bool,
    /// The mail server; without one links are shown.
    pub smtp: Option<String>,
}

struct Plan {
    slug: String,
    own_secret: bool,
    flows: Vec<(String, Value)>,
    burst_ms: i64,
    policy: UncertainPolicy,
    products: Vec<(&'static str, &'static str, i64, Option<i64>)>,
}

impl Setup {
    pub fn new(database: Database) -> Self {
        let settings = NodeSettings {
            verify_token: Some("verify-me".into()),
            platform_secret: Some("platform-secret".into()),
            signature_optional: false,
            limited: false,
            smtp: None,
        };
        Self { database, tenants: Vec::new(), settings, statuses: StatusPlan::none() }
    }

    /// A business with one service point, which has a number and a secret of its own. What follows is about it.
    pub fn tenant(mut self, slug: &str) -> Self {
        self.tenants.push(Plan { slug: slug.into(), own_secret: true, flows: Vec::new(), burst_ms: 0, policy: UncertainPolicy::Ask, products: Vec::new() });
        self
    }

    /// Attaches a flow, after those that are attached already.
    pub fn flow(self, plugin: &str) -> Self {
        self.flow_with(plugin, json!({}))
    }

    pub fn flow_with(mut self, plugin: &str, config: Value) -> Self {
        self.last().flows.push((plugin.into(), config));
        self
    }

    pub fn burst(mut self, milliseconds: i64) -> Self {
        self.last().burst_ms = milliseconds;
        self
    }

    /// What nobody can tell the fate of is sent again.
    pub fn resends(mut self) -> Self {
        self.last().policy = UncertainPolicy::Resend;
        self
    }

    /// SKU, title, price in minor units, stock.
    pub fn product(mut self, sku: &'static str, title: &'static str, price_minor: i64, stock: Option<i64>) -> Self {
        self.last().products.push((sku, title, price_minor, stock));
        self
    }

    /// Its webhooks are signed with META_APP_SECRET.
    pub fn without_own_secret(mut self) -> Self {
        self.last().own_secret = false;
        self
    }

    pub fn signature_optional(mut self) -> Self {
        self.settings.signature_optional = true;
        self
    }

    /// What a caller of the API may ask is limited, as it is outside of tests.
    pub fn limited(mut self) -> Self {
        self.settings.limited = true;
        self
    }

    /// Links go out by this mail server.
    pub fn smtp(mut self, url: String) -> Self {
        self.settings.smtp = Some(url);
        self
    }

    /// META_APP_SECRET is not set.
    pub fn without_platform_secret(mut self) -> Self {
        self.settings.platform_secret = None;
        self
    }

    pub fn statuses(mut self, plan: StatusPlan) -> Self {
        self.statuses = plan;
        self
    }

    fn last(&mut self) -> &mut Plan {
        self.tenants.last_mut().expect("name a tenant first")
    }

    async fn start(self) -> TestApp {
        // Whichever test comes first installs it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let place = Place::make(self.database).await;
        let clock = Clock::standing(BEGINNING, 0);
        let store = Store::open(place.settings()).await.expect("the store opens");
        let mut made = Vec::new();
        for (at, plan) in self.tenants.iter().enumerate() {
            made.push(plan.make(&store, &clock, at, &self.settings).await);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let options = GraphOptions {
            webhook: Some(format!("http://{address}/webhook")),
            app_secret: made.first().map_or_else(String::new, |tenant| tenant.secret.clone()),
            statuses: self.statuses,
            ..GraphOptions::default()
        };
        let graph = FakeGraph::start(options).expect("the fake Graph API starts");
        let inner = Inner {
            clock,
            graph,
            outside: Outside::start().await,
            place,
            tenants: made,
            settings: self.settings,
            ids: Ids::seeded(1),
            nodes: Mutex::default(),
            leaves_work: false.into(),
        };
        let node = Node::serve(&inner, Some(store), listener).await;
        inner.nodes.lock().expect("nobody else has it yet").push(Some(node));
        TestApp(inner.into())
    }
}

impl IntoFuture for Setup {
    type Output = TestApp;
    type IntoFuture = Pin<Box<dyn Future<Output = TestApp> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

impl Plan {
    async fn make(&self, store: &Store, clock: &Clock, at: usize, settings: &NodeSettings) -> TestTenant {
        let number = format!("10000000000000{}", at + 1);
        let secret = format!("{}-app-secret-canary", self.slug);
        let token = format!("{}-access-token-canary", self.slug);
        let (tenant, cell) = store.create_tenant(clock, &self.slug, &self.slug, false).await.expect("the tenant is made");
        let mut write = cell.write().await.expect("the cell is written");
        write.add_business(&self.slug, "ARS", "es").await.expect("the business is added");
        let mut point = tenants::service_point(clock, "Centro", None, "America/Argentina/Buenos_Aires");
        point.burst_ms = self.burst_ms;
        point.uncertain_policy = self.policy;
        write.add_service_point(&point).await.expect("the service point is added");
        let own_secret = self.own_secret.then_some(secret.as_str());
        let with = Number { phone_number_id: &number, access_token: &token, app_secret: own_secret, waba_id: None };
        let channel = tenants::add_number(&mut write, &cell, clock, &point, &with).await.expect("the number is added");
        for (position, (plugin, config)) in (1..).zip(&self.flows) {
            let install = Install {
                id: clock.id(),
                service_point_id: point.id,
                plugin_id: plugin.clone(),
                version: "0.1.0".into(),
                position,
                config: Json(config.clone()),
                enabled: true,
                created_at: clock.now(),
            };
            write.add_install(&install).await.expect("the flow is attached");
        }
        for (popularity, (sku, title, price_minor, stock)) in (0..).zip(self.products.iter().rev()) {
            let product = Product {
                id: clock.id(),
                sku: (*sku).into(),
                title: (*title).into(),
                description: String::new(),
                price_minor: *price_minor,
                currency: "ARS".into(),
                image: None,
                active: true,
                stock: *stock,
                popularity,
                version: 1,
                created_at: clock.now(),
            };
            write.add_product(&product).await.expect("the product is added");
        }
        write.commit().await.expect("all of it is committed");
        tenants::add_routes(store, clock, &tenant.id, &channel).await.expect("the number is routed");
        store.platform().set_tenant_state(&tenant.id, TenantState::Active).await.expect("the tenant is active");
        let secret = if self.own_secret { secret } else { settings.platform_secret.clone().unwrap_or_default() };
        TestTenant { id: tenant.id, slug: self.slug.clone(), number, secret, point: point.id, channel: channel.id }
    }
}
