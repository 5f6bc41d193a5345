//! The load generator of the bench: virtual customers on one side, a lean provider on the other, both on one thread,
//! so that they take as little as they can from the server under test.

mod customer;
mod graph_side;
mod histogram;
mod process;
mod tally;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::time::sleep;

pub use process::{Memory, Usage, memory, usage};

use crate::clock;
use crate::http::Target;
use customer::Life;
use histogram::Histogram;
use tally::Tally;

/// How long doubles are waited for after the last message.
const LINGER: Duration = Duration::from_millis(500);

/// What is asked of a run.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The webhook's whole address.
    pub target: String,
    pub app_secret: String,
    /// Customers are dealt out to these in turn.
    pub phone_number_ids: Vec<String>,
    pub customers: usize,
    /// The number of the first customer; the others follow.
    pub first_number: u64,
    pub text: String,
    /// How many replies each message gets.
    pub replies: u32,
    pub warmup: Duration,
    pub measured: Duration,
    /// 0: a closed loop; else so many messages a second over all customers, at fixed moments, each timed from when it was due. Each customer's
    /// share should be one in some seconds at least: the run ends with the last one that is due.
    pub rate: f64,
    /// 0: a closed loop; else so many numbered messages in a row, whose echoes must come in order.
    pub pipeline: usize,
    /// Between the messages of a row.
    pub interval: Duration,
    /// After this a reply is lost.
    pub patience: Duration,
    /// The processes of the server under test.
    pub pids: Vec<u32>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            target: "http://127.0.0.1:8080/webhook".to_owned(),
            app_secret: "demo-app-secret".to_owned(),
            phone_number_ids: vec!["100000000000001".to_owned()],
            customers: 32,
            first_number: 5_491_100_000_000,
            text: "menu".to_owned(),
            replies: 1,
            warmup: Duration::from_secs(3),
            measured: Duration::from_secs(20),
            rate: 0.0,
            pipeline: 0,
            interval: Duration::from_millis(3),
            patience: Duration::from_secs(10),
            pids: Vec::new(),
        }
    }
}

/// What a run has measured. `lost`, `late`, `doubled`, `disordered`, `refused` and `broken` count from the end of the
/// greetings on, warm-up included; all else is of the measured window.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub customers: usize,
    pub tenants: usize,
    pub seconds: f64,
    pub sent: u64,
    pub replies: u64,
    pub replies_per_second: f64,
    pub ack: Latency,
    pub e2e: Latency,
    /// No reply within the patience.
    pub lost: u64,
    /// Of those, came after all.
    pub late: u64,
    /// The same opaque data again, or more replies than messages.
    pub doubled: u64,
    /// In a row of numbered messages, an echo that was not the next.
    pub disordered: u64,
    /// Webhooks answered with other than 200.
    pub refused: u64,
    /// Webhooks whose connection broke.
    pub broken: u64,
    /// Replies to numbers that are no customers of this run.
    pub strangers: u64,
    pub server: Option<ServerUsage>,
    pub generator_cpu_seconds_per_1000: f64,
}

/// In milliseconds; of scheduled messages the end to end ones count from when they were due.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct ServerUsage {
    pub cpu_seconds: f64,
    pub cpu_seconds_per_1000: f64,
    pub peak_mib: f64,
}

/// The provider's side, bound before the server under test is told its address.
pub struct Load {
    listener: TcpListener,
    address: SocketAddr,
}

impl Load {
    /// Binds the provider's side; port 0 takes a free one.
    pub async fn bind(listen: Option<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind(listen.unwrap_or((Ipv4Addr::LOCALHOST, 0).into())).await?;
        Ok(Self { address: listener.local_addr()?, listener })
    }

