//! The process: the store, the plugins, and the businesses that are at work here.

use std::{
    collections::HashMap,
    ops::Deref,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::extract::FromRef;
use relevo_model::*;
use relevo_store::{Route, Store};
use tokio::sync::{RwLock, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    channels::cloud_api::client::Graph, console::photos, conversation::business::Business, egress::Egress, http::api::Rates, identity::Door, mail::Post,
    media::Media, plugins::Plugins, settings::Settings, telemetry::Meters,
};

/// A lease holds this long without being renewed; it is renewed three times in that.
const LEASE: Duration = Duration::from_secs(15);
/// A business with nothing to do rests after this.
const RESTS: Duration = Duration::from_secs(60);
/// What another node changed about the ways in is noticed after this at the latest.
const ROUTES: Duration = Duration::from_secs(30);
/// What has ended at the door is dropped this often.
const SWEEPS: Duration = Duration::from_secs(3_600);

#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What an app is made of.
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub door: Door,
    pub plugins: Plugins,
    pub media: Media,
    /// None delivers what goes to the Cloud API to the simulator.
    pub graph: Option<Graph>,
    pub egress: Egress,
    pub meters: Meters,
    /// Whether this node runs timers.
    pub jobs: bool,
    pub webhooks: WebhookSettings,
    /// What this process was started with, for the page that looks it over.
    pub settings: Arc<Settings>,
    /// Sends mails; none where links are shown to whoever made them.
    pub mail: Option<Post>,
    /// How much a caller of the API may ask.
    pub rates: Rates,
    /// Whether the clock may be advanced from a page.
    pub demo: bool,
}

pub struct WebhookSettings {
    pub verify_token: Option<String>,
    pub app_secret: Option<String>,
    /// A webhook without a signature is taken; one with a wrong signature never is.
    pub signature_optional: bool,
}

pub struct Inner {
    parts: Parts,
    pub node: NodeId,
    /// Cancelled when the process is to end: nothing new is begun.
    pub closing: CancellationToken,
    /// Everything that must be through before it ends.
    pub tasks: TaskTracker,
    businesses: RwLock<HashMap<TenantId, Arc<Business>>>,
    routes: RwLock<HashMap<(String, String), (Route, Instant)>>,
    others: mpsc::UnboundedSender<TenantId>,
}

impl Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Deref for Inner {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl FromRef<App> for Door {
    fn from_ref(app: &App) -> Self {
        app.door.clone()
    }
}

impl App {
    /// Starts the process's own work: whatever is awake or due is opened, leases are kept, businesses that rest are let go.
    pub async fn start(parts: Parts) -> anyhow::Result<Self> {
        let node = parts.clock.id();
        let (others, told) = mpsc::unbounded_channel();
        let app = Self(Arc::new(Inner {
            parts,
            node,
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            businesses: RwLock::default(),
            routes: RwLock::default(),
            others,
        }));
        if app.jobs {
            if let Err(error) = crate::console::business::finish_founded(&app).await {
                tracing::error!(%error, "businesses that were begun could not be finished; the next start tries again");
            }
            app.open_due().await?;
        }
        // Waited for when the process ends: a lease that is renewed after it was let go of would keep other nodes out.
        app.tasks.spawn(app.clone().keep());
        tokio::spawn(crate::cluster::tell(app.clone(), told));
        tokio::spawn(crate::cluster::hear(app.clone()));
        Ok(app)
    }

    /// A business, opened if it is not. Where several nodes share it, it may be another one's to work.
    pub async fn business(&self, id: &TenantId) -> anyhow::Result<Arc<Business>> {
        if let Some(business) = self.businesses.read().await.get(id) {
            return Ok(Arc::clone(business));
        }
        let mut businesses = self.businesses.write().await;
        if let Some(business) = businesses.get(id) {
            return Ok(Arc::clone(business));
        }
        let business = Business::open(self, self.store.cell(id).await?).await?;
        businesses.insert(*id, Arc::clone(&business));
        drop(businesses);
        self.claim(&business).await?;
        Ok(business)
    }

    /// The business that an outside address belongs to.
    pub async fn route(&self, kind: &str, address: &str) -> anyhow::Result<Option<Route>> {
        let key = (kind.to_owned(), address.to_owned());
        if let Some((route, at)) = self.routes.read().await.get(&key)
            && at.elapsed() < ROUTES
        {
            return Ok(Some(route.clone()));
        }
        let Some(route) = self.store.platform().route(kind, address).await? else {
            self.routes.write().await.remove(&key);
            return Ok(None);
        };
        self.routes.write().await.insert(key, (route.clone(), Instant::now()));
        Ok(Some(route))
    }

    /// An outside address leads elsewhere, or nowhere, from now on.
    pub async fn forget_route(&self, kind: &str, address: &str) {
        self.routes.write().await.remove(&(kind.to_owned(), address.to_owned()));
    }

    /// Has a business that is open here work with its configuration as it is now. One that is not reads it when it opens.
    pub async fn refresh(&self, tenant: &TenantId) {
        let Some(business) = self.businesses.read().await.get(tenant).cloned() else { return };
        if let Err(error) = business.reload().await {
            tracing::error!(%tenant, error = format!("{error:#}"), "a changed configuration could not be read; it is read with the next turn");
        }
    }

