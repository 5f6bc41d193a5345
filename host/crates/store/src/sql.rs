//! One SQL text for two engines: the connection, the macros that run a text on either, and rows in bulk.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Database, Decode, Encode, PgConnection, Postgres, Sqlite, SqliteConnection, Type, encode::IsNull, error::BoxDynError, pool::PoolConnection};

use crate::{Error, Result, direct::Direct};

/// A connection to a cell or to the platform.
pub enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PoolConnection<Postgres>),
}

impl Conn {
    /// Itself, through whatever holds it: what the macros below call.
    pub(crate) const fn this(&mut self) -> &mut Self {
        self
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

/// What runs statements: a connection as it is given out, or the writer's own.
pub(crate) trait Engine: Send {
    fn on(&mut self) -> On<'_>;
}

/// Where a statement runs.
pub(crate) enum On<'a> {
    Sqlite(&'a mut SqliteConnection),
    /// On this thread, at once: nothing is awaited.
    Direct(&'a mut Direct),
    Postgres(&'a mut PgConnection),
}

impl Engine for Conn {
    fn on(&mut self) -> On<'_> {
        match self {
            Self::Sqlite(conn) => On::Sqlite(conn),
            Self::Postgres(conn) => On::Postgres(conn),
        }
    }
}

/// What the hot path runs on: the writer's own connection to a file, or one to Postgres.
pub(crate) enum Hot {
    Direct(Direct),
    Postgres(PoolConnection<Postgres>),
}

impl Engine for Hot {
    fn on(&mut self) -> On<'_> {
        match self {
            Self::Direct(conn) => On::Direct(conn),
            Self::Postgres(conn) => On::Postgres(conn),
        }
    }
}

/// Runs a statement; the number of rows that it touched.
macro_rules! run {
    ($conn:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $crate::sql::Engine::on(&mut *$conn) {
            $crate::sql::On::Sqlite(c) => {
                sqlx::query($sql)$(.bind($arg))*.execute(c).await.map(|done| done.rows_affected()).map_err($crate::Error::from)
            }
            $crate::sql::On::Direct(c) => c.run($sql, &[$(&$arg),*]),
            $crate::sql::On::Postgres(c) => {
                sqlx::query($sql)$(.bind($arg))*.execute(c).await.map(|done| done.rows_affected()).map_err($crate::Error::from)
            }
        }
    };
}

/// All rows of a query.
macro_rules! all {
    ($conn:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $conn.this() {
            $crate::sql::Conn::Sqlite(c) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_all(&mut *c).await,
            $crate::sql::Conn::Postgres(c) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_all(&mut **c).await,
        }
        .map_err($crate::Error::from)
    };
}

/// The first row of a query, if there is one.
macro_rules! one {
    ($conn:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $conn.this() {
            $crate::sql::Conn::Sqlite(c) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_optional(&mut *c).await,
            $crate::sql::Conn::Postgres(c) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_optional(&mut **c).await,
        }
        .map_err($crate::Error::from)
    };
}

/// The first row of a query as a tuple, on any engine.
macro_rules! tuple {
    ($conn:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $crate::sql::Engine::on(&mut *$conn) {
            $crate::sql::On::Sqlite(c) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_optional(c).await.map_err($crate::Error::from),
            $crate::sql::On::Direct(c) => c.one::<$row>($sql, &[$(&$arg),*]),
            $crate::sql::On::Postgres(c) => sqlx::query_as::<_, $row>($sql)$(.bind($arg))*.fetch_optional(c).await.map_err($crate::Error::from),
        }
    };
}

/// Runs one statement over many rows, in chunks; the number of rows that it touched. On this thread it runs for each row: that takes less than what SQLite
/// sets up for many, and nobody waits in between.
macro_rules! run_rows {
    ($conn:expr, $sql:expr, $rows:expr, |$row:ident| [$($col:expr),+ $(,)?]) => {{
        let mut touched = 0;
        for chunk in $rows.chunks($crate::sql::CHUNK) {
            touched += match $crate::sql::Engine::on(&mut *$conn) {
                $crate::sql::On::Sqlite(c) => {
                    let mut query = sqlx::query(sqlx::AssertSqlSafe($sql.text(chunk.len(), false)));
                    for $row in chunk { $(query = query.bind($col);)+ }
                    query.execute(c).await.map(|done| done.rows_affected()).map_err($crate::Error::from)
                }
                $crate::sql::On::Direct(c) => {
                    let mut statement = c.prepare_row(&$sql)?;
                    let mut touched = 0;
                    for $row in chunk {
                        $(statement.bind(&$col)?;)+
                        touched += statement.run()?;
                    }
                    Ok(touched)
                }
                $crate::sql::On::Postgres(c) => {
                    let mut query = sqlx::query(sqlx::AssertSqlSafe($sql.text(chunk.len(), true)));
                    for $row in chunk { $(query = query.bind($col);)+ }
                    query.execute(c).await.map(|done| done.rows_affected()).map_err($crate::Error::from)
                }
            }?;
        }
        touched
    }};
}

/// Runs one statement over many rows, in chunks; all that it returns, as tuples.
macro_rules! all_rows {
    ($conn:expr, $out:ty, $sql:expr, $rows:expr, |$row:ident| [$($col:expr),+ $(,)?]) => {{
        let mut found: Vec<$out> = Vec::new();
        for chunk in $rows.chunks($crate::sql::CHUNK) {
            match $crate::sql::Engine::on(&mut *$conn) {
                $crate::sql::On::Sqlite(c) => {
                    let mut query = sqlx::query_as::<_, $out>(sqlx::AssertSqlSafe($sql.text(chunk.len(), false)));
                    for $row in chunk { $(query = query.bind($col);)+ }
                    found.extend(query.fetch_all(c).await?);
                }
                $crate::sql::On::Direct(c) => {
                    let mut statement = c.prepare_row(&$sql)?;
                    for $row in chunk {
                        $(statement.bind(&$col)?;)+
                        statement.all(&mut found)?;
                    }
                }
                $crate::sql::On::Postgres(c) => {
                    let mut query = sqlx::query_as::<_, $out>(sqlx::AssertSqlSafe($sql.text(chunk.len(), true)));
                    for $row in chunk { $(query = query.bind($col);)+ }
                    found.extend(query.fetch_all(c).await?);
                }
            }
        }
        found
    }};
}

/// What a column holds as text, as what it stands for.
pub(crate) fn read<T: std::str::FromStr>(text: &str) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|error: T::Err| Error::Other(sqlx::Error::Decode(Box::new(error))))
}

