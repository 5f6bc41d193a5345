//! A client of the fake Graph API and a business that takes webhooks.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use relevo_testbed::graph::FakeGraph;
use relevo_testbed::http::{Answer, Client, Head, Target, Wire, answer};
use relevo_testbed::webhook::sign;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

pub const NUMBER: &str = "100000000000001";
pub const CUSTOMER: &str = "5491155550001";
pub const SECRET: &str = "demo-app-secret";

/// Speaks to the fake as a business does.
pub struct Business {
    client: Client,
    token: String,
}

impl Business {
    pub fn of(graph: &FakeGraph) -> Self {
        Self::with_token(graph, "token")
    }

    pub fn with_token(graph: &FakeGraph, token: &str) -> Self {
        let target = Target::parse(&graph.url()).expect("the fake has an http address");
        Self { client: Client::new(target), token: format!("Bearer {token}") }
    }

    pub async fn request(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> std::io::Result<Answer> {
        let headers = [("authorization", self.token.as_str()), ("content-type", kind)];
        self.client.send(method, path, &headers, body).await
    }

    pub async fn send(&self, body: &Value) -> std::io::Result<(u16, Value)> {
        let path = format!("/v21.0/{NUMBER}/messages");
        let answer = self.request("POST", &path, "application/json", body.to_string().as_bytes()).await?;
        Ok((answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null)))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.request("GET", path, "", b"").await.expect("the fake answers");
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }
}

pub fn text(body: &str) -> Value {
    json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": CUSTOMER,
        "type": "text", "text": { "body": body }, "biz_opaque_callback_data": "outbox-1",
    })
}

type Handler = dyn Fn(&Head, &[u8]) -> u16 + Send + Sync;

/// Takes webhooks; it keeps the genuine ones and answers as it is told.
pub struct Inbox {
    pub address: SocketAddr,
    taken: watch::Receiver<Vec<Value>>,
}

impl Inbox {
    pub async fn start() -> Self {
        Self::answering(|_, _| 200).await
    }

    pub async fn answering(handler: impl Fn(&Head, &[u8]) -> u16 + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a local port is free");
        let address = listener.local_addr().expect("it is bound");
        let (taken, receiver) = watch::channel(Vec::new());
        let taken = Arc::new(taken);
        let handler: Arc<Handler> = Arc::new(handler);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(Wire::new(stream), Arc::clone(&taken), Arc::clone(&handler)));
            }
        });
        Self { address, taken: receiver }
    }

    pub fn url(&self) -> String {
        format!("http://{}/webhook", self.address)
    }

    /// Names of the statuses taken so far, in order.
    pub fn statuses(&self) -> Vec<String> {
        statuses(&self.taken.borrow())
    }

    pub fn payloads(&self) -> Vec<Value> {
        self.taken.borrow().clone()
    }
}

fn statuses(payloads: &[Value]) -> Vec<String> {
    let list = payloads.iter().filter_map(|payload| payload.pointer("/entry/0/changes/0/value/statuses"));
    let all = list.flat_map(|statuses| statuses.as_array().cloned().unwrap_or_default());
    all.map(|status| status["status"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn take(mut wire: Wire, taken: Arc<watch::Sender<Vec<Value>>>, handler: Arc<Handler>) {
    while let Ok(Some(head)) = wire.read_head().await {
        let Ok(body) = wire.read_body(&head).await else { return };
        let genuine = head.header("x-hub-signature-256") == Some(sign(SECRET, &body).as_str());
        let status = if genuine { handler(&head, &body) } else { 401 };
        if status == 200 {
            let payload = serde_json::from_slice(&body).expect("a genuine payload is JSON");
            taken.send_modify(|taken| taken.push(payload));
        }
        if wire.write(&answer(status, "text/plain", b"")).await.is_err() {
            return;
        }
    }
}

/// What tests collect from other threads.
pub type Shared<T> = Arc<Mutex<T>>;
