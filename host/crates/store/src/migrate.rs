//! Bringing a database up to this binary's tables. Only expanding changes, so an older binary may keep working beside.

use sqlx::{Connection, migrate::Migrator};

use crate::{Result, sql::Conn};

static PLATFORM: [Migrator; 2] = [sqlx::migrate!("../../../migrations/platform/sqlite"), sqlx::migrate!("../../../migrations/platform/postgres")];
static TENANT: [Migrator; 2] = [sqlx::migrate!("../../../migrations/tenant/sqlite"), sqlx::migrate!("../../../migrations/tenant/postgres")];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Platform,
    Tenant,
}

pub(crate) async fn run(conn: &mut Conn, kind: Kind, name: &str) -> Result<()> {
    let pair = if kind == Kind::Platform { &PLATFORM } else { &TENANT };
    let mut migrator = Migrator::with_migrations(pair[usize::from(conn.is_postgres())].iter().cloned().collect());
    // An older binary meets the newer one's migrations; and the lock is ours, per schema.
    migrator.set_ignore_missing(true).set_locking(false);
    match conn {
        Conn::Sqlite(c) => {
            // Another process may open the same file at the same time.
            let mut alone = c.begin_with("BEGIN IMMEDIATE").await?;
            migrator.run_direct(None, &mut *alone, false).await?;
            alone.commit().await?;
        }
        Conn::Postgres(c) => {
            sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))").bind(name).execute(&mut **c).await?;
            let done = migrator.run_direct(None, &mut **c, false).await;
            sqlx::query("SELECT pg_advisory_unlock(hashtextextended($1, 0))").bind(name).execute(&mut **c).await?;
            done?;
        }
    }
    Ok(())
}
