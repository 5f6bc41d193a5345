//! What a manifest may say.

use std::time::Duration;

use relevo_sandbox::{Effect, Grants, Limits, Manifest, ManifestError};
use serde_json::{Value, json};

use crate::fixtures::{manifest_json, manifest_of};

/// One that says everything that can be said.
pub fn whole() -> Value {
    let icon = format!("data:image/png;base64,iVBORw0KGgo{}", "A".repeat(100));
    json!({
        "id": "com.example.tracking", "version": "1.0.0", "api": "0.1.0-draft",
        "title": { "es": "Seguimiento", "en": "Tracking" }, "description": "Where a parcel is.", "icon": icon,
        "permissions": [
            { "kind": "http", "hosts": ["api.example.com", "*.example.org:8443"], "methods": ["GET"], "reason": { "es": "Consulta", "en": "Asks" } },
            { "kind": "secrets", "names": ["API_KEY"], "reason": "the key" },
            { "kind": "records", "collection": "products", "access": "read", "reason": "titles" },
            { "kind": "records", "collection": "shipments", "access": "write", "reason": "what it knows" },
            { "kind": "llm", "reason": "words" }, { "kind": "tickets", "reason": "losses" },
            { "kind": "timers", "reason": "later" }, { "kind": "hand-over", "reason": "complaints" },
        ],
        "limits": { "memory_mib": 32, "cpu_ms": 100, "wall_ms": 10_000 },
        "config": { "type": "object", "additionalProperties": false, "properties": {
            "API_KEY": { "type": "string", "format": "secret" },
            "greeting": { "type": "string", "maxLength": 20, "default": "Hola" },
        } },
        "tools": [{ "name": "find_parcel", "description": "Finds it.", "parameters": { "type": "object" }, "effect": "read-only" }],
        "events": ["messages", "timer"],
        "tests": [{ "name": "known number", "script": "name = \"known number\"" }],
        "collections": [{ "name": "shipments", "title": "Shipments", "title_field": "code",
            "schema": { "type": "object", "required": ["code"], "properties": { "code": { "type": "string" } } } }],
    })
}

/// What no manifest may say, each with the field that is wrong.
pub fn wrong() -> Vec<Value> {
    vec![
        json!({ "surprise": 1 }),
        json!({ "id": "Test Guest" }),
        json!({ "id": "a..b" }),
        json!({ "id": "new" }),
        json!({ "version": "1" }),
        json!({ "api": "0.2.0" }),
        json!({ "title": " " }),
        json!({ "title": {} }),
        json!({ "title": { "es": "" } }),
        json!({ "title": 7 }),
        json!({ "icon": "../truck" }),
        json!({ "icon": "data:image/svg+xml;base64,PHN2Zz4=" }),
        json!({ "icon": "data:image/png;base64,iVBORw0KGgo\"onload=" }),
        json!({ "icon": format!("data:image/png;base64,iVBORw0KGgo{}", "A".repeat(60_000)) }),
        json!({ "config": true }),
        json!({ "config": { "type": "string" } }),
        json!({ "limits": { "cpu_ms": 0 } }),
        json!({ "limits": { "disk": 1 } }),
        json!({ "limits": { "memory_mib": -1 } }),
        json!({ "permissions": [{ "kind": "root", "reason": "why not" }] }),
        json!({ "permissions": [{ "kind": "timers" }] }),
        json!({ "permissions": [{ "kind": "timers", "reason": "x", "hosts": [] }] }),
        json!({ "permissions": [{ "kind": "timers", "reason": " " }] }),
        json!({ "permissions": [{ "kind": "timers", "reason": { "es": "x", "en": "" } }] }),
        json!({ "permissions": [{ "kind": "http", "hosts": ["https://x.test/"], "methods": ["GET"], "reason": "x" }] }),
        json!({ "permissions": [{ "kind": "http", "hosts": ["*"], "methods": ["GET"], "reason": "x" }] }),
        json!({ "permissions": [{ "kind": "http", "hosts": [], "methods": ["GET"], "reason": "x" }] }),
        json!({ "permissions": [{ "kind": "http", "hosts": ["x.test"], "methods": ["get"], "reason": "x" }] }),
        json!({ "permissions": [{ "kind": "secrets", "names": ["a b"], "reason": "x" }] }),
        json!({ "permissions": [{ "kind": "records", "collection": "products", "access": "all", "reason": "x" }] }),
        json!({ "tools": [{ "name": "A tool", "description": "" }] }),
        json!({ "tools": [{ "name": "a", "description": "", "effect": "harmless" }] }),
        json!({ "events": ["everything"] }),
        json!({ "tests": [{ "name": "", "script": "x" }] }),
        json!({ "collections": [{ "name": "products", "title": "x", "title_field": "a", "schema": { "type": "object", "properties": { "a": { "type": "string" } } } }] }),
        json!({ "collections": [{ "name": "Own", "title": "x", "title_field": "a", "schema": { "type": "object", "properties": { "a": { "type": "string" } } } }] }),
    ]
}

