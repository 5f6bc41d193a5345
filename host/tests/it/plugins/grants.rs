//! What a business takes out of a plugin's permissions is denied to it, whatever its manifest asks.

use serde_json::json;

use super::{Admin, ID, phone, probe};
use crate::harness::{Setup, both_engines};

both_engines! {
    async fn what_was_not_granted_is_denied_wherever_it_is_reached(setup: Setup) {
        let app = setup.tenant("acme").product("YER", "Yerba mate", 480_000, Some(40)).await;
        let admin = Admin::of(&app).await;
        let version = admin.has(probe("1.0.0")).await;
        let granted = json!([{ "kind": "records", "collection": "products", "access": "read" }, { "kind": "records", "collection": "notes", "access": "read" }]);
        admin.caller.put(&format!("/api/plugins/{ID}/grants"), json!({ "version": version, "permissions": granted })).await.ok();
        admin.caller.put(&format!("/api/plugins/{ID}/config"), json!({ "config": {}, "secrets": { "API_KEY": "s3cr3t" } })).await.ok();
        admin.activates(&version).await.ok();
        admin.attaches(app.acme(), &[ID]).await;
        let url = app.outside.url("/echo");
        let denied = ["order YER".to_owned(), "note a one".to_owned(), "ticket roto".to_owned(), format!("fetch {url}"), format!("ask-with-secret {url}")];

        let allowed = app.customer(&phone(0)).says("notes").await;
        assert_eq!(allowed.bot_replies().await, ["none"], "what was granted is there");
        for (nth, text) in (1..).zip(&denied) {
            let chat = app.customer(&phone(nth)).says(text).await;
            app.settled().await;
            assert_eq!(chat.turns().await, [("dead".to_owned(), 1)], "{text}");
        }

        assert!(app.outside.calls().is_empty());
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM tickets").await + app.count(app.acme(), "SELECT COUNT(*) FROM plugin_records").await, 0);
    }

    async fn a_secret_that_was_not_granted_goes_nowhere(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        let version = admin.has(probe("1.0.0")).await;
        let url = app.outside.url("/echo");
        let host = url.trim_start_matches("http://").split('/').next().unwrap();
        let granted = json!([{ "kind": "http", "hosts": [host], "methods": ["GET", "POST"] }]);
        admin.caller.put(&format!("/api/plugins/{ID}/grants"), json!({ "version": version, "permissions": granted })).await.ok();
        admin.caller.put(&format!("/api/plugins/{ID}/config"), json!({ "config": {}, "secrets": { "API_KEY": "s3cr3t" } })).await.ok();
        admin.activates(&version).await.ok();
        admin.attaches(app.acme(), &[ID]).await;

        let allowed = app.customer(&phone(0)).says(&format!("fetch {}", app.outside.url("/charge/paid"))).await;
        assert_eq!(allowed.bot_replies().await, ["paid"], "the address was granted");
        let calls = app.outside.calls().len();
        let chat = app.customer(&phone(1)).says(&format!("ask-with-secret {url}")).await;
        app.settled().await;

        assert_eq!(chat.turns().await, [("dead".to_owned(), 1)]);
        assert_eq!(app.outside.calls().len(), calls);
    }

    async fn timers_and_hand_overs_that_were_not_granted_are_left_out(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        let version = admin.has(probe("1.0.0")).await;
        admin.caller.put(&format!("/api/plugins/{ID}/grants"), json!({ "version": version, "permissions": [] })).await.ok();
        admin.activates(&version).await.ok();
        admin.attaches(app.acme(), &[ID]).await;
        let chat = app.customer(&phone(0));

        chat.says("timer later 60").await.bot_replies().await;
        chat.says("adviser").await;

        assert_eq!(chat.bot_replies().await, ["set", "bye"]);
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM timers").await, 0);
        assert_eq!(chat.conversation().await.status.as_str(), "BOT");
        assert_eq!(chat.timeline().await, ["note", "note"]);
    }
}
