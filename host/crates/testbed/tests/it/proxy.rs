use std::time::{Duration, Instant};

use relevo_testbed::proxy::{Behaviour, Proxy};
use relevo_testbed::webhook::{Ids, Sender, WebhookBuilder};

use crate::support::{Inbox, NUMBER, SECRET};

async fn scene() -> (Inbox, Proxy, Sender) {
    let inbox = Inbox::start().await;
    let proxy = Proxy::start(inbox.address).await.expect("the proxy starts");
    let sender = Sender::new(&format!("{}/webhook", proxy.url()), SECRET).expect("the address is http");
    (inbox, proxy, sender)
}

fn payload() -> relevo_testbed::webhook::Payload {
    WebhookBuilder::new(&Ids::seeded(1), NUMBER).text("hola").build()
}

#[tokio::test]
async fn what_passes_is_late_by_the_latency_of_both_ways() {
    let (inbox, proxy, sender) = scene().await;
    proxy.set(Behaviour { latency: Duration::from_millis(20), ..Behaviour::default() });
    let start = Instant::now();

    let answer = sender.post(&payload()).await.unwrap();

    assert_eq!(answer.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(40));
    assert_eq!(inbox.payloads().len(), 1);
}

#[tokio::test]
async fn a_request_cut_after_some_bytes_is_not_taken() {
    let (inbox, proxy, sender) = scene().await;
    proxy.set(Behaviour { cut_after_sent: Some(100), ..Behaviour::default() });

    let cut = sender.post(&payload()).await;
    proxy.set(Behaviour::default());
    let whole = sender.post(&payload()).await;

    assert!(cut.is_err());
    assert_eq!(whole.unwrap().status, 200);
    assert_eq!(inbox.payloads().len(), 1);
}

#[tokio::test]
async fn an_answer_cut_after_some_bytes_leaves_the_request_taken() {
    let (inbox, proxy, sender) = scene().await;
    proxy.set(Behaviour { cut_after_received: Some(10), ..Behaviour::default() });

    let cut = sender.post(&payload()).await;

    assert!(cut.is_err());
    assert_eq!(inbox.payloads().len(), 1);
}

#[tokio::test]
async fn a_refusing_proxy_lets_nothing_through_and_recovers() {
    let (inbox, proxy, sender) = scene().await;
    proxy.set(Behaviour { refuse: true, ..Behaviour::default() });

    let refused = sender.post(&payload()).await;
    proxy.set(Behaviour::default());
    let taken = sender.post(&payload()).await;

    assert!(refused.is_err());
    assert_eq!(taken.unwrap().status, 200);
    assert_eq!((inbox.payloads().len(), proxy.connections()), (1, 2));
}

#[tokio::test]
async fn open_connections_can_be_cut_and_frozen() {
    let (_inbox, proxy, sender) = scene().await;
    sender.post(&payload()).await.unwrap();
    proxy.set(Behaviour { freeze: true, ..Behaviour::default() });

    let (frozen, ()) = tokio::join!(async { sender.post(&payload()).await }, async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        proxy.cut();
    });

    assert!(frozen.is_err());
}
