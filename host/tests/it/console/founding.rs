//! Founding a business.

use relevo_model::*;
use relevo_store::Membership;
use serde_json::json;

use super::{member, stranger};
use crate::harness::{Setup, both_engines, until};

both_engines! {
    async fn a_business_that_somebody_founds_answers_at_once(setup: Setup) {
        let app = setup.tenant("acme").await;
        let founder = stranger(&app, "ana").await;

        let founded = founder.post("/api/business", json!({ "name": " Almacén Ñandú ", "industry": "Almacén", "description": "De todo.\r\nUn poco." })).await;

        assert_eq!(founded.status, 201, "{founded:?}");
        let body = &founded.body;
        assert_eq!((&body["name"], &body["slug"], &body["industry"]), (&json!("Almacén Ñandú"), &json!("almacen-nandu"), &json!("Almacén")));
        assert_eq!((&body["description"], &body["currency"], &body["locale"]), (&json!("De todo.\nUn poco."), &json!("ARS"), &json!("es")));
        assert_eq!(body["openai"], json!({ "base_url": null, "model": "gpt-4.1-mini", "has_key": false }));
        let tenant: TenantId = founded.id().parse().unwrap();
        let points = founder.get("/api/service-points").await.ok();
        assert_eq!(points["data"][0]["name"], "Principal", "the session works in it from now on");
        let listed = founder.get("/api/business").await.ok();
        assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["role"]), (&json!(tenant), &json!("owner")));

        let business = app.node(0).business(&tenant).await.unwrap();
        let layout = business.layout();
        let point = layout.points.keys().next().unwrap();
        let line = layout.simulator_of(point).unwrap();
        let alias = Alias { kind: AliasKind::Sim, scope: String::new(), value: "1".into() };
        let message = InMessage {
            provider_id: "sim.1".into(),
            sender: Party { aliases: vec![alias.clone()], name: Some("Bea".into()) },
            content: Content::text("hola"),
            quotes: None,
            referral: None,
        };
        let incoming = Incoming { dedupe_key: "m:1".into(), raw: "{}".into(), at: app.clock.now(), what: What::Message(message) };
        business.receive(line, vec![incoming]).await.unwrap();
        until("the bot has answered", || async {
            let mut read = business.cell.read().await.unwrap();
            let chat = read.conversations().by_alias(&line.row.id, &alias).await.unwrap().unwrap();
            read.messages().list_of(&chat.id, None, 10).await.unwrap().iter().any(|message| message.sender == Sender::Bot)
        })
        .await;
    }

    async fn two_businesses_of_one_name_are_two(setup: Setup) {
        let app = setup.tenant("acme").await;
        let (ana, bruno) = (stranger(&app, "ana").await, stranger(&app, "bruno").await);

        let (one, other) = tokio::join!(ana.post("/api/business", json!({ "name": "Sur" })), bruno.post("/api/business", json!({ "name": "Sur" })));

        assert_eq!((one.status, other.status), (201, 201));
        let mut slugs = [one.body["slug"].as_str().unwrap(), other.body["slug"].as_str().unwrap()];
        slugs.sort_unstable();
        assert_eq!(slugs, ["sur", "sur-2"]);
        assert_eq!(bruno.get(&format!("/api/business/{}", one.id())).await.status, 404);
        assert_eq!(ana.get(&format!("/api/business/{}", one.id())).await.status, 200);
    }

    async fn one_person_founds_ten_businesses_and_no_more(setup: Setup) {
        let app = setup.tenant("acme").await;
        let founder = stranger(&app, "ana").await;
        let node = app.node(0);
        let mut write = node.store.platform().write().await.unwrap();
        for slug in ["sur", "sur-2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"] {
            let tenant = node.store.new_tenant(&node.clock, slug, "Sur", false);
            write.add_tenant(&tenant).await.unwrap();
            let membership = Membership { user_id: founder.id, tenant_id: tenant.id, role: Role::Owner, reach: Reach::All, created_at: app.clock.now() };
            write.save_membership(&membership).await.unwrap();
        }
        write.commit().await.unwrap();
        let found = async || founder.post("/api/business", json!({ "name": "Sur" })).await;

        let (one, other) = tokio::join!(found(), found());

        let (made, refused) = if one.status == 201 { (one, other) } else { (other, one) };
        let slug = made.body["slug"].as_str().unwrap().strip_prefix("sur-").unwrap().to_owned();
        assert!(slug.len() == 8 && slug.bytes().all(|digit| digit.is_ascii_hexdigit()), "nobody asks for each of the others: {slug}");
        assert_eq!((refused.status, refused.problem()), (409, "enough-businesses"));
        let mut write = node.store.platform().write().await.unwrap();
        write.set_operator(&founder.id, true).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(found().await.status, 201, "operators may");
    }

    async fn what_cannot_be_founded_is_told_field_by_field(setup: Setup) {
        let app = setup.tenant("acme").await;
        let founder = stranger(&app, "ana").await;

        let refused = founder.post("/api/business", json!({ "name": " ", "industry": "x".repeat(121), "currency": "pesos", "locale": "xx" })).await;

        assert_eq!((refused.status, refused.problem()), (422, "invalid"));
        let wrong = [("name", "field-required"), ("industry", "field-long"), ("currency", "field-currency"), ("locale", "field-locale")];
        assert_eq!(refused.wrong(), wrong);
        assert!(founder.get("/api/business").await.ok()["data"].as_array().unwrap().is_empty());
    }

    async fn a_business_that_was_only_begun_is_finished_at_the_next_start(setup: Setup) {
        let app = setup.tenant("acme").await;
        let founder = stranger(&app, "ana").await;
        let node = app.node(0);
        let begun = node.store.new_tenant(&node.clock, "sur", "Sur", false);
        let nobodys = node.store.new_tenant(&node.clock, "nadie", "Nadie", false);
        let mut write = node.store.platform().write().await.unwrap();
        write.add_tenant(&begun).await.unwrap();
        write.add_tenant(&nobodys).await.unwrap();
        let membership = Membership { user_id: founder.id, tenant_id: begun.id, role: Role::Owner, reach: Reach::All, created_at: app.clock.now() };
        write.save_membership(&membership).await.unwrap();
        write.commit().await.unwrap();
        drop(node);
        assert_eq!(founder.get(&format!("/api/business/{}", begun.id)).await.status, 404, "it is no business yet");

        app.restart().await;

        let points = founder.get(&format!("/api/service-points?business_id={}", begun.id)).await.ok();
        assert_eq!(points["data"].as_array().unwrap().len(), 1);
        assert_eq!(founder.get(&format!("/api/business/{}", begun.id)).await.ok()["name"], "Sur");
        let state = app.node(0).store.platform().tenant(&nobodys.id).await.unwrap().unwrap().state;
        assert_eq!(state, TenantState::Creating, "what a command began, a command finishes");
        app.restart().await;
        assert_eq!(founder.get(&format!("/api/service-points?business_id={}", begun.id)).await.ok()["data"].as_array().unwrap().len(), 1);
    }

    async fn founding_twice_with_one_key_founds_once(setup: Setup) {
        let app = setup.tenant("acme").await;
        let founder = stranger(&app, "ana").await;
        let found = async || founder.ask(reqwest::Method::POST, "/api/business", Some(json!({ "name": "Sur" })), &[("idempotency-key", "k-1")]).await;

        let (one, again) = (found().await, found().await);

        assert_eq!((one.status, again.status, one.id()), (201, 201, again.id()));
        assert_eq!(founder.get("/api/business").await.ok()["data"].as_array().unwrap().len(), 1);
    }

    async fn businesses_are_listed_in_pages(setup: Setup) {
        let app = setup.tenant("acme").tenant("sector7").await;
        let ana = member(&app, app.acme(), "ana", Role::Viewer, Reach::All).await;
        ana.post("/api/business", json!({ "name": "Zeta" })).await.ok();

        let first = ana.get("/api/business?limit=1").await.ok();
        let cursor = first["next_cursor"].as_str().unwrap().to_owned();
        let second = ana.get(&format!("/api/business?limit=1&cursor={cursor}")).await.ok();

        assert_eq!((&first["data"][0]["slug"], &second["data"][0]["slug"], &second["next_cursor"]), (&json!("zeta"), &json!("acme"), &json!(null)));
    }
}
