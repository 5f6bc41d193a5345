//! Whatever people write is kept as they wrote it, or refused with a word why; nothing breaks.

use serde_json::json;

use super::owner;
use crate::harness::{Setup, both_engines};

const NAUGHTY: &[&str] = &[
    "Ñandú & Cía. <b>\"1\"</b>",
    "'; DROP TABLE products; --",
    "{{ 7 * 7 }} ${7*7} %s %n",
    "../../etc/passwd",
    "=HYPERLINK(\"http://evil\")",
    "\u{0}",
    "a\u{0}b",
    "\u{202e}txt.exe",
    "\u{feff}BOM",
    "👩‍👩‍👧‍👦 Z̸̢̛a̶l̷g̵o̴",
    "العربية",
    "\u{1b}[31mred",
    "line\nbreak",
    "null",
    "NaN",
    "😀",
];

both_engines! {
    async fn naughty_words_are_kept_or_refused(setup: Setup) {
        let app = setup.tenant("acme").await;
        let owner = owner(&app).await;
        let business = format!("/api/business/{}", app.acme().id);

        for words in NAUGHTY {
            let told = words.trim();
            let asked = [
                ("/api/products", json!({ "title": words, "description": words, "price_minor": 1 }), "title"),
                ("/api/service-points", json!({ "name": words, "time_zone": "UTC" }), "name"),
                ("/api/policies", json!({ "kind": "refund", "title": words, "text": words }), "title"),
                ("/api/agent/prompt", json!({ "text": words }), "text"),
            ];
            for (path, body, field) in asked {
                let answer = owner.post(path, body).await;
                match answer.status {
                    201 => assert_eq!(answer.body[field], told, "{path} {words:?}"),
                    422 => assert!(answer.wrong().iter().any(|(name, _)| *name == field), "{path} {words:?}: {answer:?}"),
                    _ => panic!("{path} {words:?}: {answer:?}"),
                }
            }
            let saved = owner.put(&business, json!({ "name": words, "industry": words, "description": words })).await;
            assert!(matches!(saved.status, 200 | 422), "{words:?}: {saved:?}");
            let openai = owner.put(&format!("{business}/openai"), json!({ "model": words, "base_url": words, "api_key": words })).await;
            assert!(matches!(openai.status, 200 | 422), "{words:?}: {openai:?}");
            for path in ["products", "orders", "conversations", "service-points"] {
                let escaped: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
                for name in ["q", "status", "cursor", "assignee_id", "limit"] {
                    let found = owner.get(&format!("/api/{path}?{name}={escaped}")).await;
                    assert!(matches!(found.status, 200 | 400), "{path} {name} {words:?}: {found:?}");
                }
                assert_eq!(owner.get(&format!("/api/{path}/{escaped}")).await.status, 404, "{path} {words:?}");
            }
        }
    }
}
