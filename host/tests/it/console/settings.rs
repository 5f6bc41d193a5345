//! A business's own settings, its service points and flows, its policies and prompts.

use relevo_model::*;
use serde_json::{Value, json};

use super::{PHONE, audit, member, ordered, owner};
use crate::harness::{Setup, both_engines, until_equal};

const KEY: &str = "sk-canary-9f21";

fn point(name: &str) -> Value {
    json!({ "name": name, "time_zone": "America/Argentina/Cordoba" })
}

both_engines! {
    async fn a_business_is_changed_as_it_was_seen(setup: Setup) {
        let app = setup.tenant("acme").await;
        let owner = owner(&app).await;
        let path = format!("/api/business/{}", app.acme().id);
        let seen = owner.get(&path).await;
        let etag = seen.etag.clone().unwrap();

        let first = owner.put_seen(&path, &etag, json!({ "name": "Acme Sur", "currency": "USD" })).await;
        let second = owner.put_seen(&path, &etag, json!({ "name": "Acme Norte" })).await;

        assert_eq!((first.status, &first.body["name"], &first.body["currency"]), (200, &json!("Acme Sur"), &json!("USD")));
        assert_eq!((second.status, second.problem()), (412, "stale"));
        let now = owner.get(&path).await;
        assert_eq!((&now.body["name"], now.etag), (&json!("Acme Sur"), first.etag));
        assert_eq!(owner.get("/api/business").await.ok()["data"][0]["name"], "Acme Sur");
        assert_eq!(audit(&app, app.acme()).await, ["business.changed"]);
    }

    async fn a_models_key_goes_in_and_never_comes_back(setup: Setup) {
        let app = setup.tenant("acme").await;
        let owner = owner(&app).await;
        let path = format!("/api/business/{}/openai", app.acme().id);

        let set = owner.put(&path, json!({ "base_url": "https://llm.acme.com/v1/", "model": "gpt-4o-mini", "api_key": KEY })).await;
        assert_eq!(set.body["openai"], json!({ "base_url": "https://llm.acme.com/v1", "model": "gpt-4o-mini", "has_key": true }));
        let kept = owner.put(&path, json!({ "base_url": "https://llm.acme.com/v1", "model": "m" })).await;
        let stolen = owner.put(&path, json!({ "base_url": "https://evil.example/v1" })).await;
        let wrong = owner.put(&path, json!({ "base_url": "file:///etc/passwd", "model": "a b", "api_key": "a b" })).await;
        let other = owner.get(&format!("/api/business/{}", app.acme().id)).await;

        assert_eq!(kept.body["openai"]["has_key"], true);
        assert_eq!((stolen.status, stolen.wrong()), (422, vec![("api_key", "field-key-again")]), "a key goes to no address that it was not given for");
        assert_eq!(wrong.wrong(), [("base_url", "field-address"), ("model", "field-model"), ("api_key", "field-secret")]);
        for answer in [&set, &kept, &stolen, &wrong, &other] {
            assert!(!answer.body.to_string().contains(KEY), "{answer:?}");
        }
        let cell = app.cell(app.acme()).await;
        assert_eq!(cell.read().await.unwrap().business().await.unwrap().unwrap().openai_key(&cell).unwrap().as_deref(), Some(KEY));
        assert_eq!(owner.put(&path, json!({ "api_key": "" })).await.body["openai"], json!({ "base_url": null, "model": "gpt-4.1-mini", "has_key": false }));
    }

    async fn a_bot_that_is_off_says_nothing_and_all_is_kept(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let owner = owner(&app).await;
        let chat = app.customer(PHONE).says("uno").await;
        assert_eq!(chat.bot_replies().await, ["uno"]);
        let path = format!("/api/business/{}/bot-toggle", app.acme().id);

        assert_eq!(owner.put(&path, json!({ "enabled": false })).await.ok()["bot_enabled"], false);
        chat.says("dos").await;
        assert_eq!(chat.bot_replies().await, ["uno"]);
        assert_eq!(owner.put(&path, json!({ "enabled": true })).await.ok()["bot_enabled"], true);
        chat.says("tres").await;

        assert_eq!(chat.bot_replies().await, ["uno", "tres"]);
        assert_eq!(chat.messages().await.len(), 5, "what came while it was off is there too");
    }

    async fn a_bot_that_is_turned_off_and_on_elsewhere_falls_silent_and_answers_here(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        if !app.place.is_postgres() {
            // One process owns a file.
            return;
        }
        let owner = owner(&app).await;
        let path = format!("/api/business/{}/bot-toggle", app.acme().id);
        let other = app.add_node().await;
        let chat = app.customer(PHONE).through(other);
        let business = app.node(other).business(&app.acme().id).await.unwrap();
        owner.put(&path, json!({ "enabled": false })).await.ok();
        until_equal(false, || async { business.layout().business.bot_enabled }).await;
        chat.says("uno").await;

        owner.put(&path, json!({ "enabled": true })).await.ok();
        until_equal(true, || async { business.layout().business.bot_enabled }).await;
        drop(business);
        chat.says("dos").await;

        assert_eq!(chat.bot_replies().await, ["dos"]);
    }

    async fn service_points_are_made_changed_and_removed(setup: Setup) {
        let app = setup.tenant("acme").await;
        let owner = owner(&app).await;

        let made = owner.post("/api/service-points", json!({ "name": "Norte", "time_zone": "UTC", "opening_hours": { "mon": [["09:00", "13:00"]] } })).await;
        let path = made.location.clone().unwrap();
        let shown = owner.get(&path).await;
        assert_eq!((made.status, &shown.body, &shown.etag), (201, &made.body, &made.etag));
        assert_eq!(made.body["opening_hours"], json!({ "mon": [["09:00", "13:00"]] }));
        assert_eq!(owner.post("/api/service-points", point("Norte")).await.problem(), "taken");
        let changed = owner.put_seen(&path, &made.etag.clone().unwrap(), json!({ "name": "Sur", "time_zone": "UTC", "burst_ms": 700 })).await;
        assert_eq!((changed.status, &changed.body["burst_ms"], &changed.body["opening_hours"]), (200, &json!(700), &json!({})));
        assert_eq!(owner.put_seen(&path, &made.etag.unwrap(), point("Oeste")).await.problem(), "stale");
        assert_eq!(owner.put(&path, point("Centro")).await.problem(), "taken");
        let refused = owner.ask(reqwest::Method::DELETE, &path, None, &[("if-match", "\"x\"")]).await;
        assert_eq!(refused.problem(), "stale");
        assert_eq!(owner.delete(&path).await.status, 204);

        assert_eq!((owner.get(&path).await.status, owner.delete(&path).await.status), (404, 404));
        let noted = ["service-point.created", "service-point.changed", "service-point.removed"];
        assert_eq!(audit(&app, app.acme()).await, noted);
    }

    async fn all_that_is_wrong_with_a_service_point_is_told_at_once(setup: Setup) {
        let app = setup.tenant("acme").await;
        let owner = owner(&app).await;
        let wrong = json!({
            "name": "a\u{202e}b", "time_zone": "Mars/Olympus", "opening_hours": { "mon": [["18:00", "09:00"]] }, "locale": "xx", "burst_ms": -1,
        });

        let refused = owner.post("/api/service-points", wrong).await;

        let expected = [
            ("name", "field-letters"),
            ("time_zone", "field-time-zone"),
            ("opening_hours", "field-hours"),
            ("locale", "field-locale"),
            ("burst_ms", "field-burst"),
        ];
        assert_eq!((refused.status, refused.wrong()), (422, expected.to_vec()));
        assert_eq!(owner.get("/api/service-points").await.ok()["data"].as_array().unwrap().len(), 1);
    }

    async fn a_service_point_with_conversations_stays(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let owner = owner(&app).await;
        app.customer(PHONE).says("hola").await.bot_replies().await;

        let refused = owner.delete(&format!("/api/service-points/{}", app.acme().point)).await;

        assert_eq!((refused.status, refused.problem()), (409, "in-use"));
        assert!(refused.body["detail"].as_str().unwrap().starts_with("conversations were held"), "{refused:?}");
        assert_eq!(owner.get("/api/channels").await.ok()["data"].as_array().unwrap().len(), 1);
    }

    async fn another_flow_answers_the_next_message(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let owner = owner(&app).await;
        let path = format!("/api/service-points/{}/flow", app.acme().point);
        let chat = app.customer(PHONE).says("uno").await;
        assert_eq!(chat.bot_replies().await, ["uno"]);
        let before = owner.get(&path).await;
        assert_eq!(before.body["plugins"][0]["id"], "echo");

        let changed = owner.put_seen(&path, &before.etag.clone().unwrap(), json!({ "plugins": [{ "id": "probe" }, { "id": "twin", "config": { "only": "b:" } }] })).await;
        chat.says("dos").await;

        assert_eq!(chat.bot_replies().await, ["uno", "heard dos"]);
        assert_eq!(changed.body["plugins"].as_array().unwrap().len(), 2);
        assert_eq!(owner.put_seen(&path, &before.etag.unwrap(), json!({ "plugins": [] })).await.problem(), "stale");
        let wrong = owner.put(&path, json!({ "plugins": [{ "id": "echo" }, { "id": "echo" }, { "id": "nope", "config": [] }] })).await;
        let told: Vec<&str> = wrong.wrong().into_iter().map(|(_, key)| key).collect();
        assert_eq!(told, ["field-plugin-twice", "field-plugin-config", "field-plugin-unknown"]);
        assert_eq!(owner.get(&path).await.body, changed.body);
    }

    async fn of_many_who_saw_the_same_one_changes_it(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").product("V", "Vino", 1, None).await;
        let owner = owner(&app).await;
        let product = owner.get("/api/products").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
        let policy = owner.post("/api/policies", json!({ "kind": "refund", "title": "x", "text": "x" })).await.location.unwrap();
        let point = app.acme().point;
        let order = ordered(&app, PHONE).await;

        for (seen, changed, body) in [
            (format!("/api/business/{}", app.acme().id), None, json!({ "name": "NAME" })),
            (format!("/api/business/{}", app.acme().id), Some("openai"), json!({ "model": "NAME" })),
            (format!("/api/service-points/{point}"), None, json!({ "name": "NAME", "time_zone": "UTC" })),
            (format!("/api/service-points/{point}/flow"), None, json!({ "plugins": [{ "id": "probe", "config": { "only": "NAME" } }] })),
            (format!("/api/products/{product}"), None, json!({ "title": "NAME", "price_minor": 1 })),
            (policy, None, json!({ "kind": "refund", "title": "NAME", "text": "x" })),
            (format!("/api/orders/{order}"), Some("status"), json!({ "status": "CONFIRMED" })),
        ] {
            let etag = owner.get(&seen).await.etag.unwrap();
            let path = changed.map_or_else(|| seen.clone(), |part| format!("{seen}/{part}"));
            let path = path.as_str();

            let answers = futures::future::join_all((0..6).map(|n| {
                let body = serde_json::from_str(&body.to_string().replace("NAME", &format!("n{n}"))).unwrap();
                owner.put_seen(path, &etag, body)
            }))
            .await;

            let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{path}: {statuses:?}");
            assert!(answers.iter().all(|answer| answer.status == 200 || answer.problem() == "stale"), "{path}: {answers:?}");
        }
    }

    async fn a_policy_and_a_prompt_keep_every_version(setup: Setup) {
        let app = setup.tenant("acme").await;
        let owner = owner(&app).await;

        let made = owner.post("/api/policies", json!({ "kind": "shipping", "title": "Envíos", "text": "Gratis" })).await;
        let path = made.location.clone().unwrap();
        let etag = made.etag.clone().unwrap();
        let changed = owner.put_seen(&path, &etag, json!({ "kind": "shipping", "title": "Envíos", "text": "Con cargo", "active": false })).await;
        let stale = owner.put_seen(&path, &etag, json!({ "kind": "shipping", "title": "Envíos", "text": "Otra" })).await;
        let versions = owner.get(&format!("{path}/versions")).await.ok();
        assert_eq!((changed.body["version"].as_i64(), stale.problem()), (Some(2), "stale"));
        let texts: Vec<&str> = versions["data"].as_array().unwrap().iter().map(|version| version["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["Con cargo", "Gratis"]);
        let wrong = owner.post("/api/policies", json!({ "kind": "Envíos!", "title": "", "text": "a\0b" })).await;
        assert_eq!(wrong.wrong(), [("kind", "field-policy-kind"), ("title", "field-required"), ("text", "field-letters")]);

        let one = owner.post("/api/agent/prompt", json!({ "text": "Sos amable." })).await;
        let two = owner.put_seen(&one.location.clone().unwrap(), &one.etag.clone().unwrap(), json!({ "text": "Sos breve." })).await;
        let late = owner.put_seen(&one.location.clone().unwrap(), &one.etag.clone().unwrap(), json!({ "text": "Sos otro." })).await;
        let back = owner.put(&one.location.clone().unwrap(), json!({})).await;
        assert_eq!((one.body["version"].as_i64(), two.body["version"].as_i64(), late.problem()), (Some(1), Some(2), "stale"));
        assert_eq!((back.body["version"].as_i64(), &back.body["text"]), (Some(3), &json!("Sos amable.")));
        let all = owner.get("/api/agent/prompt").await.ok();
        let active: Vec<bool> = all["data"].as_array().unwrap().iter().map(|prompt| prompt["active"].as_bool().unwrap()).collect();
        assert_eq!(active, [true, false, false]);
    }

    async fn whoever_has_a_limit_or_no_permission_changes_nothing(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let acme = app.acme();
        let here: Reach = [acme.point].into_iter().collect();
        let viewer = member(&app, acme, "vera", Role::Viewer, Reach::All).await;
        let limited = member(&app, acme, "luis", Role::Admin, here).await;
        let business = format!("/api/business/{}", acme.id);

        for (path, body) in [
            (business.clone(), json!({ "name": "x" })),
            (format!("{business}/openai"), json!({})),
            (format!("{business}/bot-toggle"), json!({ "enabled": false })),
        ] {
            assert_eq!(viewer.put(&path, body.clone()).await.problem(), "permission", "{path}");
            assert_eq!(limited.put(&path, body).await.problem(), "permission", "{path}");
        }
        assert_eq!(viewer.post("/api/service-points", point("Norte")).await.problem(), "permission");
        assert_eq!(limited.post("/api/service-points", point("Norte")).await.problem(), "permission");
        assert_eq!(limited.put(&format!("/api/service-points/{}", acme.point), point("Otro")).await.status, 200, "his own he may");
        assert_eq!(viewer.get(&business).await.status, 200);
        assert_eq!(viewer.get("/api/agent/prompt").await.problem(), "permission");
    }
}
