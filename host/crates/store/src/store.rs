//! Opening the store, and the cells in it.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    str::FromStr,
    sync::{Arc, Mutex},
    time::Duration,
};

use relevo_model::*;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::{
    Cell, Error, Notice, Platform, Result, Tenant,
    base::{Base, Place},
    cell::Listener,
    keys::{self, Key},
    migrate::Kind,
    pg::PgConns,
};

/// Connections of one process to Postgres.
const POSTGRES_CONNECTIONS: u32 = 24;
/// A SQLite connection that nobody used for this long closes.
const UNUSED: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Settings {
    /// Where SQLite files, media and the master key live.
    pub data: PathBuf,
    /// A Postgres address; none for SQLite.
    pub database_url: Option<String>,
    /// 64 hexadecimal digits; without it a key is kept in the data folder, on SQLite only.
    pub master_key: Option<String>,
}

#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    platform: Platform,
    master: Key,
    kind: Engine,
    cells: Mutex<HashMap<TenantId, Cell>>,
}

enum Engine {
    Sqlite(PathBuf),
    Postgres(PgConns),
}

impl Store {
    /// Opens the platform, migrates it, and checks the master key.
    pub async fn open(settings: &Settings) -> Result<Self> {
        make_private(&settings.data)?;
        let (engine, place) = match &settings.database_url {
            None => {
                make_private(&settings.data.join("tenants"))?;
                (Engine::Sqlite(settings.data.clone()), Place::Sqlite(settings.data.join("platform.db")))
            }
            Some(url) => {
                let options = PgConnectOptions::from_str(url).map_err(|error| {
                    Error::Setting(format!("DATABASE_URL is not a Postgres address ({error}): expected postgres://user:password@host:5432/database"))
                })?;
                let conns = PgConns::open(without_needless_tls(options, url), POSTGRES_CONNECTIONS).await?;
                create_schema(&conns, "relevo_platform").await?;
                (Engine::Postgres(conns.clone()), Place::Postgres { conns, schema: "relevo_platform".into() })
            }
        };
        let master = match (&settings.master_key, &engine) {
            (Some(key), _) => Key::from_hex(key)?,
            (None, Engine::Sqlite(_)) => Key::from_file(&settings.data.join("master.key"))?,
            (None, Engine::Postgres(_)) => return Err(keys::KeyError::Required.into()),
        };
        let platform = Platform(Base::new(Kind::Platform, None, place, Box::new(|_| {})));
        platform.0.ready().await?;
        platform.check_key(&master).await?;
        let store = Self(Arc::new(Inner { platform, master, kind: engine, cells: Mutex::default() }));
        tokio::spawn(close_unused(Arc::downgrade(&store.0)));
        Ok(store)
    }

    pub fn platform(&self) -> &Platform {
        &self.0.platform
    }

    /// A key of its own for each purpose, the same as long as the master key is.
    pub fn derive(&self, purpose: &str) -> zeroize::Zeroizing<[u8; 32]> {
        self.0.master.derive(purpose)
    }

    /// Seals what belongs to the platform, not to a tenant.
    pub fn seal(&self, place: keys::Place<'_>, plain: &[u8]) -> Vec<u8> {
        self.0.master.seal(&crate::platform::nobody(), place, plain)
    }

    pub fn open_sealed(&self, place: keys::Place<'_>, sealed: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>> {
        Ok(self.0.master.open(&crate::platform::nobody(), place, sealed)?)
    }

    /// True where several nodes may work on the same cells, so that leases decide.
    pub fn is_shared(&self) -> bool {
        matches!(self.0.kind, Engine::Postgres(_))
    }

    /// The cell of a tenant. Its tables are made or brought up to date at its first use.
    pub async fn cell(&self, id: &TenantId) -> Result<Cell> {
        if let Some(cell) = self.0.cells.lock().expect("nothing panics while it holds the cells").get(id) {
            return Ok(cell.clone());
        }
        let tenant = self.0.platform.tenant(id).await?.ok_or_else(|| Error::NoTenant(id.to_string()))?;
        let cell = self.open_cell(&tenant).await?;
        Ok(self.0.cells.lock().expect("nothing panics while it holds the cells").entry(*id).or_insert(cell).clone())
    }

    async fn open_cell(&self, tenant: &Tenant) -> Result<Cell> {
        let key = Key::from_bytes(&self.0.master.open(&tenant.id, key_place(), &tenant.sealed_key)?)?;
        let place = match &self.0.kind {
            Engine::Sqlite(data) => Place::Sqlite(data.join("tenants").join(format!("{}.db", tenant.id))),
            Engine::Postgres(conns) => {
                let schema = format!("t_{}", tenant.id.as_str().replace('-', ""));
                create_schema(conns, &schema).await?;
                Place::Postgres { conns: conns.clone(), schema }
            }
        };
        let listener: Arc<Mutex<Option<Listener>>> = Arc::default();
        let notify = {
            let listener = Arc::clone(&listener);
            Box::new(move |notices: Vec<Notice>| {
                let listener = listener.lock().expect("nothing panics while it holds the listener").clone();
                if let Some(listener) = listener {
                    listener(notices);
                }
            })
        };
        Ok(Cell::new(Base::new(Kind::Tenant, Some(tenant.id), place, notify), key, self.0.platform.clone(), listener))
    }

