//! One owner at a time: whose lease it is, and what a former owner can no longer do.

use std::time::Duration;

use relevo_model::*;
use relevo_store::{hot::*, *};

use crate::support::*;

on_both!(
    a_lease_is_one_nodes_until_it_expires,
    a_lease_that_was_let_go_keeps_its_epoch,
    nobody_lets_go_of_anothers_lease,
    of_many_nodes_at_once_one_gets_the_lease,
);
on!(Postgres: a_former_owner_can_neither_answer_nor_send, what_a_former_owner_began_stands_in_the_way_of_none, an_owner_who_writes_keeps_the_lease_until_the_commit);

const TERM: Duration = Duration::from_secs(15);

async fn lease(w: &World, node: &NodeId) -> Option<i64> {
    w.store.platform().lease(&w.tenant.id, node, w.now(), w.now().after(TERM)).await.unwrap()
}

async fn a_lease_is_one_nodes_until_it_expires(w: World) {
    let (one, two) = (w.clock.id(), w.clock.id());

    let first = [lease(&w, &one).await, lease(&w, &two).await, lease(&w, &one).await];
    w.clock.advance(TERM);
    let second = [lease(&w, &two).await, lease(&w, &one).await];
    w.clock.advance(TERM);
    let third = lease(&w, &one).await;

    assert_eq!(first, [Some(1), None, Some(1)]);
    assert_eq!((second, third), ([Some(2), None], Some(3)));
}

async fn a_lease_that_was_let_go_keeps_its_epoch(w: World) {
    let (one, two): (NodeId, NodeId) = (w.clock.id(), w.clock.id());
    lease(&w, &one).await;

    w.store.platform().release(&w.tenant.id, &one).await.unwrap();
    let taken = lease(&w, &two).await;
    w.store.platform().release(&w.tenant.id, &two).await.unwrap();

    assert_eq!((taken, lease(&w, &one).await), (Some(2), Some(3)), "an epoch is nobody's twice");
}

async fn nobody_lets_go_of_anothers_lease(w: World) {
    let (one, two): (NodeId, NodeId) = (w.clock.id(), w.clock.id());
    lease(&w, &one).await;

    w.store.platform().release(&w.tenant.id, &two).await.unwrap();

    assert_eq!((lease(&w, &two).await, lease(&w, &one).await), (None, Some(1)));
}

async fn of_many_nodes_at_once_one_gets_the_lease(w: World) {
    let nodes: Vec<NodeId> = (0..8).map(|_| w.clock.id()).collect();

    let leases = futures::future::join_all(nodes.iter().map(|node| lease(&w, node))).await;

    assert_eq!(leases.iter().flatten().collect::<Vec<_>>(), [&1]);
}

/// Another node takes the cell; this one has not noticed.
async fn taken_by_another(w: &World) -> (Store, Cell) {
    let (here, there) = (w.clock.id(), w.clock.id());
    w.cell.fence(lease(w, &here).await);
    w.clock.advance(TERM);
    let store = w.another_store().await;
    let cell = store.cell(&w.tenant.id).await.unwrap();
    cell.fence(lease(w, &there).await);
    (store, cell)
}

async fn a_former_owner_can_neither_answer_nor_send(w: World) {
    let (chat, said) = w.answered(ANA, &["¡Hola!"]).await;
    let next = w.says(ANA, "¿hay alguien?").await;
    let (_store, there) = taken_by_another(&w).await;
    let before = w.dump().await;

    let finished = w.cell.finish(w.answer(&next, &["tarde"])).await;
    let claimed = w.cell.claim(Claim { message: said[0], now: w.now() }).await;
    let marked = w.cell.mark(Mark { message: said[0], conversation: chat.id, turn: None, end: SendEnd::Later { at: NOON } }).await;
    let mut write = w.cell.write().await.unwrap();
    let owned = write.as_owner().await;
    drop(write);

    assert!(matches!(finished, Err(Error::NotOwner(tenant)) if tenant == w.tenant.id), "{finished:?}");
    assert!(matches!((claimed, marked, owned), (Err(Error::NotOwner(_)), Err(Error::NotOwner(_)), Err(Error::NotOwner(_)))));
    assert_eq!(w.dump().await, before);
    assert_eq!(there.finish(w.answer(&next, &["a tiempo"])).await.unwrap(), Finished::Applied);
    assert!(there.claim(Claim { message: said[0], now: w.now() }).await.unwrap());
}

async fn what_a_former_owner_began_stands_in_the_way_of_none(w: World) {
    let chat = w.says(ANA, "hola").await;
    let (_store, _there) = taken_by_another(&w).await;

    // In one group: receiving is anybody's, the rest is the owner's.
    let (finished, received) = tokio::join!(w.cell.finish(w.answer(&chat, &["tarde"])), w.cell.receive(vec![w.text(BRUNO, "buenas")]));

    assert!(matches!(finished, Err(Error::NotOwner(_))));
    assert_eq!(received.unwrap(), [Received::New]);
    assert_eq!(w.words(&chat.id).await, ["hola"]);
}

async fn an_owner_who_writes_keeps_the_lease_until_the_commit(w: World) {
    let (here, there) = (w.clock.id(), w.clock.id());
    w.cell.fence(lease(&w, &here).await);
    let mut write = w.cell.write().await.unwrap();
    write.as_owner().await.unwrap();
    w.clock.advance(TERM);
    let (platform, tenant, now) = (w.store.platform().clone(), w.tenant.id, w.now());
    let taking = tokio::spawn(async move { platform.lease(&tenant, &there, now, now.after(TERM)).await.unwrap() });
    // It stands at the row that the open transaction holds.
    w.until_somebody_waits().await;

    run(&mut write, "UPDATE business SET name = 'as the owner'").await.unwrap();
    write.commit().await.unwrap();

    assert_eq!(taking.await.unwrap(), Some(2));
    assert!(matches!(w.cell.claim(Claim { message: w.clock.id(), now }).await, Err(Error::NotOwner(_))));
}
