//! What others try at the API's door. What the door itself does is tested beside it; this is that the API lets nobody around it.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{House, PASSWORD};
use crate::harness::{Database, Setup};

async fn house() -> House {
    House::new(Setup::new(Database::Sqlite)).await
}

fn part(json: &Value) -> String {
    BASE64URL_NOPAD.encode(json.to_string().as_bytes())
}

fn signed(key: &[u8], head: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", part(head), part(claims));
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_taken_as_we_made_it_and_in_no_other_form() {
    let house = house().await;
    house.user("ana").await;
    let token = house.log_in("ana", PASSWORD).await.done(200)["token"].as_str().unwrap().to_owned();
    let (head, rest) = token.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(body.as_bytes()).unwrap()).unwrap();
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        part(&claims)
    };
    house.nobody().bearer(&token).get("/api/auth/me").await.done(200);

    let (hs, none, rs) = (json!({ "alg": "HS256", "typ": "JWT" }), json!({ "alg": "none" }), json!({ "alg": "RS256", "typ": "JWT" }));
    for (case, forged) in [
        ("alg none without a signature", format!("{}.{body}.", part(&none))),
        ("alg none with our signature", format!("{}.{body}.{signature}", part(&none))),
        ("an RS256 head over our signature", format!("{}.{body}.{signature}", part(&rs))),
        ("signed with another key", signed(b"another key", &hs, &claims)),
        ("signed with the public name of the audience", signed(b"relevo-api", &hs, &claims)),
        ("for another audience", format!("{head}.{}.{signature}", with("aud", json!("other")))),
        ("for another person", format!("{head}.{}.{signature}", with("sub", json!("0198c0de-0000-7000-8000-000000000001")))),
        ("that lasts longer", format!("{head}.{}.{signature}", with("exp", json!(9_999_999_999_i64)))),
        ("without a signature", format!("{head}.{body}")),
        ("twice", format!("{token}.{token}")),
        ("a key that is none", "rlv_live_".to_owned()),
    ] {
        let answer = house.nobody().bearer(&forged).get("/api/auth/me").await;
        assert_eq!((answer.status.as_u16(), &*answer.problem()), (401, "bad-credential"), "{case}");
    }
    house.nobody().with("authorization", &format!("Basic {token}")).get("/api/auth/me").await.refused(401, "bad-credential");
    house.test.clock.advance(Duration::from_secs(15 * 60));
    house.nobody().bearer(&token).get("/api/auth/me").await.refused(401, "bad-credential");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_in_a_cookie_and_a_cookie_in_a_token_open_nothing() {
    let house = house().await;
    let ana = house.user("ana").await;
    let token = house.log_in("ana", PASSWORD).await.done(200)["token"].as_str().unwrap().to_owned();
    let browser = house.session(&ana).await;

    house.nobody().cookie(&token).get("/api/auth/me").await.refused(401, "unauthorized");
    house.nobody().bearer(ana.as_str()).get("/api/auth/me").await.refused(401, "bad-credential");
    // Whoever adds an authorization to a browser's request stands on that alone.
    browser.bearer("made-up").get("/api/auth/me").await.refused(401, "bad-credential");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_ended_is_out_with_the_next_request() {
    let house = house().await;
    let user = house.user("ana").await;
    let (browser, program) = (house.session(&user).await, house.program("ana").await);
    let sessions = browser.get("/api/auth/sessions").await.done(200);
    let of_program = sessions["data"].as_array().unwrap().iter().find(|session| session["kind"] == "bearer").unwrap();
    program.get("/api/auth/me").await.done(200);

    browser.delete(&format!("/api/auth/sessions/{}", of_program["id"].as_str().unwrap())).await.done(204);
    program.get("/api/auth/me").await.refused(401, "bad-credential");

    let other = house.session(&user).await;
    assert_eq!(browser.delete("/api/auth/sessions").await.done(200)["ended"], 2, "the other browser, and the one of registering");
    other.get("/api/auth/me").await.refused(401, "unauthorized");
    browser.post("/api/auth/logout", json!({})).await.done(204);
    browser.get("/api/auth/me").await.refused(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_ends_the_session_of_another() {
    let house = house().await;
    let (ana, bea) = (house.figure("ana").await, house.figure("bea").await);
    let (ana, bea) = (house.session(&ana).await, house.session(&bea).await);
    let of_ana = ana.get("/api/auth/sessions").await.done(200)["data"][0]["id"].as_str().unwrap().to_owned();

    bea.delete(&format!("/api/auth/sessions/{of_ana}")).await.refused(404, "not-found");

    ana.get("/api/auth/me").await.done(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_somebody_was_given_is_not_the_one_they_get() {
    let house = house().await;
    let mallory = house.figure("mallory").await;
    let planted = house.session(&mallory).await;

    // A browser that holds the session of the attacker registers.
    let new = json!({ "name": "Ana", "email": "ana@acme.com", "password": PASSWORD });
    let entered = planted.post("/api/auth/register", new).await;

    let own = entered.session().expect("a session of one's own");
    assert_eq!(house.nobody().cookie(&own).get("/api/auth/me").await.done(200)["email"], "ana@acme.com");
    planted.get("/api/auth/me").await.refused(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_ends_all_others_and_gives_this_browser_another_cookie() {
    let house = house().await;
    let user = house.user("ana").await;
    let (browser, other) = (house.session(&user).await, house.session(&user).await);

    browser.put("/api/auth/password", json!({ "current": "wrong horse", "new": "battery staple" })).await.refused(401, "wrong-login");
    let short = browser.put("/api/auth/password", json!({ "current": PASSWORD, "new": "short" })).await;
    short.refused(422, "invalid");
    assert_eq!(short.json()["errors"][0]["field"], "new");
    let changed = browser.put("/api/auth/password", json!({ "current": PASSWORD, "new": "battery staple" })).await;

    assert_eq!(changed.status, 204);
    house.nobody().cookie(&changed.session().unwrap()).get("/api/auth/me").await.done(200);
    browser.get("/api/auth/me").await.refused(401, "unauthorized");
    other.get("/api/auth/me").await.refused(401, "unauthorized");
    house.log_in("ana", PASSWORD).await.refused(401, "wrong-login");
    house.log_in("ana", "battery staple").await.done(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_learns_from_an_answer_who_has_an_account() {
    let house = house().await;
    house.user("ana").await;
    let shown = |answer: super::Answer| {
        let mut headers: Vec<String> = answer.headers.iter().filter(|(name, _)| *name != "date").map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.sort();
        (answer.status, headers, answer.text)
    };

    let mut logins = Vec::new();
    let mut resets = Vec::new();
    for email in ["ana@acme.com", "nobody@acme.com"] {
        for code in [None, Some("123456")] {
            let before = house.app().door.passwords.work();
            let attempt = json!({ "email": email, "password": "wrong horse", "code": code });
            logins.push((shown(house.nobody().post("/api/auth/login", attempt).await), house.app().door.passwords.work() - before));
        }
        resets.push(shown(house.nobody().post("/api/auth/reset", json!({ "email": email })).await));
    }

    assert!(logins.iter().all(|login| *login == logins[0]), "{logins:#?}");
    assert_eq!((logins[0].0.0.as_u16(), logins[0].1), (401, 1));
    assert!(resets.iter().all(|reset| *reset == resets[0]), "{resets:#?}");
    assert_eq!(resets[0].0, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_tries_passwords_at_the_api_waits_as_at_the_page() {
    let house = house().await;
    house.user("ana").await;
    let guess = async |email: &str, from: &str| {
        let attempt = json!({ "email": email, "password": "wrong horse" });
        house.nobody().from(from).post("/api/auth/login", attempt).await
    };

    for at in 0..6 {
        guess("ana@acme.com", &format!("203.0.113.{at}")).await.refused(401, "wrong-login");
    }
    let blocked = guess("ana@acme.com", "203.0.113.99").await;
    blocked.refused(429, "too-many-attempts");
    assert_eq!(blocked.header("retry-after"), "1");

    let mut tried = 0;
    while guess(&format!("victim{tried}@acme.com"), "198.51.100.7").await.status == 401 {
        tried += 1;
        assert!(tried < 100);
    }
    assert!((20..=22).contains(&tried), "{tried}");
}
