//! What surrounds every answer of the API: addresses that are not there, bodies that cannot be read, languages, origins, shares, versions.

use relevo_model::*;
use reqwest::Method;
use serde_json::{Value, json};

use super::House;
use crate::harness::{Database, PANEL, Setup};

async fn house() -> House {
    House::new(Setup::new(Database::Sqlite)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_not_there_is_a_problem_like_all_others() {
    let house = house().await;
    let (_, ana) = house.member("ana", Role::Owner).await;

    for path in ["/api", "/api/", "/api/nothing", "/api/people/", "/api/people/not-an-id", "/api/people/0198c0de-0000-7000-8000-000000000001", "/api/auth"] {
        ana.get(path).await.refused(404, "not-found");
    }
    for (method, path, allowed) in
        [(Method::DELETE, "/api/auth/me", "GET,HEAD,PUT"), (Method::GET, "/api/auth/login", "POST"), (Method::PATCH, "/api/keys", "GET,HEAD,POST")]
    {
        let answer = ana.send(method, path, None).await;
        answer.refused(405, "method-not-allowed");
        let mut allow: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
        allow.sort_unstable();
        assert_eq!(allow.join(","), allowed);
    }
    assert_ne!(house.nobody().get("/apiary").await.header("content-type"), "application/problem+json");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_cannot_be_taken_is_refused_with_what_is_wrong() {
    let house = house().await;
    let (_, ana) = house.member("ana", Role::Owner).await;
    let post = async |kind: &str, body: &[u8]| ana.send_raw(Method::POST, "/api/keys", Some((kind, body.to_vec()))).await;

    post("text/plain", b"{}").await.refused(415, "unsupported-media-type");
    post("application/x-www-form-urlencoded", b"name=x").await.refused(415, "unsupported-media-type");
    ana.send(Method::POST, "/api/keys", None).await.refused(415, "unsupported-media-type");
    post("application/json", b"{\"name\"").await.refused(400, "bad-body");
    post("application/json", &[b'['; 300_000]).await.refused(413, "too-large");
    ana.with("idempotency-key", "1").send_raw(Method::POST, "/api/keys", Some(("application/json", vec![b' '; 300_000]))).await.refused(413, "too-large");
    post("application/json", &[b'['; 2_000]).await.refused(422, "invalid");
    let wrong = ana.post("/api/keys", json!({ "name": "x", "scopes": ["fly"], "service_points": "all" })).await;
    wrong.refused(422, "invalid");
    assert_eq!(wrong.json()["errors"][0]["field"], "scopes[0]");
    let more = ana.post("/api/keys", json!({ "name": "x", "scopes": [], "service_points": "all", "role": "owner" })).await;
    assert_eq!(more.json()["errors"][0]["field"], "role");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_in_the_reader_s_language() {
    let house = house().await;
    let (_, ana) = house.member("ana", Role::Owner).await;
    let said = async |lang: &str| {
        let answer = ana.with("accept-language", lang).post("/api/keys", json!({ "name": "x" })).await;
        let error = answer.json()["errors"][0].clone();
        assert_eq!((&error["field"], &error["problem"]), (&json!("scopes"), &json!("problem-missing-field")));
        error["text"].as_str().unwrap().to_owned()
    };

    assert_eq!(said("en-GB, es;q=0.5").await, "This field is missing.");
    assert_eq!(said("es-AR").await, "Falta este campo.");
    assert_eq!(said("fr").await, "Falta este campo.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_origins_that_the_operator_named_may_call_from_a_browser() {
    let house = house().await;
    let (_, ana) = house.member("ana", Role::Owner).await;
    let preflight = async |origin: &str, path: &str| {
        let asks = house
            .nobody()
            .with("origin", origin)
            .with("access-control-request-method", "POST")
            .with("access-control-request-headers", "authorization,idempotency-key");
        asks.send(Method::OPTIONS, path, None).await
    };

    let ours = preflight(PANEL, "/api/keys").await;
    assert_eq!((ours.status.as_u16(), ours.header("access-control-allow-origin"), ours.header("access-control-allow-credentials")), (200, PANEL, "true"));
    assert!(ours.header("access-control-allow-headers").contains("idempotency-key"));
    for foreign in ["https://evil.com", "https://panel.example.com.evil.com", "http://panel.example.com", "https://panel.example.com:8443", "null"] {
        assert_eq!(preflight(foreign, "/api/keys").await.header("access-control-allow-origin"), "", "{foreign}");
        assert_eq!(ana.with("origin", foreign).get("/api/auth/me").await.header("access-control-allow-origin"), "", "{foreign}");
    }
    assert_eq!(preflight(PANEL, "/webhook").await.header("access-control-allow-origin"), "", "the API alone");

    // A refusal can be read too, or the panel could not tell why.
    let refused = house.nobody().with("origin", PANEL).get("/api/auth/me").await;
    assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (401, PANEL));
    assert!(refused.header("vary").contains("origin"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panel_that_the_operator_named_may_change_things_and_no_other_site_may() {
    let house = house().await;
    let (_, ana) = house.member("ana", Role::Owner).await;
    let change = async |origin: &str, site: &str| {
        let body = json!({ "name": "Ana", "locale": null });
        ana.with("origin", origin).with("sec-fetch-site", site).put("/api/auth/me", body).await
    };

    change(PANEL, "same-site").await.done(200);
    change(PANEL, "cross-site").await.done(200);
    change("https://evil.com", "cross-site").await.refused(403, "foreign-origin");
    change("https://other.example.com", "same-site").await.refused(403, "foreign-origin");
    change("null", "cross-site").await.refused(403, "foreign-origin");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_too_much_waits_and_others_do_not() {
    let house = House::new(Setup::new(Database::Sqlite).limited()).await;
    let (ana, caller) = house.member("ana", Role::Owner).await;
    let (_, bea) = house.member("bea", Role::Agent).await;

    let first = caller.get("/api/auth/me").await;
    assert_eq!((first.header("ratelimit-policy"), first.header("ratelimit")), ("\"caller\";q=600;w=60", "\"caller\";r=99;t=1"));
    for _ in 0..99 {
        caller.get("/api/auth/sessions").await.done(200);
    }
    // Another session of the same person has no share of its own.
    let refused = house.session(&ana).await.get("/api/auth/me").await;
    refused.refused(429, "too-many-requests");
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit")), ("1", "\"caller\";r=0;t=1"));
    bea.get("/api/auth/me").await.done(200);
    house.test.clock.advance(std::time::Duration::from_secs(1));
    caller.get("/api/auth/me").await.done(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_are_made_up_share_one_address_s_share() {
    let house = House::new(Setup::new(Database::Sqlite).limited()).await;
    let stranger = |at: usize| house.nobody().from("203.0.113.7").bearer(&format!("rlv_live_{at}"));

    for at in 0..20 {
        stranger(at).get("/api/auth/me").await.refused(401, "bad-credential");
    }
    stranger(20).get("/api/auth/me").await.refused(429, "too-many-requests");
    house.nobody().from("203.0.113.8").get("/api/auth/me").await.refused(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_did_not_change_is_not_sent_again_and_what_did_is_not_overwritten() {
    let house = house().await;
    let (_, ana) = house.member("ana", Role::Owner).await;
    let (bea, _) = house.member("bea", Role::Agent).await;
    let address = format!("/api/people/{bea}");
    let place = |role: &str| json!({ "role": role, "service_points": "all" });

    let seen = ana.get(&address).await;
    let version = seen.header("etag").to_owned();
    let again = ana.with("if-none-match", &version).get(&address).await;
    assert_eq!((again.status.as_u16(), &*again.text, again.header("etag")), (304, "", &*version));

    let changed = ana.with("if-match", &version).put(&address, place("admin")).await;
    assert_ne!(changed.header("etag"), version);
    ana.with("if-match", &version).put(&address, place("viewer")).await.refused(412, "stale");
    ana.with("if-match", &version).delete(&address).await.refused(412, "stale");
    assert_eq!(ana.get(&address).await.done(200)["role"], "admin");
    ana.put(&address, place("viewer")).await.done(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_served_with_the_address_of_this_server() {
    let house = house().await;
    let served = house.nobody().get("/api/openapi.json").await;
    let document: Value = served.json();
    assert_eq!((&document["openapi"], &document["info"]["title"]), (&json!("3.1.0"), &json!("Relevo")));
    assert!(document["servers"][0]["url"].is_string());
    assert_eq!(house.nobody().with("if-none-match", served.header("etag")).get("/api/openapi.json").await.status, 304);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_problem_has_a_page() {
    let house = house().await;
    let answer = house.nobody().get("/api/auth/me").await;
    let address = answer.json()["type"].as_str().unwrap().to_owned();

    let page = house.nobody().get(&address).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text.contains("Nobody is logged in"));
    let all = house.nobody().get("/docs/problems").await.text.replace("&#x2f;", "/");
    for kind in relevo::http::problem::Kind::ALL {
        assert!(all.contains(&format!("/docs/problems/{}\"", kind.as_str())), "{}", kind.as_str());
        assert_eq!(house.nobody().get(&format!("/docs/problems/{}", kind.as_str())).await.status, 200);
    }
    assert_eq!(house.nobody().get("/docs/problems/unheard-of").await.status, 404);
}
