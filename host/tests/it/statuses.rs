//! Ticks: they only advance, whatever order they come in.

use std::{
    sync::{Mutex, mpsc},
    time::Duration,
};

use relevo_model::Delivery;
use relevo_testbed::{
    graph::{GraphError, Next, Stage, StatusPlan},
    webhook::Status,
};

use crate::harness::{Chat, Setup, both_engines, until_equal};

const PHONE: &str = "+54 9 11 5555 0001";

async fn becomes(chat: &Chat, wanted: Delivery) {
    until_equal(vec![("hola".to_owned(), wanted)], || chat.outgoing()).await;
}

both_engines! {
    async fn statuses_that_come_before_the_answer_to_the_send_are_not_lost(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").statuses(StatusPlan::normal().before_answer()).await;

        let chat = app.customer(PHONE).says("hola").await;
        app.settled().await;

        assert_eq!(app.graph.statuses_settled().await, 0);
        becomes(&chat, Delivery::Read).await;
        assert_eq!(chat.messages().await[1].provider_id.as_deref(), Some(chat.sent()[0].wamid.as_str()));
        assert_eq!(chat.bot_replies().await, ["hola"]);
    }

    async fn a_status_without_our_id_before_the_answer_is_kept_and_applied(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let (accepted, told) = mpsc::channel();
        let (go, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        app.graph.on_request(move |moment| {
            if let (Stage::Accepted, Some(entry)) = (moment.stage, moment.accepted) {
                accepted.send(entry.wamid.clone()).unwrap();
                gate.lock().unwrap().recv().unwrap();
            }
            Next::Go
        });

        let chat = app.customer(PHONE).says("hola").await;
        let wamid = tokio::task::spawn_blocking(move || told.recv().unwrap()).await.unwrap();
        chat.post(&chat.payload(|builder| builder.status(&wamid, &chat.to, &Status::Delivered, None))).await;
        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM early_statuses").await, 1);
        go.send(()).unwrap();
        app.settled().await;

        becomes(&chat, Delivery::Delivered).await;
        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM early_statuses").await, 0);
    }

    async fn a_status_of_nobodys_message_is_kept(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chat = app.customer(PHONE);

        for _ in 0..2 {
            chat.post(&chat.payload(|builder| builder.status("wamid.UNKNOWN", &chat.to, &Status::Read, None))).await;
        }

        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM early_statuses").await, 1);
        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM messages").await, 0);
    }

    async fn what_nobody_came_to_ask_for_is_dropped_after_its_time(setup: Setup) {
        const DAY: u64 = 24 * 3_600;
        let app = setup.tenant("acme").flow("echo").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;
        chat.post(&chat.payload(|builder| builder.status("wamid.UNKNOWN", &chat.to, &Status::Read, None))).await;
        let before = app.clock.now();
        let kept = || async {
            let journals = app.count(&chat.tenant, &format!("SELECT COUNT(*) FROM turn_journal WHERE created_at <= {before}")).await;
            (journals, app.count(&chat.tenant, "SELECT COUNT(*) FROM early_statuses").await)
        };

        for (days, left) in [(6, (1, 1)), (2, (1, 0)), (21, (1, 0)), (2, (0, 0))] {
            app.clock.advance(Duration::from_secs(days * DAY));
            // Whoever works it is the one who forgets.
            chat.says("sigo").await.bot_replies().await;
            app.node(0).business(&chat.tenant.id).await.unwrap().forget_old().await.unwrap();
            until_equal(left, &kept).await;
        }
    }

    async fn a_state_never_goes_back(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").statuses(StatusPlan::reversed()).await;

        let chat = app.customer(PHONE).says("hola").await;
        app.settled().await;

        assert_eq!(app.graph.statuses_settled().await, 0);
        becomes(&chat, Delivery::Read).await;
        app.graph.send_status(&chat.sent()[0].wamid, Status::Failed(GraphError::undeliverable())).await;
        assert_eq!(chat.outgoing().await, [("hola".to_owned(), Delivery::Read)]);
    }

    async fn statuses_told_twice_or_together_count_once(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").statuses(StatusPlan::duplicated().together()).await;

        let chat = app.customer(PHONE).says("hola").await;
        app.settled().await;

        assert_eq!(app.graph.statuses_settled().await, 0);
        becomes(&chat, Delivery::Read).await;
        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM event_log WHERE kind = 'status'").await, 3);
    }

    async fn a_message_that_fails_later_says_so(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").statuses(StatusPlan::of([Status::Failed(GraphError::undeliverable())])).await;

        let chat = app.customer(PHONE).says("hola").await;
        app.settled().await;

        assert_eq!(app.graph.statuses_settled().await, 0);
        becomes(&chat, Delivery::Failed).await;
        assert_eq!(chat.messages().await[1].problem.as_ref().unwrap().0.code, 131_026);
    }
}
