use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::{
    console::plugins::{ConfigProblem, Why},
    web::forms::Wrong,
};

/// Every kind of field as it is shown, and with something wrong at each.
pub fn samples(under: Option<&Value>) -> [(Vec<Asked>, Fields); 2] {
    let mut schema = schema();
    schema["properties"]["greeting"]["x-title"] = json!("<script>");
    schema["properties"]["greeting"]["description"] = json!("<b>");
    schema["properties"]["raw"] = json!({ "type": "array", "items": { "type": "boolean" } });
    let form = SchemaForm { schema: &schema, lang: "es", products: &[Choice::new("p1", "<i>")], kept: &BTreeSet::from(["API_KEY".to_owned()]), under };
    let (asked, fields) = form.shows(&json!({ "greeting": "<b>", "loud": true, "sort": "title", "branches": [{ "code": "<b>" }] }));
    let named = asked.iter().filter(|field| !field.name.is_empty() && field.kind != "more");
    let wrong = Wrong { fields: named.map(|field| (field.name.clone(), "field-long".into())).collect(), whole: Some("problem-stale".into()) };
    [(asked.clone(), fields.clone()), (asked, fields.refused("es", wrong))]
}

fn schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["sort", "API_KEY"],
        "properties": {
            "greeting": { "type": "string", "maxLength": 5, "x-title": { "es": "Saludo", "en": "Greeting" } },
            "minutes": { "type": "integer", "minimum": 0, "maximum": 60, "default": 10 },
            "share": { "type": "number", "minimum": 0 },
            "sort": { "type": "string", "enum": ["title", "popularity"], "x-enum-titles": ["Nombre"] },
            "loud": { "type": "boolean", "default": true },
            "days": { "type": "array", "items": { "type": "string", "enum": ["mon", "tue"] } },
            "words": { "type": "array", "items": { "type": "string" }, "maxItems": 2 },
            "opens": { "type": "string", "format": "time" },
            "gift": { "type": "string", "format": "product" },
            "shipping": { "type": "object", "properties": { "price": { "type": "integer", "maximum": 9 } } },
            "branches": {
                "type": "array",
                "items": { "type": "object", "required": ["code"], "properties": { "code": { "type": "string" }, "zip": { "type": "string" } } }
            },
            "API_KEY": { "type": "string", "format": "secret" },
            "OLD_KEY": { "type": "string", "format": "secret" },
            "kind": { "type": "string", "const": "fixed" },
        }
    })
}

fn entered(pairs: &[(&str, &str)]) -> Entered {
    let mut form = BTreeMap::<String, Value>::new();
    for (name, text) in pairs {
        let before = form.remove(*name);
        let value = match before {
            Some(Value::Array(mut many)) => {
                many.push(json!(text));
                many.into()
            }
            Some(one) => json!([one, text]),
            None => json!(text),
        };
        form.insert((*name).to_owned(), value);
    }
    Entered::sent(form)
}

