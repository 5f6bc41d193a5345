//! A value against a schema of the subset.

use regex_lite::{Regex, RegexBuilder};
use serde::Serialize;
use serde_json::{Value, json};

use super::pointer;

/// Told of one value; beyond that a form helps nobody.
const MAX_PROBLEMS: usize = 100;
/// Bytes of a compiled pattern: `(a{1000}){1000}` is none that anybody needs.
const MAX_COMPILED: usize = 256 << 10;

/// What does not fit; the host says it in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// JSON pointer to the value, or to where one is missing.
    pub path: String,
    /// The keyword of the schema that it does not meet, such as `maxLength`.
    pub keyword: &'static str,
    /// What the keyword says, such as 20.
    pub detail: Value,
}

/// Everything in a value that does not fit, a hundred problems at most. A secret stands in a configuration as `true`, once it was entered.
pub fn validate(schema: &Value, value: &Value) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    found.at(schema, value, "");
    found.0
}

pub(super) fn compiled(pattern: &str) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(pattern).size_limit(MAX_COMPILED).build()
}

pub(super) fn is_of_type(schema: &Value, value: &Value) -> bool {
    match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        // 1.0 is a whole number too.
        Some("integer") => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    }
}

struct Found(Vec<Problem>);

impl Found {
    fn tell(&mut self, path: &str, keyword: &'static str, detail: &Value) {
        if self.0.len() < MAX_PROBLEMS {
            self.0.push(Problem { path: path.to_owned(), keyword, detail: detail.clone() });
        }
    }

    fn at(&mut self, schema: &Value, value: &Value, path: &str) {
        if schema["format"] == "secret" {
            if *value != Value::Bool(true) {
                self.tell(path, "format", &json!("secret"));
            }
            return;
        }
        if !is_of_type(schema, value) {
            return self.tell(path, "type", &schema["type"]);
        }
        if let Some(Value::Array(choices)) = schema.get("enum")
            && !choices.contains(value)
        {
            self.tell(path, "enum", &schema["enum"]);
        }
        if schema.get("const").is_some_and(|only| only != value) {
            self.tell(path, "const", &schema["const"]);
        }
        match value {
            Value::Object(fields) => self.object(schema, fields, path),
            Value::Array(items) => {
                self.count(schema, items.len(), ["minItems", "maxItems"], path);
                for (nth, item) in items.iter().enumerate() {
                    self.at(&schema["items"], item, &format!("{path}/{nth}"));
                }
            }
            Value::String(text) => self.text(schema, text, path),
            Value::Number(number) => self.number(schema, number.as_f64().unwrap_or_default(), path),
            Value::Bool(_) | Value::Null => {}
        }
    }

    fn object(&mut self, schema: &Value, fields: &serde_json::Map<String, Value>, path: &str) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                self.tell(&format!("{path}/{}", pointer(name)), "required", &json!(name));
            }
        }
        for (name, value) in fields {
            let path = format!("{path}/{}", pointer(name));
            match schema["properties"].get(name) {
                Some(field) => self.at(field, value, &path),
                None if schema["additionalProperties"] == false => self.tell(&path, "additionalProperties", &json!(name)),
                None => {}
            }
        }
    }

    fn text(&mut self, schema: &Value, text: &str, path: &str) {
        self.count(schema, text.chars().count(), ["minLength", "maxLength"], path);
        if let Some(pattern) = schema["pattern"].as_str()
            && !compiled(pattern).is_ok_and(|pattern| pattern.is_match(text))
        {
            self.tell(path, "pattern", &schema["pattern"]);
        }
        let fits = match schema["format"].as_str() {
            Some("time") => is_time(text),
            Some("uri") => is_address(text),
            Some("email") => is_email(text),
            Some("product") => !text.is_empty(),
            _ => true,
        };
        if !fits {
            self.tell(path, "format", &schema["format"]);
        }
    }

    fn number(&mut self, schema: &Value, number: f64, path: &str) {
        if schema["minimum"].as_f64().is_some_and(|least| number < least) {
            self.tell(path, "minimum", &schema["minimum"]);
        }
        if schema["maximum"].as_f64().is_some_and(|most| number > most) {
            self.tell(path, "maximum", &schema["maximum"]);
        }
    }

    fn count(&mut self, schema: &Value, count: usize, [least, most]: [&'static str; 2], path: &str) {
        let count = count as u64;
        if schema[least].as_u64().is_some_and(|least| count < least) {
            self.tell(path, least, &schema[least]);
        }
        if schema[most].as_u64().is_some_and(|most| count > most) {
            self.tell(path, most, &schema[most]);
        }
    }
}

/// A time of day, such as 09:30.
fn is_time(text: &str) -> bool {
    let part = |text: &str, below: u8| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u8>().is_ok_and(|part| part < below);
    text.split_once(':').is_some_and(|(hour, minute)| part(hour, 24) && part(minute, 60))
}

fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let printable = !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    printable && rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']))
}

fn is_email(text: &str) -> bool {
    let whole = !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    whole
        && text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@') && !host.starts_with('.') && !host.ends_with('.'))
}
