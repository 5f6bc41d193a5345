//! Messages of one burst are answered together, where the service point wants it.

use std::time::Duration;

use crate::harness::{Setup, both_engines};

const PHONE: &str = "+54 9 11 5555 0001";

both_engines! {
    async fn three_messages_within_the_window_get_one_answer(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").burst(500).await;
        let chat = app.customer(PHONE);

        for text in ["a", "b", "c"] {
            chat.says(text).await;
            app.clock.advance(Duration::from_millis(100));
        }
        assert!(chat.sent().is_empty(), "the window is still open");
        app.clock.advance(Duration::from_millis(200));

        assert_eq!(chat.bot_replies().await, ["heard a|b|c"]);
        assert_eq!(chat.turns().await.iter().map(|turn| turn.0.as_str()).collect::<Vec<_>>(), ["done", "joined", "joined"]);
    }

    async fn what_comes_after_the_window_is_answered_by_itself(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").burst(500).await;
        let chat = app.customer(PHONE).says("a").await;
        app.clock.advance(Duration::from_millis(500));
        chat.bot_replies().await;

        chat.says("b").await;
        app.clock.advance(Duration::from_millis(500));

        assert_eq!(chat.bot_replies().await, ["heard a", "heard b"]);
    }
}
