//! How plugins are set: for the installation, otherwise at a service point, and never with a secret in it.

use serde_json::{Value, json};

use super::{Admin, ID, component};
use crate::harness::{Setup, TestApp, both_engines};

const SECRET: &str = "plugin-secret-canary-5c1e";
const PHONE: &str = "+54 9 11 5555 0001";

/// A probe that hears only what begins as it is set, and may have a key.
fn picky(version: &str) -> Vec<u8> {
    component("probe", version, |manifest| {
        manifest.config = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["API_KEY"],
            "properties": {
                "only": { "type": "string", "maxLength": 8, "default": "a:" },
                "API_KEY": { "type": "string", "format": "secret" },
            },
        });
    })
}

async fn set_up(setup: Setup) -> (TestApp, Admin) {
    let app = setup.tenant("acme").await;
    let admin = Admin::of(&app).await;
    admin.runs(picky("1.0.0")).await;
    admin.attaches(app.acme(), &["echo"]).await;
    (app, admin)
}

impl Admin {
    async fn configures(&self, body: Value) -> crate::console::Answer {
        self.caller.put(&format!("/api/plugins/{ID}/config"), body).await
    }

    async fn sets_here(&self, config: Value) -> crate::console::Answer {
        let chain = json!({ "plugins": [{ "id": ID, "config": config }, { "id": "echo" }] });
        self.caller.put(&format!("/api/service-points/{}/flow", self.app.acme().point), chain).await
    }
}