/// What only the whole of a manifest shows to be wrong.
fn wrong_together() -> Vec<Value> {
    vec![
        json!({ "tools": [{ "name": "a", "description": "" }, { "name": "a", "description": "" }] }),
        json!({ "permissions": [{ "kind": "secrets", "names": ["KEY"], "reason": "x" }] }),
        json!({ "config": { "type": "object", "properties": { "KEY": { "type": "string", "format": "secret" } } } }),
        json!({ "permissions": [{ "kind": "records", "collection": "secrets", "access": "read", "reason": "x" }] }),
        json!({ "collections": [{ "name": "own", "title": "x", "title_field": "b", "schema": { "type": "object", "properties": { "a": { "type": "string" } } } }] }),
        json!({ "collections": [{ "name": "own", "title": "x", "title_field": "a",
            "schema": { "type": "object", "properties": { "a": { "type": "string" }, "KEY": { "type": "string", "format": "secret" } } } }] }),
        json!({ "config": { "type": "object", "properties": { "a": { "type": "string", "oneOf": [] } } } }),
    ]
}

#[test]
fn a_manifest_that_says_everything_is_read() {
    let manifest = Manifest::parse(whole().to_string().as_bytes()).unwrap();

    assert_eq!(manifest.title.in_locale("en"), "Tracking");
    assert_eq!(manifest.tools[0].effect, Effect::ReadOnly);
    assert_eq!(manifest.collection("shipments").unwrap().title_field, "code");
    assert!(Grants::all(&manifest).allows_secret("API_KEY"));
    let again: Manifest = serde_json::from_value(serde_json::to_value(&manifest).unwrap()).unwrap();
    assert_eq!(again, manifest);
}

#[test]
fn a_manifest_that_says_too_much_or_nonsense_is_refused() {
    for fields in wrong().into_iter().chain(wrong_together()) {
        let parsed: Result<Manifest, ManifestError> = Manifest::parse(manifest_json(fields.clone()).to_string().as_bytes());

        assert!(parsed.is_err(), "{fields}");
    }
}

#[test]
fn an_id_that_is_an_address_of_the_hosts_own_is_refused_by_its_name() {
    let refused = Manifest::parse(manifest_json(json!({ "id": "new" })).to_string().as_bytes()).unwrap_err();

    assert!(matches!(&refused, ManifestError::Reserved(id) if id == "new"), "{refused}");
    assert!(refused.to_string().contains("com.example.new"), "{refused}");
    assert!(Manifest::parse(manifest_json(json!({ "id": "new.shop" })).to_string().as_bytes()).is_ok());
}

#[test]
fn a_plugin_may_ask_for_less_than_the_host_gives_and_not_for_more() {
    let most = Limits::default();
    let less = manifest_of(json!({ "limits": { "memory_mib": 16, "cpu_ms": 50 } })).limits.within(&most);
    let more = manifest_of(json!({ "limits": { "memory_mib": 4_096, "wall_ms": 600_000 } })).limits.within(&most);

    assert_eq!((less.memory, less.cpu, less.wall), (16 << 20, Duration::from_millis(50), most.wall));
    assert_eq!(more, most);
}
