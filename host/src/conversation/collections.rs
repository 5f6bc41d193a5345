//! A plugin's own collections as a flow sees them: documents that fit their schema, with this turn's own writes.

use std::cmp::Ordering;

use relevo_model::*;
use relevo_sandbox::{
    Fault, OwnCollection,
    api::{
        records::{Document, Hit, Page, Query},
        types::Failure,
    },
    schema,
};
use relevo_store::{CollectionOf, FIELD_TEXT, Operator, OwnField, OwnQuery, OwnRecord, OwnValue, hot::RecordWrite, seen_of};
use serde_json::{Map, Value, json};

use super::{
    capabilities::{FlowHost, broken},
    overlay::OwnWritten,
};

/// Bytes of a document, and of all that a plugin keeps in one business.
const DOCUMENT: usize = 64 << 10;
const QUOTA: i64 = 50 << 20;
/// What lacks the field that is sorted by comes before all that has it.
const LOWEST: f64 = -1e300;

impl FlowHost {
    /// A collection that the manifest declares as the plugin's own.
    pub(super) fn own(&self, name: &str) -> Option<OwnCollection> {
        self.manifest.collection(name).cloned()
    }

    pub(super) async fn own_get(&mut self, own: &OwnCollection, id: &str) -> Result<Option<Document>, Fault> {
        Ok(self.own_current(own, id).await?.map(|row| document(&row.id, row.version, &row.value)))
    }

    pub(super) async fn own_find(&mut self, own: &OwnCollection, query: &Query) -> Result<Page, Fault> {
        let asked = parse(own, query)?;
        let plugin = self.plugin_id().to_owned();
        let written = self.overlay.records_of(&plugin, &own.name);
        let mut wanted = asked.clone();
        // One more tells whether there is a next page; and as many as this turn may have changed or removed.
        wanted.limit += 1 + i64::try_from(written.len()).unwrap_or(0);
        let of = CollectionOf { plugin: &plugin, collection: &own.name };
        let stored = self.cell.read().await.map_err(broken)?.collections().find(of, &wanted).await.map_err(broken)?;
        let mut rows: Vec<Row> = stored.into_iter().filter(|row| !written.iter().any(|(id, _)| *id == row.id)).map(Row::from).collect();
        rows.extend(written.into_iter().filter_map(|(id, written)| Some(Row { id, value: written.value?, version: written.version, at: written.created_at })));
        Ok(page(rows, &asked))
    }

    pub(super) async fn own_search(&mut self, own: &OwnCollection, text: &str, limit: u32) -> Result<Vec<Hit>, Fault> {
        let words: Vec<String> = options::plain(text).split_whitespace().take(8).map(str::to_owned).collect();
        let Some(longest) = words.iter().max_by_key(|word| word.len()) else { return Ok(Vec::new()) };
        // The database narrows by one word, whose accents it does not fold: so its letters without an accent decide.
        let stem: String = longest.chars().take_while(|letter| !"aeioun".contains(*letter)).collect();
        let title = OwnField::Text(own.title_field.clone());
        let filters = vec![(title, Operator::Contains, OwnValue::Text(stem))];
        let query = OwnQuery { filters, sort: OwnField::CreatedAt, descending: true, after: None, limit: 500 };
        let plugin = self.plugin_id().to_owned();
        let of = CollectionOf { plugin: &plugin, collection: &own.name };
        let found = self.cell.read().await.map_err(broken)?.collections().find(of, &query).await.map_err(broken)?;
        let mut hits: Vec<Hit> = found.into_iter().filter_map(|row| hit(own, &row, &words)).collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(limit as usize);
        Ok(hits)
    }

    pub(super) async fn own_add(&mut self, own: &OwnCollection, value: &str) -> Result<String, Fault> {
        let value = fitting(own, value)?;
        self.check_quota().await?;
        let id: uuid::Uuid = self.own_id();
        let new = Row { id: id.to_string(), value: Value::Null, version: 0, at: self.now };
        self.own_write(own, new, Some(value));
        Ok(id.to_string())
    }

