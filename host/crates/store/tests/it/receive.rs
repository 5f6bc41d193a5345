//! Receiving: what came before is recognised, and each event leaves exactly what it should.

use relevo_model::*;
use relevo_store::{hot::*, *};

use crate::support::*;

on_both!(
    a_new_customer_gets_a_conversation_a_message_and_a_turn,
    a_known_customer_keeps_the_conversation_and_takes_the_next_number,
    whoever_is_known_by_one_alias_is_recognised_by_it_under_another,
    an_alias_of_somebody_else_stays_his,
    the_same_event_twice_in_one_batch_is_stored_once,
    the_same_event_in_two_batches_is_stored_once,
    the_same_event_told_many_times_at_once_is_stored_once,
    the_same_key_in_another_channel_is_another_event,
    many_customers_of_one_batch_get_conversations_of_their_own,
    what_nobody_knows_is_only_logged,
    a_message_reopens_a_resolved_conversation,
    a_conversation_that_a_person_has_gets_no_turn,
    no_turn_is_made_while_the_bot_is_off,
    what_asks_nothing_gets_no_turn_and_reopens_nothing,
    numbers_have_no_gaps_whatever_arrives_together,
    a_new_address_leads_to_the_same_customer,
    what_the_business_writes_on_its_phone_takes_the_conversation,
    an_echo_of_our_own_message_is_a_tick,
    what_nobody_could_have_sent_is_logged_and_harms_nobody,
);

async fn a_new_customer_gets_a_conversation_a_message_and_a_turn(w: World) {
    let arrival = w.text(ANA, "hola");

    let received = w.cell.receive(vec![arrival.clone()]).await.unwrap();

    assert_eq!(received, [Received::New]);
    let chat = w.chat(ANA, &arrival).await;
    assert_eq!((chat.id, chat.customer), (arrival.conversation, arrival.customer));
    let conversation = w.conversation(&chat.id).await;
    assert_eq!((conversation.status, conversation.state, conversation.epoch, conversation.unread), (Answering::Bot, Progress::Open, 0, 1));
    assert_eq!((conversation.peer.as_str(), conversation.last_inbound_at), (ANA, Some(NOON.0)));
    let customer = w.cell.read().await.unwrap().customers().find(&chat.customer).await.unwrap().unwrap();
    assert_eq!(customer.phone.as_deref(), Some("+5491155550001"));
    let messages = w.messages(&chat.id).await;
    assert_eq!((messages.len(), messages[0].seq, messages[0].state, messages[0].direction), (1, 1, Delivery::Received, Direction::In));
    assert_eq!(messages[0].turn_id.as_deref(), Some(arrival.turn.as_str()));
    let [turn] = &w.pending().await[..] else { panic!("one turn") };
    assert_eq!((turn.id, turn.seq, turn.epoch, turn.not_before), (arrival.turn, 1, 0, NOON));
    let TurnEvent::Messages { items, first_seen } = &turn.event else { panic!("a message's turn") };
    assert!(*first_seen && items[0].id == arrival.message);
    let heard = w.heard().await;
    assert!(matches!(&heard[..], [Notice::Conversation(_), Notice::Turn(turn)] if turn.id == arrival.turn), "{heard:?}");
}

async fn a_known_customer_keeps_the_conversation_and_takes_the_next_number(w: World) {
    let first = w.says(ANA, "hola").await;

    let second = w.says(ANA, "¿hay alguien?").await;

    assert_eq!((first.id, first.customer), (second.id, second.customer));
    assert_eq!(w.words(&first.id).await, ["hola", "¿hay alguien?"]);
    let turns = w.pending().await;
    assert_eq!(turns.iter().map(|turn| turn.seq).collect::<Vec<_>>(), [1, 2]);
    assert!(matches!(&turns[1].event, TurnEvent::Messages { first_seen: false, .. }));
    assert_eq!(w.conversation(&first.id).await.unread, 2);
}

