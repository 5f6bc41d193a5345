//! A database with its connections: reads side by side, one writer at a time on SQLite, its own connection each on Postgres.

use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use relevo_model::TenantId;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{OnceCell, OwnedRwLockReadGuard, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::{
    Error, Notice, Result,
    direct::{self, Direct},
    migrate,
    pg::{PgConns, Work},
    sql::{Conn, Engine, Hot, On},
    writer::{self, Job, Lent},
};

/// Readers of one SQLite file at a time; each is a thread and a page cache.
const READERS: usize = 2;
/// How long SQLite waits for another connection's write.
pub(crate) const BUSY: Duration = Duration::from_secs(5);
/// Of connections that read or that are lent, in KiB as SQLite writes it.
pub(crate) const READER_CACHE: &str = "-1024";
/// What every connection that writes to a file is set to.
pub(crate) const PRAGMAS: [(&str, &str); 6] = [
    ("journal_mode", "WAL"),
    ("synchronous", "FULL"),
    ("foreign_keys", "ON"),
    ("cache_size", "-4096"),
    // Small steps: a log of 4,000 pages is written back no faster in all, and holds up the messages that wait for it by 5 ms more at the 99th percentile.
    ("wal_autocheckpoint", "1000"),
    ("journal_size_limit", "67108864"),
];
/// Jobs that may wait for the writer before callers wait to put theirs in.
const WAITING: usize = 4_096;

pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres { conns: PgConns, schema: String },
}

pub(crate) struct Base {
    pub(crate) kind: migrate::Kind,
    /// The tenant whose cell this is; none for the platform.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) place: Place,
    pub(crate) notify: Box<dyn Fn(Vec<Notice>) + Send + Sync>,
    /// What every write of an owner must find in the lease row; none where one process owns the file.
    pub(crate) fence: Mutex<Option<i64>>,
    jobs: OnceLock<mpsc::Sender<Job>>,
    ready: OnceCell<()>,
    readers: Mutex<Vec<SqliteConnection>>,
    /// For rows that are read on the thread that asks.
    peeking: Mutex<Vec<Direct>>,
    reading: Arc<Semaphore>,
    used: Mutex<Instant>,
}

impl Base {
    pub(crate) fn new(kind: migrate::Kind, tenant: Option<TenantId>, place: Place, notify: Box<dyn Fn(Vec<Notice>) + Send + Sync>) -> Arc<Self> {
        Arc::new(Self {
            kind,
            tenant,
            place,
            notify,
            fence: Mutex::new(None),
            jobs: OnceLock::new(),
            ready: OnceCell::new(),
            readers: Mutex::default(),
            peeking: Mutex::default(),
            reading: Arc::new(Semaphore::new(READERS)),
            used: Mutex::new(Instant::now()),
        })
    }

    /// Migrates at the first use; whoever comes meanwhile waits for the same migration.
    pub(crate) async fn ready(self: &Arc<Self>) -> Result<()> {
        self.ready
            .get_or_try_init(|| async {
                // It ends even when whoever came first goes away: it holds a lock that only its own connection can let go.
                let migrated = tokio::spawn(Arc::clone(self).migrate());
                migrated.await.map_err(|error| Error::Unavailable(error.to_string()))?
            })
            .await
            .copied()
    }

    async fn migrate(self: Arc<Self>) -> Result<()> {
        let mut conn = self.connect().await?;
        let name = match &self.place {
            Place::Sqlite(path) => path.display().to_string(),
            Place::Postgres { schema, .. } => schema.clone(),
        };
        migrate::run(&mut conn, self.kind, &name).await?;
        self.give_back(conn).await;
        Ok(())
    }

    /// A connection that may write, outside of any transaction.
    pub(crate) async fn connect(&self) -> Result<Conn> {
        match &self.place {
            Place::Sqlite(_) => Ok(Conn::Sqlite(self.open_sqlite(false).await?)),
            Place::Postgres { conns, schema } => Ok(Conn::Postgres(conns.take(schema, Work::Any).await?)),
        }
    }

    pub(crate) async fn give_back(&self, conn: Conn) {
        match (conn, &self.place) {
            (Conn::Sqlite(conn), _) => drop(conn.close().await),
            (Conn::Postgres(conn), Place::Postgres { conns, schema }) => conns.rest(schema, Work::Any, conn),
            (Conn::Postgres(_), Place::Sqlite(_)) => unreachable!("a cell has one kind of connections"),
        }
    }

    /// What the writer serves groups on.
    pub(crate) async fn connect_hot(&self) -> Result<Hot> {
        match &self.place {
            Place::Sqlite(path) => Ok(Hot::Direct(Direct::open(path)?)),
            Place::Postgres { conns, schema } => Ok(Hot::Postgres(conns.take(schema, Work::Hot).await?)),
        }
    }

