//! What others try at the door.

use std::time::Duration;

use super::*;

async fn try_in(house: &House, browser: &Browser, email: &str, password: &str) -> Answer {
    house.ask(browser, Method::POST, "/login", &[("x-email", email), ("x-password", password)]).await
}

#[tokio::test]
async fn only_our_own_pages_change_anything() {
    let house = House::new().await;
    let (_, browser) = house.member("ana", Role::Owner).await;
    let post = async |headers: &[(&str, &str)]| house.ask(&browser, Method::POST, "/api/me", headers).await;

    for ours in [
        &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost")][..],
        &[("sec-fetch-site", "none")],
        &[("origin", "http://localhost")],
        &[("origin", "https://localhost")],
    ] {
        assert_eq!(post(ours).await.status, StatusCode::OK, "{ours:?}");
    }
    for foreign in [
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.com")][..],
        &[("sec-fetch-site", "same-site"), ("origin", "http://other.localhost")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "")],
        &[("origin", "https://evil.com")],
        &[("origin", "null")],
        &[("origin", "http://localhost.evil.com")],
        &[("origin", "http://localhost:81")],
        &[("origin", "http://evil.com/http://localhost")],
        &[("origin", "")],
        &[],
    ] {
        let answer = post(foreign).await;
        assert_eq!((answer.status, &*answer.problem()), (StatusCode::FORBIDDEN, "foreign-origin"), "{foreign:?}");
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(house.ask(&browser, method, "/api/me", &[("origin", "https://evil.com")]).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(house.ask(&browser, Method::GET, "/api/me", &[("sec-fetch-site", "cross-site")]).await.status, StatusCode::OK);
}

/// Logging a victim in as the attacker is forgery too, and there no cookie is there yet.
#[tokio::test]
async fn a_login_from_another_site_is_refused_and_a_webhook_is_not() {
    let house = House::new().await;
    let nobody = Browser::new();
    let evil = [("origin", "https://evil.com"), ("sec-fetch-site", "cross-site")];

    assert_eq!(house.ask(&nobody, Method::POST, "/login", &evil).await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.ask(&nobody, Method::POST, "/webhook", &evil).await.status, StatusCode::OK);
    assert_eq!(house.ask(&nobody, Method::POST, "/webhooks/other", &evil).await.status, StatusCode::OK);
    // Not past the check by the beginning of its name.
    assert_eq!(house.ask(&nobody, Method::POST, "/webhooked", &evil).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let house = House::new().await;
    house.user("ana").await;
    let invited = house.door.user("new", email("new"), None, None);
    let mut write = house.door.store.platform().write().await.unwrap();
    write.add_user(&invited).await.unwrap();
    write.commit().await.unwrap();

    let mut answers = Vec::new();
    for email in ["ana@acme.com", "nobody@acme.com", "new@acme.com", "not an address", ""] {
        let before = house.door.passwords.work();
        let answer = try_in(&house, &Browser::new(), email, "wrong horse").await;
        answers.push((answer.status, answer.body, house.door.passwords.work() - before));
    }

    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!((answers[0].0, answers[0].2), (StatusCode::UNAUTHORIZED, 1));
}

#[tokio::test]
async fn after_five_failures_each_try_waits_longer_whoever_is_tried() {
    for name in ["ana", "nobody"] {
        let house = House::new().await;
        house.user("ana").await;
        let email = email(name);
        // From ever other addresses, as a botnet does.
        let mut browser = Browser::new();
        let mut guess = async |password: &str| {
            browser.address[3] = browser.address[3].wrapping_add(1);
            try_in(&house, &browser, &email, password).await
        };

        for _ in 0..6 {
            assert_eq!(guess("wrong horse").await.status, StatusCode::UNAUTHORIZED);
        }
        for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            let before = house.door.passwords.work();
            let blocked = guess(PASSWORD).await;
            assert_eq!((blocked.status, blocked.headers[header::RETRY_AFTER].to_str().unwrap()), (StatusCode::TOO_MANY_REQUESTS, &*wait.to_string()));
            assert_eq!(house.door.passwords.work(), before, "what has to wait costs nothing");
            house.clock.advance(Duration::from_secs(wait));
            assert_eq!(guess("wrong horse").await.status, StatusCode::UNAUTHORIZED);
        }
        house.clock.advance(Duration::from_secs(300));
        assert_eq!(guess(PASSWORD).await.status, if name == "ana" { StatusCode::OK } else { StatusCode::UNAUTHORIZED });
    }
}

#[tokio::test]
async fn many_tries_at_once_are_counted_like_many_after_one_another() {
    let house = House::new().await;
    house.user("ana").await;
    let before = house.door.passwords.work();

    let tries = (0..40).map(|_| try_in(&house, &Browser { cookie: None, address: [10, 9, 9, 9] }, "ana@acme.com", "wrong horse"));
    let answers = futures::future::join_all(tries).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count(), 6);
    assert_eq!(house.door.passwords.work() - before, 6);
}

