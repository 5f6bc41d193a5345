//! Connections to Postgres: shared by all cells of a node, and none of them for ever.

use relevo_store::hot::Received;

use crate::support::*;

on!(Postgres: what_is_no_cells_finds_a_connection_though_all_rest, readers_beyond_all_connections_wait_their_turn, a_lost_connection_costs_its_user_one_error, other_nodes_are_told_what_waits);

/// Every connection that the store may have, at rest with this cell.
async fn use_all(w: &World) {
    let mut reads = Vec::new();
    for _ in 0..24 {
        reads.push(w.cell.read().await.unwrap());
    }
}

async fn what_is_no_cells_finds_a_connection_though_all_rest(w: World) {
    use_all(&w).await;

    w.store.announce(&w.tenant.id).await.unwrap();
    let cell = w.neighbour("two").await;
    let heard = w.store.listen().await;

    assert!(heard.is_ok());
    assert_eq!(cell.receive(vec![w.text(ANA, "hola")]).await.unwrap(), [Received::New]);
}

async fn readers_beyond_all_connections_wait_their_turn(w: World) {
    let mut cells = vec![w.cell.clone()];
    for n in 0..3 {
        cells.push(w.neighbour(&format!("n{n}")).await);
    }

    let reads = (0..400).map(|n| {
        let cell = cells[n % 4].clone();
        tokio::spawn(async move {
            let mut read = cell.read().await.unwrap();
            tokio::task::yield_now().await;
            texts(&mut read, "SELECT CAST(current_schema() AS text)").await.remove(0) == format!("t_{}", cell.tenant().as_str().replace('-', ""))
        })
    });
    let right = futures::future::try_join_all(reads).await.unwrap();

    assert!(right.into_iter().all(|right| right));
}

async fn a_lost_connection_costs_its_user_one_error(w: World) {
    let chat = w.says(ANA, "hola").await;
    use_all(&w).await;
    let lose = async || {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        sqlx::query(sql).execute(&mut w.home.stranger().await).await.unwrap();
    };

    lose().await;
    let mut read = 0;
    while w.cell.read().await.unwrap().messages().list_of(&chat.id, None, 10).await.is_err() {
        read += 1;
        assert!(read <= 2, "nobody mends it");
    }
    use_all(&w).await;
    lose().await;
    let mut received = 0;
    while w.cell.receive(vec![w.text(BRUNO, "hola")]).await.is_err() {
        received += 1;
        assert!(received <= 2, "nobody mends it");
    }
    use_all(&w).await;
    lose().await;
    let mut written = 0;
    while let Err(_lost) = async { w.cell.write().await?.commit().await }.await {
        written += 1;
        assert!(written <= 2, "nobody mends it");
    }

    assert_eq!(w.words(&chat.id).await, ["hola"]);
}

async fn other_nodes_are_told_what_waits(w: World) {
    let there = w.another_store().await;
    let mut told = there.listen().await.unwrap();

    w.store.announce(&w.tenant.id).await.unwrap();

    assert_eq!(tokio::time::timeout(PATIENCE, told.next()).await.unwrap().unwrap(), w.tenant.id);
}
