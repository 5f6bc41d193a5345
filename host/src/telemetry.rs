//! What relevo tells about itself: logs for people and collectors, metrics for Prometheus.

use std::{io::IsTerminal, sync::Arc, time::Duration};

use metrics::{Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, util::SubscriberInitExt};

/// What is logged unless RUST_LOG says otherwise.
const FILTER: &str = "info,sqlx=warn";
/// Seconds; close together where our own targets lie, wide where a language model answers.
const BUCKETS: [f64; 20] = [0.000_5, 0.001, 0.002, 0.003, 0.005, 0.007_5, 0.01, 0.015, 0.02, 0.025, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];
/// Samples wait in memory until somebody reads the metrics, or for this long.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts the log on standard error, as JSON or for people. Only the first call of a process counts.
pub fn init(json: bool) {
    let filter = EnvFilter::try_from_default_env();
    let refused = filter.as_ref().err().filter(|_| std::env::var_os("RUST_LOG").is_some()).map(ToString::to_string);
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(!json && std::io::stderr().is_terminal())
        .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new(FILTER)));
    let started = if json { log.json().flatten_event(true).with_current_span(true).with_span_list(false).finish().try_init() } else { log.finish().try_init() };
    if let (Ok(()), Some(refused)) = (started, refused) {
        tracing::warn!(refused, "RUST_LOG cannot be read; logging {FILTER}");
    }
}

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// In the order of their numbers, by which [`Meters`] finds the handle of each.
            const ALL: &[Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    )+};
}

labels! {
    /// How a webhook was answered.
    WebhookOutcome {
        Accepted = "accepted",
        /// Without a signature, or with a wrong one.
        Unsigned = "unsigned",
        Malformed = "malformed",
        TooLarge = "too_large",
        /// The database took no writes, or too much was waiting.
        Unavailable = "unavailable",
    }

    /// How one try of a turn ended.
    TurnOutcome {
        Done = "done",
        Superseded = "superseded",
        Joined = "joined",
        /// Somebody else wrote the same rows; it ran again at once.
        Conflict = "conflict",
        /// It will be tried again later.
        Retried = "retried",
        Dead = "dead",
    }

    /// How one try to send a message ended.
    SendOutcome { Sent = "sent", Retried = "retried", Uncertain = "uncertain", Failed = "failed", Cancelled = "cancelled" }

    /// Where something waits.
    Queue { Turns = "turns", Outbox = "outbox" }
}

/// The metrics of one host. Handles are made once, so that counting is an addition without a lookup; clones count into the same.
#[derive(Clone)]
pub struct Meters(Arc<Inner>);

struct Inner {
    prometheus: PrometheusHandle,
    webhooks: Box<[Counter]>,
    receive: Histogram,
    turns: Box<[Counter]>,
    turn: Histogram,
    sends: Box<[Counter]>,
    send: Histogram,
    reply: Histogram,
    queues: Box<[Gauge]>,
}

/// Makes the metrics and looks after their memory. Call it inside a tokio runtime.
///
/// They belong to whoever called, not to the process: hosts that run side by side, as in tests, count apart.
pub fn metrics() -> Result<Meters, BuildError> {
    let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS)?.build_recorder();
    let prometheus = recorder.handle();
    let meters = metrics::with_local_recorder(&recorder, || Meters::new(prometheus));
    let kept = Arc::downgrade(&meters.0);
    tokio::spawn(async move {
        while let Some(inner) = kept.upgrade() {
            inner.prometheus.run_upkeep();
            drop(inner);
            tokio::time::sleep(UPKEEP).await;
        }
    });
    Ok(meters)
}

