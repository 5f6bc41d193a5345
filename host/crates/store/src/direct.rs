//! The writer's own connection to a SQLite file: statements run on the thread that asks for them. Through sqlx each is handed to another thread and waited for,
//! which costs more than most of them do.

use std::{collections::HashMap, path::Path, str::FromStr};

use rusqlite::{CachedStatement, Connection, OpenFlags, Row, ToSql, types::FromSql};

use crate::{
    Error, Result, base,
    sql::{self, Rows},
};

/// Prepared statements that are kept: one per text, and where rows are written in bulk per number of rows.
pub(crate) const STATEMENTS: usize = 100;

pub(crate) struct Direct {
    conn: Connection,
    /// What statements over rows say of one, by their parts.
    of_one: HashMap<(&'static str, &'static str), String>,
}

impl Direct {
    /// Opens a file that is there already, with its tables, to write to it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        for (name, value) in base::PRAGMAS {
            conn.pragma_update(None, name, value)?;
        }
        let synchronous: i64 = conn.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        let journal: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        base::safe(path, synchronous, &journal)?;
        Ok(Self { conn, of_one: HashMap::new() })
    }

    pub(crate) fn open_to_read(path: &Path) -> Result<Self> {
        let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        conn.pragma_update(None, "cache_size", base::READER_CACHE)?;
        Ok(Self { conn, of_one: HashMap::new() })
    }

    pub(crate) fn run(&mut self, text: &str, arguments: &[&dyn ToSql]) -> Result<u64> {
        self.named(text, arguments)?.run()
    }

    pub(crate) fn one<T: Tuple>(&mut self, text: &str, arguments: &[&dyn ToSql]) -> Result<Option<T>> {
        let mut statement = self.named(text, arguments)?;
        let first = statement.statement.raw_query().next()?.map(T::read).transpose()?;
        Ok(first)
    }

    /// The same, read column after column.
    pub(crate) fn one_as<T>(&mut self, text: &str, arguments: &[&dyn ToSql], read: impl FnOnce(&mut Columns<'_, '_>) -> Result<T>) -> Result<Option<T>> {
        let mut statement = self.named(text, arguments)?;
        let mut rows = statement.statement.raw_query();
        rows.next()?.map(|row| read(&mut Columns { row, place: 0 })).transpose()
    }

    /// A statement whose arguments are bound in the order of its question marks.
    pub(crate) fn prepare(&mut self, text: &str) -> Result<Statement<'_>> {
        Ok(Statement { statement: self.conn.prepare_cached(text)?, bound: 0 })
    }

    /// The same for one row of such a statement.
    pub(crate) fn prepare_row(&mut self, rows: &Rows) -> Result<Statement<'_>> {
        let text = self.of_one.entry((rows.head, rows.tail)).or_insert_with(|| rows.text_or_fail());
        Ok(Statement { statement: self.conn.prepare_cached(text)?, bound: 0 })
    }

    /// A statement that names its arguments by number. SQLite numbers names as they come, whatever they say.
    fn named(&mut self, text: &str, arguments: &[&dyn ToSql]) -> Result<Statement<'_>> {
        let mut statement = self.prepare(text)?;
        for place in 1..=statement.statement.parameter_count() {
            let number = statement.statement.parameter_name(place).and_then(|name| name.get(1..)?.parse::<usize>().ok()).unwrap_or(place);
            let argument = number.checked_sub(1).and_then(|number| arguments.get(number));
            let argument = argument.ok_or(rusqlite::Error::InvalidParameterCount(arguments.len(), number))?;
            statement.statement.raw_bind_parameter(place, argument)?;
        }
        Ok(statement)
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.busy_timeout(base::BUSY)?;
    Ok(conn)
}

pub(crate) struct Statement<'a> {
    statement: CachedStatement<'a>,
    bound: usize,
}

impl Statement<'_> {
    pub(crate) fn bind(&mut self, argument: &impl ToSql) -> Result<()> {
        self.bound += 1;
        Ok(self.statement.raw_bind_parameter(self.bound, argument)?)
    }

    /// Runs it with what was bound; then it can be bound anew.
    pub(crate) fn run(&mut self) -> Result<u64> {
        self.bound = 0;
        Ok(self.statement.raw_execute()?.try_into().expect("a count fits"))
    }

    pub(crate) fn all<T: Tuple>(&mut self, found: &mut Vec<T>) -> Result<()> {
        self.bound = 0;
        let mut rows = self.statement.raw_query();
        while let Some(row) = rows.next()? {
            found.push(T::read(row)?);
        }
        Ok(())
    }
}

/// A row whose columns are read in their order.
pub(crate) struct Columns<'a, 'r> {
    row: &'a Row<'r>,
    place: usize,
}

impl Columns<'_, '_> {
    pub(crate) fn next<T: FromSql>(&mut self) -> Result<T> {
        self.place += 1;
        Ok(self.row.get(self.place - 1)?)
    }

    /// Kept as text, and stands for something else.
    pub(crate) fn parsed<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(&mut self) -> Result<T> {
        sql::read(&self.next::<String>()?)
    }
}

/// A row by the places of its columns.
pub(crate) trait Tuple: Sized {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self>;
}

macro_rules! tuples {
    ($($name:ident $place:tt),+) => {
        impl<$($name: FromSql),+> Tuple for ($($name,)+) {
            fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
                Ok(($(row.get::<_, $name>($place)?,)+))
            }
        }
    };
}
tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);

/// BUSY, READONLY, IOERR and its extensions, FULL, CANTOPEN.
pub(crate) const fn is_unavailable(code: i32) -> bool {
    matches!(code & 0xff, 5 | 8 | 10 | 13 | 14)
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        if let rusqlite::Error::SqliteFailure(code, message) = &error {
            let told = || message.clone().unwrap_or_else(|| code.to_string());
            if is_unavailable(code.extended_code) {
                return Self::Unavailable(told());
            }
            if matches!(
                code.extended_code,
                rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY | rusqlite::ffi::SQLITE_CONSTRAINT_CHECK
            ) {
                return Self::Conflict(told());
            }
        }
        Self::Direct(error)
    }
}
