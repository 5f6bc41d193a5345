//! Who has a conversation: taking it, giving it back, speaking in it, and doing again what failed.

use relevo_model::*;
use relevo_store::{hot::*, *};

use crate::support::*;

on_both!(
    a_turn_learns_the_same_however_its_context_is_read,
    taking_over_cancels_what_the_bot_had_not_sent,
    what_is_asked_for_ahead_is_had_once_and_not_after_a_take_over,
    taking_over_twice_is_told_once,
    an_agent_who_writes_takes_the_conversation,
    nobody_writes_in_a_conversation_that_is_not_there,
    giving_back_raises_the_epoch_and_lets_the_bot_answer,
    switching_the_bot_off_cancels_what_it_had_not_sent,
    a_failed_message_is_sent_again_under_the_epoch_of_now,
    only_what_failed_is_sent_again,
    a_person_is_asked_about_what_nobody_knows_the_fate_of,
    what_arrived_after_all_is_not_sent_again,
    what_whatsapp_gave_up_later_is_sent_again,
    a_dead_letter_runs_again_once,
    what_is_not_dead_is_not_run_again,
    conversations_and_messages_are_listed_in_pages,
);

async fn a_turn_learns_the_same_however_its_context_is_read(w: World) {
    let (chat, _) = w.answered(ANA, &["¡Hola!"]).await;
    w.says(ANA, "menú").await;
    let mut write = w.cell.write().await.unwrap();
    run(&mut write, "UPDATE customers SET name = 'Ana', phone = '54911', locale = 'pt', attributes = '{\"vip\":true}'").await.unwrap();
    run(&mut write, "UPDATE conversations SET assignee_id = 'eva', labels = '[\"nuevo\"]', epoch = 7, unread = 3, last_message_at = 5").await.unwrap();
    write.commit().await.unwrap();

    let read = w.cell.read().await.unwrap().conversations().context(&chat.id).await.unwrap().unwrap();
    let told = w.cell.turn_context(&chat.id).await.unwrap().unwrap();

    assert!(told.first_pending.is_some() && told.customer_name.as_deref() == Some("Ana"), "{told:?}");
    assert_eq!(format!("{told:?}"), format!("{read:?}"));
    assert!(w.cell.turn_context(&w.clock.id()).await.unwrap().is_none());
}

async fn taking_over_cancels_what_the_bot_had_not_sent(w: World) {
    let (chat, said) = w.answered(ANA, &["a", "b", "c"]).await;
    w.claim(said[0]).await;

    w.take_over(&chat.id).await;

    let conversation = w.conversation(&chat.id).await;
    assert_eq!((conversation.status, conversation.epoch), (Answering::Human, 1));
    assert_eq!(w.outbox(&said[0]).await, OutboxState::Sending, "it is on its way");
    for id in &said[1..] {
        assert_eq!((w.outbox(id).await, w.message(id).await.state, w.claim(*id).await), (OutboxState::Cancelled, Delivery::Cancelled, false));
    }
    w.mark(&chat, said[0], SendEnd::Sent { provider_id: "wamid.a".into() }).await;
    assert_eq!(w.message(&said[0]).await.state, Delivery::Sent);
}

async fn what_is_asked_for_ahead_is_had_once_and_not_after_a_take_over(w: World) {
    let (chat, said) = w.answered(ANA, &["a", "b"]).await;
    let ahead = |message| w.cell.claim_ahead(Claim { message, now: w.now() }).expect("the writer has room");

    let (first, second) = (ahead(said[0]), ahead(said[0]));
    assert_eq!((first.taken().await.unwrap(), second.taken().await.unwrap()), (true, false));

    w.take_over(&chat.id).await;
    assert!(!ahead(said[1]).taken().await.unwrap());
    assert_eq!((w.outbox(&said[0]).await, w.outbox(&said[1]).await), (OutboxState::Sending, OutboxState::Cancelled));
}

async fn taking_over_twice_is_told_once(w: World) {
    let chat = w.says(ANA, "hola").await;

    w.take_over(&chat.id).await;
    w.take_over(&chat.id).await;

    assert_eq!((w.conversation(&chat.id).await.epoch, w.timeline(&chat.id).await), (1, vec!["taken_over".to_owned()]));
}

async fn say(w: &World, conversation: ConversationId, words: &str) -> (MessageId, bool) {
    let id = w.clock.id();
    let message = AgentMessage { id, conversation, author: "ana@acme".into(), content: Content::text(words), quotes: Some("wamid.1".into()), now: w.now() };
    let mut write = w.cell.write().await.unwrap();
    let said = write.say_as_agent(message, w.clock.id()).await.unwrap();
    write.commit().await.unwrap();
    (id, said)
}

