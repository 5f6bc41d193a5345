//! Replays and their differences, tests that were kept, and the turns that they come from.

use relevo_model::*;
use relevo_store::{Difference, Replay, SavedTest, Verdicts};

use crate::support::*;

on_both!(
    a_replay_goes_forward_and_keeps_what_it_finds,
    what_is_decided_is_counted,
    the_last_replay_that_was_over_is_the_one_that_counts,
    a_replay_that_stands_still_is_not_running,
    the_turns_of_a_conversation_are_read_in_their_order,
    the_conversations_of_a_plugin_are_those_that_it_answered_last,
    old_replays_are_forgotten_with_their_differences,
    tests_are_kept_and_removed,
);

fn replay(w: &World, plugin: &str, version: &str) -> Replay {
    let now = w.clock.now();
    Replay {
        id: w.clock.id(),
        plugin_id: plugin.into(),
        version: version.into(),
        digest: "d1".into(),
        state: ReplayState::Running,
        conversations: 1,
        turns: 4,
        done: 0,
        skipped: 0,
        started_by: "ana".into(),
        created_at: now,
        updated_at: now,
    }
}

fn difference(w: &World, replay: &Replay, plain: &[u8]) -> Difference {
    let id: DifferenceId = w.clock.id();
    Difference {
        id,
        replay_id: replay.id,
        turn_id: w.clock.id(),
        conversation_id: w.clock.id(),
        kind: DifferenceKind::Said,
        sealed: Difference::seal(&w.cell, &id, plain),
        verdict: Verdict::Pending,
        judged_by: None,
        judged_at: None,
    }
}

async fn kept(w: &World, replay: &Replay, found: &[Difference]) {
    let mut write = w.cell.write().await.unwrap();
    write.add_replay(replay).await.unwrap();
    write.add_differences(found).await.unwrap();
    write.commit().await.unwrap();
}

async fn a_replay_goes_forward_and_keeps_what_it_finds(w: World) {
    let mut one = replay(&w, "shop", "1.1.0");
    kept(&w, &one, &[]).await;
    let found: Vec<Difference> = (0..30).map(|nth| difference(&w, &one, format!("plain {nth}").as_bytes())).collect();

    one = Replay { state: ReplayState::Done, done: 4, skipped: 1, updated_at: Time(NOON.0 + 5), ..one };
    let mut write = w.cell.write().await.unwrap();
    write.add_differences(&found).await.unwrap();
    write.save_replay(&one).await.unwrap();
    write.commit().await.unwrap();

    let mut read = w.cell.read().await.unwrap();
    assert_eq!(read.replays().find(&one.id).await.unwrap(), Some(one.clone()));
    assert_eq!(read.replays().list_of("shop", 9).await.unwrap(), std::slice::from_ref(&one));
    assert_eq!(read.replays().list_of("other", 9).await.unwrap(), []);
    assert_eq!(read.replays().differences(&one.id, None, 10).await.unwrap(), found[..10]);
    assert_eq!(read.replays().differences(&one.id, Some(&found[24].id), 10).await.unwrap(), found[25..]);
    assert_eq!(found[7].unseal(&w.cell).unwrap(), b"plain 7");
    let moved = Difference { id: found[8].id, ..found[7].clone() };
    assert!(moved.unseal(&w.cell).is_err(), "it opens at its own place only");
}

async fn what_is_decided_is_counted(w: World) {
    let one = replay(&w, "shop", "1.1.0");
    let found: Vec<Difference> = (0..4).map(|_| difference(&w, &one, b"x")).collect();
    kept(&w, &one, &found).await;

    let mut write = w.cell.write().await.unwrap();
    assert!(write.judge(&found[0].id, Verdict::Rejected, "ana", NOON).await.unwrap());
    assert!(!write.judge(&w.clock.id(), Verdict::Approved, "ana", NOON).await.unwrap());
    assert_eq!(write.judge_rest(&one.id, Verdict::Approved, "bea", NOON).await.unwrap(), 3);
    write.commit().await.unwrap();

    let mut read = w.cell.read().await.unwrap();
    assert_eq!(read.replays().verdicts(&one.id).await.unwrap(), Verdicts { pending: 0, approved: 3, rejected: 1 });
    let first = read.replays().difference(&found[0].id).await.unwrap().unwrap();
    assert_eq!((first.verdict, first.judged_by.as_deref(), first.judged_at), (Verdict::Rejected, Some("ana"), Some(NOON.0)));
}

async fn the_last_replay_that_was_over_is_the_one_that_counts(w: World) {
    let done = Replay { state: ReplayState::Done, ..replay(&w, "shop", "1.1.0") };
    kept(&w, &done, &[]).await;
    let last = Replay { state: ReplayState::Done, ..replay(&w, "shop", "1.1.0") };
    kept(&w, &last, &[]).await;
    for state in [ReplayState::Running, ReplayState::Failed] {
        kept(&w, &Replay { state, ..replay(&w, "shop", "1.1.0") }, &[]).await;
    }
    kept(&w, &Replay { state: ReplayState::Done, ..replay(&w, "shop", "1.2.0") }, &[]).await;

    let mut read = w.cell.read().await.unwrap();

    assert_eq!(read.replays().last_done("shop", "1.1.0").await.unwrap().map(|found| found.id), Some(last.id));
    assert_eq!(read.replays().last_done("shop", "3.0.0").await.unwrap(), None);
}

