//! Real payloads, as others recorded them: all of it is kept.

use std::{fs, path::PathBuf};

use relevo_testbed::webhook::Payload;
use serde_json::Value;

use crate::harness::{Setup, TestTenant, both_engines};

/// What holds events of their own.
const LISTS: [&str; 3] = ["messages", "statuses", "message_echoes"];

/// The recorded payloads by name.
fn recorded() -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/webhooks");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| (file.file_stem().unwrap().to_string_lossy().into_owned(), serde_json::from_slice(&fs::read(&file).unwrap()).unwrap()))
        .collect()
}

/// The same payload about a number of ours. Recorded examples share ids, which would make one event of two: each gets its own.
fn about(tenant: &TestTenant, name: &str, mut payload: Value) -> Value {
    let mut number = 0;
    for entry in payload["entry"].as_array_mut().unwrap() {
        for change in entry["changes"].as_array_mut().unwrap() {
            let value = &mut change["value"];
            for list in LISTS {
                for part in value.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                    number += 1;
                    part["id"] = format!("{}.{name}.{number}", part["id"].as_str().unwrap_or_default()).into();
                }
            }
            if value["metadata"].is_object() {
                value["metadata"]["phone_number_id"] = tenant.number.clone().into();
            } else if value.is_object() {
                value["metadata"] = serde_json::json!({ "phone_number_id": tenant.number });
            }
        }
    }
    payload
}

/// The parts that each are an event, with the whole change; one that has none is one by itself.
fn parts(payload: &Value) -> Vec<(&Value, &Value)> {
    let changes = payload["entry"].as_array().unwrap().iter().flat_map(|entry| entry["changes"].as_array().unwrap());
    changes
        .flat_map(|change| {
            let lists = LISTS.iter().filter_map(|name| change["value"][*name].as_array());
            let parts: Vec<_> = lists.flatten().map(|part| (part, &change["value"])).collect();
            if parts.is_empty() { vec![(&change["value"], &change["value"])] } else { parts }
        })
        .collect()
}

both_engines! {
    async fn every_recorded_payload_is_taken_whole_and_once(setup: Setup) {
        let app = setup.tenant("acme").flow("storefront").await;
        let (acme, recorded) = (app.acme(), recorded());
        assert!(recorded.len() >= 10);

        for (name, payload) in recorded {
            let payload = about(acme, &name, payload);
            let post = Payload { body: payload.to_string().into_bytes(), ids: Vec::new() };
            assert_eq!(app.post(acme, &post).await, 200, "{name}");
            let logged = app.place.texts(Some(&acme.id), "SELECT payload FROM event_log").await;
            assert_eq!(app.post(acme, &post).await, 200, "{name} once more");

            let events: Vec<Value> = logged.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
            for (part, whole) in parts(&payload) {
                assert!(events.contains(part) || events.contains(whole), "{name}: {part} is lost");
            }
            app.settled().await;
            assert_eq!(app.place.texts(Some(&acme.id), "SELECT payload FROM event_log").await.len(), logged.len(), "{name} counts once");
        }
    }
}
