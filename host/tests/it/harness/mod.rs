//! A host under test: built in a sentence, talked to as customers and agents do, and at its end nothing may be left over.

mod chat;
mod database;
mod node;
mod outside;
mod setup;

use std::{
    fmt::Debug,
    net::SocketAddr,
    ops::Deref,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use relevo::app::App;
use relevo_model::*;
use relevo_store::Cell;
use relevo_testbed::{
    graph::FakeGraph,
    http::Answer,
    webhook::{Ids, Payload, Sender},
};

pub use chat::{Agent, Chat};
pub use database::{Database, Place};
pub use node::{Node, PANEL, example};
pub use outside::Outside;
pub use setup::{NodeSettings, Setup, WRONG_SECRET};

/// How long a test waits for what it expects.
const PATIENCE: Duration = Duration::from_secs(20);

/// One test on SQLite and one on Postgres.
macro_rules! both_engines {
    ($(async fn $name:ident($setup:ident: $kind:ty) $body:block)+) => {$(
        async fn $name($setup: $kind) $body

        mod $name {
            use $crate::harness::{Database, Setup};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(Setup::new(Database::Sqlite)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(Setup::new(Database::Postgres)).await;
            }
        }
    )+};
}
pub(crate) use both_engines;

/// A host under test. Clones are the same one; the last one to go looks for what is left over.
#[derive(Clone)]
pub struct TestApp(Arc<Inner>);

pub struct Inner {
    pub clock: Clock,
    pub graph: FakeGraph,
    pub outside: Outside,
    pub place: Place,
    pub tenants: Vec<TestTenant>,
    settings: NodeSettings,
    ids: Ids,
    nodes: Mutex<Vec<Option<Node>>>,
    leaves_work: AtomicBool,
}

/// A business as the tests made it.
#[derive(Clone, Debug)]
pub struct TestTenant {
    pub id: TenantId,
    pub slug: String,
    pub number: String,
    pub secret: String,
    pub point: ServicePointId,
    pub channel: ChannelId,
}

impl Deref for TestApp {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl TestApp {
    pub fn tenant(&self, slug: &str) -> &TestTenant {
        self.tenants.iter().find(|tenant| tenant.slug == slug).expect("a tenant of this test")
    }

    pub fn acme(&self) -> &TestTenant {
        &self.tenants[0]
    }

    /// Someone with this number who writes to the first business.
    pub fn customer(&self, phone: &str) -> Chat {
        self.customer_of("acme", phone)
    }

    pub fn customer_of(&self, tenant: &str, phone: &str) -> Chat {
        Chat::new(self.clone(), self.tenant(tenant).clone(), phone)
    }

    pub fn agent(&self, name: &str) -> Agent {
        Agent { app: self.clone(), name: name.to_owned() }
    }

    /// The process on this place.
    pub fn node(&self, at: usize) -> App {
        self.nodes.lock().expect("no test panics in here")[at].as_ref().expect("this node runs").app.clone()
    }

    pub fn address(&self, node: usize) -> SocketAddr {
        self.nodes.lock().expect("no test panics in here")[node].as_ref().expect("this node runs").address
    }

    pub fn url(&self, node: usize, path: &str) -> String {
        format!("http://{}{path}", self.address(node))
    }

    /// Starts one more process on the same data.
    pub async fn add_node(&self) -> usize {
        let node = Node::start(self, None, None).await;
        let mut nodes = self.nodes.lock().expect("no test panics in here");
        nodes.push(Some(node));
        nodes.len() - 1
    }

    /// Ends a process as SIGTERM does; what it had begun is finished first, for so long at most.
    pub async fn stop(&self, node: usize) {
        self.stop_within(node, Duration::from_secs(10)).await;
    }

    pub async fn stop_within(&self, node: usize, patience: Duration) {
        let stopped = self.nodes.lock().expect("no test panics in here")[node].take().expect("this node runs");
        let address = stopped.close(patience).await;
        self.place.remember(node, address);
    }

    /// Starts a stopped process again, at the same address.
    pub async fn start(&self, node: usize) {
        let started = Node::start(self, None, self.place.recall(node)).await;
        self.nodes.lock().expect("no test panics in here")[node] = Some(started);
    }

    pub async fn restart(&self) {
        self.stop(0).await;
        self.start(0).await;
    }

    /// A cell, as the first process that runs sees it.
    pub async fn cell(&self, tenant: &TestTenant) -> Cell {
        let app = self.apps().into_iter().next().expect("a node runs");
        app.store.cell(&tenant.id).await.expect("the cell opens")
    }

    pub fn apps(&self) -> Vec<App> {
        self.nodes.lock().expect("no test panics in here").iter().flatten().map(|node| node.app.clone()).collect()
    }

    pub fn ids(&self) -> &Ids {
        &self.ids
    }

    /// Posts a webhook, signed with the tenant's secret.
    pub async fn post(&self, tenant: &TestTenant, payload: &Payload) -> u16 {
        self.post_to(0, &tenant.secret, payload).await.status
    }

    pub async fn post_to(&self, node: usize, secret: &str, payload: &Payload) -> Answer {
        let sender = Sender::new(&self.url(node, "/webhook"), secret).expect("the address is http");
        sender.post(payload).await.expect("the host answers")
    }

    pub async fn post_raw(&self, body: &[u8], signature: Option<&str>) -> u16 {
        let sender = Sender::new(&self.url(0, "/webhook"), "").expect("the address is http");
        sender.post_raw(body, signature).await.expect("the host answers").status
    }

    /// Waits until no turn and no message waits anywhere.
    pub async fn settled(&self) {
        until_equal(Vec::new(), || self.leftovers()).await;
    }

    /// What waits, in words.
    async fn leftovers(&self) -> Vec<String> {
        let mut left = Vec::new();
        for app in self.apps() {
            for business in app.open_businesses().await {
                let (turns, outbox) = business.depth();
                if turns + outbox > 0 {
                    left.push(format!("lanes of {}: {turns} turns, {outbox} messages", business.cell.tenant()));
                }
            }
        }
        if !left.is_empty() {
            return left;
        }
        let Some(app) = self.apps().into_iter().next() else { return left };
        for tenant in &self.tenants {
            let cell = app.store.cell(&tenant.id).await.expect("the cell opens");
            let mut read = cell.read().await.expect("the cell is read");
            left.extend(read.turns().pending(None, 9).await.expect("turns are read").iter().map(|turn| format!("{}: {turn:?}", tenant.slug)));
            left.extend(read.outbox().waiting(None, 9).await.expect("the outbox is read").iter().map(|row| format!("{}: {row:?}", tenant.slug)));
        }
        left
    }

    /// This test ends in the middle of things.
    pub fn leaves_work(&self) {
        self.leaves_work.store(true, Ordering::Relaxed);
    }

    /// A number from a tenant's own tables.
    pub async fn count(&self, tenant: &TestTenant, sql: &str) -> i64 {
        self.place.number(Some(&tenant.id), sql).await
    }
}

/// Waits until it holds; panics after a while.
pub async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Waits until the two are equal; panics with both after a while.
pub async fn until_equal<T: PartialEq + Debug, F: Future<Output = T>>(wanted: T, found: impl Fn() -> F) {
    let began = Instant::now();
    loop {
        let now = found().await;
        if now == wanted {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {wanted:?}, it stayed {now:?}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let failing = std::thread::panicking();
        let nodes: Vec<Node> = self.nodes.get_mut().map(|nodes| nodes.drain(..).flatten().collect()).unwrap_or_default();
        let (tenants, place, tolerant) = (&self.tenants, &mut self.place, self.leaves_work.load(Ordering::Relaxed) || failing);
        let left = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let patience = if tolerant { Duration::ZERO } else { Duration::from_secs(10) };
                for node in nodes {
                    node.close(patience).await;
                }
                let mut left = 0;
                for tenant in tenants.iter().filter(|_| !tolerant) {
                    left += place.number(Some(&tenant.id), "SELECT COUNT(*) FROM turns WHERE state = 'pending'").await;
                    left += place.number(Some(&tenant.id), "SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'sending', 'uncertain')").await;
                }
                place.remove().await;
                left
            })
        });
        assert!(tolerant || left == 0, "{left} turns or messages are left over");
    }
}