async fn whoever_is_known_by_one_alias_is_recognised_by_it_under_another(w: World) {
    let known = w.says(ANA, "hola").await;

    w.cell.receive(vec![w.arrival("m:2", message("wamid.2", vec![user_id("u-1"), number(ANA)], "soy yo"))]).await.unwrap();
    w.cell.receive(vec![w.arrival("m:3", message("wamid.3", vec![user_id("u-1")], "y ahora sin número"))]).await.unwrap();

    assert_eq!(w.words(&known.id).await, ["hola", "soy yo", "y ahora sin número"]);
    let aliases = w.cell.read().await.unwrap().customers().aliases(&known.customer).await.unwrap();
    assert_eq!(aliases, [user_id("u-1"), number(ANA)]);
    assert_eq!(w.count("SELECT COUNT(*) FROM customers").await, 1);
    let conversation = w.conversation(&known.id).await;
    assert_eq!((conversation.peer_kind, conversation.peer.as_str()), (AliasKind::UserId, "u-1"));
}

async fn an_alias_of_somebody_else_stays_his(w: World) {
    let (ana, bruno) = (w.says(ANA, "hola").await, w.says(BRUNO, "buenas").await);

    w.cell.receive(vec![w.arrival("m:3", message("wamid.3", vec![number(BRUNO), number(ANA)], "¿quién soy?"))]).await.unwrap();

    assert_eq!(w.words(&bruno.id).await, ["buenas", "¿quién soy?"]);
    assert_eq!(w.cell.read().await.unwrap().customers().aliases(&ana.customer).await.unwrap(), [number(ANA)]);
}

async fn the_same_event_twice_in_one_batch_is_stored_once(w: World) {
    let twice = || w.arrival("m:1", message("wamid.1", vec![number(ANA)], "hola"));

    let received = w.cell.receive(vec![twice(), w.text(BRUNO, "buenas"), twice()]).await.unwrap();

    assert_eq!(received, [Received::New, Received::New, Received::Known]);
    assert_eq!(w.count("SELECT COUNT(*) FROM messages").await, 2);
    assert_eq!((w.pending().await.len(), w.count("SELECT COUNT(*) FROM event_log").await), (2, 2));
}

async fn the_same_event_in_two_batches_is_stored_once(w: World) {
    let twice = || w.arrival("m:1", message("wamid.1", vec![number(ANA)], "hola"));
    w.cell.receive(vec![twice()]).await.unwrap();
    let (before, _) = (w.dump().await, w.heard().await);

    let received = w.cell.receive(vec![twice()]).await.unwrap();

    assert_eq!(received, [Received::Known]);
    assert_eq!(w.dump().await, before);
    assert!(w.heard().await.is_empty());
}

async fn the_same_event_told_many_times_at_once_is_stored_once(w: World) {
    let told = (0..20).map(|_| w.cell.receive(vec![w.arrival("m:1", message("wamid.1", vec![number(ANA)], "hola"))]));

    let received: Vec<_> = w.together(told).await.into_iter().flat_map(Result::unwrap).collect();

    assert_eq!(received.iter().filter(|received| **received == Received::New).count(), 1);
    assert_eq!((w.count("SELECT COUNT(*) FROM messages").await, w.pending().await.len()), (1, 1));
}

async fn the_same_key_in_another_channel_is_another_event(w: World) {
    let mut elsewhere = w.arrival("m:1", message("wamid.1", vec![number(ANA)], "en la otra sucursal"));
    elsewhere.channel = w.clock.id();

    let received = w.cell.receive(vec![w.arrival("m:1", message("wamid.1", vec![number(ANA)], "hola")), elsewhere]).await.unwrap();

    assert_eq!(received, [Received::New, Received::New]);
    assert_eq!(w.count("SELECT COUNT(*) FROM customers").await, 1);
    assert_eq!(w.count("SELECT COUNT(*) FROM conversations").await, 2);
}

