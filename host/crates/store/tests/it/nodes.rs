//! Two nodes on one Postgres take in the same customers at the same time.

use relevo_model::CustomerId;
use relevo_store::hot::Received;

use crate::support::*;

on!(Postgres:
    a_new_customer_who_reaches_two_nodes_at_once_is_one,
    a_customer_whom_another_node_makes_in_between_is_known,
    the_same_event_told_to_two_nodes_is_stored_once,
    many_customers_of_two_nodes_keep_their_order,
);

async fn a_new_customer_who_reaches_two_nodes_at_once_is_one(w: World) {
    let there = w.another_store().await.cell(&w.tenant.id).await.unwrap();
    for n in 0..20 {
        let number = format!("54911{n:08}");

        let (one, two) = tokio::join!(w.cell.receive(vec![w.text(&number, "uno")]), there.receive(vec![w.text(&number, "dos")]));

        assert_eq!((one.unwrap(), two.unwrap()), (vec![Received::New], vec![Received::New]));
    }
    assert_eq!(w.count("SELECT COUNT(*) FROM customers").await, 20);
    assert_eq!(w.count("SELECT COUNT(*) FROM conversations WHERE seq = 2").await, 20);
}

async fn a_customer_whom_another_node_makes_in_between_is_known(w: World) {
    let there = w.another_store().await.cell(&w.tenant.id).await.unwrap();
    let mut write = there.write().await.unwrap();
    let sql = format!(
        "INSERT INTO customers (id, attributes, created_at) VALUES ('{0}', '{{}}', 0);
         INSERT INTO customer_aliases (kind, scope, value, customer_id, created_at) VALUES ('wa_id', '', '{ANA}', '{0}', 0)",
        w.clock.id::<CustomerId>()
    );
    run(&mut write, &sql).await.unwrap();
    let arrival = w.text(ANA, "hola");
    let receiving = tokio::spawn({
        let (cell, arrival) = (w.cell.clone(), arrival.clone());
        async move { cell.receive(vec![arrival]).await }
    });
    w.until_somebody_waits().await;

    write.commit().await.unwrap();

    // It did not know him when it looked; on a fresh look it does, and the provider need not tell it again.
    assert_eq!(receiving.await.unwrap().unwrap(), [Received::New]);
    assert_ne!(w.chat(ANA, &arrival).await.customer, arrival.customer);
    assert_eq!(w.count("SELECT COUNT(*) FROM customers").await, 1);
}

async fn the_same_event_told_to_two_nodes_is_stored_once(w: World) {
    let there = w.another_store().await.cell(&w.tenant.id).await.unwrap();
    for n in 0..10 {
        let key = format!("m:{n}");
        let told = || w.arrival(&key, message(&key, vec![number(ANA)], "hola"));

        let (one, two) = tokio::join!(w.cell.receive(vec![told()]), there.receive(vec![told()]));

        let mut received = [one.unwrap()[0], two.unwrap()[0]];
        received.sort_by_key(|received| *received == Received::Known);
        assert_eq!(received, [Received::New, Received::Known]);
    }
    assert_eq!(w.count("SELECT COUNT(*) FROM messages").await, 10);
}

async fn many_customers_of_two_nodes_keep_their_order(w: World) {
    let there = w.another_store().await.cell(&w.tenant.id).await.unwrap();
    let numbers: Vec<String> = (0..30).map(|n| format!("54911{n:08}")).collect();
    let batch = |backwards: bool| {
        let mut batch: Vec<_> = numbers.iter().map(|number| w.text(number, "hola")).collect();
        if backwards {
            batch.reverse();
        }
        batch
    };

    // Batches in opposite orders are what deadlocks are made of.
    let received = tokio::join!(
        futures::future::try_join_all((0..5).map(|_| w.cell.receive(batch(false)))),
        futures::future::try_join_all((0..5).map(|_| there.receive(batch(true)))),
    );

    assert!(received.0.is_ok() && received.1.is_ok(), "{received:?}");
    assert_eq!(w.count("SELECT COUNT(*) FROM conversations WHERE seq = 10").await, 30);
    assert_eq!(w.count("SELECT COUNT(*) FROM messages").await, 300);
}
