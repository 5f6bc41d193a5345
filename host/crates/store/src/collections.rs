//! Documents of the collections that plugins declare as their own, and the fields by which they are found.

use relevo_model::*;
use serde_json::Value;

use crate::{
    Error, Operator, Result, Write,
    hot::{RecordWrite, storable},
    sql::{Conn, Engine, Json, Rows},
};

/// Characters of a text that filters and orders see.
pub const FIELD_TEXT: usize = 500;
const DAY: i64 = 24 * 3_600_000;

#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct OwnRecord {
    pub id: String,
    pub value: Json<Value>,
    pub version: i64,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    #[sqlx(try_from = "i64")]
    pub updated_at: Time,
}

/// Which documents, and where: a plugin's collection.
#[derive(Clone, Copy, Debug)]
pub struct CollectionOf<'a> {
    pub plugin: &'a str,
    pub collection: &'a str,
}

/// By what a collection is filtered and sorted.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnField {
    Id,
    CreatedAt,
    /// A field of the first level that holds texts.
    Text(String),
    /// One that holds numbers.
    Number(String),
    /// One that holds truths.
    Truth(String),
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnValue {
    Text(String),
    Number(f64),
}

#[derive(Clone, Debug, PartialEq)]
pub struct OwnQuery {
    pub filters: Vec<(OwnField, Operator, OwnValue)>,
    pub sort: OwnField,
    pub descending: bool,
    /// The sort value and the id of the last row seen.
    pub after: Option<(OwnValue, String)>,
    pub limit: i64,
}

pub struct Collections<'a>(&'a mut Conn);

impl Conn {
    pub fn collections(&mut self) -> Collections<'_> {
        Collections(self)
    }
}

macro_rules! select {
    () => {
        "SELECT r.id, r.value, r.version, r.created_at, r.updated_at FROM plugin_records r "
    };
}

impl Collections<'_> {
    pub async fn get(&mut self, of: CollectionOf<'_>, id: &str) -> Result<Option<OwnRecord>> {
        const GET: &str = concat!(select!(), "WHERE r.plugin_id = $1 AND r.collection = $2 AND r.id = $3");
        one!(self.0, OwnRecord, GET, of.plugin, of.collection, storable::kept(id))
    }

    pub async fn find(&mut self, of: CollectionOf<'_>, query: &OwnQuery) -> Result<Vec<OwnRecord>> {
        let asked = Asked::of(of, query);
        let (text, binds) = (asked.text, asked.binds);
        match self.0 {
            Conn::Sqlite(c) => {
                let mut query = sqlx::query_as::<_, OwnRecord>(sqlx::AssertSqlSafe(text));
                for value in binds {
                    query = match value {
                        Bound::Text(text) => query.bind(text),
                        Bound::Number(number) => query.bind(number),
                        Bound::Whole(whole) => query.bind(whole),
                    };
                }
                query.fetch_all(&mut *c).await
            }
            Conn::Postgres(c) => {
                let mut query = sqlx::query_as::<_, OwnRecord>(sqlx::AssertSqlSafe(text));
                for value in binds {
                    query = match value {
                        Bound::Text(text) => query.bind(text),
                        Bound::Number(number) => query.bind(number),
                        Bound::Whole(whole) => query.bind(whole),
                    };
                }
                query.fetch_all(&mut **c).await
            }
        }
        .map_err(Error::from)
    }

    /// Whether a plugin keeps anything here.
    pub async fn holds(&mut self, plugin: &str) -> Result<bool> {
        Ok(one!(self.0, (i64,), "SELECT CAST(1 AS BIGINT) FROM plugin_records WHERE plugin_id = $1 LIMIT 1", plugin)?.is_some())
    }

    /// Bytes that a plugin keeps in its collections.
    pub async fn bytes_of(&mut self, plugin: &str) -> Result<i64> {
        const SUM: &str = "SELECT CAST(COALESCE(SUM(octet_length(value)), 0) AS BIGINT) FROM plugin_records WHERE plugin_id = $1";
        Ok(one!(self.0, (i64,), SUM, plugin)?.map_or(0, |(bytes,)| bytes))
    }

    /// What a plugin has counted, by name.
    pub async fn counters(&mut self, plugin: &str) -> Result<Vec<(String, i64)>> {
        all!(self.0, (String, i64), "SELECT metric, value FROM plugin_counters WHERE plugin_id = $1 ORDER BY metric", plugin)
    }

    /// What it counted since then: name, when the day of UTC began, and how many; the newest day of each name first.
    pub async fn counted_by_day(&mut self, plugin: &str, since: Time) -> Result<Vec<(String, i64, i64)>> {
        const LIST: &str = "SELECT metric, day, value FROM plugin_counter_days WHERE plugin_id = $1 AND day >= $2 ORDER BY metric, day DESC";
        all!(self.0, (String, i64, i64), LIST, plugin, since.0)
    }
}

