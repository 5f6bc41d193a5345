//! Taking messages for sending, and noting how it ended.

use relevo_model::*;
use relevo_store::{hot::*, *};

use crate::support::*;

on_both!(
    a_message_is_taken_once,
    a_message_is_taken_once_however_many_try_at_once,
    a_bots_message_falls_through_when_the_conversation_changed_hands,
    an_agents_message_is_sent_whatever_the_conversation_went_through,
    a_taken_message_is_tried_again_and_remembers_the_first_time,
    what_was_sent_is_known_by_the_providers_id,
    what_nobody_knows_the_fate_of_waits_as_such,
    what_fails_for_good_cancels_the_rest_of_its_turn_and_no_more,
    the_outbox_lists_conversations_apart_and_each_in_order,
    what_is_not_taken_is_not_marked,
    words_of_an_epoch_that_is_gone_are_cancelled_not_forgotten,
    words_from_before_a_hand_over_by_the_flow_are_still_sent,
);

async fn a_message_is_taken_once(w: World) {
    let (_, said) = w.answered(ANA, &["¡Hola!"]).await;

    let taken = [w.claim(said[0]).await, w.claim(said[0]).await, w.claim(w.clock.id()).await];

    assert_eq!(taken, [true, false, false]);
    let row = w.cell.read().await.unwrap().outbox().find(&said[0]).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.first_tried_at), (OutboxState::Sending, 1, Some(NOON)));
}

async fn a_message_is_taken_once_however_many_try_at_once(w: World) {
    let (_, said) = w.answered(ANA, &["a", "b"]).await;

    let taken = w.together((0..16).map(|n| w.claim(said[n % 2]))).await;

    // The group asks for all at once; whoever is told yes sends, so it must be told to one.
    for at in 0..2 {
        assert_eq!(taken.iter().skip(at).step_by(2).filter(|taken| **taken).count(), 1, "{taken:?}");
    }
}

async fn a_bots_message_falls_through_when_the_conversation_changed_hands(w: World) {
    let (chat, said) = w.answered(ANA, &["¡Hola!"]).await;
    // Raises the epoch and cancels nothing by itself.
    let mut write = w.cell.write().await.unwrap();
    run(&mut write, "UPDATE conversations SET epoch = epoch + 1").await.unwrap();
    write.commit().await.unwrap();

    let taken = w.claim(said[0]).await;

    assert!(!taken);
    assert_eq!(w.conversation(&chat.id).await.status, Answering::Bot);
}

async fn an_agents_message_is_sent_whatever_the_conversation_went_through(w: World) {
    let chat = w.says(ANA, "hola").await;
    let message = agent_says(&w, &chat, "ya te atiendo").await;
    let mut write = w.cell.write().await.unwrap();
    write.return_to_bot(&chat.id, "ana@acme", w.clock.id(), w.now()).await.unwrap();
    write.commit().await.unwrap();

    let taken = w.claim(message).await;

    assert!(taken);
}

pub async fn agent_says(w: &World, chat: &Chat, words: &str) -> MessageId {
    let id = w.clock.id();
    let content = Content::text(words);
    let message = AgentMessage { id, conversation: chat.id, author: "ana@acme".into(), content, quotes: None, now: w.now() };
    let mut write = w.cell.write().await.unwrap();
    assert!(write.say_as_agent(message, w.clock.id()).await.unwrap());
    write.commit().await.unwrap();
    id
}

async fn a_taken_message_is_tried_again_and_remembers_the_first_time(w: World) {
    let (chat, said) = w.answered(ANA, &["¡Hola!"]).await;
    assert!(w.claim(said[0]).await);
    w.mark(&chat, said[0], SendEnd::Later { at: Time(NOON.0 + 500) }).await;
    let row = w.cell.read().await.unwrap().outbox().find(&said[0]).await.unwrap().unwrap();
    assert_eq!((row.state, row.not_before), (OutboxState::Pending, Time(NOON.0 + 500)));

    w.clock.advance(std::time::Duration::from_millis(500));
    assert!(w.claim(said[0]).await);

    let row = w.cell.read().await.unwrap().outbox().find(&said[0]).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.first_tried_at), (OutboxState::Sending, 2, Some(NOON)));
    assert_eq!(w.message(&said[0]).await.state, Delivery::Queued);
}

async fn what_was_sent_is_known_by_the_providers_id(w: World) {
    let (chat, said) = w.sent(ANA, "wamid.1").await;

    let found = w.cell.read().await.unwrap().messages().by_provider_id(&chat.id, "wamid.1").await.unwrap().unwrap();

    assert_eq!((found.id, found.state, w.outbox(&said).await), (said, Delivery::Sent, OutboxState::Sent));
    assert!(w.cell.read().await.unwrap().outbox().waiting(None, 10).await.unwrap().is_empty());
    assert!(!w.claim(said).await);
}

