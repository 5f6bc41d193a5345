//! Capabilities that write down what they are asked and what they answer.

use async_trait::async_trait;
use relevo_sandbox::{Capabilities, capability::all::*};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Answer, Call, asked};

/// What a flow reaches, with all that it asks and is answered beyond what the turn began with.
pub struct Recorder<C> {
    inner: C,
    calls: Vec<Call>,
}

impl<C> Recorder<C> {
    pub const fn new(inner: C) -> Self {
        Self { inner, calls: Vec::new() }
    }

    /// What was recorded, and whom it was asked of.
    pub fn into_parts(self) -> (C, Vec<Call>) {
        (self.inner, self.calls)
    }

    fn note<T: Serialize>(&mut self, name: &'static str, asked: Value, answer: &Result<T, Fault>) {
        self.note_as(name, asked, answer, |value| serde_json::to_value(value).unwrap_or(Value::Null));
    }

    fn note_as<T>(&mut self, name: &'static str, asked: Value, answer: &Result<T, Fault>, written: impl FnOnce(&T) -> Value) {
        let answer = match answer {
            Ok(value) => Answer::Given(written(value)),
            Err(Fault::Refused(failure)) => Answer::Refused(failure.clone()),
            // The flow learnt nothing: the call ends here, and with it the turn.
            Err(Fault::Broken(_)) => return,
        };
        self.calls.push(Call { name: name.into(), asked, answer });
    }
}

#[async_trait]
impl<C: Capabilities> Turn for Recorder<C> {
    async fn customer(&mut self) -> Result<CustomerCard, BoxError> {
        self.inner.customer().await
    }

    async fn customer_attributes(&mut self) -> Result<Json, BoxError> {
        self.inner.customer_attributes().await
    }

    async fn set_customer(&mut self, attributes: Json) -> Result<(), Fault> {
        let asked = asked::set_customer(&attributes);
        let answer = self.inner.set_customer(attributes).await;
        self.note(asked::SET_CUSTOMER, asked, &answer);
        answer
    }

    async fn labels(&mut self) -> Result<Vec<String>, BoxError> {
        self.inner.labels().await
    }

    async fn service_point(&mut self) -> Result<ServicePointCard, BoxError> {
        self.inner.service_point().await
    }

    async fn history(&mut self, limit: u32, before: Option<String>) -> Result<Vec<Line>, Fault> {
        let asked = asked::history(limit, before.as_deref());
        let answer = self.inner.history(limit, before).await;
        self.note(asked::HISTORY, asked, &answer);
        answer
    }

    async fn config(&mut self) -> Result<Json, BoxError> {
        self.inner.config().await
    }

    async fn state(&mut self) -> Result<Option<Json>, BoxError> {
        self.inner.state().await
    }

    fn abilities(&mut self) -> Vec<String> {
        self.inner.abilities()
    }

    fn now_ms(&mut self) -> u64 {
        self.inner.now_ms()
    }

    fn locale(&mut self) -> String {
        self.inner.locale()
    }

    fn rehearsal(&mut self) -> bool {
        self.inner.rehearsal()
    }
}

#[async_trait]
impl<C: Capabilities> Kv for Recorder<C> {
    async fn get(&mut self, scope: Scope, key: String) -> Result<Option<Entry>, Fault> {
        let asked = asked::kv_get(&scope, &key);
        let answer = Kv::get(&mut self.inner, scope, key).await;
        self.note(asked::KV_GET, asked, &answer);
        answer
    }

    async fn scan(&mut self, scope: Scope, prefix: String, limit: u32, after: Option<String>) -> Result<Vec<Entry>, Fault> {
        let asked = asked::kv_scan(&scope, &prefix, limit, after.as_deref());
        let answer = self.inner.scan(scope, prefix, limit, after).await;
        self.note(asked::KV_SCAN, asked, &answer);
        answer
    }

    async fn put(&mut self, scope: Scope, key: String, value: Json, if_version: Option<u64>, ttl_s: Option<u32>) -> Result<(), Fault> {
        let asked = asked::kv_put(&scope, &key, &value, if_version, ttl_s);
        let answer = self.inner.put(scope, key, value, if_version, ttl_s).await;
        self.note(asked::KV_PUT, asked, &answer);
        answer
    }

