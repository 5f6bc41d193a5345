//! Several processes on one Postgres: one owns a cell at a time, and a late one is refused.

use std::time::Duration;

use relevo_model::{NodeId, TenantId};

use crate::harness::{Database, Setup, TestApp, until};

const PHONE: &str = "+54 9 11 5555 0001";

fn shared() -> Setup {
    Setup::new(Database::Postgres)
}

/// Which of the processes works the first business.
async fn owner(app: &TestApp) -> Option<NodeId> {
    let mut owners = Vec::new();
    for node in app.apps() {
        for business in node.open_businesses().await {
            if business.is_owner() {
                owners.push(node.node);
            }
        }
    }
    assert!(owners.len() <= 1, "two processes work one cell: {owners:?}");
    owners.pop()
}

/// Takes the lease for a process that does nothing with it, as if the owner had been frozen for longer than it holds.
async fn a_stranger_takes_the_lease(app: &TestApp, tenant: &TenantId) -> NodeId {
    let (stranger, far) = (app.clock.id(), app.clock.now().after(Duration::from_secs(3_600)));
    app.node(0).store.platform().lease(tenant, &stranger, far, far).await.unwrap().expect("a lease that is over can be taken");
    stranger
}

/// Gives the lease to another process, as if the owner had been frozen for longer than it holds.
async fn moves_the_lease(app: &TestApp, tenant: &TenantId, to: usize) {
    let (node, now) = (app.node(to), app.clock.now());
    let far = now.after(Duration::from_secs(3_600));
    node.store.platform().lease(tenant, &node.node, far, far).await.unwrap().expect("a lease that is over can be taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_new_customer_at_two_processes_is_one_customer() {
    let app = shared().tenant("acme").flow("echo").await;
    let second = app.add_node().await;

    for round in 0..10 {
        let chat = app.customer(&format!("+54 9 11 5555 {round:04}"));
        let there = chat.through(second);
        let (one, other) = (chat.text("uno"), chat.text("dos"));
        tokio::join!(chat.post(&one), there.post(&other), there.post(&one), chat.post(&other));
        let mut said = chat.bot_replies().await;
        said.sort();
        assert_eq!(said, ["dos", "uno"], "round {round}");
    }

    assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM customers").await, 10);
    assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM conversations").await, 10);
    assert!(owner(&app).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_customers_at_two_processes_are_answered_once_and_in_order() {
    let app = shared().tenant("acme").flow("echo").await;
    let second = app.add_node().await;
    let chats: Vec<_> = (0..10).map(|number| app.customer(&format!("+54 9 11 5555 {number:04}"))).collect();
    let wanted: Vec<String> = (0..10).map(|number| number.to_string()).collect();

    futures::future::join_all(chats.iter().map(|chat| async {
        for (at, text) in wanted.iter().enumerate() {
            chat.through([0, second][at % 2]).says(text).await;
        }
    }))
    .await;

    for chat in &chats {
        assert_eq!(chat.bot_replies().await, wanted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_owner_ends_the_other_process_takes_over() {
    let app = shared().tenant("acme").flow("echo").await;
    let second = app.add_node().await;
    let chat = app.customer(PHONE).through(second);
    chat.says("uno").await.bot_replies().await;
    let first_owner = owner(&app).await.expect("somebody works it");
    assert_eq!(first_owner, app.node(0).node, "whoever opened it first");

    app.stop(0).await;
    chat.says("dos").await;

    assert_eq!(chat.bot_replies().await, ["uno", "dos"]);
    assert_eq!(owner(&app).await, Some(app.node(second).node));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_lets_go_of_its_cells_whatever_it_was_about_to_do() {
    let app = shared().tenant("acme").flow("echo").await;

    for round in 0..20 {
        app.stop(0).await;
        assert_eq!(app.place.number(None, "SELECT COUNT(*) FROM leases WHERE expires_at > 0").await, 0, "round {round}");
        app.start(0).await;
    }

    let chat = app.customer(PHONE).says("hola").await;
    assert_eq!(chat.bot_replies().await, ["hola"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_owners_lease_is_over_the_other_process_takes_over() {
    let app = shared().tenant("acme").flow("echo").await;
    let second = app.add_node().await;
    let chat = app.customer(PHONE).through(second);
    chat.says("uno").await.bot_replies().await;

    moves_the_lease(&app, &chat.tenant.id, second).await;
    until("the other one works it", || async { owner_is(&app, second).await }).await;
    chat.says("dos").await;

    assert_eq!(chat.bot_replies().await, ["uno", "dos"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_late_commit_of_a_frozen_owner_is_refused() {
    let app = shared().tenant("acme").flow("probe").await;
    let chat = app.customer(PHONE).says(&format!("fetch {}", app.outside.url("/hold/late"))).await;
    app.outside.called("/hold/late", 1).await;

    let stranger = a_stranger_takes_the_lease(&app, &chat.tenant.id).await;
    app.outside.release();
    until("the old owner has noticed", || async { !owner_is(&app, 0).await }).await;
    assert_eq!(chat.turns().await, [("pending".to_owned(), 0)]);
    assert!(chat.sent().is_empty());
    app.node(0).store.platform().release(&chat.tenant.id, &stranger).await.unwrap();

    app.graph.wait_for(1).await;
    assert_eq!(chat.bot_replies().await, ["late"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_claim_of_a_frozen_owner_sends_nothing() {
    let app = shared().tenant("acme").flow("probe").await;
    let chat = app.customer(PHONE);
    app.graph.queue([relevo_testbed::graph::Fault::Error(relevo_testbed::graph::GraphError::pair_rate_limited())]);
    chat.says("hola").await;
    until("the first try is over", || async { app.count(&chat.tenant, "SELECT COUNT(*) FROM outbox WHERE state = 'pending' AND attempts = 1").await == 1 })
        .await;

    let stranger = a_stranger_takes_the_lease(&app, &chat.tenant.id).await;
    app.clock.advance(Duration::from_secs(6));
    until("the old owner has noticed", || async { !owner_is(&app, 0).await }).await;
    assert!(chat.sent().is_empty());
    app.node(0).store.platform().release(&chat.tenant.id, &stranger).await.unwrap();

    assert_eq!(chat.bot_replies().await, ["heard hola"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_received_first_is_answered_first() {
    let app = shared().tenant("acme").flow("echo").await;
    let chat = app.customer(PHONE).says("cero").await;
    chat.bot_replies().await;

    // The owner learns of it only when it looks.
    chat.is_stored_elsewhere("uno").await;
    chat.says("dos").await;

    assert_eq!(chat.bot_replies().await, ["cero", "uno", "dos"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_another_process_gave_up_hears_nothing_here() {
    let app = shared().tenant("acme").flow("echo").await;
    let second = app.add_node().await;
    let chat = app.customer(PHONE).through(second).says("uno").await;
    assert_eq!(chat.bot_replies().await, ["uno"]);
    let (tenant, channel) = (chat.tenant.id, chat.tenant.channel);

    let owner = crate::console::owner(&app).await;
    assert_eq!(owner.delete(&format!("/api/channels/{channel}")).await.status, 204);
    until("the other process knows of it", || async {
        let layout = app.node(second).business(&tenant).await.unwrap().layout();
        layout.channels[&channel].row.removed_at.is_some()
    })
    .await;
    let unheard = app.post_to(second, &chat.tenant.secret, &chat.text("dos")).await;

    assert_eq!(unheard.status, 401, "nobody has this number any more");
    assert_eq!(chat.messages().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_two_processes_run_is_answered_once() {
    let app = shared().tenant("acme").flow("probe").await;
    let second = app.add_node().await;
    let chat = app.customer(PHONE).says(&format!("fetch {}", app.outside.url("/hold/late"))).await;
    chat.through(second).says("after").await;
    app.outside.called("/hold/late", 1).await;

    moves_the_lease(&app, &chat.tenant.id, second).await;
    app.outside.called("/hold/late", 2).await;
    assert!(owner_is(&app, second).await, "the new owner runs the same turn while the old one hangs in it");
    app.outside.release();

    assert_eq!(chat.bot_replies().await, ["late", "heard after"]);
    assert_eq!(chat.turns().await.iter().filter(|turn| turn.0 == "done").count(), 2);
    until("the old owner has noticed", || async { !app.node(0).open_businesses().await.iter().any(|business| business.is_owner()) }).await;
}

async fn owner_is(app: &TestApp, node: usize) -> bool {
    app.node(node).open_businesses().await.iter().any(|business| business.is_owner())
}
