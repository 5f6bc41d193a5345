//! The settings of a plugin at a service point, asked for as the plugin's schema describes them.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use relevo_store::ServicePoint;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{find, flow, head::Head};
use crate::{
    app::App,
    console::points,
    identity::{Member, Refusal},
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{Choice, Fields, Form, Wrong},
        templates::Template,
    },
};

/// Longer texts than this are asked for in a field of several lines.
const LINE: u64 = 200;
/// The field of the version that was seen, which no setting is called.
const VERSION: &str = "version~";

#[derive(Serialize)]
pub struct ConfigPage {
    point: Head,
    plugin: String,
    title: String,
    form: Fields,
    version: i64,
    asked: Vec<Setting>,
}

/// A setting as a form asks for it.
#[derive(Clone, Debug, Serialize)]
struct Setting {
    key: String,
    title: String,
    hint: String,
    /// line, text, number, switch, choice, or json.
    kind: &'static str,
    choices: Vec<Choice>,
    longest: Option<u64>,
    /// What the plugin has from itself.
    default: String,
    least: Option<i64>,
    most: Option<i64>,
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path((id, plugin)): Path<(String, String)>) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    let chain = flow::chain(&app, &member, &point).await?;
    let config = &flow::link(&chain, &plugin)?.config;
    let asked = asked(&app, &plugin)?;
    let values: Map<String, Value> = asked.iter().filter_map(|setting| Some((setting.key.clone(), entered(setting, config.get(&setting.key)?)))).collect();
    let shown = view(&app, &member, &point, &plugin, Fields { values, ..Fields::default() }).await?;
    page.show(&shown)
}

pub async fn save(
    page: Page,
    member: Member,
    State(app): State<App>,
    Path((id, plugin)): Path<(String, String)>,
    Form(mut form): Form<BTreeMap<String, String>>,
) -> web::Result {
    let point = find(&app, &member, Permission::ConfigureFlows, &id).await?;
    let mut chain = flow::chain(&app, &member, &point).await?;
    let before = flow::link(&chain, &plugin)?.config.clone();
    let asked = asked(&app, &plugin)?;
    let seen: i64 = form.remove(VERSION).and_then(|version| version.parse().ok()).unwrap_or(point.version);
    let wrong = match taken(&asked, &form, before) {
        Ok(config) => {
            chain.iter_mut().filter(|link| link.id == plugin).for_each(|link| link.config = config.clone());
            match points::set_flow(&app, &member, &point.id, &chain, Some(seen)).await {
                Ok(_) => return Ok(page.done(&flow::address(&point), Words::from("config-saved").with("plugin", flow::title(&app, &plugin)))),
                Err(error) => whole(Wrong::try_from(error)?),
            }
        }
        Err(wrong) => wrong,
    };
    let fields = Fields::of(&form).refused(page.visitor.lang, wrong);
    page.again(&view(&app, &member, &point, &plugin, fields).await?)
}

async fn view(app: &App, member: &Member, point: &ServicePoint, plugin: &str, form: Fields) -> web::Result<ConfigPage> {
    let (title, asked) = (flow::title(app, plugin), asked(app, plugin)?);
    let head = Head::of(app, member, point, "point-tab-flow").await?;
    Ok(ConfigPage { point: head, plugin: plugin.to_owned(), title, form, version: point.version, asked })
}

/// What is wrong with all of the settings is wrong with no field of this form.
fn whole(wrong: Wrong) -> Wrong {
    let first = wrong.fields.into_iter().next().map(|(_, words)| words);
    Wrong { fields: Vec::new(), whole: wrong.whole.or(first) }
}

/// Everything that a plugin lets people set, by its title: titles begin with what they are about.
fn asked(app: &App, plugin: &str) -> Result<Vec<Setting>, Refusal> {
    let manifest = app.plugins.find(plugin).ok_or(Refusal::NotFound)?.manifest();
    let properties = manifest.config["properties"].as_object().ok_or(Refusal::NotFound)?;
    let mut asked: Vec<Setting> = properties.iter().map(|(key, schema)| setting(key, schema)).collect();
    asked.sort_by(|one, other| one.title.cmp(&other.title));
    Ok(asked)
}

