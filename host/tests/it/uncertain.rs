//! Messages whose fate nobody knows: a status decides, else a person or the business's setting.

use std::time::Duration;

use relevo_model::Delivery;
use relevo_testbed::{graph::Fault, webhook::Status};

use crate::harness::{Chat, Setup, TestApp, both_engines, until_equal};

const PHONE: &str = "+54 9 11 5555 0001";

async fn is_uncertain(app: &TestApp, chat: &Chat) {
    until_equal(1, || app.count(&chat.tenant, "SELECT COUNT(*) FROM outbox WHERE state = 'uncertain'")).await;
}

async fn says_three_and_the_first_is_cut(setup: Setup) -> (TestApp, Chat) {
    let app = setup.flow("probe").await;
    app.graph.queue([Fault::CutAfterAccept]);
    let chat = app.customer(PHONE).says("say 3").await;
    is_uncertain(&app, &chat).await;
    (app, chat)
}

both_engines! {
    async fn a_status_with_our_id_settles_what_was_cut(setup: Setup) {
        let (app, chat) = says_three_and_the_first_is_cut(setup.tenant("acme")).await;
        assert_eq!(chat.sent().len(), 1, "the others wait");

        assert!(app.graph.send_status(&chat.sent()[0].wamid, Status::Delivered).await);

        assert_eq!(chat.bot_replies().await, ["1", "2", "3"]);
        assert_eq!(chat.outgoing().await[0], ("1".to_owned(), Delivery::Delivered));
        assert_eq!(chat.messages().await[1].provider_id.as_deref(), Some(chat.sent()[0].wamid.as_str()));
    }

    async fn without_a_status_a_person_is_asked_after_twenty_seconds(setup: Setup) {
        let (app, chat) = says_three_and_the_first_is_cut(setup.tenant("acme")).await;

        app.clock.advance(Duration::from_secs(19));
        app.customer("+54 9 11 5555 0002").says("meanwhile").await;
        app.graph.wait_until(|log| log.iter().any(|entry| entry.text() == "heard meanwhile")).await;
        is_uncertain(&app, &chat).await;
        assert_eq!(chat.sent().len(), 1);
        app.clock.advance(Duration::from_secs(1));

        assert_eq!(chat.bot_replies().await, ["1", "2", "3"], "it is not sent twice, and the others go on");
        assert_eq!(chat.timeline().await, ["uncertain"]);
        let first = chat.messages().await[1].clone();
        assert_eq!(first.state, Delivery::Uncertain);
        assert!(app.agent("ana").resends(&chat, &first.id).await, "the person may send it again");
        assert_eq!(chat.answer().await, "1");
    }

    async fn a_status_that_comes_after_the_person_was_asked_still_counts(setup: Setup) {
        let (app, chat) = says_three_and_the_first_is_cut(setup.tenant("acme")).await;
        app.clock.advance(Duration::from_secs(20));
        chat.bot_replies().await;

        assert!(app.graph.send_status(&chat.sent()[0].wamid, Status::Read).await);

        assert_eq!(chat.outgoing().await[0], ("1".to_owned(), Delivery::Read));
        let first = chat.messages().await[1].id;
        assert!(!app.agent("ana").resends(&chat, &first).await, "it arrived: nobody sends it again");
    }

    async fn a_business_may_want_it_sent_again_in_its_place(setup: Setup) {
        let (app, chat) = says_three_and_the_first_is_cut(setup.tenant("acme").resends()).await;

        app.clock.advance(Duration::from_secs(20));

        assert_eq!(chat.bot_replies().await, ["1", "1", "2", "3"]);
        assert!(chat.outgoing().await.iter().all(|(_, state)| *state == Delivery::Sent));
        assert!(chat.timeline().await.is_empty());
    }

    async fn an_answer_that_breaks_off_is_uncertain_too(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        app.graph.queue([Fault::HalfAnswer { pause: Duration::ZERO, finishes: false }, Fault::Html(502)]);

        let chat = app.customer(PHONE).says("say 2").await;
        is_uncertain(&app, &chat).await;
        app.graph.send_status(&chat.sent()[0].wamid, Status::Sent).await;
        until_equal(2, || async { app.graph.requests().len() }).await;
        is_uncertain(&app, &chat).await;
        app.clock.advance(Duration::from_secs(20));

        assert_eq!(chat.bot_replies().await, ["1"]);
        assert_eq!(chat.timeline().await, ["uncertain"]);
    }

    async fn a_connection_that_is_cut_before_anything_was_accepted_is_uncertain_as_well(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").resends().await;
        app.graph.queue([Fault::Cut]);

        let chat = app.customer(PHONE).says("hola").await;
        is_uncertain(&app, &chat).await;
        app.clock.advance(Duration::from_secs(20));

        assert_eq!(chat.bot_replies().await, ["heard hola"]);
    }
}
