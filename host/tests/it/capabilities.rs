//! What flows reach beside conversations and the shop: records of their own, tickets, secrets, counters, and tools within a turn.

use relevo::conversation::tools::{self, Asked};
use relevo_sandbox::{CallError, api::types::Failure};
use serde_json::json;

use crate::{
    console::owner,
    harness::{Setup, TestApp, TestTenant, both_engines},
};

const PHONE: &str = "+54 9 11 5555 0001";
const OTHER: &str = "+54 9 11 5555 0002";
const SECRET: &str = "s3cr3t-canary-9f2c";

async fn enter_secret(app: &TestApp, tenant: &TestTenant) {
    let cell = app.cell(tenant).await;
    let mut write = cell.write().await.unwrap();
    write.set_plugin_secret(&cell, "probe", "API_KEY", SECRET).await.unwrap();
    write.commit().await.unwrap();
}

both_engines! {
    async fn own_records_are_kept_found_changed_and_removed(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE);

        for text in ["note b two 2.5", "note a one 10", "note c three", "renote b dos", "notes heavier 1", "notes about B", "unnote a", "notes"] {
            chat.says(text).await.bot_replies().await;
        }

        assert_eq!(
            chat.bot_replies().await,
            [
                "b=two v1",
                "a=one v1, b=two v1",
                "a=one v1, b=two v1, c=three v1",
                "a=one v1, b=dos v2, c=three v1",
                "a=one v1, b=dos v2",
                "b=dos v2",
                "b=dos v2, c=three v1",
                "b=dos v2, c=three v1",
            ]
        );
        // Committed as it was told.
        assert_eq!(app.place.texts(Some(&app.acme().id), "SELECT value FROM plugin_records ORDER BY id").await.len(), 2);
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM plugin_record_fields WHERE field = 'code'").await, 2);
    }

    async fn a_record_that_does_not_fit_its_schema_is_refused(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;

        let chat = app.customer(PHONE).says("note wrong").await;
        app.settled().await;

        assert_eq!(chat.turns().await, [("dead".to_owned(), 1)]);
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM plugin_records").await, 0);
    }

    async fn of_two_turns_that_change_the_same_record_the_second_runs_again(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        app.customer(OTHER).says("note n -").await.bot_replies().await;
        let chats = [app.customer(PHONE), app.customer("+54 9 11 5555 0003")];
        for (chat, word) in chats.iter().zip(["one", "two"]) {
            chat.says(&format!("renote-slowly n {}", app.outside.url(&format!("/hold/{word}")))).await;
        }
        app.outside.called("/hold/one", 1).await;
        app.outside.called("/hold/two", 1).await;

        app.outside.release();
        crate::harness::until("both are answered", || async {
            app.clock.advance(std::time::Duration::from_millis(100));
            app.graph.log().len() == 3
        })
        .await;

        app.settled().await;
        let kept = app.place.texts(Some(&app.acme().id), "SELECT value FROM plugin_records").await.concat();
        assert!(kept.contains("- one two") || kept.contains("- two one"), "{kept}");
        assert_eq!(app.outside.calls().len(), 2, "the second run got the recorded answer");
    }

    async fn own_records_of_two_plugins_and_two_businesses_are_others(setup: Setup) {
        let app = setup
            .tenant("acme")
            .flow_with("probe", json!({ "only": "a:" }))
            .flow_with("twin", json!({ "only": "b:" }))
            .tenant("sector7")
            .flow("probe")
            .await;
        let (here, there) = (app.customer(PHONE), app.customer_of("sector7", PHONE));

        here.says("a:note mine x").await.bot_replies().await;
        here.says("b:notes").await.bot_replies().await;
        there.says("notes").await;

        assert_eq!(here.bot_replies().await, ["mine=x v1", "none", "none"]);
    }

    async fn a_ticket_is_opened_with_its_turn_and_seen_by_its_customer_alone(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let (chat, other) = (app.customer(PHONE), app.customer(OTHER));

        chat.says("ticket roto al llegar").await.bot_replies().await;
        chat.says("ticket otra vez").await.bot_replies().await;
        let id = app.place.texts(Some(&app.acme().id), "SELECT id FROM tickets ORDER BY created_at, id").await.remove(0);
        chat.says(&format!("comment {id} gracias")).await.bot_replies().await;
        other.says("tickets").await.bot_replies().await;
        let stranger = other.says(&format!("comment {id} ajeno")).await;
        app.settled().await;

        assert_eq!(chat.bot_replies().await, ["NEW of 1, last roto al llegar", "NEW of 2, last otra vez", "added"]);
        assert_eq!(stranger.turns().await.last().unwrap().0, "dead", "a ticket of another customer is not found");
        let kinds = app.place.texts(Some(&app.acme().id), &format!("SELECT kind FROM ticket_events WHERE ticket_id = '{id}' ORDER BY created_at, id")).await;
        assert_eq!(kinds, ["opened", "comment", "comment"]);
        assert_eq!(app.place.texts(Some(&app.acme().id), "SELECT priority || ' ' || status || ' ' || plugin_id FROM tickets").await[0], "high NEW probe");
    }

    async fn a_turn_that_is_not_applied_opens_no_ticket_and_counts_nothing(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says("hola").await;
        chat.bot_replies().await;
        app.agent("ana").takes(&chat).await;

        chat.says("ticket nunca").await;
        chat.says("count nunca 1").await;
        app.settled().await;

        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM tickets").await, 0);
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM plugin_counters").await, 0);
    }

    async fn counters_add_up_and_a_plugin_has_thirty_two_of_them(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE);

        for text in ["count visits 2", "count visits 3", "count-names 40", "count late 1"] {
            chat.says(text).await.bot_replies().await;
        }

        let counted = app.place.texts(Some(&app.acme().id), "SELECT metric || '=' || value FROM plugin_counters ORDER BY metric").await;
        assert_eq!(counted.len(), 32);
        assert!(counted.contains(&"visits=5".to_owned()), "{counted:?}");
        assert!(!counted.iter().any(|counter| counter.starts_with("late")));
        let shown = owner(&app).await.get("/api/plugins/probe/counters").await.ok();
        let visits = shown.as_array().unwrap().iter().find(|counter| counter["name"] == "visits").unwrap();
        assert_eq!((&visits["total"], &visits["days"][0]["count"]), (&json!(5), &json!(5)), "{shown}");
    }

    async fn a_counter_is_named_in_small_letters_digits_and_underscores(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE);
        let (long, longest) = ("v".repeat(65), "v".repeat(64));

        for name in ["Visits", "visits-made", "visitas_año", "", &long, &longest, "visits_2"] {
            chat.says(&format!("count {name} 1")).await.bot_replies().await;
        }

        assert_eq!(app.place.texts(Some(&app.acme().id), "SELECT metric FROM plugin_counters ORDER BY metric").await, ["visits_2", longest.as_str()]);
    }

    async fn a_secret_goes_out_and_comes_back_nowhere(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        enter_secret(&app, app.acme()).await;
        let chat = app.customer(PHONE);

        chat.says(&format!("ask-with-secret {}", app.outside.url("/echo"))).await.bot_replies().await;
        chat.says("config").await.bot_replies().await;

        let said = chat.bot_replies().await;
        assert_eq!(app.outside.calls_of("/echo")[0].authorization, format!("Bearer {SECRET}"));
        assert_eq!(said[0], "heard back Bearer {{secret:API_KEY}}");
        assert!(!said.concat().contains(SECRET), "{said:?}");
        let cell = app.cell(app.acme()).await;
        for sealed in journals(&app).await {
            let (turn, bytes) = sealed;
            let plain = cell.unseal(relevo_store::keys::Place { table: "turn_journal", column: "sealed", row: &turn }, &bytes).unwrap();
            let plain = String::from_utf8_lossy(&plain).into_owned();
            assert!(!plain.contains(SECRET), "the journal repeats the secret");
        }
        assert!(crate::secrets::nowhere(&app, SECRET).await, "the secret is stored in the clear");
    }

    async fn a_secret_that_is_not_entered_not_granted_or_meant_for_the_address_stops_the_call(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let url = app.outside.url("/echo");
        let not_entered = app.customer(PHONE).says(&format!("ask-with-secret {url}")).await;
        app.settled().await;
        enter_secret(&app, app.acme()).await;
        let in_path = app.customer(OTHER).says(&format!("ask-with-secret-in-path {url}")).await;
        let other = app.customer("+54 9 11 5555 0003").says(&format!("ask-with-other-secret {url}")).await;
        app.settled().await;

        for chat in [not_entered, in_path, other] {
            assert_eq!(chat.turns().await, [("dead".to_owned(), 1)]);
        }
        assert!(app.outside.calls().is_empty());
    }

    async fn what_a_tool_writes_joins_the_turn_only_if_it_succeeds_and_says_that_it_writes(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says("put k before").await;
        chat.bot_replies().await;
        let business = app.node(0).open_businesses().await.remove(0);
        let asked = |name, arguments| Asked { plugin: "probe", name, arguments };

        let ended = tools::try_out(
            &business,
            &chat.conversation().await.id,
            &[
                asked("put", r#"{"key":"k","value":"one"}"#),
                asked("put_and_fail", r#"{"key":"k"}"#),
                asked("put_and_trap", r#"{"key":"k"}"#),
                asked("put_unsaid", r#"{"key":"k"}"#),
                asked("get", r#"{"key":"k"}"#),
                asked("put", r#"{"key":"k"}"#),
                asked("nothing", "{}"),
            ],
        )
        .await
        .unwrap();

        let told: Vec<&str> = ended.iter().map(|call| call.result.as_ref().map_or("failed", |result| result.output.as_str())).collect();
        assert_eq!(told, ["\"\\\"one\\\" v2\"", "failed", "failed", "\"\\\"never\\\" v3\"", "\"\\\"one\\\" v2\"", "failed", "failed"]);
        assert!(matches!(ended[5].result, Err(CallError::Failure(Failure::Invalid(_)))), "its arguments do not fit");
        assert!(matches!(ended[6].result, Err(CallError::Failure(Failure::NotFound))), "there is no such tool");
        assert!(ended[0].calls.iter().any(|call| call.name == "kv.put"));
        assert_eq!(app.place.texts(Some(&app.acme().id), "SELECT value FROM kv").await, ["\"before\""], "trying out keeps nothing");
    }
}

async fn journals(app: &TestApp) -> Vec<(String, Vec<u8>)> {
    let hexed = if app.place.is_postgres() { "encode(sealed, 'hex')" } else { "hex(sealed)" };
    let rows = app.place.texts(Some(&app.acme().id), &format!("SELECT turn_id || ' ' || {hexed} FROM turn_journal WHERE sealed IS NOT NULL")).await;
    assert!(!rows.is_empty());
    rows.iter().filter_map(|row| row.split_once(' ')).map(|(turn, sealed)| (turn.to_owned(), hex::decode(sealed).unwrap())).collect()
}
