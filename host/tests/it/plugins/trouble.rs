//! Plugins that fail: passed over, set aside, tried again; and the conversation never stays without an end.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use relevo_model::{Answering, Reach, Role};
use relevo_testbed::mail::mailbox;
use reqwest::Client;
use serde_json::json;

use super::{Admin, ID, component, phone, probe};
use crate::{
    console::member,
    harness::{Database, Setup, TestApp, both_engines},
};

const NOTICE: &str = "persona";
/// Tells apart what each run of a test uploads.
static CHANGED: AtomicU32 = AtomicU32::new(0);

/// So many customers, one after the other, whose turns the plugin fails.
async fn fail(app: &TestApp, customers: std::ops::Range<usize>) {
    for nth in customers {
        app.customer(&phone(nth)).says("trap").await;
        app.settled().await;
    }
}

both_engines! {
    async fn a_plugin_that_fails_again_and_again_is_set_aside_until_somebody_tries_it_again(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(probe("1.0.0")).await;
        admin.attaches(app.acme(), &[ID]).await;

        fail(&app, 0..4).await;
        assert_eq!(admin.plugin().await["state"], "on");
        fail(&app, 4..5).await;
        let plugin = admin.plugin().await;
        assert_eq!((&plugin["state"], &plugin["set_aside_reason"]), (&json!("set_aside"), &json!("trap")));

        let chat = app.customer(&phone(10)).says("hola").await;
        assert!(chat.answer().await.contains(NOTICE));
        assert_eq!((chat.conversation().await.status, chat.turns().await), (Answering::Human, vec![("done".to_owned(), 0)]), "nobody asked it");

        admin.caller.post(&format!("/api/plugins/{ID}/try-again"), json!({})).await.ok();
        let chat = app.customer(&phone(11)).says("hola").await;
        assert_eq!(chat.answer().await, "heard hola");
        fail(&app, 12..13).await;
        assert_eq!(admin.plugin().await["state"], "on", "it begins anew");
    }

    async fn failures_that_successes_come_between_set_nothing_aside(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(probe("1.0.0")).await;
        admin.attaches(app.acme(), &[ID]).await;

        for round in 0..2 {
            fail(&app, round * 10..round * 10 + 4).await;
            app.customer(&phone(round * 10 + 5)).says("hola").await;
            app.settled().await;
        }

        assert_eq!(admin.plugin().await["state"], "on");
        let runs = admin.caller.get(&format!("/api/plugins/{ID}/runs")).await.ok();
        let hour = &runs[0];
        assert_eq!((&hour["turns"], &hour["failed"], &hour["handled"], &hour["limited"]), (&json!(18), &json!(16), &json!(2), &json!(0)), "{runs}");
        assert_eq!(admin.plugin().await["failures"], 16);
    }

    async fn what_failed_last_is_listed_with_its_turn_and_how_long_calls_took(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(probe("1.0.0")).await;
        admin.attaches(app.acme(), &[ID]).await;

        fail(&app, 0..2).await;
        app.customer(&phone(2)).says("hola").await;
        app.settled().await;

        let runs = admin.caller.get(&format!("/api/plugins/{ID}/runs/versions")).await.ok();
        assert_eq!((&runs[0]["version"], &runs[0]["turns"], runs.as_array().unwrap().len()), (&json!("1.0.0"), &json!(5), 1), "{runs}");
        let percentile = |of: &str| runs[0][of].as_i64().unwrap();
        assert!(0 < percentile("wall_p50_us") && percentile("wall_p50_us") <= percentile("wall_p95_us"), "{runs}");
        let failures = admin.caller.get(&format!("/api/plugins/{ID}/failures?limit=1")).await.ok();
        let (failed, next) = (&failures["data"][0], failures["next_cursor"].as_str().unwrap());
        assert_eq!((&failed["kind"], &failed["tries"], &failed["version"]), (&json!("trap-unreachable"), &json!(2), &json!("1.0.0")), "{failures}");
        let turn = failed["turn_id"].as_str().unwrap().to_owned();
        let rest = admin.caller.get(&format!("/api/plugins/{ID}/failures?limit=1&cursor={next}")).await.ok();
        assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &json!(null)), "each turn once: {rest}");
        let page = Client::new().get(app.url(0, &format!("/plugins/{ID}/runs"))).bearer_auth(admin.caller.token()).send().await.unwrap();
        assert!(page.text().await.unwrap().contains(&format!("href=\"/turns/{turn}\"")));
    }

    async fn one_that_is_off_or_set_aside_leaves_the_next_to_answer(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(probe("1.0.0")).await;
        admin.attaches(app.acme(), &[ID, "echo"]).await;
        let chat = app.customer(&phone(0)).says("hola").await;
        assert_eq!(chat.answer().await, "heard hola");

        admin.caller.put(&format!("/api/plugins/{ID}/state"), json!({ "state": "off" })).await.ok();
        chat.says("apagado").await;
        assert_eq!(chat.answer().await, "apagado");
        admin.caller.put(&format!("/api/plugins/{ID}/state"), json!({ "state": "on" })).await.ok();
        fail(&app, 1..6).await;
        chat.says("apartado").await;

        assert_eq!(chat.answer().await, "apartado");
    }

    async fn one_of_ours_is_switched_off_too(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let admin = Admin::of(&app).await;

        admin.caller.put("/api/plugins/echo/state", json!({ "state": "off" })).await.ok();
        let chat = app.customer(&phone(0)).says("hola").await;

        assert!(chat.answer().await.contains(NOTICE));
        assert_eq!(chat.conversation().await.status, Answering::Human);
    }

    async fn one_that_uses_up_its_limits_leaves_the_next_to_answer(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(probe("1.0.0")).await;
        admin.attaches(app.acme(), &[ID, "echo"]).await;

        let chat = app.customer(&phone(0)).says("loop").await;
        assert_eq!(chat.bot_replies().await, ["loop"], "the echo repeats it");
        assert_eq!(chat.turns().await, [("done".to_owned(), 1)], "it was tried once more before");
        admin.attaches(app.acme(), &[ID]).await;
        let alone = app.customer(&phone(1)).says("loop").await;

        assert!(alone.answer().await.contains(NOTICE));
        assert_eq!(alone.turns().await, [("dead".to_owned(), 2)], "with nobody else to ask, what failed is told");
    }

    async fn one_whose_file_was_changed_is_never_run(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        // Of its own, so that no other test has it in memory, not even this one on the other engine.
        let nth = CHANGED.fetch_add(1, Ordering::Relaxed);
        let version = admin.has(component("echo", "1.0.0", |manifest| manifest.title = format!("Changed {nth}").as_str().into())).await;
        admin.attaches(app.acme(), &[ID]).await;
        let key = app.place.texts(Some(&app.acme().id), "SELECT media_key FROM plugin_versions").await.remove(0);

        app.node(0).media.put_as(&key, probe("1.0.0").into(), "application/wasm").await.unwrap();
        admin.activates(&version).await.ok();
        let chat = app.customer(&phone(0)).says("hola").await;

        assert!(chat.answer().await.contains(NOTICE));
        assert_eq!(chat.conversation().await.status, Answering::Human);
        let set = admin.caller.put(&format!("/api/plugins/{ID}/config"), json!({ "config": {} })).await;
        assert_eq!(set.wrong(), [("file", "plugin-changed")], "it is to be uploaded again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_see_to_a_plugin_is_told_by_mail_that_it_was_set_aside() {
    let (url, mut mails) = mailbox().await;
    let app = Setup::new(Database::Sqlite).smtp(url).tenant("acme").await;
    // Before the owner, if everybody were told: mails go out in the order of the addresses.
    member(&app, app.acme(), "ana", Role::Agent, Reach::All).await;
    let admin = Admin::of(&app).await;
    admin.runs(probe("1.0.0")).await;
    admin.attaches(app.acme(), &[ID]).await;

    fail(&app, 0..5).await;

    let mail = tokio::time::timeout(Duration::from_secs(20), mails.recv()).await.expect("somebody is told").unwrap();
    assert!(mail.contains("RCPT TO:<olga@acme.com>") && !mail.contains("ana@acme.com"), "{mail}");
    assert!(mail.contains(ID), "{mail}");
}
