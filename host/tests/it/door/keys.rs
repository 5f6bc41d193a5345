//! API keys by the API: made, used, limited, revoked.

use relevo_model::*;
use serde_json::{Value, json};

use super::House;
use crate::harness::{Setup, both_engines};

both_engines! {
    async fn a_key_is_shown_once_used_and_revoked(setup: Setup) {
        let house = House::new(setup).await;
        let (ana, owner) = house.member("ana", Role::Owner).await;
        let plan = json!({ "name": "Caja", "scopes": ["see-business", "send", "see-audit"], "service_points": "all" });

        let made = owner.post("/api/keys", plan).await.done(201);
        let key = made["key"].as_str().unwrap().to_owned();
        assert!(key.starts_with("rlv_live_") && key.starts_with(made["prefix"].as_str().unwrap()));
        let program = house.nobody().bearer(&key);
        program.get("/api/permissions").await.done(200);
        program.get("/api/audit").await.done(200);
        program.get("/api/people").await.refused(403, "permission");
        program.get("/api/auth/me").await.refused(403, "forbidden");
        program.get(&format!("/api/audit?business_id={}", house.other)).await.refused(404, "not-found");

        let listed = owner.get("/api/keys").await;
        assert!(!listed.text.contains(&key));
        let listed = listed.done(200)["data"][0].clone();
        assert_eq!((&listed["id"], &listed["created_by"], &listed["last_used_at"]), (&made["id"], &json!(ana), &json!("2025-06-15T15:06:40Z")));
        let address = format!("/api/keys/{}", made["id"].as_str().unwrap());
        owner.delete(&address).await.done(204);
        owner.delete(&address).await.refused(404, "not-found");
        program.get("/api/audit").await.refused(401, "bad-credential");
        assert_ne!(owner.get("/api/keys").await.done(200)["data"][0]["revoked_at"], Value::Null);
    }

    async fn a_key_is_never_more_than_its_maker_and_makes_nobody_more(setup: Setup) {
        let house = House::new(setup).await;
        let (_, owner) = house.member("ana", Role::Owner).await;
        let (_, admin) = house.member("bea", Role::Admin).await;
        let (_, limited) = house.member_at("carl", Role::Admin, [house.here].into_iter().collect()).await;
        let plan = |scopes: Value, test: bool| json!({ "name": "x", "scopes": scopes, "test": test, "service_points": "all" });

        for (scopes, test) in [
            (json!(["manage-people"]), false),
            (json!(["manage-api-keys"]), false),
            (json!(["erase-business"]), false),
            (json!(["send", "manage-people"]), false),
            (json!([]), false),
            (json!(["send"]), true),
        ] {
            let answer = owner.post("/api/keys", plan(scopes.clone(), test)).await;
            answer.refused(422, "invalid");
            assert_eq!(answer.json()["errors"][0]["field"], "scopes", "{scopes}");
        }
        admin.post("/api/keys", plan(json!(["send"]), false)).await.done(201);
        assert!(owner.get("/keys").await.text.contains("<small>bea</small>"), "who made it");
        limited.post("/api/keys", plan(json!(["send"]), false)).await.refused(403, "permission");
        let key = owner.post("/api/keys", plan(json!(["use-simulator"]), true)).await.done(201)["key"].as_str().unwrap().to_owned();
        assert!(key.starts_with("rlv_test_"));
        house.nobody().bearer(&key).get("/api/permissions").await.refused(403, "permission");
    }
}
