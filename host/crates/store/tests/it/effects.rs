//! What a turn changes beside its replies.

use relevo_model::*;
use relevo_store::{hot::*, *};
use serde_json::json;

use crate::support::*;

on_both!(
    an_order_its_stock_its_history_and_its_event_come_together,
    a_test_order_takes_nothing_from_the_shelf,
    two_turns_at_once_cannot_both_have_the_last_bottle,
    what_is_given_back_can_be_taken_again,
    what_is_not_counted_can_always_be_taken,
    one_line_too_many_undoes_the_whole_turn,
    a_value_stands_only_on_the_version_that_was_read,
    a_value_that_is_only_for_the_first_is_refused_to_the_second,
    a_removal_stands_only_on_the_version_that_was_read,
    an_expired_value_is_as_if_never_written,
    values_are_listed_by_prefix_in_the_order_of_their_keys,
    values_of_other_plugins_and_scopes_are_others,
    what_a_plugin_keeps_is_counted_in_bytes,
    a_timer_is_kept_replaced_and_cancelled_by_its_name,
    labels_notes_the_assignee_and_the_end_are_kept,
    a_customer_is_changed_and_keeps_what_was_not_named,
);

async fn applied(w: &World, effects: Effects) -> Result<Chat> {
    let chat = w.says(ANA, "hola").await;
    let mut commit = w.answer(&chat, &[]);
    commit.effects = effects;
    w.cell.finish(commit).await.map(|finished| {
        assert_eq!(finished, Finished::Applied);
        chat
    })
}

fn order(w: &World, code: &str, product: ProductId, quantity: i64) -> Effects {
    let line = OrderLine { product, title: "Vino".into(), quantity, price_minor: 1_500 };
    let order = NewOrder {
        id: w.clock.id(),
        code: code.into(),
        lines: vec![line],
        total_minor: 1_500 * quantity,
        currency: "ARS".into(),
        address: json!({ "text": "Mitre 1" }),
        is_test: false,
        actor: "storefront".into(),
    };
    Effects { reservations: vec![Reservation { product, quantity }], orders: vec![order], ..Effects::default() }
}

async fn an_order_its_stock_its_history_and_its_event_come_together(w: World) {
    let product = w.product("vino", Some(5)).await;
    let effects = order(&w, "A-1", product, 2);
    let id = effects.orders[0].id;

    let chat = applied(&w, effects).await.unwrap();

    let mut read = w.cell.read().await.unwrap();
    let found = read.orders().find_of(&chat.customer, id.as_str()).await.unwrap().unwrap();
    assert_eq!((found.code.as_str(), found.status.as_str(), found.status_title.as_str(), found.total_minor), ("A-1", "NEW", "Recibido", 3_000));
    assert_eq!(found.address.0, json!({ "text": "Mitre 1" }));
    let lines = read.orders().lines(&id).await.unwrap();
    assert_eq!((lines.len(), lines[0].quantity, lines[0].product_id.as_str()), (1, 2, product.as_str()));
    assert_eq!(read.orders().history(&id).await.unwrap(), [("NEW".to_owned(), "storefront".to_owned(), NOON.0)]);
    let event = read.event_log(None, 10).await.unwrap().into_iter().find(|event| event.kind == "order.created").unwrap();
    assert!(event.payload.contains("A-1") && event.dedupe_key.ends_with(id.as_str()));
    let shelf = read.products().find(product.as_str()).await.unwrap().unwrap();
    assert_eq!((shelf.stock, shelf.popularity, shelf.version), (Some(3), 2, 2));
    assert!(read.orders().find_of(&w.clock.id(), id.as_str()).await.unwrap().is_none(), "somebody else's");
}

async fn a_test_order_takes_nothing_from_the_shelf(w: World) {
    let product = w.product("vino", Some(1)).await;
    let mut effects = order(&w, "A-1", product, 5);
    effects.orders[0].is_test = true;

    applied(&w, effects).await.unwrap();

    let shelf = w.cell.read().await.unwrap().products().find(product.as_str()).await.unwrap().unwrap();
    assert_eq!((shelf.stock, shelf.popularity), (Some(1), 0));
    assert_eq!(w.count("SELECT COUNT(*) FROM orders").await, 1);
}

