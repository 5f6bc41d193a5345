//! A fake of Meta's Graph API for WhatsApp: it accepts, refuses, cuts and reports back as told, and remembers.

mod check;
mod connection;
mod error;
mod fault;
mod log;
mod media;
mod server;
mod statuses;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};

pub use error::GraphError;
pub use fault::{Fault, Route, Rule};
pub use log::{Accepted, read_log};
pub use media::Media;
pub use statuses::StatusPlan;

use crate::webhook::{Status, display_number};
use fault::Plan;
use log::Log;
use media::Shelf;
use server::Shared;
use statuses::Poster;

/// How long a test waits for what it expects before it is told what came instead.
const PATIENCE: Duration = Duration::from_secs(10);

/// A status that is not taken is tried again for as long as a restart may take.
const STATUS_PATIENCE: Duration = Duration::from_secs(60);

/// How a fake is started.
#[derive(Debug, Clone)]
pub struct GraphOptions {
    /// `127.0.0.1:0` by default.
    pub listen: SocketAddr,
    /// Where each accepted message is appended as a line of JSON before it is answered.
    pub log: Option<PathBuf>,
    /// Where statuses are posted.
    pub webhook: Option<String>,
    /// What they are signed with.
    pub app_secret: String,
    pub statuses: StatusPlan,
    /// Before every answer.
    pub delay: Duration,
    /// Determines message ids and which requests a share of faults meets.
    pub seed: u64,
    /// The numbers that exist; none: every number exists and every token reads it.
    pub numbers: Vec<Number>,
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            log: None,
            webhook: None,
            app_secret: "demo-app-secret".to_owned(),
            statuses: StatusPlan::none(),
            delay: Duration::ZERO,
            seed: 1,
            numbers: Vec::new(),
        }
    }
}

/// A number of a business and the token that may use it.
#[derive(Debug, Clone)]
pub struct Number {
    pub phone_number_id: String,
    pub display_phone_number: String,
    pub verified_name: String,
    pub token: String,
}

impl Number {
    pub fn new(phone_number_id: &str, token: &str) -> Self {
        Self {
            phone_number_id: phone_number_id.to_owned(),
            display_phone_number: format!("+{}", display_number(phone_number_id)),
            verified_name: format!("Business {phone_number_id}"),
            token: token.to_owned(),
        }
    }
}

/// How far a request has come when the hook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The head was read, nothing of the body was looked at.
    Head,
    /// Half of a body of known length was read.
    HalfBody,
    /// All was read, nothing decided.
    Body,
    /// It is in the log, nothing was answered.
    Accepted,
    /// The answer is written.
    Answered,
}

/// What the hook sees.
#[derive(Debug)]
pub struct Moment<'a> {
    pub stage: Stage,
    /// Counts requests from 0.
    pub request: u64,
    pub method: &'a str,
    pub path: &'a str,
    /// As much as was read.
    pub body: &'a [u8],
    pub accepted: Option<&'a Accepted>,
}

impl Moment<'_> {
    /// Whether this is a send (or a mark as read).
    pub fn is_message(&self) -> bool {
        self.path.ends_with("/messages")
    }
}

/// What the hook wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Go,
    /// Reset the connection here. Before [`Stage::Accepted`] nothing is accepted: so a request half written ends.
    Cut,
}

