//! The two engines, each with a home of its own for one test.

use std::{
    str::FromStr,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
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

/// Everything that a test left behind, its connections too.
const EMPTY: &str = "DO $$ DECLARE schema text; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR schema IN SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', schema);
    END LOOP;
    CREATE SCHEMA public;
END $$";

/// Databases of this process. Making and dropping one costs the server a second when it is busy, so a test takes over, emptied, the one
/// of a test that has ended; the last test drops them all.
static OWN: Mutex<Own> = Mutex::new(Own { taken: 0, free: Vec::new() });

struct Own {
    taken: usize,
    free: Vec<String>,
}

impl Database {
    async fn make() -> Self {
        let url = std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL names no Postgres: run the tests with `cargo xtask test`, which sees to one");
        let server = PgConnectOptions::from_str(&url).unwrap();
        let free = {
            let mut own = OWN.lock().unwrap();
            own.taken += 1;
            own.free.pop()
        };
        let name = match free {
            Some(name) => {
                sqlx::query(EMPTY).execute(&mut server.clone().database(&name).connect().await.unwrap()).await.unwrap();
                name
            }
            None => Self::create(&server).await,
        };
        Self { server, name }
    }

    async fn create(server: &PgConnectOptions) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("relevo_store_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // Nothing here survives a power cut, so nothing waits for the disk.
        let hasty = format!("ALTER DATABASE {name} SET synchronous_commit = off");
        let mut admin = server.connect().await.unwrap();
        for sql in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}"), hasty] {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
        name
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let mut own = OWN.lock().unwrap();
        own.taken -= 1;
        own.free.push(std::mem::take(&mut self.name));
        if own.taken > 0 {
            return;
        }
        let (server, names) = (self.server.clone(), std::mem::take(&mut own.free));
        // The test's own runtime is busy dropping this; another thread brings its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut admin = server.connect().await.unwrap();
                for name in names {
                    let sql = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
                    sqlx::query(sql).execute(&mut admin).await.unwrap();
                }
            });
        });
        if dropping.join().is_err() {
            eprintln!("the databases of these tests, relevo_store_{}_…, could not be dropped", std::process::id());
        }
    }
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
