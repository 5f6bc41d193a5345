//! Two hundred customers at once, each all the way, end where one after the other would have ended.

use std::collections::{BTreeSet, HashMap};

use relevo_model::*;
use relevo_store::{hot::*, *};

use crate::support::*;

on_both!(a_crowd_ends_where_one_after_the_other_would);

const CROWD: usize = 200;
const ROUNDS: usize = 3;
/// Bottles on the shelf; every fourth customer wants one in the first round.
const BOTTLES: i64 = 30;

/// What one customer's dialogue should leave.
#[derive(Default)]
struct Ended {
    words: Vec<String>,
    states: Vec<Delivery>,
    ordered: bool,
}

async fn a_crowd_ends_where_one_after_the_other_would(w: World) {
    let wine = w.product("vino", Some(BOTTLES)).await;

    let ended = futures::future::join_all((0..CROWD).map(|n| dialogue(&w, n, wine))).await;

    assert_eq!(w.stock(&wine).await, Some(0));
    assert_eq!(ended.iter().filter(|ended| ended.ordered).count() as i64, BOTTLES);
    for table in ["orders", "order_lines", "order_history"] {
        assert_eq!(w.count(&format!("SELECT COUNT(*) FROM {table}")).await, BOTTLES, "{table}");
    }
    assert!(w.pending().await.is_empty());
    assert!(w.cell.read().await.unwrap().outbox().waiting(None, 10).await.unwrap().is_empty());
    assert_eq!(w.cell.read().await.unwrap().next_due().await.unwrap(), None);
    let mut conversations = BTreeSet::new();
    for (n, ended) in ended.iter().enumerate() {
        let found = w.cell.read().await.unwrap().conversations().by_alias(&w.channel, &number(&phone(n))).await.unwrap().unwrap();
        let messages = w.messages(&found.id).await;
        assert!(messages.iter().zip(1..).all(|(message, seq)| message.seq == seq), "{n}: a gap");
        assert_eq!(messages.iter().map(|message| message.content.0.words().to_owned()).collect::<Vec<_>>(), ended.words, "{n}");
        assert_eq!(messages.iter().map(|message| message.state).collect::<Vec<_>>(), ended.states, "{n}");
        assert_eq!(found.status, if n % 10 == 9 { Answering::Human } else { Answering::Bot }, "{n}");
        conversations.insert(found.id);
    }
    assert_eq!(conversations.len(), CROWD);
    // Each turn and each reply was told once.
    let mut told: HashMap<String, usize> = HashMap::new();
    for notice in w.heard().await {
        match notice {
            Notice::Turn(turn) => *told.entry(turn.id.to_string()).or_default() += 1,
            Notice::Outbox(row) => *told.entry(row.message.to_string()).or_default() += 1,
            _ => {}
        }
    }
    assert_eq!(i64::try_from(told.len()).unwrap(), w.count("SELECT (SELECT COUNT(*) FROM turns) + (SELECT COUNT(*) FROM outbox)").await);
    assert!(told.values().all(|times| *times == 1));
}

fn phone(n: usize) -> String {
    format!("54911{n:08}")
}

/// Each round: told twice, answered, sent, and read before the send is marked, or after. Every tenth is taken over in the last round.
async fn dialogue(w: &World, n: usize, wine: ProductId) -> Ended {
    let mut ended = Ended::default();
    for round in 0..ROUNDS {
        let arrival = w.text(&phone(n), &format!("{n}.{round}"));
        let twin = Arrival { event: w.clock.id(), message: w.clock.id(), turn: w.clock.id(), ..arrival.clone() };
        let (one, two) = tokio::join!(w.cell.receive(vec![arrival.clone()]), w.cell.receive(vec![twin.clone()]));
        let arrival = if one.unwrap() == [Received::New] { arrival } else { twin.clone() };
        assert!(two.unwrap() == [Received::Known] || arrival.event == twin.event);
        ended.note(format!("{n}.{round}"), Delivery::Received);

        let chat = w.chat(&phone(n), &arrival).await;
        let last_of_a_tenth = n % 10 == 9 && round == ROUNDS - 1;
        if last_of_a_tenth {
            w.take_over(&chat.id).await;
        }
        let mut commit = w.answer(&chat, &[&format!("r{n}.{round}")]);
        if n.is_multiple_of(4) && round == 0 {
            commit.effects = bottle(w, n, wine);
        }
        let mut finished = w.cell.finish(commit.clone()).await;
        if let Err(Error::Conflict(_)) = finished {
            commit.said = vec![w.said("se acabó")];
            commit.effects = Effects::default();
            finished = w.cell.finish(commit.clone()).await;
        } else if !commit.effects.is_empty() {
            ended.ordered = true;
        }
        if last_of_a_tenth {
            assert_eq!(finished.unwrap(), Finished::Superseded);
            continue;
        }
        assert_eq!(finished.unwrap(), Finished::Applied);
        let said = commit.said[0].message;
        ended.note(commit.said[0].content.words().to_owned(), Delivery::Read);
        send(w, &chat, said, n.is_multiple_of(2)).await;
    }
    ended
}

async fn send(w: &World, chat: &Chat, said: MessageId, early: bool) {
    assert!(w.claim(said).await);
    let provider_id = format!("wamid.{said}");
    if early {
        w.status(&provider_id, None, Delivery::Read).await;
    }
    w.mark(chat, said, SendEnd::Sent { provider_id: provider_id.clone() }).await;
    let late = [Delivery::Read, Delivery::Delivered].map(|state| w.status(&provider_id, None, state));
    futures::future::join_all(late).await;
}

fn bottle(w: &World, n: usize, wine: ProductId) -> Effects {
    let line = OrderLine { product: wine, title: "Vino".into(), quantity: 1, price_minor: 1_500 };
    let order = NewOrder {
        id: w.clock.id(),
        code: format!("A-{n}"),
        lines: vec![line],
        total_minor: 1_500,
        currency: "ARS".into(),
        address: serde_json::Value::Null,
        is_test: false,
        actor: "storefront".into(),
    };
    Effects { reservations: vec![Reservation { product: wine, quantity: 1 }], orders: vec![order], ..Effects::default() }
}

impl Ended {
    fn note(&mut self, words: String, state: Delivery) {
        self.words.push(words);
        self.states.push(state);
    }
}
