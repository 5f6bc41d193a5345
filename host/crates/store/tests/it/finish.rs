//! Ending a turn: all of it once, or nothing of it.

use relevo_model::*;
use relevo_store::{hot::*, *};
use serde_json::json;

use crate::support::*;

on_both!(
    what_a_turn_did_is_there_together,
    a_turn_of_another_epoch_leaves_a_proposal_and_nothing_else,
    a_turn_that_slept_through_a_take_over_and_its_return_is_void,
    a_turn_of_a_conversation_whose_bot_is_off_leaves_a_proposal_only,
    a_turn_ends_once,
    a_turn_ends_once_however_many_say_so_at_once,
    a_turn_that_was_superseded_stays_so,
    two_turns_of_one_conversation_both_end,
    what_a_flow_keeps_is_replaced_and_stays_where_nothing_changed,
    turns_of_one_burst_end_with_the_one_that_answers,
    a_joined_turn_that_ended_before_undoes_the_whole_commit,
    what_is_said_before_a_hand_over_of_the_same_turn_is_still_sent,
    a_hand_over_and_an_end_in_one_turn_still_send_its_words,
    a_dead_letter_hands_over_and_keeps_the_error,
    a_turn_to_be_run_again_keeps_everything_else_for_then,
    one_members_conflict_leaves_its_neighbours_committed,
    notices_come_after_what_they_tell_of,
    a_message_id_used_before_undoes_the_whole_turn,
);

