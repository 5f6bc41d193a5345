//! People, sessions, links and keys, as both engines keep them.

use std::time::Duration;

use relevo_model::*;
use relevo_store::*;

use crate::support::*;

on_both!(
    an_address_belongs_to_one_person,
    a_membership_counts_while_its_business_is_active,
    a_session_is_found_by_its_present_token_while_it_lasts,
    a_code_and_a_recovery_code_work_once,
    an_attempt_is_counted_before_it_is_made,
    a_link_works_once_and_replaces_the_earlier_one,
    a_key_is_found_until_it_is_revoked,
    each_business_has_its_own_lines_of_the_audit_log,
    what_has_ended_is_dropped,
    many_attempts_at_once_are_counted_one_by_one,
);

fn user(w: &World, email: &str) -> User {
    User {
        id: w.clock.id(),
        email: email.into(),
        name: "Ana".into(),
        password: None,
        locale: None,
        totp_secret: None,
        totp_since: None,
        totp_step: 0,
        operator: false,
        created_at: w.now(),
    }
}

async fn write(w: &World) -> Write {
    w.store.platform().write().await.unwrap()
}

async fn read(w: &World) -> Read {
    w.store.platform().read().await.unwrap()
}

async fn add(w: &World, email: &str) -> UserId {
    let user = user(w, email);
    let mut tx = write(w).await;
    tx.add_user(&user).await.unwrap();
    tx.commit().await.unwrap();
    user.id
}

fn session(w: &World, user: UserId) -> Login {
    Login {
        id: w.clock.id(),
        user_id: user,
        tenant_id: Some(w.tenant.id.to_string()),
        kind: SessionKind::Cookie,
        awaits_code: false,
        user_agent: Some("Test/1.0 \u{1f600}".into()),
        address: Some("2001:db8::1".into()),
        created_at: w.now(),
        last_used_at: w.now(),
        expires_at: w.now().after(Duration::from_secs(100)),
    }
}

async fn an_address_belongs_to_one_person(w: World) {
    let ana = add(&w, "ana@acme.com").await;

    let again = write(&w).await.add_user(&user(&w, "ana@acme.com")).await;
    let shouted = write(&w).await.add_user(&user(&w, "Ana@acme.com")).await;

    assert!(matches!(again, Err(Error::Conflict(_))) && matches!(shouted, Err(Error::Conflict(_))));
    assert_eq!(read(&w).await.people().by_email("ana@acme.com").await.unwrap().unwrap().id, ana);
    let bea = add(&w, "bea@acme.com").await;
    let listed: Vec<UserId> = read(&w).await.people().list("ana@acme.com", 9).await.unwrap().iter().map(|user| user.id).collect();
    assert_eq!(listed, [bea]);
}

async fn a_membership_counts_while_its_business_is_active(w: World) {
    let ana = add(&w, "ana@acme.com").await;
    let reach: Reach = [w.point].into_iter().collect();
    let membership = Membership { user_id: ana, tenant_id: w.tenant.id, role: Role::Agent, reach, created_at: w.now() };
    let mut tx = write(&w).await;
    tx.save_membership(&Membership { role: Role::Owner, ..membership.clone() }).await.unwrap();
    tx.save_membership(&membership).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(read(&w).await.people().membership(&ana, &w.tenant.id).await.unwrap(), Some(membership));
    assert_eq!(read(&w).await.people().owners(&w.tenant.id).await.unwrap(), 0);
    assert_eq!(read(&w).await.people().workplaces(&ana).await.unwrap()[0].slug, "acme");
    assert_eq!(read(&w).await.people().colleagues(&w.tenant.id, "", 9).await.unwrap()[0].email, "ana@acme.com");
    w.store.platform().set_tenant_state(&w.tenant.id, TenantState::Suspended).await.unwrap();
    assert_eq!(read(&w).await.people().membership(&ana, &w.tenant.id).await.unwrap(), None);
    assert!(read(&w).await.people().workplaces(&ana).await.unwrap().is_empty());
    assert_eq!(read(&w).await.people().memberships_of(&ana).await.unwrap().len(), 1);
}

