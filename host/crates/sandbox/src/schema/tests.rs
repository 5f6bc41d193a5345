use serde_json::json;

use super::*;

fn shop() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["name", "KEY"],
        "properties": {
            "name": { "type": "string", "minLength": 2, "maxLength": 5, "x-title": { "es": "Nombre", "en": "Name" }, "x-order": 1 },
            "KEY": { "type": "string", "format": "secret" },
            "code": { "type": "string", "pattern": "^[A-Z]{2}[0-9]+$" },
            "opens": { "type": "string", "format": "time", "default": "09:00" },
            "site": { "type": "string", "format": "uri" },
            "mail": { "type": "string", "format": "email" },
            "retries": { "type": "integer", "minimum": 0, "maximum": 3, "default": 1 },
            "share": { "type": "number", "maximum": 0.5 },
            "mode": { "type": "string", "enum": ["fast", "slow"], "x-enum-titles": ["Rápido", { "es": "Lento", "en": "Slow" }], "title": "Modo" },
            "kind": { "type": "string", "const": "shop" },
            "on": { "type": "boolean", "default": false },
            "lines": { "type": "array", "minItems": 1, "maxItems": 2, "items": {
                "type": "object", "required": ["sku"], "properties": { "sku": { "type": "string" }, "count": { "type": "integer", "default": 1 } } } },
            "place": { "type": "object", "properties": { "city": { "type": "string", "default": "Rosario" }, "a/b~c": { "type": "boolean" } } },
        },
    })
}

fn problems(value: Value) -> Vec<(String, &'static str)> {
    validate(&shop(), &value).into_iter().map(|problem| (problem.path, problem.keyword)).collect()
}

#[test]
fn a_schema_of_the_subset_is_taken() {
    assert_eq!(check(&shop()), Ok(()));
}

#[test]
fn what_fits_has_no_problem() {
    let whole = json!({
        "name": "Ñandú", "KEY": true, "code": "AR12", "opens": "23:59", "site": "https://x.test/a?b", "mail": "a@x.test", "retries": 3.0,
        "share": 0.5, "mode": "slow", "kind": "shop", "on": true, "lines": [{ "sku": "A" }], "place": { "a/b~c": true, "more": 1 },
    });

    assert_eq!(problems(whole), []);
}

#[test]
fn each_thing_that_does_not_fit_is_told_where_it_stands() {
    let cases = [
        (json!({ "KEY": true }), "/name", "required"),
        (json!({ "name": "Ana", "KEY": "s3cret" }), "/KEY", "format"),
        (json!({ "name": "A", "KEY": true }), "/name", "minLength"),
        (json!({ "name": "Ñandúes", "KEY": true }), "/name", "maxLength"),
        (json!({ "name": 7, "KEY": true }), "/name", "type"),
        (json!({ "name": "Ana", "KEY": true, "code": "ar12" }), "/code", "pattern"),
        (json!({ "name": "Ana", "KEY": true, "opens": "24:00" }), "/opens", "format"),
        (json!({ "name": "Ana", "KEY": true, "site": "javascript:alert(1)" }), "/site", "format"),
        (json!({ "name": "Ana", "KEY": true, "mail": "a@b@x.test" }), "/mail", "format"),
        (json!({ "name": "Ana", "KEY": true, "retries": 4 }), "/retries", "maximum"),
        (json!({ "name": "Ana", "KEY": true, "retries": -1 }), "/retries", "minimum"),
        (json!({ "name": "Ana", "KEY": true, "retries": 1.5 }), "/retries", "type"),
        (json!({ "name": "Ana", "KEY": true, "mode": "turbo" }), "/mode", "enum"),
        (json!({ "name": "Ana", "KEY": true, "kind": "bar" }), "/kind", "const"),
        (json!({ "name": "Ana", "KEY": true, "other": 1 }), "/other", "additionalProperties"),
        (json!({ "name": "Ana", "KEY": true, "lines": [] }), "/lines", "minItems"),
        (json!({ "name": "Ana", "KEY": true, "lines": [{ "sku": "A" }, {}] }), "/lines/1/sku", "required"),
        (json!({ "name": "Ana", "KEY": true, "place": { "a/b~c": 1 } }), "/place/a~1b~0c", "type"),
    ];

    for (value, path, keyword) in cases {
        assert_eq!(problems(value.clone()), [(path.to_owned(), keyword)], "{value}");
    }
    assert_eq!(problems(json!([])), [(String::new(), "type")]);
}