type Hook = Arc<dyn Fn(&Moment<'_>) -> Next + Send + Sync>;

/// A request and how it ended.
#[derive(Debug, Clone)]
pub struct Request {
    pub at_ns: u64,
    pub method: String,
    pub path: String,
    /// Without the token.
    pub body: Value,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Answered(u16),
    /// Accepted under this id, but the answer did not arrive whole.
    Unanswered(String),
    Cut,
}

/// A running fake on a thread of its own; it stops when dropped.
pub struct FakeGraph {
    shared: Arc<Shared>,
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
}

impl FakeGraph {
    /// Binds and serves. Fails when the address is taken, the log cannot be opened or the webhook is not `http://`.
    pub fn start(options: GraphOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen)?;
        listener.set_nonblocking(true)?;
        let webhook = options.webhook.as_deref().map(|url| (url, options.app_secret.as_str()));
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            log: Log::open(options.log.as_deref(), options.seed)?,
            poster: Arc::new(Poster::new(webhook, options.seed)?),
            shelf: Shelf::default(),
            plan: Mutex::new(Plan::new(options.seed)),
            statuses: Mutex::new(options.statuses),
            numbers: Mutex::new(options.numbers),
            hook: Mutex::new(None),
            requests: Mutex::new(Vec::new()),
            delay: options.delay,
        });
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        thread::Builder::new().name("fake-graph".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    _ = server::serve(listener, served) => {}
                }
            });
        })?;
        Ok(Self { shared, handle, stop: Some(stop) })
    }

    /// What `META_GRAPH_URL` is set to.
    pub fn url(&self) -> String {
        self.shared.url()
    }

    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Everything accepted, in order.
    pub fn log(&self) -> Vec<Accepted> {
        self.shared.log.all()
    }

    /// Everything accepted for one customer, in order.
    pub fn sent_to(&self, to: &str) -> Vec<Accepted> {
        self.log().into_iter().filter(|entry| entry.to == to).collect()
    }

    /// What one customer has read, in order.
    pub fn texts_to(&self, to: &str) -> Vec<String> {
        self.sent_to(to).iter().map(|entry| entry.text().to_owned()).collect()
    }

    /// Every request, also those that were refused or cut.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// The ids of the messages that were marked as read.
    pub fn marked_read(&self) -> Vec<String> {
        let requests = self.requests();
        let ids = requests.iter().filter(|request| request.body["status"] == "read");
        ids.filter_map(|request| request.body["message_id"].as_str().map(str::to_owned)).collect()
    }

    /// Waits until the log holds this many messages and returns it; panics with the log after ten seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Accepted> {
        self.wait_until(|log| log.len() >= count).await
    }

    /// Waits until one customer has got this many messages and returns them; panics with the log after ten seconds.
    pub async fn wait_for_to(&self, to: &str, count: usize) -> Vec<Accepted> {
        self.wait_until(|log| log.iter().filter(|entry| entry.to == to).count() >= count).await;
        self.sent_to(to)
    }

    /// Waits until the log satisfies the condition and returns it; panics with the log after ten seconds.
    pub async fn wait_until(&self, condition: impl Fn(&[Accepted]) -> bool) -> Vec<Accepted> {
        if !self.wait(PATIENCE, self.shared.log.watch(), |_| self.shared.log.with(&condition)).await {
            let log = self.log();
            let seen: Vec<_> = log.iter().map(|entry| (&entry.to, &entry.kind, entry.text())).collect();
            panic!("the fake Graph API waited in vain; it accepted {}: {seen:#?}", seen.len());
        }
        self.log()
    }

    /// Waits until no status is on its way; returns how many the webhook never took.
    pub async fn statuses_settled(&self) -> usize {
        self.wait(STATUS_PATIENCE, self.shared.poster.watch(), |under_way| *under_way == 0).await;
        self.shared.poster.undelivered()
    }

    /// Faults for the next sends, one each, before any rule.
    pub fn queue(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.shared.plan).queue(faults);
    }

    /// Adds a rule; the first that meets a request counts.
    pub fn inject(&self, rule: Rule) {
        lock(&self.shared.plan).add(rule);
    }

    /// Forgets all faults.
    pub fn clear_faults(&self) {
        lock(&self.shared.plan).clear();
    }

    /// Calls this at each stage of each request, on the fake's thread; it may block. Replaces the one before.
    pub fn on_request(&self, hook: impl Fn(&Moment<'_>) -> Next + Send + Sync + 'static) {
        *lock(&self.shared.hook) = Some(Arc::new(hook));
    }

    /// Takes the hook away.
    pub fn clear_hook(&self) {
        *lock(&self.shared.hook) = None;
    }

    /// Plans the statuses of the sends that follow.
    pub fn set_statuses(&self, plan: StatusPlan) {
        *lock(&self.shared.statuses) = plan;
    }

    /// Posts one status for an accepted message now; returns whether the webhook took it.
    pub async fn send_status(&self, wamid: &str, status: Status) -> bool {
        let Some(entry) = self.shared.log.find(wamid) else { return false };
        let before = self.shared.poster.undelivered();
        let reports = self.shared.poster.begin(&StatusPlan::of([status]), &entry);
        self.handle.spawn(reports.post()).await.is_ok() && self.shared.poster.undelivered() == before
    }

    /// From the first number on, only known ones exist and only their tokens read them.
    pub fn add_number(&self, number: Number) {
        lock(&self.shared.numbers).push(number);
    }

    /// The token is unknown from now on.
    pub fn expire_token(&self, token: &str) {
        for number in lock(&self.shared.numbers).iter_mut().filter(|number| number.token == token) {
            number.token.clear();
        }
    }

    /// Stores a file as if a customer had sent it; returns its id.
    pub fn add_media(&self, mime_type: &str, bytes: impl Into<Bytes>) -> String {
        self.shared.shelf.add(mime_type, bytes.into())
    }

    /// The stored file.
    pub fn media(&self, id: &str) -> Option<Media> {
        self.shared.shelf.find(id)
    }

    /// Makes a file differ from what is announced, or its address point elsewhere.
    pub fn edit_media(&self, id: &str, change: impl FnOnce(&mut Media)) {
        self.shared.shelf.edit(id, change);
    }

    /// Waits on the fake's own timer, so that a test with a stopped clock can wait too.
    async fn wait<T>(&self, patience: Duration, mut watch: watch::Receiver<T>, condition: impl FnMut(&T) -> bool) -> bool {
        let patience = self.handle.spawn(tokio::time::sleep(patience));
        tokio::select! {
            met = watch.wait_for(condition) => met.is_ok(),
            _ = patience => false,
        }
    }
}

impl Drop for FakeGraph {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Rules that arrive over HTTP at a fake that runs as a program.
#[derive(Debug, Deserialize)]
struct Orders {
    #[serde(default)]
    faults: Vec<String>,
    statuses: Option<String>,
}
