//! Where a setting's text comes from: a flag, then the environment, then relevo.toml, then its default.

use std::collections::HashMap;

use super::{
    Problem,
    known::{self, Known},
};

/// A setting's text, and what the operator calls it.
pub(super) struct Found {
    pub name: String,
    pub value: String,
}

pub(super) struct Sources<'a> {
    /// Flags that were given, under the environment's name of their setting.
    pub flags: Vec<(&'static str, &'static str, String)>,
    pub env: &'a dyn Fn(&str) -> Option<String>,
    pub file: HashMap<&'static str, String>,
    pub file_name: String,
}

impl Sources<'_> {
    /// What the operator set, if anything. An empty text counts as not set: compose files write those.
    pub fn set(&self, env: &'static str) -> Option<Found> {
        let known = known::by_env(env).expect("every setting that is asked for is in KNOWN");
        let flag = self.flags.iter().find(|(of, ..)| *of == env).map(|(_, flag, value)| found(*flag, value));
        let environment = || (self.env)(env).map(|value| found(env, &value));
        let file = || self.file.get(env).map(|value| found(format!("{} in {}", known.toml, self.file_name), value));
        let is_set = |found: &Found| !found.value.is_empty();
        flag.filter(is_set).or_else(|| environment().filter(is_set)).or_else(|| file().filter(is_set))
    }

    /// What the operator set, else the default.
    pub fn set_or_default(&self, env: &'static str) -> Found {
        self.set(env).unwrap_or_else(|| self.default(env))
    }

    /// The default, empty when there is none.
    pub fn default(&self, env: &'static str) -> Found {
        found(env, known::by_env(env).and_then(|known| known.default).unwrap_or_default())
    }
}

fn found(name: impl Into<String>, value: &str) -> Found {
    Found { name: name.into(), value: value.trim().to_owned() }
}

/// Reads relevo.toml into texts, under the environment's names. What is wrong with it goes to `problems`.
pub(super) fn read_file(text: &str, file_name: &str, problems: &mut Vec<Problem>) -> HashMap<&'static str, String> {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            // Its Display would show the line, and with it perhaps a secret.
            let line = error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.matches('\n').count() + 1);
            problems.push(Problem::new(
                file_name,
                format!("cannot be read from line {line} on"),
                "Write one setting per line as name = \"value\", with the value in quotation marks",
            ));
            return HashMap::new();
        }
    };
    let mut values = HashMap::new();
    for (key, value) in &table {
        match known::by_toml(key) {
            None => problems.push(unknown(key, value, file_name)),
            Some(known) => match as_text(known, value) {
                Some(text) => _ = values.insert(known.env, text),
                None => problems.push(Problem::new(
                    format!("{key} in {file_name}"),
                    format!("is of the kind {}, which this setting cannot be", value.type_str()),
                    format!("Write {key} = \"value\", with the value in quotation marks"),
                )),
            },
        }
    }
    values
}

fn unknown(key: &str, value: &toml::Value, file_name: &str) -> Problem {
    let nearest = known::nearest(key).toml;
    let mend = if value.is_table() {
        format!("There are no sections in it: write names such as {nearest} = \"value\" without one")
    } else {
        format!("Did you mean {nearest}? Correct or remove it")
    };
    Problem::new(format!("{key} in {file_name}"), "is no setting of relevo".to_owned(), mend)
}

fn as_text(known: &Known, value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Array(items) if known.env == "PANEL_ORIGINS" => {
            let items: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            items.map(|items| items.join(","))
        }
        _ => None,
    }
}
