//! Connections to Postgres that stay with the tenant and the kind of work they served last: a changed `search_path` makes Postgres plan again.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sqlx::{
    PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::Result;

#[derive(Clone)]
pub(crate) struct PgConns(Arc<Inner>);

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Work {
    /// The few statements of the writer, each about rows that it names by their keys, and each planned once: tables grow faster than Postgres counts
    /// their rows, so that a plan for the many looks best at first and is the worst soon.
    Hot,
    Any,
}

struct Inner {
    pool: PgPool,
    /// Connections at rest with the schema that they point to and their work, the longest at rest first.
    resting: Mutex<VecDeque<(String, Work, PoolConnection<Postgres>)>>,
    waiting: AtomicUsize,
    /// The losses that those at rest have outlived.
    losses: AtomicUsize,
    most: u32,
}

impl PgConns {
    pub(crate) async fn open(options: PgConnectOptions, most: u32) -> Result<Self> {
        // An empty path: whoever forgets to set one fails instead of landing in `public`.
        // A statement that touches a few rows is never worth compiling.
        let options = options.options([("search_path", ""), ("jit", "off")]).statement_cache_capacity(1_000);
        let pool = PgPoolOptions::new().max_connections(most).acquire_timeout(Duration::from_secs(10)).connect_with(options).await?;
        Ok(Self(Arc::new(Inner {
            pool,
            resting: Mutex::default(),
            waiting: AtomicUsize::new(0),
            losses: AtomicUsize::new(LOSSES.load(Ordering::SeqCst)),
            most,
        })))
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    /// A connection for what is no cell's; it may point anywhere.
    pub(crate) async fn any(&self) -> Result<PoolConnection<Postgres>> {
        if let Some(conn) = self.0.pool.try_acquire() {
            return Ok(conn);
        }
        // From here on nobody puts one to rest that this one waits for.
        let _waiting = Waiting::on(&self.0.waiting);
        if self.0.pool.size() >= self.0.most
            && let Some(conn) = self.resting_of(None)
        {
            return Ok(conn);
        }
        Ok(self.0.pool.acquire().await?)
    }

    pub(crate) async fn take(&self, schema: &str, work: Work) -> Result<PoolConnection<Postgres>> {
        if let Some(own) = self.resting_of(Some((schema, work))) {
            return Ok(own);
        }
        let mut conn = self.any().await?;
        if point(&mut conn, schema, work).await.is_err() {
            // It was lost while nobody used it. The pool tries what it gives to those who wait.
            drop(conn);
            conn = self.0.pool.acquire().await?;
            point(&mut conn, schema, work).await?;
        }
        Ok(conn)
    }

    /// Puts a connection to rest that is outside any transaction.
    pub(crate) fn rest(&self, schema: &str, work: Work, conn: PoolConnection<Postgres>) {
        let mut resting = self.0.resting.lock().expect("nothing panics while it holds the connections");
        if !self.forget_lost(&mut resting) && self.0.waiting.load(Ordering::SeqCst) == 0 {
            resting.push_back((schema.to_owned(), work, conn));
        }
    }

    /// One that rests with this schema and this work, or the one that rests longest.
    fn resting_of(&self, wanted: Option<(&str, Work)>) -> Option<PoolConnection<Postgres>> {
        let mut resting = self.0.resting.lock().expect("nothing panics while it holds the connections");
        self.forget_lost(&mut resting);
        let at = match wanted {
            Some((schema, work)) => resting.iter().rposition(|(name, last, _)| name == schema && *last == work)?,
            None => 0,
        };
        resting.remove(at).map(|(_, _, conn)| conn)
    }

    /// Where one was lost the others may be too: they go back to the pool, which tries each before anybody gets it again.
    fn forget_lost(&self, resting: &mut VecDeque<(String, Work, PoolConnection<Postgres>)>) -> bool {
        let losses = LOSSES.load(Ordering::SeqCst);
        let lost = self.0.losses.swap(losses, Ordering::SeqCst) != losses;
        if lost {
            resting.clear();
        }
        lost
    }
}

async fn point(conn: &mut PoolConnection<Postgres>, schema: &str, work: Work) -> Result<()> {
    const POINT: &str = "SELECT set_config('search_path', $1, FALSE), set_config('plan_cache_mode', $2, FALSE), set_config('enable_seqscan', $3, FALSE)";
    let (plans, seqscan) = match work {
        Work::Hot => ("force_generic_plan", "off"),
        Work::Any => ("auto", "on"),
    };
    sqlx::query(POINT).bind(format!("\"{schema}\"")).bind(plans).bind(seqscan).execute(&mut **conn).await?;
    Ok(())
}

/// Counts who waits for a connection, for as long as he does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn on(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Errors that may have cost a connection, in this process. A connection does not tell that it is broken, and at rest nobody tries it.
static LOSSES: AtomicUsize = AtomicUsize::new(0);

/// Notes that a connection may be broken.
pub(crate) fn lost() {
    LOSSES.fetch_add(1, Ordering::SeqCst);
}