async fn an_agent_who_writes_takes_the_conversation(w: World) {
    let (chat, bots) = w.answered(ANA, &["¿Qué necesitás?"]).await;
    w.heard().await;

    let (id, _) = say(&w, chat.id, "ya te atiendo").await;

    assert_eq!((w.conversation(&chat.id).await.status, w.outbox(&bots[0]).await), (Answering::Human, OutboxState::Cancelled));
    let row = w.cell.read().await.unwrap().outbox().find(&id).await.unwrap().unwrap();
    assert_eq!((row.seq, row.sender, row.peer.value.as_str(), row.quotes.as_deref()), (3, Sender::Agent, ANA, Some("wamid.1")));
    assert!(w.heard().await.iter().any(|notice| matches!(notice, Notice::Outbox(row) if row.message == id)));
    assert!(w.claim(id).await);
}

async fn nobody_writes_in_a_conversation_that_is_not_there(w: World) {
    let before = w.dump().await;

    let (_, said) = say(&w, w.clock.id(), "¿hola?").await;

    assert!(!said);
    assert_eq!(w.dump().await, before);
}

async fn giving_back_raises_the_epoch_and_lets_the_bot_answer(w: World) {
    let chat = w.says(ANA, "hola").await;
    w.take_over(&chat.id).await;

    let turn = w.clock.id::<EventId>();
    for _ in 0..2 {
        let mut write = w.cell.write().await.unwrap();
        write.return_to_bot(&chat.id, "ana@acme", turn, w.now()).await.unwrap();
        write.commit().await.unwrap();
    }

    let conversation = w.conversation(&chat.id).await;
    assert_eq!((conversation.status, conversation.epoch, conversation.unread), (Answering::Bot, 2, 0));
    let [_, added] = &w.pending().await[..] else { panic!("its flows are told once") };
    assert!(matches!(&added.event, TurnEvent::ReturnedToBot { agent, .. } if agent.as_deref() == Some("ana@acme")));
    assert_eq!((added.epoch, added.seq), (2, 2));
    let now = Chat { epoch: 2, turn: added.id, ..chat.clone() };
    assert_eq!(w.cell.finish(w.answer(&now, &["¡volví!"])).await.unwrap(), Finished::Applied);
    assert_eq!(w.timeline(&chat.id).await, ["taken_over", "returned"]);
}

async fn switching_the_bot_off_cancels_what_it_had_not_sent(w: World) {
    let (chat, said) = w.answered(ANA, &["a"]).await;
    let switch = async |on| {
        let mut write = w.cell.write().await.unwrap();
        write.switch_bot(&chat.id, on, "ana@acme", w.clock.id(), w.now()).await.unwrap();
        write.commit().await.unwrap();
    };

    switch(false).await;
    switch(false).await;
    switch(true).await;

    assert_eq!((w.outbox(&said[0]).await, w.conversation(&chat.id).await.epoch), (OutboxState::Cancelled, 2));
    assert_eq!(w.timeline(&chat.id).await, ["bot_off", "bot_on"]);
}

async fn resend(w: &World, id: &MessageId) -> bool {
    let mut write = w.cell.write().await.unwrap();
    let again = write.resend(id, w.now()).await.unwrap();
    write.commit().await.unwrap();
    again
}

async fn a_failed_message_is_sent_again_under_the_epoch_of_now(w: World) {
    let (chat, said) = w.answered(ANA, &["a", "b"]).await;
    w.claim(said[0]).await;
    w.mark(&chat, said[0], SendEnd::Failed { problem: problem(131_026) }).await;
    w.take_over(&chat.id).await;
    w.heard().await;

    let again = [resend(&w, &said[0]).await, resend(&w, &said[1]).await];

    assert_eq!(again, [true, true]);
    let message = w.message(&said[0]).await;
    assert_eq!((message.state, message.problem), (Delivery::Queued, None));
    assert_eq!(w.heard().await.iter().filter(|notice| matches!(notice, Notice::Outbox(_))).count(), 2);
    assert!(w.claim(said[0]).await && w.claim(said[1]).await, "whoever asked for it answers for it");
}

async fn only_what_failed_is_sent_again(w: World) {
    let (chat, said) = w.answered(ANA, &["a", "b", "c"]).await;
    w.claim(said[0]).await;
    w.mark(&chat, said[0], SendEnd::Sent { provider_id: "wamid.a".into() }).await;
    w.claim(said[1]).await;

    let again = [resend(&w, &said[0]).await, resend(&w, &said[1]).await, resend(&w, &said[2]).await, resend(&w, &w.clock.id()).await];

    assert_eq!(again, [false; 4]);
}

