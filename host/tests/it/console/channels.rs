//! Channels: numbers come and go, and their secrets never come back.

use relevo_testbed::graph::Number;
use serde_json::{Value, json};

use super::{PHONE, owner};
use crate::harness::{Setup, TestApp, both_engines};

const NUMBER: &str = "555000111222333";
const TOKEN: &str = "token-canary-77aa";
const SECRET: &str = "secret-canary-77aa";

fn draft(app: &TestApp) -> Value {
    let point = app.acme().point;
    json!({ "service_point_id": point, "kind": "cloud_api", "phone_number_id": NUMBER, "waba_id": "900", "access_token": TOKEN, "app_secret": SECRET })
}

both_engines! {
    async fn a_number_is_active_once_the_graph_api_confirmed_it(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let owner = owner(&app).await;

        app.graph.add_number(Number::new(NUMBER, "another-token"));
        let refused = owner.post("/api/channels", draft(&app)).await;
        app.graph.add_number(Number::new(NUMBER, TOKEN));
        let made = owner.post("/api/channels", draft(&app)).await;

        assert_eq!((refused.status, refused.problem()), (422, "not-confirmed"), "{refused:?}");
        assert!(refused.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
        assert_eq!(made.status, 201, "{made:?}");
        let shown = &made.body;
        assert_eq!((&shown["state"], &shown["simulated"], &shown["has_access_token"]), (&json!("active"), &json!(false), &json!(true)));
        let listed = owner.get("/api/channels").await;
        for answer in [&refused, &made, &listed, &owner.get(&made.location.clone().unwrap()).await] {
            assert!(!answer.body.to_string().contains("canary"), "{answer:?}");
        }
        let status = owner.get(&format!("/api/wa/{}/status", app.acme().id)).await.ok();
        assert_eq!(status["service_points"][0]["status"], "CONNECTED");
        assert_eq!(status["service_points"][0]["channels"].as_array().unwrap().len(), 2);
        let route = app.node(0).store.platform().route("phone_number_id", NUMBER).await.unwrap().unwrap();
        assert_eq!(route.tenant_id, app.acme().id);
    }

    async fn a_number_belongs_to_one_business_and_nobody_is_told_to_which(setup: Setup) {
        let app = setup.tenant("acme").tenant("sector7").await;
        let owner = owner(&app).await;
        let theirs = app.tenant("sector7").number.clone();
        app.graph.add_number(Number::new(&theirs, TOKEN));
        let mut taken = draft(&app);
        taken["phone_number_id"] = theirs.clone().into();
        let mut own = draft(&app);
        own["phone_number_id"] = app.acme().number.clone().into();
        app.graph.add_number(Number::new(&app.acme().number, TOKEN));

        let (refused, again) = (owner.post("/api/channels", taken).await, owner.post("/api/channels", own).await);

        assert_eq!((refused.status, refused.problem()), (409, "taken"));
        assert_eq!((again.status, refused.body), (409, again.body), "the same answer as for a number of one's own");
        let route = app.node(0).store.platform().route("phone_number_id", &theirs).await.unwrap().unwrap();
        assert_eq!(route.tenant_id, app.tenant("sector7").id);
        assert_eq!(owner.get("/api/channels").await.ok()["data"].as_array().unwrap().len(), 1);
    }

    async fn a_number_that_was_given_up_is_free_and_hears_nothing(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").tenant("sector7").flow("echo").await;
        let owner = owner(&app).await;
        let chat = app.customer(PHONE).says("uno").await;
        assert_eq!(chat.bot_replies().await, ["uno"]);

        assert_eq!(owner.delete(&format!("/api/channels/{}", app.acme().channel)).await.status, 204);
        let unheard = app.post(app.acme(), &chat.text("dos")).await;

        assert_eq!(unheard, 401, "nobody here has this number, and the platform's secret did not sign it");
        assert_eq!(chat.bot_replies().await, ["uno"]);
        assert_eq!(chat.messages().await.len(), 2, "the conversation stays");
        assert!(app.node(0).store.platform().route("phone_number_id", &app.acme().number).await.unwrap().is_none());
        assert!(owner.get("/api/channels").await.ok()["data"].as_array().unwrap().is_empty());
        let status = owner.get(&format!("/api/wa/{}/status", app.acme().id)).await.ok();
        assert_eq!(status["service_points"][0]["status"], "DISCONNECTED");

        app.graph.add_number(Number::new(&app.acme().number, TOKEN));
        let mut again = draft(&app);
        again["phone_number_id"] = app.acme().number.clone().into();
        again["app_secret"] = app.acme().secret.clone().into();
        assert_eq!(owner.post("/api/channels", again).await.status, 201);
        chat.says("tres").await;
        assert_eq!(chat.bot_replies().await, ["uno", "tres"]);
    }

    async fn a_token_is_renewed_after_it_was_confirmed(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let owner = owner(&app).await;
        let path = format!("/api/channels/{}", app.acme().channel);

        app.graph.add_number(Number::new(&app.acme().number, TOKEN));
        let refused = owner.put(&path, json!({ "access_token": "not-the-token" })).await;
        let renewed = owner.put(&path, json!({ "access_token": TOKEN })).await;
        let chat = app.customer(PHONE).says("hola").await;

        assert_eq!((refused.status, renewed.status), (422, 200), "{refused:?}");
        assert_eq!(chat.bot_replies().await, ["hola"]);
    }

    async fn all_that_is_wrong_with_a_channel_is_told_at_once(setup: Setup) {
        let app = setup.tenant("acme").await;
        let owner = owner(&app).await;
        let point = app.acme().point;

        let wrong = json!({ "service_point_id": point, "kind": "cloud_api", "phone_number_id": "../me", "waba_id": "x", "access_token": "a b", "app_secret": "ñ" });
        let refused = owner.post("/api/channels", wrong).await;
        let linked = owner.post("/api/channels", json!({ "service_point_id": point, "kind": "linked" })).await;
        let nowhere = owner.post("/api/channels", json!({ "service_point_id": app.clock.id::<relevo_model::ServicePointId>(), "kind": "simulator" })).await;
        let phone = owner.post("/api/channels", json!({ "service_point_id": point, "kind": "simulator" })).await;
        let second = owner.post("/api/channels", json!({ "service_point_id": point, "kind": "simulator" })).await;

        let fields: Vec<&str> = refused.wrong().into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["phone_number_id", "waba_id", "access_token", "app_secret"]);
        assert_eq!(linked.wrong(), [("kind", "field-channel-kind")]);
        assert_eq!((nowhere.status, phone.status, second.problem()), (404, 201, "taken"));
        assert_eq!(phone.body["simulated"], true);
    }

    async fn a_number_is_connected_by_the_short_way_too(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let owner = owner(&app).await;
        app.graph.add_number(Number::new(NUMBER, TOKEN));

        let made = owner.post("/api/wa/create", json!({ "phone_number_id": NUMBER, "access_token": TOKEN })).await;

        assert_eq!((made.status, &made.body["service_point_id"]), (201, &json!(app.acme().point)), "{made:?}");
    }
}