    pub(crate) fn rest_hot(&self, hot: Hot) {
        match (hot, &self.place) {
            (Hot::Postgres(conn), Place::Postgres { conns, schema }) => conns.rest(schema, Work::Hot, conn),
            (Hot::Direct(conn), _) => drop(conn),
            (Hot::Postgres(_), Place::Sqlite(_)) => unreachable!("a cell has one kind of connections"),
        }
    }

    pub(crate) async fn open_sqlite(&self, read_only: bool) -> Result<SqliteConnection> {
        let Place::Sqlite(path) = &self.place else { unreachable!("only asked for files") };
        let mut options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(!read_only)
            .read_only(read_only)
            .busy_timeout(BUSY)
            .statement_cache_capacity(direct::STATEMENTS);
        for (name, value) in PRAGMAS {
            options = options.pragma(name, value);
        }
        let mut conn = options.pragma("cache_size", READER_CACHE).connect().await?;
        if !read_only {
            let (synchronous,): (i64,) = sqlx::query_as("PRAGMA synchronous").fetch_one(&mut conn).await?;
            let (journal,): (String,) = sqlx::query_as("PRAGMA journal_mode").fetch_one(&mut conn).await?;
            safe(path, synchronous, &journal)?;
        }
        Ok(conn)
    }

    /// Reads a few rows by their keys on the thread that asks, where the database is a file: to hand such a read to another thread takes longer than it
    /// does. Not for what may look at many rows. None where the database is no file.
    pub(crate) async fn peek<T>(self: &Arc<Self>, read: impl FnOnce(&mut Direct) -> Result<T>) -> Result<Option<T>> {
        let Place::Sqlite(path) = &self.place else { return Ok(None) };
        self.ready().await?;
        self.touch();
        let at_rest = self.peeking.lock().expect("nothing panics while it holds the readers").pop();
        let mut conn = match at_rest {
            Some(conn) => conn,
            None => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || Direct::open_to_read(&path)).await;
                opened.map_err(|error| Error::Unavailable(error.to_string()))??
            }
        };
        let found = read(&mut conn)?;
        self.peeking.lock().expect("nothing panics while it holds the readers").push(conn);
        Ok(Some(found))
    }

    pub(crate) async fn read(self: &Arc<Self>) -> Result<Read> {
        self.ready().await?;
        self.touch();
        match &self.place {
            Place::Sqlite(_) => {
                let permit = Arc::clone(&self.reading).acquire_owned().await.map_err(|_| Error::Unavailable("closing".into()))?;
                let at_rest = self.readers.lock().expect("nothing panics while it holds the readers").pop();
                let conn = match at_rest {
                    Some(conn) => conn,
                    None => self.open_sqlite(true).await?,
                };
                Ok(Read { conn: Some(Conn::Sqlite(conn)), base: Arc::clone(self), _permit: Some(permit) })
            }
            Place::Postgres { conns, schema } => {
                Ok(Read { conn: Some(Conn::Postgres(conns.take(schema, Work::Any).await?)), base: Arc::clone(self), _permit: None })
            }
        }
    }

    /// A transaction on Postgres that wakes nothing.
    pub(crate) async fn begin_shared(self: &Arc<Self>) -> Result<Write> {
        self.ready().await?;
        let conn = self.connect().await?;
        // Before it begins, so that whoever goes away meanwhile leaves nothing begun.
        let mut write = Write { conn: Some(conn), back: None, base: Arc::clone(self), notices: Vec::new(), _awake: None };
        run!(&mut write, "BEGIN")?;
        Ok(write)
    }

    pub(crate) async fn write(self: &Arc<Self>) -> Result<Write> {
        self.ready().await?;
        self.touch();
        let (conn, back) = match &self.place {
            Place::Sqlite(_) => {
                let (ask, answer) = oneshot::channel();
                self.put(Job::Lend(ask)).await?;
                let Lent { conn, back } = answer.await.map_err(|_| Error::Unavailable("the writer stopped".into()))??;
                (Conn::Sqlite(conn), Some(back))
            }
            Place::Postgres { .. } => {
                let mut write = self.begin_shared().await?;
                if let Some(tenant) = &self.tenant {
                    writer::keep_awake(&mut write, tenant).await?;
                }
                return Ok(write);
            }
        };
        Ok(Write { conn: Some(conn), back, base: Arc::clone(self), notices: Vec::new(), _awake: None })
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.place, Place::Postgres { .. })
    }

    /// Hands a job to the writer, which starts with the first.
    pub(crate) async fn put(self: &Arc<Self>, job: Job) -> Result<()> {
        self.jobs().send(job).await.map_err(|_| Error::Unavailable("the writer stopped".into()))
    }

    /// The same for whoever cannot wait; false where there is no room just now.
    pub(crate) fn put_now(self: &Arc<Self>, job: Job) -> bool {
        self.jobs().try_send(job).is_ok()
    }

    fn jobs(self: &Arc<Self>) -> &mpsc::Sender<Job> {
        self.touch();
        self.jobs.get_or_init(|| {
            let (jobs, waiting) = mpsc::channel(WAITING);
            tokio::spawn(writer::run(Arc::downgrade(self), waiting));
            jobs
        })
    }

    fn touch(&self) {
        *self.used.lock().expect("nothing panics while it holds the time") = Instant::now();
    }

    /// Closes what nobody used for this long.
    pub(crate) async fn close_unused(&self, unused: Duration) {
        if self.used.lock().expect("nothing panics while it holds the time").elapsed() < unused {
            return;
        }
        if let Some(jobs) = self.jobs.get() {
            // Where it is full somebody came meanwhile.
            drop(jobs.try_send(Job::Rest));
        }
        let readers = std::mem::take(&mut *self.readers.lock().expect("nothing panics while it holds the readers"));
        self.peeking.lock().expect("nothing panics while it holds the readers").clear();
        for reader in readers {
            drop(reader.close().await);
        }
    }
}

