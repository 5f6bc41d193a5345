//! One SQL text for two engines: the connection, the macros that run a text on either, and rows in bulk.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Database, Decode, Encode, Postgres, Sqlite, SqliteConnection, Type, encode::IsNull, error::BoxDynError, pool::PoolConnection};

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

/// Runs a statement; the number of rows that it touched.
macro_rules! run {
    ($conn:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $conn.this() {
            $crate::sql::Conn::Sqlite(c) => sqlx::query($sql)$(.bind($arg))*.execute(&mut *c).await.map(|done| done.rows_affected()),
            $crate::sql::Conn::Postgres(c) => sqlx::query($sql)$(.bind($arg))*.execute(&mut **c).await.map(|done| done.rows_affected()),
        }
        .map_err($crate::Error::from)
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

/// Runs one statement over many rows, in chunks; the number of rows that it touched.
macro_rules! run_rows {
    ($conn:expr, $sql:expr, $rows:expr, |$row:ident| [$($col:expr),+ $(,)?]) => {{
        let mut touched = 0;
        for chunk in $rows.chunks($crate::sql::CHUNK) {
            let text = $sql.text(chunk.len(), $conn.is_postgres());
            touched += match $conn.this() {
                $crate::sql::Conn::Sqlite(c) => {
                    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
                    for $row in chunk { $(query = query.bind($col);)+ }
                    query.execute(&mut *c).await.map(|done| done.rows_affected())
                }
                $crate::sql::Conn::Postgres(c) => {
                    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
                    for $row in chunk { $(query = query.bind($col);)+ }
                    query.execute(&mut **c).await.map(|done| done.rows_affected())
                }
            }?;
        }
        touched
    }};
}

/// Runs one statement over many rows, in chunks; all that it returns.
macro_rules! all_rows {
    ($conn:expr, $out:ty, $sql:expr, $rows:expr, |$row:ident| [$($col:expr),+ $(,)?]) => {{
        let mut found: Vec<$out> = Vec::new();
        for chunk in $rows.chunks($crate::sql::CHUNK) {
            let text = $sql.text(chunk.len(), $conn.is_postgres());
            found.extend(match $conn.this() {
                $crate::sql::Conn::Sqlite(c) => {
                    let mut query = sqlx::query_as::<_, $out>(sqlx::AssertSqlSafe(text));
                    for $row in chunk { $(query = query.bind($col);)+ }
                    query.fetch_all(&mut *c).await
                }
                $crate::sql::Conn::Postgres(c) => {
                    let mut query = sqlx::query_as::<_, $out>(sqlx::AssertSqlSafe(text));
                    for $row in chunk { $(query = query.bind($col);)+ }
                    query.fetch_all(&mut **c).await
                }
            }?);
        }
        found
    }};
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

impl<'r, DB: Database, T: DeserializeOwned> Decode<'r, DB> for Json<T>
where
    &'r str: Decode<'r, DB>,
{
    fn decode(value: <DB as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(<&str>::decode(value)?)?))
    }
}