    /// What `META_GRAPH_URL` of the server under test must be.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Runs greetings, warm-up and the measured window. Fails when a greeting is refused or stays without reply.
    /// Meant for a runtime of one thread.
    pub async fn run(self, options: LoadOptions) -> io::Result<Report> {
        if options.phone_number_ids.is_empty() || options.customers == 0 {
            return Err(io::Error::other("a run needs a phone_number_id and a customer"));
        }
        if options.rate > 0.0 && options.pipeline > 0 {
            return Err(io::Error::other("messages come at a rate or in rows, not both"));
        }
        let target = Target::parse(&options.target)?;
        let tally = Arc::new(Tally::new(options.first_number, options.customers));
        let options = Arc::new(options);
        let provider = tokio::spawn(graph_side::serve(self.listener, Arc::clone(&tally)));

        let run = clock::wall_ms();
        let mut lives: Vec<_> = (0..options.customers).map(|at| Life::new(Arc::clone(&tally), Arc::clone(&options), target.clone(), run, at)).collect();
        try_join_all(lives.iter_mut().map(Life::greet)).await?;

        let running = Arc::new(AtomicBool::new(true));
        let start_ns = clock::monotonic_ns();
        let lives: Vec<_> = lives
            .into_iter()
            .map(|life| {
                let running = Arc::clone(&running);
                tokio::spawn(life.live(start_ns, move || running.load(Ordering::Relaxed)))
            })
            .collect();
        sleep(options.warmup).await;
        let window = Window::open(&tally, &options.pids);
        sleep(options.measured).await;
        let window = window.close(&tally, &options.pids);
        running.store(false, Ordering::Relaxed);
        join_all(lives).await;
        sleep(LINGER).await;
        provider.abort();
        Ok(report(&options, &tally, &window))
    }
}

/// What passed between two moments.
struct Window {
    ns: u64,
    server: Usage,
    own: Usage,
}

impl Window {
    fn open(tally: &Tally, pids: &[u32]) -> Self {
        tally.measure(true);
        Self::now(pids)
    }

    fn close(self, tally: &Tally, pids: &[u32]) -> Self {
        tally.measure(false);
        let now = Self::now(pids);
        let since = |before: Usage, after: Usage| Usage { cpu_seconds: after.cpu_seconds - before.cpu_seconds, ..after };
        Self { ns: now.ns - self.ns, server: since(self.server, now.server), own: since(self.own, now.own) }
    }

    fn now(pids: &[u32]) -> Self {
        Self { ns: clock::monotonic_ns(), server: usage(pids), own: usage(&[std::process::id()]) }
    }
}

fn report(options: &LoadOptions, tally: &Tally, window: &Window) -> Report {
    let counts = tally.counts();
    let seconds = window.ns as f64 / 1e9;
    let per_1000 = |cpu: f64| cpu * 1000.0 / counts.replies.max(1) as f64;
    Report {
        customers: options.customers,
        tenants: options.phone_number_ids.len(),
        seconds,
        sent: counts.sent,
        replies: counts.replies,
        replies_per_second: counts.replies as f64 / seconds,
        ack: latency(&counts.ack),
        e2e: latency(&counts.e2e),
        lost: counts.lost,
        late: counts.late,
        doubled: counts.doubled,
        disordered: counts.disordered,
        refused: counts.refused,
        broken: counts.broken,
        strangers: counts.strangers,
        server: (!options.pids.is_empty()).then(|| ServerUsage {
            cpu_seconds: window.server.cpu_seconds,
            cpu_seconds_per_1000: per_1000(window.server.cpu_seconds),
            peak_mib: window.server.peak_mib,
        }),
        generator_cpu_seconds_per_1000: per_1000(window.own.cpu_seconds),
    }
}

fn latency(histogram: &Histogram) -> Latency {
    let ms = |ns: u64| ns as f64 / 1e6;
    Latency { p50: ms(histogram.quantile(0.5)), p99: ms(histogram.quantile(0.99)), max: ms(histogram.max()) }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let latency = |latency: &Latency| format!("p50 {:.2} ms   p99 {:.2} ms   max {:.2} ms", latency.p50, latency.p99, latency.max);
        writeln!(
            f,
            "replies/s     {:.0}   ({} in {:.1} s, {} customers, {} numbers)",
            self.replies_per_second, self.replies, self.seconds, self.customers, self.tenants
        )?;
        writeln!(f, "webhook ack   {}", latency(&self.ack))?;
        writeln!(f, "end to end    {}", latency(&self.e2e))?;
        writeln!(
            f,
            "lost {}   late {}   doubled {}   disordered {}   refused {}   broken {}",
            self.lost, self.late, self.doubled, self.disordered, self.refused, self.broken
        )?;
        if let Some(server) = &self.server {
            writeln!(f, "server        {:.3} CPU s per 1,000   peak {:.1} MiB", server.cpu_seconds_per_1000, server.peak_mib)?;
        }
        write!(f, "generator     {:.3} CPU s per 1,000", self.generator_cpu_seconds_per_1000)
    }
}
