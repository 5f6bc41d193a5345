//! The flow's own values, the scripted outside, and what was logged and counted.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use crate::Failure;
use crate::http::{Request, Response};
use crate::kv::{Entry, Scope};
use crate::system::Level;
use crate::tickets::{NewTicket, Ticket};

#[derive(Clone)]
struct Kept {
    value: String,
    version: u64,
    until_ms: Option<u64>,
}

/// Values by scope and key.
#[derive(Clone, Default)]
pub struct Kv(BTreeMap<(String, String), Kept>);

impl Kv {
    pub(crate) fn get(&self, scope: &Scope, key: &str, now_ms: u64) -> Option<Entry> {
        let kept = self.0.get(&(name(scope), key.to_owned())).filter(|kept| kept.stands(now_ms))?;
        Some(Entry { key: key.to_owned(), value: kept.value.clone(), version: kept.version })
    }

    pub(crate) fn scan(&self, scope: &Scope, prefix: &str, limit: u32, after: Option<&str>, now_ms: u64) -> Vec<Entry> {
        let scope = name(scope);
        let entries = self.0.iter().filter(|((own, key), kept)| *own == scope && key.starts_with(prefix) && kept.stands(now_ms));
        let entries = entries.filter(|((_, key), _)| after.is_none_or(|after| key.as_str() > after));
        entries.take(limit.min(100) as usize).map(|((_, key), kept)| Entry { key: key.clone(), value: kept.value.clone(), version: kept.version }).collect()
    }

    pub(crate) fn put(&mut self, scope: &Scope, key: &str, value: &str, if_version: Option<u64>, ttl_s: Option<u32>, now_ms: u64) -> Result<(), Failure> {
        serde_json::from_str::<Value>(value).map_err(|error| Failure::Invalid(error.to_string()))?;
        let version = self.get(scope, key, now_ms).map_or(0, |entry| entry.version);
        if if_version.is_some_and(|wanted| wanted != version) {
            return Err(Failure::Conflict);
        }
        let until_ms = ttl_s.map(|seconds| now_ms + u64::from(seconds) * 1_000);
        self.0.insert((name(scope), key.to_owned()), Kept { value: value.to_owned(), version: version + 1, until_ms });
        Ok(())
    }

    pub(crate) fn delete(&mut self, scope: &Scope, key: &str) {
        self.0.remove(&(name(scope), key.to_owned()));
    }
}

impl Kept {
    fn stands(&self, now_ms: u64) -> bool {
        self.until_ms.is_none_or(|until| now_ms < until)
    }
}

/// Answers to come, in the order of the calls, and the calls that were made.
#[derive(Clone, Default)]
pub struct Outside {
    pub answers: VecDeque<Result<Response, Failure>>,
    pub requests: Vec<Request>,
}

impl Outside {
    /// The next call gets this answer.
    pub fn answers_json(&mut self, status: u16, body: &Value) {
        self.answers.push_back(Ok(Response { status, headers: Vec::new(), body: body.to_string().into_bytes() }));
    }

    pub(crate) fn send(&mut self, request: &Request) -> Result<Response, Failure> {
        self.requests.push(request.clone());
        self.answers.pop_front().unwrap_or(Err(Failure::Unavailable(None)))
    }
}

/// This customer's tickets, oldest first, and what was added to each.
#[derive(Clone, Default)]
pub struct Tickets {
    pub opened: Vec<(Ticket, NewTicket)>,
    /// By the ticket's id.
    pub comments: Vec<(String, String)>,
}

impl Tickets {
    pub(crate) fn open(&mut self, ticket: &NewTicket, now_ms: u64) -> Result<Ticket, Failure> {
        if ticket.title.trim().is_empty() {
            return Err(Failure::Invalid("title".into()));
        }
        let number = self.opened.len() + 1;
        let opened =
            Ticket { id: format!("ticket-{number}"), code: format!("T-{number:04}"), title: ticket.title.clone(), status: "NEW".into(), created_at_ms: now_ms };
        self.opened.push((opened.clone(), ticket.clone()));
        Ok(opened)
    }

    pub(crate) fn recent(&self, limit: u32) -> Vec<Ticket> {
        self.opened.iter().rev().take(limit.min(20) as usize).map(|(ticket, _)| ticket.clone()).collect()
    }

    pub(crate) fn comment(&mut self, id: &str, text: &str) -> Result<(), Failure> {
        if !self.opened.iter().any(|(ticket, _)| ticket.id == id) {
            return Err(Failure::NotFound);
        }
        self.comments.push((id.to_owned(), text.to_owned()));
        Ok(())
    }
}

/// What was logged and counted.
#[derive(Clone, Default)]
pub struct Observed {
    pub log: Vec<(Level, String, Value)>,
    pub counters: BTreeMap<String, i64>,
}

fn name(scope: &Scope) -> String {
    format!("{scope:?}")
}
