//! Statuses that come back for what was accepted, in any order that Meta might choose.

use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::error::GraphError;
use super::log::Accepted;
use crate::webhook::{Ids, Payload, Sender, Status, WebhookBuilder};

/// Long enough for a server that was killed to come back.
const PATIENCE: Duration = Duration::from_secs(20);

/// Which statuses follow a send, and when.
#[derive(Debug, Clone, Default)]
pub struct StatusPlan {
    steps: Vec<Status>,
    before_answer: usize,
    together: bool,
    pause: Duration,
}

impl StatusPlan {
    /// Exactly these, in this order.
    pub fn of(steps: impl IntoIterator<Item = Status>) -> Self {
        Self { steps: steps.into_iter().collect(), ..Self::default() }
    }

    pub fn none() -> Self {
        Self::default()
    }

    /// Sent, delivered, read.
    pub fn normal() -> Self {
        Self::of([Status::Sent, Status::Delivered, Status::Read])
    }

    /// Read, delivered, sent.
    pub fn reversed() -> Self {
        Self::of([Status::Read, Status::Delivered, Status::Sent])
    }

    /// Each of the three twice.
    pub fn duplicated() -> Self {
        Self::of(Self::normal().steps.into_iter().flat_map(|status| [status.clone(), status]))
    }

    /// Sent, read.
    pub fn without_delivered() -> Self {
        Self::of([Status::Sent, Status::Read])
    }

    /// All reach the webhook before the answer to the send leaves.
    pub fn before_answer(self) -> Self {
        self.first_before_answer(usize::MAX)
    }

    /// The first ones reach the webhook before the answer to the send leaves.
    pub fn first_before_answer(mut self, count: usize) -> Self {
        self.before_answer = count;
        self
    }

    /// Those that follow each other come in one payload.
    pub fn together(mut self) -> Self {
        self.together = true;
        self
    }

    /// Waits this long before each post that follows the answer.
    pub fn paused(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    pub(super) fn failing(error: GraphError) -> Self {
        Self::of([Status::Failed(error)])
    }

    fn split(&self) -> (&[Status], &[Status]) {
        self.steps.split_at(self.before_answer.min(self.steps.len()))
    }
}

/// Reads `sent,delivered,read,played,failed:CODE` in any order and number; empty is none.
impl FromStr for StatusPlan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let step = |name: &str| match name.trim() {
            "sent" => Ok(Status::Sent),
            "delivered" => Ok(Status::Delivered),
            "read" => Ok(Status::Read),
            "played" => Ok(Status::Played),
            other => match other.strip_prefix("failed:").and_then(|code| code.parse().ok()) {
                Some(code) => Ok(Status::Failed(GraphError::of_code(code))),
                None => Err(format!("no status is called {other:?}")),
            },
        };
        let names = text.split(',').filter(|name| !name.trim().is_empty());
        Ok(Self::of(names.map(step).collect::<Result<Vec<_>, _>>()?))
    }
}

/// The statuses of one message that were announced and not yet posted.
pub(super) struct Reports {
    poster: Arc<Poster>,
    entry: Accepted,
    first: Vec<Status>,
    later: Vec<Status>,
    together: bool,
    pause: Duration,
}

impl Reports {
    /// Posts those that come before the answer.
    pub(super) async fn post_first(&mut self) {
        let first = std::mem::take(&mut self.first);
        self.poster.post(&first, self.together, Duration::ZERO, &self.entry).await;
    }

    /// Posts all that are left.
    pub(super) async fn post(mut self) {
        self.post_first().await;
        self.poster.post(&self.later, self.together, self.pause, &self.entry).await;
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        self.poster.under_way.send_modify(|count| *count -= 1);
    }
}

/// Posts statuses to the webhook and knows how many are still on their way.
pub(super) struct Poster {
    sender: Option<Sender>,
    ids: Ids,
    under_way: watch::Sender<usize>,
    undelivered: watch::Sender<usize>,
}

impl Poster {
    pub(super) fn new(webhook: Option<(&str, &str)>, seed: u64) -> io::Result<Self> {
        let sender = webhook.map(|(url, secret)| Sender::new(url, secret)).transpose()?;
        Ok(Self { sender, ids: Ids::seeded(seed), under_way: watch::Sender::new(0), undelivered: watch::Sender::new(0) })
    }

    /// Announces the statuses of a message, so that nobody believes all is quiet before they are posted.
    pub(super) fn begin(self: &Arc<Self>, plan: &StatusPlan, entry: &Accepted) -> Reports {
        self.under_way.send_modify(|count| *count += 1);
        let (first, later) = plan.split();
        Reports { poster: Arc::clone(self), entry: entry.clone(), first: first.to_vec(), later: later.to_vec(), together: plan.together, pause: plan.pause }
    }

    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.under_way.subscribe()
    }

    pub(super) fn undelivered(&self) -> usize {
        *self.undelivered.borrow()
    }

    async fn post(&self, steps: &[Status], together: bool, pause: Duration, entry: &Accepted) {
        let Some(sender) = &self.sender else { return };
        let group = if together { steps.len().max(1) } else { 1 };
        for chunk in steps.chunks(group) {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            if !sender.post_until_taken(&self.payload(chunk, entry), PATIENCE).await {
                self.undelivered.send_modify(|count| *count += 1);
            }
        }
    }

    fn payload(&self, steps: &[Status], entry: &Accepted) -> Payload {
        let builder = WebhookBuilder::new(&self.ids, &entry.phone_number_id);
        let data = entry.data.as_deref();
        steps.iter().fold(builder, |builder, status| builder.status(&entry.wamid, &entry.to, status, data)).build()
    }
}