fn with<R>(kept: &[&str], under: Option<&Value>, ask: impl FnOnce(&SchemaForm<'_>) -> R) -> R {
    let kept = kept.iter().map(|name| (*name).to_owned()).collect();
    ask(&SchemaForm { schema: &schema(), lang: "es", products: &[Choice::new("p1", "Yerba")], kept: &kept, under })
}

fn wrong(wrong: Wrong) -> Vec<(String, &'static str)> {
    let mut fields: Vec<_> = wrong.fields.into_iter().map(|(field, words)| (field, words.key())).collect();
    fields.sort();
    fields
}

#[test]
fn what_was_entered_becomes_what_the_plugin_wants() {
    let form = entered(&[
        ("greeting", "Hola"),
        ("minutes", " 30 "),
        ("share", "0,5"),
        ("sort", "title"),
        ("loud", "on"),
        ("days", "mon"),
        ("days", "tue"),
        ("words", "uno\r\n\r\n dos "),
        ("opens", "09:30"),
        ("gift", "p1"),
        ("shipping/price", "5"),
        ("branches/0/code", ""),
        ("branches/1/code", "b"),
        ("branches/1/zip", ""),
        ("API_KEY", " s3cret "),
    ]);
    let taken = with(&[], None, |ask| ask.taken(&form, &json!({ "gone": 1 })).unwrap());

    assert_eq!(
        taken.config,
        json!({
            "greeting": "Hola", "minutes": 30, "share": 0.5, "sort": "title", "loud": true, "days": ["mon", "tue"], "words": ["uno", "dos"],
            "opens": "09:30", "gift": "p1", "shipping": { "price": 5 }, "branches": [{ "code": "b" }], "kind": "fixed",
        })
    );
    assert_eq!(taken.secrets["API_KEY"].as_ref().unwrap().expose_secret(), "s3cret");
}

#[test]
fn each_setting_says_what_is_wrong_with_it() {
    let unclear = entered(&[("minutes", "many"), ("sort", "price"), ("days", "sun"), ("branches/0/code", "a")]);
    let refused = with(&[], None, |ask| wrong(ask.taken(&unclear, &json!({})).unwrap_err()));
    assert_eq!(refused, [("days".to_owned(), "problem-one-of-these"), ("minutes".to_owned(), "config-number"), ("sort".to_owned(), "problem-one-of-these")]);

    let without_key = with(&[], None, |ask| wrong(ask.taken(&entered(&[("sort", "title")]), &json!({})).unwrap_err()));
    assert_eq!(without_key, [("API_KEY".to_owned(), "field-required")]);

    let outside = entered(&[
        ("greeting", "Buenas"),
        ("minutes", "61"),
        ("share", "-1"),
        ("sort", "title"),
        ("words", "a\nb\nc"),
        ("opens", "25:00"),
        ("shipping/price", "10"),
        ("branches/0/code", " "),
        ("branches/1/zip", "1870"),
    ]);
    let refused = with(&["API_KEY"], None, |ask| wrong(ask.taken(&outside, &json!({})).unwrap_err()));
    assert_eq!(
        refused,
        [
            ("branches/1/code".to_owned(), "field-required"),
            ("greeting".to_owned(), "field-long"),
            ("minutes".to_owned(), "config-number-within"),
            ("opens".to_owned(), "config-time"),
            ("share".to_owned(), "config-number-least"),
            ("shipping/price".to_owned(), "config-number-most"),
            ("words".to_owned(), "config-many")
        ]
    );
}

#[test]
fn a_form_shows_what_it_would_take() {
    let config =
        json!({ "minutes": 30, "sort": "title", "loud": false, "days": ["tue"], "words": ["uno", "dos"], "branches": [{ "code": "b" }], "kind": "fixed" });
    with(&["API_KEY"], None, |ask| {
        let (asked, fields) = ask.shows(&config);
        let of = |name: &str| asked.iter().find(|field| field.name == name).unwrap();

        assert_eq!((of("greeting").title.as_str(), of("greeting").kind), ("Saludo", "line"));
        assert_eq!(of("sort").choices.iter().map(|choice| &*choice.text).collect::<Vec<_>>(), ["Nombre", "popularity"]);
        assert_eq!(of("gift").choices[0].text, "Yerba");
        assert!(of("API_KEY").kept && !asked.iter().any(|field| field.name == "kind"));
        assert_eq!(asked.iter().filter(|field| field.kind == "row").count(), 2, "the one that is there, and an empty one");
        let sent = fields.values.iter().flat_map(|(name, value)| match value {
            Value::Array(many) => many.iter().map(|one| (&**name, one.as_str().unwrap())).collect(),
            Value::Bool(_) => vec![(&**name, "on")],
            one => vec![(&**name, one.as_str().unwrap())],
        });
        let again = ask.taken(&entered(&sent.collect::<Vec<_>>()), &json!({})).unwrap();
        assert_eq!(again.config, config, "sent as it is shown, it is the same");
        assert!(again.secrets.is_empty(), "an empty secret stays");
    });
}

#[test]
fn what_a_secret_is_comes_back_in_no_form() {
    let form = entered(&[("API_KEY", "s3cret"), ("sort", "nope")]);
    let (asked, fields) = with(&[], None, |ask| ask.shows_again(&form));

    assert!(!serde_json::to_string(&(asked, fields)).unwrap().contains("s3cret"));
    with(&["API_KEY", "OLD_KEY"], None, |ask| {
        let forgotten = ask.taken(&entered(&[("sort", "title"), ("forget~OLD_KEY", "on")]), &json!({})).unwrap();
        assert!(forgotten.secrets["OLD_KEY"].is_none());
        let needed = wrong(ask.taken(&entered(&[("sort", "title"), ("forget~API_KEY", "on")]), &json!({})).unwrap_err());
        assert_eq!(needed, [("API_KEY".to_owned(), "field-required")]);
    });
}

#[test]
fn a_service_point_has_otherwise_only_what_it_says() {
    let under = json!({ "sort": "title", "minutes": 20, "loud": true });
    with(&["API_KEY"], Some(&under), |ask| {
        let (asked, fields) = ask.shows(&json!({ "minutes": 5 }));
        assert_eq!((&fields.values["minutes"], &fields.values["own~minutes"], fields.values.get("own~sort")), (&json!("5"), &json!(true), None));
        assert!(asked.iter().any(|field| field.name == "own~sort" && field.under == "Nombre"));
        assert!(!asked.iter().any(|field| field.kind == "secret"), "a secret is the whole installation's");

        let taken = ask.taken(&entered(&[("own~minutes", "on"), ("minutes", "7"), ("greeting", "much too long")]), &json!({})).unwrap();
        assert_eq!(taken.config, json!({ "minutes": 7 }), "what is not its own is not looked at");
        let refused = wrong(ask.taken(&entered(&[("own~sort", "on"), ("sort", "")]), &json!({})).unwrap_err());
        assert_eq!(refused, [("sort".to_owned(), "field-required")]);
    });
}

#[test]
fn a_list_gets_one_more_row_when_it_is_asked_for() {
    let rows = |pairs| with(&[], None, |ask| ask.shows_again(&entered(pairs)).0).iter().filter(|field| field.kind == "row").count();
    assert_eq!(rows(&[]), 1);
    assert_eq!(rows(&[("branches/0/code", "a"), ("branches/1/code", "")]), 2);
    assert_eq!(rows(&[("branches/0/code", "a"), ("branches/1/code", ""), ("more~", "branches")]), 3);
}

#[test]
fn what_is_wrong_in_a_row_of_a_row_is_said_where_it_was_entered() {
    let code = json!({ "type": "object", "required": ["code"], "properties": { "code": { "type": "string", "maxLength": 3 }, "zip": { "type": "string" } } });
    let branch = json!({ "type": "object", "properties": { "name": { "type": "string" }, "doors": { "type": "array", "items": code } } });
    let schema = json!({ "type": "object", "properties": { "branches": { "type": "array", "items": branch } } });
    let form = SchemaForm { schema: &schema, lang: "es", products: &[], kept: &BTreeSet::new(), under: None };
    let rows = [("branches/0/name", ""), ("branches/1/name", "a"), ("branches/2/doors/0/code", ""), ("branches/3/doors/0/code", "")];
    let with = |more: &[(&str, &str)]| entered(&[&rows[..], more].concat());

    let long = with(&[("branches/3/doors/1/code", "abc"), ("branches/3/doors/4/code", "abcd"), ("branches/3/doors/5/zip", "1870")]);
    let refused = wrong(form.taken(&long, &json!({})).unwrap_err());
    assert_eq!(refused, [("branches/3/doors/4/code".to_owned(), "field-long"), ("branches/3/doors/5/code".to_owned(), "field-required")]);

    let taken = form.taken(&with(&[("branches/3/doors/4/code", "abc")]), &json!({})).unwrap();
    assert_eq!(taken.config, json!({ "branches": [{ "name": "a" }, { "doors": [{ "code": "abc" }] }] }));
    let says = |path: &str| ConfigProblem { path: path.into(), why: Why::Says("no".into()) };
    let refused = wrong(form.refused_at(&taken.places, &[says("/branches/0/name"), says("/branches/1/doors/0/code"), says("/branches/1/doors")]));
    assert_eq!(refused.into_iter().map(|(field, _)| field).collect::<Vec<_>>(), ["branches/1/name", "branches/3/doors", "branches/3/doors/4/code"]);
}

#[test]
fn a_value_is_told_as_people_know_it() {
    let told = |key: &str, value: Value| with(&[], None, |form| form.named(&form.schema["properties"][key], &value));

    assert_eq!(told("loud", json!(false)), "no");
    assert_eq!(told("sort", json!("title")), "Nombre");
    assert_eq!(told("gift", json!("p1")), "Yerba");
    assert_eq!(told("days", json!(["mon", "tue"])), "mon, tue");
    assert_eq!(told("shipping", json!({ "price": 4 })), "price: 4");
    assert_eq!(told("branches", json!([{ "zip": "1000", "code": "A" }, { "code": "B" }])), "code: A, zip: 1000 · code: B");
    assert_eq!(told("gone", json!({ "a": 1 })), "{\"a\":1}");
}