fn setting(key: &str, schema: &Value) -> Setting {
    let text = |name: &str| schema[name].as_str().unwrap_or_default().to_owned();
    let choices: Vec<Choice> = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(|value| Choice::new(value, value)).collect();
    let longest = schema["maxLength"].as_u64();
    let kind = match schema["type"].as_str() {
        Some("string") if !choices.is_empty() => "choice",
        Some("string") if longest.is_none_or(|longest| longest > LINE) => "text",
        Some("string") => "line",
        Some("integer") => "number",
        Some("boolean") => "switch",
        _ => "json",
    };
    let title = Some(text("title")).filter(|title| !title.is_empty()).unwrap_or_else(|| key.to_owned());
    let default = schema.get("default").map(shown).unwrap_or_default();
    let (least, most) = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
    Setting { key: key.to_owned(), title, hint: text("description"), kind, choices, longest, default, least, most }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value as the form shows it.
fn entered(setting: &Setting, value: &Value) -> Value {
    match setting.kind {
        "switch" => value.clone(),
        _ => Value::String(shown(value)),
    }
}

/// What was entered, as the plugin wants it. What is left empty is left to the plugin; what the form does not ask for stays.
fn taken(asked: &[Setting], form: &BTreeMap<String, String>, before: Value) -> Result<Value, Wrong> {
    let mut config = before.as_object().cloned().unwrap_or_default();
    let mut wrong = Wrong::default();
    for setting in asked {
        let text = form.get(&setting.key).map(|text| text.replace("\r\n", "\n")).unwrap_or_default();
        if setting.kind == "switch" {
            config.insert(setting.key.clone(), Value::Bool(text == "on"));
            continue;
        }
        config.remove(&setting.key);
        if text.trim().is_empty() {
            continue;
        }
        match value(setting, &text) {
            Ok(value) => drop(config.insert(setting.key.clone(), value)),
            Err(words) => wrong.fields.push((setting.key.clone(), words)),
        }
    }
    if wrong.fields.is_empty() { Ok(Value::Object(config)) } else { Err(wrong) }
}

fn value(setting: &Setting, text: &str) -> Result<Value, Words> {
    match setting.kind {
        "number" => {
            let number = text.trim().parse::<i64>().ok();
            let within = |number: &i64| setting.least.is_none_or(|least| least <= *number) && setting.most.is_none_or(|most| *number <= most);
            number.filter(within).map(|number| json!(number)).ok_or_else(|| match (setting.least, setting.most) {
                (Some(least), Some(most)) => Words::from("config-number-within").with("least", least).with("most", most),
                _ => "config-number".into(),
            })
        }
        "choice" if !setting.choices.iter().any(|choice| choice.value == text) => Err("problem-one-of-these".into()),
        "json" => serde_json::from_str(text).map_err(|_| "config-json".into()),
        _ if setting.longest.is_some_and(|longest| u64::try_from(text.chars().count()).is_ok_and(|count| count > longest)) => Err("field-long".into()),
        _ => Ok(json!(text)),
    }
}

impl Template for ConfigPage {
    const NAME: &'static str = "pages/point_config.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let asked: Vec<Setting> = ["line", "text", "number", "switch", "choice", "json"]
            .map(|kind| Setting {
                key: kind.into(),
                title: "<script>".into(),
                hint: if kind == "text" { String::new() } else { "<b>".into() },
                kind,
                choices: vec![Choice::new("a", "<i>")],
                longest: (kind == "text").then_some(900),
                default: if kind == "json" { String::new() } else { "\"<i>".into() },
                least: None,
                most: None,
            })
            .into();
        let form = Fields::of(&json!({ "line": "<b>", "switch": true, "choice": "a" }));
        let wrong = asked.iter().map(|setting| (setting.key.clone(), "field-long".into())).collect();
        let page = |form| Self { point: Head::sample(), plugin: "echo".into(), title: "<b>".into(), form, version: 3, asked: asked.clone() };
        vec![page(form.clone()), page(form.refused("es", Wrong { fields: wrong, whole: Some("problem-stale".into()) }))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Vec<Setting> {
        let schema = json!({
            "greeting": { "type": "string", "maxLength": 5, "title": "Saludo" },
            "minutes": { "type": "integer", "minimum": 0, "maximum": 60 },
            "sort": { "type": "string", "enum": ["title", "popularity"] },
            "loud": { "type": "boolean" },
            "words": { "type": "array" },
        });
        schema.as_object().unwrap().iter().map(|(key, schema)| setting(key, schema)).collect()
    }

    fn form(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_was_entered_becomes_what_the_plugin_wants() {
        let entered = form(&[("greeting", "Hola"), ("minutes", " 30 "), ("sort", "title"), ("loud", "on"), ("words", "[1]")]);
        assert_eq!(
            taken(&schema(), &entered, json!({ "kept": 1 })).unwrap(),
            json!({ "kept": 1, "greeting": "Hola", "minutes": 30, "sort": "title", "loud": true, "words": [1] })
        );
        assert_eq!(
            taken(&schema(), &form(&[("greeting", " ")]), json!({ "greeting": "Hola" })).unwrap(),
            json!({ "loud": false }),
            "empty is the plugin's own"
        );
    }

    #[test]
    fn each_setting_says_what_is_wrong_with_it() {
        let wrong = taken(&schema(), &form(&[("greeting", "Buenas"), ("minutes", "61"), ("sort", "price"), ("words", "[")]), json!({})).unwrap_err();
        let mut fields: Vec<_> = wrong.fields.iter().map(|(field, _)| &**field).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["greeting", "minutes", "sort", "words"]);
    }
}