/// More rows than this are a second statement: a prepared text is kept per number of rows.
pub(crate) const CHUNK: usize = 24;

/// A statement over a list of rows: `head (…), (…) tail`.
pub(crate) struct Rows {
    pub head: &'static str,
    pub columns: usize,
    pub tail: &'static str,
}

impl Rows {
    /// The text of one row, for a connection whose transaction is rolled back whenever a statement fails: SQLite then need not keep what the statement has changed
    /// before.
    pub(crate) fn text_or_fail(&self) -> String {
        let text = self.text_of_one().unwrap_or_else(|| self.text(1, false));
        match (text.strip_prefix("INSERT INTO "), text.strip_prefix("UPDATE ")) {
            (Some(rest), _) => format!("INSERT OR FAIL INTO {rest}"),
            (_, Some(rest)) => format!("UPDATE OR FAIL {rest}"),
            _ => text,
        }
    }

    /// An update of one row, its values where the list's columns were named. SQLite gathers what an update takes from a list in a table that it makes for that, which
    /// takes longer than the update; and so it does with the list of an `IN`.
    fn text_of_one(&self) -> Option<String> {
        let Some(names) = self.head.strip_prefix("WITH v (").and_then(|head| head.strip_suffix(") AS (VALUES ")) else {
            let head = self.head.strip_suffix(" IN (VALUES ")?;
            return Some(format!("{head} = ?1{}", self.tail.strip_prefix(')')?));
        };
        let (update, condition) = self.tail.strip_prefix(") ").filter(|tail| tail.starts_with("UPDATE "))?.split_once(" FROM v WHERE ")?;
        let places: Vec<(String, String)> = names.split(", ").enumerate().map(|(at, name)| (format!("v.{name}"), format!("?{}", at + 1))).collect();
        let text = format!("{update} WHERE {condition}");
        let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
        Some(
            words
                .map(|word| {
                    let named = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
                    places.iter().find(|(name, _)| name == named).map_or_else(|| word.to_owned(), |(name, place)| word.replacen(name, place, 1))
                })
                .collect(),
        )
    }

