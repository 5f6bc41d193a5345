//! The subset of JSON Schema 2020-12 that manifests may use: what a form can ask for and a check can say in words.
//!
//! Types `object` (`properties`, `required`, `additionalProperties` true or false), `array` (`items`, `minItems`, `maxItems`), `string` (`minLength`,
//! `maxLength`, `pattern`, `format`), `integer` and `number` (`minimum`, `maximum`) and `boolean`; with each `title`, `description`, `default`,
//! `enum`, `const`. Beside the standard stand `x-title`, `x-description` and `x-enum-titles`, which may say it in several languages, and
//! `x-order`, by which fields are asked for.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::manifest::Text;

pub use validate::{Problem, validate};

mod validate;

/// How deep schemas may lie in one another.
const MAX_DEPTH: usize = 6;
/// Properties of a schema, on all its levels together.
const MAX_PROPERTIES: usize = 200;
const MAX_CHOICES: usize = 200;
const MAX_PATTERN: usize = 256;
/// Bytes of a property's name.
const MAX_NAME: usize = 64;

/// Names of formats: what a form asks with.
pub const FORMATS: [&str; 6] = ["secret", "time", "product", "uri", "email", "multiline"];
const TYPES: [&str; 6] = ["object", "array", "string", "integer", "number", "boolean"];
const COMMON: [&str; 11] =
    ["$schema", "type", "title", "description", "default", "enum", "const", "x-title", "x-description", "x-enum-titles", "x-order"];

/// Where a schema goes beyond the subset, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at {at:?}: {why}")]
pub struct SchemaError {
    /// JSON pointer into the schema.
    pub at: String,
    pub why: String,
}

/// Whether a schema is in the subset, six levels deep and with two hundred properties at most.
pub fn check(schema: &Value) -> Result<(), SchemaError> {
    let mut properties = 0;
    check_at(schema, "", 1, &mut properties)
}

/// The fields of an object's schema in the order in which they are asked for: by `x-order`, then by name.
pub fn fields(schema: &Value) -> Vec<(&str, &Value)> {
    let mut fields: Vec<(&str, &Value)> = schema["properties"].as_object().into_iter().flatten().map(|(name, field)| (name.as_str(), field)).collect();
    fields.sort_by_key(|(_, field)| field["x-order"].as_i64().unwrap_or(i64::MAX));
    fields
}

/// What a field is called, if it is called anything.
pub fn title(schema: &Value, locale: &str) -> Option<String> {
    said(schema, "x-title", "title", locale)
}

pub fn description(schema: &Value, locale: &str) -> Option<String> {
    said(schema, "x-description", "description", locale)
}

/// What the nth choice of an `enum` is called, if it is called anything.
pub fn enum_title(schema: &Value, nth: usize, locale: &str) -> Option<String> {
    text(&schema["x-enum-titles"][nth]).map(|text| text.in_locale(locale).to_owned())
}

/// The secrets among an object's fields.
pub fn secrets(schema: &Value) -> Vec<&str> {
    fields(schema).into_iter().filter(|(_, field)| field["format"] == "secret").map(|(name, _)| name).collect()
}

/// What a schema has as its defaults: of an object always an object, with those fields that have one.
pub fn defaults(schema: &Value) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if schema["type"] != "object" {
        return Value::Null;
    }
    Value::Object(own_defaults(schema))
}

/// A value with the defaults of what it leaves out.
pub fn with_defaults(schema: &Value, value: &Value) -> Value {
    let Value::Object(given) = value else { return value.clone() };
    let mut filled = own_defaults(schema);
    for (name, value) in given {
        filled.insert(name.clone(), with_defaults(&schema["properties"][name], value));
    }
    Value::Object(filled)
}

fn own_defaults(schema: &Value) -> Map<String, Value> {
    let fields = fields(schema).into_iter().map(|(name, field)| (name.to_owned(), defaults(field)));
    // An object that has nothing to say is as good as absent.
    fields.filter(|(_, value)| !value.is_null() && value.as_object().is_none_or(|object| !object.is_empty())).collect()
}