    pub(super) async fn own_save(&mut self, own: &OwnCollection, id: &str, version: u64, value: &str) -> Result<(), Fault> {
        let value = fitting(own, value)?;
        self.check_quota().await?;
        let seen = self.own_seen(own, id, version).await?;
        self.own_write(own, seen, Some(value));
        Ok(())
    }

    pub(super) async fn own_remove(&mut self, own: &OwnCollection, id: &str, version: u64) -> Result<(), Fault> {
        let seen = self.own_seen(own, id, version).await?;
        self.own_write(own, seen, None);
        Ok(())
    }

    /// What a document is now, to this turn.
    async fn own_current(&mut self, own: &OwnCollection, id: &str) -> Result<Option<Row>, Fault> {
        let plugin = self.plugin_id().to_owned();
        if let Some(written) = self.overlay.records.get(&(plugin.clone(), own.name.clone(), id.to_owned())) {
            return Ok(written.value.clone().map(|value| Row { id: id.to_owned(), value, version: written.version, at: written.created_at }));
        }
        let of = CollectionOf { plugin: &plugin, collection: &own.name };
        Ok(self.cell.read().await.map_err(broken)?.collections().get(of, id).await.map_err(broken)?.map(Row::from))
    }

    /// What a write is to stand on, if that is the present version.
    async fn own_seen(&mut self, own: &OwnCollection, id: &str, version: u64) -> Result<Row, Fault> {
        let current = self.own_current(own, id).await?.ok_or(Failure::NotFound)?;
        if i64::try_from(version) == Ok(current.version) { Ok(current) } else { Err(Failure::Conflict.into()) }
    }

    /// `seen` is what it stands on; at version 0 there is none yet.
    fn own_write(&mut self, own: &OwnCollection, seen: Row, value: Option<Value>) {
        let place = (self.plugin_id().to_owned(), own.name.clone(), seen.id);
        // What the first write of the turn expected is what must still hold when it commits.
        let expect = self.overlay.records.get(&place).map_or(seen.version, |earlier| earlier.expect);
        self.overlay.records.insert(place, OwnWritten { value, version: seen.version + 1, expect, created_at: seen.at });
    }

    async fn check_quota(&mut self) -> Result<(), Fault> {
        if !self.collections_checked {
            let plugin = self.plugin_id().to_owned();
            let used = self.cell.read().await.map_err(broken)?.collections().bytes_of(&plugin).await.map_err(broken)?;
            if used > QUOTA {
                return Err(Failure::OverQuota(format!("this plugin keeps {used} bytes of {QUOTA} in its collections: remove what it no longer needs")).into());
            }
            self.collections_checked = true;
        }
        Ok(())
    }
}

/// As it is committed with the turn.
pub(super) fn write_of((plugin, collection, id): (String, String, String), written: OwnWritten) -> RecordWrite {
    RecordWrite { plugin, collection, id, value: written.value, expect: written.expect }
}

/// A document as the schema wants it, with its defaults.
///
/// # Errors
/// What does not fit, a few of them.
pub(crate) fn fitting(own: &OwnCollection, value: &str) -> Result<Value, Failure> {
    if value.len() > DOCUMENT {
        return Err(Failure::OverQuota(format!("a document takes {DOCUMENT} bytes at most")));
    }
    let value: Value = serde_json::from_str(value).map_err(|error| Failure::Invalid(format!("a document is a JSON object: {error}")))?;
    let value = schema::with_defaults(&own.schema, &value);
    let problems = schema::validate(&own.schema, &value);
    if problems.is_empty() {
        return Ok(value);
    }
    let told: Vec<String> = problems.iter().take(5).map(|problem| format!("{} at {:?}", problem.keyword, problem.path)).collect();
    Err(Failure::Invalid(format!("this does not fit the schema of {:?}: {}", own.name, told.join(", "))))
}

