//! One connection of the fake Graph API: what the hook sees, and how an answer leaves.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde_json::Value;
use tokio::time::sleep;

use super::fault::{Facts, Fault, Route};
use super::log::Accepted;
use super::server::{Answer, Ending, Reply, Shared};
use super::{Moment, Next, Outcome, Stage, lock};
use crate::http::{Head, Wire};

pub(super) struct Connection {
    pub(super) wire: Wire,
    pub(super) shared: Arc<Shared>,
}

/// A request as far as the hook is told of it.
struct Seen<'a> {
    shared: &'a Shared,
    number: u64,
    head: &'a Head,
}

impl Seen<'_> {
    fn at(&self, stage: Stage, body: &[u8], accepted: Option<&Accepted>) -> Next {
        let Some(hook) = lock(&self.shared.hook).clone() else { return Next::Go };
        let (method, path) = (self.head.method.as_str(), self.head.path.as_str());
        hook(&Moment { stage, request: self.number, method, path, body, accepted })
    }
}

impl Connection {
    pub(super) async fn serve(mut self, requests: Arc<AtomicU64>) {
        while let Ok(Some(head)) = self.wire.read_head().await {
            let number = requests.fetch_add(1, Ordering::Relaxed);
            match self.request(number, &head).await {
                true if head.keep_alive => {}
                true => return,
                false => return self.wire.reset(),
            }
        }
    }

    /// Handles one request; `false` asks for a reset.
    async fn request(&mut self, number: u64, head: &Head) -> bool {
        let shared = Arc::clone(&self.shared);
        let seen = Seen { shared: &shared, number, head };
        let Ok(Some((raw, early))) = self.receive(&seen).await else {
            shared.note(head, Value::Null, Outcome::Cut);
            return false;
        };
        let Ok(Answer { reply, ending, plan }) = shared.answer(number, head, &raw, early).await else {
            shared.note(head, Value::Null, Outcome::Cut);
            return false;
        };
        let body = serde_json::from_slice(&raw).unwrap_or(Value::Null);
        let Some(entry) = &reply.accepted else {
            let cut = matches!(ending, Ending::Reset);
            shared.note(head, body, if cut { Outcome::Cut } else { Outcome::Answered(reply.status) });
            return self.finish(&reply, ending).await && seen.at(Stage::Answered, &raw, None) == Next::Go;
        };

        let mut reports = shared.poster.begin(&plan, entry);
        if seen.at(Stage::Accepted, &raw, Some(entry)) == Next::Cut {
            shared.note(head, body, Outcome::Unanswered(entry.wamid.clone()));
            tokio::spawn(reports.post());
            return false;
        }
        reports.post_first().await;
        let outcome = match ending {
            Ending::Whole | Ending::Half { finishes: true, .. } => Outcome::Answered(reply.status),
            _ => Outcome::Unanswered(entry.wamid.clone()),
        };
        shared.note(head, body, outcome);
        let goes_on = match ending {
            Ending::Silence => {
                tokio::spawn(reports.post());
                self.finish(&reply, ending).await
            }
            ending => {
                let goes_on = self.finish(&reply, ending).await;
                tokio::spawn(reports.post());
                goes_on
            }
        };
        goes_on && seen.at(Stage::Answered, &raw, Some(entry)) == Next::Go
    }

    /// Reads a request's body stage by stage; `None` where it is to be cut. What an upload suffers is known before its body.
    async fn receive(&mut self, seen: &Seen<'_>) -> io::Result<Option<(Bytes, Fault)>> {
        let head = seen.head;
        if seen.at(Stage::Head, &[], None) == Next::Cut {
            return Ok(None);
        }
        if seen.shared.has_hook() && seen.at(Stage::HalfBody, self.wire.peek_half_body(head).await?, None) == Next::Cut {
            return Ok(None);
        }
        let upload = Facts { route: Route::MediaUpload, phone_number_id: "", to: "", body: &Value::Null };
        let early = match head.path.ends_with("/media") {
            true => lock(&seen.shared.plan).pick(&upload),
            false => Fault::None,
        };
        if matches!(early, Fault::Cut) {
            return Ok(None);
        }
        let raw = self.wire.read_body(head).await?;
        Ok((seen.at(Stage::Body, &raw, None) == Next::Go).then_some((raw, early)))
    }

    /// Writes the answer as it is to end; whether the connection lives on.
    async fn finish(&mut self, reply: &Reply, ending: Ending) -> bool {
        let bytes = reply.bytes();
        match ending {
            Ending::Whole => self.wire.write(&bytes).await.is_ok(),
            Ending::Half { pause, finishes } => {
                let (first, second) = bytes.split_at(bytes.len() / 2);
                let half = self.wire.write(first).await;
                sleep(pause).await;
                half.is_ok() && finishes && self.wire.write(second).await.is_ok()
            }
            Ending::Silence => {
                self.wire.until_closed().await;
                false
            }
            Ending::Reset => false,
        }
    }
}
