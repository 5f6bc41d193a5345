//! Somebody else's server, as flows call it: what its paths begin with decides how it behaves.
//!
//! `/hold…` answers when the test releases it; `/down…` breaks connections until then; `/cut-first…` breaks the first one only; `/echo…`
//! answers with the authorization that it was sent; all others answer at once.
//! The answer is the path's last part.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::AbortHandle,
};

use super::until;

/// The ports that the probe's manifest names.
const PORTS: std::ops::Range<u16> = 47_800..47_864;

pub struct Outside {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Call>>,
    cut: Mutex<HashSet<String>>,
    open: watch::Sender<bool>,
}

/// A call as it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub path: String,
    pub idempotency_key: String,
    pub authorization: String,
}

impl Outside {
    pub async fn start() -> Self {
        for port in PORTS {
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
                let address = listener.local_addr().expect("it is bound");
                let shared = Arc::<Shared>::default();
                let task = tokio::spawn(serve(listener, Arc::clone(&shared))).abort_handle();
                return Self { address, shared, task };
            }
        }
        panic!("none of the ports {PORTS:?} is free");
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All calls so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.seen.lock().expect("nothing panics while it holds the calls").clone()
    }

    pub fn calls_of(&self, path: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.path == path).collect()
    }

    /// Waits until so many calls of this path have come.
    pub async fn called(&self, path: &str, times: usize) {
        until(&format!("{path} is called {times} times"), || async { self.calls_of(path).len() >= times }).await;
    }

    /// Whoever is held, or comes to be held, gets an answer.
    pub fn release(&self) {
        self.shared.open.send_replace(true);
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, Arc::clone(&shared)));
    }
}

async fn answer(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let header = |wanted: &str| {
        let found = head.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let authorization = header("authorization");
    let call = Call { path: path.clone(), idempotency_key: header("idempotency-key"), authorization: authorization.clone() };
    shared.seen.lock().expect("nothing panics while it holds the calls").push(call);
    if path.starts_with("/cut-first") && shared.cut.lock().expect("nothing panics while it holds the paths").insert(path.clone()) {
        return;
    }
    if path.starts_with("/down") && !*shared.open.borrow() {
        return;
    }
    if path.starts_with("/hold") && shared.open.subscribe().wait_for(|open| *open).await.is_err() {
        return;
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    let body = if path.starts_with("/echo") { &*authorization } else { last };
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    // A caller that went away needs no answer.
    drop(stream.write_all(answer.as_bytes()).await);
}
