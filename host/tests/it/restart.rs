//! A new start finds what the old process left, and a stop loses nothing.

use std::time::Duration;

use relevo_model::*;
use relevo_store::hot::Claim;

use crate::harness::{Chat, Setup, TestApp, both_engines, until, until_equal};

const PHONE: &str = "+54 9 11 5555 0001";

/// What an agent said and the process did not send.
async fn said_before_the_end(app: &TestApp, chat: &Chat, conversation: ConversationId, text: &str) -> MessageId {
    let id = app.clock.id();
    let message = relevo_store::AgentMessage { id, conversation, author: "ana".into(), content: Content::text(text), quotes: None, now: app.clock.now() };
    let mut write = chat.cell_elsewhere().await.write().await.unwrap();
    write.say_as_agent(message, app.clock.id()).await.unwrap();
    write.commit().await.unwrap();
    id
}

both_engines! {
    async fn turns_that_waited_are_worked_after_a_new_start(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chats = [app.customer(PHONE), app.customer("+54 9 11 5555 0002")];

        app.stop(0).await;
        for text in ["uno", "dos", "tres"] {
            chats[0].is_stored_elsewhere(text).await;
        }
        chats[1].is_stored_elsewhere("otro").await;
        app.start(0).await;

        assert_eq!(chats[0].bot_replies().await, ["uno", "dos", "tres"]);
        assert_eq!(chats[1].bot_replies().await, ["otro"]);
    }

    async fn messages_that_waited_are_sent_after_a_new_start(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;
        let conversation = chat.conversation().await.id;

        app.stop(0).await;
        said_before_the_end(&app, &chat, conversation, "soy Ana").await;
        app.start(0).await;

        assert_eq!(chat.bot_replies().await, ["hola", "soy Ana"]);
    }

    async fn a_message_that_was_being_sent_at_the_end_is_uncertain(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;
        let conversation = chat.conversation().await.id;

        app.stop(0).await;
        let message = said_before_the_end(&app, &chat, conversation, "soy Ana").await;
        assert!(chat.cell_elsewhere().await.claim(Claim { message, now: app.clock.now() }).await.unwrap());
        app.start(0).await;
        until_equal(1, || app.count(&chat.tenant, "SELECT COUNT(*) FROM outbox WHERE state = 'uncertain'")).await;
        app.clock.advance(Duration::from_secs(20));

        assert_eq!(chat.bot_replies().await, ["hola"], "perhaps it was sent: nobody sends it again unasked");
        assert_eq!(chat.timeline().await, ["taken_over", "uncertain"]);
    }

    async fn a_webhook_that_the_old_process_took_is_known_to_the_new_one(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chat = app.customer(PHONE);
        let payload = chat.text("hola");
        chat.post(&payload).await;
        chat.bot_replies().await;

        app.restart().await;
        chat.post(&payload).await;

        assert_eq!(chat.bot_replies().await, ["hola"]);
    }

    async fn a_stop_lets_what_is_under_way_finish(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says(&format!("fetch {}", app.outside.url("/hold/late"))).await;
        app.outside.called("/hold/late", 1).await;
        chat.says("after").await;

        let stopping = tokio::spawn({
            let app = app.clone();
            async move { app.stop(0).await }
        });
        app.outside.release();
        stopping.await.unwrap();
        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM turns WHERE state = 'done'").await, 1, "the turn under way was finished");
        app.start(0).await;

        assert_eq!(chat.bot_replies().await, ["late", "heard after"]);
        assert_eq!(app.outside.calls().len(), 1);
    }

    async fn nothing_that_was_acknowledged_is_lost_by_a_stop_under_load(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let chats: Vec<_> = (0..10).map(|number| app.customer(&format!("+54 9 11 5555 {number:04}"))).collect();
        let writing: Vec<_> = chats
            .iter()
            .cloned()
            .map(|chat| {
                let app = app.clone();
                let url = app.url(0, "/webhook");
                tokio::spawn(async move {
                    let sender = relevo_testbed::webhook::Sender::new(&url, &chat.tenant.secret).unwrap();
                    let mut acknowledged = Vec::new();
                    for number in 0..1_000 {
                        match sender.post(&chat.text(&number.to_string())).await {
                            Ok(answer) if answer.status == 200 => acknowledged.push(number.to_string()),
                            // Nobody said that it was taken; it may have been.
                            _ => break,
                        }
                    }
                    acknowledged
                })
            })
            .collect();

        until("some are answered", || async { app.graph.log().len() >= 30 }).await;
        app.stop(0).await;
        let acknowledged: Vec<Vec<String>> = futures::future::join_all(writing).await.into_iter().map(Result::unwrap).collect();
        app.start(0).await;

        for (chat, wanted) in chats.iter().zip(acknowledged) {
            let said = chat.bot_replies().await;
            assert!(said.starts_with(&wanted), "{wanted:?} were acknowledged, {said:?} were answered");
            assert!(said.len() <= wanted.len() + 1);
        }
    }
}
