//! Tickets that a flow opened, as people see to them.

use std::time::Duration;

use relevo_model::*;
use serde_json::json;

use super::{PHONE, audit, member};
use crate::harness::{Setup, both_engines};

both_engines! {
    async fn a_ticket_is_listed_taken_on_and_closed(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").await;
        let here: Reach = [app.acme().point].into_iter().collect();
        let ana = member(&app, app.acme(), "ana", Role::Agent, here).await;
        app.customer(PHONE).says("ticket roto al llegar").await.bot_replies().await;

        let listed = ana.get("/api/tickets?status=NEW").await.ok();
        assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{listed}");
        let path = format!("/api/tickets/{}", listed["data"][0]["id"].as_str().unwrap());
        let found = ana.get(&path).await;
        let etag = found.etag.clone().unwrap();
        assert_eq!(found.body["title"], "roto al llegar");
        app.clock.advance(Duration::from_secs(1));
        let taken = ana.put_seen(&path, &etag, json!({ "status": "IN_PROGRESS", "assignee_id": ana.id })).await.ok();
        let late = ana.put_seen(&path, &etag, json!({ "status": "CLOSED", "assignee_id": null })).await;
        app.clock.advance(Duration::from_secs(1));
        ana.put(&path, json!({ "status": "CLOSED", "assignee_id": ana.id })).await.ok();
        let reopened = ana.put(&path, json!({ "status": "NEW", "assignee_id": ana.id })).await;

        assert_eq!((&taken["status"], &taken["assignee_id"]), (&json!("IN_PROGRESS"), &json!(ana.id)));
        assert_eq!(late.problem(), "stale");
        assert_eq!(reopened.wrong(), [("status", "field-ticket-closed")]);
        let kinds: Vec<String> = ana.get(&path).await.ok()["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect();
        assert_eq!(kinds, ["opened", "comment", "status", "assigned", "status"]);
        assert_eq!(audit(&app, app.acme()).await, ["ticket.changed", "ticket.changed"]);
        assert_eq!(ana.get("/api/tickets?status=NEW").await.ok()["data"], json!([]));
    }

    async fn tickets_of_another_branch_or_business_are_not_there(setup: Setup) {
        let app = setup.tenant("acme").flow("probe").tenant("sector7").flow("probe").await;
        let elsewhere = member(&app, app.acme(), "elsa", Role::Agent, Reach::Only([].into())).await;
        let other = member(&app, app.tenant("sector7"), "otto", Role::Owner, Reach::All).await;
        let viewer = member(&app, app.acme(), "vera", Role::Viewer, Reach::All).await;
        app.customer(PHONE).says("ticket roto").await.bot_replies().await;
        let id = app.place.texts(Some(&app.acme().id), "SELECT id FROM tickets").await.remove(0);
        let path = format!("/api/tickets/{id}");

        for nobody in [&elsewhere, &other] {
            assert_eq!(nobody.get("/api/tickets").await.ok()["data"], json!([]));
            assert_eq!(nobody.get(&path).await.problem(), "not-found");
            assert_eq!(nobody.put(&path, json!({ "status": "CLOSED", "assignee_id": null })).await.problem(), "not-found");
        }
        assert_eq!(viewer.put(&path, json!({ "status": "CLOSED", "assignee_id": null })).await.problem(), "permission");
        let taken = member(&app, app.acme(), "ana", Role::Agent, Reach::All).await.put(&path, json!({ "status": "NEW", "assignee_id": viewer.id })).await;
        assert_eq!(taken.wrong(), [("assignee_id", "field-assignee")]);
    }
}
