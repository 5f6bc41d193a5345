//! Statuses: in any order, any number of times, before or after the send is marked.

use relevo_model::*;
use relevo_store::{hot::*, *};

use crate::support::*;

on_both!(
    a_status_that_is_faster_than_the_mark_is_kept_and_applied,
    a_faster_status_with_our_own_id_is_applied_at_once,
    a_state_only_advances_in_whatever_order_it_is_told,
    states_told_in_one_batch_in_reverse_leave_the_furthest,
    a_failure_told_early_is_applied_with_its_problem,
    a_failure_comes_after_sent_and_not_after_delivered,
    our_own_id_counts_before_the_providers,
    an_id_of_ours_that_is_none_falls_back_on_the_providers,
    a_status_settles_what_nobody_knew_the_fate_of,
    a_failure_settles_what_nobody_knew_the_fate_of_too,
    a_status_of_something_that_came_in_changes_nothing,
    a_status_of_what_is_not_ours_is_kept_and_told_to_nobody,
    a_status_that_nobody_came_to_know_is_dropped_by_its_age,
    statuses_of_many_messages_in_one_batch_each_find_their_own,
);

async fn a_status_that_is_faster_than_the_mark_is_kept_and_applied(w: World) {
    let (chat, said) = w.answered(ANA, &["¡Hola!"]).await;
    w.claim(said[0]).await;
    for state in [Delivery::Sent, Delivery::Delivered, Delivery::Delivered] {
        w.status("wamid.1", None, state).await;
    }
    assert_eq!(w.message(&said[0]).await.state, Delivery::Queued);

    w.mark(&chat, said[0], SendEnd::Sent { provider_id: "wamid.1".into() }).await;

    assert_eq!((w.message(&said[0]).await.state, w.outbox(&said[0]).await), (Delivery::Delivered, OutboxState::Sent));
    assert_eq!(w.count("SELECT COUNT(*) FROM early_statuses").await, 0);
}

async fn a_faster_status_with_our_own_id_is_applied_at_once(w: World) {
    let (chat, said) = w.answered(ANA, &["¡Hola!"]).await;
    w.claim(said[0]).await;

    w.status("wamid.1", Some(said[0].as_str()), Delivery::Delivered).await;
    assert_eq!((w.message(&said[0]).await.state, w.outbox(&said[0]).await), (Delivery::Delivered, OutboxState::Sent));
    w.mark(&chat, said[0], SendEnd::Sent { provider_id: "wamid.1".into() }).await;

    let message = w.message(&said[0]).await;
    assert_eq!((message.state, message.provider_id.as_deref()), (Delivery::Delivered, Some("wamid.1")));
    w.status("wamid.1", None, Delivery::Read).await;
    assert_eq!(w.message(&said[0]).await.state, Delivery::Read);
}

async fn a_state_only_advances_in_whatever_order_it_is_told(w: World) {
    let (_, said) = w.sent(ANA, "wamid.1").await;

    let mut seen = Vec::new();
    for state in [Delivery::Sent, Delivery::Read, Delivery::Delivered, Delivery::Read, Delivery::Failed, Delivery::Sent] {
        w.status("wamid.1", None, state).await;
        seen.push(w.message(&said).await.state);
    }

    use Delivery::{Read, Sent};
    assert_eq!(seen, [Sent, Read, Read, Read, Read, Read]);
}

async fn states_told_in_one_batch_in_reverse_leave_the_furthest(w: World) {
    let (_, said) = w.sent(ANA, "wamid.1").await;
    let (_, other) = w.sent(BRUNO, "wamid.2").await;
    let batch = [
        ("wamid.1", Delivery::Read),
        ("wamid.2", Delivery::Sent),
        ("wamid.1", Delivery::Delivered),
        ("wamid.2", Delivery::Delivered),
        ("wamid.1", Delivery::Sent),
    ]
    .map(|(id, state)| w.arrival(&format!("s:{id}:{state}"), status(id, None, state)));

    w.cell.receive(batch.to_vec()).await.unwrap();

    assert_eq!((w.message(&said).await.state, w.message(&other).await.state), (Delivery::Read, Delivery::Delivered));
}

async fn a_failure_told_early_is_applied_with_its_problem(w: World) {
    let (chat, said) = w.answered(ANA, &["¡Hola!"]).await;
    w.claim(said[0]).await;
    w.mark(&chat, said[0], SendEnd::Uncertain { until: Time(NOON.0 + 20_000) }).await;
    w.status("wamid.1", None, Delivery::Failed).await;

    w.status("wamid.1", Some(said[0].as_str()), Delivery::Failed).await;

    let message = w.message(&said[0]).await;
    assert_eq!((message.state, message.problem.unwrap().0.code), (Delivery::Failed, 131_026));
}