    /// A business that is open here.
    pub async fn opened(&self, tenant: &TenantId) -> Option<Arc<Business>> {
        self.businesses.read().await.get(tenant).cloned()
    }

    /// All businesses that are open here.
    pub async fn open_businesses(&self) -> Vec<Arc<Business>> {
        self.businesses.read().await.values().cloned().collect()
    }

    /// Lets other nodes know, after a commit, that something waits in this cell.
    pub fn tell_others(&self, tenant: TenantId) {
        if self.store.is_shared() {
            // Nobody listening means that the process ends.
            let _ = self.others.send(tenant);
        }
    }

    /// Takes or renews the lease, where there are leases, and begins or ends to work the cell.
    pub(crate) async fn claim(&self, business: &Arc<Business>) -> anyhow::Result<()> {
        if !self.store.is_shared() {
            if !business.is_owner() {
                business.own(None).await?;
            }
            return Ok(());
        }
        if !self.jobs || self.closing.is_cancelled() {
            return Ok(());
        }
        let (tenant, now) = (business.cell.tenant(), self.clock.now());
        match self.store.platform().lease(&tenant, &self.node, now, now.after(LEASE)).await? {
            Some(epoch) if !business.is_owner() => {
                tracing::info!(%tenant, epoch, "this node works the cell now");
                business.own(Some(epoch)).await?;
            }
            Some(_) => {}
            None if business.is_owner() => {
                tracing::warn!(%tenant, "another node works the cell now");
                business.disown();
            }
            None => {}
        }
        Ok(())
    }

    async fn open_due(&self) -> anyhow::Result<()> {
        for tenant in self.store.platform().awake_or_due(self.clock.now()).await? {
            if let Err(error) = self.business(&tenant).await {
                tracing::error!(%tenant, error = format!("{error:#}"), "a business could not be opened; it is tried again");
            }
        }
        Ok(())
    }

    async fn keep(self) {
        let mut every = tokio::time::interval(LEASE / 3);
        let mut swept: Option<Instant> = None;
        loop {
            tokio::select! {
                _ = every.tick() => {}
                () = self.closing.cancelled() => return,
            }
            if self.jobs
                && let Err(error) = self.open_due().await
            {
                tracing::error!(error = format!("{error:#}"), "due businesses could not be looked up");
            }
            if self.jobs && swept.is_none_or(|at| at.elapsed() > SWEEPS) {
                swept = Some(Instant::now());
                if let Err(error) = self.door.forget_ended().await {
                    tracing::error!(%error, "sessions and links that have ended could not be dropped");
                }
                if let Err(error) = photos::forget_uploads(&self).await {
                    tracing::error!(error = format!("{error:#}"), "uploads that nobody took over could not be dropped");
                }
            }
            for business in self.open_businesses().await {
                if let Err(error) = self.claim(&business).await {
                    tracing::error!(tenant = %business.cell.tenant(), error = format!("{error:#}"), "a lease could not be renewed");
                }
                if let Err(error) = business.keep_runs().await {
                    tracing::error!(tenant = %business.cell.tenant(), %error, "how plugins ran could not be kept; it is tried again");
                }
                if let Err(error) = business.forget_old().await {
                    tracing::error!(tenant = %business.cell.tenant(), error = format!("{error:#}"), "old journals could not be dropped");
                }
            }
            self.rest_idle().await;
        }
    }

    /// Lets businesses go that have nothing to do. Whoever holds one keeps it here.
    async fn rest_idle(&self) {
        let mut businesses = self.businesses.write().await;
        let idle: Vec<TenantId> = businesses
            .iter()
            .filter(|(_, business)| Arc::strong_count(business) == 1 && business.is_idle(self.clock.now(), RESTS))
            .map(|(id, _)| *id)
            .collect();
        for id in idle {
            let Some(business) = businesses.get(&id) else { continue };
            let rested = if business.is_owner() { rest(business).await } else { Ok(()) };
            match rested {
                Ok(()) => {
                    businesses.remove(&id);
                    if self.store.is_shared() {
                        drop(self.store.platform().release(&id, &self.node).await);
                    }
                }
                Err(error) => tracing::error!(tenant = %id, %error, "a business could not be put to rest"),
            }
        }
    }

    /// Ends in order: nothing new is begun, what is under way is finished, for so long at most.
    pub async fn close(&self, patience: Duration) {
        self.closing.cancel();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!("not everything was finished in time; it goes on at the next start");
        }
        for business in self.open_businesses().await {
            if let Err(error) = business.keep_runs().await {
                tracing::warn!(tenant = %business.cell.tenant(), %error, "how plugins ran lately could not be kept");
            }
        }
        if self.store.is_shared() {
            for business in self.open_businesses().await {
                drop(self.store.platform().release(&business.cell.tenant(), &self.node).await);
            }
        }
    }
}

/// Nothing of it is in memory alone when it rests.
async fn rest(business: &Business) -> relevo_store::Result<()> {
    business.keep_runs().await?;
    business.cell.rest().await.map(|_| ())
}
