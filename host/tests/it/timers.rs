//! Timers fire once, also after a restart and out of a business's sleep.

use std::time::Duration;

use crate::harness::{Setup, both_engines, until};

const PHONE: &str = "+54 9 11 5555 0001";

both_engines! {
    async fn a_timer_fires_when_it_is_due_and_only_once(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says("timer later 60").await;
        assert_eq!(chat.bot_replies().await, ["set"]);

        app.clock.advance(Duration::from_secs(59));
        chat.says("hola").await;
        assert_eq!(chat.bot_replies().await, ["set", "heard hola"]);
        app.clock.advance(Duration::from_secs(1));
        app.graph.wait_for(3).await;
        app.clock.advance(Duration::from_secs(600));
        chat.says("chau").await;

        assert_eq!(chat.bot_replies().await, ["set", "heard hola", "timer later", "heard chau"]);
        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM timers").await, 0);
    }

    async fn a_timer_of_a_conversation_that_a_person_has_says_nothing(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says("timer later 60").await;
        chat.bot_replies().await;

        app.agent("ana").takes(&chat).await;
        app.clock.advance(Duration::from_secs(60));
        until("the timer is gone", || async { app.count(&chat.tenant, "SELECT COUNT(*) FROM timers").await == 0 }).await;

        assert_eq!(chat.bot_replies().await, ["set"]);
    }

    async fn a_timer_that_came_due_while_nobody_ran_fires_at_the_next_start(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says("timer later 60").await;
        chat.bot_replies().await;

        app.stop(0).await;
        app.clock.advance(Duration::from_secs(61));
        app.start(0).await;

        app.graph.wait_for(2).await;
        assert_eq!(chat.bot_replies().await, ["set", "timer later"]);
        app.restart().await;
        assert_eq!(chat.bot_replies().await, ["set", "timer later"]);
    }

    async fn an_idle_business_rests_and_wakes_for_its_timer(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says("timer later 3600").await;
        chat.bot_replies().await;
        let due = app.clock.now().after(Duration::from_secs(3_600)).0;

        app.clock.advance(Duration::from_secs(61));
        until("the business rests", || async { app.node(0).open_businesses().await.is_empty() }).await;
        let tenant = app.node(0).store.platform().tenant(&chat.tenant.id).await.unwrap().unwrap();
        assert_eq!((tenant.awake, tenant.next_due_at), (false, Some(due)));
        app.stop(0).await;
        app.start(0).await;
        assert!(app.node(0).open_businesses().await.is_empty(), "nothing is due yet");
        app.stop(0).await;
        app.clock.advance(Duration::from_secs(3_600));
        app.start(0).await;

        app.graph.wait_for(2).await;
        assert_eq!(chat.bot_replies().await, ["set", "timer later"]);
    }

    async fn a_message_wakes_a_business_that_rests(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;

        app.clock.advance(Duration::from_secs(61));
        until("the business rests", || async { app.node(0).open_businesses().await.is_empty() }).await;
        chat.says("otra vez").await;

        assert_eq!(chat.bot_replies().await, ["hola", "otra vez"]);
        assert!(app.node(0).store.platform().tenant(&chat.tenant.id).await.unwrap().unwrap().awake);
    }
}
