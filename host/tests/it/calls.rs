//! Calls to the outside: what was answered once is not asked again.

use crate::{
    failures::next_try,
    harness::{Setup, both_engines},
};

const PHONE: &str = "+54 9 11 5555 0001";

both_engines! {
    async fn a_turn_that_runs_again_gets_the_recorded_answer(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let (first, second) = (app.outside.url("/charge/paid"), app.outside.url("/cut-first/shipped"));

        let chat = app.customer(PHONE).says(&format!("fetch {first} {second}")).await;
        app.outside.called("/cut-first/shipped", 1).await;
        next_try(&app, &chat).await;

        assert_eq!(chat.bot_replies().await, ["paid shipped"]);
        let (charges, shipments) = (app.outside.calls_of("/charge/paid"), app.outside.calls_of("/cut-first/shipped"));
        assert_eq!((charges.len(), shipments.len()), (1, 2));
        assert!(!charges[0].idempotency_key.is_empty());
        assert_ne!(charges[0].idempotency_key, shipments[0].idempotency_key);
        assert_eq!(shipments[0].idempotency_key, shipments[1].idempotency_key);
    }

    async fn the_same_call_twice_in_a_turn_is_two_calls(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let url = app.outside.url("/charge/paid");

        let chat = app.customer(PHONE).says(&format!("fetch {url} {url}")).await;

        assert_eq!(chat.bot_replies().await, ["paid paid"]);
        let charges = app.outside.calls_of("/charge/paid");
        assert_eq!(charges.len(), 2);
        assert_ne!(charges[0].idempotency_key, charges[1].idempotency_key);
    }

    async fn intent_and_answer_are_recorded_and_the_answer_is_sealed(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let chat = app.customer(PHONE).says(&format!("fetch {}", app.outside.url("/hold/secret-answer"))).await;

        app.outside.called("/hold/secret-answer", 1).await;
        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM outside_calls WHERE answer IS NULL").await, 1);
        app.outside.release();
        chat.bot_replies().await;

        assert_eq!(app.count(&chat.tenant, "SELECT COUNT(*) FROM outside_calls WHERE answer IS NOT NULL").await, 1);
        let hexed = |word: &str| word.bytes().map(|byte| format!("{byte:02X}")).collect::<String>();
        let stored = app.place.texts(Some(&chat.tenant.id), if app.place.is_postgres() { "SELECT upper(encode(answer, 'hex')) FROM outside_calls" } else { "SELECT hex(answer) FROM outside_calls" }).await;
        // Bodies are not kept letter by letter: what stands around them would be.
        assert!(["secret-answer", "status"].iter().all(|word| !stored[0].contains(&hexed(word))));
    }

    async fn an_address_that_nobody_opened_is_refused(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;

        for url in [app.url(0, "/metrics"), "http://169.254.169.254/latest".to_owned(), app.graph.url()] {
            let chat = app.customer(&format!("+54 9 11 5555 {:04}", url.len())).says(&format!("fetch {url}")).await;
            app.settled().await;
            assert_eq!(chat.turns().await, [("dead".to_owned(), 1)], "{url}");
        }
    }
}
