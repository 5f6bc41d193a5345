//! What a flow reaches when a turn is run again: what was recorded of it, and its own writes. Nothing else is asked, nothing is called.

use std::collections::{HashMap, VecDeque};

use async_trait::async_trait;
use relevo_model::{OrderId, TurnId};
use relevo_sandbox::{Manifest, capability::all::*, schema};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::known::Known;
use crate::conversation::{
    capabilities::{FlowHost, attributes_of, randomness},
    journal::{Answer, Call, Context, Flow, asked},
};

/// The world of one turn as its record knows it.
pub struct Recorded {
    context: Context,
    config: String,
    turn: TurnId,
    position: usize,
    answers: HashMap<String, VecDeque<Answer>>,
    known: Known,
    ids: u32,
    randoms: u64,
    /// Calls that the record does not know.
    pub unrecorded: Vec<Call>,
}

/// How often a recorded answer may be given.
#[derive(Clone, Copy, PartialEq)]
enum Again {
    /// Reading twice reads the same.
    Yes,
    /// A second call of the same is another call.
    No,
}

impl Recorded {
    /// The world of this flow for a component with this manifest: it is set as it was recorded, over its own defaults.
    pub fn new(flow: &Flow, turn: TurnId, manifest: &Manifest) -> Self {
        let mut answers: HashMap<String, VecDeque<Answer>> = HashMap::new();
        for call in &flow.calls {
            answers.entry(key(&call.name, &call.asked)).or_default().push_back(call.answer.clone());
        }
        let settings: Value = serde_json::from_str(&flow.context.settings).unwrap_or_else(|_| json!({}));
        Self {
            turn,
            position: flow.position,
            answers,
            known: Known::of(&flow.calls),
            context: flow.context.clone(),
            config: schema::with_defaults(&manifest.config, &settings).to_string(),
            ids: 0,
            randoms: 0,
            unrecorded: Vec::new(),
        }
    }

    fn own_id(&mut self) -> String {
        self.ids += 1;
        let ordinal = FlowHost::ordinal(self.position, self.ids);
        self.turn.derive::<OrderId>(ordinal).to_string()
    }

    /// The next recorded answer to this very call.
    fn answer(&mut self, name: &str, asked: &Value, again: Again) -> Option<Answer> {
        let answers = self.answers.get_mut(&key(name, asked))?;
        match again {
            Again::Yes if answers.len() == 1 => answers.front().cloned(),
            _ => answers.pop_front(),
        }
    }

    fn read<T: DeserializeOwned>(&mut self, name: &'static str, asked: Value) -> Result<T, Fault> {
        match self.answer(name, &asked, Again::Yes) {
            Some(Answer::Given(value)) => match serde_json::from_value(value) {
                Ok(value) => Ok(value),
                Err(_) => Err(self.unknown(name, asked)),
            },
            Some(Answer::Refused(failure)) => Err(failure.into()),
            None => Err(self.unknown(name, asked)),
        }
    }

    /// A call that is reported, not made.
    fn unknown(&mut self, name: &'static str, asked: Value) -> Fault {
        let failure = Failure::Unavailable(None);
        self.unrecorded.push(Call { name: name.into(), asked, answer: Answer::Refused(failure.clone()) });
        failure.into()
    }

    /// What was answered to the same write; none where it was not made.
    fn written(&mut self, name: &'static str, asked: &Value) -> Option<Result<Value, Fault>> {
        Some(match self.answer(name, asked, Again::No)? {
            Answer::Given(value) => Ok(value),
            Answer::Refused(failure) => Err(failure.into()),
        })
    }
}

fn key(name: &str, asked: &Value) -> String {
    format!("{name} {asked}")
}

#[async_trait]
impl Turn for Recorded {
    async fn customer(&mut self) -> Result<CustomerCard, BoxError> {
        Ok(self.context.customer.clone())
    }

    async fn customer_attributes(&mut self) -> Result<Json, BoxError> {
        Ok(self.context.attributes.to_string())
    }

    async fn set_customer(&mut self, attributes: Json) -> Result<(), Fault> {
        if let Some(Err(refused)) = self.written(asked::SET_CUSTOMER, &asked::set_customer(&attributes)) {
            return Err(refused);
        }
        for (key, value) in attributes_of(&attributes)? {
            match (key.as_str(), value) {
                ("name", Value::String(name)) => self.context.customer.name = Some(name),
                ("locale", Value::String(locale)) => self.context.customer.locale = Some(locale),
                (_, value) => self.context.attributes[key] = value,
            }
        }
        if let Some(kept) = self.context.attributes.as_object_mut() {
            kept.retain(|_, value| !value.is_null());
        }
        Ok(())
    }