async fn two_turns_at_once_cannot_both_have_the_last_bottle(w: World) {
    let product = w.product("vino", Some(1)).await;
    let numbers: Vec<String> = (0..6).map(|n| format!("54911{n:08}")).collect();
    let mut commits = Vec::new();
    for number in &numbers {
        let chat = w.says(number, "el último").await;
        let mut commit = w.answer(&chat, &["¡es tuyo!"]);
        commit.effects = order(&w, number, product, 1);
        commits.push(commit);
    }

    let finished = w.together(commits.iter().map(|commit| w.cell.finish(commit.clone()))).await;

    let won: Vec<bool> = finished.iter().map(Result::is_ok).collect();
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{finished:?}");
    assert_eq!((w.stock(&product).await, w.count("SELECT COUNT(*) FROM orders").await), (Some(0), 1));
    for (commit, won) in commits.iter().zip(won) {
        let expected: &[&str] = if won { &["el último", "¡es tuyo!"] } else { &["el último"] };
        assert_eq!(w.words(&commit.conversation).await, expected);
    }
}

async fn what_is_given_back_can_be_taken_again(w: World) {
    let product = w.product("vino", Some(2)).await;
    let take = |quantity| Effects { reservations: vec![Reservation { product, quantity }], ..Effects::default() };
    applied(&w, take(2)).await.unwrap();
    assert!(matches!(applied(&w, take(1)).await, Err(Error::Conflict(_))));

    applied(&w, take(-1)).await.unwrap();

    assert_eq!(w.stock(&product).await, Some(1));
    applied(&w, take(1)).await.unwrap();
    assert_eq!(w.stock(&product).await, Some(0));
}

async fn what_is_not_counted_can_always_be_taken(w: World) {
    let product = w.product("envío", None).await;

    applied(&w, order(&w, "A-1", product, 1_000)).await.unwrap();

    assert_eq!(w.stock(&product).await, None);
}

async fn one_line_too_many_undoes_the_whole_turn(w: World) {
    let (wine, bread) = (w.product("vino", Some(5)).await, w.product("pan", Some(0)).await);
    let mut effects = order(&w, "A-1", wine, 1);
    effects.reservations.push(Reservation { product: bread, quantity: 1 });
    effects.kv = vec![put("k", "v", None)];

    let refused = applied(&w, effects).await;

    assert!(matches!(refused, Err(Error::Conflict(_))));
    assert_eq!((w.stock(&wine).await, w.count("SELECT COUNT(*) FROM orders").await, w.count("SELECT COUNT(*) FROM kv").await), (Some(5), 0, 0));
}

fn put(key: &str, value: &str, expect: Option<i64>) -> KvWrite {
    KvWrite {
        plugin: "storefront".into(),
        scope: "business".into(),
        scope_id: String::new(),
        key: key.into(),
        value: Some(value.into()),
        expect,
        expires_at: None,
    }
}

const OWN: KvScope<'static> = KvScope { plugin: "storefront", scope: "business", id: "" };

async fn wrote(w: &World, write: KvWrite) -> Result<()> {
    applied(w, Effects { kv: vec![write], ..Effects::default() }).await.map(drop)
}

async fn got(w: &World, key: &str) -> Option<(String, i64)> {
    let found = w.cell.read().await.unwrap().kv().get(OWN, key, w.now()).await.unwrap();
    found.map(|entry| (entry.value, entry.version))
}

async fn a_value_stands_only_on_the_version_that_was_read(w: World) {
    wrote(&w, put("k", "uno", None)).await.unwrap();
    wrote(&w, put("k", "dos", Some(1))).await.unwrap();

    let late = wrote(&w, put("k", "tarde", Some(1))).await;

    assert!(matches!(late, Err(Error::Conflict(_))));
    assert_eq!(got(&w, "k").await, Some(("dos".into(), 2)));
    wrote(&w, put("k", "sin mirar", None)).await.unwrap();
    assert_eq!(got(&w, "k").await, Some(("sin mirar".into(), 3)));
}