struct Row {
    id: String,
    value: Value,
    version: i64,
    at: Time,
}

impl From<OwnRecord> for Row {
    fn from(row: OwnRecord) -> Self {
        Self { id: row.id, value: row.value.0, version: row.version, at: row.created_at }
    }
}

fn document(id: &str, version: i64, value: &Value) -> Document {
    Document { id: id.to_owned(), version: u64::try_from(version).unwrap_or(0), value: value.to_string() }
}

fn hit(own: &OwnCollection, row: &OwnRecord, words: &[String]) -> Option<Hit> {
    let excerpt: String = row.value.0[&own.title_field].as_str().unwrap_or_default().chars().take(FIELD_TEXT).collect();
    let title = options::plain(&excerpt);
    let found = words.iter().filter(|word| title.contains(word.as_str())).count();
    #[expect(clippy::cast_precision_loss, reason = "a score of at most eight words")]
    let score = found as f32 / words.len() as f32;
    (found > 0).then(|| Hit { document: document(&row.id, row.version, &row.value.0), score, excerpt })
}

/// By what a collection can be asked.
pub(crate) fn field(own: &OwnCollection, name: &str) -> Result<OwnField, Failure> {
    let named = name.to_owned();
    match (name, own.schema["properties"][name]["type"].as_str()) {
        (_, Some("string")) => Ok(OwnField::Text(named)),
        (_, Some("integer" | "number")) => Ok(OwnField::Number(named)),
        (_, Some("boolean")) => Ok(OwnField::Truth(named)),
        ("id", None) => Ok(OwnField::Id),
        ("created_at", None) => Ok(OwnField::CreatedAt),
        _ => Err(Failure::Invalid(format!(
            "there is no field {name:?} to ask {:?} for: use id, created_at, or a text, number or truth of its schema's first level",
            own.name
        ))),
    }
}

fn parse(own: &OwnCollection, query: &Query) -> Result<OwnQuery, Failure> {
    let filter: Map<String, Value> = if query.filter.trim().is_empty() {
        Map::new()
    } else {
        serde_json::from_str(&query.filter).map_err(|error| Failure::Invalid(format!("a filter is a JSON object: {error}")))?
    };
    let mut filters = Vec::new();
    for (name, condition) in filter {
        let field = field(own, &name)?;
        let conditions = match condition {
            Value::Object(operators) => operators.into_iter().collect(),
            value => vec![("eq".to_owned(), value)],
        };
        for (operator, value) in conditions {
            let known = Operator::named(&operator)
                .ok_or_else(|| Failure::Invalid(format!("there is no operator {operator:?}: use eq, ne, lt, lte, gt, gte or contains")))?;
            let value = comparable(&field, &value).filter(|value| known != Operator::Contains || matches!(value, OwnValue::Text(_)));
            let value = value.ok_or_else(|| Failure::Invalid(format!("{name} cannot be compared like that")))?;
            filters.push((field.clone(), known, value));
        }
    }
    let (name, descending) = match query.sort.as_deref() {
        None => ("id", false),
        Some(text) => text.strip_prefix('-').map_or((text, false), |name| (name, true)),
    };
    let sort = field(own, name)?;
    let after =
        query.cursor.as_deref().map(|cursor| read_cursor(&sort, cursor).ok_or_else(|| Failure::Invalid("this is no cursor of ours".into()))).transpose()?;
    Ok(OwnQuery { filters, sort, descending, after, limit: i64::from(query.limit) })
}

/// A value as the field is compared with it; none of another type.
fn comparable(field: &OwnField, value: &Value) -> Option<OwnValue> {
    match field {
        OwnField::Id | OwnField::Text(_) => value.as_str().map(|text| OwnValue::Text(text.to_owned())),
        OwnField::CreatedAt | OwnField::Number(_) => value.as_f64().map(OwnValue::Number),
        OwnField::Truth(_) => value.as_bool().map(|truth| OwnValue::Number(f64::from(u8::from(truth)))),
    }
}

