//! A version that is tried with some of the conversations.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Admin, ID, component, echo, phone, probe};
use crate::harness::{Chat, Setup, TestApp, both_engines};

const CUSTOMERS: usize = 24;

/// Whether the version that is tried answered.
async fn is_tried(chat: &Chat) -> bool {
    chat.answer().await.starts_with("heard ")
}

/// Version 1.0.0 repeats, and 2.0.0, which is tried, says what it heard.
async fn tried(setup: Setup, percent: i64) -> (TestApp, Admin) {
    let app = setup.tenant("acme").await;
    let admin = Admin::of(&app).await;
    admin.runs(echo("1.0.0")).await;
    admin.attaches(app.acme(), &[ID]).await;
    let version = admin.has(probe("2.0.0")).await;
    admin.grants_all(&version).await;
    admin.tries(&version, percent).await.ok();
    (app, admin)
}

/// The customers that the version answers that is tried.
async fn those_who_try(app: &TestApp, text: &str) -> BTreeSet<usize> {
    let mut tried = BTreeSet::new();
    for nth in 0..CUSTOMERS {
        if is_tried(&app.customer(&phone(nth)).says(text).await).await {
            tried.insert(nth);
        }
    }
    tried
}

both_engines! {
    async fn each_conversation_has_one_version_for_as_long_as_it_is_tried(setup: Setup) {
        let (app, admin) = tried(setup, 25).await;

        let first = those_who_try(&app, "uno").await;
        app.restart().await;
        let again = those_who_try(&app, "dos").await;
        admin.tries("2.0.0", 50).await.ok();
        let more = those_who_try(&app, "tres").await;

        assert!(!first.is_empty() && first.len() < CUSTOMERS / 2, "{first:?}");
        assert_eq!(again, first);
        assert!(more.is_superset(&first) && more.len() > first.len() && more.len() < CUSTOMERS, "{more:?}");
        let ended = admin.caller.delete(&format!("/api/plugins/{ID}/canary?keep=true")).await.ok();
        assert_eq!((&ended["active"], &ended["previous"], &ended["canary"]), (&json!("2.0.0"), &json!("1.0.0"), &json!(null)));
        assert_eq!(those_who_try(&app, "cuatro").await.len(), CUSTOMERS);
    }

    async fn each_version_has_what_its_own_schema_says_of_what_nobody_set(setup: Setup) {
        let worded = |version: &str, word: &str| {
            let setting = json!({ "type": "string", "title": "Word", "default": word });
            component("probe", version, |manifest| manifest.config["properties"]["word"] = setting)
        };
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(worded("1.0.0", "one")).await;
        admin.attaches(app.acme(), &[ID]).await;
        let version = admin.has(worded("2.0.0", "two")).await;
        admin.tries(&version, 50).await.ok();

        let mut heard = BTreeSet::new();
        for nth in 0..CUSTOMERS {
            let config = app.customer(&phone(nth)).says("config").await.answer().await;
            heard.insert(serde_json::from_str::<serde_json::Value>(&config).unwrap()["word"].as_str().unwrap().to_owned());
        }

        assert_eq!(heard, BTreeSet::from(["one".to_owned(), "two".to_owned()]));
    }

    async fn one_that_fails_more_than_the_other_is_taken_back_by_itself(setup: Setup) {
        let (app, admin) = tried(setup, 50).await;
        let try_those = those_who_try(&app, "hola").await;
        assert!(try_those.len() > 3, "{try_those:?}");
        let others: Vec<usize> = (0..CUSTOMERS).filter(|nth| !try_those.contains(nth)).collect();

        let mut failing = try_those.iter();
        for nth in failing.by_ref().take(2) {
            app.customer(&phone(*nth)).says("trap").await;
            app.settled().await;
        }
        assert_eq!(admin.plugin().await["canary"]["failed"], 2, "two may be chance");
        app.customer(&phone(*failing.next().unwrap())).says("trap").await;
        app.settled().await;

        let plugin = admin.plugin().await;
        assert_eq!((&plugin["canary"], &plugin["taken_back"], &plugin["state"]), (&json!(null), &json!("2.0.0"), &json!("on")), "{plugin}");
        for nth in [*failing.next().unwrap(), others[0]] {
            let chat = app.customer(&phone(nth)).says("¿y ahora?").await;
            assert_eq!(chat.answer().await, "¿y ahora?");
        }
        admin.tries("2.0.0", 5).await.ok();
        assert_eq!(admin.plugin().await["canary"]["failed"], 0, "somebody decided: it begins anew");
    }

    async fn what_can_be_tried_is_another_version_that_is_ready_and_granted(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        let first = admin.has(echo("1.0.0")).await;

        assert_eq!(admin.tries(&first, 5).await.wrong(), [("version", "field-canary-version")], "nothing answers yet");
        admin.activates(&first).await.ok();
        assert_eq!(admin.tries(&first, 5).await.wrong(), [("version", "field-canary-version")]);
        let second = admin.has(probe("2.0.0")).await;
        assert_eq!(admin.tries(&second, 5).await.problem(), "consent-needed");
        assert_eq!(admin.tries(&second, 7).await.wrong(), [("percent", "field-share")]);
        assert_eq!(admin.tries("9.9.9", 5).await.status, 404);
        assert_eq!(admin.caller.delete(&format!("/api/plugins/{ID}/canary")).await.problem(), "no-version");
    }
}