async fn a_value_that_is_only_for_the_first_is_refused_to_the_second(w: World) {
    wrote(&w, put("k", "uno", Some(0))).await.unwrap();

    let second = wrote(&w, put("k", "dos", Some(0))).await;

    assert!(matches!(second, Err(Error::Conflict(_))));
    assert!(matches!(wrote(&w, put("nowhere", "x", Some(7))).await, Err(Error::Conflict(_))));
    assert_eq!((got(&w, "k").await, got(&w, "nowhere").await), (Some(("uno".into(), 1)), None));
}

async fn a_removal_stands_only_on_the_version_that_was_read(w: World) {
    wrote(&w, put("k", "uno", None)).await.unwrap();
    wrote(&w, put("k", "dos", None)).await.unwrap();
    let remove = |expect| KvWrite { value: None, ..put("k", "", expect) };

    let late = wrote(&w, remove(Some(1))).await;

    assert!(matches!(late, Err(Error::Conflict(_))));
    assert_eq!(got(&w, "k").await, Some(("dos".into(), 2)));
    wrote(&w, remove(Some(2))).await.unwrap();
    wrote(&w, remove(None)).await.unwrap();
    assert_eq!(got(&w, "k").await, None);
}

async fn an_expired_value_is_as_if_never_written(w: World) {
    let soon = Time(NOON.0 + 1_000);
    wrote(&w, KvWrite { expires_at: Some(soon), ..put("k", "uno", None) }).await.unwrap();
    assert_eq!(got(&w, "k").await, Some(("uno".into(), 1)));

    w.clock.advance(std::time::Duration::from_secs(1));

    assert_eq!(got(&w, "k").await, None);
    assert!(w.cell.read().await.unwrap().kv().scan(OWN, "", "", 10, w.now()).await.unwrap().is_empty());
    assert!(matches!(wrote(&w, put("k", "dos", Some(1))).await, Err(Error::Conflict(_))));
    wrote(&w, put("k", "dos", Some(0))).await.unwrap();
    assert_eq!(got(&w, "k").await, Some(("dos".into(), 1)));
}

async fn values_are_listed_by_prefix_in_the_order_of_their_keys(w: World) {
    let keys = ["b", "a:2", "a:10", "a:", "ñ:1", "A:1", "a%", "é"];
    applied(&w, Effects { kv: keys.iter().map(|key| put(key, key, None)).collect(), ..Effects::default() }).await.unwrap();
    let mut read = w.cell.read().await.unwrap();

    let found = read.kv().scan(OWN, "a:", "", 10, w.now()).await.unwrap();
    let page = read.kv().scan(OWN, "a:", "a:", 1, w.now()).await.unwrap();
    let all = read.kv().scan(OWN, "", "", 10, w.now()).await.unwrap();

    let names = |entries: Vec<KvEntry>| entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>();
    assert_eq!((names(found), names(page)), (vec!["a:".to_owned(), "a:10".into(), "a:2".into()], vec!["a:10".to_owned()]));
    assert_eq!(names(all), ["A:1", "a%", "a:", "a:10", "a:2", "b", "é", "ñ:1"]);
}

async fn values_of_other_plugins_and_scopes_are_others(w: World) {
    let chat = w.says(ANA, "hola").await;
    let own = put("k", "business", None);
    let theirs = KvWrite { plugin: "other".into(), value: Some("other".into()), ..own.clone() };
    let talk = KvWrite { scope: "conversation".into(), scope_id: chat.id.to_string(), value: Some("talk".into()), ..own.clone() };
    applied(&w, Effects { kv: vec![own, theirs, talk], ..Effects::default() }).await.unwrap();
    let mut read = w.cell.read().await.unwrap();

    let mut found = Vec::new();
    for of in [OWN, KvScope { plugin: "other", ..OWN }, KvScope { scope: "conversation", id: chat.id.as_str(), ..OWN }] {
        found.push(read.kv().get(of, "k", w.now()).await.unwrap().unwrap().value);
        assert_eq!(read.kv().scan(of, "", "", 10, w.now()).await.unwrap().len(), 1);
    }

    assert_eq!(found, ["business", "other", "talk"]);
    let elsewhere = KvScope { scope: "conversation", id: "somebody else's", ..OWN };
    assert!(read.kv().get(elsewhere, "k", w.now()).await.unwrap().is_none());
    assert!(read.kv().scan(elsewhere, "", "", 10, w.now()).await.unwrap().is_empty());
}

