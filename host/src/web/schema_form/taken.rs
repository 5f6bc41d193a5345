//! What was entered, as the plugin wants it.

use std::collections::BTreeMap;

use relevo_sandbox::schema;
use secrecy::SecretString;
use serde_json::{Map, Number, Value};

use super::{Entered, OWN, SchemaForm, asked, is_required, is_secret, name_of, shown, words};
use crate::web::{Words, forms::Wrong};

/// Secrets that were entered, by their names; none is to be forgotten.
pub type Secrets = BTreeMap<String, Option<SecretString>>;

/// A form that can be taken.
#[derive(Debug, Default)]
pub struct Taken {
    pub config: Value,
    pub secrets: Secrets,
    pub places: Places,
}

/// Where the rows of a value stand in the form that it was taken from, which has empty ones between them: the row of the form by the list of the form
/// and the number in the value.
#[derive(Debug, Default)]
pub struct Places(BTreeMap<String, String>);

impl Places {
    /// The field that shows what stands at this place of the value: list by list, as rows may have lists in them.
    pub(super) fn field(&self, place: &str) -> String {
        place.split('/').fold(String::new(), |before, part| {
            let here = if before.is_empty() { part.to_owned() } else { format!("{before}/{part}") };
            self.0.get(&here).cloned().unwrap_or(here)
        })
    }
}

struct Taking<'a> {
    entered: &'a Entered,
    wrong: Wrong,
    places: Places,
}

impl SchemaForm<'_> {
    /// What was entered. What is left empty is left to the plugin, or at a service point to the installation; what the form does not ask for
    /// stays as it was, where the schema leaves room for it.
    ///
    /// # Errors
    ///
    /// What is wrong, at the fields where it is.
    pub fn taken(&self, entered: &Entered, before: &Value) -> Result<Taken, Wrong> {
        let mut taking = Taking { entered, wrong: Wrong::default(), places: Places::default() };
        let mut config = if self.schema["additionalProperties"] == false { Map::new() } else { before.as_object().cloned().unwrap_or_default() };
        for (key, schema) in schema::fields(self.schema).into_iter().filter(|(_, schema)| !is_secret(schema)) {
            config.remove(key);
            let name = name_of(key);
            if self.under.is_some() && !entered.is_on(&format!("{OWN}{name}")) {
                continue;
            }
            let required = is_required(self.schema, key) && schema.get("default").is_none();
            match taking.value(schema, &name) {
                Some(value) => drop(config.insert(key.to_owned(), value)),
                None if required && !taking.is_wrong(&name) => taking.wrong_at(&name, "field-required"),
                None => {}
            }
        }
        let secrets = if self.under.is_some() { Secrets::new() } else { self.secrets(entered) };
        let config = Value::Object(config);
        if taking.wrong.fields.is_empty() {
            self.check(&mut taking, &config, &secrets);
        }
        if taking.wrong.fields.is_empty() { Ok(Taken { config, secrets, places: taking.places }) } else { Err(taking.wrong) }
    }

    /// Those that were entered. An empty field leaves a secret as it is.
    fn secrets(&self, entered: &Entered) -> Secrets {
        let mut secrets = Secrets::new();
        for key in schema::secrets(self.schema) {
            let name = name_of(key);
            let text = entered.text(&name).trim();
            if !text.is_empty() {
                secrets.insert(key.to_owned(), Some(text.to_owned().into()));
            } else if entered.is_on(&asked::forgets(&name)) {
                secrets.insert(key.to_owned(), None);
            }
        }
        secrets
    }

    /// Holds what counts in the end against the schema. A secret stands in it as being there.
    fn check(&self, taking: &mut Taking<'_>, config: &Value, secrets: &Secrets) {
        let mut counts = self.under.and_then(Value::as_object).cloned().unwrap_or_default();
        counts.extend(config.as_object().cloned().unwrap_or_default());
        for key in schema::secrets(self.schema) {
            if secrets.get(key).map_or_else(|| self.kept.contains(key), Option::is_some) {
                counts.insert(key.to_owned(), Value::Bool(true));
            }
        }
        for problem in schema::validate(self.schema, &schema::with_defaults(self.schema, &Value::Object(counts))) {
            let name = taking.places.field(&words::field(self.schema, &problem.path));
            // What the installation has wrong is not this form's to mend.
            let key = name.split('/').next().unwrap_or_default();
            if self.under.is_none() || taking.entered.is_on(&format!("{OWN}{key}")) {
                let said = words::words(self.schema, &problem);
                taking.wrong.fields.push((name, said));
            }
        }
    }
}

