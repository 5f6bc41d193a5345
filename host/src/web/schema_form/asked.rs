//! What a form asks for, one field after the other.

use relevo_sandbox::schema;
use serde::Serialize;
use serde_json::Value;

use super::{Entered, FORGET, MORE, MOST_ROWS, OWN, SchemaForm, is_required, is_secret, name_of, properties, shown, title};
use crate::web::{Words, forms::Choice};

/// Longer texts than this are asked for in a field of several lines.
const LINE: u64 = 200;
/// Letters of a line of such a field, about.
const ROW: usize = 90;

/// A field of the form, or the beginning or the end of fields that belong together.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Asked {
    pub name: String,
    /// For its label: names may have what ids may not.
    pub id: String,
    /// line, text, number, time, email, uri, secret, switch, choice, choices, lines, json; group and row begin fields, end ends them;
    /// own begins what a service point may have otherwise, own-end ends it; more asks for one more row.
    pub kind: &'static str,
    pub title: String,
    pub hint: String,
    pub choices: Vec<Choice>,
    pub longest: Option<u64>,
    /// Lines that a text of several is shown with.
    pub rows: usize,
    pub required: bool,
    /// A whole number is asked for otherwise than any.
    pub whole: bool,
    /// The secret is there.
    pub kept: bool,
    /// What the installation has, where a service point may have it otherwise.
    pub under: String,
}

pub(super) struct Asking<'a> {
    form: &'a SchemaForm<'a>,
    entered: &'a Entered,
    fields: Vec<Asked>,
    /// The list that is to have one more row.
    longer: &'a str,
}

impl<'a> Asking<'a> {
    pub(super) fn new(form: &'a SchemaForm<'a>, entered: &'a Entered) -> Self {
        Self { form, entered, fields: Vec::new(), longer: entered.text(MORE) }
    }

    pub(super) fn done(mut self) -> Vec<Asked> {
        for (nth, field) in self.fields.iter_mut().enumerate() {
            field.id = format!("setting-{nth}");
        }
        self.fields
    }

    /// A setting of its own, which a service point may have otherwise.
    pub(super) fn top(&mut self, key: &str, schema: &'a Value) {
        let required = is_required(self.form.schema, key);
        let under = self.form.under.filter(|_| schema.get("const").is_none() && !is_secret(schema));
        if self.form.under.is_some() && under.is_none() {
            return;
        }
        let Some(under) = under else { return self.one(&name_of(key), key, schema, required) };
        let value = under.get(key).or_else(|| schema.get("default"));
        let (title, under) = (self.title(schema, key), value.map(|value| self.form.named(schema, value)).unwrap_or_default());
        self.fields.push(Asked { kind: "own", name: format!("{OWN}{}", name_of(key)), title, under, ..Asked::default() });
        // A field that is not shown must not keep the form from being sent.
        self.one(&name_of(key), key, schema, false);
        self.mark("own-end");
    }

    fn one(&mut self, name: &str, key: &str, schema: &'a Value, required: bool) {
        if schema.get("const").is_some() {
            return;
        }
        let kind = kind(schema);
        match kind {
            "group" => self.group(name, key, schema),
            "rows" => self.rows(name, key, schema),
            _ => {
                let field = self.field(kind, name, key, schema, required);
                self.fields.push(field);
            }
        }
    }

    fn field(&self, kind: &'static str, name: &str, key: &str, schema: &Value, required: bool) -> Asked {
        let default = schema.get("default").filter(|default| **default != "" && kind != "switch");
        let own = default.map(|default| Words::from("config-default").with("value", self.form.named(schema, default)).to_text(self.form.lang));
        let hint = [self.hint(schema), own.unwrap_or_default()].join(" ").trim().to_owned();
        Asked {
            name: name.to_owned(),
            kind,
            title: self.title(schema, key),
            hint,
            choices: self.form.choices(schema),
            longest: schema["maxLength"].as_u64(),
            rows: self.lines(schema, name),
            required: required && default.is_none(),
            whole: schema["type"] == "integer",
            kept: kind == "secret" && self.form.kept.contains(name),
            ..Asked::default()
        }
    }

    /// As many as what stands there takes, or what it would be without.
    fn lines(&self, schema: &Value, name: &str) -> usize {
        let default = schema["default"].as_str().unwrap_or_default();
        let text = Some(self.entered.text(name)).filter(|text| !text.is_empty()).unwrap_or(default);
        let least = if kind(schema) == "text" && schema["format"] != "multiline" { 1 } else { 3 };
        text.lines().map(|line| line.chars().count() / ROW + 1).sum::<usize>().clamp(least, 8)
    }

    fn group(&mut self, name: &str, key: &str, schema: &'a Value) {
        self.begin("group", name, self.title(schema, key), self.hint(schema));
        self.below(name, schema);
        self.mark("end");
    }

    /// The rows that there are, and an empty one after them.
    fn rows(&mut self, name: &str, key: &str, schema: &'a Value) {
        self.begin("group", name, self.title(schema, key), self.hint(schema));
        let most = schema["maxItems"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST_ROWS).min(MOST_ROWS);
        let there = (0..self.entered.rows(name)).filter(|row| !self.entered.is_blank(&format!("{name}/{row}"))).count();
        let wanted = self.entered.rows(name).max(there + 1) + usize::from(self.longer == name);
        for row in 0..wanted.min(most) {
            let title = Words::from("config-row").with("number", row + 1).to_text(self.form.lang);
            self.begin("row", &format!("{name}/{row}"), title, String::new());
            self.below(&format!("{name}/{row}"), &schema["items"]);
            self.mark("end");
        }
        if wanted < most {
            self.fields.push(Asked { kind: "more", name: name.to_owned(), title: self.title(schema, key), ..Asked::default() });
        }
        self.mark("end");
    }

