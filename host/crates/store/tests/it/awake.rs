//! What the platform knows of a cell: that it may have something to do, or when it next will.

use relevo_model::*;
use relevo_store::hot::*;

use crate::support::*;

on_both!(
    a_cell_is_awake_as_soon_as_anything_is_in_it,
    a_resting_cell_is_found_when_it_is_due,
    a_write_wakes_a_resting_cell,
    a_cell_does_not_rest_while_somebody_writes,
    only_active_tenants_are_woken,
);
on!(Postgres:
    another_node_that_rests_a_cell_hides_nothing_of_what_this_one_writes,
    a_cell_does_not_rest_while_another_node_writes,
    two_nodes_may_wake_a_cell_at_once,
);

async fn awake(w: &World) -> (bool, Option<i64>) {
    let tenant = w.store.platform().tenant(&w.tenant.id).await.unwrap().unwrap();
    (tenant.awake, tenant.next_due_at)
}

async fn a_cell_is_awake_as_soon_as_anything_is_in_it(w: World) {
    let cell = w.neighbour("two").await;
    let tenant = async || w.store.platform().tenant(&cell.tenant()).await.unwrap().unwrap();
    drop(cell.read().await.unwrap());
    assert!(!tenant().await.awake);

    let mut write = cell.write().await.unwrap();
    write.add_business("Two", "ARS", "es").await.unwrap();
    // On SQLite the platform is another file, and knows before; on Postgres it knows with the commit.
    assert_eq!(tenant().await.awake, w.engine == Engine::Sqlite);
    write.commit().await.unwrap();

    assert!(tenant().await.awake);
}

async fn another_node_that_rests_a_cell_hides_nothing_of_what_this_one_writes(w: World) {
    let here = w.another_store().await.cell(&w.tenant.id).await.unwrap();
    here.receive(vec![w.text(ANA, "hola")]).await.unwrap();
    w.cell.rest().await.unwrap();
    assert!(!awake(&w).await.0);

    here.receive(vec![w.text(ANA, "¿hay alguien?")]).await.unwrap();

    assert!(awake(&w).await.0);
}

async fn a_cell_does_not_rest_while_another_node_writes(w: World) {
    let there = w.another_store().await.cell(&w.tenant.id).await.unwrap();
    w.says(ANA, "hola").await;
    w.clock.advance(std::time::Duration::from_secs(1));
    let mut write = there.write().await.unwrap();
    write.fire_later(&w).await;
    run(&mut write, "DELETE FROM turns").await.unwrap();
    let resting = tokio::spawn({
        let cell = w.cell.clone();
        async move { cell.rest().await.unwrap() }
    });
    w.until_somebody_waits().await;

    write.commit().await.unwrap();

    assert_eq!(resting.await.unwrap(), Some(w.now()), "it looked when the other had written");
}

async fn two_nodes_may_wake_a_cell_at_once(w: World) {
    let there = w.another_store().await.cell(&w.tenant.id).await.unwrap();
    for round in 0..10 {
        w.cell.rest().await.unwrap();
        let write = async |cell: &relevo_store::Cell| {
            let write = cell.write().await.unwrap();
            write.commit().await
        };

        let woken = tokio::join!(write(&w.cell), write(&there), w.cell.receive(vec![w.text(ANA, "a")]), there.receive(vec![w.text(BRUNO, "b")]));

        assert!(woken.0.is_ok() && woken.1.is_ok() && woken.2.is_ok() && woken.3.is_ok(), "{round}: {woken:?}");
        assert!(awake(&w).await.0);
    }
}

async fn a_resting_cell_is_found_when_it_is_due(w: World) {
    let chat = w.says(ANA, "recordame").await;
    let mut commit = w.answer(&chat, &[]);
    let due_at = Time(NOON.0 + 60_000);
    commit.effects.timers = vec![NewTimer { id: w.clock.id(), plugin: "p".into(), name: "n".into(), due_at, payload: String::new(), replace: true }];
    w.cell.finish(commit).await.unwrap();

    let next = w.cell.rest().await.unwrap();

    assert_eq!((next, awake(&w).await), (Some(due_at), (false, Some(due_at.0))));
    let due = async |at| w.store.platform().awake_or_due(at).await.unwrap();
    assert_eq!((due(NOON).await, due(due_at).await), (vec![], vec![w.tenant.id]));
}

async fn a_write_wakes_a_resting_cell(w: World) {
    assert_eq!(w.cell.rest().await.unwrap(), None);
    assert_eq!(awake(&w).await, (false, None));

    w.says(ANA, "hola").await;

    assert!(awake(&w).await.0);
    assert_eq!(w.store.platform().awake_or_due(NOON).await.unwrap(), [w.tenant.id]);
    assert_eq!(w.another_store().await.platform().awake_or_due(NOON).await.unwrap(), [w.tenant.id]);
}

async fn a_cell_does_not_rest_while_somebody_writes(w: World) {
    let mut write = w.cell.write().await.unwrap();
    let resting = tokio::spawn({
        let cell = w.cell.clone();
        async move { cell.rest().await.unwrap() }
    });
    tokio::task::yield_now().await;

    write.fire_later(&w).await;
    write.commit().await.unwrap();

    assert!(resting.await.unwrap().is_some(), "it saw what was written meanwhile");
}

trait FireLater {
    async fn fire_later(&mut self, w: &World);
}

impl FireLater for relevo_store::Write {
    async fn fire_later(&mut self, w: &World) {
        let sql =
            format!("INSERT INTO timers (id, conversation_id, plugin_id, name, due_at, payload, created_at) VALUES ('t', 'c', 'p', 'n', {}, '', 0)", w.now());
        run(self, &sql).await.unwrap();
    }
}

async fn only_active_tenants_are_woken(w: World) {
    w.says(ANA, "hola").await;

    w.store.platform().set_tenant_state(&w.tenant.id, TenantState::Suspended).await.unwrap();

    assert!(w.store.platform().awake_or_due(NOON).await.unwrap().is_empty());
}