async fn many_customers_of_one_batch_get_conversations_of_their_own(w: World) {
    let numbers: Vec<String> = (0..60).map(|n| format!("54911{n:08}")).collect();
    // Each writes twice, and the second round comes after the first.
    let batch: Vec<Arrival> = ["hola", "¿hay alguien?"].iter().flat_map(|words| numbers.iter().map(|number| w.text(number, words))).collect();

    let received = w.cell.receive(batch.clone()).await.unwrap();

    assert_eq!(received, vec![Received::New; 120]);
    assert_eq!(w.count("SELECT COUNT(*) FROM customers").await, 60);
    for (number, arrival) in numbers.iter().zip(&batch) {
        let chat = w.chat(number, arrival).await;
        assert_eq!(w.words(&chat.id).await, ["hola", "¿hay alguien?"]);
        assert_eq!(w.messages(&chat.id).await.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2]);
    }
    assert_eq!(w.pending().await.len(), 120);
}

async fn what_nobody_knows_is_only_logged(w: World) {
    let before = w.dump().await;
    let mut unknown = w.arrival("x:1", What::Other { kind: "flow_metrics".into() });
    unknown.incoming.raw = "not even JSON".into();

    w.cell.receive(vec![unknown.clone()]).await.unwrap();

    let mut after = w.dump().await;
    after.insert("event_log".into(), vec![]);
    assert_eq!(after, before);
    let logged = w.cell.read().await.unwrap().event_log(None, 10).await.unwrap();
    assert_eq!((logged[0].kind.as_str(), logged[0].payload.as_str(), logged[0].id), ("flow_metrics", "not even JSON", unknown.event));
}

async fn a_message_reopens_a_resolved_conversation(w: World) {
    let chat = w.says(ANA, "hola").await;
    let mut commit = w.answer(&chat, &["¡listo!"]);
    commit.effects.resolved = Some(Some("answered".into()));
    w.cell.finish(commit).await.unwrap();
    assert_eq!(w.conversation(&chat.id).await.state, Progress::Resolved);

    let again = w.says(ANA, "otra cosa").await;

    let conversation = w.conversation(&chat.id).await;
    assert_eq!((again.id, conversation.state, conversation.unread), (chat.id, Progress::Open, 1));
    assert_eq!(w.pending().await[0].epoch, conversation.epoch);
}

async fn a_conversation_that_a_person_has_gets_no_turn(w: World) {
    let chat = w.says(ANA, "hola").await;
    w.take_over(&chat.id).await;

    let later = w.says(ANA, "¿me ayuda?").await;

    assert_eq!(w.turn(&later.turn).await.map(|turn| turn.id), None);
    assert_eq!(w.words(&chat.id).await, ["hola", "¿me ayuda?"]);
    assert_eq!((w.message(&later.message).await.turn_id, w.conversation(&chat.id).await.unread), (None, 2));
}

async fn no_turn_is_made_while_the_bot_is_off(w: World) {
    let chat = w.says(ANA, "hola").await;
    let mut off_at_the_point = w.text(BRUNO, "buenas");
    off_at_the_point.bot_on = false;
    let mut write = w.cell.write().await.unwrap();
    write.switch_bot(&chat.id, false, "ana@acme", w.clock.id(), w.now()).await.unwrap();
    write.commit().await.unwrap();

    w.cell.receive(vec![off_at_the_point.clone(), w.text(ANA, "¿y ahora?")]).await.unwrap();

    assert_eq!(w.pending().await.iter().map(|turn| turn.id).collect::<Vec<_>>(), [chat.turn]);
    assert_eq!(w.words(&chat.id).await, ["hola", "¿y ahora?"]);
    assert_eq!(w.words(&w.chat(BRUNO, &off_at_the_point).await.id).await, ["buenas"]);
}