both_engines! {
    async fn a_service_point_has_what_the_installation_has_but_for_what_it_says_itself(setup: Setup) {
        let (app, admin) = set_up(setup).await;
        admin.configures(json!({ "config": {}, "secrets": { "API_KEY": SECRET } })).await.ok();
        admin.sets_here(json!({})).await.ok();
        let chat = app.customer(PHONE).says("a: uno").await;
        assert_eq!(chat.answer().await, "heard  uno", "the default of the schema");

        admin.configures(json!({ "config": { "only": "b:" } })).await.ok();
        chat.says("b: dos").await;
        assert_eq!(chat.answer().await, "heard  dos");
        admin.sets_here(json!({ "only": "c:" })).await.ok();
        chat.says("b: tres").await;
        assert_eq!(chat.answer().await, "b: tres", "the next one of the chain answers");
        chat.says("c: cuatro").await;
        assert_eq!(chat.answer().await, "heard  cuatro");

        let history = admin.caller.get(&format!("/api/plugins/{ID}/configs")).await.ok();
        let configs: Vec<&Value> = history["data"].as_array().unwrap().iter().map(|earlier| &earlier["config"]).collect();
        assert_eq!(configs, [&json!({ "only": "b:" }), &json!({})]);
        let there = admin.caller.get(&format!("/api/plugins/{ID}/configs?service_point_id={}", app.acme().point)).await.ok();
        assert_eq!(there["data"][0]["config"], json!({ "only": "c:" }));
    }

    async fn what_does_not_fit_is_told_at_its_field(setup: Setup) {
        let (_app, admin) = set_up(setup).await;

        let long = admin.configures(json!({ "config": { "only": "abcdefghi", "more": 1 }, "secrets": { "API_KEY": SECRET } })).await;
        let missing = admin.configures(json!({ "config": {} })).await;
        let unknown = admin.configures(json!({ "config": {}, "secrets": { "OTHER": "x" } })).await;
        admin.configures(json!({ "config": {}, "secrets": { "API_KEY": SECRET } })).await.ok();
        let said = admin.configures(json!({ "config": { "only": "nothing" } })).await;
        let here = admin.sets_here(json!({ "only": 7 })).await;

        let mut wrong = long.wrong();
        wrong.sort_unstable();
        assert_eq!(wrong, [("config/more", "schema-unknown"), ("config/only", "schema-max-length")]);
        let longest = long.body["errors"].as_array().unwrap().iter().find(|error| error["field"] == "config/only").unwrap();
        assert!(longest["text"].as_str().unwrap().contains('8'), "{long:?}");
        assert_eq!(missing.wrong(), [("config/API_KEY", "schema-required")]);
        assert_eq!(unknown.wrong(), [("config/OTHER", "schema-unknown")]);
        assert_eq!(said.wrong(), [("config/only", "schema-says")]);
        assert_eq!(said.body["errors"][0]["text"], "hears nothing like that", "in the plugin's own words");
        assert_eq!(here.wrong(), [("plugins[0].config/only", "schema-type")]);
    }

    async fn a_version_that_does_not_fit_what_is_set_answers_only_once_it_is_set_for_it(setup: Setup) {
        let (app, admin) = set_up(setup).await;
        admin.configures(json!({ "config": { "only": "b:" }, "secrets": { "API_KEY": SECRET } })).await.ok();
        admin.sets_here(json!({ "only": "c:" })).await.ok();
        let next = admin
            .has(component("probe", "2.0.0", |manifest| {
                manifest.config = json!({
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["API_KEY", "tone"],
                    "properties": {
                        "only": { "type": "string", "maxLength": 1 },
                        "tone": { "type": "string" },
                        "API_KEY": { "type": "string", "format": "secret" },
                    },
                });
            }))
            .await;

        let (activated, tried) = (admin.activates(&next).await, admin.tries(&next, 5).await);

        assert_eq!((activated.problem(), tried.problem()), ("config-misfit", "config-misfit"));
        let mut wrong = activated.wrong();
        wrong.sort_unstable();
        let here = format!("service_points.{}.config/only", app.acme().point);
        assert_eq!(wrong, [("config/only", "schema-max-length"), ("config/tone", "schema-required"), (&*here, "schema-max-length")]);
        assert_eq!(admin.plugin().await["active"], "1.0.0");
        admin.sets_here(json!({})).await.ok();
        admin.configures(json!({ "config": { "only": "d", "tone": "warm" }, "version": next })).await.ok();
        admin.activates(&next).await.ok();
        let chat = app.customer(PHONE).says("d dos").await;
        assert_eq!(chat.answer().await, "heard  dos");
        assert_eq!(admin.rolls_back().await.ok()["active"], "1.0.0", "a rollback asks nothing");
    }

    async fn a_secret_is_sealed_and_never_comes_back(setup: Setup) {
        let (app, admin) = set_up(setup).await;

        // Entered as if it were a setting, it is not kept as one.
        let set = admin.configures(json!({ "config": { "API_KEY": SECRET }, "secrets": { "API_KEY": SECRET } })).await;
        assert_eq!(set.status, 200, "{set:?}");

        assert_eq!((&set.body["secrets"], &set.body["config"]), (&json!({ "API_KEY": true }), &json!({})));
        for path in [format!("/api/plugins/{ID}"), format!("/api/plugins/{ID}/configs"), "/api/plugins".to_owned()] {
            assert!(!admin.caller.get(&path).await.body.to_string().contains(SECRET), "{path}");
        }
        let tenant = Some(&app.acme().id);
        for sql in ["SELECT config FROM plugins", "SELECT config FROM plugin_configs", "SELECT config FROM plugin_installs"] {
            assert!(!app.place.texts(tenant, sql).await.join("").contains(SECRET), "{sql}");
        }
        let cell = app.cell(app.acme()).await;
        let mut read = cell.read().await.unwrap();
        let kept = read.plugins().secret(&cell, ID, "API_KEY").await.unwrap().unwrap();
        assert_eq!(&**kept, SECRET.as_bytes());
        drop(read);
        let gone = admin.configures(json!({ "config": {}, "secrets": { "API_KEY": null } })).await;
        assert_eq!(gone.wrong(), [("config/API_KEY", "schema-required")], "it is required, so it stays");
    }
}