async fn a_replay_that_stands_still_is_not_running(w: World) {
    kept(&w, &replay(&w, "shop", "1.1.0"), &[]).await;
    kept(&w, &Replay { state: ReplayState::Done, ..replay(&w, "other", "1.1.0") }, &[]).await;

    let mut read = w.cell.read().await.unwrap();

    assert!(read.replays().running("shop", NOON).await.unwrap());
    assert!(!read.replays().running("shop", Time(NOON.0 + 1)).await.unwrap());
    assert!(!read.replays().running("other", NOON).await.unwrap());
}

async fn the_turns_of_a_conversation_are_read_in_their_order(w: World) {
    let mut turns = Vec::new();
    let mut conversation = None;
    for nth in 0..3 {
        let chat = w.says(ANA, "hola").await;
        let mut commit = w.answer(&chat, &[]);
        commit.journal = (nth != 1).then(|| vec![1]);
        w.cell.finish(commit).await.unwrap();
        conversation = Some(chat.id);
        turns.push(chat.turn);
    }
    let conversation = conversation.unwrap();

    let mut read = w.cell.read().await.unwrap();
    let all = read.recorded_turns(&conversation, None, 9).await.unwrap();

    assert_eq!(all.iter().map(|row| (row.turn.id, row.replayable)).collect::<Vec<_>>(), [(turns[2], true), (turns[1], false), (turns[0], true)]);
    let before = read.recorded_turns(&conversation, Some(&turns[2]), 1).await.unwrap();
    assert_eq!(before.iter().map(|row| row.turn.id).collect::<Vec<_>>(), [turns[1]]);
    assert_eq!(read.recorded_after(&conversation, &turns[0]).await.unwrap().map(|row| row.turn.id), Some(turns[1]));
    assert_eq!(read.recorded_after(&conversation, &turns[2]).await.unwrap().map(|row| row.turn.id), None);
    assert_eq!(read.recorded_turn(&turns[1]).await.unwrap().map(|row| row.turn.conversation_id), Some(conversation));
    assert_eq!(read.recorded_turns(&w.clock.id(), None, 9).await.unwrap().len(), 0);
}

async fn the_conversations_of_a_plugin_are_those_that_it_answered_last(w: World) {
    let mut conversations = Vec::new();
    for (from, plugin) in [(ANA, "shop"), (BRUNO, "other"), (ANA, "other"), (BRUNO, "shop")] {
        let chat = w.says(from, "hola").await;
        let mut commit = w.answer(&chat, &[]);
        commit.plugin = Some((plugin.into(), "1.0.0".into()));
        w.cell.finish(commit).await.unwrap();
        conversations.push(chat.id);
        w.clock.advance(std::time::Duration::from_secs(1));
    }

    let mut read = w.cell.read().await.unwrap();

    assert_eq!(read.conversations_answered_by("shop", 9).await.unwrap(), [conversations[3], conversations[0]]);
    assert_eq!(read.conversations_answered_by("other", 1).await.unwrap(), [conversations[2]]);
    assert_eq!(read.conversations_answered_by("none", 9).await.unwrap(), []);
}

async fn old_replays_are_forgotten_with_their_differences(w: World) {
    let old = replay(&w, "shop", "1.0.0");
    kept(&w, &old, &[difference(&w, &old, b"x")]).await;
    let new = Replay { created_at: Time(NOON.0 + 1_000), ..replay(&w, "shop", "1.1.0") };
    kept(&w, &new, &[difference(&w, &new, b"x")]).await;

    let mut write = w.cell.write().await.unwrap();
    let forgotten = write.forget_replays(Time(NOON.0 + 1_000)).await.unwrap();
    write.commit().await.unwrap();

    let mut read = w.cell.read().await.unwrap();
    assert_eq!((forgotten, read.replays().find(&old.id).await.unwrap()), (1, None));
    assert_eq!(read.replays().differences(&new.id, None, 9).await.unwrap().len(), 1);
    drop(read);
    assert_eq!(w.count("SELECT COUNT(*) FROM replay_differences").await, 1);
}

async fn tests_are_kept_and_removed(w: World) {
    let test = |plugin: &str| SavedTest {
        id: w.clock.id(),
        plugin_id: plugin.into(),
        name: "Dos kilos".into(),
        script: "name = \"x\"".into(),
        created_by: "ana".into(),
        created_at: NOON,
    };
    let (one, two, other) = (test("shop"), test("shop"), test("other"));
    let mut write = w.cell.write().await.unwrap();
    for test in [&one, &two, &other] {
        write.add_saved_test(test).await.unwrap();
    }
    assert!(write.remove_saved_test(&two.id).await.unwrap() && !write.remove_saved_test(&two.id).await.unwrap());
    write.commit().await.unwrap();

    let mut read = w.cell.read().await.unwrap();
    assert_eq!(read.saved_tests().list_of("shop", 9).await.unwrap(), std::slice::from_ref(&one));
    assert_eq!(read.saved_tests().find(&one.id).await.unwrap(), Some(one));
}
