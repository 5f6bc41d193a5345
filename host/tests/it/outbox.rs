//! The outbox: in order, at most thirty seconds late, and nobody is told half a story.

use std::time::Duration;

use relevo_model::{ChannelState, Delivery};
use relevo_testbed::graph::{Fault, GraphError, Rule};

use crate::harness::{Chat, Setup, TestApp, both_engines, until, until_equal};

const PHONE: &str = "+54 9 11 5555 0001";

fn states<const N: usize>(wanted: [(&str, Delivery); N]) -> Vec<(String, Delivery)> {
    wanted.into_iter().map(|(text, state)| (text.to_owned(), state)).collect()
}

/// Waits until so many sends were tried and the last one is over.
async fn tried(app: &TestApp, chat: &Chat, times: usize) {
    until("the send was tried", || async { app.graph.requests().len() >= times }).await;
    until_equal(0, || app.count(&chat.tenant, "SELECT COUNT(*) FROM outbox WHERE state = 'sending'")).await;
}

both_engines! {
    async fn a_send_that_is_put_off_holds_the_next_ones_back(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        app.graph.queue([Fault::Error(GraphError::rate_limited()), Fault::Error(GraphError::unavailable())]);

        let chat = app.customer(PHONE).says("say 3").await;
        chat.says("after").await;
        for times in [1, 2] {
            tried(&app, &chat, times).await;
            assert!(chat.sent().is_empty());
            app.clock.advance(Duration::from_secs(2));
        }

        assert_eq!(chat.bot_replies().await, ["1", "2", "3", "heard after"]);
    }

    async fn what_cannot_be_sent_for_thirty_seconds_fails_and_takes_the_rest_of_its_turn_along(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        app.graph.inject(Rule::new(Fault::Error(GraphError::pair_rate_limited())).containing("\"1\""));
        let began = app.clock.now();

        let chat = app.customer(PHONE).says("say 3").await;
        chat.says("after").await;
        let mut times = 0;
        while app.count(&chat.tenant, "SELECT COUNT(*) FROM outbox WHERE state = 'failed'").await == 0 {
            times += 1;
            tried(&app, &chat, times).await;
            app.clock.advance(Duration::from_secs(6));
        }

        assert_eq!(chat.bot_replies().await, ["heard after"]);
        assert_eq!(
            chat.outgoing().await,
            states([("1", Delivery::Failed), ("2", Delivery::Cancelled), ("3", Delivery::Cancelled), ("heard after", Delivery::Sent)])
        );
        let took = app.clock.now().since(began);
        assert!((Duration::from_secs(24)..=Duration::from_secs(36)).contains(&took), "{took:?}");
    }

    async fn a_refusal_takes_the_rest_of_its_turn_along(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        app.graph.queue([Fault::None, Fault::Error(GraphError::undeliverable())]);

        let chat = app.customer(PHONE).says("say 4").await;
        chat.says("after").await;

        assert_eq!(chat.bot_replies().await, ["1", "heard after"]);
        assert_eq!(
            chat.outgoing().await,
            states([
                ("1", Delivery::Sent),
                ("2", Delivery::Failed),
                ("3", Delivery::Cancelled),
                ("4", Delivery::Cancelled),
                ("heard after", Delivery::Sent)
            ])
        );
        let problems: Vec<_> = chat.messages().await.into_iter().filter_map(|message| message.problem).map(|problem| problem.0.code).collect();
        assert_eq!(problems, [131_026]);
    }

    async fn a_message_that_failed_can_be_sent_again(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        app.graph.queue([Fault::Error(GraphError::undeliverable())]);
        let chat = app.customer(PHONE).says("hola").await;
        assert!(chat.bot_replies().await.is_empty());
        let failed = chat.messages().await[1].id;

        app.agent("ana").takes(&chat).await;
        assert!(app.agent("ana").resends(&chat, &failed).await);

        assert_eq!(chat.bot_replies().await, ["heard hola"]);
        assert_eq!(chat.outgoing().await, states([("heard hola", Delivery::Sent)]));
        assert!(!app.agent("ana").resends(&chat, &failed).await, "what was sent is not sent again");
    }

    async fn a_message_that_was_accepted_and_failed_later_can_be_sent_again(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        app.graph.queue([Fault::FailLater(GraphError::undeliverable())]);
        let chat = app.customer(PHONE).says("hola").await;
        until_equal(states([("heard hola", Delivery::Failed)]), || chat.outgoing()).await;
        let failed = chat.messages().await[1].id;

        assert!(app.agent("ana").resends(&chat, &failed).await);

        assert_eq!(chat.bot_replies().await, ["heard hola", "heard hola"]);
        assert_eq!(chat.outgoing().await, states([("heard hola", Delivery::Sent)]));
        assert_eq!(chat.messages().await[1].provider_id.as_deref(), Some(chat.sent()[1].wamid.as_str()));
    }

    async fn a_token_that_expired_stops_the_channel_until_a_person_mends_it(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        app.graph.queue([Fault::Error(GraphError::token_expired())]);

        let chat = app.customer(PHONE).says("hola").await;
        until_equal(vec!["stopped".to_owned()], || app.place.texts(Some(&chat.tenant.id), "SELECT state FROM channels")).await;
        let causes = app.place.texts(Some(&chat.tenant.id), "SELECT cause FROM channels").await;
        assert!(causes[0].contains("access token"), "{causes:?}");
        app.clock.advance(Duration::from_secs(3_600));
        chat.says("¿y?").await;
        until_equal(2, || app.count(&chat.tenant, "SELECT COUNT(*) FROM outbox WHERE state = 'pending'")).await;
        assert_eq!(app.graph.requests().len(), 1, "nothing is tried with that token");

        let mut write = app.cell(&chat.tenant).await.write().await.unwrap();
        write.set_channel_state(&chat.tenant.channel, ChannelState::Active, None, None).await.unwrap();
        write.commit().await.unwrap();

        assert_eq!(chat.bot_replies().await, ["heard hola", "heard ¿y?"]);
    }

    async fn a_number_that_must_pause_goes_on_by_itself(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        app.graph.queue([Fault::Error(GraphError::spam_limited())]);

        let chat = app.customer(PHONE).says("hola").await;
        until_equal(vec!["paused".to_owned()], || app.place.texts(Some(&chat.tenant.id), "SELECT state FROM channels")).await;
        app.clock.advance(Duration::from_secs(15 * 60));

        assert_eq!(chat.bot_replies().await, ["heard hola"]);
    }

    async fn what_the_channel_cannot_answer_for_is_noted_as_soon_as_the_database_is_well(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;
        refuse_marks(&app, &chat).await;

        chat.says("otra").await;
        until_equal(2, || async { app.graph.log().len() }).await;
        until_equal(1, || app.count(&chat.tenant, "SELECT COUNT(*) FROM outbox WHERE state = 'sending'")).await;
        allow_marks(&app, &chat).await;
        until_equal(1, || app.count(&chat.tenant, "SELECT COUNT(*) FROM outbox WHERE state = 'uncertain'")).await;
        app.graph.send_status(&chat.sent()[1].wamid, relevo_testbed::webhook::Status::Delivered).await;

        assert_eq!(chat.bot_replies().await, ["heard hola", "heard otra"]);
        assert_eq!(chat.outgoing().await, states([("heard hola", Delivery::Sent), ("heard otra", Delivery::Delivered)]));
    }
}

/// The database refuses to note that anything was sent.
async fn refuse_marks(app: &TestApp, chat: &Chat) {
    let sql = if app.place.is_postgres() {
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''told to''; END'; \
         CREATE TRIGGER refuse BEFORE UPDATE ON outbox FOR EACH ROW WHEN (NEW.state = 'sent') EXECUTE FUNCTION refuse()"
    } else {
        "CREATE TRIGGER refuse BEFORE UPDATE ON outbox WHEN NEW.state = 'sent' BEGIN SELECT RAISE(ABORT, 'told to'); END"
    };
    app.place.execute(Some(&chat.tenant.id), sql).await;
}

async fn allow_marks(app: &TestApp, chat: &Chat) {
    let sql = if app.place.is_postgres() { "DROP TRIGGER refuse ON outbox" } else { "DROP TRIGGER refuse" };
    app.place.execute(Some(&chat.tenant.id), sql).await;
}
