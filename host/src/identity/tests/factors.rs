//! The second factor, links for a new password, and API keys.

use std::time::Duration;

use super::*;

/// The code that the app of this secret shows now.
fn shown(house: &House, secret: &SecretString) -> String {
    let secret = data_encoding::BASE32_NOPAD.decode(secret.expose_secret().as_bytes()).unwrap();
    totp::code(&secret, totp::step_of(house.clock.now()))
}

async fn with_second_factor(house: &House) -> (Browser, SecretString, RecoveryCodes) {
    let (_, mut browser) = house.member("ana", Role::Owner).await;
    let person = house.person(&browser).await;
    let factor = house.door.offer_second_factor(&person).await.unwrap();
    let (entry, codes) = house.door.prove_second_factor(&person, &shown(house, &factor.secret), &browser.device()).await.unwrap();
    browser.keeps(&entry.unwrap());
    (browser, factor.secret, codes)
}

fn link_token(mail: &OutgoingMail) -> String {
    mail.link.expose_secret().rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn between_password_and_code_nothing_is_open() {
    let house = House::new().await;
    let (_, secret, _) = with_second_factor(&house).await;
    house.clock.advance(Duration::from_secs(60));
    let mut browser = Browser::new();
    let entry = browser.enters(&house, "ana", PASSWORD).await.unwrap();
    assert!(entry.awaits_code);
    let half = browser.clone();
    assert_eq!(house.get(&half, "/api/me").await, StatusCode::UNAUTHORIZED);
    assert_eq!(house.get(&half, "/api/send").await, StatusCode::UNAUTHORIZED);

    assert!(matches!(house.door.enter_code("000000", &half.device()).await, Err(Error::WrongCode)));
    let entry = house.door.enter_code(&shown(&house, &secret), &half.device()).await.unwrap();
    browser.keeps(&entry);

    assert_eq!(house.get(&browser, "/api/me").await, StatusCode::OK);
    assert_eq!(house.get(&half, "/api/me").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_code_lets_in_once() {
    let house = House::new().await;
    let (_, secret, _) = with_second_factor(&house).await;
    let attempt = Attempt { email: email("ana"), password: PASSWORD.into() };
    let device = Browser::new().device();
    // The one that proved the secret is used up by that.
    let code = shown(&house, &secret);
    assert!(matches!(house.door.log_in_for_token(&attempt, Some(&code), &device).await, Err(Error::WrongCode)));

    house.clock.advance(Duration::from_secs(30));
    let code = shown(&house, &secret);
    assert!(house.door.log_in_for_token(&attempt, Some(&code), &device).await.is_ok());
    assert!(matches!(house.door.log_in_for_token(&attempt, Some(&code), &device).await, Err(Error::WrongCode)));
    assert!(matches!(house.door.log_in_for_token(&attempt, None, &device).await, Err(Error::CodeNeeded)));
}

#[tokio::test]
async fn a_recovery_code_lets_in_once_however_it_is_written() {
    let house = House::new().await;
    let (_, _, codes) = with_second_factor(&house).await;
    let code = codes.0[3].expose_secret().to_uppercase().replace('-', " ");
    let attempt = Attempt { email: email("ana"), password: PASSWORD.into() };
    let device = Browser::new().device();

    assert!(house.door.log_in_for_token(&attempt, Some(&code), &device).await.is_ok());
    assert!(matches!(house.door.log_in_for_token(&attempt, Some(&code), &device).await, Err(Error::WrongCode)));
    assert_eq!(codes.0.len(), 10);
}

#[tokio::test]
async fn codes_are_not_guessed_even_with_the_password() {
    let house = House::new().await;
    let (_, secret, _) = with_second_factor(&house).await;
    let mut refused = 0;
    for guess in 0..30 {
        house.clock.advance(Duration::from_millis(10));
        let mut browser = Browser { address: [203, 0, 113, guess], ..Browser::new() };
        browser.enters(&house, "ana", PASSWORD).await.unwrap();
        match house.door.enter_code("123456", &browser.device()).await {
            Err(Error::WrongCode) => {}
            Err(Error::TooMany(_)) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refused, 24);
    house.clock.advance(Duration::from_secs(60));
    let mut browser = Browser::new();
    browser.enters(&house, "ana", PASSWORD).await.unwrap();
    assert!(house.door.enter_code(&shown(&house, &secret), &browser.device()).await.is_ok());
}

#[tokio::test]
async fn a_second_factor_is_not_replaced_by_whoever_finds_an_open_browser() {
    let house = House::new().await;
    let (browser, secret, codes) = with_second_factor(&house).await;
    let person = house.person(&browser).await;
    house.clock.advance(Duration::from_secs(30));

    assert!(matches!(house.door.offer_second_factor(&person).await, Err(Error::Refused(Refusal::Forbidden))));
    let code = shown(&house, &secret);
    let device = browser.device();
    assert!(matches!(house.door.remove_second_factor(&person, &"wrong horse".into(), &code, &device).await, Err(Error::Wrong)));
    assert!(matches!(house.door.remove_second_factor(&person, &PASSWORD.into(), "000000", &device).await, Err(Error::WrongCode)));
    house.door.remove_second_factor(&person, &PASSWORD.into(), &code, &device).await.unwrap();
    assert_eq!(house.door.recovery_codes_left(&person).await.unwrap(), 0);
    drop(codes);
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_ends_all_sessions() {
    let house = House::new().await;
    let (_, browser) = house.member("ana", Role::Agent).await;
    let device = Browser::new().device();
    let first = house.door.ask_reset(" ANA@acme.com", &device).await.unwrap().unwrap();
    let mail = house.door.ask_reset("ana@acme.com", &device).await.unwrap().unwrap();
    let token = link_token(&mail);

    assert!(matches!(house.door.reset(&link_token(&first), &"another horse".into(), &device).await, Err(Error::Gone)), "replaced by the second");
    assert!(matches!(house.door.reset(&token, &"short".into(), &device).await, Err(Error::Invalid(_))));
    house.door.reset(&token, &"another horse".into(), &device).await.unwrap();

    assert!(matches!(house.door.reset(&token, &"a third horse".into(), &device).await, Err(Error::Gone)));
    assert_eq!(house.get(&browser, "/api/me").await, StatusCode::UNAUTHORIZED);
    assert!(Browser::new().enters(&house, "ana", "another horse").await.is_ok());
    let late = link_token(&house.door.ask_reset("ana@acme.com", &device).await.unwrap().unwrap());
    house.clock.advance(Duration::from_secs(3_600));
    assert!(!house.door.is_reset_open(&late).await.unwrap());
    assert!(matches!(house.door.reset(&late, &"a third horse".into(), &device).await, Err(Error::Gone)));
}

#[tokio::test]
async fn asking_for_a_link_tells_nothing_and_is_slowed_down_for_any_address() {
    let house = House::new().await;
    house.user("ana").await;
    for address in ["ana@acme.com", "nobody@acme.com"] {
        for _ in 0..6 {
            let mail = house.door.ask_reset(address, &Device::default()).await.unwrap();
            assert_eq!(mail.is_some(), address == "ana@acme.com");
        }
        assert!(matches!(house.door.ask_reset(address, &Device::default()).await, Err(Error::TooMany(_))));
    }
}

#[tokio::test]
async fn a_key_opens_its_scopes_in_its_business_until_it_is_revoked() {
    let house = House::new().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let by = house.as_member(&owner).await;
    let scopes = [Permission::Send, Permission::SeeOrders].into();
    let made = house.door.make_key(&by, &KeyPlan { name: "till".into(), test: false, scopes, reach: Reach::All }).await.unwrap();

    assert!(made.key.expose_secret().starts_with("rlv_live_") && made.key.expose_secret().len() == 9 + 52);
    assert!(made.key.expose_secret().starts_with(&made.row.prefix) && made.row.prefix.len() == 15);
    for (path, expected) in [
        ("/api/send", StatusCode::OK),
        ("/api/see-orders", StatusCode::OK),
        ("/api/see-money", StatusCode::FORBIDDEN),
        ("/api/manage-people", StatusCode::FORBIDDEN),
        ("/api/me", StatusCode::FORBIDDEN),
        ("/platform", StatusCode::FORBIDDEN),
        (&format!("/api/send?business_id={}", house.acme), StatusCode::OK),
        (&format!("/api/send?business_id={}", house.other), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(house.get_with(&made.key, path).await, expected, "{path}");
    }
    assert!(house.door.keys(&by, None, 9).await.unwrap()[0].last_used_at.is_some());

    house.door.revoke_key(&by, &made.row.id).await.unwrap();
    assert_eq!(house.get_with(&made.key, "/api/send").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_never_gets_what_its_maker_has_not_or_what_makes_more_of_it() {
    let house = House::new().await;
    let (_, admin) = house.member("ana", Role::Admin).await;
    let (_, agent) = house.member("eva", Role::Agent).await;
    let (admin, agent) = (house.as_member(&admin).await, house.as_member(&agent).await);
    let plan = |test: bool, scope: Permission| KeyPlan { name: "till".into(), test, scopes: [scope].into(), reach: Reach::All };

    for scope in [Permission::ManagePeople, Permission::ManageApiKeys, Permission::EraseBusiness] {
        assert!(matches!(house.door.make_key(&admin, &plan(false, scope)).await, Err(Error::Invalid(_))), "{scope}");
    }
    for scope in Permission::ALL.iter().filter(|scope| **scope != Permission::UseSimulator) {
        assert!(matches!(house.door.make_key(&admin, &plan(true, *scope)).await, Err(Error::Invalid(_))), "{scope}");
    }
    assert!(matches!(house.door.make_key(&agent, &plan(false, Permission::Send)).await, Err(Error::Refused(Refusal::TooFew(_)))));
    let test = house.door.make_key(&admin, &plan(true, Permission::UseSimulator)).await.unwrap();
    assert!(test.key.expose_secret().starts_with("rlv_test_"));
    assert_eq!(house.get_with(&test.key, "/api/use-simulator").await, StatusCode::OK);
    assert_eq!(house.get_with(&test.key, "/api/send").await, StatusCode::FORBIDDEN);
}
