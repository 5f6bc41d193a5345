//! Where a test keeps its data: a folder, and for Postgres a database of its own.

use std::{
    collections::HashMap,
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use relevo_model::TenantId;
use relevo_store::Settings;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

pub struct Place {
    folder: TempDir,
    /// The server's own database and the name of ours.
    postgres: Option<(String, String)>,
    settings: Settings,
    addresses: Mutex<HashMap<usize, SocketAddr>>,
}

enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Place {
    pub async fn make(database: Database) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let data = folder.path().join("data");
        let (postgres, database_url) = match database {
            Database::Sqlite => (None, None),
            Database::Postgres => {
                let server = env::var("TEST_DATABASE_URL")
                    .expect("TEST_DATABASE_URL is not set and these tests need a Postgres: run `cargo xtask test`, which brings one");
                let name = free_name();
                let mut own = url::Url::parse(&server).expect("TEST_DATABASE_URL is an address");
                own.set_path(&name);
                on_server(&server, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
                (Some((server, name)), Some(own.to_string()))
            }
        };
        let settings = Settings { data, database_url, master_key: Some("5a".repeat(32)) };
        Self { folder, postgres, settings, addresses: Mutex::default() }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn data(&self) -> &Path {
        &self.settings.data
    }

    pub fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    pub(super) fn remember(&self, node: usize, address: SocketAddr) {
        self.addresses.lock().expect("no test panics in here").insert(node, address);
    }

    pub(super) fn recall(&self, node: usize) -> Option<SocketAddr> {
        self.addresses.lock().expect("no test panics in here").get(&node).copied()
    }

    /// The schema of a tenant, or of the platform.
    pub fn schema(tenant: Option<&TenantId>) -> String {
        tenant.map_or_else(|| "relevo_platform".to_owned(), |id| format!("t_{}", id.as_str().replace('-', "")))
    }

    fn file(&self, tenant: Option<&TenantId>) -> PathBuf {
        tenant.map_or_else(|| self.data().join("platform.db"), |id| self.data().join("tenants").join(format!("{id}.db")))
    }

    async fn connect(&self, tenant: Option<&TenantId>) -> Conn {
        match &self.settings.database_url {
            None => {
                let options = SqliteConnectOptions::new().filename(self.file(tenant)).busy_timeout(Duration::from_secs(10));
                Conn::Sqlite(SqliteConnection::connect_with(&options).await.expect("the file opens"))
            }
            Some(url) => {
                let mut conn = PgConnection::connect(url).await.expect("the database opens");
                let path = format!("SET search_path TO {}", Self::schema(tenant));
                sqlx::query(AssertSqlSafe(path)).execute(&mut conn).await.expect("the schema is there");
                Conn::Postgres(conn)
            }
        }
    }

    /// The one number that this asks for.
    pub async fn number(&self, tenant: Option<&TenantId>, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        let row: (i64,) = match &mut self.connect(tenant).await {
            Conn::Sqlite(conn) => sqlx::query_as(sql).fetch_one(conn).await,
            Conn::Postgres(conn) => sqlx::query_as(sql).fetch_one(conn).await,
        }
        .expect("it is a number");
        row.0
    }

    /// The one column of text that this asks for.
    pub async fn texts(&self, tenant: Option<&TenantId>, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        let rows: Vec<(String,)> = match &mut self.connect(tenant).await {
            Conn::Sqlite(conn) => sqlx::query_as(sql).fetch_all(conn).await,
            Conn::Postgres(conn) => sqlx::query_as(sql).fetch_all(conn).await,
        }
        .expect("they are texts");
        rows.into_iter().map(|(text,)| text).collect()
    }

    pub async fn execute(&self, tenant: Option<&TenantId>, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match &mut self.connect(tenant).await {
            Conn::Sqlite(conn) => drop(sqlx::raw_sql(sql).execute(conn).await.expect("it runs")),
            Conn::Postgres(conn) => drop(sqlx::raw_sql(sql).execute(conn).await.expect("it runs")),
        }
    }

    /// Takes everything away.
    pub(super) async fn remove(&mut self) {
        if let Some((server, name)) = self.postgres.take() {
            on_server(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
        // The folder goes when it is dropped.
        let _ = self.folder.path();
    }
}

fn free_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("relevo_it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn on_server(url: &str, sql: &str) {
    let mut conn = PgConnection::connect(url).await.expect("TEST_DATABASE_URL answers; `cargo xtask test` brings a Postgres");
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.expect("databases may be made and dropped");
}
