//! A turn that is looked at later: by whom it may, with all that it was given and did.

use relevo_model::*;

use super::{PHONE, orders, page, shop, wanders};
use crate::{
    console::member,
    harness::{Setup, both_engines},
};

both_engines! {
    async fn every_turn_of_a_dialogue_can_be_opened_and_leads_to_the_next(setup: Setup) {
        let app = shop(setup).flow("storefront").await;
        let chat = app.customer(PHONE);
        orders(&chat).await;
        let admin = member(&app, app.acme(), "ana", Role::Admin, Reach::All).await;
        let conversation = chat.conversation().await.id;

        let (status, list) = page(&app, &admin, &format!("/conversations/{conversation}/turns")).await;
        assert_eq!(status, 200);
        let ids: Vec<&str> = list.split("href=\"/turns/").skip(1).map(|rest| &rest[..36]).collect();
        assert_eq!(ids.len(), 6, "{list}");

        // Newest first: from the last one back to the first.
        let mut turn = ids[0].to_owned();
        let mut seen = 1;
        loop {
            let (status, text) = page(&app, &admin, &format!("/turns/{turn}")).await;
            assert_eq!(status, 200);
            assert!(text.contains("storefront") && text.contains("data-testid=\"action\""), "{text}");
            if seen == 1 {
                assert!(text.contains("records.add") && text.contains("records.reserve") && text.contains("Listo. Tu pedido"), "{text}");
            }
            let Some(before) = text.split("rel=\"prev\"").next().filter(|head| head.len() < text.len()) else { break };
            turn = before.rsplit("href=\"/turns/").next().unwrap()[..36].to_owned();
            seen += 1;
        }
        assert_eq!(seen, 6);
    }

    async fn turns_are_of_whoever_sets_flows_and_sees_conversations_there(setup: Setup) {
        let app = shop(setup).flow("storefront").tenant("other").await;
        let chat = app.customer(PHONE);
        wanders(&chat).await;
        let conversation = chat.conversation().await.id;
        let turn = app.place.texts(Some(&app.acme().id), "SELECT turn_id FROM turn_journal ORDER BY turn_id").await.remove(0);
        let paths = [format!("/conversations/{conversation}/turns"), format!("/turns/{turn}")];
        let elsewhere: Reach = [app.clock.id::<ServicePointId>()].into_iter().collect();
        let people = [
            (member(&app, app.acme(), "ana", Role::Admin, Reach::All).await, 200),
            (member(&app, app.acme(), "ema", Role::Agent, Reach::All).await, 403),
            (member(&app, app.acme(), "lia", Role::Admin, elsewhere).await, 404),
            (member(&app, app.tenant("other"), "otto", Role::Owner, Reach::All).await, 404),
        ];

        for (caller, wanted) in &people {
            for path in &paths {
                assert_eq!(page(&app, caller, path).await.0, *wanted, "{path} by {:?}", caller.id);
            }
        }
    }
}