    async fn labels(&mut self) -> Result<Vec<String>, BoxError> {
        Ok(self.context.labels.clone())
    }

    async fn service_point(&mut self) -> Result<ServicePointCard, BoxError> {
        Ok(self.context.service_point.clone())
    }

    async fn history(&mut self, limit: u32, before: Option<String>) -> Result<Vec<Line>, Fault> {
        self.read(asked::HISTORY, asked::history(limit, before.as_deref()))
    }

    async fn config(&mut self) -> Result<Json, BoxError> {
        Ok(self.config.clone())
    }

    async fn state(&mut self) -> Result<Option<Json>, BoxError> {
        Ok(self.context.state.as_ref().map(Value::to_string))
    }

    fn abilities(&mut self) -> Vec<String> {
        self.context.abilities.clone()
    }

    fn now_ms(&mut self) -> u64 {
        u64::try_from(self.context.now.0).unwrap_or(0)
    }

    fn locale(&mut self) -> String {
        self.context.locale.clone()
    }

    /// As it was: a flow that asks is to answer as it did.
    fn rehearsal(&mut self) -> bool {
        self.context.rehearsal
    }
}

#[async_trait]
impl Kv for Recorded {
    async fn get(&mut self, scope: Scope, key: String) -> Result<Option<Entry>, Fault> {
        match self.known.value(asked::scope(&scope), &key) {
            Some(found) => Ok(found),
            None if self.known.version(asked::scope(&scope), &key).is_some() => Err(self.unknown(asked::KV_GET, asked::kv_get(&scope, &key))),
            // It was refused, or is not known.
            None => self.read(asked::KV_GET, asked::kv_get(&scope, &key)),
        }
    }

    async fn scan(&mut self, scope: Scope, prefix: String, limit: u32, after: Option<String>) -> Result<Vec<Entry>, Fault> {
        let asked = asked::kv_scan(&scope, &prefix, limit, after.as_deref());
        let recorded: Vec<Entry> = self.read(asked::KV_SCAN, asked)?;
        Ok(self.known.scanned(recorded, asked::scope(&scope), &prefix, after.as_deref().unwrap_or_default(), limit))
    }

    async fn put(&mut self, scope: Scope, key: String, value: Json, if_version: Option<u64>, ttl_s: Option<u32>) -> Result<(), Fault> {
        let asked = asked::kv_put(&scope, &key, &value, if_version, ttl_s);
        let (recorded, version) = (self.written(asked::KV_PUT, &asked), self.known.version(asked::scope(&scope), &key));
        match (recorded, version, if_version) {
            (Some(Err(refused)), ..) => return Err(refused),
            (Some(Ok(_)), ..) | (None, _, None) => {}
            (None, Some(version), Some(wanted)) if version == wanted => {}
            (None, Some(_), Some(_)) => return Err(Failure::Conflict.into()),
            (None, None, Some(_)) => return Err(self.unknown(asked::KV_PUT, asked)),
        }
        self.known.put(asked::scope(&scope), &key, Some(value));
        Ok(())
    }

    async fn delete(&mut self, scope: Scope, key: String) -> Result<(), Fault> {
        if let Some(Err(refused)) = self.written(asked::KV_DELETE, &asked::kv_get(&scope, &key)) {
            return Err(refused);
        }
        self.known.put(asked::scope(&scope), &key, None);
        Ok(())
    }
}

#[async_trait]
impl Records for Recorded {
    async fn get(&mut self, collection: String, id: String) -> Result<Option<Document>, Fault> {
        if let Some(own) = self.known.own(&collection, &id) {
            return Ok(own);
        }
        let asked = asked::get(&collection, &id);
        match self.answer(asked::GET, &asked, Again::Yes) {
            Some(Answer::Given(value)) => Ok(serde_json::from_value(value).unwrap_or_default()),
            Some(Answer::Refused(failure)) => Err(failure.into()),
            // It was not asked for by its id, and came with a list.
            None => match self.known.document(&collection, &id) {
                Some(document) => Ok(Some(document)),
                None => Err(self.unknown(asked::GET, asked)),
            },
        }
    }