async fn a_session_is_found_by_its_present_token_while_it_lasts(w: World) {
    let ana = add(&w, "ana@acme.com").await;
    let bea = add(&w, "bea@acme.com").await;
    let (one, other) = (session(&w, ana), session(&w, ana));
    let mut tx = write(&w).await;
    tx.add_session(&one, "one").await.unwrap();
    tx.add_session(&other, "other").await.unwrap();
    assert!(tx.rotate_session(&one.id, "two").await.unwrap());
    assert!(!tx.remove_session(&bea, &one.id).await.unwrap());
    tx.commit().await.unwrap();

    let found = async |token: &str, now: Time, idle: Time| read(&w).await.sessions().by_token(token, now, idle).await.unwrap().map(|found| found.id);
    let (now, never) = (w.now(), Time(0));
    assert_eq!(found("one", now, never).await, None);
    assert_eq!(found("two", now, never).await, Some(one.id));
    assert_eq!(found("two", one.expires_at, never).await, None);
    assert_eq!(found("two", now, one.last_used_at).await, None);
    let mut tx = write(&w).await;
    assert_eq!(tx.remove_sessions_of(&ana, Some(&other.id)).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(read(&w).await.sessions().list_of(&ana, now, never).await.unwrap().iter().map(|one| one.id).collect::<Vec<_>>(), [other.id]);
}

async fn a_code_and_a_recovery_code_work_once(w: World) {
    let ana = add(&w, "ana@acme.com").await;
    let mut tx = write(&w).await;
    assert!(tx.offer_totp(&ana, b"sealed").await.unwrap());
    assert!(tx.prove_totp(&ana, 7, w.now()).await.unwrap());
    tx.save_recovery_codes(&ana, &["a".into(), "b".into()]).await.unwrap();

    assert!(!tx.offer_totp(&ana, b"another").await.unwrap() && !tx.prove_totp(&ana, 9, w.now()).await.unwrap());
    assert_eq!(
        [tx.take_totp_step(&ana, 7).await.unwrap(), tx.take_totp_step(&ana, 8).await.unwrap(), tx.take_totp_step(&ana, 8).await.unwrap()],
        [false, true, false]
    );
    assert_eq!([tx.take_recovery_code(&ana, "a").await.unwrap(), tx.take_recovery_code(&ana, "a").await.unwrap()], [true, false]);
    assert_eq!(tx.people().recovery_codes(&ana).await.unwrap(), 1);
    tx.remove_totp(&ana).await.unwrap();
    assert_eq!(tx.people().recovery_codes(&ana).await.unwrap(), 0);
    assert!(tx.people().find(&ana).await.unwrap().unwrap().totp_secret.is_none());
}

const PATIENCE: Patience = Patience { free: 2, longest: Duration::from_secs(4), forgets: Duration::from_secs(60) };

async fn knock(w: &World) -> Option<i64> {
    let mut tx = write(w).await;
    let until = tx.knock("ana", w.now(), PATIENCE).await.unwrap();
    tx.commit().await.unwrap();
    until.map(|until| (until.0 - w.now().0) / 1_000)
}

async fn an_attempt_is_counted_before_it_is_made(w: World) {
    let mut waits = Vec::new();
    for _ in 0..3 {
        assert_eq!(knock(&w).await, None);
    }
    for _ in 0..4 {
        let wait = knock(&w).await.unwrap();
        waits.push(wait);
        w.clock.advance(Duration::from_secs(wait.unsigned_abs()));
        assert_eq!(knock(&w).await, None);
    }
    assert_eq!(waits, [1, 2, 4, 4]);

    w.clock.advance(Duration::from_secs(61));
    for _ in 0..3 {
        assert_eq!(knock(&w).await, None);
    }
    assert_eq!(knock(&w).await, Some(1));
    let mut tx = write(&w).await;
    tx.forgive("ana").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(knock(&w).await, None);
}

async fn many_attempts_at_once_are_counted_one_by_one(w: World) {
    let answers = futures::future::join_all((0..12).map(|_| knock(&w))).await;

    assert_eq!(answers.iter().filter(|wait| wait.is_none()).count(), 3);
}

async fn a_link_works_once_and_replaces_the_earlier_one(w: World) {
    let ana = add(&w, "ana@acme.com").await;
    let end = w.now().after(Duration::from_secs(60));
    let mut tx = write(&w).await;
    tx.add_reset(&ana, "first", w.now(), end).await.unwrap();
    assert!(tx.add_reset_for("ana@acme.com", "second", w.now(), end).await.unwrap());
    assert!(!tx.add_reset_for("nobody@acme.com", "third", w.now(), end).await.unwrap());

    for (token, whose) in [("first", None), ("second", Some(ana)), ("third", None)] {
        assert_eq!(tx.reset_by_token(token, w.now()).await.unwrap(), whose);
    }
    assert_eq!(tx.reset_by_token("second", end).await.unwrap(), None);
    assert_eq!([tx.take_reset(&ana, "second").await.unwrap(), tx.take_reset(&ana, "second").await.unwrap()], [true, false]);

    let invitation = |id| Invitation {
        id,
        tenant_id: w.tenant.id,
        email: "eva@acme.com".into(),
        role: Role::Viewer,
        reach: Reach::All,
        invited_by: ana,
        created_at: w.now(),
        expires_at: end,
    };
    let (one, two) = (invitation(w.clock.id()), invitation(w.clock.id()));
    tx.add_invitation(&one, "one").await.unwrap();
    tx.add_invitation(&two, "two").await.unwrap();
    assert!(tx.invitations().by_token("one", w.now()).await.unwrap().is_none());
    assert_eq!(tx.invitations().list_of(&w.tenant.id, w.now(), "", 9).await.unwrap().len(), 1);
    assert_eq!(tx.invitations().list_by_inviter(&w.tenant.id, &ana).await.unwrap()[0].id, two.id);
    assert!(tx.invitations().list_by_inviter(&w.tenant.id, &w.clock.id()).await.unwrap().is_empty());
    assert!(tx.invitations().list_by_inviter(&w.clock.id(), &ana).await.unwrap().is_empty());
    assert!(!tx.remove_invitation(&w.clock.id(), &two.id).await.unwrap(), "another business's");
    assert!(tx.remove_invitation(&w.tenant.id, &two.id).await.unwrap());
}

async fn a_key_is_found_until_it_is_revoked(w: World) {
    let key = ApiKey {
        id: w.clock.id(),
        prefix: "rlv_live_abcdef".into(),
        tenant_id: w.tenant.id,
        name: "Till".into(),
        test: false,
        role: Role::Admin,
        reach: Reach::All,
        scopes: "send,see-orders".into(),
        created_by: w.clock.id(),
        created_at: w.now(),
        last_used_at: None,
        revoked_at: None,
    };
    let other = w.neighbour("other").await.tenant();
    let mut tx = write(&w).await;
    tx.add_api_key(&key, "hash").await.unwrap();
    tx.use_api_key(&key.id, w.now()).await.unwrap();

    assert_eq!(tx.api_keys().by_hash("hash").await.unwrap().unwrap().last_used_at, Some(w.now().0));
    assert_eq!(tx.api_keys().list_by_maker(&w.tenant.id, &key.created_by).await.unwrap()[0].id, key.id);
    assert!(tx.api_keys().list_by_maker(&w.tenant.id, &w.clock.id()).await.unwrap().is_empty());
    assert!(tx.api_keys().list_by_maker(&other, &key.created_by).await.unwrap().is_empty());
    assert!(!tx.revoke_api_key(&other, &key.id, w.now()).await.unwrap());
    assert!(tx.revoke_api_key(&w.tenant.id, &key.id, w.now()).await.unwrap());
    assert!(tx.api_keys().list_by_maker(&w.tenant.id, &key.created_by).await.unwrap().is_empty());
    assert!(tx.api_keys().by_hash("hash").await.unwrap().is_none());
    assert_eq!(tx.api_keys().list_of(&w.tenant.id, None, 9).await.unwrap()[0].revoked_at, Some(w.now().0));
    assert!(tx.api_keys().list_of(&w.tenant.id, Some(&key.id), 9).await.unwrap().is_empty());
}

async fn each_business_has_its_own_lines_of_the_audit_log(w: World) {
    let other = w.neighbour("other").await.tenant();
    let line = |action: &str| Audit { id: w.clock.id(), actor: "ana".into(), action: action.into(), subject: None, created_at: w.now() };
    let (first, second) = (line("member.invited"), line("member.joined"));
    let mut tx = write(&w).await;
    tx.note_of(Some(&w.tenant.id), &first).await.unwrap();
    tx.note_of(Some(&w.tenant.id), &second).await.unwrap();
    tx.note_of(Some(&other), &line("member.removed")).await.unwrap();
    tx.note_of(None, &line("user.registered")).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = w.cell.write().await.unwrap();
    tx.note(&first).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(read(&w).await.audit_log().list_of(&w.tenant.id, None, 9).await.unwrap(), [second.clone(), first.clone()]);
    assert_eq!(read(&w).await.audit_log().list_of(&w.tenant.id, Some(&second.id), 9).await.unwrap()[0], first);
    assert_eq!(w.cell.read().await.unwrap().audit_log().list(None, 9).await.unwrap(), [first]);
}

async fn what_has_ended_is_dropped(w: World) {
    let ana = add(&w, "ana@acme.com").await;
    let (one, other) = (session(&w, ana), session(&w, ana));
    let mut tx = write(&w).await;
    tx.add_session(&one, "one").await.unwrap();
    tx.add_session(&Login { expires_at: Time(i64::MAX), ..other }, "other").await.unwrap();
    tx.add_reset(&ana, "link", w.now(), one.expires_at).await.unwrap();
    tx.knock("ana", w.now(), PATIENCE).await.unwrap();

    assert_eq!(tx.forget_ended(w.now(), Time(0), Time(0)).await.unwrap(), 0);
    assert_eq!(tx.forget_ended(one.expires_at, Time(0), w.now()).await.unwrap(), 3);
    assert!(tx.sessions().by_token("other", one.expires_at, Time(0)).await.unwrap().is_some());
}