    /// The text for so many rows. SQLite gets bare question marks: looking named parameters up costs it a quadratic time.
    pub(crate) fn text(&self, rows: usize, numbered: bool) -> String {
        use std::fmt::Write;
        let mut text = String::with_capacity(self.head.len() + self.tail.len() + rows * self.columns * 5);
        text.push_str(self.head);
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns {
                if column > 0 {
                    text.push(',');
                }
                if numbered {
                    let _ = write!(text, "${}", row * self.columns + column + 1);
                } else {
                    text.push('?');
                }
            }
            text.push(')');
        }
        text.push_str(self.tail);
        text
    }
}

/// A value kept as JSON text in a TEXT column. Not sqlx's own: that one is JSONB to Postgres, which refuses the NUL characters that
/// customers do send.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Json<T>(pub T);

impl<T> Type<Sqlite> for Json<T> {
    fn type_info() -> <Sqlite as Database>::TypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
    fn compatible(ty: &<Sqlite as Database>::TypeInfo) -> bool {
        <String as Type<Sqlite>>::compatible(ty)
    }
}

impl<T> Type<Postgres> for Json<T> {
    fn type_info() -> <Postgres as Database>::TypeInfo {
        <String as Type<Postgres>>::type_info()
    }
    fn compatible(ty: &<Postgres as Database>::TypeInfo) -> bool {
        <String as Type<Postgres>>::compatible(ty)
    }
}

impl<'q, DB: Database, T: Serialize> Encode<'q, DB> for Json<T>
where
    String: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut <DB as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        serde_json::to_string(&self.0)?.encode(buffer)
    }
}

impl<T: Serialize> rusqlite::ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(text.into())
    }
}

impl<T: DeserializeOwned> rusqlite::types::FromSql for Json<T> {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(|error| rusqlite::types::FromSqlError::Other(Box::new(error)))
    }
}

impl<'r, DB: Database, T: DeserializeOwned> Decode<'r, DB> for Json<T>
where
    &'r str: Decode<'r, DB>,
{
    fn decode(value: <DB as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(<&str>::decode(value)?)?))
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;

    #[test]
    fn one_row_is_updated_without_a_list() {
        let update = Rows {
            head: "WITH v (id, n, now) AS (VALUES ",
            columns: 3,
            tail: ") UPDATE t SET n = t.n + v.n, at = CASE WHEN v.n > 0 THEN v.now ELSE at END FROM v WHERE t.id = v.id AND rev.id <> v.idle RETURNING t.id",
        };
        let one = "UPDATE OR FAIL t SET n = t.n + ?2, at = CASE WHEN ?2 > 0 THEN ?3 ELSE at END WHERE t.id = ?1 AND rev.id <> v.idle RETURNING t.id";
        assert_eq!(update.text_or_fail(), one);
        let many = "WITH v (id, n, now) AS (VALUES ($1,$2,$3), ($4,$5,$6)) UPDATE t SET n";
        assert!(update.text(2, true).starts_with(many), "{}", update.text(2, true));
    }

    #[test]
    fn one_row_is_deleted_without_a_list() {
        let delete = Rows { head: "DELETE FROM t WHERE id IN (VALUES ", columns: 1, tail: ") RETURNING id" };
        assert_eq!(delete.text_or_fail(), "DELETE FROM t WHERE id = ?1 RETURNING id");
    }

    #[test]
    fn one_row_is_looked_up_or_added_as_many_are() {
        let find = Rows { head: "WITH v (id) AS (VALUES ", columns: 1, tail: ") SELECT t.id FROM v WHERE v.id = 1" };
        assert_eq!(find.text_or_fail(), "WITH v (id) AS (VALUES (?)) SELECT t.id FROM v WHERE v.id = 1");
        let add = Rows { head: "INSERT INTO t (id, n) VALUES ", columns: 2, tail: " ON CONFLICT DO NOTHING" };
        assert_eq!(add.text_or_fail(), "INSERT OR FAIL INTO t (id, n) VALUES (?,?) ON CONFLICT DO NOTHING");
    }
}
