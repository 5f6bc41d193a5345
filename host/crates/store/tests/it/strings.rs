//! What people type, kept as they typed it, on both engines.

use relevo_model::*;
use relevo_store::hot::*;
use serde_json::json;

use crate::support::*;

on_both!(words_come_back_as_they_were_typed, names_and_addresses_of_any_kind_stop_nobody, what_a_flow_writes_stops_nobody);

/// A selection of the Big List of Naughty Strings, https://github.com/minimaxir/big-list-of-naughty-strings (MIT, © 2015-2020 Max Woolf),
/// and the NUL that it leaves out.
const NAUGHTY: &[&str] = &[
    "\u{0}",
    "a\u{0}b\u{0}",
    "",
    "null",
    "\\",
    "-2147483648/-1",
    "NaN",
    ",./;'[]\\-=",
    "\u{feff}",
    "\u{fffe}",
    "'",
    "\"''''\"'\"",
    "田中さんにあげて下さい",
    "\u{2070e}\u{20731}\u{20779}\u{20c53}\u{20c78}\u{20c96}\u{20ccf}",
    "\u{23a}",
    "ヽ\u{f3c}\u{e88}\u{644}\u{35c}\u{e88}\u{f3d}\u{ff89} ヽ\u{f3c}\u{e88}\u{644}\u{35c}\u{e88}\u{f3d}\u{ff89}",
    "( \u{361}° \u{35c}\u{296} \u{361}°)",
    "¯\\_(ツ)_/¯",
    "\u{1f1fa}\u{1f1f8}\u{1f1f7}\u{1f1fa}\u{1f1f8} \u{1f1e6}\u{1f1eb}\u{1f1e6}\u{1f1f2}\u{1f1f8}",
    "\u{fdfd}",
    "\u{202a}\u{202a}test\u{202a}",
    "00\u{2d9}\u{196}$-",
    "<script>alert(123)</script>",
    "\"><script>alert(123)</script>",
    "'`\"><\\x00script>javascript:alert(1)</script>",
    "ABC<div style=\"x:expression\\x00(javascript:alert(1)\">DEF",
    "<a href=\"javascript\\x00:javascript:alert(1)\" id=\"fuzzelement1\">test</a>",
    "perl -e 'print \"<IMG SRC=java\\0script:alert(\\\"XSS\\\")>\";' > out",
    "http://a/%%30%30",
    "1;DROP TABLE users",
    "1'; DROP TABLE users-- 1",
    "' OR 1=1 -- 1",
    "'; EXEC sp_MSForEachTable 'DROP TABLE ?'; --",
    "%",
    "_",
    "/dev/null; touch /tmp/blns.fail ; echo",
    "Kernel.exit(1)",
    "%d",
    "%s%s%s%s%s",
    "../../../../../../../../../../../etc/passwd%00",
    "() { 0; }; touch /tmp/blns.shellshock1.fail;",
    "NUL",
    "expression",
    "Roses are \u{1b}[0;31mred\u{1b}[0m, violets are \u{1b}[0;34mblue. Hope you enjoy terminal hue",
    "The quic\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}k brown fo\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}\u{7}x... [Beeeep]",
    "\u{1f3f3}0\u{1f308}\u{fe0f}",
    "\u{c1c}\u{c4d}\u{c1e}\u{200c}\u{c3e}",
    "{% print 'x' * 64 * 1024**3 %}",
    "{{ \"\".__class__.__mro__[2].__subclasses__()[40](\"/etc/passwd\").read() }}",
];

