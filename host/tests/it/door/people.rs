//! People by the API: coming in, being shown, being changed.

use relevo::identity::{MailKind, OutgoingMail, totp};
use relevo_model::*;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Caller, House, PASSWORD};
use crate::harness::{Database, Setup, both_engines};

async fn house() -> House {
    House::new(Setup::new(Database::Sqlite)).await
}

fn token_of(link: &Value) -> String {
    link["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

both_engines! {
    async fn somebody_registers_logs_in_is_shown_and_logs_out(setup: Setup) {
        let house = House::new(setup).await;
        let new = json!({ "name": " Ana ", "email": "Ana@Acme.com", "password": PASSWORD });

        let made = house.nobody().with("accept-language", "pt").post("/api/auth/register", new.clone()).await;
        let browser = house.nobody().cookie(&made.session().unwrap());
        let me = made.done(201);
        assert_eq!((&me["name"], &me["email"], &me["locale"], &me["businesses"], &me["business_id"]), (&json!("Ana"), &json!("ana@acme.com"), &json!("pt"), &json!([]), &Value::Null));
        assert_eq!(browser.get("/api/auth/me").await.done(200), me);
        house.nobody().post("/api/auth/register", new).await.refused(409, "taken");

        let token = house.log_in("ana", PASSWORD).await.done(200);
        assert_eq!((&token["token_type"], &token["expires_at"]), (&json!("Bearer"), &json!("2025-06-15T15:21:40Z")));
        let program = house.nobody().bearer(token["token"].as_str().unwrap());
        assert_eq!(program.get("/api/auth/me").await.done(200), me);
        program.post("/api/auth/logout", json!({})).await.done(204);
        program.get("/api/auth/me").await.refused(401, "bad-credential");
        browser.get("/api/auth/me").await.done(200);
    }

    async fn somebody_is_invited_comes_in_and_is_what_the_invitation_said(setup: Setup) {
        let house = House::new(setup).await;
        let (_, owner) = house.member("ana", Role::Owner).await;
        let invitation = json!({ "email": "Bea@acme.com", "role": "agent", "service_points": [house.here] });

        let made = owner.post("/api/invitations", invitation).await;
        let location = made.header("location").to_owned();
        let made = made.done(201);
        assert_eq!(location, format!("/api/invitations/{}", made["id"].as_str().unwrap()));
        let token = token_of(&made);
        let shown = house.nobody().post("/api/auth/invitation", json!({ "token": token })).await.done(200);
        assert_eq!(shown, json!({ "business": "acme", "email": "bea@acme.com", "role": "agent", "expires_at": "2025-06-22T15:06:40Z", "known": false }));
        let entered = house.nobody().post("/api/auth/invitation/acceptance", json!({ "token": token, "name": "Bea", "password": PASSWORD })).await;
        let bea = house.nobody().cookie(&entered.session().unwrap());
        entered.done(204);

        let me = bea.get("/api/auth/me").await.done(200);
        assert_eq!((&me["business_id"], &me["businesses"][0]["role"], &me["businesses"][0]["service_points"]), (&json!(house.acme), &json!("agent"), &json!([house.here])));
        assert_eq!(me["permissions"], json!(["see-business", "see-conversations", "take-over", "send", "switch-bot", "see-orders", "change-orders", "use-simulator"]));
        house.nobody().post("/api/auth/invitation", json!({ "token": token })).await.refused(410, "gone");
        assert_eq!(owner.get("/api/invitations").await.done(200)["data"], json!([]));
        let names: Vec<Value> = owner.get("/api/people").await.done(200)["data"].as_array().unwrap().iter().map(|person| person["email"].clone()).collect();
        assert_eq!(names, [json!("ana@acme.com"), json!("bea@acme.com")]);
    }

    async fn a_page_of_people_begins_after_whatever_the_address_says(setup: Setup) {
        let house = House::new(setup).await;
        let (_, owner) = house.member("ana", Role::Owner).await;

        for after in ["%00", "a%00%0A%1B", "%C2%85"] {
            let page = owner.get(&format!("/people?after={after}")).await;
            assert!(page.status == 200 && page.text.contains("ana@acme.com"), "{after}: {}", page.status);
        }
    }

    async fn a_colleague_is_changed_and_taken_out_at_once(setup: Setup) {
        let house = House::new(setup).await;
        let (ana, owner) = house.member("ana", Role::Owner).await;
        let (bea, agent) = house.member("bea", Role::Agent).await;
        let address = format!("/api/people/{bea}");

        agent.get("/api/people").await.refused(403, "permission");
        let changed = owner.put(&address, json!({ "role": "admin", "service_points": [house.there] })).await.done(200);
        assert_eq!((&changed["id"], &changed["role"], &changed["service_points"]), (&json!(bea), &json!("admin"), &json!([house.there])));
        agent.get("/api/people").await.done(200);
        agent.put(&format!("/api/people/{ana}"), json!({ "role": "viewer", "service_points": "all" })).await.refused(403, "forbidden");
        owner.put(&format!("/api/people/{ana}"), json!({ "role": "admin", "service_points": "all" })).await.refused(409, "last-owner");
        owner.delete(&format!("/api/people/{ana}")).await.refused(409, "last-owner");
        owner.delete(&address).await.done(204);
        owner.delete(&address).await.refused(404, "not-found");
        agent.get("/api/people").await.refused(403, "no-business");
        let actions: Vec<Value> = owner.get("/api/audit").await.done(200)["data"].as_array().unwrap().iter().map(|line| line["action"].clone()).collect();
        assert_eq!(actions, [json!("member.removed"), json!("member.changed")]);
    }
}

/// A mail server that takes the first mail and never answers, so that all others wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_invites_is_told_that_the_mail_did_not_go_out() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let house = House::new(Setup::new(Database::Sqlite).smtp(format!("smtp://{}", silent.local_addr().unwrap()))).await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let invite =
        async |name: &str| owner.post("/api/invitations", json!({ "email": format!("{name}@acme.com"), "role": "agent", "service_points": "all" })).await;
    assert_eq!(invite("bea").await.done(201)["link"], Value::Null);
    let (_open, _) = silent.accept().await.unwrap();
    let post = house.app().mail.clone().unwrap();
    let mail = || OutgoingMail { to: "x@y.z".into(), kind: MailKind::NewPassword, link: "x".into(), expires_at: Time(0), locale: None };
    while post.send(mail(), "es") {}

    invite("carl").await.refused(503, "busy");
    let form = ("application/x-www-form-urlencoded", b"email=dora%40acme.com&role=agent&extent=all".to_vec());
    let page = owner.with("accept-language", "es").send_raw(Method::POST, "/people/invite", Some(form)).await;

    assert_eq!(page.status, 503);
    assert!(page.text.contains("El correo no salió"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_is_not_said_in_full_is_not_given() {
    let house = house().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let (bea, _) = house.member("bea", Role::Agent).await;
    let address = format!("/api/people/{bea}");

    for (body, field) in [
        (json!({ "role": "admin" }), "service_points"),
        (json!({ "service_points": "all" }), "role"),
        (json!({ "role": "god", "service_points": "all" }), "role"),
        (json!({ "role": "admin", "service_points": null }), "service_points"),
        (json!({ "role": "admin", "service_points": "all", "operator": true }), "operator"),
    ] {
        let answer = owner.put(&address, body).await;
        answer.refused(422, "invalid");
        assert_eq!(answer.json()["errors"][0]["field"], field);
    }
    assert_eq!(owner.get(&address).await.done(200)["role"], "agent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_of_one_branch_neither_sees_nor_ends_the_invitations_of_another() {
    let house = house().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let (_, limited) = house.member_at("bea", Role::Admin, [house.here].into_iter().collect()).await;
    let invite =
        async |by: &Caller, email: &str, points: Value| by.post("/api/invitations", json!({ "email": email, "role": "agent", "service_points": points })).await;
    let elsewhere = invite(&owner, "carl@acme.com", json!([house.there])).await.done(201);
    let everywhere = invite(&owner, "dora@acme.com", json!("all")).await.done(201);
    let here = invite(&limited, "eva@acme.com", json!([house.here])).await.done(201);
    let address = |made: &Value| format!("/api/invitations/{}", made["id"].as_str().unwrap());

    invite(&limited, "fay@acme.com", json!([house.there])).await.refused(403, "forbidden");
    invite(&limited, "fay@acme.com", json!("all")).await.refused(403, "forbidden");
    // With so small a page that the two others would fill it.
    let seen = limited.get("/api/invitations?limit=1").await.done(200);
    assert_eq!((&seen["data"][0]["id"], &seen["next_cursor"]), (&here["id"], &Value::Null));
    limited.delete(&address(&elsewhere)).await.refused(404, "not-found");
    limited.delete(&address(&everywhere)).await.refused(404, "not-found");
    limited.delete(&address(&here)).await.done(204);
    owner.delete(&address(&elsewhere)).await.done(204);
    house.nobody().post("/api/auth/invitation", json!({ "token": token_of(&elsewhere) })).await.refused(410, "gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_logged_in_accepts_as_who_they_are() {
    let house = house().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let (bea, carl) = (house.figure("bea").await, house.figure("carl").await);
    let (bea, carl) = (house.session(&bea).await, house.session(&carl).await);
    let made = owner.post("/api/invitations", json!({ "email": "bea@acme.com", "role": "viewer", "service_points": "all" })).await.done(201);
    let accept = async |by: &Caller, more: Value| {
        let mut body = json!({ "token": token_of(&made) });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        by.post("/api/auth/invitation/acceptance", body).await
    };

    assert_eq!(accept(&house.nobody(), json!({})).await.json()["errors"][0]["field"], "name");
    assert_eq!(accept(&house.nobody(), json!({ "name": "Bea" })).await.json()["errors"][0]["field"], "password");
    accept(&house.nobody(), json!({ "name": "Bea", "password": PASSWORD })).await.refused(409, "taken");
    accept(&carl, json!({})).await.refused(403, "other-person");
    assert_eq!(accept(&bea, json!({ "name": "Bea" })).await.json()["errors"][0]["field"], "name");
    let entered = accept(&bea, json!({})).await;
    let again = house.nobody().cookie(&entered.session().unwrap());
    entered.done(204);
    assert_eq!(again.get("/api/auth/me").await.done(200)["business_id"], json!(house.acme));
    bea.get("/api/auth/me").await.refused(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_sets_another_password_once() {
    let house = house().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let (bea, before) = house.member("bea", Role::Agent).await;
    let elsewhere = house.figure("carl").await;
    house.enrol(&elsewhere, &house.other, Role::Agent, Reach::All).await;

    let link = owner.post(&format!("/api/people/{bea}/reset-link"), json!({})).await.done(201);
    let token = token_of(&link);
    owner.post(&format!("/api/people/{elsewhere}/reset-link"), json!({})).await.refused(404, "not-found");
    let weak = house.nobody().post("/api/auth/reset/password", json!({ "token": token, "password": "short" })).await;
    weak.refused(422, "invalid");
    house.nobody().post("/api/auth/reset/password", json!({ "token": token, "password": PASSWORD })).await.done(204);

    before.get("/api/auth/me").await.refused(401, "unauthorized");
    house.nobody().post("/api/auth/reset/password", json!({ "token": token, "password": PASSWORD })).await.refused(410, "gone");
    house.program("bea").await.get("/api/auth/me").await.done(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_factor_is_offered_proved_asked_for_and_removed() {
    let house = house().await;
    house.user("ana").await;
    let program = house.program("ana").await;
    let code = |secret: &[u8], steps: i64| totp::code(secret, house.test.clock.now().0 / 30_000 + steps);

    let offer = program.post("/api/auth/second-factor", json!({})).await.done(201);
    let secret = data_encoding::BASE32_NOPAD.decode(offer["secret"].as_str().unwrap().as_bytes()).unwrap();
    assert!(offer["uri"].as_str().unwrap().starts_with("otpauth://totp/"));
    house.log_in("ana", PASSWORD).await.done(200);
    program.post("/api/auth/second-factor/proof", json!({ "code": "000000" })).await.refused(401, "wrong-code");
    let codes = program.post("/api/auth/second-factor/proof", json!({ "code": code(&secret, 0) })).await.done(201);
    assert_eq!(codes["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(program.get("/api/auth/second-factor").await.done(200), json!({ "active": true, "recovery_codes_left": 10 }));
    program.post("/api/auth/second-factor", json!({})).await.refused(403, "forbidden");

    let login = async |code: Value| house.nobody().post("/api/auth/login", json!({ "email": "ana@acme.com", "password": PASSWORD, "code": code })).await;
    house.log_in("ana", PASSWORD).await.refused(401, "code-needed");
    login(json!("000000")).await.refused(401, "wrong-code");
    login(json!(code(&secret, 0))).await.refused(401, "wrong-code");
    login(json!(code(&secret, 1))).await.done(200);
    login(codes["recovery_codes"][3].clone()).await.done(200);

    let renewed = program.post("/api/auth/second-factor/recovery-codes", json!({ "code": codes["recovery_codes"][4] })).await.done(201);
    login(codes["recovery_codes"][5].clone()).await.refused(401, "wrong-code");
    let removal = |password: &str| json!({ "password": password, "code": renewed["recovery_codes"][0] });
    program.post("/api/auth/second-factor/removal", removal("wrong horse")).await.refused(401, "wrong-login");
    program.post("/api/auth/second-factor/removal", removal(PASSWORD)).await.done(204);
    house.log_in("ana", PASSWORD).await.done(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_goes_from_one_business_to_another() {
    let house = house().await;
    let (ana, browser) = house.member("ana", Role::Owner).await;
    house.enrol(&ana, &house.other, Role::Viewer, Reach::All).await;

    browser.put("/api/auth/business", json!({ "business_id": "0198c0de-0000-7000-8000-000000000001" })).await.refused(404, "not-found");
    let moved = browser.put("/api/auth/business", json!({ "business_id": house.other })).await;
    let browser = house.nobody().cookie(&moved.session().unwrap());
    assert_eq!(moved.done(200)["permissions"], json!(["see-business", "see-conversations", "see-orders", "see-money"]));
    browser.get("/api/people").await.refused(403, "permission");
    browser.get(&format!("/api/people?business_id={}", house.acme)).await.done(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_any_kind_come_back_as_they_were_written() {
    let house = house().await;
    let ana = house.figure("ana").await;
    let ana = house.session(&ana).await;

    for name in ["<script>alert(1)</script>", "José María «Ñ»", "\u{202e}evil", "王小明", "👩‍👩‍👧", "'; DROP TABLE users; --", "{{ 7 * 7 }}", "a\u{301}"]
    {
        assert_eq!(ana.put("/api/auth/me", json!({ "name": name, "locale": "es" })).await.done(200)["name"], name);
        assert_eq!(ana.get("/api/auth/me").await.done(200)["name"], name);
    }
    for name in ["", "  ", "a\u{0}b", "a\nb", &"x".repeat(121)] {
        ana.put("/api/auth/me", json!({ "name": name, "locale": null })).await.refused(422, "invalid");
    }
    let locale = ana.put("/api/auth/me", json!({ "name": "Ana", "locale": "klingon" })).await;
    assert_eq!(locale.json()["errors"][0]["field"], "locale");
}