async fn a_failure_comes_after_sent_and_not_after_delivered(w: World) {
    let (_, first) = w.sent(ANA, "wamid.1").await;
    let (_, second) = w.sent(BRUNO, "wamid.2").await;
    w.status("wamid.2", None, Delivery::Delivered).await;

    w.status("wamid.1", None, Delivery::Failed).await;
    w.status("wamid.2", None, Delivery::Failed).await;

    // WhatsApp accepts first and tells minutes later that it could not deliver.
    assert_eq!((w.message(&first).await.state, w.message(&second).await.state), (Delivery::Failed, Delivery::Delivered));
}

async fn our_own_id_counts_before_the_providers(w: World) {
    let (_, first) = w.sent(ANA, "wamid.1").await;
    let (_, second) = w.sent(BRUNO, "wamid.2").await;

    w.status("wamid.1", Some(second.as_str()), Delivery::Read).await;

    assert_eq!((w.message(&first).await.state, w.message(&second).await.state), (Delivery::Sent, Delivery::Read));
    assert_eq!(w.message(&second).await.provider_id.as_deref(), Some("wamid.2"));
}

async fn an_id_of_ours_that_is_none_falls_back_on_the_providers(w: World) {
    let (_, said) = w.sent(ANA, "wamid.1").await;

    w.status("wamid.1", Some("crm-4711"), Delivery::Read).await;

    assert_eq!(w.message(&said).await.state, Delivery::Read);
}

async fn a_status_settles_what_nobody_knew_the_fate_of(w: World) {
    let (chat, said) = w.answered(ANA, &["a", "b"]).await;
    w.claim(said[0]).await;
    w.mark(&chat, said[0], SendEnd::Uncertain { until: Time(NOON.0 + 20_000) }).await;
    w.heard().await;

    w.status("wamid.1", Some(said[0].as_str()), Delivery::Sent).await;

    assert_eq!((w.outbox(&said[0]).await, w.message(&said[0]).await.state), (OutboxState::Sent, Delivery::Sent));
    assert!(w.heard().await.iter().any(|notice| matches!(notice, Notice::Settled(talk, id) if (*talk, *id) == (chat.id, said[0]))));
    assert_eq!(w.outbox(&said[1]).await, OutboxState::Pending);
}

async fn a_failure_settles_what_nobody_knew_the_fate_of_too(w: World) {
    let (chat, said) = w.answered(ANA, &["a"]).await;
    w.claim(said[0]).await;
    w.mark(&chat, said[0], SendEnd::Uncertain { until: Time(NOON.0 + 20_000) }).await;

    w.status("wamid.1", Some(said[0].as_str()), Delivery::Failed).await;

    assert_eq!((w.outbox(&said[0]).await, w.message(&said[0]).await.state), (OutboxState::Failed, Delivery::Failed));
}

async fn a_status_of_something_that_came_in_changes_nothing(w: World) {
    let arrival = w.arrival("m:1", message("wamid.in", vec![number(ANA)], "hola"));
    w.cell.receive(vec![arrival.clone()]).await.unwrap();

    w.status("wamid.in", None, Delivery::Read).await;

    assert_eq!(w.message(&arrival.message).await.state, Delivery::Received);
}

async fn a_status_of_what_is_not_ours_is_kept_and_told_to_nobody(w: World) {
    w.says(ANA, "hola").await;
    w.heard().await;

    w.status("wamid.elsewhere", None, Delivery::Delivered).await;
    w.status("wamid.elsewhere", Some("0198c0de-0000-7000-8000-00000000dead"), Delivery::Delivered).await;

    assert_eq!(w.count("SELECT COUNT(*) FROM early_statuses").await, 1);
    assert!(w.heard().await.is_empty());
}

async fn a_status_that_nobody_came_to_know_is_dropped_by_its_age(w: World) {
    w.status("wamid.elsewhere", None, Delivery::Delivered).await;
    let received = w.clock.now();

    let mut write = w.cell.write().await.unwrap();
    let young = write.forget_early_statuses(received).await.unwrap();
    let old = write.forget_early_statuses(Time(received.0 + 1)).await.unwrap();
    write.commit().await.unwrap();

    assert_eq!((young, old), (0, 1));
}

async fn statuses_of_many_messages_in_one_batch_each_find_their_own(w: World) {
    let mut sent = Vec::new();
    for n in 0..30 {
        sent.push(w.sent(&format!("54911{n:08}"), &format!("wamid.{n}")).await.1);
    }
    let states = [Delivery::Delivered, Delivery::Read, Delivery::Failed];
    let batch = (0..30).map(|n| w.arrival(&format!("s:{n}"), status(&format!("wamid.{n}"), None, states[n % 3])));

    w.cell.receive(batch.collect()).await.unwrap();

    for (n, id) in sent.iter().enumerate() {
        assert_eq!(w.message(id).await.state, states[n % 3]);
    }
}
