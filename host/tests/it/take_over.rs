//! A person takes the conversation: the bot never talks over them.

use relevo_model::{Answering, Delivery};
use relevo_testbed::graph::{Fault, GraphError};

use crate::harness::{Setup, both_engines, until_equal};

const PHONE: &str = "+54 9 11 5555 0001";

both_engines! {
    async fn a_conversation_that_a_person_took_no_longer_reaches_the_bot(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;

        app.agent("ana").takes(&chat).await;
        chat.says("¿hay alguien?").await;

        assert_eq!(chat.bot_replies().await, ["hola"]);
        app.agent("ana").returns(&chat).await;
        chat.says("de nuevo").await;
        assert_eq!(chat.bot_replies().await, ["hola", "de nuevo"]);
    }

    async fn a_take_over_during_a_slow_flow_leaves_a_proposal_and_says_nothing(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says(&format!("fetch {}", app.outside.url("/hold/late"))).await;
        app.outside.called("/hold/late", 1).await;

        app.agent("ana").takes(&chat).await;
        app.outside.release();
        app.settled().await;

        assert!(chat.sent().is_empty(), "{:?}", chat.sent());
        assert_eq!(chat.turns().await, [("superseded".to_owned(), 0)]);
        assert_eq!(chat.timeline().await, ["taken_over", "proposal"]);
        let proposals = app.place.texts(Some(&chat.tenant.id), "SELECT data FROM conversation_events WHERE kind = 'proposal'").await;
        assert!(proposals[0].contains("late"), "{proposals:?}");
    }

    async fn a_take_over_and_return_during_a_slow_flow_supersedes_it_all_the_same(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says(&format!("fetch {}", app.outside.url("/hold/late"))).await;
        app.outside.called("/hold/late", 1).await;

        app.agent("ana").takes(&chat).await;
        app.agent("ana").returns(&chat).await;
        app.outside.release();
        chat.says("hola").await;

        assert_eq!(chat.bot_replies().await, ["returned", "heard hola"]);
        assert_eq!(chat.turns().await[0].0, "superseded");
    }

    async fn what_the_bot_said_and_nobody_sent_yet_is_cancelled(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        app.graph.queue([Fault::Error(GraphError::pair_rate_limited())]);
        let chat = app.customer(PHONE).says("say 3").await;
        let waits = "SELECT COUNT(*) FROM outbox WHERE state = 'pending' AND attempts = 1";
        until_equal(1, || app.count(&chat.tenant, waits)).await;

        app.agent("ana").says(&chat, "soy Ana").await;
        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM outbox WHERE state = 'cancelled'").await, 3, "in the same commit");
        app.clock.advance(std::time::Duration::from_secs(10));

        assert_eq!(chat.bot_replies().await, ["soy Ana"]);
        let cancelled = |text: &str| (text.to_owned(), Delivery::Cancelled);
        assert_eq!(chat.outgoing().await, [cancelled("1"), cancelled("2"), cancelled("3"), ("soy Ana".to_owned(), Delivery::Sent)]);
    }

    async fn a_word_on_the_business_phone_takes_the_conversation(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;

        chat.post(&chat.payload(|builder| builder.echo("soy Ana, te escribo yo"))).await;
        chat.says("gracias").await;

        assert_eq!(chat.bot_replies().await, ["hola"]);
        assert_eq!(chat.conversation().await.status, Answering::Human);
        assert_eq!(chat.timeline().await, ["taken_over"]);
        assert_eq!(chat.outgoing().await.len(), 2, "the echo is shown");
    }

    async fn an_echo_of_the_bots_own_words_takes_nothing(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;
        let wamid = chat.sent()[0].wamid.clone();

        chat.post(&chat.payload(|builder| builder.echo("hola").with_id(&wamid))).await;
        chat.says("sigo aquí").await;

        assert_eq!(chat.bot_replies().await, ["hola", "sigo aquí"]);
        assert_eq!(chat.conversation().await.status, Answering::Bot);
        assert_eq!(chat.outgoing().await.len(), 2, "it is no message of its own");
    }

    async fn what_a_flow_says_before_it_hands_over_is_still_sent(setup: Setup) {
        let app = setup.tenant("acme").flow("storefront").await;
        let chat = app.customer(PHONE).says("hola").await;

        chat.taps("Hablar con un asesor").await;
        let said = chat.bot_replies().await;
        chat.says("¿hay alguien?").await;

        assert!(said.last().unwrap().starts_with("Te paso con una persona"), "{said:?}");
        assert_eq!(chat.bot_replies().await, said);
        assert_eq!(chat.conversation().await.status, Answering::Human);
        assert_eq!(chat.timeline().await, ["handed_over"]);
    }
}