async fn what_a_turn_did_is_there_together(w: World) {
    let chat = w.says(ANA, "hola").await;
    w.heard().await;
    let mut commit = w.answer(&chat, &["¡Hola!", "¿Qué necesitás?"]);
    commit.said[0].evidence = Some(json!({ "record": "p-1" }));
    commit.said[1].quotes = Some("wamid.1".into());
    commit.said[1].not_before = Time(NOON.0 + 700);
    commit.session = Some(Session { states: json!({ "storefront": { "at": "menu" } }), offered: vec![] });
    commit.journal = Some(b"sealed".to_vec());

    let finished = w.cell.finish(commit.clone()).await.unwrap();

    assert_eq!(finished, Finished::Applied);
    let messages = w.messages(&chat.id).await;
    assert_eq!(w.words(&chat.id).await, ["hola", "¡Hola!", "¿Qué necesitás?"]);
    assert_eq!(messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((messages[1].state, messages[1].sender, messages[1].turn_id.as_deref()), (Delivery::Queued, Sender::Bot, Some(chat.turn.as_str())));
    assert_eq!((messages[1].evidence.as_ref().unwrap().0.clone(), messages[2].quotes.as_deref()), (json!({ "record": "p-1" }), Some("wamid.1")));
    let turn = w.turn(&chat.turn).await.unwrap();
    assert_eq!((turn.state, turn.plugin_id.as_deref(), turn.finished_at), (TurnState::Done, Some("storefront"), Some(NOON.0)));
    let waiting = w.cell.read().await.unwrap().outbox().waiting(None, 10).await.unwrap();
    assert_eq!(
        waiting.iter().map(|row| (row.message, row.seq, row.state)).collect::<Vec<_>>(),
        [(commit.said[0].message, 2, OutboxState::Pending), (commit.said[1].message, 3, OutboxState::Pending)]
    );
    assert_eq!((waiting[1].not_before, waiting[1].peer.value.as_str(), waiting[1].turn), (Time(NOON.0 + 700), ANA, Some(chat.turn)));
    let context = w.cell.read().await.unwrap().conversations().context(&chat.id).await.unwrap().unwrap();
    assert_eq!(context.states.unwrap().0, json!({ "storefront": { "at": "menu" } }));
    assert_eq!(w.cell.read().await.unwrap().journal(&chat.turn).await.unwrap().as_deref(), Some(&b"sealed"[..]));
    let outbox: Vec<_> = w.heard().await.into_iter().filter_map(|notice| if let Notice::Outbox(row) = notice { Some(row.message) } else { None }).collect();
    assert_eq!(outbox, [commit.said[0].message, commit.said[1].message]);
}

async fn a_turn_of_another_epoch_leaves_a_proposal_and_nothing_else(w: World) {
    let product = w.product("vino", Some(3)).await;
    let chat = w.says(ANA, "hola").await;
    let mut commit = everything(&w, &chat, product);
    w.take_over(&chat.id).await;
    let before = w.dump().await;

    let finished = w.cell.finish(commit.clone()).await.unwrap();

    assert_eq!(finished, Finished::Superseded);
    let mut after = w.dump().await;
    let proposals = w.cell.read().await.unwrap().conversations().timeline(&chat.id).await.unwrap();
    assert_eq!(proposals.last().map(|event| (event.kind.as_str(), &event.data.0["said"][0]["body"])), Some(("proposal", &json!("te anoto dos"))));
    assert_eq!(w.turn(&chat.turn).await.unwrap().state, TurnState::Superseded);
    for changed in ["conversation_events", "turns"] {
        after.insert(changed.into(), before[changed].clone());
    }
    assert_eq!(after, before);
    commit.said.clear();
    assert!(matches!(w.cell.finish(commit).await, Err(Error::Ended(_))), "it ended already");
}

async fn a_turn_that_slept_through_a_take_over_and_its_return_is_void(w: World) {
    let chat = w.says(ANA, "hola").await;
    w.take_over(&chat.id).await;
    let mut write = w.cell.write().await.unwrap();
    write.return_to_bot(&chat.id, "ana@acme", w.clock.id(), w.now()).await.unwrap();
    write.commit().await.unwrap();

    let finished = w.cell.finish(w.answer(&chat, &["¡Hola!"])).await.unwrap();

    // The bot has it again, but what a person said in between it has not read.
    assert_eq!((finished, w.conversation(&chat.id).await.status), (Finished::Superseded, Answering::Bot));
    assert_eq!(w.words(&chat.id).await, ["hola"]);
}

/// A commit that touches every table that a turn can touch.
fn everything(w: &World, chat: &Chat, product: ProductId) -> TurnCommit {
    let mut commit = w.answer(chat, &["te anoto dos"]);
    commit.session = Some(Session { states: json!({ "storefront": 1 }), offered: vec![] });
    commit.journal = Some(vec![1]);
    commit.effects = Effects {
        reservations: vec![Reservation { product, quantity: 2 }],
        orders: vec![NewOrder {
            id: w.clock.id(),
            code: "A-1".into(),
            lines: vec![OrderLine { product, title: "Vino".into(), quantity: 2, price_minor: 1_500 }],
            total_minor: 3_000,
            currency: "ARS".into(),
            address: json!({ "text": "Mitre 1" }),
            is_test: false,
            actor: "storefront".into(),
        }],
        addresses: vec![NewAddress { id: w.clock.id(), text: "Mitre 1".into(), latitude: Some(-34.6), longitude: None }],
        kv: vec![KvWrite {
            plugin: "storefront".into(),
            scope: "business".into(),
            scope_id: String::new(),
            key: "k".into(),
            value: Some("v".into()),
            expect: None,
            expires_at: None,
        }],
        customer: Some(CustomerChange { name: Some("Ana".into()), locale: None, attributes: json!({ "vip": true }) }),
        timers: vec![NewTimer { id: w.clock.id(), plugin: "storefront".into(), name: "nudge".into(), due_at: w.now(), payload: "{}".into(), replace: false }],
        labels: Some(vec!["pedido".into()]),
        notes: vec!["quiere envío".into()],
        assign: Some("ana@acme".into()),
        hand_over: Some(HandOver { reason: "asked".into(), team: None, summary: None }),
        ..Effects::default()
    };
    commit
}

async fn a_turn_of_a_conversation_whose_bot_is_off_leaves_a_proposal_only(w: World) {
    let chat = w.says(ANA, "hola").await;
    let mut write = w.cell.write().await.unwrap();
    write.switch_bot(&chat.id, false, "ana@acme", w.clock.id(), w.now()).await.unwrap();
    write.commit().await.unwrap();

    let mut commit = w.answer(&chat, &["¡Hola!"]);
    commit.epoch = w.conversation(&chat.id).await.epoch;
    let finished = w.cell.finish(commit).await.unwrap();

    assert_eq!(finished, Finished::Superseded);
    assert_eq!((w.words(&chat.id).await, w.timeline(&chat.id).await), (vec!["hola".to_owned()], vec!["bot_off".to_owned(), "proposal".to_owned()]));
}

async fn a_turn_ends_once(w: World) {
    let product = w.product("vino", Some(9)).await;
    let chat = w.says(ANA, "hola").await;
    let mut commit = everything(&w, &chat, product);
    commit.effects.hand_over = None;
    w.cell.finish(commit.clone()).await.unwrap();
    let before = w.dump().await;

    for said in &mut commit.said {
        said.message = w.clock.id();
    }
    commit.effects.orders.clear();
    let again = w.cell.finish(commit).await;

    assert!(matches!(again, Err(Error::Ended(_))), "{again:?}");
    assert_eq!(w.dump().await, before);
    assert_eq!(w.stock(&product).await, Some(7));
}

async fn a_turn_ends_once_however_many_say_so_at_once(w: World) {
    let chat = w.says(ANA, "hola").await;
    let finished = w.together((0..8).map(|_| w.cell.finish(w.answer(&chat, &["¡Hola!"])))).await;

    assert_eq!(finished.iter().filter(|finished| matches!(finished, Ok(Finished::Applied))).count(), 1);
    assert!(finished.iter().all(|finished| matches!(finished, Ok(Finished::Applied) | Err(Error::Ended(_)))), "{finished:?}");
    assert_eq!(w.words(&chat.id).await, ["hola", "¡Hola!"]);
}

async fn a_turn_that_was_superseded_stays_so(w: World) {
    let chat = w.says(ANA, "hola").await;
    w.take_over(&chat.id).await;
    w.cell.finish(w.answer(&chat, &["¡Hola!"])).await.unwrap();
    let mut write = w.cell.write().await.unwrap();
    write.return_to_bot(&chat.id, "ana@acme", w.clock.id(), w.now()).await.unwrap();
    write.commit().await.unwrap();

    let mut commit = w.answer(&chat, &["¡Hola!"]);
    commit.epoch = w.conversation(&chat.id).await.epoch;
    let again = w.cell.finish(commit).await;

    assert!(matches!(again, Err(Error::Ended(_))), "{again:?}");
    assert_eq!(w.words(&chat.id).await, ["hola"]);
}

async fn two_turns_of_one_conversation_both_end(w: World) {
    let (first, second) = (w.says(ANA, "uno").await, w.says(ANA, "dos").await);

    let finished = w.together([w.answer(&first, &["a", "b"]), w.answer(&second, &["c"])].map(|commit| w.cell.finish(commit))).await;

    assert!(finished.iter().all(|finished| matches!(finished, Ok(Finished::Applied))), "{finished:?}");
    let messages = w.messages(&first.id).await;
    assert_eq!(messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

async fn what_a_flow_keeps_is_replaced_and_stays_where_nothing_changed(w: World) {
    for state in [Some(json!({ "a": 1 })), Some(json!({ "b": 2 })), None] {
        let chat = w.says(ANA, "hola").await;
        let mut commit = w.answer(&chat, &[]);
        let offered = vec![options::Offered { id: "1".into(), title: "Uno".into() }];
        commit.session = state.map(|states| Session { states, offered });
        w.cell.finish(commit).await.unwrap();
    }

    let chat = w.says(ANA, "hola").await;
    let context = w.cell.read().await.unwrap().conversations().context(&chat.id).await.unwrap().unwrap();

    assert_eq!((context.states.unwrap().0, context.offered.unwrap().0.len()), (json!({ "b": 2 }), 1));
}

async fn turns_of_one_burst_end_with_the_one_that_answers(w: World) {
    let (first, second, third) = (w.says(ANA, "quiero").await, w.says(ANA, "dos").await, w.says(ANA, "vinos").await);
    let mut commit = w.answer(&first, &["¡Dos vinos!"]);
    commit.joined = vec![second.turn, third.turn];

    w.cell.finish(commit).await.unwrap();

    let mut states = Vec::new();
    for chat in [&first, &second, &third] {
        states.push(w.turn(&chat.turn).await.unwrap().state);
    }
    assert_eq!((states, w.pending().await.len()), (vec![TurnState::Done, TurnState::Joined, TurnState::Joined], 0));
}

async fn a_joined_turn_that_ended_before_undoes_the_whole_commit(w: World) {
    let (first, second) = (w.says(ANA, "quiero").await, w.says(ANA, "dos").await);
    w.cell.finish(w.answer(&second, &["¿dos qué?"])).await.unwrap();
    let before = w.dump().await;
    let mut commit = w.answer(&first, &["¡Dos!"]);
    commit.joined = vec![second.turn];

    let finished = w.cell.finish(commit).await;

    assert!(matches!(finished, Err(Error::Ended(_))), "{finished:?}");
    assert_eq!(w.dump().await, before);
}

async fn what_is_said_before_a_hand_over_of_the_same_turn_is_still_sent(w: World) {
    let chat = w.says(ANA, "un asesor").await;
    let mut commit = w.answer(&chat, &["te paso con alguien"]);
    commit.effects.hand_over = Some(HandOver { reason: "asked".into(), team: Some("ventas".into()), summary: None });
    let said = commit.said[0].message;

    w.cell.finish(commit).await.unwrap();

    let conversation = w.conversation(&chat.id).await;
    assert_eq!((conversation.status, conversation.epoch), (Answering::Human, 1));
    assert_eq!(w.timeline(&chat.id).await, ["handed_over"]);
    assert!(w.claim(said).await);
}

async fn a_hand_over_and_an_end_in_one_turn_still_send_its_words(w: World) {
    let chat = w.says(ANA, "gracias").await;
    let mut commit = w.answer(&chat, &["¡chau!"]);
    commit.effects.hand_over = Some(HandOver { reason: "asked".into(), team: None, summary: None });
    commit.effects.resolved = Some(Some("done".into()));
    let said = commit.said[0].message;

    w.cell.finish(commit).await.unwrap();

    assert_eq!(w.conversation(&chat.id).await.epoch, 2);
    assert!(w.claim(said).await);
}

async fn a_dead_letter_hands_over_and_keeps_the_error(w: World) {
    let chat = w.says(ANA, "hola").await;
    let mut commit = w.answer(&chat, &["ya te atiende una persona"]);
    commit.end = TurnEnd::Dead { error: "the flow trapped".into() };
    commit.attempts = 2;
    let said = commit.said[0].message;

    w.cell.finish(commit).await.unwrap();

    let dead = w.cell.read().await.unwrap().turns().dead(10).await.unwrap();
    assert_eq!((dead.len(), dead[0].id, dead[0].attempts, dead[0].error.as_deref()), (1, chat.turn, 2, Some("the flow trapped")));
    assert_eq!((w.conversation(&chat.id).await.status, w.timeline(&chat.id).await.len()), (Answering::Human, 2));
    assert!(w.claim(said).await);
}

async fn a_turn_to_be_run_again_keeps_everything_else_for_then(w: World) {
    let product = w.product("vino", Some(3)).await;
    let chat = w.says(ANA, "hola").await;
    let before = w.dump().await;
    let mut commit = everything(&w, &chat, product);
    commit.attempts = 1;
    commit.end = TurnEnd::Again { error: "timeout".into(), at: Time(NOON.0 + 2_000) };

    w.cell.finish(commit).await.unwrap();

    let turn = &w.pending().await[0];
    assert_eq!((turn.id, turn.attempts, turn.not_before), (chat.turn, 1, Time(NOON.0 + 2_000)));
    let mut after = w.dump().await;
    after.insert("turns".into(), before["turns"].clone());
    assert_eq!(after, before);
    assert_eq!(w.cell.finish(w.answer(&chat, &["ahora sí"])).await.unwrap(), Finished::Applied);
}

async fn one_members_conflict_leaves_its_neighbours_committed(w: World) {
    let numbers: Vec<String> = (0..12).map(|n| format!("54911{n:08}")).collect();
    let mut chats = Vec::new();
    for number in &numbers {
        chats.push(w.says(number, "hola").await);
    }
    w.cell.finish(w.answer(&chats[5], &["antes"])).await.unwrap();

    // The sixth was answered already.
    let finished = w.together(chats.iter().map(|chat| w.cell.finish(w.answer(chat, &["¡Hola!"])))).await;

    for (at, (chat, finished)) in chats.iter().zip(finished).enumerate() {
        assert_eq!(finished.is_ok(), at != 5, "{at}");
        assert_eq!(w.words(&chat.id).await, ["hola", if at == 5 { "antes" } else { "¡Hola!" }]);
    }
}

async fn notices_come_after_what_they_tell_of(w: World) {
    let (told, mut telling) = tokio::sync::mpsc::unbounded_channel();
    w.cell.listen(move |notices| notices.into_iter().for_each(|notice| drop(told.send(notice))));
    let talk = async {
        let (chat, _) = w.answered(ANA, &["¡Hola!"]).await;
        drop(chat);
    };
    let look = async {
        for _ in 0..4 {
            match telling.recv().await.unwrap() {
                Notice::Turn(turn) => assert!(w.turn(&turn.id).await.is_some()),
                Notice::Outbox(row) => assert_eq!(w.outbox(&row.message).await, OutboxState::Pending),
                _ => {}
            }
        }
    };

    tokio::time::timeout(PATIENCE, async { tokio::join!(talk, look) }).await.unwrap();
}

async fn a_message_id_used_before_undoes_the_whole_turn(w: World) {
    let (_, said) = w.answered(ANA, &["¡Hola!"]).await;
    let chat = w.says(BRUNO, "hola").await;
    let before = w.dump().await;
    let mut commit = w.answer(&chat, &["¡Hola!", "de nuevo"]);
    commit.said[1].message = said[0];

    let finished = w.cell.finish(commit).await;

    assert!(matches!(finished, Err(Error::Conflict(_))), "{finished:?}");
    assert_eq!(w.dump().await, before);
}
