//! Records of plugins' own collections, as programs look at them and write them.

use reqwest::Method;
use serde_json::{Value, json};

use super::owner;
use crate::{
    harness::{Setup, both_engines},
    plugins::{Admin, ID, probe},
};

const NOTES: &str = "/api/records/probe/notes";

fn names(collections: &Value) -> Vec<String> {
    let name = |one: &Value| format!("{}/{}", one["plugin_id"].as_str().unwrap(), one["name"].as_str().unwrap());
    collections.as_array().unwrap().iter().map(name).collect()
}

fn codes(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|record| record["value"]["code"].as_str().unwrap()).collect()
}

both_engines! {
    async fn a_program_adds_changes_and_removes_what_the_flow_reads(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let owner = owner(&app).await;
        assert_eq!(names(&owner.get("/api/records").await.ok()), ["probe/notes"]);

        let wrong = owner.post(NOTES, json!({ "value": { "text": 7 } })).await;
        let made = owner.post(NOTES, json!({ "value": { "code": "uno", "text": "hola" } })).await;
        let address = made.location.clone().unwrap_or_else(|| panic!("{made:?}"));
        let etag = made.etag.clone().unwrap();

        let mut fields = wrong.wrong();
        fields.sort_unstable();
        assert_eq!(fields, [("value/code", "schema-required"), ("value/text", "schema-type")]);
        assert_eq!(made.status, 201);
        assert_eq!(address, format!("{NOTES}/{}", made.id()));
        let changed = owner.put_seen(&address, &etag, json!({ "value": { "code": "uno", "text": "chau" } })).await;
        assert_eq!((&changed.body["version"], &changed.body["value"]["text"]), (&json!(2), &json!("chau")), "{changed:?}");
        let late = owner.put_seen(&address, &etag, json!({ "value": { "code": "tarde" } })).await;
        assert_eq!((late.status, late.problem()), (412, "stale"));
        let chat = app.customer("+54 9 11 5555 0001").says("notes").await;
        assert_eq!(chat.bot_replies().await, ["uno=chau v2"]);
        assert_eq!(owner.ask(Method::DELETE, &address, None, &[("if-match", &etag)]).await.status, 412);
        assert_eq!(owner.delete(&address).await.status, 204);
        assert_eq!(owner.get(&address).await.status, 404);
    }

    async fn records_are_listed_by_their_titles_and_added_once_by_a_key(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let owner = owner(&app).await;

        for code in ["c", "a\nb", "b", "b"] {
            owner.post(NOTES, json!({ "value": { "code": code } })).await.ok();
        }
        let mut ids = Vec::new();
        for _ in 0..2 {
            let once = owner.ask(Method::POST, NOTES, Some(json!({ "value": { "code": "d" } })), &[("idempotency-key", "one-and-the-same")]).await;
            ids.push(once.id());
        }

        assert_eq!(ids[0], ids[1]);
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = owner.get(&format!("{NOTES}?limit=2{cursor}")).await.ok();
            seen.extend(codes(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, ["a\nb", "b", "b", "c", "d"]);
        assert_eq!(codes(&owner.get(&format!("{NOTES}?q=A")).await.ok()), ["a\nb"]);
        assert_eq!(owner.get(&format!("{NOTES}?cursor=eA")).await.problem(), "bad-cursor");
    }

    async fn collections_stay_while_their_plugin_is_attached_nowhere(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let admin = Admin::of(&app).await;
        admin.runs(probe("1.0.0")).await;
        let own = format!("{ID}/notes");

        assert_eq!(names(&admin.caller.get("/api/records").await.ok()), [own.as_str(), "probe/notes"], "an upload that is activated is installed");
        admin.attaches(app.acme(), &["echo"]).await;
        assert_eq!(names(&admin.caller.get("/api/records").await.ok()), [own.as_str()], "one of ours that keeps nothing is not");
        admin.attaches(app.acme(), &["probe"]).await;
        let made = admin.caller.post(NOTES, json!({ "value": { "code": "uno" } })).await.ok();
        admin.attaches(app.acme(), &["echo"]).await;

        assert_eq!(names(&admin.caller.get("/api/records").await.ok()), [own.as_str(), "probe/notes"]);
        assert_eq!(admin.caller.get(&format!("{NOTES}/{}", made["id"].as_str().unwrap())).await.ok()["value"]["code"], "uno");
        for path in ["/api/records/twin/notes", "/api/records/probe/products", &format!("{NOTES}/nope")] {
            assert_eq!(admin.caller.get(path).await.status, 404, "{path}");
        }
    }
}