async fn what_asks_nothing_gets_no_turn_and_reopens_nothing(w: World) {
    let chat = w.says(ANA, "hola").await;
    let mut commit = w.answer(&chat, &[]);
    commit.effects.resolved = Some(None);
    w.cell.finish(commit).await.unwrap();
    let mut thumb = w.text(ANA, "");
    let What::Message(inner) = &mut thumb.incoming.what else { panic!("a message") };
    inner.content = Content::Reaction { emoji: "👍".into(), message: "wamid.1".into() };

    w.cell.receive(vec![thumb]).await.unwrap();

    let conversation = w.conversation(&chat.id).await;
    assert_eq!((conversation.state, conversation.unread), (Progress::Resolved, 0));
    assert_eq!((w.messages(&chat.id).await.len(), w.pending().await.len()), (2, 0));
}

async fn numbers_have_no_gaps_whatever_arrives_together(w: World) {
    let chat = w.says(ANA, "0").await;
    let received = (1..40).map(|n| w.cell.receive(vec![w.text(ANA, &n.to_string()), w.text(BRUNO, &n.to_string())]));
    let mut commit = w.answer(&chat, &["a", "b", "c"]);
    commit.effects.notes = vec!["keeps a commit of its own".into()];
    let (received, finished) = tokio::join!(futures::future::try_join_all(received), w.cell.finish(commit));
    received.unwrap();
    assert_eq!(finished.unwrap(), Finished::Applied);

    let seqs: Vec<i64> = w.messages(&chat.id).await.iter().map(|message| message.seq).collect();

    assert_eq!(seqs, (1..=43).collect::<Vec<_>>());
}

async fn a_new_address_leads_to_the_same_customer(w: World) {
    let chat = w.says(ANA, "hola").await;
    let changed = What::AliasChanged { from: number(ANA), to: number("5491199990000") };

    w.cell.receive(vec![w.arrival("c:1", changed)]).await.unwrap();

    let later = w.says("5491199990000", "cambié de número").await;
    assert_eq!((later.id, later.customer), (chat.id, chat.customer));
    assert_eq!(w.says(ANA, "y este también soy yo").await.customer, chat.customer);
}

async fn what_the_business_writes_on_its_phone_takes_the_conversation(w: World) {
    let (chat, said) = w.answered(ANA, &["¿Qué necesitás?"]).await;
    let echo =
        What::Echo(Echo { provider_id: "wamid.phone".into(), to: Party { aliases: vec![number(ANA)], name: None }, content: Content::text("yo te atiendo") });

    w.cell.receive(vec![w.arrival("e:1", echo.clone()), w.arrival("e:1", echo)]).await.unwrap();

    let conversation = w.conversation(&chat.id).await;
    assert_eq!((conversation.status, conversation.epoch), (Answering::Human, 1));
    assert_eq!(w.outbox(&said[0]).await, OutboxState::Cancelled);
    let last = w.messages(&chat.id).await.pop().unwrap();
    assert_eq!((last.seq, last.sender, last.state, last.content.0.words()), (3, Sender::Agent, Delivery::Sent, "yo te atiendo"));
    assert_eq!(w.timeline(&chat.id).await, ["taken_over"]);
}

async fn an_echo_of_our_own_message_is_a_tick(w: World) {
    let (chat, said) = w.sent(ANA, "wamid.ours").await;
    let echo = What::Echo(Echo { provider_id: "wamid.ours".into(), to: Party { aliases: vec![number(ANA)], name: None }, content: Content::text("sale") });

    w.cell.receive(vec![w.arrival("e:1", echo)]).await.unwrap();

    assert_eq!(w.conversation(&chat.id).await.status, Answering::Bot);
    assert_eq!((w.message(&said).await.state, w.messages(&chat.id).await.len()), (Delivery::Sent, 2));
}

async fn what_nobody_could_have_sent_is_logged_and_harms_nobody(w: World) {
    let nobody = || w.arrival("m:nobody", message("wamid.nobody", vec![], "de nadie"));

    let alone = w.cell.receive(vec![nobody()]).await;
    let beside = w.cell.receive(vec![nobody(), w.text(ANA, "hola")]).await.unwrap();

    assert_eq!((alone.unwrap(), beside), (vec![Received::New], vec![Received::Known, Received::New]));
    assert_eq!(w.count("SELECT COUNT(*) FROM messages").await, 1);
}