    /// Makes a tenant: creating, then its cell, then active. Called again after a crash it goes on where it was.
    pub async fn create_tenant(&self, clock: &Clock, slug: &str, name: &str, demo: bool) -> Result<(Tenant, Cell)> {
        let platform = self.platform();
        let tenant = match platform.tenant_by_slug(slug).await? {
            Some(tenant) => tenant,
            None => {
                let tenant = self.new_tenant(clock, slug, name, demo);
                platform.add_tenant(&tenant).await?;
                tenant
            }
        };
        let cell = self.cell(&tenant.id).await?;
        cell.open().await?;
        Ok((tenant, cell))
    }

    /// A tenant that nobody knows yet, with a key of its own.
    pub fn new_tenant(&self, clock: &Clock, slug: &str, name: &str, demo: bool) -> Tenant {
        let id: TenantId = clock.id();
        let sealed_key = self.0.master.seal(&id, key_place(), Key::random().bytes());
        let (slug, name, state) = (slug.to_owned(), name.to_owned(), TenantState::Creating);
        Tenant { id, slug, name, state, sealed_key, awake: false, next_due_at: None, demo, created_at: clock.now() }
    }

    /// Migrates every cell, eight at once; calls `done` after each.
    pub async fn migrate_all(&self, done: impl Fn(&Tenant)) -> Result<()> {
        use futures::{StreamExt, TryStreamExt};
        let tenants = self.platform().tenants().await?;
        futures::stream::iter(tenants.into_iter().map(|tenant| async move {
            self.cell(&tenant.id).await?.open().await?;
            Ok::<_, Error>(tenant)
        }))
        .buffer_unordered(8)
        .try_for_each(|tenant| {
            done(&tenant);
            std::future::ready(Ok(()))
        })
        .await
    }
}

fn key_place() -> keys::Place<'static> {
    keys::Place { table: "tenants", column: "sealed_key", row: "" }
}

fn make_private(folder: &PathBuf) -> Result<()> {
    let made = fs::create_dir_all(folder).and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o700)));
    made.map_err(|error| {
        Error::Setting(format!("cannot use the data folder {}: {error}. Set RELEVO_DATA to a folder that this user may write", folder.display()))
    })
}

/// On the same machine TLS protects nothing, and costs: sqlx leaves Nagle's algorithm on, and a message that TLS writes in two pieces then
/// waits 40 ms for the first to be acknowledged. Whoever wants it says so in the address.
fn without_needless_tls(options: PgConnectOptions, url: &str) -> PgConnectOptions {
    let local = matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]");
    if local && !url.contains("sslmode=") && !url.contains("ssl-mode=") { options.ssl_mode(PgSslMode::Disable) } else { options }
}

/// Makes a schema whose name is ours: letters, digits and underscores.
async fn create_schema(conns: &PgConns, schema: &str) -> Result<()> {
    let exists: (bool,) =
        sqlx::query_as("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)").bind(schema).fetch_one(&mut *conns.any().await?).await?;
    if exists.0 {
        return Ok(());
    }
    match sqlx::query(sqlx::AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\""))).execute(&mut *conns.any().await?).await {
        Ok(_) => Ok(()),
        // Two nodes may come at the same time; whoever is second finds it made.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn close_unused(store: std::sync::Weak<Inner>) {
    loop {
        tokio::time::sleep(UNUSED / 3).await;
        let Some(store) = store.upgrade() else { return };
        let cells: Vec<Cell> = store.cells.lock().expect("nothing panics while it holds the cells").values().cloned().collect();
        for cell in cells {
            cell.base().close_unused(UNUSED).await;
        }
    }
}

/// The channel of Postgres's notices that something waits in a cell.
const NOTICES: &str = "relevo_cells";

impl Store {
    /// Tells all nodes that something waits in this cell; on its own connection, outside any transaction.
    pub async fn announce(&self, tenant: &TenantId) -> Result<()> {
        if let Engine::Postgres(conns) = &self.0.kind {
            sqlx::query("SELECT pg_notify($1, $2)").bind(NOTICES).bind(tenant.as_str()).execute(&mut *conns.any().await?).await?;
        }
        Ok(())
    }

    /// Notices of other nodes from now on.
    pub async fn listen(&self) -> Result<Notices> {
        let Engine::Postgres(conns) = &self.0.kind else {
            return Err(Error::Setting("a single file has no other nodes to hear".into()));
        };
        // Makes room where all connections are at rest.
        drop(conns.any().await?);
        let mut listener = sqlx::postgres::PgListener::connect_with(conns.pool()).await?;
        listener.listen(NOTICES).await?;
        Ok(Notices(listener))
    }
}

/// What other nodes tell.
pub struct Notices(sqlx::postgres::PgListener);

impl Notices {
    /// The next cell in which something waits.
    pub async fn next(&mut self) -> Result<TenantId> {
        loop {
            if let Ok(tenant) = self.0.recv().await?.payload().parse() {
                return Ok(tenant);
            }
        }
    }
}
