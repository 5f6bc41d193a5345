//! The storefront's order dialogue, from the first word to the order.

use relevo_testbed::webhook::Payload;

use crate::harness::{Chat, Setup, TestApp, both_engines};

const PHONE: &str = "+54 9 11 5555 0001";

fn shop(setup: Setup) -> Setup {
    setup.tenant("acme").flow("storefront").product("YER", "Yerba mate 1 kg", 480_000, Some(40)).product("VIN", "Vino Malbec", 1_250_000, Some(1))
}

/// Orders two of the first product; every word of the customer goes through `post`.
async fn orders<F: Future<Output = ()>>(chat: &Chat, post: impl Fn(Payload) -> F) {
    post(chat.text("hola")).await;
    post(chat.tap("Hacer un pedido").await).await;
    post(chat.tap("Yerba mate").await).await;
    chat.bot_replies().await;
    post(chat.text("2")).await;
    chat.bot_replies().await;
    post(chat.text("Av. Siempreviva 742, Lanús")).await;
    post(chat.tap("Confirmar").await).await;
    chat.bot_replies().await;
}

/// One order of two pieces is there, and the customer knows its code.
async fn assert_ordered(app: &TestApp, chat: &Chat) {
    let cell = app.cell(&chat.tenant).await;
    let mut read = cell.read().await.unwrap();
    let found = read.orders().list(&relevo_store::OrderFilter::ALL, None, 10).await.unwrap();
    assert_eq!(found.len(), 1, "one order");
    let order = &found[0];
    assert_eq!((order.status.as_str(), order.total_minor, order.currency.as_str(), order.is_test), ("NEW", 960_000, "ARS", false));
    assert_eq!(order.address.0["text"], "Av. Siempreviva 742, Lanús");
    let lines = read.orders().lines(&order.id).await.unwrap();
    assert_eq!(lines.iter().map(|line| (line.title.as_str(), line.quantity, line.price_minor)).collect::<Vec<_>>(), [("Yerba mate 1 kg", 2, 480_000)]);
    let history = read.orders().history(&order.id).await.unwrap();
    assert_eq!(history.iter().map(|(state, actor, _)| (state.as_str(), actor.as_str())).collect::<Vec<_>>(), [("NEW", "plugin:storefront")]);
    let created: Vec<_> = read.event_log(None, 100).await.unwrap().into_iter().filter(|event| event.kind == "order.created").collect();
    assert_eq!(created.len(), 1);
    assert!(created[0].payload.contains(&order.code), "{}", created[0].payload);
    drop(read);
    assert_eq!(app.count(&chat.tenant, "SELECT stock FROM products WHERE sku = 'YER'").await, 38);
    let said = chat.answer().await;
    assert!(said.contains(&order.code), "{said}");
}

both_engines! {
    async fn an_order_goes_from_the_greeting_to_its_code(setup: Setup) {
        let app = shop(setup).await;
        let chat = app.customer(PHONE);

        orders(&chat, |payload| async { let payload = payload; chat.post(&payload).await; }).await;

        let said = chat.bot_replies().await;
        assert!(said[0].contains("gracias por escribirnos"), "{said:#?}");
        assert_eq!(said.len(), 7, "the greeting, and one reply to each message: {said:#?}");
        assert_eq!((chat.sent()[0].kind.as_str(), chat.sent()[1].kind.as_str()), ("text", "interactive"));
        assert_ordered(&app, &chat).await;
    }

    async fn numbers_typed_do_as_well_as_rows_tapped(setup: Setup) {
        let app = shop(setup).await;
        let chat = app.customer(PHONE);

        chat.says("hola").await.bot_replies().await;
        for words in ["2", "1", "2", "Av. Siempreviva 742, Lanús", "1"] {
            chat.says(words).await.bot_replies().await;
        }

        assert_ordered(&app, &chat).await;
    }

    async fn every_webhook_delivered_three_times_is_answered_once(setup: Setup) {
        let app = shop(setup).await;
        let chat = app.customer(PHONE);

        orders(&chat, |payload| async {
            let payload = payload;
            // Twice at the same time, and once more when all is over.
            tokio::join!(chat.post(&payload), chat.post(&payload));
            chat.bot_replies().await;
            chat.post(&payload).await;
        })
        .await;

        assert_eq!(chat.bot_replies().await.len(), 7);
        assert_eq!(chat.messages().await.len(), 13);
        assert_ordered(&app, &chat).await;
    }

    async fn two_customers_and_the_last_bottle_make_one_order(setup: Setup) {
        let app = shop(setup).await;
        let chats = [app.customer(PHONE), app.customer("+54 9 11 5555 0002")];
        for chat in &chats {
            for (words, taps) in [("hola", false), ("Hacer un pedido", true), ("Vino", true), ("1", false), ("Calle Falsa 123, Lanús", false)] {
                if taps { chat.taps(words).await } else { chat.says(words).await };
                chat.bot_replies().await;
            }
        }

        let confirmations = [chats[0].tap("Confirmar").await, chats[1].tap("Confirmar").await];
        tokio::join!(chats[0].post(&confirmations[0]), chats[1].post(&confirmations[1]));

        let answers = [chats[0].answer().await, chats[1].answer().await];
        assert_eq!(answers.iter().filter(|answer| answer.contains("quedó registrado")).count(), 1, "{answers:#?}");
        assert_eq!(answers.iter().filter(|answer| answer.contains("se quedó sin stock")).count(), 1, "{answers:#?}");
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM orders").await, 1);
        assert_eq!(app.count(app.acme(), "SELECT stock FROM products WHERE sku = 'VIN'").await, 0);
    }
}