fn said(schema: &Value, localised: &str, plain: &str, locale: &str) -> Option<String> {
    text(&schema[localised]).or_else(|| text(&schema[plain])).map(|text| text.in_locale(locale).to_owned())
}

fn text(value: &Value) -> Option<Text> {
    serde_json::from_value(value.clone()).ok().filter(|text: &Text| !text.is_empty())
}

fn refuse<T>(at: &str, why: impl Into<String>) -> Result<T, SchemaError> {
    Err(SchemaError { at: at.to_owned(), why: why.into() })
}

fn check_at(schema: &Value, at: &str, depth: usize, properties: &mut usize) -> Result<(), SchemaError> {
    let Some(schema_object) = schema.as_object() else { return refuse(at, "a schema is an object") };
    if depth > MAX_DEPTH {
        return refuse(at, format!("schemas lie {MAX_DEPTH} deep at most"));
    }
    let kind = match schema["type"].as_str() {
        Some(kind) if TYPES.contains(&kind) => kind,
        _ => return refuse(at, format!("\"type\" must be one of {}", TYPES.join(", "))),
    };
    if let Some(keyword) = schema_object.keys().find(|keyword| !COMMON.contains(&keyword.as_str()) && !of_type(kind).contains(&keyword.as_str())) {
        return refuse(at, format!("the keyword {keyword:?} is not read here for type {kind:?}"));
    }
    check_words(schema_object, at)?;
    match kind {
        "object" => check_object(schema, at, depth, properties)?,
        "array" => {
            check_counts(schema_object, ["minItems", "maxItems"], at)?;
            match schema.get("items") {
                Some(items) if items["format"] == "secret" => return refuse(at, "a secret stands on the first level of an object"),
                Some(items) => check_at(items, &format!("{at}/items"), depth + 1, properties)?,
                None => return refuse(at, "an array says what its \"items\" are"),
            }
        }
        "string" => check_string(schema_object, at)?,
        "integer" | "number" => check_range(schema_object, at)?,
        _ => {}
    }
    check_values(schema, at)
}

fn of_type(kind: &str) -> &'static [&'static str] {
    match kind {
        "object" => &["properties", "required", "additionalProperties"],
        "array" => &["items", "minItems", "maxItems"],
        "string" => &["minLength", "maxLength", "pattern", "format"],
        "integer" | "number" => &["minimum", "maximum"],
        _ => &[],
    }
}

fn check_words(schema: &Map<String, Value>, at: &str) -> Result<(), SchemaError> {
    if let Some(keyword) = ["title", "description"].into_iter().find(|keyword| schema.get(*keyword).is_some_and(|value| !value.is_string())) {
        return refuse(at, format!("{keyword:?} is one string; \"x-{keyword}\" may be an object of one for each language"));
    }
    if let Some(keyword) = ["x-title", "x-description"].into_iter().find(|keyword| schema.get(*keyword).is_some_and(|value| text(value).is_none())) {
        return refuse(at, format!("{keyword:?} is a string, or an object of one for each language"));
    }
    if schema.get("x-order").is_some_and(|order| !order.is_i64()) {
        return refuse(at, "\"x-order\" is a whole number");
    }
    Ok(())
}

fn check_object(schema: &Value, at: &str, depth: usize, properties: &mut usize) -> Result<(), SchemaError> {
    let empty = Map::new();
    let own = match schema.get("properties") {
        None => &empty,
        Some(Value::Object(own)) => own,
        Some(_) => return refuse(at, "\"properties\" is an object of schemas"),
    };
    *properties += own.len();
    if *properties > MAX_PROPERTIES {
        return refuse(at, format!("a schema has {MAX_PROPERTIES} properties at most, on all its levels together"));
    }
    if schema.get("additionalProperties").is_some_and(|more| !more.is_boolean()) {
        return refuse(at, "\"additionalProperties\" is true or false");
    }
    for (name, field) in own {
        let at = format!("{at}/properties/{}", pointer(name));
        if name.is_empty() || name.len() > MAX_NAME || name.contains(char::is_control) {
            return refuse(&at, format!("a property's name has 1 to {MAX_NAME} bytes"));
        }
        if depth > 1 && field["format"] == "secret" {
            return refuse(&at, "a secret stands on the first level of an object");
        }
        check_at(field, &at, depth + 1, properties)?;
    }
    match schema.get("required") {
        None => Ok(()),
        Some(Value::Array(names)) if names.iter().all(|name| name.as_str().is_some_and(|name| own.contains_key(name))) => Ok(()),
        Some(_) => refuse(at, "\"required\" is a list of names of properties"),
    }
}

