//! Real payloads, as others recorded them: all of it is kept.

use std::{fs, path::PathBuf};

use relevo_testbed::webhook::Payload;
use serde_json::Value;

use crate::harness::{Setup, TestTenant, both_engines};

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

/// The same payload about a number of ours.
fn about(tenant: &TestTenant, mut payload: Value) -> Payload {
    for entry in payload["entry"].as_array_mut().unwrap() {
        for change in entry["changes"].as_array_mut().unwrap() {
            let value = &mut change["value"];
            if value["metadata"].is_object() {
                value["metadata"]["phone_number_id"] = tenant.number.clone().into();
            } else if value.is_object() {
                value["metadata"] = serde_json::json!({ "phone_number_id": tenant.number });
            }
        }
    }
    Payload { body: payload.to_string().into_bytes(), ids: Vec::new() }
}

/// The parts that each are an event; a change that has none is one by itself.
fn parts(payload: &Value) -> Vec<&Value> {
    let changes = payload["entry"].as_array().unwrap().iter().flat_map(|entry| entry["changes"].as_array().unwrap());
    changes
        .flat_map(|change| {
            let lists = ["messages", "statuses", "message_echoes"].iter().filter_map(|name| change["value"][*name].as_array());
            let parts: Vec<&Value> = lists.flatten().collect();
            if parts.is_empty() { vec![&change["value"]] } else { parts }
        })
        .collect()
}

both_engines! {
    async fn every_recorded_payload_is_taken_whole_and_once(setup: Setup) {
        let app = setup.tenant("acme").flow("storefront").await;
        let (acme, recorded) = (app.acme(), recorded());
        assert!(recorded.len() >= 10);

        for (name, payload) in &recorded {
            let before: Vec<String> = app.place.texts(Some(&acme.id), "SELECT payload FROM event_log").await;
            let post = about(acme, payload.clone());
            assert_eq!(app.post(acme, &post).await, 200, "{name}");
            let after = app.place.texts(Some(&acme.id), "SELECT payload FROM event_log").await;
            assert_eq!(app.post(acme, &post).await, 200, "{name} once more");

            let logged: Vec<Value> = after.iter().filter(|row| !before.contains(row)).filter_map(|row| serde_json::from_str(row).ok()).collect();
            for part in parts(payload) {
                let kept = logged.iter().any(|row| row == part || row["metadata"]["phone_number_id"] == acme.number.as_str());
                // Two sources recorded the same event: then it is there already.
                assert!(kept || before.iter().any(|row| row.contains(part["id"].as_str().unwrap_or("nothing"))), "{name}: {part} is lost, logged were {logged:#?}");
            }
            app.settled().await;
            assert_eq!(app.place.texts(Some(&acme.id), "SELECT payload FROM event_log").await.len(), after.len(), "{name} counts once");
        }
    }
}
