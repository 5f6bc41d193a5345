//! Requests that are done once, as both engines keep them.

use std::time::Duration;

use relevo_store::*;

use crate::support::*;

on_both!(
    an_answer_is_given_again_for_a_day,
    a_key_belongs_to_one_request_of_one_caller,
    a_request_that_was_lost_is_taken_on_again,
    a_request_that_came_to_nothing_lets_its_key_go,
    of_many_at_once_one_is_taken_on,
    each_business_and_the_platform_have_keys_of_their_own,
);

fn asked(caller: &str, request: &str, attempt: &str) -> Asked {
    Asked { caller: caller.into(), key: "k-1".into(), request: request.into(), attempt: attempt.into() }
}

async fn begin(w: &World, asked: &Asked) -> Before {
    let mut tx = w.cell.write().await.unwrap();
    let before = tx.begin_once(asked, w.now()).await.unwrap();
    tx.commit().await.unwrap();
    before
}

async fn end(w: &World, asked: &Asked, answer: &[u8]) {
    let mut tx = w.cell.write().await.unwrap();
    tx.end_once(asked, answer).await.unwrap();
    tx.commit().await.unwrap();
}

async fn an_answer_is_given_again_for_a_day(w: World) {
    let first = asked("ana", "body", "1");
    assert_eq!(begin(&w, &first).await, Before::Nothing);
    assert_eq!(begin(&w, &asked("ana", "body", "2")).await, Before::InFlight);

    end(&w, &first, b"made").await;

    assert_eq!(begin(&w, &asked("ana", "body", "3")).await, Before::Answered(b"made".into()));
    w.clock.advance(Duration::from_secs(24 * 3_600 - 1));
    assert_eq!(begin(&w, &asked("ana", "body", "4")).await, Before::Answered(b"made".into()));
    w.clock.advance(Duration::from_secs(1));
    assert_eq!(begin(&w, &asked("ana", "another body", "5")).await, Before::Nothing);
}

async fn a_key_belongs_to_one_request_of_one_caller(w: World) {
    let first = asked("ana", "body", "1");
    assert_eq!(begin(&w, &first).await, Before::Nothing);

    assert_eq!(begin(&w, &asked("ana", "another body", "2")).await, Before::Other);
    assert_eq!(begin(&w, &asked("bea", "another body", "3")).await, Before::Nothing);
    end(&w, &first, b"made").await;
    assert_eq!(begin(&w, &asked("ana", "another body", "4")).await, Before::Other);
}

async fn a_request_that_was_lost_is_taken_on_again(w: World) {
    let lost = asked("ana", "body", "1");
    assert_eq!(begin(&w, &lost).await, Before::Nothing);
    w.clock.advance(Duration::from_millis(59_999));
    assert_eq!(begin(&w, &asked("ana", "body", "2")).await, Before::InFlight);

    w.clock.advance(Duration::from_millis(1));

    assert_eq!(begin(&w, &asked("ana", "another body", "3")).await, Before::Other);
    let again = asked("ana", "body", "4");
    assert_eq!(begin(&w, &again).await, Before::Nothing);
    // Whoever was given up for lost and comes back has no say.
    end(&w, &lost, b"too late").await;
    assert_eq!(begin(&w, &asked("ana", "body", "5")).await, Before::InFlight);
    end(&w, &again, b"made").await;
    assert_eq!(begin(&w, &asked("ana", "body", "6")).await, Before::Answered(b"made".into()));
}

async fn a_request_that_came_to_nothing_lets_its_key_go(w: World) {
    let first = asked("ana", "body", "1");
    assert_eq!(begin(&w, &first).await, Before::Nothing);

    let mut tx = w.cell.write().await.unwrap();
    tx.free_once(&asked("ana", "body", "other")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(begin(&w, &asked("ana", "body", "2")).await, Before::InFlight);
    let mut tx = w.cell.write().await.unwrap();
    tx.free_once(&first).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(begin(&w, &asked("ana", "another body", "3")).await, Before::Nothing);
}

async fn of_many_at_once_one_is_taken_on(w: World) {
    let all: Vec<Asked> = (0..16).map(|at| asked("ana", "body", &at.to_string())).collect();

    let before = futures::future::join_all(all.iter().map(|asked| begin(&w, asked))).await;

    assert_eq!(before.iter().filter(|before| **before == Before::Nothing).count(), 1);
    assert_eq!(before.iter().filter(|before| **before == Before::InFlight).count(), 15);
}

async fn each_business_and_the_platform_have_keys_of_their_own(w: World) {
    let other = w.store.create_tenant(&w.clock, "other", "Other", false).await.unwrap().1;
    assert_eq!(begin(&w, &asked("ana", "body", "1")).await, Before::Nothing);

    let mut tx = other.write().await.unwrap();
    assert_eq!(tx.begin_once(&asked("ana", "another body", "2"), w.now()).await.unwrap(), Before::Nothing);
    tx.commit().await.unwrap();
    let mut tx = w.store.platform().write().await.unwrap();
    assert_eq!(tx.begin_once(&asked("ana", "a third body", "3"), w.now()).await.unwrap(), Before::Nothing);
    tx.commit().await.unwrap();
}