impl Write {
    /// Writes a document as a person does.
    ///
    /// # Errors
    /// `Conflict` where it is not at the version that the write expects.
    pub async fn write_record(&mut self, write: &RecordWrite, now: Time) -> Result<()> {
        self::write(self, write, now).await
    }
}

pub(crate) async fn write(conn: &mut impl Engine, write: &RecordWrite, now: Time) -> Result<()> {
    const ADD: &str = "INSERT INTO plugin_records (plugin_id, collection, id, value, version, created_at, updated_at) VALUES ($1, $2, $3, $4, 1, $5, $5)";
    const SAVE: &str = "UPDATE plugin_records SET value = $1, version = version + 1, updated_at = $2 \
                        WHERE plugin_id = $3 AND collection = $4 AND id = $5 AND version = $6";
    const REMOVE: &str = "DELETE FROM plugin_records WHERE plugin_id = $1 AND collection = $2 AND id = $3 AND version = $4";
    let RecordWrite { plugin, collection, id, value, expect } = write;
    let touched = match (value, *expect) {
        // It was made and taken away within the turn.
        (None, 0) => return Ok(()),
        (Some(value), 0) => run!(conn, ADD, plugin, collection, id, Json(value), now.0)?,
        (Some(value), version) => run!(conn, SAVE, Json(value), now.0, plugin, collection, id, version)?,
        (None, version) => run!(conn, REMOVE, plugin, collection, id, version)?,
    };
    if touched == 0 {
        return Err(Error::Conflict(format!("the document {id} of {collection} changed in between")));
    }
    index(conn, write).await
}

/// Keeps the fields by which a document is found as they are in it now.
async fn index(conn: &mut impl Engine, write: &RecordWrite) -> Result<()> {
    const FORGET: &str = "DELETE FROM plugin_record_fields WHERE plugin_id = $1 AND collection = $2 AND id = $3";
    const KEEP: Rows = Rows { head: "INSERT INTO plugin_record_fields (plugin_id, collection, field, id, text, number) VALUES ", columns: 6, tail: "" };
    let RecordWrite { plugin, collection, id, value, expect } = write;
    if *expect != 0 {
        run!(conn, FORGET, plugin, collection, id)?;
    }
    let fields: Vec<(&str, Option<String>, Option<f64>)> =
        value.as_ref().and_then(Value::as_object).into_iter().flatten().filter_map(|(name, value)| indexed(name, value)).collect();
    if !fields.is_empty() {
        run_rows!(conn, KEEP, fields, |field| [plugin.as_str(), collection.as_str(), field.0, id.as_str(), field.1.as_deref(), field.2]);
    }
    Ok(())
}

