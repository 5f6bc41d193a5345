//! What belongs to another business, or to another branch, is not there.

use relevo_model::*;
use serde_json::{Value, json};

use super::{Caller, PHONE, member, ordered, owner};
use crate::harness::{Setup, both_engines};

/// Every way to something by its id, with what is sent.
fn ways(point: &str, channel: &str, conversation: &str, order: &str) -> Vec<(&'static str, String, Option<Value>)> {
    let draft = json!({ "name": "x", "time_zone": "UTC" });
    vec![
        ("GET", format!("/api/service-points/{point}"), None),
        ("PUT", format!("/api/service-points/{point}"), Some(draft)),
        ("DELETE", format!("/api/service-points/{point}"), None),
        ("GET", format!("/api/service-points/{point}/flow"), None),
        ("PUT", format!("/api/service-points/{point}/flow"), Some(json!({ "plugins": [] }))),
        ("GET", format!("/api/channels/{channel}"), None),
        ("PUT", format!("/api/channels/{channel}"), Some(json!({ "access_token": "x" }))),
        ("DELETE", format!("/api/channels/{channel}"), None),
        ("POST", "/api/channels".into(), Some(json!({ "service_point_id": point, "kind": "simulator" }))),
        ("POST", "/api/wa/create".into(), Some(json!({ "service_point_id": point, "phone_number_id": "1", "access_token": "x" }))),
        ("GET", format!("/api/conversations/{conversation}"), None),
        ("GET", format!("/api/conversations/{conversation}/messages"), None),
        ("POST", format!("/api/conversations/{conversation}/messages"), Some(json!({ "text": "x" }))),
        ("PUT", format!("/api/conversations/{conversation}/status"), Some(json!({ "status": "HUMAN" }))),
        ("PUT", format!("/api/conversations/{conversation}/assignee"), Some(json!({ "assignee_id": null }))),
        ("GET", format!("/api/conversations?service_point_id={point}"), None),
        ("GET", format!("/api/orders/{order}"), None),
        ("PUT", format!("/api/orders/{order}/status"), Some(json!({ "status": "SHIPPED" }))),
        ("GET", format!("/api/orders?service_point_id={point}"), None),
    ]
}

async fn refused(caller: &Caller, ways: &[(&'static str, String, Option<Value>)]) {
    for (method, path, body) in ways {
        let answer = caller.ask(method.parse().unwrap(), path, body.clone(), &[]).await;
        assert_eq!((answer.status, answer.problem()), (404, "not-found"), "{method} {path}: {answer:?}");
    }
}

both_engines! {
    async fn another_business_finds_nothing_of_ours(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").product("V", "Vino", 1, None).tenant("sector7").await;
        let (ours, other) = (owner(&app).await, member(&app, app.tenant("sector7"), "otto", Role::Owner, Reach::All).await);
        let order = ordered(&app, PHONE).await;
        let conversation = app.customer(PHONE).conversation().await.id;
        let policy = ours.post("/api/policies", json!({ "kind": "refund", "title": "x", "text": "x" })).await.location.unwrap();
        let prompt = ours.post("/api/agent/prompt", json!({ "text": "x" })).await.location.unwrap();
        let product = format!("/api/products/{}", ours.get("/api/products").await.ok()["data"][0]["id"].as_str().unwrap());
        let before = app.count(app.acme(), "SELECT COUNT(*) FROM audit_log").await;

        // A list that is limited to a point of another business is empty or not there; here its rows are none of that cell's.
        let ids = ways(app.acme().point.as_str(), app.acme().channel.as_str(), conversation.as_str(), order.as_str());
        let ids: Vec<_> = ids.into_iter().filter(|(_, path, _)| !path.contains('?')).collect();
        refused(&other, &ids).await;
        for (path, body) in [(&policy, json!({ "kind": "refund", "title": "x", "text": "x" })), (&prompt, json!({})), (&product, json!({ "title": "x", "price_minor": 1 }))] {
            refused(&other, &[("GET", path.clone(), None), ("PUT", path.clone(), Some(body))]).await;
        }
        let acme = app.acme().id;
        for (method, path, body) in [
            ("GET", format!("/api/business/{acme}"), None),
            ("PUT", format!("/api/business/{acme}"), Some(json!({ "name": "x" }))),
            ("PUT", format!("/api/business/{acme}/openai"), Some(json!({}))),
            ("PUT", format!("/api/business/{acme}/bot-toggle"), Some(json!({ "enabled": false }))),
            ("GET", format!("/api/wa/{acme}/status"), None),
            ("POST", format!("/api/wa/{acme}/send"), Some(json!({ "to": PHONE, "text": "x" }))),
            ("GET", format!("/api/products?business_id={acme}"), None),
            ("GET", format!("/api/conversations?business_id={acme}"), None),
        ] {
            refused(&other, &[(method, path, body)]).await;
        }
        for list in ["conversations", "orders", "policies", "products", "agent/prompt"] {
            assert_eq!(other.get(&format!("/api/{list}")).await.ok()["data"], json!([]), "{list}");
        }
        assert_eq!(other.get(&format!("/api/conversations?service_point_id={}", app.acme().point)).await.ok()["data"], json!([]));
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM audit_log").await, before, "nothing was done");
    }

    async fn another_branch_finds_nothing_of_ours(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let ours = owner(&app).await;
        let order = ordered(&app, PHONE).await;
        let conversation = app.customer(PHONE).conversation().await.id;
        let north: ServicePointId = ours.post("/api/service-points", json!({ "name": "Norte", "time_zone": "UTC" })).await.id().parse().unwrap();
        let limited = member(&app, app.acme(), "norma", Role::Admin, [north].into_iter().collect()).await;

        refused(&limited, &ways(app.acme().point.as_str(), app.acme().channel.as_str(), conversation.as_str(), order.as_str())).await;
        assert_eq!(limited.post(&format!("/api/wa/{}/send", app.acme().id), json!({ "to": PHONE, "text": "x" })).await.status, 404);
        assert_eq!(limited.get("/api/conversations").await.ok()["data"], json!([]));
        assert_eq!(limited.get("/api/orders").await.ok()["data"], json!([]));
        let points = limited.get("/api/service-points").await.ok();
        assert_eq!((points["data"].as_array().unwrap().len(), &points["data"][0]["id"]), (1, &json!(north)));
        let channels = limited.get("/api/channels").await.ok();
        assert!(channels["data"].as_array().unwrap().iter().all(|channel| channel["service_point_id"] == json!(north)), "{channels}");
        let status = limited.get(&format!("/api/wa/{}/status", app.acme().id)).await.ok();
        assert_eq!(status["service_points"].as_array().unwrap().len(), 1);
        assert_eq!(app.customer(PHONE).conversation().await.status, Answering::Bot);
    }
}
