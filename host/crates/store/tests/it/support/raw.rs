//! What no repository tells: all rows of all tables, and statements of the test's own.

use std::{collections::BTreeMap, path::Path};

use relevo_store::Conn;
use sqlx::{AssertSqlSafe, PgConnection, Row};

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

/// Names of files below this folder that hold these bytes.
pub fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_with(&entry.path(), bytes));
        } else if holds(&std::fs::read(entry.path()).unwrap(), bytes) {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found
}

/// Tables that hold these bytes in any column, as text or as bytes.
pub async fn tables_with(conn: &mut PgConnection, bytes: &[u8]) -> Vec<String> {
    let list = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    let mut found = Vec::new();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for table in sqlx::query_scalar::<_, String>(list).fetch_all(&mut *conn).await.unwrap() {
        let rows = AssertSqlSafe(format!("SELECT CAST(t AS text) FROM {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut *conn).await.unwrap();
        if rows.iter().any(|row| holds(row.as_bytes(), bytes) || row.contains(&hex)) {
            found.push(table);
        }
    }
    found
}

fn holds(all: &[u8], bytes: &[u8]) -> bool {
    all.windows(bytes.len()).any(|window| window == bytes)
}
