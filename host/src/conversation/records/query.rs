//! What is asked of a collection in the words of the contract: a filter, an order, a page; and the same over what a turn wrote.

use relevo_sandbox::api::{
    records::{Document, Page, Query},
    types::Failure,
};
use relevo_store::{Field, FieldKind, Operator, RecordQuery};
use serde_json::{Value, json};

use super::Collection;

pub(super) fn parse(kind: Collection, query: &Query) -> Result<RecordQuery, Failure> {
    let invalid = |why: &str| Failure::Invalid(why.to_owned());
    let filter: serde_json::Map<String, Value> = if query.filter.trim().is_empty() {
        serde_json::Map::new()
    } else {
        serde_json::from_str(&query.filter).map_err(|error| Failure::Invalid(format!("a filter is a JSON object: {error}")))?
    };
    let mut filters = Vec::new();
    for (name, condition) in filter {
        let field = kind.field(&name)?;
        match condition {
            Value::Object(operators) => {
                for (operator, value) in operators {
                    let known = Operator::named(&operator)
                        .ok_or_else(|| Failure::Invalid(format!("there is no operator {operator:?}: use eq, ne, lt, lte, gt, gte or contains")))?;
                    check(field, known, &value)?;
                    filters.push((field, known, value));
                }
            }
            value => {
                check(field, Operator::Eq, &value)?;
                filters.push((field, Operator::Eq, value));
            }
        }
    }
    let (name, descending) = match query.sort.as_deref() {
        None => ("id", false),
        Some(text) => text.strip_prefix('-').map_or((text, false), |name| (name, true)),
    };
    let sort = kind.field(name)?;
    if sort.kind == FieldKind::Truth || sort.name == "stock" {
        return Err(Failure::Invalid(format!("{} cannot be sorted by", sort.name)));
    }
    let after = match &query.cursor {
        None => None,
        Some(cursor) => {
            let plain = hex::decode(cursor).map_err(|_| invalid("this is no cursor of ours"))?;
            Some(serde_json::from_slice(&plain).map_err(|_| invalid("this is no cursor of ours"))?)
        }
    };
    Ok(RecordQuery { filters, sort, descending, after, limit: i64::from(query.limit) })
}

fn check(field: Field, operator: Operator, value: &Value) -> Result<(), Failure> {
    let fits = match field.kind {
        FieldKind::Text => value.is_string(),
        FieldKind::Number => value.is_i64() && operator != Operator::Contains,
        FieldKind::Truth => value.is_boolean() && matches!(operator, Operator::Eq | Operator::Ne),
    };
    if fits { Ok(()) } else { Err(Failure::Invalid(format!("{} cannot be compared like that", field.name))) }
}

/// What the database found and what this turn wrote, through the same filter, in one order, one page of it.
pub(super) fn merge(documents: Vec<Document>, query: &RecordQuery) -> Page {
    let mut rows: Vec<(Value, Document)> = documents
        .into_iter()
        .filter_map(|document| {
            let mut value: Value = serde_json::from_str(&document.value).ok()?;
            value["id"] = json!(document.id);
            let place = value[query.sort.name].clone();
            let matches = query.filters.iter().all(|(field, operator, wanted)| matched(&value[field.name], *operator, wanted));
            let beyond = query.after.as_ref().is_none_or(|(last, id)| {
                let order = compare(&place, last).then_with(|| document.id.as_str().cmp(id));
                if query.descending { order.is_lt() } else { order.is_gt() }
            });
            (matches && beyond).then_some((place, document))
        })
        .collect();
    rows.sort_by(|a, b| {
        let order = compare(&a.0, &b.0).then_with(|| a.1.id.cmp(&b.1.id));
        if query.descending { order.reverse() } else { order }
    });
    rows.dedup_by(|a, b| a.1.id == b.1.id);
    let limit = usize::try_from(query.limit).unwrap_or(0);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(place, document)| hex::encode(json!([place, document.id]).to_string()));
    Page { items: rows.into_iter().map(|(_, document)| document).collect(), next }
}

fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => a.as_i64().cmp(&b.as_i64()),
    }
}

fn matched(value: &Value, operator: Operator, wanted: &Value) -> bool {
    // What is not known compares with nothing, as in SQL.
    if value.is_null() {
        return false;
    }
    let order = compare(value, wanted);
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Lt => order.is_lt(),
        Operator::Lte => order.is_le(),
        Operator::Gt => order.is_gt(),
        Operator::Gte => order.is_ge(),
        Operator::Contains => value.as_str().unwrap_or_default().to_lowercase().contains(&wanted.as_str().unwrap_or_default().to_lowercase()),
    }
}
