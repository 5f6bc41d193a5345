//! What the platform knows of a cell: that it may have something to do, or when it next will.

use relevo_model::*;
use relevo_store::hot::*;

use crate::support::*;

on_both!(
    a_cell_is_marked_awake_before_its_first_write,
    a_resting_cell_is_found_when_it_is_due,
    a_write_wakes_a_resting_cell,
    a_cell_does_not_rest_while_somebody_writes,
    only_active_tenants_are_woken,
);

async fn awake(w: &World) -> (bool, Option<i64>) {
    let tenant = w.store.platform().tenant(&w.tenant.id).await.unwrap().unwrap();
    (tenant.awake, tenant.next_due_at)
}

async fn a_cell_is_marked_awake_before_its_first_write(w: World) {
    let cell = w.neighbour("two").await;
    let tenant = async || w.store.platform().tenant(&cell.tenant()).await.unwrap().unwrap();
    drop(cell.read().await.unwrap());
    assert!(!tenant().await.awake);

    let write = cell.write().await.unwrap();

    assert!(tenant().await.awake, "though nothing is committed yet");
    drop(write);
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
