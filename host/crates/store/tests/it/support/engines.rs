//! The two engines, each with a home of its own for one test.

use std::{
    str::FromStr,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread::JoinHandle,
};

use relevo_store::Settings;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;

pub const MASTER_KEY: &str = "abababababababababababababababababababababababababababababababab";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Where one test's data lives; gone when the value is.
pub struct Home {
    pub folder: TempDir,
    database: Option<Database>,
}

/// A database of one test's own, on the server of `TEST_DATABASE_URL`.
struct Database {
    server: PgConnectOptions,
    name: String,
}

impl Home {
    pub async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Database::make().await),
        };
        Self { folder, database }
    }

    pub fn settings(&self) -> Settings {
        Settings { data: self.folder.path().join("data"), database_url: self.url(), master_key: Some(MASTER_KEY.into()) }
    }

    /// The address of this test's own database, on Postgres.
    pub fn url(&self) -> Option<String> {
        self.database.as_ref().map(|own| own.server.clone().database(&own.name).to_url_lossy().to_string())
    }

    /// A connection to this test's own database that knows nothing of cells.
    pub async fn stranger(&self) -> PgConnection {
        PgConnection::connect(&self.url().unwrap()).await.unwrap()
    }
}

impl Database {
    async fn make() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL names no Postgres: run the tests with `cargo xtask test`, which sees to one");
        let server = PgConnectOptions::from_str(&url).unwrap();
        let name = format!("relevo_store_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = server.connect().await.unwrap();
        // Nothing here survives a power cut, so nothing waits for the disk.
        let hasty = format!("ALTER DATABASE {name} SET synchronous_commit = off");
        for sql in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}"), hasty] {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
        LIVING.lock().unwrap().count += 1;
        Self { server, name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, sql) = (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // The test's own runtime is busy dropping this; another thread brings its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { sqlx::query(AssertSqlSafe(sql)).execute(&mut server.connect().await.unwrap()).await.unwrap() });
        });
        let mut living = LIVING.lock().unwrap();
        living.count -= 1;
        living.dropping.push(dropping);
        // A drop takes the server half a second, and nobody needs to wait for it but the last test.
        if living.count == 0 {
            living.dropping.drain(..).for_each(|dropping| dropping.join().unwrap());
        }
    }
}

static LIVING: Mutex<Living> = Mutex::new(Living { count: 0, dropping: Vec::new() });

struct Living {
    count: usize,
    dropping: Vec<JoinHandle<()>>,
}

/// Runs each of these on both engines.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use crate::support::{Engine, World};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(World::new(Engine::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(World::new(Engine::Postgres).await).await;
            }
        }
    )+};
}

/// Runs each of these on the one engine that has what they are about.
macro_rules! on {
    ($engine:ident: $($name:ident),+ $(,)?) => {$(
        mod $name {
            use crate::support::{Engine, World};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn alone() {
                super::$name(World::new(Engine::$engine).await).await;
            }
        }
    )+};
}

pub(crate) use {on, on_both};