async fn what_a_plugin_keeps_is_counted_in_bytes(w: World) {
    let kv = vec![put("ñ", "año", None), put("k", "12345", None), KvWrite { plugin: "other".into(), ..put("k", "1", None) }];
    applied(&w, Effects { kv, ..Effects::default() }).await.unwrap();

    let bytes = w.cell.read().await.unwrap().kv().bytes_of("storefront").await.unwrap();

    assert_eq!(bytes, 2 + 4 + 1 + 5);
}

async fn a_timer_is_kept_replaced_and_cancelled_by_its_name(w: World) {
    let timer = |name: &str, after: i64, replace| NewTimer {
        id: w.clock.id(),
        plugin: "storefront".into(),
        name: name.into(),
        due_at: Time(NOON.0 + after),
        payload: after.to_string(),
        replace,
    };
    let set = |timers: Vec<NewTimer>, cancelled: &[&str]| Effects {
        timers,
        cancelled_timers: cancelled.iter().map(|name| ("storefront".to_owned(), (*name).to_owned())).collect(),
        ..Effects::default()
    };
    applied(&w, set(vec![timer("nudge", 10, false), timer("close", 20, false), timer("gone", 30, false)], &[])).await.unwrap();

    applied(&w, set(vec![timer("nudge", 50, false), timer("close", 60, true)], &["gone", "never was"])).await.unwrap();

    let due = w.cell.read().await.unwrap().timers().due(Time(NOON.0 + 1_000), 10).await.unwrap();
    let due: Vec<_> = due.iter().map(|timer| (timer.name.as_str(), timer.payload.as_str())).collect();
    assert_eq!(due, [("nudge", "10"), ("close", "60")]);
    assert!(w.heard().await.iter().any(|notice| matches!(notice, Notice::Timer(at) if at.0 == NOON.0 + 60)));
}

async fn labels_notes_the_assignee_and_the_end_are_kept(w: World) {
    let effects = Effects {
        labels: Some(vec!["vip".into(), "año".into()]),
        notes: vec!["uno".into(), "dos".into()],
        assign: Some("ana@acme".into()),
        resolved: Some(Some("answered".into())),
        ..Effects::default()
    };

    let chat = applied(&w, effects).await.unwrap();

    let conversation = w.conversation(&chat.id).await;
    assert_eq!((conversation.labels.0, conversation.state, conversation.epoch), (vec!["vip".to_owned(), "año".into()], Progress::Resolved, 1));
    assert_eq!((conversation.status, conversation.unread), (Answering::Bot, 0));
    assert_eq!(w.count("SELECT COUNT(*) FROM conversations WHERE assignee_id = 'ana@acme'").await, 1);
    let mut kinds = w.timeline(&chat.id).await;
    kinds.sort();
    assert_eq!(kinds, ["note", "note", "resolved"]);
}

async fn a_customer_is_changed_and_keeps_what_was_not_named(w: World) {
    let change = |name: Option<&str>, locale: Option<&str>| {
        let change = CustomerChange { name: name.map(Into::into), locale: locale.map(Into::into), attributes: json!({ "n": 1 }) };
        Effects { customer: Some(change), ..Effects::default() }
    };
    applied(&w, change(Some("Ana"), None)).await.unwrap();

    let chat = applied(&w, change(None, Some("pt"))).await.unwrap();

    let customer = w.cell.read().await.unwrap().customers().find(&chat.customer).await.unwrap().unwrap();
    assert_eq!((customer.name.as_deref(), customer.locale.as_deref(), customer.attributes.0), (Some("Ana"), Some("pt"), json!({ "n": 1 })));
}