#[test]
fn a_value_with_a_thousand_faults_tells_a_hundred() {
    let schema = json!({ "type": "array", "items": { "type": "string" } });

    assert_eq!(validate(&schema, &json!(vec![1; 1_000])).len(), 100);
}

#[test]
fn defaults_are_gathered_and_filled_in() {
    assert_eq!(defaults(&shop()), json!({ "opens": "09:00", "retries": 1, "on": false, "place": { "city": "Rosario" } }));
    assert_eq!(defaults(&json!({ "type": "object" })), json!({}));

    let filled = with_defaults(&shop(), &json!({ "name": "Ana", "retries": 0, "place": { "a/b~c": true } }));

    assert_eq!(filled, json!({ "name": "Ana", "opens": "09:00", "retries": 0, "on": false, "place": { "city": "Rosario", "a/b~c": true } }));
}

#[test]
fn fields_are_asked_for_in_their_order_and_in_ones_language() {
    let shop = shop();
    let mode = &shop["properties"]["mode"];

    assert_eq!(fields(&shop)[0].0, "name");
    assert_eq!(secrets(&shop), ["KEY"]);
    assert_eq!(title(fields(&shop)[0].1, "en").as_deref(), Some("Name"));
    assert_eq!(title(mode, "en").as_deref(), Some("Modo"));
    assert_eq!(enum_title(mode, 1, "en").as_deref(), Some("Slow"));
    assert_eq!(description(mode, "en"), None);
}

#[test]
fn what_lies_beyond_the_subset_is_refused_where_it_stands() {
    let deep = (0..7).fold(json!({ "type": "boolean" }), |inner, _| json!({ "type": "array", "items": inner }));
    let many: Map<String, Value> = (0..201).map(|nth| (format!("p{nth}"), json!({ "type": "boolean" }))).collect();
    let wrong = [
        json!(true),
        json!({}),
        json!({ "type": ["string", "null"] }),
        json!({ "$ref": "#/x", "type": "string" }),
        json!({ "type": "object", "properties": [] }),
        json!({ "type": "object", "required": ["x"] }),
        json!({ "type": "object", "additionalProperties": {} }),
        json!({ "type": "object", "properties": many }),
        json!({ "type": "object", "properties": { "": { "type": "string" } } }),
        json!({ "type": "object", "properties": { ("x".repeat(65)): { "type": "string" } } }),
        json!({ "type": "array" }),
        deep,
        json!({ "type": "string", "pattern": "(" }),
        json!({ "type": "string", "pattern": "(a{1000}){1000}" }),
        json!({ "type": "string", "pattern": "a".repeat(300) }),
        json!({ "type": "string", "format": "ipv4" }),
        json!({ "type": "string", "minLength": 3, "maxLength": 2 }),
        json!({ "type": "string", "maxLength": -1 }),
        json!({ "type": "string", "minimum": 1 }),
        json!({ "type": "string", "title": { "es": "Hola" } }),
        json!({ "type": "string", "enum": [] }),
        json!({ "type": "string", "enum": ["a", "a"] }),
        json!({ "type": "string", "enum": ["a", 1] }),
        json!({ "type": "string", "enum": ["a"], "x-enum-titles": [] }),
        json!({ "type": "string", "format": "secret", "default": "hunter2" }),
        json!({ "type": "integer", "default": "7" }),
        json!({ "type": "integer", "minimum": 2, "maximum": 1 }),
        json!({ "type": "object", "properties": { "in": { "type": "object", "properties": { "KEY": { "type": "string", "format": "secret" } } } } }),
    ];

    for schema in wrong {
        assert!(check(&schema).is_err(), "{schema}");
    }
    let inner = json!({ "type": "object", "properties": { "a/b": { "type": "string", "nope": 1 } } });
    assert_eq!(check(&inner).unwrap_err().at, "/properties/a~1b");
}
