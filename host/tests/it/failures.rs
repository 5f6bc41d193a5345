//! Flows that fail: tried again as often as is promised, then a person, and the neighbours never notice.

use std::time::Duration;

use relevo_model::Answering;

use crate::harness::{Chat, Setup, TestApp, both_engines, until};

const PHONE: &str = "+54 9 11 5555 0001";
const NOTICE: &str = "persona";

/// Moves the clock to the next try of this customer's turn, when the last one is over.
pub async fn next_try(app: &TestApp, chat: &Chat) {
    let pending = format!("SELECT COUNT(*) FROM turns WHERE state = 'pending' AND not_before <= {}", app.clock.now().0);
    until("the try is over", || async { app.count(&chat.tenant, &pending).await == 0 }).await;
    let next = app.count(&chat.tenant, "SELECT COALESCE(MIN(not_before), 0) FROM turns WHERE state = 'pending'").await;
    app.clock.advance(Duration::from_millis(u64::try_from(next - app.clock.now().0).unwrap_or(0)));
}

/// The customer was told, a person has the conversation, and the dead letter is there to be seen.
async fn is_handed_over(app: &TestApp, chat: &Chat, tries: i64, error: &str) {
    assert_eq!(chat.turns().await, [("dead".to_owned(), tries)]);
    let conversation = chat.conversation().await;
    assert_eq!(conversation.status, Answering::Human);
    let said = chat.bot_replies().await;
    assert!(said.len() == 1 && said[0].contains(NOTICE), "{said:?}");
    let mut happened = chat.timeline().await;
    happened.sort();
    assert_eq!(happened, ["dead_letter", "handed_over"]);
    let dead = app.cell(&chat.tenant).await.read().await.unwrap().turns().dead(10).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].error.as_deref(), dead[0].plugin_id.as_deref()), (Some(error), Some("probe")));
}

async fn ends_badly(setup: Setup, word: &str, error: &str) {
    let app = setup.tenant("acme").flow("probe").await;
    let (chat, neighbour) = (app.customer(PHONE), app.customer("+54 9 11 5555 0002"));

    chat.says(word).await;
    neighbour.says("hola").await;

    assert_eq!(neighbour.bot_replies().await, ["heard hola"]);
    is_handed_over(&app, &chat, 2, error).await;
    neighbour.says("sigo").await;
    assert_eq!(neighbour.bot_replies().await, ["heard hola", "heard sigo"]);
}

both_engines! {
    async fn a_flow_that_traps_is_tried_once_more_and_then_a_person_is_asked(setup: Setup) {
        ends_badly(setup, "trap", "trap").await;
    }

    async fn a_flow_that_never_ends_is_stopped(setup: Setup) {
        ends_badly(setup, "loop", "limit").await;
    }

    async fn a_flow_that_eats_memory_is_stopped(setup: Setup) {
        ends_badly(setup, "eat", "limit").await;
    }

    async fn what_is_unavailable_is_tried_five_times_within_45_seconds(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let began = app.clock.now();
        let chat = app.customer(PHONE).says("unavailable").await;

        for _ in 0..4 {
            next_try(&app, &chat).await;
        }
        app.settled().await;

        is_handed_over(&app, &chat, 5, "unavailable").await;
        assert!(app.clock.now().since(began) <= Duration::from_secs(45));
    }

    async fn a_long_wait_that_a_flow_asks_for_does_not_outlast_45_seconds(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let began = app.clock.now();
        let chat = app.customer(PHONE).says("unavailable 3600000").await;

        for _ in 0..2 {
            next_try(&app, &chat).await;
        }
        app.settled().await;

        is_handed_over(&app, &chat, 3, "unavailable").await;
        assert_eq!(app.clock.now().since(began), Duration::from_secs(40));
    }

    async fn what_a_flow_refuses_is_not_tried_again(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;

        let chat = app.customer(PHONE).says("refuse").await;
        app.settled().await;

        is_handed_over(&app, &chat, 1, "refused by the flow").await;
    }

    async fn what_a_flow_did_that_handled_nothing_is_discarded(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").flow("echo").await;

        let chat = app.customer(PHONE).says("pass").await;

        assert_eq!(chat.bot_replies().await, ["pass"], "the next flow answered");
        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM kv").await, 0);
        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM customer_sessions WHERE states LIKE '%passed%'").await, 0);
    }

    async fn what_no_flow_handles_goes_to_a_person(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;

        let chat = app.customer(PHONE).says("pass").await;

        assert!(chat.answer().await.contains(NOTICE));
        assert_eq!(chat.conversation().await.status, Answering::Human);
        assert_eq!(chat.turns().await, [("done".to_owned(), 0)]);
        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM kv").await, 0);
    }

    async fn a_dead_letter_that_is_driven_again_is_answered(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says(&format!("fetch {}", app.outside.url("/down/back"))).await;
        for _ in 0..4 {
            next_try(&app, &chat).await;
        }
        app.settled().await;
        let dead = app.cell(&chat.tenant).await.read().await.unwrap().turns().dead(10).await.unwrap();
        chat.says("¿y?").await;

        app.outside.release();
        let mut write = app.cell(&chat.tenant).await.write().await.unwrap();
        assert!(write.redrive(&dead[0].id, "ana", app.clock.id(), app.clock.now()).await.unwrap());
        write.commit().await.unwrap();

        let said = chat.bot_replies().await;
        assert_eq!(said[1..], ["back"], "what was said while a person had it stays theirs");
        assert_eq!(chat.turns().await, [("done".to_owned(), 0)]);
        let again = app.outside.calls_of("/down/back");
        assert!(again.len() == 6 && again.iter().all(|call| call.idempotency_key == again[0].idempotency_key), "{again:?}");
    }
}
