//! What is kept of a turn for later: its journal, and the calls that it made to the outside.

use relevo_model::*;

use crate::support::*;

on_both!(
    a_call_is_intended_before_it_is_answered,
    the_same_call_intended_again_keeps_its_answer,
    what_is_older_than_it_is_kept_is_forgotten,
    a_turn_that_was_too_long_to_keep_says_so,
);

async fn a_call_is_intended_before_it_is_answered(w: World) {
    let turn: TurnId = w.clock.id();
    let found = async || w.cell.read().await.unwrap().outside_call(&turn, "h", 0).await.unwrap();
    assert_eq!(found().await, None);

    let mut write = w.cell.write().await.unwrap();
    write.intend_call(&turn, "h", 0, NOON).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(found().await, Some(None), "nobody knows how it ended");
    let mut write = w.cell.write().await.unwrap();
    write.answer_call(&turn, "h", 0, b"sealed").await.unwrap();
    write.commit().await.unwrap();

    assert_eq!(found().await, Some(Some(b"sealed".to_vec())));
    let mut read = w.cell.read().await.unwrap();
    assert_eq!(read.outside_call(&turn, "h", 1).await.unwrap(), None, "the second of the same is another");
    assert_eq!(read.outside_call(&w.clock.id(), "h", 0).await.unwrap(), None);
}

async fn the_same_call_intended_again_keeps_its_answer(w: World) {
    let turn: TurnId = w.clock.id();
    let mut write = w.cell.write().await.unwrap();
    write.intend_call(&turn, "h", 0, NOON).await.unwrap();
    write.answer_call(&turn, "h", 0, b"sealed").await.unwrap();
    write.intend_call(&turn, "h", 0, NOON).await.unwrap();
    write.commit().await.unwrap();

    let found = w.cell.read().await.unwrap().outside_call(&turn, "h", 0).await.unwrap();

    assert_eq!(found, Some(Some(b"sealed".to_vec())));
}

async fn what_is_older_than_it_is_kept_is_forgotten(w: World) {
    let mut turns = Vec::new();
    for _ in 0..2 {
        let chat = w.says(ANA, "hola").await;
        let mut commit = w.answer(&chat, &[]);
        commit.journal = Some(vec![1]);
        w.cell.finish(commit).await.unwrap();
        turns.push(chat.turn);
        w.clock.advance(std::time::Duration::from_secs(1));
    }

    let mut write = w.cell.write().await.unwrap();
    let forgotten = write.forget_journal(Time(NOON.0 + 1_000)).await.unwrap();
    write.commit().await.unwrap();

    let mut read = w.cell.read().await.unwrap();
    let kept = (read.journal(&turns[0]).await.unwrap(), read.journal(&turns[1]).await.unwrap());
    assert_eq!((forgotten, kept), (1, (None, Some(vec![1]))));
}

async fn a_turn_that_was_too_long_to_keep_says_so(w: World) {
    let (chat, _) = w.answered(ANA, &["¡Hola!"]).await;

    let kept = w.cell.read().await.unwrap().journal(&chat.turn).await.unwrap();

    assert_eq!(kept, None);
    assert_eq!(w.count("SELECT COUNT(*) FROM turn_journal WHERE NOT replayable").await, 1);
}
