//! Order: within a conversation always, across conversations side by side.

use crate::harness::{Setup, both_engines};

const PHONE: &str = "+54 9 11 5555 0001";

both_engines! {
    async fn three_messages_close_together_are_answered_in_the_order_in_which_they_came(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chat = app.customer(PHONE);

        // The provider's stamps run backwards; only the order of receiving counts.
        for (text, at) in [("uno", 1_750_000_003), ("dos", 1_750_000_002), ("tres", 1_750_000_001)] {
            chat.post(&chat.payload(|builder| builder.at(at).text(text))).await;
        }

        assert_eq!(chat.bot_replies().await, ["uno", "dos", "tres"]);
    }

    async fn messages_of_one_payload_are_answered_in_its_order(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let (ana, other) = (app.customer(PHONE), app.customer("+54 9 11 5555 0002"));

        let both = ana.payload(|builder| builder.text("1").text("2").from(&relevo_testbed::webhook::Customer::with_number(&other.to)).text("x").text("y"));
        ana.post(&both).await;

        assert_eq!(ana.bot_replies().await, ["1", "2"]);
        assert_eq!(other.bot_replies().await, ["x", "y"]);
    }

    async fn twenty_customers_at_once_are_each_answered_in_order(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chats: Vec<_> = (0..20).map(|number| app.customer(&format!("+54 9 11 5555 {number:04}"))).collect();
        let wanted: Vec<String> = (1..=5).map(|number| number.to_string()).collect();

        futures::future::join_all(chats.iter().map(|chat| async {
            for text in &wanted {
                chat.says(text).await;
            }
        }))
        .await;

        for chat in &chats {
            assert_eq!(chat.bot_replies().await, wanted);
        }
    }

    async fn a_customer_who_waits_for_a_slow_flow_holds_nobody_else_up(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let (slow, quick) = (app.customer(PHONE), app.customer("+54 9 11 5555 0002"));
        slow.says(&format!("fetch {}", app.outside.url("/hold/late"))).await;
        app.outside.called("/hold/late", 1).await;

        slow.says("after").await;
        quick.says("hola").await;
        app.graph.wait_for_to(&quick.to, 1).await;

        assert!(slow.sent().is_empty());
        app.outside.release();
        assert_eq!(slow.bot_replies().await, ["late", "heard after"]);
    }
}
