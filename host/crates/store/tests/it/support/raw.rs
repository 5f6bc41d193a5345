//! What no repository tells: all rows of all tables, and statements of the test's own.

use std::collections::BTreeMap;

use relevo_store::Conn;
use sqlx::{AssertSqlSafe, Row};

/// Rows as text, by table.
pub type Dump = BTreeMap<String, Vec<String>>;

/// Every row of every table of a cell.
pub async fn dump(conn: &mut Conn) -> Dump {
    let tables = match conn {
        Conn::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_sqlx%'",
        Conn::Postgres(_) => "SELECT CAST(tablename AS text) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename NOT LIKE '\\_sqlx%'",
    };
    let mut dump = Dump::new();
    for table in texts(conn, tables).await {
        let rows = match conn {
            Conn::Sqlite(conn) => {
                let rows = sqlx::query(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch_all(conn).await.unwrap();
                rows.iter().map(|row| (0..row.len()).map(|column| shown(row.get_unchecked(column))).collect::<Vec<_>>().join("|")).collect()
            }
            Conn::Postgres(_) => texts(conn, &format!("SELECT CAST(t AS text) FROM {table} t")).await,
        };
        dump.insert(table, sorted(rows));
    }
    dump
}

fn shown(value: Option<Vec<u8>>) -> String {
    value.map_or_else(|| "NULL".into(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

pub async fn texts(conn: &mut Conn, sql: &str) -> Vec<String> {
    let sql = AssertSqlSafe(sql.to_owned());
    match conn {
        Conn::Sqlite(conn) => sqlx::query_scalar(sql).fetch_all(conn).await.unwrap(),
        Conn::Postgres(conn) => sqlx::query_scalar(sql).fetch_all(&mut **conn).await.unwrap(),
    }
}

pub async fn count(conn: &mut Conn, sql: &str) -> i64 {
    let sql = AssertSqlSafe(sql.to_owned());
    match conn {
        Conn::Sqlite(conn) => sqlx::query_scalar(sql).fetch_one(conn).await.unwrap(),
        Conn::Postgres(conn) => sqlx::query_scalar(sql).fetch_one(&mut **conn).await.unwrap(),
    }
}

pub async fn run(conn: &mut Conn, sql: &str) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(sql.to_owned());
    match conn {
        Conn::Sqlite(conn) => sqlx::raw_sql(sql).execute(conn).await.map(drop),
        Conn::Postgres(conn) => sqlx::raw_sql(sql).execute(&mut **conn).await.map(drop),
    }
}
