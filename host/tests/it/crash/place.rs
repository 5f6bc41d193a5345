//! Where a run keeps its data: a folder, and on Postgres a database, copied from a template with the demo in it.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use relevo_store::{Settings, Store};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::Mutex;
use url::Url;

use super::process::{self, Process};

const MASTER_KEY: &str = "5e0f3c6a1b2d4e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9011223344556677";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Sqlite { "sqlite" } else { "postgres" })
    }
}

/// Data of one run, or the template of all.
pub struct Place {
    pub folder: PathBuf,
    /// The database's name, on Postgres.
    pub database: Option<String>,
    logs: AtomicUsize,
}

impl Place {
    fn new(engine: Engine, name: &str) -> Result<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let own = std::process::id();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("crash-{own}-{name}"));
        fs::create_dir_all(&folder)?;
        let database = (engine == Engine::Postgres).then(|| format!("relevo_crash_{own}_{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        Ok(Self { folder, database, logs: AtomicUsize::new(0) })
    }

    /// A copy of the template, which nobody uses meanwhile.
    pub async fn copy_of(template: &Self, engine: Engine, name: &str) -> Result<Self> {
        let place = Self::new(engine, name)?;
        copy_folder(&template.data(), &place.data())?;
        if let (Some(database), Some(template)) = (&place.database, &template.database) {
            let copy = format!("CREATE DATABASE {database} TEMPLATE {template}");
            let end = Instant::now() + Duration::from_secs(10);
            // Whoever used the template last may still be hanging up.
            while let Err(error) = administer(&copy).await {
                ensure!(Instant::now() < end, "the template of the databases cannot be copied: {error:#}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(place)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where the next process writes its log.
    pub fn next_log(&self) -> Result<PathBuf> {
        Ok(self.folder.join(format!("relevo-{}.log", self.logs.fetch_add(1, Ordering::Relaxed) + 1)))
    }

    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![("RELEVO_DATA", self.data().display().to_string()), ("RELEVO_MASTER_KEY", MASTER_KEY.to_owned())];
        all.extend(env::var("RUST_LOG").ok().map(|filter| ("RUST_LOG", filter)));
        all.extend(self.url().map(|url| ("DATABASE_URL", url)));
        all
    }

    /// The same data, seen from here.
    pub async fn open(&self) -> Result<Store> {
        Ok(Store::open(&Settings { data: self.data(), database_url: self.url(), master_key: Some(MASTER_KEY.to_owned()) }).await?)
    }

    fn url(&self) -> Option<String> {
        let mut url = server().ok()?;
        url.set_path(self.database.as_deref()?);
        Some(url.into())
    }

    /// Ends the leases of a node that is known to be dead, as its operator would.
    pub async fn end_leases(&self) -> Result<()> {
        if let Some(url) = self.url() {
            let mut conn = PgConnection::connect(&url).await?;
            sqlx::query("UPDATE relevo_platform.leases SET expires_at = 0").execute(&mut conn).await?;
            conn.close().await?;
        }
        Ok(())
    }

    pub async fn remove(&self) -> Result<()> {
        if let Some(database) = &self.database {
            administer(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await?;
        }
        Ok(fs::remove_dir_all(&self.folder)?)
    }
}

/// Goes away with the last test that uses it. Only processes that have ended have used it, so that it can be copied.
pub struct Template(pub Place);

impl Drop for Template {
    fn drop(&mut self) {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                if let Err(error) = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(self.0.remove())) {
                    eprintln!("the template of the crash tests stays: {error:#}");
                }
            });
        });
    }
}

/// The template of an engine: made by the first who asks, shared with all who ask while somebody has it.
pub async fn template(engine: Engine) -> Result<Arc<Template>> {
    static SQLITE: Mutex<Weak<Template>> = Mutex::const_new(Weak::new());
    static POSTGRES: Mutex<Weak<Template>> = Mutex::const_new(Weak::new());
    let mut held = if engine == Engine::Sqlite { &SQLITE } else { &POSTGRES }.lock().await;
    if let Some(template) = held.upgrade() {
        return Ok(template);
    }
    let place = Place::new(engine, &format!("{engine}-template"))?;
    if let Some(database) = &place.database {
        administer(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await?;
        administer(&format!("CREATE DATABASE {database}")).await?;
    }
    fill(&place).await.context("the demo cannot be made")?;
    let template = Arc::new(Template(place));
    *held = Arc::downgrade(&template);
    Ok(template)
}

/// Lets a process make the demo and compile the plugins.
async fn fill(place: &Place) -> Result<()> {
    let process = Process::start(place, process::free_address()?, None, None)?;
    let end = Instant::now() + Duration::from_secs(60);
    while !process.is_ready()? {
        ensure!(Instant::now() < end, "relevo was not ready within a minute");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(process);
    place.end_leases().await
}

fn server() -> Result<Url> {
    let url = env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty());
    let url = url.context("TEST_DATABASE_URL names no Postgres: run `cargo xtask test`, which finds or starts one")?;
    Url::parse(&url).context("TEST_DATABASE_URL is no address")
}

async fn administer(sql: &str) -> Result<()> {
    let mut conn = PgConnection::connect(server()?.as_str()).await?;
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await?;
    Ok(conn.close().await?)
}

/// Without SQLite's shared memory: that of a template is nobody's.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if !entry.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
