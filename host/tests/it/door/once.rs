//! Requests with an Idempotency-Key, on both engines.

use std::{sync::Arc, time::Duration};

use relevo_model::*;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::House;
use crate::harness::{Setup, both_engines};

fn key(name: &str) -> Value {
    json!({ "name": name, "scopes": ["send"], "service_points": "all" })
}

async fn keys(house: &House) -> i64 {
    house.test.place.number(None, "SELECT COUNT(*) FROM api_keys").await
}

both_engines! {
    async fn what_is_sent_twice_is_done_once_and_answered_twice_alike(setup: Setup) {
        let house = House::new(setup).await;
        let (_, ana) = house.member("ana", Role::Owner).await;
        let ana = ana.with("idempotency-key", "7f1c");

        let first = ana.post("/api/keys", key("till")).await;
        let second = ana.post("/api/keys", key("till")).await;

        assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));
        assert_eq!((&*first.text, first.header("location"), first.header("content-type")), (&*second.text, second.header("location"), second.header("content-type")));
        assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), ("", "true"));
        assert_eq!(keys(&house).await, 1);
        house.test.clock.advance(Duration::from_secs(24 * 3_600));
        let (_, bea) = house.member("bea", Role::Owner).await;
        bea.with("idempotency-key", "7f1c").post("/api/keys", key("till")).await.done(201);
        assert_eq!(keys(&house).await, 2);
        assert_eq!(house.test.count(house.test.tenant("acme"), "SELECT COUNT(*) FROM idempotency_keys").await, 1, "what is a day old is forgotten");
    }

    async fn a_key_is_one_request_s_of_one_caller_in_one_business(setup: Setup) {
        let house = House::new(setup).await;
        let (ana, owner) = house.member("ana", Role::Owner).await;
        house.enrol(&ana, &house.other, Role::Owner, Reach::All).await;
        let (_, bea) = house.member("bea", Role::Owner).await;
        let (owner, bea) = (owner.with("idempotency-key", "7f1c"), bea.with("idempotency-key", "7f1c"));
        owner.post("/api/keys", key("till")).await.done(201);

        owner.post("/api/keys", key("another")).await.refused(422, "idempotency-mismatch");
        owner.post(&format!("/api/keys?business_id={}", house.acme), key("till")).await.refused(422, "idempotency-mismatch");
        owner.post("/api/invitations", key("till")).await.refused(422, "idempotency-mismatch");
        let replayed = |answer: &super::Answer| answer.header("idempotency-replayed").to_owned();
        let of_bea = bea.post("/api/keys", key("till")).await;
        let elsewhere = owner.post(&format!("/api/keys?business_id={}", house.other), key("till")).await;

        assert_eq!((of_bea.status.as_u16(), replayed(&of_bea)), (201, String::new()));
        assert_eq!((elsewhere.status.as_u16(), replayed(&elsewhere)), (201, String::new()));
        assert_eq!(keys(&house).await, 3);
    }

    async fn what_comes_while_it_is_being_done_is_told_so(setup: Setup) {
        let house = House::new(setup).await;
        let (_, ana) = house.member("ana", Role::Owner).await;
        let ana = ana.with("idempotency-key", "7f1c");

        let all = futures::future::join_all((0..12).map(|_| ana.post("/api/keys", key("till")))).await;

        for answer in &all {
            match answer.status.as_u16() {
                201 => {}
                _ => {
                    answer.refused(409, "idempotency-in-flight");
                    assert_eq!(answer.header("retry-after"), "1");
                }
            }
        }
        assert!(all.iter().any(|answer| answer.status == 201 && answer.header("idempotency-replayed").is_empty()));
        assert_eq!(keys(&house).await, 1);
    }

    async fn a_request_whose_process_died_can_be_made_again_after_a_minute(setup: Setup) {
        let house = House::new(setup).await;
        let (_, ana) = house.member("ana", Role::Owner).await;
        let ana = ana.with("idempotency-key", "7f1c");
        ana.post("/api/keys", key("till")).await.done(201);
        // As the process leaves it that dies after it began.
        house.test.place.execute(Some(&house.acme), "UPDATE idempotency_keys SET answer = NULL").await;

        ana.post("/api/keys", key("till")).await.refused(409, "idempotency-in-flight");
        house.test.clock.advance(Duration::from_secs(60));
        ana.post("/api/keys", key("another")).await.refused(422, "idempotency-mismatch");
        ana.post("/api/keys", key("till")).await.done(201);

        assert_eq!(ana.post("/api/keys", key("till")).await.header("idempotency-replayed"), "true");
        assert_eq!(keys(&house).await, 2);
    }

    async fn what_cannot_be_taken_is_answered_alike_and_what_may_change_is_asked_anew(setup: Setup) {
        let house = House::new(setup).await;
        let (_, ana) = house.member("ana", Role::Owner).await;
        let ana = ana.with("idempotency-key", "7f1c");
        let invalid = json!({ "name": "", "scopes": ["send"], "service_points": "all" });
        ana.post("/api/keys", invalid.clone()).await.refused(422, "invalid");
        let again = ana.post("/api/keys", invalid).await;
        again.refused(422, "invalid");
        assert_eq!(again.header("idempotency-replayed"), "true");

        let ana = ana.with("idempotency-key", "8a2d");
        let bea = house.figure("bea").await;
        house.enrol(&bea, &house.acme, Role::Agent, Reach::All).await;
        let invitation = json!({ "email": "bea@acme.com", "role": "agent", "service_points": "all" });
        ana.post("/api/invitations", invitation.clone()).await.refused(409, "taken");
        ana.delete(&format!("/api/people/{bea}")).await.done(204);
        ana.post("/api/invitations", invitation).await.done(201);
    }

    async fn the_answer_is_kept_sealed(setup: Setup) {
        let house = House::new(setup).await;
        let (_, ana) = house.member("ana", Role::Owner).await;
        ana.with("idempotency-key", "7f1c").post("/api/keys", key("till")).await.done(201);

        let plain = if house.test.place.is_postgres() {
            "position('rlv_'::bytea IN answer) + position('status'::bytea IN answer)"
        } else {
            "instr(answer, CAST('rlv_' AS BLOB)) + instr(answer, CAST('status' AS BLOB))"
        };
        let sealed = house.test.count(house.test.tenant("acme"), "SELECT CAST(length(answer) AS BIGINT) FROM idempotency_keys").await;
        let found = house.test.count(house.test.tenant("acme"), &format!("SELECT CAST({plain} AS BIGINT) FROM idempotency_keys")).await;

        assert!(sealed > 100);
        assert_eq!(found, 0);
    }

    async fn a_key_that_cannot_be_taken_is_refused_before_anything_is_done(setup: Setup) {
        let house = House::new(setup).await;
        let (_, ana) = house.member("ana", Role::Owner).await;

        for wrong in ["", &"x".repeat(256)] {
            ana.with("idempotency-key", wrong).post("/api/keys", key("till")).await.refused(400, "bad-idempotency-key");
        }

        assert_eq!(keys(&house).await, 0);
        ana.post("/api/keys", key("till")).await.done(201);
    }

    async fn whoever_may_not_is_told_nothing_of_what_was_done(setup: Setup) {
        let house = House::new(setup).await;
        let (user, ana) = house.member("ana", Role::Owner).await;
        let ana = ana.with("idempotency-key", "7f1c");
        ana.post("/api/keys", key("till")).await.done(201);

        house.enrol(&user, &house.acme, Role::Viewer, Reach::All).await;

        ana.post("/api/keys", key("till")).await.refused(403, "permission");
    }

    async fn whoever_goes_away_is_answered_when_they_come_back(setup: Setup) {
        let house = Arc::new(House::new(setup).await);
        let (_, ana) = house.member("ana", Role::Owner).await;
        let ana = ana.with("idempotency-key", "7f1c");
        let sent = Arc::new(Semaphore::new(0));

        // A client that hangs up in the middle, wherever that is.
        let hasty = tokio::spawn({
            let (ana, sent) = (ana.clone(), Arc::clone(&sent));
            async move {
                sent.add_permits(1);
                ana.post("/api/keys", key("till")).await
            }
        });
        sent.acquire().await.unwrap().forget();
        tokio::task::yield_now().await;
        hasty.abort();
        crate::harness::until("it is answered", || async { ana.post("/api/keys", key("till")).await.status == 201 }).await;

        assert_eq!(keys(&house).await, 1);
    }
}