async fn what_nobody_knows_the_fate_of_waits_as_such(w: World) {
    let (chat, said) = w.answered(ANA, &["¡Hola!"]).await;
    assert!(w.claim(said[0]).await);

    w.mark(&chat, said[0], SendEnd::Uncertain { until: Time(NOON.0 + 20_000) }).await;

    let row = w.cell.read().await.unwrap().outbox().find(&said[0]).await.unwrap().unwrap();
    assert_eq!((row.state, row.not_before, w.message(&said[0]).await.state), (OutboxState::Uncertain, Time(NOON.0 + 20_000), Delivery::Uncertain));
    assert!(!w.claim(said[0]).await, "it may have arrived");
}

async fn what_fails_for_good_cancels_the_rest_of_its_turn_and_no_more(w: World) {
    let (chat, said) = w.answered(ANA, &["a", "b", "c", "d"]).await;
    let (_, later) = w.answered(ANA, &["de otro turno"]).await;
    let (_, other) = w.answered(BRUNO, &["de otro"]).await;
    w.claim(said[0]).await;
    w.mark(&chat, said[0], SendEnd::Sent { provider_id: "wamid.a".into() }).await;
    w.claim(said[1]).await;

    w.mark(&chat, said[1], SendEnd::Failed { problem: problem(131_026) }).await;

    let mut states = Vec::new();
    for id in said.iter().chain(&later).chain(&other) {
        states.push((w.outbox(id).await, w.message(id).await.state));
    }
    assert_eq!(
        states,
        [
            (OutboxState::Sent, Delivery::Sent),
            (OutboxState::Failed, Delivery::Failed),
            (OutboxState::Cancelled, Delivery::Cancelled),
            (OutboxState::Cancelled, Delivery::Cancelled),
            (OutboxState::Pending, Delivery::Queued),
            (OutboxState::Pending, Delivery::Queued),
        ]
    );
    assert_eq!(w.message(&said[1]).await.problem.unwrap().0.code, 131_026);
}

async fn the_outbox_lists_conversations_apart_and_each_in_order(w: World) {
    let (ana, first) = w.answered(ANA, &["1", "2"]).await;
    let (bruno, second) = w.answered(BRUNO, &["1"]).await;
    let (_, third) = w.answered(ANA, &["3"]).await;
    let mut read = w.cell.read().await.unwrap();

    let mut listed: Vec<Waiting> = Vec::new();
    loop {
        let after = listed.last().map(|row| (row.conversation, row.seq));
        let page = read.outbox().waiting(after.as_ref().map(|(id, seq)| (id, *seq)), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }

    assert!(ana.id < bruno.id);
    assert_eq!(listed.iter().map(|row| row.message).collect::<Vec<_>>(), [first[0], first[1], third[0], second[0]]);
}

async fn what_is_not_taken_is_not_marked(w: World) {
    let (chat, said) = w.answered(ANA, &["¡Hola!"]).await;
    w.take_over(&chat.id).await;

    w.mark(&chat, said[0], SendEnd::Later { at: NOON }).await;

    assert_eq!((w.outbox(&said[0]).await, w.message(&said[0]).await.state), (OutboxState::Cancelled, Delivery::Cancelled));
}

async fn words_of_an_epoch_that_is_gone_are_cancelled_not_forgotten(w: World) {
    let chat = w.says(ANA, "un asesor").await;
    let mut commit = w.answer(&chat, &["te paso con alguien"]);
    commit.effects.hand_over = Some(HandOver { reason: "asked".into(), team: None, summary: None });
    let said = commit.said[0].message;
    w.cell.finish(commit).await.unwrap();
    let mut write = w.cell.write().await.unwrap();
    write.return_to_bot(&chat.id, "ana@acme", w.clock.id(), w.now()).await.unwrap();
    write.commit().await.unwrap();

    let taken = w.claim(said).await;

    // It would be refused for ever: as long as it waited, the cell could not rest and its tick would never come.
    assert!(!taken);
    assert_eq!((w.outbox(&said).await, w.message(&said).await.state), (OutboxState::Cancelled, Delivery::Cancelled));
}

async fn words_from_before_a_hand_over_by_the_flow_are_still_sent(w: World) {
    let (_, before) = w.answered(ANA, &["de antes"]).await;
    let chat = w.says(ANA, "un asesor").await;
    let mut commit = w.answer(&chat, &["te paso con alguien"]);
    commit.effects.hand_over = Some(HandOver { reason: "asked".into(), team: None, summary: None });
    let said = commit.said[0].message;
    w.cell.finish(commit).await.unwrap();

    let taken = [w.claim(before[0]).await, w.claim(said).await];

    assert_eq!(taken, [true, true]);
}