async fn a_person_is_asked_about_what_nobody_knows_the_fate_of(w: World) {
    let (chat, said) = w.answered(ANA, &["a"]).await;
    w.claim(said[0]).await;
    w.mark(&chat, said[0], SendEnd::Uncertain { until: NOON }).await;
    for _ in 0..2 {
        let mut write = w.cell.write().await.unwrap();
        write.leave_uncertain(&said[0], &chat.id, w.clock.id(), w.now()).await.unwrap();
        write.commit().await.unwrap();
    }

    assert_eq!((w.outbox(&said[0]).await, w.message(&said[0]).await.state), (OutboxState::Failed, Delivery::Uncertain));
    assert_eq!(w.timeline(&chat.id).await, ["uncertain"]);
    assert!(resend(&w, &said[0]).await && w.claim(said[0]).await);
}

async fn what_arrived_after_all_is_not_sent_again(w: World) {
    let (chat, said) = w.answered(ANA, &["a"]).await;
    w.claim(said[0]).await;
    w.mark(&chat, said[0], SendEnd::Uncertain { until: NOON }).await;
    let mut write = w.cell.write().await.unwrap();
    write.leave_uncertain(&said[0], &chat.id, w.clock.id(), w.now()).await.unwrap();
    write.commit().await.unwrap();
    w.status("wamid.1", Some(said[0].as_str()), Delivery::Delivered).await;

    let again = resend(&w, &said[0]).await;

    assert!(!again);
    assert_eq!(w.message(&said[0]).await.state, Delivery::Delivered);
}

async fn what_whatsapp_gave_up_later_is_sent_again(w: World) {
    let (_, said) = w.sent(ANA, "wamid.1").await;
    w.status("wamid.1", None, Delivery::Failed).await;

    let again = resend(&w, &said).await;

    assert!(again && w.claim(said).await);
}

async fn redrive(w: &World, turn: &TurnId) -> bool {
    let mut write = w.cell.write().await.unwrap();
    let again = write.redrive(turn, "ana@acme", w.clock.id(), w.now()).await.unwrap();
    write.commit().await.unwrap();
    again
}

async fn a_dead_letter_runs_again_once(w: World) {
    let chat = w.says(ANA, "hola").await;
    let mut commit = w.answer(&chat, &[]);
    commit.end = TurnEnd::Dead { error: "trap".into() };
    w.cell.finish(commit).await.unwrap();
    w.heard().await;

    let again = [redrive(&w, &chat.turn).await, redrive(&w, &chat.turn).await];

    assert_eq!(again, [true, false]);
    let pending = w.pending().await;
    assert_eq!((pending.len(), pending[0].id, pending[0].attempts, pending[0].epoch), (1, chat.turn, 0, 2));
    assert!(matches!(&pending[0].event, TurnEvent::Messages { items, .. } if items[0].id == chat.message));
    assert!(w.heard().await.iter().any(|notice| matches!(notice, Notice::Turn(turn) if turn.id == chat.turn)));
    let now = Chat { epoch: 2, ..chat };
    assert_eq!(w.cell.finish(w.answer(&now, &["¡Hola!"])).await.unwrap(), Finished::Applied);
    assert!(w.cell.read().await.unwrap().turns().dead(10).await.unwrap().is_empty());
}

async fn what_is_not_dead_is_not_run_again(w: World) {
    let (chat, _) = w.answered(ANA, &["¡Hola!"]).await;
    w.take_over(&chat.id).await;
    let before = w.dump().await;

    let again = [redrive(&w, &chat.turn).await, redrive(&w, &w.clock.id()).await];

    assert_eq!(again, [false, false]);
    assert_eq!(w.dump().await, before, "and the person keeps the conversation");
}

async fn conversations_and_messages_are_listed_in_pages(w: World) {
    for n in 0..5 {
        w.clock.advance(std::time::Duration::from_secs(1));
        w.says(&format!("54911{n:08}"), "uno").await;
    }
    let last = w.says("5491100000004", "dos").await;
    let mut read = w.cell.read().await.unwrap();

    let newest = read.conversations().list_of(&w.point, None, 2).await.unwrap();
    let before = newest[1].conversation.last_message_at.map(|time| (Time(time), &newest[1].conversation.id));
    let next = read.conversations().list_of(&w.point, before, 10).await.unwrap();
    let messages = read.messages().list_of(&last.id, Some(2), 10).await.unwrap();

    let peers = |page: &[ListedConversation]| page.iter().map(|row| row.conversation.peer[5..].parse::<u32>().unwrap()).collect::<Vec<_>>();
    assert_eq!((peers(&newest), peers(&next)), (vec![4, 3], vec![2, 1, 0]));
    assert_eq!((messages.len(), messages[0].content.0.words()), (1, "uno"));
    assert!(read.conversations().list_of(&w.clock.id(), None, 10).await.unwrap().is_empty());
}
