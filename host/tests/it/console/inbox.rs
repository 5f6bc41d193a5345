//! Conversations and orders.

use std::time::Duration;

use relevo_model::*;
use serde_json::json;

use super::{Caller, PHONE, audit, member, ordered};
use crate::harness::{Chat, Setup, TestApp, both_engines};

async fn path_of(chat: &Chat) -> String {
    format!("/api/conversations/{}", chat.conversation().await.id)
}

async fn agent(app: &TestApp, name: &str) -> Caller {
    let here: Reach = [app.acme().point].into_iter().collect();
    member(app, app.acme(), name, Role::Agent, here).await
}

both_engines! {
    async fn a_person_takes_a_conversation_and_gives_it_back(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let ana = agent(&app, "ana").await;
        let chat = app.customer(PHONE).says("uno").await;
        assert_eq!(chat.bot_replies().await, ["uno"]);
        let status = format!("{}/status", path_of(&chat).await);

        let taken = ana.put(&status, json!({ "status": "HUMAN" })).await.ok();
        ana.put(&status, json!({ "status": "HUMAN" })).await.ok();
        chat.says("dos").await;
        assert_eq!(chat.bot_replies().await, ["uno"]);
        assert_eq!((&taken["status"], &taken["assignee_id"]), (&json!("HUMAN"), &json!(ana.id)));
        let given = ana.put(&status, json!({ "status": "BOT" })).await.ok();
        chat.says("tres").await;

        assert_eq!(chat.bot_replies().await, ["uno", "tres"]);
        assert_eq!((&given["status"], &given["assignee_id"]), (&json!("BOT"), &json!(null)));
        assert_eq!(chat.timeline().await, ["taken_over", "returned"]);
        assert_eq!(audit(&app, app.acme()).await, ["conversation.taken", "conversation.returned"]);
        assert_eq!(ana.put(&status, json!({ "status": "bot" })).await.problem(), "invalid");
    }

    async fn a_conversation_is_given_to_who_can_answer_it(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let (ana, bruno) = (agent(&app, "ana").await, agent(&app, "bruno").await);
        let viewer = member(&app, app.acme(), "vera", Role::Viewer, Reach::All).await;
        let elsewhere = member(&app, app.acme(), "elsa", Role::Agent, Reach::Only([].into())).await;
        let chat = app.customer(PHONE).says("uno").await;
        assert_eq!(chat.bot_replies().await, ["uno"]);
        let assignee = format!("{}/assignee", path_of(&chat).await);

        for unable in [viewer.id, elsewhere.id, app.clock.id()] {
            assert_eq!(ana.put(&assignee, json!({ "assignee_id": unable })).await.wrong(), [("assignee_id", "field-assignee")]);
        }
        assert_eq!(chat.conversation().await.status, Answering::Bot);
        let given = ana.put(&assignee, json!({ "assignee_id": bruno.id })).await.ok();
        chat.says("dos").await;

        assert_eq!(chat.bot_replies().await, ["uno"], "the bot has fallen silent");
        assert_eq!((&given["status"], &given["assignee_id"]), (&json!("HUMAN"), &json!(bruno.id)));
        let mine = bruno.get("/api/conversations?assignee_id=me").await.ok();
        assert_eq!(mine["data"].as_array().unwrap().len(), 1);
        assert!(ana.get("/api/conversations?assignee_id=none").await.ok()["data"].as_array().unwrap().is_empty());
        assert_eq!(ana.put(&assignee, json!({ "assignee_id": null })).await.ok()["assignee_id"], json!(null));
        assert_eq!(ana.get("/api/conversations?assignee_id=none").await.ok()["data"].as_array().unwrap().len(), 1);
        assert_eq!(viewer.put(&assignee, json!({ "assignee_id": null })).await.problem(), "permission");
    }

    async fn a_person_writes_and_the_customer_gets_it(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let ana = agent(&app, "ana").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;
        let send = format!("/api/wa/{}/send", app.acme().id);

        let by_number = ana.post(&send, json!({ "to": PHONE, "text": " soy Ana " })).await;
        let by_id = ana.post(&send, json!({ "conversation_id": chat.conversation().await.id, "text": "¿en qué te ayudo?" })).await;

        assert_eq!((by_number.status, by_id.status), (201, 201), "{by_number:?} {by_id:?}");
        assert_eq!(chat.bot_replies().await, ["hola", "soy Ana", "¿en qué te ayudo?"]);
        assert_eq!(chat.conversation().await.status, Answering::Human);
        let messages = ana.get(&format!("{}/messages?limit=1", path_of(&chat).await)).await.ok();
        assert_eq!((&messages["data"][0]["sender"], &messages["data"][0]["content"]), (&json!("AGENT"), &json!({ "type": "text", "body": "¿en qué te ayudo?" })));
        for (body, field) in [
            (json!({ "text": "x" }), "to"),
            (json!({ "to": PHONE, "conversation_id": chat.conversation().await.id, "text": "x" }), "to"),
            (json!({ "to": "hola", "text": "x" }), "to"),
            (json!({ "to": PHONE, "text": "  " }), "text"),
            (json!({ "to": PHONE, "text": "x".repeat(4097) }), "text"),
        ] {
            assert_eq!(ana.post(&send, body.clone()).await.wrong()[0].0, field, "{body}");
        }
        assert_eq!(ana.post(&send, json!({ "to": "+54 9 11 5555 9999", "text": "x" })).await.status, 404, "nobody who never wrote");
    }

    async fn after_a_day_without_a_word_nothing_is_sent(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let ana = agent(&app, "ana").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;
        // Tokens last a quarter of an hour.
        app.clock.advance(Duration::from_secs(24 * 3_600));
        let ana = ana.again().await;

        let refused = ana.post(&format!("/api/wa/{}/send", app.acme().id), json!({ "to": PHONE, "text": "¿seguís ahí?" })).await;

        assert_eq!((refused.status, refused.problem()), (409, "window-closed"));
        assert_eq!(chat.bot_replies().await, ["hola"]);
        assert_eq!(chat.conversation().await.status, Answering::Bot, "and nobody took it by that");
    }

    async fn nothing_is_said_through_a_channel_that_was_taken_away(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let owner = crate::console::owner(&app).await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;
        let stop = async |state| {
            let mut write = app.cell(app.acme()).await.write().await.unwrap();
            write.set_channel_state(&app.acme().channel, state, None, None).await.unwrap();
            write.commit().await.unwrap();
        };
        stop(ChannelState::Stopped).await;
        let waits = owner.post(&format!("{}/messages", path_of(&chat).await), json!({ "text": "espera" })).await;
        assert_eq!(waits.status, 201);

        assert_eq!(owner.delete(&format!("/api/channels/{}", app.acme().channel)).await.status, 204);

        // What waited for the channel fails where everybody sees it.
        crate::harness::until("the message failed", async || {
            chat.messages().await.iter().any(|message| message.state == Delivery::Failed)
        })
        .await;
        let by_id = owner.post(&format!("{}/messages", path_of(&chat).await), json!({ "text": "¿seguís ahí?" })).await;
        assert_eq!((by_id.status, by_id.problem()), (409, "no-channel"));
        let by_number = owner.post(&format!("/api/wa/{}/send", app.acme().id), json!({ "to": PHONE, "text": "¿seguís ahí?" })).await;
        assert_eq!(by_number.status, 404);
        assert_eq!(chat.bot_replies().await, ["hola"]);
    }

    async fn a_text_with_one_key_is_sent_once(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let ana = agent(&app, "ana").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;
        let path = format!("{}/messages", path_of(&chat).await);
        let send = async || ana.ask(reqwest::Method::POST, &path, Some(json!({ "text": "una vez" })), &[("idempotency-key", "k-1")]).await;

        let (one, again) = (send().await, send().await);

        assert_eq!((one.status, again.status, &one.body["message_id"]), (201, 201, &again.body["message_id"]));
        assert_eq!(chat.bot_replies().await, ["hola", "una vez"]);
    }

    async fn the_inbox_is_read_in_pages(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        let ana = agent(&app, "ana").await;
        for n in 0..5 {
            app.customer(&format!("+54911555500{n:02}")).says("hola").await;
        }
        app.settled().await;

        let mut seen = Vec::new();
        let mut next = "/api/conversations?limit=2".to_owned();
        loop {
            let page = ana.get(&next).await.ok();
            seen.extend(page["data"].as_array().unwrap().iter().map(|row| row["peer"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            next = format!("/api/conversations?limit=2&cursor={cursor}");
        }

        seen.sort_unstable();
        assert_eq!(seen, (0..5).map(|n| format!("54911555500{n:02}")).collect::<Vec<_>>(), "all came in the same millisecond");
        assert_eq!(ana.get("/api/conversations?status=HUMAN").await.ok()["data"], json!([]));
        assert_eq!(ana.get("/api/conversations?status=ROBOT").await.problem(), "bad-query");
    }

    async fn an_order_goes_on_and_never_back(setup: Setup) {
        let app = setup.tenant("acme").flow("storefront").product("V", "Vino", 1_500, Some(5)).await;
        let ana = agent(&app, "ana").await;
        let order = ordered(&app, PHONE).await;
        let path = format!("/api/orders/{order}");
        let seen = ana.get(&path).await;
        assert_eq!((&seen.body["status"], seen.body["next"].as_array().unwrap().len()), (&json!("NEW"), 5));

        let shipped = ana.put_seen(&format!("{path}/status"), &seen.etag.clone().unwrap(), json!({ "status": "SHIPPED" })).await;
        let late = ana.put_seen(&format!("{path}/status"), &seen.etag.unwrap(), json!({ "status": "CANCELLED" })).await;
        let back = ana.put(&format!("{path}/status"), json!({ "status": "NEW" })).await;
        let unknown = ana.put(&format!("{path}/status"), json!({ "status": "LOST" })).await;
        let done = ana.put(&format!("{path}/status"), json!({ "status": "DELIVERED" })).await;
        let after = ana.put(&format!("{path}/status"), json!({ "status": "CANCELLED" })).await;

        assert_eq!((shipped.status, late.problem(), done.status), (200, "stale", 200));
        assert_eq!((back.wrong(), unknown.wrong(), after.wrong()), (vec![("status", "field-order-next")], vec![("status", "field-order-status")], vec![("status", "field-order-next")]));
        let history: Vec<&str> = done.body["history"].as_array().unwrap().iter().map(|step| step["status"].as_str().unwrap()).collect();
        assert_eq!(history, ["NEW", "SHIPPED", "DELIVERED"]);
        assert_eq!((&done.body["history"][2]["actor"], &done.body["next"]), (&json!(ana.id), &json!([])));
        assert_eq!(ana.get("/api/orders?status=DELIVERED").await.ok()["data"][0]["id"], json!(order));
        assert_eq!(ana.get("/api/order-statuses").await.ok()["data"].as_array().unwrap().len(), 6);
        let viewer = member(&app, app.acme(), "vera", Role::Viewer, Reach::All).await;
        assert_eq!(viewer.put(&format!("{path}/status"), json!({ "status": "CANCELLED" })).await.problem(), "permission");
    }
}