    fn below(&mut self, name: &str, schema: &'a Value) {
        for (key, inner) in properties(schema, self.form.lang) {
            // What must be there is asked of a whole row or group by the check of all, since an empty one counts as none.
            self.one(&format!("{name}/{}", name_of(key)), key, inner, false);
        }
    }

    fn begin(&mut self, kind: &'static str, name: &str, title: String, hint: String) {
        self.fields.push(Asked { kind, name: name.to_owned(), title, hint, ..Asked::default() });
    }

    fn mark(&mut self, kind: &'static str) {
        self.fields.push(Asked { kind, ..Asked::default() });
    }

    fn title(&self, schema: &Value, key: &str) -> String {
        title(schema, key, self.form.lang)
    }

    fn hint(&self, schema: &Value) -> String {
        schema::description(schema, self.form.lang).unwrap_or_default()
    }
}

impl SchemaForm<'_> {
    fn choices(&self, schema: &Value) -> Vec<Choice> {
        let of = if schema["type"] == "array" { &schema["items"] } else { schema };
        if of["format"] == "product" {
            return self.products.to_vec();
        }
        let values = of["enum"].as_array().into_iter().flatten().enumerate();
        values.map(|(nth, value)| Choice::new(shown(value), schema::enum_title(of, nth, self.lang).unwrap_or_else(|| shown(value)))).collect()
    }

    /// A value as people know it: by what its choice is called, and what is in it by what that is called.
    pub fn named(&self, schema: &Value, value: &Value) -> String {
        match value {
            Value::Bool(on) => Words::from(if *on { "yes" } else { "no" }).to_text(self.lang),
            Value::Array(items) if schema["type"] == "array" => {
                let between = if schema["items"]["type"] == "object" { " · " } else { ", " };
                items.iter().map(|item| self.named(&schema["items"], item)).collect::<Vec<_>>().join(between)
            }
            Value::Object(fields) if schema["properties"].is_object() => {
                let known = properties(schema, self.lang).into_iter().filter_map(|(key, schema)| Some((key, schema, fields.get(key)?)));
                known.map(|(key, schema, value)| format!("{}: {}", title(schema, key, self.lang), self.named(schema, value))).collect::<Vec<_>>().join(", ")
            }
            _ => {
                let (choices, value) = (self.choices(schema), shown(value));
                choices.into_iter().find(|choice| choice.value == value).map_or(value, |choice| choice.text)
            }
        }
    }
}

/// How a value is asked for.
pub(super) fn kind(schema: &Value) -> &'static str {
    let longest = schema["maxLength"].as_u64();
    match schema["type"].as_str() {
        Some("boolean") => "switch",
        _ if schema["enum"].is_array() => "choice",
        Some("integer" | "number") => "number",
        Some("string") => match schema["format"].as_str() {
            Some("secret") => "secret",
            Some("product") => "choice",
            Some("time") => "time",
            Some("email") => "email",
            Some("uri") => "uri",
            Some("multiline") => "text",
            _ if longest.is_some_and(|longest| longest > LINE) => "text",
            _ => "line",
        },
        Some("array") => {
            let items = &schema["items"];
            match items["type"].as_str() {
                _ if items["enum"].is_array() || items["format"] == "product" => "choices",
                Some("string" | "integer" | "number") => "lines",
                Some("object") if items["properties"].is_object() => "rows",
                _ => "json",
            }
        }
        Some("object") if schema["properties"].is_object() => "group",
        _ => "json",
    }
}

/// Puts a value into the form, as its fields show it; a setting that was not set shows what is there without.
pub(super) fn enter(entered: &mut Entered, schema: &Value, name: &str, value: Option<&Value>) {
    match kind(schema) {
        "secret" => {}
        "switch" => {
            if value.or_else(|| schema.get("default")).is_some_and(|on| *on == true) {
                entered.put(name, "on");
            }
        }
        "choices" => {
            let chosen = value.or_else(|| schema.get("default")).and_then(Value::as_array).into_iter().flatten().map(shown).collect();
            entered.0.insert(name.to_owned(), chosen);
        }
        "lines" => {
            let lines: Vec<String> = value.and_then(Value::as_array).into_iter().flatten().map(shown).collect();
            entered.put(name, lines.join("\n"));
        }
        "group" => {
            for (key, inner) in schema::fields(schema) {
                enter(entered, inner, &format!("{name}/{}", name_of(key)), value.and_then(|value| value.get(key)));
            }
        }
        "rows" => {
            for (row, item) in value.and_then(Value::as_array).into_iter().flatten().enumerate() {
                for (key, inner) in schema::fields(&schema["items"]) {
                    enter(entered, inner, &format!("{name}/{row}/{}", name_of(key)), item.get(key));
                }
            }
        }
        _ => {
            if let Some(value) = value {
                entered.put(name, shown_exactly(schema, value));
            }
        }
    }
}

fn shown_exactly(schema: &Value, value: &Value) -> String {
    if kind(schema) == "json" { value.to_string() } else { shown(value) }
}

/// The check box that forgets this secret.
pub(super) fn forgets(name: &str) -> String {
    format!("{FORGET}{name}")
}
