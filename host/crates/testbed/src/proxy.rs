//! A TCP proxy that is late, cuts or refuses: it stands before a database, a provider or ourselves.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// How connections are treated. Read at every piece that passes, so a change meets open connections too.
#[derive(Debug, Clone, Copy, Default)]
pub struct Behaviour {
    /// Before each piece is passed on, in both directions.
    pub latency: Duration,
    /// A connection is reset when the client has sent this many bytes; exactly these reach the other side.
    pub cut_after_sent: Option<u64>,
    /// A connection is reset when the client has got this many bytes.
    pub cut_after_received: Option<u64>,
    /// New connections are reset at once.
    pub refuse: bool,
    /// Nothing passes, nothing closes.
    pub freeze: bool,
}

/// A running proxy; it stops, and its connections with it, when dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

struct Shared {
    upstream: Mutex<SocketAddr>,
    behaviour: watch::Sender<Behaviour>,
    generation: watch::Sender<u64>,
    connections: AtomicU64,
}

impl Proxy {
    /// Listens on a free local port and passes everything to `upstream`.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            behaviour: watch::Sender::new(Behaviour::default()),
            generation: watch::Sender::new(0),
            connections: AtomicU64::new(0),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self { address, shared, task })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For what speaks HTTP.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Replaces the behaviour.
    pub fn set(&self, behaviour: Behaviour) {
        self.shared.behaviour.send_replace(behaviour);
    }

    /// New connections go elsewhere, as after a restart on another port.
    pub fn set_upstream(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().unwrap_or_else(PoisonError::into_inner) = upstream;
    }

    /// Resets all open connections.
    pub fn cut(&self) {
        self.shared.generation.send_modify(|generation| *generation += 1);
    }

    /// How many connections were opened so far, refused ones included.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                shared.connections.fetch_add(1, Ordering::Relaxed);
                open.spawn(connect(client, Arc::clone(&shared)));
            }
            Some(_) = open.join_next() => {}
        }
    }
}

async fn connect(client: TcpStream, shared: Arc<Shared>) {
    let _ = client.set_zero_linger(); // closing resets; an orderly end is shut down by hand
    let _ = client.set_nodelay(true);
    if shared.behaviour.borrow().refuse {
        return;
    }
    let upstream = *shared.upstream.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let _ = server.set_zero_linger();
    let _ = server.set_nodelay(true);

    let mut generation = shared.generation.subscribe();
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let up = pass(client_reads, server_writes, &shared, |behaviour| behaviour.cut_after_sent);
    let down = pass(server_reads, client_writes, &shared, |behaviour| behaviour.cut_after_received);
    tokio::select! {
        _ = generation.changed() => {}
        _ = async { tokio::try_join!(up, down) } => {}
    }
}

/// Passes one direction on. An error ends both; an orderly end is passed on and the other direction lives.
/// The halves come back so that neither closes before both are through.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    limit: impl Fn(&Behaviour) -> Option<u64>,
) -> io::Result<(OwnedReadHalf, OwnedWriteHalf)> {
    let mut behaviours = shared.behaviour.subscribe();
    let mut buffer = vec![0; 16 * 1024];
    let mut passed = 0;
    loop {
        let size = from.read(&mut buffer).await?;
        let thawed = behaviours.wait_for(|behaviour| !behaviour.freeze).await;
        let behaviour = thawed.map(|behaviour| *behaviour).unwrap_or_default();
        if size == 0 {
            to.shutdown().await?;
            return Ok((from, to));
        }
        if !behaviour.latency.is_zero() {
            tokio::time::sleep(behaviour.latency).await;
        }
        let room = limit(&behaviour).map_or(u64::MAX, |limit| limit.saturating_sub(passed));
        let allowed = size.min(usize::try_from(room).unwrap_or(usize::MAX));
        to.write_all(&buffer[..allowed]).await?;
        passed += allowed as u64;
        if room <= size as u64 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
    }
}
