//! Forms that a schema describes: what a plugin lets people set, asked for field by field, and taken back as the plugin wants it.
//!
//! The name of a field is where its value stands in the configuration: `shipping/price`, `branches/0/code`. Names that end in `~` are the
//! form's own: no setting is called so.

mod asked;
mod taken;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use relevo_sandbox::schema;
use serde_json::{Map, Value};

use super::forms::{Choice, Fields};

pub use asked::Asked;
pub use taken::{Places, Secrets, Taken};

/// The field of the version that was seen.
pub const VERSION: &str = "version~";
/// The field of the version of a plugin that is set, where that is not the one that answers.
pub const FOR: &str = "for~";
/// The button that asks for one more row of a list.
pub const MORE: &str = "more~";
/// Before the name of a setting: it is another one at this service point.
const OWN: &str = "own~";
/// Before the name of a secret: it is to be forgotten.
const FORGET: &str = "forget~";
/// Rows of a list that a form shows at most.
const MOST_ROWS: usize = 50;

/// A schema with what a form of it needs to know.
pub struct SchemaForm<'a> {
    pub schema: &'a Value,
    pub lang: &'static str,
    /// What can be sold, for settings that name a product.
    pub products: &'a [Choice],
    /// The secrets that are there.
    pub kept: &'a BTreeSet<String>,
    /// What the whole installation has, where this is about a service point: each setting can be the installation's.
    pub under: Option<&'a Value>,
}

/// What stands in a form, by the names of its fields.
#[derive(Clone, Debug, Default)]
pub struct Entered(BTreeMap<String, Vec<String>>);

impl Entered {
    /// As a browser sent it.
    pub fn sent(form: BTreeMap<String, Value>) -> Self {
        let texts = |value: Value| match value {
            Value::Array(many) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            one => vec![one.as_str().unwrap_or_default().replace("\r\n", "\n")],
        };
        Self(form.into_iter().map(|(name, value)| (name, texts(value))).collect())
    }

    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(|texts| texts.first()).map_or("", String::as_str)
    }

    pub fn texts(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    fn is_on(&self, name: &str) -> bool {
        self.text(name) == "on"
    }

    fn put(&mut self, name: &str, text: impl Into<String>) {
        self.0.insert(name.to_owned(), vec![text.into()]);
    }

    /// Whether nothing was entered in this field, and in none below it.
    fn is_blank(&self, name: &str) -> bool {
        let below = format!("{name}/");
        self.0.iter().filter(|(known, _)| *known == name || known.starts_with(&below)).all(|(_, texts)| texts.iter().all(|text| text.trim().is_empty()))
    }

    /// How many rows the list of this name has here.
    fn rows(&self, name: &str) -> usize {
        let below = format!("{name}/");
        let row = |known: &String| known.strip_prefix(&below)?.split('/').next()?.parse::<usize>().ok();
        self.0.keys().filter_map(row).filter(|row| *row < MOST_ROWS).max().map_or(0, |last| last + 1)
    }
}

impl SchemaForm<'_> {
    /// The form of a configuration; of what a service point has otherwise, where this is about one.
    pub fn shows(&self, config: &Value) -> (Vec<Asked>, Fields) {
        let mut entered = Entered::default();
        for (key, schema) in properties(self.schema, self.lang) {
            let own = config.get(key);
            if self.under.is_some() && own.is_some() {
                entered.put(&format!("{OWN}{}", name_of(key)), "on");
            }
            let value = own.or_else(|| self.under.and_then(|under| under.get(key)));
            asked::enter(&mut entered, schema, &name_of(key), value);
        }
        self.shows_again(&entered)
    }

    /// The form as it was sent, with one more row where it asked for one.
    pub fn shows_again(&self, entered: &Entered) -> (Vec<Asked>, Fields) {
        let mut asked = asked::Asking::new(self, entered);
        for (key, schema) in properties(self.schema, self.lang) {
            asked.top(key, schema);
        }
        let asked = asked.done();
        let values = asked.iter().filter_map(|field| Some((field.name.clone(), value(field, entered)?)));
        let own = entered.0.keys().filter(|name| name.starts_with(OWN) || name.starts_with(FORGET)).map(|name| (name.clone(), Value::Bool(true)));
        let values: Map<String, Value> = values.chain(own).collect();
        (asked, Fields { values, ..Fields::default() })
    }
}

#[cfg(test)]
pub use tests::samples;

/// What a field shows. What is secret is never shown again.
fn value(field: &Asked, entered: &Entered) -> Option<Value> {
    match field.kind {
        "secret" => None,
        "choices" => Some(entered.texts(&field.name).into()),
        "switch" => entered.is_on(&field.name).then_some(Value::Bool(true)),
        _ => entered.0.get(&field.name).and_then(|texts| texts.first()).map(|text| Value::String(text.clone())),
    }
}

/// The settings that a schema of an object names, as they are asked for: in its order, then by their titles, which begin with what they are about.
fn properties<'a>(schema: &'a Value, lang: &str) -> Vec<(&'a str, &'a Value)> {
    let mut fields = schema::fields(schema);
    fields.sort_by_cached_key(|(key, field)| (field["x-order"].as_i64().unwrap_or(i64::MAX), title(field, key, lang)));
    fields
}

fn title(schema: &Value, key: &str, lang: &str) -> String {
    schema::title(schema, lang).unwrap_or_else(|| key.to_owned())
}

fn is_required(schema: &Value, key: &str) -> bool {
    schema["required"].as_array().is_some_and(|required| required.iter().any(|name| name == key))
}

fn is_secret(schema: &Value) -> bool {
    schema["format"] == "secret"
}

/// The key as a part of a field's name, as in a JSON pointer.
fn name_of(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A value in words.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