    async fn find(&mut self, collection: String, query: Query) -> Result<Page, Fault> {
        let page: Page = self.read(asked::FIND, asked::find(&collection, &query))?;
        Ok(self.known.merged(&collection, page))
    }

    async fn search(&mut self, collection: String, text: String, limit: u32) -> Result<Vec<Hit>, Fault> {
        self.read(asked::SEARCH, asked::search(&collection, &text, limit))
    }

    async fn add(&mut self, collection: String, value: Json) -> Result<String, Fault> {
        let id = self.own_id();
        match self.written(asked::ADD, &asked::add(&collection, &value)) {
            // What it added is in what it read afterwards.
            Some(Ok(Value::String(id))) => Ok(id),
            Some(Err(refused)) => Err(refused),
            _ => {
                let now = self.context.now;
                self.known.add(&collection, &id, &value, now)?;
                Ok(id)
            }
        }
    }

    async fn save(&mut self, collection: String, id: String, version: u64, value: Json) -> Result<(), Fault> {
        match self.written(asked::SAVE, &asked::save(&collection, &id, version, &value)) {
            Some(Err(refused)) => Err(refused),
            Some(Ok(_)) => Ok(()),
            None => {
                self.known.put_document(&collection, &id, Some(Document { id: id.clone(), version: version + 1, value }));
                Ok(())
            }
        }
    }

    async fn remove(&mut self, collection: String, id: String, version: u64) -> Result<(), Fault> {
        match self.written(asked::REMOVE, &asked::remove(&collection, &id, version)) {
            Some(Err(refused)) => Err(refused),
            Some(Ok(_)) => Ok(()),
            None => {
                self.known.put_document(&collection, &id, None);
                Ok(())
            }
        }
    }

    async fn reserve(&mut self, product: String, quantity: i64) -> Result<(), Fault> {
        let asked = asked::reserve(&product, quantity);
        match self.written(asked::RESERVE, &asked) {
            Some(answer) => answer.map(|_| ()),
            None => match self.known.reserve(&product, quantity) {
                Some(answer) => Ok(answer?),
                None => Err(self.unknown(asked::RESERVE, asked)),
            },
        }
    }
}

#[async_trait]
impl Http for Recorded {
    async fn send(&mut self, request: Request) -> Result<Response, Fault> {
        let asked = asked::send(&request);
        match self.answer(asked::SEND, &asked, Again::No) {
            Some(Answer::Given(written)) => match asked::read_response(&written) {
                Some(response) => Ok(response),
                None => Err(self.unknown(asked::SEND, asked)),
            },
            Some(Answer::Refused(failure)) => Err(failure.into()),
            None => Err(self.unknown(asked::SEND, asked)),
        }
    }
}

#[async_trait]
impl Tickets for Recorded {
    async fn open(&mut self, ticket: NewTicket) -> Result<Ticket, Fault> {
        let id = self.own_id();
        match self.written(asked::OPEN, &asked::open(&ticket)) {
            Some(Ok(value)) => Ok(serde_json::from_value(value).map_err(|error| Fault::Broken(error.into()))?),
            Some(Err(refused)) => Err(refused),
            None => {
                let now = Turn::now_ms(self);
                let opened = Ticket { code: id.chars().rev().take(7).collect(), id, title: ticket.title, status: "NEW".into(), created_at_ms: now };
                self.known.tickets.push(opened.clone());
                Ok(opened)
            }
        }
    }

    async fn recent(&mut self, limit: u32) -> Result<Vec<Ticket>, Fault> {
        let recorded: Vec<Ticket> = self.read(asked::RECENT, asked::recent(limit))?;
        Ok(self.known.tickets.iter().rev().cloned().chain(recorded).take(limit as usize).collect())
    }

    async fn comment(&mut self, id: String, text: String) -> Result<(), Fault> {
        match self.written(asked::COMMENT, &asked::comment(&id, &text)) {
            Some(answer) => answer.map(|_| ()),
            None => Ok(()),
        }
    }
}

impl System for Recorded {
    fn log(&mut self, _: Level, _: String, _: Json) {}

    fn count(&mut self, _: String, _: i64) {}

    fn random(&mut self, bytes: u32) -> Vec<u8> {
        randomness(&self.turn, self.position, &mut self.randoms, bytes)
    }
}
