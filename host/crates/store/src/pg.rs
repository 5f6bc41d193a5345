//! Connections to Postgres that stay with the tenant they served last: a changed `search_path` makes Postgres plan again.

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

struct Inner {
    pool: PgPool,
    /// Connections at rest with the schema that they point to, the longest at rest first.
    resting: Mutex<VecDeque<(String, PoolConnection<Postgres>)>>,
    waiting: AtomicUsize,
    most: u32,
}

impl PgConns {
    pub(crate) async fn open(options: PgConnectOptions, most: u32) -> Result<Self> {
        // An empty path: whoever forgets to set one fails instead of landing in `public`.
        let options = options.options([("search_path", "")]).statement_cache_capacity(1_000);
        let pool = PgPoolOptions::new().max_connections(most).acquire_timeout(Duration::from_secs(10)).connect_with(options).await?;
        Ok(Self(Arc::new(Inner { pool, resting: Mutex::default(), waiting: AtomicUsize::new(0), most })))
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    pub(crate) async fn take(&self, schema: &str) -> Result<PoolConnection<Postgres>> {
        if let Some(own) = self.resting_of(Some(schema)) {
            return Ok(own.1);
        }
        let mut conn = match self.0.pool.try_acquire() {
            Some(conn) => conn,
            None if self.0.pool.size() < self.0.most => self.0.pool.acquire().await?,
            None => match self.resting_of(None) {
                Some((_, conn)) => conn,
                None => {
                    self.0.waiting.fetch_add(1, Ordering::SeqCst);
                    let conn = self.0.pool.acquire().await;
                    self.0.waiting.fetch_sub(1, Ordering::SeqCst);
                    conn?
                }
            },
        };
        sqlx::query("SELECT set_config('search_path', $1, FALSE)").bind(format!("\"{schema}\"")).execute(&mut *conn).await?;
        Ok(conn)
    }

    /// Puts a connection to rest that is outside any transaction.
    pub(crate) fn rest(&self, schema: &str, conn: PoolConnection<Postgres>) {
        if self.0.waiting.load(Ordering::SeqCst) == 0 {
            let mut resting = self.0.resting.lock().expect("nothing panics while it holds the connections");
            resting.push_back((schema.to_owned(), conn));
        }
    }

    fn resting_of(&self, schema: Option<&str>) -> Option<(String, PoolConnection<Postgres>)> {
        let mut resting = self.0.resting.lock().expect("nothing panics while it holds the connections");
        match schema {
            Some(schema) => resting.iter().rposition(|(name, _)| name == schema).and_then(|at| resting.remove(at)),
            None => resting.pop_front(),
        }
    }
}