impl Meters {
    fn new(prometheus: PrometheusHandle) -> Self {
        describe_counter!("relevo_webhooks_total", "Webhook requests by how they were answered");
        describe_histogram!("relevo_receive_seconds", "From a webhook's arrival to its answer, the commit included");
        describe_counter!("relevo_turns_total", "Tries of turns by how they ended");
        describe_histogram!("relevo_turn_seconds", "From picking a turn to its commit");
        describe_counter!("relevo_sends_total", "Tries to send a message by how they ended");
        describe_histogram!("relevo_send_seconds", "How long the channel took to take or refuse a message");
        describe_histogram!("relevo_reply_seconds", "From a message's arrival until the channel took the first reply");
        describe_gauge!("relevo_waiting", "Turns and messages that wait");
        gauge!("relevo_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
        Self(Arc::new(Inner {
            prometheus,
            webhooks: WebhookOutcome::ALL.iter().map(|outcome| counter!("relevo_webhooks_total", "outcome" => outcome.as_str())).collect(),
            receive: histogram!("relevo_receive_seconds"),
            turns: TurnOutcome::ALL.iter().map(|outcome| counter!("relevo_turns_total", "outcome" => outcome.as_str())).collect(),
            turn: histogram!("relevo_turn_seconds"),
            sends: SendOutcome::ALL.iter().map(|outcome| counter!("relevo_sends_total", "outcome" => outcome.as_str())).collect(),
            send: histogram!("relevo_send_seconds"),
            reply: histogram!("relevo_reply_seconds"),
            queues: Queue::ALL.iter().map(|queue| gauge!("relevo_waiting", "queue" => queue.as_str())).collect(),
        }))
    }

    /// A webhook was answered.
    pub fn webhook(&self, outcome: WebhookOutcome, took: Duration) {
        self.0.webhooks[outcome as usize].increment(1);
        self.0.receive.record(took);
    }

    /// A try of a turn ended.
    pub fn turn(&self, outcome: TurnOutcome, took: Duration) {
        self.0.turns[outcome as usize].increment(1);
        self.0.turn.record(took);
    }

    /// A try to send a message ended.
    pub fn send(&self, outcome: SendOutcome, took: Duration) {
        self.0.sends[outcome as usize].increment(1);
        self.0.send.record(took);
    }

    /// The channel took the first reply to a message, this long after the message had come.
    pub fn replied(&self, after: Duration) {
        self.0.reply.record(after);
    }

    /// How much waits there, over all cells: each adds what comes and subtracts what goes.
    pub fn waiting(&self, queue: Queue) -> &Gauge {
        &self.0.queues[queue as usize]
    }

    /// What `/metrics` answers.
    pub fn render(&self) -> String {
        self.0.prometheus.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_counted_is_rendered() {
        let meters = metrics().unwrap();

        meters.webhook(WebhookOutcome::Accepted, Duration::from_millis(2));
        meters.webhook(WebhookOutcome::Unsigned, Duration::from_micros(100));
        meters.turn(TurnOutcome::Dead, Duration::from_millis(40));
        meters.clone().send(SendOutcome::Sent, Duration::from_millis(4));
        meters.replied(Duration::from_millis(22));
        meters.waiting(Queue::Outbox).increment(3);
        meters.waiting(Queue::Outbox).decrement(1);

        let text = meters.render();
        for line in [
            "relevo_webhooks_total{outcome=\"accepted\"} 1",
            "relevo_webhooks_total{outcome=\"unsigned\"} 1",
            "relevo_webhooks_total{outcome=\"too_large\"} 0",
            "relevo_receive_seconds_count 2",
            "relevo_turns_total{outcome=\"dead\"} 1",
            "relevo_turn_seconds_bucket{le=\"0.03\"} 0",
            "relevo_turn_seconds_bucket{le=\"0.05\"} 1",
            "relevo_sends_total{outcome=\"sent\"} 1",
            "relevo_reply_seconds_bucket{le=\"0.025\"} 1",
            "relevo_waiting{queue=\"outbox\"} 2",
            "relevo_waiting{queue=\"turns\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
    }

    #[tokio::test]
    async fn two_hosts_count_apart() {
        let (one, other) = (metrics().unwrap(), metrics().unwrap());

        one.turn(TurnOutcome::Done, Duration::ZERO);

        assert!(one.render().contains("relevo_turns_total{outcome=\"done\"} 1"));
        assert!(other.render().contains("relevo_turns_total{outcome=\"done\"} 0"));
    }
}