    async fn delete(&mut self, scope: Scope, key: String) -> Result<(), Fault> {
        let asked = asked::kv_get(&scope, &key);
        let answer = self.inner.delete(scope, key).await;
        self.note(asked::KV_DELETE, asked, &answer);
        answer
    }
}

#[async_trait]
impl<C: Capabilities> Records for Recorder<C> {
    async fn get(&mut self, collection: String, id: String) -> Result<Option<Document>, Fault> {
        let asked = asked::get(&collection, &id);
        let answer = Records::get(&mut self.inner, collection, id).await;
        self.note(asked::GET, asked, &answer);
        answer
    }

    async fn find(&mut self, collection: String, query: Query) -> Result<Page, Fault> {
        let asked = asked::find(&collection, &query);
        let answer = self.inner.find(collection, query).await;
        self.note(asked::FIND, asked, &answer);
        answer
    }

    async fn search(&mut self, collection: String, text: String, limit: u32) -> Result<Vec<Hit>, Fault> {
        let asked = asked::search(&collection, &text, limit);
        let answer = self.inner.search(collection, text, limit).await;
        self.note(asked::SEARCH, asked, &answer);
        answer
    }

    async fn add(&mut self, collection: String, value: Json) -> Result<String, Fault> {
        let asked = asked::add(&collection, &value);
        let answer = self.inner.add(collection, value).await;
        self.note(asked::ADD, asked, &answer);
        answer
    }

    async fn save(&mut self, collection: String, id: String, version: u64, value: Json) -> Result<(), Fault> {
        let asked = asked::save(&collection, &id, version, &value);
        let answer = self.inner.save(collection, id, version, value).await;
        self.note(asked::SAVE, asked, &answer);
        answer
    }

    async fn remove(&mut self, collection: String, id: String, version: u64) -> Result<(), Fault> {
        let asked = asked::remove(&collection, &id, version);
        let answer = self.inner.remove(collection, id, version).await;
        self.note(asked::REMOVE, asked, &answer);
        answer
    }

    async fn reserve(&mut self, product: String, quantity: i64) -> Result<(), Fault> {
        let asked = asked::reserve(&product, quantity);
        let answer = self.inner.reserve(product, quantity).await;
        self.note(asked::RESERVE, asked, &answer);
        answer
    }
}

#[async_trait]
impl<C: Capabilities> Http for Recorder<C> {
    async fn send(&mut self, request: Request) -> Result<Response, Fault> {
        let asked = asked::send(&request);
        let answer = self.inner.send(request).await;
        self.note_as(asked::SEND, asked, &answer, asked::response);
        answer
    }
}

#[async_trait]
impl<C: Capabilities> Tickets for Recorder<C> {
    async fn open(&mut self, ticket: NewTicket) -> Result<Ticket, Fault> {
        let asked = asked::open(&ticket);
        let answer = self.inner.open(ticket).await;
        self.note(asked::OPEN, asked, &answer);
        answer
    }

    async fn recent(&mut self, limit: u32) -> Result<Vec<Ticket>, Fault> {
        let asked = asked::recent(limit);
        let answer = self.inner.recent(limit).await;
        self.note(asked::RECENT, asked, &answer);
        answer
    }

    async fn comment(&mut self, id: String, text: String) -> Result<(), Fault> {
        let asked = asked::comment(&id, &text);
        let answer = self.inner.comment(id, text).await;
        self.note(asked::COMMENT, asked, &answer);
        answer
    }
}

impl<C: Capabilities> System for Recorder<C> {
    fn log(&mut self, level: Level, message: String, fields: Json) {
        // What a flow writes may hold what a customer wrote: it belongs into the sealed journal, never into the process's log.
        let asked = json!({ "level": level, "message": message, "fields": fields });
        self.calls.push(Call { name: asked::LOG.into(), asked, answer: Answer::Given(Value::Null) });
        self.inner.log(level, message, fields);
    }

    fn count(&mut self, metric: String, by: i64) {
        let asked = json!({ "metric": metric, "by": by });
        self.calls.push(Call { name: asked::COUNT.into(), asked, answer: Answer::Given(Value::Null) });
        self.inner.count(metric, by);
    }

    fn random(&mut self, bytes: u32) -> Vec<u8> {
        self.inner.random(bytes)
    }
}
