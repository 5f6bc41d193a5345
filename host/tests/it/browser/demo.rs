//! The demo in this process: its own businesses on SQLite, behind the real router on a free port.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::Router;
use relevo::{
    app::{App, Parts, WebhookSettings},
    demo,
    egress::{Egress, EgressSettings},
    http::{self, api::Rates},
    identity::Door,
    media::Media,
    plugins::Plugins,
    settings::{ServeArgs, Settings},
    telemetry,
};
use relevo_model::*;
use relevo_sandbox::{Engine, EngineSettings};
use relevo_store::{Cell, Membership, Store, User};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::OnceCell, task::JoinHandle};

use crate::harness::until;

/// Who is in the demo from the beginning, in its first business.
pub const AGENT: &str = "agent@demo.com";
pub const PASSWORD: &str = "admin123";

pub struct Demo {
    pub app: App,
    pub router: Router,
    address: SocketAddr,
    folder: TempDir,
    server: JoinHandle<()>,
}

impl Demo {
    pub async fn start() -> Self {
        Self::start_as(true).await
    }

    /// The same businesses in a process that is not the demo.
    pub async fn start_as(is_demo: bool) -> Self {
        // Whichever test comes first installs it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let folder = tempfile::tempdir().expect("a folder can be made");
        let arguments = ServeArgs { demo: true, data: Some(folder.path().join("data")), ..ServeArgs::default() };
        let settings = Settings::load_from(&arguments, |_| None, "").expect("the demo needs no settings");
        let store = Store::open(&settings.store()).await.expect("the store opens");
        let clock = Clock::system();
        let media_key = store.derive("media");
        let mut parts = Parts {
            door: Door::new(store.clone(), Clock::system(), &settings.door()),
            store,
            clock,
            media: Media::on_disk(&settings.data.join("media"), media_key).expect("the folder is made"),
            plugins: plugins().await,
            graph: None,
            egress: Egress::new(EgressSettings::default()),
            meters: telemetry::metrics().expect("meters are made"),
            jobs: true,
            webhooks: WebhookSettings { verify_token: None, app_secret: None, signature_optional: false },
            rates: Rates::unlimited(),
            settings: Arc::new(settings.clone()),
            mail: None,
            demo: true,
        };
        demo::fill(&parts, &settings).await.expect("the demo is filled");
        parts.demo = is_demo;
        let app = App::start(parts).await.expect("the app starts");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let (address, router) = (listener.local_addr().expect("it is bound"), http::router(app.clone()));
        let serving = axum::serve(listener, router.clone());
        let server = tokio::spawn(async move { serving.await.expect("it listens until it is ended") });
        Self { app, router, address, folder, server }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn cell(&self) -> Cell {
        let tenant = self.app.store.platform().tenant_by_slug("demo").await.expect("tenants are read").expect("the demo has this one");
        self.app.store.cell(&tenant.id).await.expect("the cell opens")
    }

    /// Makes an owner of the first business, who logs in with the same password as the demo's agent.
    pub async fn owner(&self, name: &str) -> &'static str {
        const EMAIL: &str = "owner@demo.com";
        let hash = self.app.door.passwords.hash(&PASSWORD.into()).await.expect("it is hashed");
        let (clock, tenant) = (&self.app.clock, self.cell().await.tenant());
        let user = User {
            id: clock.id(),
            email: EMAIL.into(),
            name: name.into(),
            password: Some(hash),
            locale: None,
            totp_secret: None,
            totp_since: None,
            totp_step: 0,
            operator: true,
            created_at: clock.now(),
        };
        let membership = Membership { user_id: user.id, tenant_id: tenant, role: Role::Owner, reach: Reach::All, created_at: clock.now() };
        let mut write = self.app.store.platform().write().await.expect("the platform is written");
        write.add_user(&user).await.expect("nobody has the address");
        write.save_membership(&membership).await.expect("it is kept");
        write.commit().await.expect("it is committed");
        EMAIL
    }

    /// From now on the agent works at this service point alone.
    pub async fn limits_the_agent_to(&self, point: &str) {
        let tenant = self.cell().await.tenant();
        let point = self.point(point).await.rsplit('/').next().and_then(|id| id.parse::<ServicePointId>().ok()).expect("its address ends in its id");
        let mut write = self.app.store.platform().write().await.expect("the platform is written");
        let user = write.people().by_email(AGENT).await.expect("people are read").expect("the demo has an agent").id;
        let before = write.people().membership(&user, &tenant).await.expect("they are read").expect("the agent works here");
        write.save_membership(&Membership { reach: [point].into_iter().collect(), ..before }).await.expect("it is kept");
        write.commit().await.expect("it is committed");
    }

    /// The address of a service point's page.
    pub async fn point(&self, name: &str) -> String {
        let points = self.cell().await.read().await.expect("the cell is read").service_points().list().await.expect("they are read");
        let point = points.iter().find(|point| point.name == name).expect("the demo has this one");
        format!("/simulator/{}", point.id)
    }

    /// The code of the one order that there is.
    pub async fn the_order(&self) -> String {
        let orders =
            self.cell().await.read().await.expect("the cell is read").orders().list(&relevo_store::OrderFilter::ALL, None, 9).await.expect("orders are read");
        assert_eq!(orders.len(), 1, "one order");
        orders[0].code.clone()
    }

    /// Waits until no turn and no message waits any more.
    pub async fn settled(&self) {
        until("nothing is under way", || async {
            let waits = |depth| depth != (0, 0);
            if self.app.open_businesses().await.iter().any(|business| waits(business.depth())) {
                return false;
            }
            let cell = self.cell().await;
            let mut read = cell.read().await.expect("the cell is read");
            let turns = read.turns().pending(None, 1).await.expect("turns are read");
            turns.is_empty() && read.outbox().waiting(None, 1).await.expect("the outbox is read").is_empty()
        })
        .await;
    }

    /// Makes rows say what only a real network would bring about.
    pub async fn execute(&self, sql: &str) {
        let file = self.folder.path().join("data/tenants").join(format!("{}.db", self.cell().await.tenant()));
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(10));
        let mut conn = SqliteConnection::connect_with(&options).await.expect("the file opens");
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.expect("it runs");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.app.closing.cancel();
        self.server.abort();
    }
}

/// Compiled once for all tests.
async fn plugins() -> Plugins {
    static PLUGINS: OnceCell<Plugins> = OnceCell::const_new();
    PLUGINS
        .get_or_init(|| async {
            let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("relevo-cache");
            let engine = Engine::new(EngineSettings::new(cache, env!("CARGO_BIN_EXE_relevo"))).expect("the engine starts");
            Plugins::load(&engine, &[]).await.expect("the plugins load")
        })
        .await
        .clone()
}