fn indexed<'a>(name: &'a str, value: &Value) -> Option<(&'a str, Option<String>, Option<f64>)> {
    match value {
        Value::String(text) => Some((name, Some(seen_of(text)), None)),
        Value::Number(number) => Some((name, None, number.as_f64())),
        Value::Bool(truth) => Some((name, None, Some(f64::from(u8::from(*truth))))),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What filters and orders see of a text.
pub fn seen_of(text: &str) -> String {
    storable::kept(text).chars().take(FIELD_TEXT).collect()
}

/// Adds to a plugin's counters, all in all and of the day. A name beyond the thirty-two that it has is not taken in.
pub(crate) async fn count(conn: &mut impl Engine, plugin: &str, metric: &str, by: i64, now: Time) -> Result<()> {
    const COUNT: &str = "INSERT INTO plugin_counters (plugin_id, metric, value, updated_at) SELECT $1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT) \
                         WHERE (SELECT COUNT(*) FROM plugin_counters WHERE plugin_id = $1 AND metric <> $2) < 32 \
                         ON CONFLICT (plugin_id, metric) DO UPDATE SET value = plugin_counters.value + excluded.value, updated_at = excluded.updated_at";
    const COUNT_DAY: &str = "INSERT INTO plugin_counter_days (plugin_id, metric, day, value) SELECT $1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT) \
                             WHERE EXISTS (SELECT 1 FROM plugin_counters WHERE plugin_id = $1 AND metric = $2) \
                             ON CONFLICT (plugin_id, metric, day) DO UPDATE SET value = plugin_counter_days.value + excluded.value";
    run!(conn, COUNT, plugin, metric, by, now.0)?;
    run!(conn, COUNT_DAY, plugin, metric, now.0 - now.0.rem_euclid(DAY), by).map(|_| ())
}

enum Bound {
    Text(String),
    Number(f64),
    Whole(i64),
}

impl From<&OwnValue> for Bound {
    fn from(value: &OwnValue) -> Self {
        match value {
            OwnValue::Text(text) => Self::Text(seen_of(text)),
            OwnValue::Number(number) => Self::Number(*number),
        }
    }
}

/// A query as SQL: `$1` is the plugin and `$2` the collection.
struct Asked {
    text: String,
    binds: Vec<Bound>,
}

impl Asked {
    fn of(of: CollectionOf<'_>, query: &OwnQuery) -> Self {
        let mut asked = Self { text: select!().to_owned(), binds: vec![Bound::Text(of.plugin.to_owned()), Bound::Text(of.collection.to_owned())] };
        let sort = asked.join(&query.sort);
        asked.text.push_str(" WHERE r.plugin_id = $1 AND r.collection = $2");
        for (field, operator, value) in &query.filters {
            asked.only(field, *operator, value);
        }
        let (than, direction) = if query.descending { ("<", "DESC") } else { (">", "ASC") };
        if let Some((value, last)) = &query.after {
            let (value, last) = (asked.bind_for(&query.sort, value), asked.bind(Bound::Text(storable::kept(last))));
            asked.text.push_str(&format!(" AND ({sort} {than} {value} OR ({sort} = {value} AND r.id {than} {last}))"));
        }
        let limit = asked.bind(Bound::Whole(query.limit));
        asked.text.push_str(&format!(" ORDER BY {sort} {direction}, r.id {direction} LIMIT {limit}"));
        asked
    }

    fn bind(&mut self, value: Bound) -> String {
        self.binds.push(value);
        format!("${}", self.binds.len())
    }

    /// Times are whole numbers of a column of their own.
    fn bind_for(&mut self, field: &OwnField, value: &OwnValue) -> String {
        match (field, value) {
            #[expect(clippy::cast_possible_truncation, reason = "a time in milliseconds is far below 2^53")]
            (OwnField::CreatedAt, OwnValue::Number(number)) => self.bind(Bound::Whole(*number as i64)),
            _ => self.bind(value.into()),
        }
    }

    /// The expression to sort by. What lacks the field comes before all that has it.
    fn join(&mut self, field: &OwnField) -> String {
        let (name, expression) = match field {
            OwnField::Id => return "r.id".into(),
            OwnField::CreatedAt => return "r.created_at".into(),
            OwnField::Text(name) => (name, "COALESCE(s.text, '')"),
            OwnField::Number(name) | OwnField::Truth(name) => (name, "COALESCE(s.number, -1e300)"),
        };
        let name = self.bind(Bound::Text(name.clone()));
        self.text.push_str(&format!(
            "LEFT JOIN plugin_record_fields s ON s.plugin_id = r.plugin_id AND s.collection = r.collection AND s.id = r.id AND s.field = {name}"
        ));
        expression.into()
    }

    fn only(&mut self, field: &OwnField, operator: Operator, value: &OwnValue) {
        let (name, column) = match field {
            OwnField::Id | OwnField::CreatedAt => {
                let column = if *field == OwnField::Id { "r.id" } else { "r.created_at" };
                let test = self.test(field, column, operator, value);
                return self.text.push_str(&format!(" AND {test}"));
            }
            OwnField::Text(name) => (name, "f.text"),
            OwnField::Number(name) | OwnField::Truth(name) => (name, "f.number"),
        };
        let name = self.bind(Bound::Text(name.clone()));
        let test = self.test(field, column, operator, value);
        self.text.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM plugin_record_fields f WHERE f.plugin_id = r.plugin_id AND f.collection = r.collection AND f.id = r.id \
             AND f.field = {name} AND {test})"
        ));
    }

    fn test(&mut self, field: &OwnField, column: &str, operator: Operator, value: &OwnValue) -> String {
        match (operator, value) {
            (Operator::Contains, OwnValue::Text(words)) => {
                let words = self.bind(Bound::Text(storable::like(words)));
                // Folded here: Postgres would fold a bound text by the database's rules, and a column by its own.
                format!("lower({column}) LIKE {words} ESCAPE '\\'")
            }
            _ => {
                let value = self.bind_for(field, value);
                format!("{column} {} {value}", operator.sql())
            }
        }
    }
}
