//! Small values and records of flows: own writes, versions, and nobody else's.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Setup, both_engines, until};

const PHONE: &str = "+54 9 11 5555 0001";

both_engines! {
    async fn a_turn_sees_its_own_writes_and_later_turns_see_them_too(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE);

        for text in ["own", "put k one", "put k two", "get k", "get other"] {
            chat.says(text).await.bot_replies().await;
        }

        assert_eq!(chat.bot_replies().await, ["b=2 gone:true", "\"one\" v1", "\"two\" v2", "\"two\" v2", "nothing"]);
    }

    async fn a_write_on_another_version_is_refused(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE);

        chat.says("put-on 0 k one").await.bot_replies().await;
        chat.says("put-on 1 k two").await.bot_replies().await;
        assert_eq!(chat.bot_replies().await, ["\"one\" v1", "\"two\" v2"]);
        chat.says("put-on 1 k three").await;
        for _ in 0..5 {
            crate::failures::next_try(&app, &chat).await;
        }

        app.settled().await;
        assert_eq!(chat.turns().await.last().unwrap().0, "dead");
        assert_eq!(app.place.texts(Some(&chat.tenant.id), "SELECT value FROM kv").await, ["\"two\""]);
    }

    async fn of_two_turns_that_read_the_same_version_the_second_runs_again(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chats = [app.customer(PHONE), app.customer("+54 9 11 5555 0002")];
        for chat in &chats {
            chat.says(&format!("add-slowly n {}", app.outside.url("/hold/ok"))).await;
        }
        app.outside.called("/hold/ok", 2).await;

        app.outside.release();
        // Who notices the conflict in the flow, and not at the commit, tries again a second later.
        until("both are answered", || async {
            app.clock.advance(Duration::from_millis(100));
            app.graph.log().len() == 2
        })
        .await;

        let mut said = [chats[0].answer().await, chats[1].answer().await];
        said.sort();
        assert_eq!(said, ["1", "2"]);
        assert_eq!(app.outside.calls_of("/hold/ok").len(), 2, "the second run got the recorded answer");
        assert_eq!(app.place.texts(Some(&app.acme().id), "SELECT value FROM kv").await, ["2"]);
    }

    async fn two_flows_and_two_businesses_share_nothing(setup: Setup) {
        let app = setup
            .tenant("acme")
            .flow_with("probe", json!({ "only": "a:" }))
            .flow_with("twin", json!({ "only": "b:" }))
            .tenant("sector7")
            .flow("probe")
            .await;
        let (here, there) = (app.customer(PHONE), app.customer_of("sector7", PHONE));

        here.says("a:put k mine").await.bot_replies().await;
        here.says("b:get k").await.bot_replies().await;
        there.says("get k").await.bot_replies().await;
        here.says("b:put k theirs").await.bot_replies().await;
        here.says("a:get k").await;

        // Both are the same number to the provider: what was said to it is in one list.
        assert_eq!(here.bot_replies().await, ["\"mine\" v1", "nothing", "nothing", "\"theirs\" v1", "\"mine\" v1"]);
        assert_eq!(app.count(app.tenant("sector7"), "SELECT COUNT(*) FROM kv").await, 0);
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM messages WHERE direction = 'IN'").await, 4);
        assert_eq!(app.count(app.tenant("sector7"), "SELECT COUNT(*) FROM messages WHERE direction = 'IN'").await, 1);
    }

    async fn who_keeps_more_than_fifty_megabytes_keeps_nothing_more(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let much = if app.place.is_postgres() { "repeat('x', 52428802)" } else { "hex(zeroblob(26214401))" };
        let value = format!("INSERT INTO kv (plugin_id, scope, scope_id, key, value, version) VALUES ('probe', 'business', '', 'much', {much}, 1)");
        let record = format!(
            "INSERT INTO plugin_records (plugin_id, collection, id, value, version, created_at, updated_at) VALUES ('probe', 'notes', 'much', {much}, 1, 0, 0)"
        );

        for (nth, (filling, word, table)) in [(value, "put k one", "kv"), (record, "note a one", "plugin_records")].iter().enumerate() {
            app.place.execute(Some(&app.acme().id), filling).await;
            let chat = app.customer(&format!("+54 9 11 5555 000{nth}")).says(word).await;
            app.settled().await;
            assert_eq!(chat.turns().await, [("dead".to_owned(), 1)], "{word}");
            assert_eq!(app.count(app.acme(), &format!("SELECT COUNT(*) FROM {table}")).await, 1, "{word}");
            app.place.execute(Some(&app.acme().id), &format!("DELETE FROM {table}")).await;
        }

        let chat = app.customer("+54 9 11 5555 0009").says("put k one").await;
        assert_eq!(chat.bot_replies().await, ["\"one\" v1"], "what was removed counts no more");
    }

    async fn a_turn_finds_the_order_that_it_has_just_made(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").product("YER", "Yerba mate", 480_000, Some(40)).await;
        let chat = app.customer(PHONE);

        chat.says("order YER").await.bot_replies().await;
        chat.says("order YER").await;

        assert_eq!(chat.bot_replies().await, ["0 then 1 mine:true left:39", "1 then 2 mine:true left:38"]);
        let other = app.customer("+54 9 11 5555 0002").says("order YER").await;
        assert_eq!(other.bot_replies().await, ["0 then 1 mine:true left:37"], "another customer's orders are not to be seen");
    }
}
