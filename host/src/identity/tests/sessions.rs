//! How sessions begin, change hands and end.

use std::time::Duration;

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_login_never_takes_a_token_that_the_browser_brought() {
    let house = House::new().await;
    house.user("ana").await;
    house.user("eva").await;
    let mut planted = Browser { cookie: Some("chosen-by-the-attacker".into()), ..Browser::new() };
    let mut attacker = Browser::new();
    attacker.enters(&house, "eva", PASSWORD).await.unwrap();
    let mut victim = attacker.clone();

    planted.enters(&house, "ana", PASSWORD).await.unwrap();
    victim.enters(&house, "ana", PASSWORD).await.unwrap();

    assert_ne!(planted.cookie.as_deref(), Some("chosen-by-the-attacker"));
    assert_ne!(victim.cookie, attacker.cookie);
    assert_eq!(house.get(&victim, "/api/me").await, StatusCode::OK);
    assert_eq!(house.get(&attacker, "/api/me").await, StatusCode::UNAUTHORIZED);
    let chosen = Browser { cookie: Some("chosen-by-the-attacker".into()), ..Browser::new() };
    assert_eq!(house.get(&chosen, "/api/me").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_revoked_session_is_out_with_its_next_request() {
    let house = House::new().await;
    house.user("ana").await;
    let (mut desk, mut phone) = (Browser::new(), Browser::new());
    desk.enters(&house, "ana", PASSWORD).await.unwrap();
    let phone_session = phone.enters(&house, "ana", PASSWORD).await.unwrap().session;
    let person = house.person(&desk).await;
    assert_eq!(house.door.sessions(&person).await.unwrap().len(), 2);
    assert_eq!(house.get(&phone, "/api/me").await, StatusCode::OK);

    house.door.revoke(&person, &phone_session).await.unwrap();

    assert_eq!(house.get(&phone, "/api/me").await, StatusCode::UNAUTHORIZED);
    assert_eq!(house.get(&desk, "/api/me").await, StatusCode::OK);
    house.door.log_out(&person).await.unwrap();
    assert_eq!(house.get(&desk, "/api/me").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_ends_the_session_of_somebody_else() {
    let house = House::new().await;
    let (_, ana) = house.member("ana", Role::Owner).await;
    let (_, eva) = house.member("eva", Role::Agent).await;
    let (hers, of_ana) = (house.person(&eva).await, house.person(&ana).await);

    assert!(matches!(house.door.revoke(&hers, &of_ana.session).await, Err(Error::Gone)));
    house.door.revoke_others(&hers).await.unwrap();
    assert_eq!(house.get(&ana, "/api/me").await, StatusCode::OK);
}

#[tokio::test]
async fn a_session_ends_after_a_week_unused_and_after_a_month_in_any_case() {
    let house = House::new().await;
    house.user("ana").await;
    let (mut used, mut idle) = (Browser::new(), Browser::new());
    used.enters(&house, "ana", PASSWORD).await.unwrap();
    idle.enters(&house, "ana", PASSWORD).await.unwrap();

    for day in 1..=29 {
        house.clock.advance(24 * HOUR);
        assert_eq!(house.get(&used, "/api/me").await, StatusCode::OK, "day {day}");
        if day == 7 {
            assert_eq!(house.get(&idle, "/api/me").await, StatusCode::UNAUTHORIZED);
        }
    }
    house.clock.advance(24 * HOUR);
    assert_eq!(house.get(&used, "/api/me").await, StatusCode::UNAUTHORIZED);
    assert_eq!(house.door.forget_ended().await.unwrap(), 3, "two sessions and the count of an address");
}

#[tokio::test]
async fn what_opens_more_opens_under_another_token() {
    let house = House::new().await;
    let (user, mut browser) = house.member("ana", Role::Owner).await;
    house.enrol(&user, &house.other, Role::Agent, Reach::All).await;
    let (old, person) = (browser.clone(), house.person(&browser).await);

    let entry = house.door.switch_business(&person, &house.other).await.unwrap().unwrap();
    browser.keeps(&entry);

    assert_eq!(house.get(&old, "/api/me").await, StatusCode::UNAUTHORIZED);
    assert_eq!(house.ask(&browser, Method::GET, "/api/send", &[]).await.body, house.other.to_string());
    assert_eq!(house.get(&browser, "/api/see-money").await, StatusCode::FORBIDDEN);
    let stranger = house.user("stranger").await;
    let nowhere = Person { id: stranger, ..house.person(&browser).await };
    assert!(matches!(house.door.switch_business(&nowhere, &house.other).await, Err(Error::Refused(Refusal::NotFound))));
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let house = House::new().await;
    house.user("ana").await;
    let (mut desk, mut phone) = (Browser::new(), Browser::new());
    desk.enters(&house, "ana", PASSWORD).await.unwrap();
    phone.enters(&house, "ana", PASSWORD).await.unwrap();
    let (old, person) = (desk.clone(), house.person(&desk).await);
    let wrong = house.door.change_password(&person, &"not this one".into(), &"another horse".into(), &desk.device()).await;

    let entry = house.door.change_password(&person, &PASSWORD.into(), &"another horse".into(), &desk.device()).await.unwrap().unwrap();
    desk.keeps(&entry);

    assert!(matches!(wrong, Err(Error::Wrong)));
    for (browser, expected) in [(&desk, StatusCode::OK), (&old, StatusCode::UNAUTHORIZED), (&phone, StatusCode::UNAUTHORIZED)] {
        assert_eq!(house.get(browser, "/api/me").await, expected);
    }
    assert!(matches!(Browser::new().enters(&house, "ana", PASSWORD).await, Err(Error::Wrong)));
    assert!(Browser::new().enters(&house, "ana", "another horse").await.is_ok());
}

#[tokio::test]
async fn a_bearer_stands_on_its_session_and_on_nothing_else() {
    let house = House::new().await;
    let (user, browser) = house.member("ana", Role::Admin).await;
    let attempt = Attempt { email: email("ana"), password: PASSWORD.into() };
    let bearer = house.door.log_in_for_token(&attempt, None, &Browser::new().device()).await.unwrap();
    assert_eq!(house.get_with(&bearer.token, "/api/me").await, StatusCode::OK);
    assert_eq!(house.get_with(&bearer.token, &format!("/api/send?business_id={}", house.acme)).await, StatusCode::OK);

    // A token of ours for the session of a cookie, and one for somebody else's session.
    let person = house.person(&browser).await;
    let now = house.clock.now();
    let for_cookie: SecretString = house.door.signer.sign(user, person.session, now).into();
    let eva = house.user("eva").await;
    let claims = house.door.signer.verify(bearer.token.expose_secret(), now).unwrap();
    let for_eva: SecretString = house.door.signer.sign(eva, claims.sid, now).into();
    assert_eq!(house.get_with(&for_cookie, "/api/me").await, StatusCode::UNAUTHORIZED);
    assert_eq!(house.get_with(&for_eva, "/api/me").await, StatusCode::UNAUTHORIZED);

    house.door.revoke(&person, &claims.sid).await.unwrap();
    assert_eq!(house.get_with(&bearer.token, "/api/me").await, StatusCode::UNAUTHORIZED);
    let again = house.door.log_in_for_token(&attempt, None, &Browser::new().device()).await.unwrap();
    house.clock.advance(HOUR / 4);
    assert_eq!(house.get_with(&again.token, "/api/me").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn beside_an_authorization_a_cookie_counts_for_nothing() {
    let house = House::new().await;
    let (_, browser) = house.member("ana", Role::Owner).await;

    for authorization in ["Bearer x", "Bearer rlv_live_x", "Basic YTpi", "Bearer", ""] {
        let answer = house.ask(&browser, Method::POST, "/api/me", &[("authorization", authorization), ("origin", "https://evil.com")]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{authorization}");
    }
}