fn read_cursor(sort: &OwnField, cursor: &str) -> Option<(OwnValue, String)> {
    let (place, id): (Value, String) = serde_json::from_slice(&hex::decode(cursor).ok()?).ok()?;
    let place = match sort {
        OwnField::Id | OwnField::Text(_) => OwnValue::Text(place.as_str()?.to_owned()),
        OwnField::CreatedAt | OwnField::Number(_) | OwnField::Truth(_) => OwnValue::Number(place.as_f64()?),
    };
    Some((place, id))
}

fn value_in(row: &Row, field: &OwnField) -> Option<OwnValue> {
    match field {
        OwnField::Id => Some(OwnValue::Text(row.id.clone())),
        #[expect(clippy::cast_precision_loss, reason = "a time in milliseconds is far below 2^53")]
        OwnField::CreatedAt => Some(OwnValue::Number(row.at.0 as f64)),
        OwnField::Text(name) | OwnField::Number(name) | OwnField::Truth(name) => comparable(field, &row.value[name]),
    }
}

/// Where a row stands in the order: as the database sorts.
fn place(row: &Row, sort: &OwnField) -> OwnValue {
    match (value_in(row, sort), sort) {
        (Some(OwnValue::Text(text)), _) => OwnValue::Text(seen_of(&text)),
        (Some(number), _) => number,
        (None, OwnField::Id | OwnField::Text(_)) => OwnValue::Text(String::new()),
        (None, _) => OwnValue::Number(LOWEST),
    }
}

fn compare(one: &OwnValue, other: &OwnValue) -> Ordering {
    match (one, other) {
        (OwnValue::Text(one), OwnValue::Text(other)) => one.cmp(other),
        (OwnValue::Number(one), OwnValue::Number(other)) => one.total_cmp(other),
        (OwnValue::Text(_), OwnValue::Number(_)) => Ordering::Greater,
        (OwnValue::Number(_), OwnValue::Text(_)) => Ordering::Less,
    }
}

fn matches(row: &Row, (field, operator, wanted): &(OwnField, Operator, OwnValue)) -> bool {
    // What is not there compares with nothing, as in SQL.
    let Some(value) = value_in(row, field) else { return false };
    let order = compare(&value, wanted);
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Lt => order.is_lt(),
        Operator::Lte => order.is_le(),
        Operator::Gt => order.is_gt(),
        Operator::Gte => order.is_ge(),
        Operator::Contains => match (&value, wanted) {
            (OwnValue::Text(text), OwnValue::Text(words)) => text.to_lowercase().contains(&words.to_lowercase()),
            _ => false,
        },
    }
}

/// What the database found and what this turn wrote, through the same filter, in one order, one page of it.
fn page(rows: Vec<Row>, query: &OwnQuery) -> Page {
    let directed = |order: Ordering| if query.descending { order.reverse() } else { order };
    let mut placed: Vec<(OwnValue, Row)> = rows
        .into_iter()
        .filter(|row| query.filters.iter().all(|filter| matches(row, filter)))
        .map(|row| (place(&row, &query.sort), row))
        .filter(|(place, row)| query.after.as_ref().is_none_or(|(last, id)| directed(compare(place, last).then_with(|| row.id.cmp(id))).is_gt()))
        .collect();
    placed.sort_by(|a, b| directed(compare(&a.0, &b.0).then_with(|| a.1.id.cmp(&b.1.id))));
    let limit = usize::try_from(query.limit).unwrap_or(0);
    let more = placed.len() > limit;
    placed.truncate(limit);
    let next = placed.last().filter(|_| more).map(|(place, row)| {
        let place = match place {
            OwnValue::Text(text) => json!(text),
            OwnValue::Number(number) => json!(number),
        };
        hex::encode(json!([place, row.id]).to_string())
    });
    Page { items: placed.into_iter().map(|(_, row)| document(&row.id, row.version, &row.value)).collect(), next }
}