fn check_string(schema: &Map<String, Value>, at: &str) -> Result<(), SchemaError> {
    check_counts(schema, ["minLength", "maxLength"], at)?;
    match schema.get("pattern") {
        None => {}
        Some(Value::String(pattern)) if pattern.len() > MAX_PATTERN => return refuse(at, format!("a pattern has {MAX_PATTERN} bytes at most")),
        Some(Value::String(pattern)) => {
            if let Err(error) = validate::compiled(pattern) {
                return refuse(at, format!("the pattern cannot be used: {error}"));
            }
        }
        Some(_) => return refuse(at, "\"pattern\" is a string"),
    }
    match schema.get("format") {
        None => Ok(()),
        Some(format) if FORMATS.iter().any(|known| format == known) => Ok(()),
        Some(_) => refuse(at, format!("\"format\" must be one of {}", FORMATS.join(", "))),
    }
}

fn check_counts(schema: &Map<String, Value>, names: [&str; 2], at: &str) -> Result<(), SchemaError> {
    if let Some(name) = names.iter().find(|name| schema.get(**name).is_some_and(|count| !count.is_u64())) {
        return refuse(at, format!("{name:?} is a whole number of 0 or more"));
    }
    let [least, most] = names.map(|name| schema.get(name).and_then(Value::as_u64));
    if least.zip(most).is_some_and(|(least, most)| least > most) { refuse(at, format!("{:?} is above {:?}", names[0], names[1])) } else { Ok(()) }
}

fn check_range(schema: &Map<String, Value>, at: &str) -> Result<(), SchemaError> {
    let names = ["minimum", "maximum"];
    if let Some(name) = names.iter().find(|name| schema.get(**name).is_some_and(|bound| !bound.is_number())) {
        return refuse(at, format!("{name:?} is a number"));
    }
    let [least, most] = names.map(|name| schema.get(name).and_then(Value::as_f64));
    if least.zip(most).is_some_and(|(least, most)| least > most) { refuse(at, "\"minimum\" is above \"maximum\"") } else { Ok(()) }
}

/// What a schema says by example must fit it.
fn check_values(schema: &Value, at: &str) -> Result<(), SchemaError> {
    let secret = schema["format"] == "secret";
    if secret && ["default", "enum", "const"].iter().any(|keyword| schema.get(*keyword).is_some()) {
        return refuse(at, "a secret has no value in a manifest");
    }
    let choices = match schema.get("enum") {
        None => 0,
        Some(Value::Array(choices)) if (1..=MAX_CHOICES).contains(&choices.len()) => {
            let distinct: BTreeSet<String> = choices.iter().map(Value::to_string).collect();
            if distinct.len() < choices.len() || choices.iter().any(|choice| !validate::is_of_type(schema, choice)) {
                return refuse(at, "\"enum\" is a list of different values of its type");
            }
            choices.len()
        }
        Some(_) => return refuse(at, format!("\"enum\" is a list of 1 to {MAX_CHOICES} values")),
    };
    match schema.get("x-enum-titles") {
        None => {}
        Some(Value::Array(titles)) if titles.len() == choices && titles.iter().all(|title| text(title).is_some()) => {}
        Some(_) => return refuse(at, "\"x-enum-titles\" has a text for each value of \"enum\""),
    }
    match schema.get("default").map(|default| validate(schema, default)) {
        Some(problems) if !problems.is_empty() => {
            let problem = &problems[0];
            refuse(at, format!("\"default\" does not fit: {:?} at {:?}", problem.keyword, problem.path))
        }
        _ => Ok(()),
    }
}

/// A name as a part of a JSON pointer.
fn pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