async fn words_come_back_as_they_were_typed(w: World) {
    let batch: Vec<Arrival> = NAUGHTY.iter().map(|words| w.text(ANA, words)).collect();
    w.cell.receive(batch.clone()).await.unwrap();
    let chat = w.chat(ANA, &batch[0]).await;
    w.cell.finish(w.answer(&chat, NAUGHTY)).await.unwrap();

    let words = w.words(&chat.id).await;
    let pending = w.pending().await;
    let waiting = w.cell.read().await.unwrap().outbox().waiting(None, 1_000).await.unwrap();

    let twice: Vec<_> = NAUGHTY.iter().chain(NAUGHTY).copied().collect();
    assert_eq!(words, twice);
    let asked = |turn: &relevo_store::PendingTurn| match &turn.event {
        TurnEvent::Messages { items, .. } => items[0].content.words().to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(pending.iter().map(asked).collect::<Vec<_>>(), NAUGHTY[1..]);
    assert_eq!(waiting.iter().map(|row| row.content.words()).collect::<Vec<_>>(), NAUGHTY);
}

async fn names_and_addresses_of_any_kind_stop_nobody(w: World) {
    for (n, words) in NAUGHTY.iter().enumerate() {
        let (key, number) = (format!("m:{n}"), number(&format!("54911{n:08}")));
        let mut named = w.arrival(&key, message(&key, vec![number, user_id(&format!("{n}{words}"))], "hola"));
        named.incoming.raw = (*words).into();
        let What::Message(inner) = &mut named.incoming.what else { panic!("a message") };
        inner.sender.name = Some((*words).into());
        inner.quotes = Some((*words).into());

        assert_eq!(w.cell.receive(vec![named.clone()]).await.unwrap(), [Received::New], "{words:?}");

        let chat = w.chat(&format!("54911{n:08}"), &named).await;
        let customer = w.cell.read().await.unwrap().customers().find(&chat.customer).await.unwrap().unwrap();
        assert_eq!(customer.name.unwrap(), words.replace('\0', "\u{fffd}"));
        // The address that it came from finds it again.
        let again = w.arrival(&format!("again:{n}"), message("wamid", vec![user_id(&format!("{n}{words}"))], "de nuevo"));
        w.cell.receive(vec![again]).await.unwrap();
        assert_eq!(w.words(&chat.id).await, ["hola", "de nuevo"], "{words:?}");
    }
}

async fn what_a_flow_writes_stops_nobody(w: World) {
    let product = w.product("vino", None).await;
    for (n, words) in NAUGHTY.iter().enumerate() {
        let text = || (*words).to_owned();
        let chat = w.says(ANA, "hola").await;
        let mut commit = w.answer(&chat, &[words]);
        commit.said[0].quotes = Some(text());
        commit.said[0].evidence = Some(json!({ "words": words }));
        commit.session = Some(Session { states: json!({ "p": words }), offered: vec![options::Offered { id: text(), title: text() }] });
        let line = OrderLine { product, title: text(), quantity: 1, price_minor: 1 };
        let order = NewOrder {
            id: w.clock.id(),
            code: format!("A-{n}"),
            lines: vec![line],
            total_minor: 1,
            currency: "ARS".into(),
            address: json!({ "text": words }),
            is_test: false,
            actor: text(),
        };
        let kv = KvWrite {
            plugin: "p".into(),
            scope: "business".into(),
            scope_id: String::new(),
            key: format!("{n}{words}"),
            value: Some(text()),
            expect: None,
            expires_at: None,
        };
        commit.effects = Effects {
            orders: vec![order],
            addresses: vec![NewAddress { id: w.clock.id(), text: text(), latitude: None, longitude: None }],
            kv: vec![kv],
            customer: Some(CustomerChange { name: Some(text()), locale: Some(text()), attributes: json!({ "words": words }) }),
            timers: vec![NewTimer { id: w.clock.id(), plugin: "p".into(), name: format!("{n}{words}"), due_at: NOON, payload: text(), replace: true }],
            labels: Some(vec![text()]),
            notes: vec![text()],
            assign: Some(text()),
            ..Effects::default()
        };

        assert_eq!(w.cell.finish(commit).await.unwrap(), Finished::Applied, "{words:?}");

        let context = w.cell.read().await.unwrap().conversations().context(&chat.id).await.unwrap().unwrap();
        assert_eq!((context.states.unwrap().0, context.conversation.labels.0), (json!({ "p": words }), vec![text()]));
        assert_eq!(context.attributes.0, json!({ "words": words }));
        assert_eq!(context.customer_name.unwrap(), words.replace('\0', "\u{fffd}"));
    }
}
