//! Bringing databases up to date: any number of times, from any number of nodes, without losing a row.

use std::sync::Mutex;

use relevo_store::*;

use crate::support::*;

on_both!(
    opening_again_changes_nothing,
    a_fresh_installation_may_be_opened_by_several_at_once,
    a_fresh_cell_may_be_opened_by_several_at_once,
    every_cell_is_migrated_and_told_once,
    a_newer_binarys_migration_is_no_hindrance,
    a_migration_that_was_changed_afterwards_is_refused,
    a_tenant_that_was_not_finished_goes_on_where_it_was,
);

async fn opening_again_changes_nothing(w: World) {
    w.answered(ANA, &["¡Hola!"]).await;
    let before = w.dump().await;

    let again = w.another_store().await.cell(&w.tenant.id).await.unwrap();
    again.open().await.unwrap();

    assert_eq!(dump(&mut again.read().await.unwrap()).await, before);
}

async fn a_fresh_installation_may_be_opened_by_several_at_once(w: World) {
    let home = Home::new(w.engine).await;

    let opened = futures::future::join_all((0..4).map(|_| {
        let settings = home.settings();
        tokio::spawn(async move { Store::open(&settings).await })
    }))
    .await;

    for store in opened {
        assert!(store.unwrap().unwrap().platform().tenants().await.unwrap().is_empty());
    }
}

async fn a_fresh_cell_may_be_opened_by_several_at_once(w: World) {
    for round in 0..3 {
        let tenant = w.bare_tenant(&format!("bare-{round}")).await;
        let mut stores = vec![w.store.clone()];
        for _ in 0..3 {
            stores.push(w.another_store().await);
        }

        let opened = futures::future::join_all(stores.iter().map(|store| {
            let store = store.clone();
            tokio::spawn(async move { store.cell(&tenant).await.unwrap().open().await })
        }))
        .await;

        assert!(opened.iter().all(|opened| matches!(opened, Ok(Ok(())))), "{opened:?}");
        let cell = stores[3].cell(&tenant).await.unwrap();
        assert_eq!(count(&mut cell.read().await.unwrap(), "SELECT COUNT(*) FROM order_status").await, 6);
    }
}

async fn every_cell_is_migrated_and_told_once(w: World) {
    let mut expected = vec!["acme".to_owned()];
    for n in 0..12 {
        w.bare_tenant(&format!("bare-{n:02}")).await;
        expected.push(format!("bare-{n:02}"));
    }
    let told = Mutex::new(Vec::new());

    w.store.migrate_all(|tenant| told.lock().unwrap().push(tenant.slug.clone())).await.unwrap();
    w.store.migrate_all(|_| ()).await.unwrap();

    let mut told = told.into_inner().unwrap();
    told.sort();
    assert_eq!(told, expected);
}

async fn a_newer_binarys_migration_is_no_hindrance(w: World) {
    let mut write = w.cell.write().await.unwrap();
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'newer', TRUE, '', 0)";
    run(&mut write, sql).await.unwrap();
    run(&mut write, "ALTER TABLE customers ADD COLUMN newer TEXT").await.unwrap();
    write.commit().await.unwrap();

    let older = w.another_store().await.cell(&w.tenant.id).await.unwrap();

    assert_eq!(older.receive(vec![w.text(ANA, "hola")]).await.unwrap(), [hot::Received::New]);
}

async fn a_migration_that_was_changed_afterwards_is_refused(w: World) {
    let mut write = w.cell.write().await.unwrap();
    run(&mut write, "UPDATE _sqlx_migrations SET checksum = ''").await.unwrap();
    write.commit().await.unwrap();

    let changed = w.another_store().await.cell(&w.tenant.id).await.unwrap().open().await;

    assert!(matches!(changed, Err(Error::Migrate(_))), "{changed:?}");
}

async fn a_tenant_that_was_not_finished_goes_on_where_it_was(w: World) {
    let id = w.bare_tenant("half").await;

    let (tenant, cell) = w.store.create_tenant(&w.clock, "half", "Half", false).await.unwrap();

    assert_eq!((tenant.id, cell.tenant()), (id, id));
    assert_eq!(cell.receive(vec![w.text(ANA, "hola")]).await.unwrap(), [hot::Received::New]);
}
