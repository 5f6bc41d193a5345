//! Who may tell us something, and what bad input gets.

use relevo_testbed::webhook::{Payload, WebhookBuilder, sign};

use crate::harness::{Setup, TestApp, TestTenant, WRONG_SECRET, both_engines};

const PHONE: &str = "+54 9 11 5555 0001";

/// Rows in a tenant's event log, messages and customers.
async fn stored(app: &TestApp, tenant: &TestTenant) -> i64 {
    app.count(tenant, "SELECT (SELECT COUNT(*) FROM event_log) + (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM customers)").await
}

fn two_tenants(setup: Setup) -> Setup {
    setup.tenant("acme").flow("echo").tenant("sector7").flow("echo")
}

fn to_number(app: &TestApp, number: &str) -> Payload {
    WebhookBuilder::new(app.ids(), number).text("hola").build()
}

async fn get(app: &TestApp, path: &str) -> (u16, String) {
    let answer = reqwest::get(app.url(0, path)).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

both_engines! {
    async fn a_payload_about_two_businesses_touches_only_the_one_whose_signature_it_has(setup: Setup) {
        let app = two_tenants(setup).await;
        let (acme, sector7) = (app.tenant("acme"), app.tenant("sector7"));
        let both = WebhookBuilder::new(app.ids(), &acme.number).text("uno").entry("waba-2").number(&sector7.number).text("dos").build();

        assert_eq!(app.post(acme, &both).await, 200);
        app.settled().await;
        assert!(stored(&app, acme).await > 0);
        assert_eq!(stored(&app, sector7).await, 0);

        assert_eq!(app.post(sector7, &both).await, 200);
        app.settled().await;
        assert_eq!(app.count(acme, "SELECT COUNT(*) FROM messages WHERE direction = 'IN'").await, 1);
        assert_eq!(app.count(sector7, "SELECT COUNT(*) FROM messages WHERE direction = 'IN'").await, 1);
    }

    async fn a_business_with_its_own_secret_does_not_answer_to_the_platforms(setup: Setup) {
        let app = two_tenants(setup).await;
        let payload = to_number(&app, &app.acme().number);

        for secret in ["platform-secret", WRONG_SECRET, &app.tenant("sector7").secret, ""] {
            assert_eq!(app.post_to(0, secret, &payload).await.status, 401, "{secret:?}");
        }

        assert_eq!(stored(&app, app.acme()).await, 0);
    }

    async fn what_is_forged_or_unsigned_is_refused_and_leaves_nothing(setup: Setup) {
        let app = two_tenants(setup).await;
        let payload = to_number(&app, &app.acme().number);
        let right = payload.signature(&app.acme().secret);
        let altered = String::from_utf8(payload.body.clone()).unwrap().replace("hola", "chau").into_bytes();

        for (body, signature) in [
            (&payload.body, None),
            (&payload.body, Some("sha256=")),
            (&payload.body, Some("sha256=00")),
            (&payload.body, Some(right.trim_start_matches("sha256="))),
            (&altered, Some(right.as_str())),
        ] {
            assert_eq!(app.post_raw(body, signature).await, 401, "{signature:?}");
        }

        assert_eq!(stored(&app, app.acme()).await, 0);
        assert_eq!(app.post_raw(&payload.body, Some(&right)).await, 200);
        app.settled().await;
        let (_, metrics) = get(&app, "/metrics").await;
        assert!(metrics.contains("relevo_webhooks_total{outcome=\"unsigned\"} 5"), "{metrics}");
    }

    async fn optional_takes_what_has_no_signature_and_never_a_wrong_one(setup: Setup) {
        let app = two_tenants(setup.signature_optional()).await;
        let payload = to_number(&app, &app.acme().number);

        assert_eq!(app.post_to(0, WRONG_SECRET, &payload).await.status, 401);
        assert_eq!(stored(&app, app.acme()).await, 0);
        assert_eq!(app.post_raw(&payload.body, None).await, 200);
        app.settled().await;

        assert_eq!(app.graph.log().len(), 1);
    }

    async fn a_business_without_its_own_secret_has_the_platforms(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").without_own_secret().await;
        let payload = to_number(&app, &app.acme().number);

        assert_eq!(app.post_to(0, WRONG_SECRET, &payload).await.status, 401);
        assert_eq!(app.post_to(0, "platform-secret", &payload).await.status, 200);

        app.settled().await;
        assert_eq!(app.graph.log().len(), 1);
    }

    async fn without_any_secret_nothing_is_believed(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").without_own_secret().without_platform_secret().await;
        let payload = to_number(&app, &app.acme().number);

        for signature in [None, Some(sign("", &payload.body)), Some(sign("platform-secret", &payload.body))] {
            assert_eq!(app.post_raw(&payload.body, signature.as_deref()).await, 401);
        }
        assert_eq!(stored(&app, app.acme()).await, 0);
    }

    async fn an_unknown_number_is_acknowledged_only_with_the_platforms_signature(setup: Setup) {
        let app = two_tenants(setup).await;
        let payload = to_number(&app, "999999999999999");

        assert_eq!(app.post_to(0, "platform-secret", &payload).await.status, 200);
        assert_eq!(app.post_to(0, WRONG_SECRET, &payload).await.status, 401);
        assert_eq!(app.post_to(0, &app.acme().secret, &payload).await.status, 401);
        assert_eq!(app.post_raw(&payload.body, None).await, 401);

        assert_eq!(stored(&app, app.acme()).await, 0);
    }

    async fn what_is_no_webhook_is_refused_as_such(setup: Setup) {
        let app = two_tenants(setup).await;
        let deep = format!("{{\"object\":\"whatsapp_business_account\",\"entry\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));

        for body in ["", "{", "null", "[]", "hola", "{\"object\":\"page\",\"entry\":[]}", "{\"object\":\"whatsapp_business_account\"}", "\u{fffd}", &deep] {
            let signature = sign("platform-secret", body.as_bytes());
            assert_eq!(app.post_raw(body.as_bytes(), Some(&signature)).await, 400, "{}", &body[..body.len().min(60)]);
        }
        assert_eq!(app.post_raw(&[0xff, 0xfe, b'{'], None).await, 400);
        assert_eq!(stored(&app, app.acme()).await, 0);
    }

    async fn what_is_too_large_is_refused_as_such(setup: Setup) {
        let app = two_tenants(setup).await;
        let chat = app.customer(PHONE);
        let most = chat.text(&"x".repeat(3 * 1024 * 1024 - 2_000));
        let more = chat.text(&"x".repeat(3 * 1024 * 1024));

        assert_eq!(app.post(app.acme(), &more).await, 413);
        assert_eq!(stored(&app, app.acme()).await, 0);
        assert_eq!(app.post(app.acme(), &most).await, 200);
        app.leaves_work();
    }

    async fn a_webhook_names_so_many_numbers_at_most(setup: Setup) {
        let app = two_tenants(setup).await;
        let naming = |numbers: u64| {
            let first = WebhookBuilder::new(app.ids(), "700000000000000").text("hola");
            (1..numbers).fold(first, |builder, nth| builder.number(&format!("{}", 700_000_000_000_000 + nth)).text("hola")).build()
        };

        assert_eq!(app.post_to(0, "platform-secret", &naming(101)).await.status, 400, "each is looked up before anything is verified");
        assert_eq!(app.post_to(0, "platform-secret", &naming(100)).await.status, 200);
    }

    async fn meta_verifies_the_address_with_the_token(setup: Setup) {
        let app = two_tenants(setup).await;

        assert_eq!(get(&app, "/webhook?hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158201444").await, (200, "1158201444".into()));
        for query in [
            "hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1",
            "hub.mode=unsubscribe&hub.verify_token=verify-me&hub.challenge=1",
            "hub.mode=subscribe&hub.challenge=1",
            "hub.mode=subscribe&hub.verify_token=&hub.challenge=1",
            "",
        ] {
            assert_eq!(get(&app, &format!("/webhook?{query}")).await.0, 403, "{query}");
        }
    }
}
