//! Timers, and when a cell next has something to do.

use relevo_model::*;
use relevo_store::hot::*;

use crate::support::*;

on_both!(
    a_due_timer_becomes_a_turn_once,
    a_timer_goes_with_the_turn_that_it_became_or_not_at_all,
    timers_are_due_in_their_order,
    the_next_due_time_is_the_earliest_of_all_that_waits,
    nothing_is_due_where_nothing_waits,
);

async fn timer(w: &World, from: &str, name: &str, after: i64) -> Chat {
    let chat = w.says(from, "recordame").await;
    let mut commit = w.answer(&chat, &[]);
    let due_at = Time(NOON.0 + after);
    commit.effects.timers = vec![NewTimer { id: w.clock.id(), plugin: "storefront".into(), name: name.into(), due_at, payload: "{}".into(), replace: true }];
    w.cell.finish(commit).await.unwrap();
    chat
}

async fn a_due_timer_becomes_a_turn_once(w: World) {
    let chat = timer(&w, ANA, "nudge", 1_000).await;
    assert!(w.cell.read().await.unwrap().timers().due(w.now(), 10).await.unwrap().is_empty());
    w.clock.advance(std::time::Duration::from_secs(1));
    let due = w.cell.read().await.unwrap().timers().due(w.now(), 10).await.unwrap();

    for _ in 0..2 {
        let mut write = w.cell.write().await.unwrap();
        write.fire(&due[0], w.clock.id(), w.now()).await.unwrap();
        write.commit().await.unwrap();
    }

    let pending = w.pending().await;
    assert_eq!((pending.len(), pending[0].conversation, pending[0].seq), (1, chat.id, 2));
    assert_eq!(pending[0].event, TurnEvent::Timer { plugin_id: "storefront".into(), name: "nudge".into(), payload: "{}".into() });
    assert_eq!(w.count("SELECT COUNT(*) FROM timers").await, 0);
}

async fn a_timer_goes_with_the_turn_that_it_became_or_not_at_all(w: World) {
    timer(&w, ANA, "nudge", 0).await;
    let due = w.cell.read().await.unwrap().timers().due(w.now(), 10).await.unwrap();
    let before = w.dump().await;

    let mut write = w.cell.write().await.unwrap();
    write.fire(&due[0], w.clock.id(), w.now()).await.unwrap();
    drop(write);

    w.heard().await;
    assert_eq!(w.dump().await, before);
}

async fn timers_are_due_in_their_order(w: World) {
    for (from, after) in [(ANA, 30), (BRUNO, 10), ("5491155550003", 20)] {
        timer(&w, from, "nudge", after).await;
    }
    let mut read = w.cell.read().await.unwrap();

    let due = read.timers().due(Time(NOON.0 + 20), 10).await.unwrap();
    let first = read.timers().due(Time(NOON.0 + 99), 1).await.unwrap();

    let after = |timers: &[relevo_store::Timer]| timers.iter().map(|timer| timer.due_at.0 - NOON.0).collect::<Vec<_>>();
    assert_eq!((after(&due), after(&first)), (vec![10, 20], vec![10]));
    assert_eq!(read.timers().next().await.unwrap(), Some(Time(NOON.0 + 10)));
}

async fn the_next_due_time_is_the_earliest_of_all_that_waits(w: World) {
    let next = async || w.cell.read().await.unwrap().next_due().await.unwrap().map(|at| at.0 - NOON.0);
    timer(&w, ANA, "nudge", 5_000).await;
    assert_eq!(next().await, Some(5_000));

    let chat = w.says(ANA, "hola").await;
    let mut again = w.answer(&chat, &[]);
    again.end = TurnEnd::Again { error: "timeout".into(), at: Time(NOON.0 + 4_000) };
    w.cell.finish(again).await.unwrap();
    assert_eq!(next().await, Some(4_000));

    let mut commit = w.answer(&chat, &["¡Hola!"]);
    commit.said[0].not_before = Time(NOON.0 + 700);
    let said = commit.said[0].message;
    w.cell.finish(commit).await.unwrap();
    assert_eq!(next().await, Some(700));

    w.claim(said).await;
    w.mark(&chat, said, SendEnd::Uncertain { until: Time(NOON.0 + 20_000) }).await;
    assert_eq!(next().await, Some(5_000));
    w.status("wamid.1", Some(said.as_str()), Delivery::Sent).await;
    assert_eq!(next().await, Some(5_000));
}

async fn nothing_is_due_where_nothing_waits(w: World) {
    w.sent(ANA, "wamid.1").await;

    assert_eq!(w.cell.read().await.unwrap().next_due().await.unwrap(), None);
}