impl Taking<'_> {
    fn wrong_at(&mut self, name: &str, words: impl Into<Words>) {
        self.wrong.fields.push((name.to_owned(), words.into()));
    }

    fn is_wrong(&self, name: &str) -> bool {
        self.wrong.fields.iter().any(|(known, _)| known == name)
    }

    /// The value of a field and of all below it; none where it was left empty.
    fn value(&mut self, schema: &Value, name: &str) -> Option<Value> {
        if let Some(only) = schema.get("const") {
            return Some(only.clone());
        }
        let text = self.entered.text(name);
        match asked::kind(schema) {
            "switch" => Some(Value::Bool(self.entered.is_on(name))),
            "choices" => self.chosen(schema, name),
            "lines" => self.lines(schema, name),
            "group" => self.group(schema, name),
            "rows" => self.rows(schema, name),
            _ if text.trim().is_empty() => None,
            "number" => self.number(schema, name, text),
            "choice" if schema["enum"].is_array() => {
                let known = schema["enum"].as_array().into_iter().flatten().find(|value| shown(value) == text).cloned();
                known.or_else(|| self.refused(name, "problem-one-of-these"))
            }
            "json" => serde_json::from_str(text).ok().or_else(|| self.refused(name, "config-json")),
            "time" | "email" | "uri" | "choice" => Some(Value::String(text.trim().to_owned())),
            _ => Some(Value::String(text.to_owned())),
        }
    }

    fn refused(&mut self, name: &str, words: &'static str) -> Option<Value> {
        self.wrong_at(name, words);
        None
    }

    fn number(&mut self, schema: &Value, name: &str, text: &str) -> Option<Value> {
        let number = number(text, schema["type"] == "integer").map(Value::Number);
        number.or_else(|| self.refused(name, if schema["type"] == "integer" { "config-number" } else { "config-decimal" }))
    }

    /// What is not ticked is not there. Values that are no text are found by what they show.
    fn chosen(&mut self, schema: &Value, name: &str) -> Option<Value> {
        let items = &schema["items"];
        let chosen = self.entered.texts(name).iter().filter(|text| !text.is_empty());
        let value = |text: &String| match items["enum"].as_array() {
            Some(known) => known.iter().find(|value| shown(value) == *text).cloned(),
            None => Some(Value::String(text.clone())),
        };
        let chosen: Option<Vec<Value>> = chosen.map(value).collect();
        match chosen {
            Some(none) if none.is_empty() && schema["minItems"].as_u64().unwrap_or(0) > 0 => None,
            Some(chosen) => Some(Value::Array(chosen)),
            None => self.refused(name, "problem-one-of-these"),
        }
    }

    /// One value on each line.
    fn lines(&mut self, schema: &Value, name: &str) -> Option<Value> {
        let items = &schema["items"];
        let lines = self.entered.text(name).lines().map(str::trim).filter(|line| !line.is_empty());
        let value = |line: &str| match items["type"].as_str() {
            Some("string") => Some(Value::String(line.to_owned())),
            kind => number(line, kind == Some("integer")).map(Value::Number),
        };
        let values: Option<Vec<Value>> = lines.map(value).collect();
        match values {
            Some(values) if values.is_empty() => None,
            Some(values) => Some(Value::Array(values)),
            None => self.refused(name, "config-numbers"),
        }
    }

    fn group(&mut self, schema: &Value, name: &str) -> Option<Value> {
        let mut group = Map::new();
        for (key, inner) in schema::fields(schema) {
            if let Some(value) = self.value(inner, &format!("{name}/{}", name_of(key))) {
                group.insert(key.to_owned(), value);
            }
        }
        (!group.is_empty()).then_some(Value::Object(group))
    }

    /// Empty rows are none; what is wrong in one is said at it.
    fn rows(&mut self, schema: &Value, name: &str) -> Option<Value> {
        let rows = (0..self.entered.rows(name)).map(|row| format!("{name}/{row}")).filter(|row| !self.entered.is_blank(row));
        let rows: Vec<String> = rows.collect();
        let mut values = Vec::new();
        for (nth, row) in rows.iter().enumerate() {
            self.places.0.insert(format!("{name}/{nth}"), row.clone());
            values.push(self.group(&schema["items"], row).unwrap_or_else(|| Value::Object(Map::new())));
        }
        (!values.is_empty()).then_some(Value::Array(values))
    }
}

/// A number as people write it: with a comma or a point before its fraction.
fn number(text: &str, whole: bool) -> Option<Number> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    if whole { None } else { text.replace(',', ".").parse::<f64>().ok().and_then(Number::from_f64) }
}