#[tokio::test]
async fn one_address_that_tries_many_accounts_waits_and_a_good_account_of_its_own_does_not_help() {
    let house = House::new().await;
    house.user("mallory").await;
    let (attacker, neighbour) = (Browser::new(), Browser { address: [198, 51, 100, 7], ..Browser::new() });

    let mut tried = 0;
    while try_in(&house, &attacker, &format!("victim{tried}@acme.com"), "Summer2026!").await.status == StatusCode::UNAUTHORIZED {
        tried += 1;
        try_in(&house, &attacker, "mallory@acme.com", PASSWORD).await;
        assert!(tried < 100);
    }

    assert!((20..=22).contains(&tried), "{tried}");
    assert_eq!(try_in(&house, &neighbour, "mallory@acme.com", PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_forwarded_address_is_taken_from_a_proxy_beside_us_only() {
    let house = House::new().await;
    let near = Browser { address: [10, 0, 0, 2], ..Browser::new() };
    for at in 0..60 {
        let (email, forwarded) = (format!("victim{at}@acme.com"), format!("203.0.113.{at}"));
        let headers = [("x-email", &*email), ("x-password", "wrong horse"), ("x-forwarded-for", &*forwarded)];
        assert_eq!(house.ask(&near, Method::POST, "/login", &headers).await.status, StatusCode::UNAUTHORIZED);
    }

    let far = Browser::new();
    let mut last = StatusCode::OK;
    for at in 0..30 {
        let (email, forwarded) = (format!("other{at}@acme.com"), format!("203.0.113.{at}"));
        let headers = [("x-email", &*email), ("x-password", "wrong horse"), ("x-forwarded-for", &*forwarded)];
        last = house.ask(&far, Method::POST, "/login", &headers).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

/// A dump of the platform holds nothing that lets anybody in.
#[tokio::test]
async fn nothing_that_lets_in_is_kept_as_it_is() {
    let house = House::new().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let by = house.as_member(&owner).await;
    let factor = house.door.offer_second_factor(by.person().unwrap()).await.unwrap();
    let mail = house.door.invite(&by, &InvitationPlan { email: "eva@acme.com".into(), role: Role::Agent, reach: Reach::All }).await.unwrap();
    let reset = house.door.ask_reset("ana@acme.com", &owner.device()).await.unwrap().unwrap();
    let scopes = [Permission::Send].into();
    let key = house.door.make_key(&by, &KeyPlan { name: "till".into(), test: false, scopes, reach: Reach::All }).await.unwrap();

    let links = [&mail.link, &reset.link].map(|link| link.expose_secret().rsplit('/').next().unwrap().to_owned());
    let secrets = [PASSWORD.to_owned(), owner.cookie.clone().unwrap(), key.key.expose_secret().to_owned(), factor.secret.expose_secret().to_owned()];
    let raw = data_encoding::BASE32_NOPAD.decode(factor.secret.expose_secret().as_bytes()).unwrap();
    let mut found = Vec::new();
    for file in ["platform.db", "platform.db-wal"] {
        found.extend(std::fs::read(house._folder.path().join("data").join(file)).unwrap());
    }
    let holds = |what: &[u8]| found.windows(what.len()).any(|window| window == what);
    assert!(holds(b"ana@acme.com") && holds(key.row.prefix.as_bytes()), "the files were read");
    for secret in secrets.iter().chain(&links) {
        assert!(!holds(secret.as_bytes()), "{secret}");
    }
    assert!(!holds(&raw));
}
