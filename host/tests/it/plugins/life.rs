//! From an upload to an answer, to another version and back.

use futures::future::join_all;
use relevo_model::*;
use relevo_store::{Json, PluginVersion, Store};
use reqwest::Method;
use serde_json::json;

use super::{Admin, ID, component, echo, phone, probe};
use crate::{
    console::{audit, member},
    harness::{Setup, TestApp, both_engines, until, until_equal},
};

const PHONE: &str = "+54 9 11 5555 0001";

/// The versions that answered a customer, in order.
async fn versions(app: &TestApp, chat: &crate::harness::Chat) -> Vec<String> {
    let id = chat.conversation().await.id;
    let sql = format!("SELECT COALESCE(plugin_version, '') FROM turns WHERE conversation_id = '{id}' ORDER BY seq");
    app.place.texts(Some(&chat.tenant.id), &sql).await
}

both_engines! {
    async fn a_version_answers_once_it_is_activated_and_the_one_before_after_a_rollback(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        let chat = app.customer(PHONE);

        let first = admin.has(echo("1.0.0")).await;
        admin.attaches(app.acme(), &[ID]).await;
        admin.activates(&first).await.ok();
        chat.says("uno").await;
        assert_eq!(chat.answer().await, "uno");

        let second = admin.has(probe("2.0.0")).await;
        chat.says("dos").await;
        assert_eq!(chat.answer().await, "dos", "an upload answers nobody");
        let refused = admin.activates(&second).await;
        assert_eq!((refused.status, refused.problem()), (409, "consent-needed"), "{refused:?}");
        admin.grants_all(&second).await;
        admin.activates(&second).await.ok();
        chat.says("tres").await;
        assert_eq!(chat.answer().await, "heard tres");

        let back = admin.rolls_back().await.ok();
        chat.says("cuatro").await;
        assert_eq!(chat.answer().await, "cuatro");
        assert_eq!((&back["active"], &back["previous"]), (&json!("1.0.0"), &json!("2.0.0")));
        assert_eq!(versions(&app, &chat).await, ["1.0.0", "1.0.0", "2.0.0", "1.0.0"]);
        let flow = admin.caller.get(&format!("/api/service-points/{}/flow", app.acme().point)).await.ok();
        assert_eq!(flow["plugins"][0]["version"], "1.0.0");
        let done = audit(&app, app.acme()).await;
        for action in ["plugin.uploaded", "plugin.activated", "plugin.granted", "plugin.rolled-back"] {
            assert!(done.iter().any(|line| line == action), "{action} is not in {done:?}");
        }
    }

    async fn a_turn_that_is_under_way_ends_on_the_version_that_it_began_with(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(probe("1.0.0")).await;
        admin.attaches(app.acme(), &[ID]).await;
        let (slow, quick) = (app.customer(PHONE), app.customer("+54 9 11 5555 0002"));

        slow.says(&format!("fetch {}", app.outside.url("/hold/late"))).await;
        app.outside.called("/hold/late", 1).await;
        admin.runs(echo("2.0.0")).await;
        quick.says("hola").await;
        until_equal(vec!["hola".to_owned()], || async { app.graph.texts_to(&quick.to) }).await;
        app.outside.release();

        assert_eq!(slow.bot_replies().await, ["late"]);
        slow.says("y ahora").await;
        assert_eq!(slow.answer().await, "y ahora");
        assert_eq!(versions(&app, &slow).await, ["1.0.0", "2.0.0"]);
    }

    async fn activating_while_many_write_loses_and_doubles_nothing(setup: Setup) {
        const CUSTOMERS: usize = 12;
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        let (first, second) = (admin.has(echo("1.0.0")).await, admin.has(probe("2.0.0")).await);
        admin.grants_all(&second).await;
        admin.activates(&first).await.ok();
        admin.attaches(app.acme(), &[ID]).await;

        let talking = join_all((0..CUSTOMERS).map(|nth| {
            let chat = app.customer(&phone(nth));
            async move {
                for text in ["a", "b", "c", "d"] {
                    chat.says(text).await;
                }
                chat
            }
        }));
        let moving = async {
            for version in [&second, &first, &second, &first, &second] {
                admin.activates(version).await.ok();
            }
        };
        let (chats, ()) = tokio::join!(talking, moving);

        for chat in chats {
            let said: Vec<String> = chat.bot_replies().await.iter().map(|text| text.trim_start_matches("heard ").to_owned()).collect();
            assert_eq!(said, ["a", "b", "c", "d"], "each is answered once, in its order, by one version or the other");
        }
    }

    async fn a_version_that_asks_for_no_more_is_activated_by_a_click_and_keeps_what_was_taken_out(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        let first = admin.has(probe("1.0.0")).await;
        let narrowed = json!([{ "kind": "records", "collection": "products", "access": "read" }, { "kind": "timers" }, { "kind": "hand-over" }, { "kind": "tickets" }]);
        let granted = admin.caller.put(&format!("/api/plugins/{ID}/grants"), json!({ "version": first, "permissions": narrowed })).await.ok();
        admin.activates(&first).await.ok();

        let second = admin.has(probe("1.1.0")).await;
        let activated = admin.activates(&second).await.ok();

        let kinds = |plugin: &serde_json::Value| plugin["grants"].as_array().unwrap().iter().map(|grant| grant["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert!(kinds(&granted).contains(&"records".to_owned()) && !kinds(&granted).contains(&"http".to_owned()), "{granted}");
        assert_eq!(kinds(&activated), kinds(&granted));
        let more = admin.has(component("probe", "2.0.0", |manifest| {
            let asked = serde_json::from_value(json!({ "kind": "llm", "reason": "to guess" })).unwrap();
            manifest.permissions.push(asked);
        })).await;
        let refused = admin.activates(&more).await;
        assert_eq!((refused.problem(), refused.wrong()), ("consent-needed", vec![("permissions.llm", "plugin-asks-more")]));
    }

    async fn a_key_that_may_upload_plugins_and_nothing_else_has_one_answer(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        let made = admin.caller.post("/api/keys", json!({ "name": "ci", "scopes": ["upload-plugins"], "service_points": "all" })).await.ok();
        let (key, http) = (made["key"].as_str().unwrap(), reqwest::Client::new());
        let ask = |method: Method, path: String| http.request(method, app.url(0, &path)).bearer_auth(key);

        let uploaded = ask(Method::POST, "/api/plugins".into()).header("content-type", "application/wasm").body(echo("1.0.0")).send().await.unwrap();
        assert_eq!(uploaded.status(), 201);
        let path = format!("/api/plugins/{ID}/versions/1.0.0");
        until("it is compiled", || async {
            let seen = ask(Method::GET, path.clone()).send().await.unwrap();
            seen.text().await.unwrap().contains("\"state\":\"ready\"")
        })
        .await;
        let activated = ask(Method::POST, format!("{path}/activate")).send().await.unwrap();

        assert_eq!(activated.status(), 200);
        assert_eq!(admin.plugin().await["active"], "1.0.0");
    }

    async fn two_businesses_with_a_plugin_of_one_name_do_not_see_each_other(setup: Setup) {
        let app = setup.tenant("acme").tenant("sector7").await;
        let (ours, theirs) = (Admin::of(&app).await, member(&app, app.tenant("sector7"), "tina", Role::Owner, Reach::All).await);
        ours.runs(echo("1.0.0")).await;
        ours.attaches(app.acme(), &[ID]).await;
        let theirs = Admin { app: app.clone(), caller: theirs };

        assert_eq!(theirs.caller.get(&format!("/api/plugins/{ID}")).await.status, 404);
        assert_eq!(theirs.activates("1.0.0").await.status, 404);
        let unknown = theirs.caller.put(&format!("/api/service-points/{}/flow", app.tenant("sector7").point), json!({ "plugins": [{ "id": ID }] })).await;
        assert_eq!(unknown.wrong(), [("plugins", "field-plugin-unknown")]);
        theirs.runs(probe("1.0.0")).await;
        theirs.attaches(app.tenant("sector7"), &[ID]).await;
        let (here, there) = (app.customer(PHONE).says("hola").await, app.customer_of("sector7", "+54 9 11 5555 0009").says("hola").await);

        assert_eq!((here.answer().await, there.answer().await), ("hola".into(), "heard hola".into()));
        let shared: Vec<_> = ours.plugin().await["versions"].as_array().unwrap().iter().map(|version| version["digest"].clone()).collect();
        assert_eq!(shared.len(), 1, "what the other business uploaded is not shown");
    }

    async fn a_compilation_that_a_process_left_behind_is_finished_by_the_next(setup: Setup) {
        let app = setup.tenant("acme").await;
        let file = echo("1.0.0");
        let digest = relevo_sandbox::Digest::of(&file).to_string();
        let manifest = relevo_sandbox::inspect(&file).unwrap().manifest;
        app.node(0).media.put_as("left/behind.wasm", file.clone().into(), "application/wasm").await.unwrap();
        let row = PluginVersion {
            plugin_id: ID.into(),
            version: "1.0.0".into(),
            digest,
            size: 1,
            manifest: Json(serde_json::to_value(manifest).unwrap()),
            state: VersionState::Compiling,
            problem: None,
            media_key: "left/behind.wasm".into(),
            uploaded_by: "somebody".into(),
            created_at: app.clock.now(),
            first_activated_at: None,
        };

        app.stop(0).await;
        let store = Store::open(app.place.settings()).await.unwrap();
        let mut write = store.cell(&app.acme().id).await.unwrap().write().await.unwrap();
        write.add_plugin(ID, app.clock.now()).await.unwrap();
        write.add_plugin_version(&row).await.unwrap();
        write.commit().await.unwrap();
        app.start(0).await;

        let ready = "SELECT COUNT(*) FROM plugin_versions WHERE state = 'ready'";
        until("it is ready without anybody asking", || async { app.count(app.acme(), ready).await == 1 }).await;
    }

    async fn a_new_start_answers_with_what_was_active(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(echo("1.0.0")).await;
        admin.attaches(app.acme(), &[ID]).await;

        app.restart().await;

        let chat = app.customer(PHONE).says("hola").await;
        assert_eq!(chat.bot_replies().await, ["hola"]);
    }
}