/// Asserted of every connection that writes, not assumed: an acknowledged message is only safe with both.
pub(crate) fn safe(path: &Path, synchronous: i64, journal: &str) -> Result<()> {
    if synchronous != 2 || journal != "wal" {
        return Err(Error::Unavailable(format!("{}: expected WAL with synchronous=FULL, found {journal} with {synchronous}", path.display())));
    }
    Ok(())
}

/// A connection to read with; what one statement saw the next may see changed.
pub struct Read {
    conn: Option<Conn>,
    base: Arc<Base>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Deref for Read {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect("taken only when dropped")
    }
}

impl DerefMut for Read {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("taken only when dropped")
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        match (self.conn.take(), &self.base.place) {
            (Some(Conn::Sqlite(conn)), _) => self.base.readers.lock().expect("nothing panics while it holds the readers").push(conn),
            (Some(Conn::Postgres(conn)), Place::Postgres { conns, schema }) => conns.rest(schema, Work::Any, conn),
            _ => {}
        }
    }
}

/// A transaction. Dropping it without `commit` rolls it back.
pub struct Write {
    conn: Option<Conn>,
    back: Option<oneshot::Sender<(SqliteConnection, bool)>>,
    base: Arc<Base>,
    notices: Vec<Notice>,
    _awake: Option<OwnedRwLockReadGuard<bool>>,
}

impl Write {
    pub(crate) fn keep_awake(&mut self, guard: OwnedRwLockReadGuard<bool>) {
        self._awake = Some(guard);
    }

    /// Tells what must follow the commit; it is sent by the commit, and only then.
    pub fn after_commit(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Fails unless this node still owns the cell; holds the lease until the commit.
    pub async fn as_owner(&mut self) -> Result<()> {
        let (fence, tenant) = (*self.base.fence.lock().expect("nothing panics while it holds the fence"), self.base.tenant);
        match (fence, tenant) {
            (Some(epoch), Some(tenant)) => writer::hold_lease(self, &tenant, epoch).await,
            _ => Ok(()),
        }
    }

    /// Commits and tells what follows, even when whoever asked for it goes away meanwhile.
    pub async fn commit(self) -> Result<()> {
        tokio::spawn(self.commit_here()).await.map_err(|error| Error::Unavailable(error.to_string()))?
    }

    async fn commit_here(mut self) -> Result<()> {
        let mut conn = self.conn.take().expect("taken only here and when dropped");
        let done = match &mut conn {
            Conn::Sqlite(conn) => sqlx::query("COMMIT").execute(conn).await.map(drop),
            // To commit after a failed statement is to Postgres a rollback that succeeds; with another statement before, it fails.
            Conn::Postgres(conn) => sqlx::raw_sql("SELECT 1; COMMIT").execute(&mut **conn).await.map(drop),
        }
        .map_err(Error::from);
        match (conn, self.back.take()) {
            // A receiver that is gone means that the writer stopped; the connection closes with it.
            (Conn::Sqlite(conn), Some(back)) => drop(back.send((conn, done.is_ok()))),
            (Conn::Postgres(conn), _) if done.is_ok() => {
                if let Place::Postgres { conns, schema } = &self.base.place {
                    conns.rest(schema, Work::Any, conn);
                }
            }
            (conn, _) => self.conn = Some(conn),
        }
        done?;
        (self.base.notify)(std::mem::take(&mut self.notices));
        Ok(())
    }
}

impl Engine for Write {
    fn on(&mut self) -> On<'_> {
        (**self).on()
    }
}

impl Deref for Write {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect("taken only by commit and drop")
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("taken only by commit and drop")
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        match (self.conn.take(), self.back.take()) {
            (Some(Conn::Sqlite(conn)), Some(back)) => drop(back.send((conn, false))),
            (Some(Conn::Postgres(mut conn)), _) => {
                let base = Arc::clone(&self.base);
                tokio::spawn(async move {
                    if sqlx::query("ROLLBACK").execute(&mut *conn).await.is_ok()
                        && let Place::Postgres { conns, schema } = &base.place
                    {
                        conns.rest(schema, Work::Any, conn);
                    } else {
                        conn.close_on_drop();
                    }
                });
            }
            _ => {}
        }
    }
}
