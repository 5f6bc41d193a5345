//! The world of a script: everything that a flow can reach, in memory, on a virtual clock.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use relevo_model::{Abilities, Time, TurnId};
use relevo_sandbox::{Grants, Manifest, capability::all::*, schema};
use serde_json::{Map, Value};

use super::{
    outside::Outside,
    script::{Customer, Place, Script},
    shelf::Shelf,
};
use crate::conversation::capabilities::{attributes_of, randomness};

/// One script's world. A turn works on a copy, which becomes the world if the turn is handled.
#[derive(Clone, Debug)]
pub struct World {
    /// All that the manifest asks for.
    pub grants: Arc<Grants>,
    pub now: Time,
    pub turn: TurnId,
    pub customer: Customer,
    pub place: Place,
    pub attributes: Map<String, Value>,
    pub labels: Vec<String>,
    pub history: Vec<Line>,
    pub state: Option<String>,
    /// What the flow wrote into its log in this turn.
    pub log: Vec<String>,
    pub outside: Outside,
    pub shelf: Shelf,
    /// This customer's, oldest first.
    pub tickets: Vec<Ticket>,
    config: String,
    kv: BTreeMap<(&'static str, String), Kept>,
    ids: u32,
    randoms: u64,
}

#[derive(Clone, Debug)]
struct Kept {
    value: String,
    version: u64,
    until: Option<Time>,
}

impl World {
    pub fn new(manifest: &Manifest, script: &Script, turn: TurnId) -> Self {
        Self {
            now: script.at,
            turn,
            customer: script.customer.clone(),
            place: script.service_point.clone(),
            attributes: Map::new(),
            labels: Vec::new(),
            history: Vec::new(),
            state: script.state.clone(),
            log: Vec::new(),
            outside: Outside::new(script),
            shelf: Shelf::new(&script.records, manifest.collections.iter().map(|own| own.name.clone()), script.at),
            tickets: Vec::new(),
            config: configured(manifest, script).to_string(),
            kv: BTreeMap::new(),
            ids: 0,
            randoms: 0,
            grants: Arc::new(Grants::all(manifest)),
        }
    }

    /// A copy for the next turn.
    pub fn begin(&self, turn: TurnId) -> Self {
        Self { turn, ids: 0, randoms: 0, log: Vec::new(), ..self.clone() }
    }

    pub const fn abilities(&self) -> Abilities {
        if self.place.text_only { Abilities::TEXT_ONLY } else { Abilities::ALL }
    }

    fn own_id(&mut self) -> String {
        self.ids += 1;
        self.turn.derive::<relevo_model::OrderId>(self.ids).to_string()
    }

    fn kept(&self, scope: &'static str, key: &str) -> Option<&Kept> {
        self.kv.get(&(scope, key.to_owned())).filter(|kept| kept.until.is_none_or(|until| until > self.now))
    }
}

/// The script's configuration over the defaults of the schema; of secrets only that they are there.
fn configured(manifest: &Manifest, script: &Script) -> Value {
    let mut config = schema::with_defaults(&manifest.config, &script.config);
    for name in schema::secrets(&manifest.config) {
        if script.secrets.contains_key(name) {
            config[name] = Value::Bool(true);
        }
    }
    config
}

fn named(scope: &Scope) -> Result<&'static str, Failure> {
    Ok(match scope {
        Scope::Conversation => "conversation",
        Scope::Customer => "customer",
        Scope::Business => "business",
        Scope::Other(named) => return Err(Failure::Invalid(format!("there is no scope {:?}: use conversation, customer or business", named.name))),
    })
}

#[async_trait]
impl Turn for World {
    async fn customer(&mut self) -> Result<CustomerCard, BoxError> {
        let Customer { name, phone, locale, first_seen } = self.customer.clone();
        Ok(CustomerCard { id: "customer-1".into(), name, phone, locale: Some(locale), first_seen })
    }

    async fn customer_attributes(&mut self) -> Result<Json, BoxError> {
        Ok(Value::Object(self.attributes.clone()).to_string())
    }

    async fn set_customer(&mut self, attributes: Json) -> Result<(), Fault> {
        for (key, value) in attributes_of(&attributes)? {
            match (key.as_str(), value) {
                ("name", Value::String(name)) => self.customer.name = Some(name),
                ("locale", Value::String(locale)) => self.customer.locale = locale,
                (_, Value::Null) => drop(self.attributes.remove(&key)),
                (_, value) => drop(self.attributes.insert(key, value)),
            }
        }
        Ok(())
    }

    async fn labels(&mut self) -> Result<Vec<String>, BoxError> {
        Ok(self.labels.clone())
    }

    async fn service_point(&mut self) -> Result<ServicePointCard, BoxError> {
        Ok(ServicePointCard { id: "point-1".into(), name: self.place.name.clone(), time_zone: self.place.time_zone.clone(), open_now: self.place.open })
    }

    async fn history(&mut self, limit: u32, before: Option<String>) -> Result<Vec<Line>, Fault> {
        let older = match before {
            None => self.history.len(),
            Some(id) => self.history.iter().position(|line| line.id == id).ok_or(Failure::NotFound)?,
        };
        Ok(self.history[..older].iter().rev().take(limit as usize).cloned().collect())
    }

    async fn config(&mut self) -> Result<Json, BoxError> {
        Ok(self.config.clone())
    }

    async fn state(&mut self) -> Result<Option<Json>, BoxError> {
        Ok(self.state.clone())
    }

    fn abilities(&mut self) -> Vec<String> {
        Self::abilities(self).names().into_iter().map(str::to_owned).collect()
    }

    fn now_ms(&mut self) -> u64 {
        u64::try_from(self.now.0).unwrap_or(0)
    }

    fn locale(&mut self) -> String {
        self.customer.locale.clone()
    }

    fn rehearsal(&mut self) -> bool {
        true
    }
}

#[async_trait]
impl Kv for World {
    async fn get(&mut self, scope: Scope, key: String) -> Result<Option<Entry>, Fault> {
        let scope = named(&scope)?;
        Ok(self.kept(scope, &key).map(|kept| Entry { key: key.clone(), value: kept.value.clone(), version: kept.version }))
    }

    async fn scan(&mut self, scope: Scope, prefix: String, limit: u32, after: Option<String>) -> Result<Vec<Entry>, Fault> {
        let (scope, after) = (named(&scope)?, after.unwrap_or_default());
        let here = self
            .kv
            .iter()
            .filter(|((s, key), kept)| *s == scope && key.starts_with(&prefix) && *key > after && kept.until.is_none_or(|until| until > self.now));
        Ok(here.take(limit as usize).map(|((_, key), kept)| Entry { key: key.clone(), value: kept.value.clone(), version: kept.version }).collect())
    }

    async fn put(&mut self, scope: Scope, key: String, value: Json, if_version: Option<u64>, ttl_s: Option<u32>) -> Result<(), Fault> {
        let scope = named(&scope)?;
        serde_json::from_str::<serde::de::IgnoredAny>(&value).map_err(|error| Failure::Invalid(format!("a value is JSON, and this is none: {error}")))?;
        let version = self.kept(scope, &key).map_or(0, |kept| kept.version);
        if if_version.is_some_and(|wanted| wanted != version) {
            return Err(Failure::Conflict.into());
        }
        let until = ttl_s.map(|seconds| self.now.after(Duration::from_secs(u64::from(seconds))));
        self.kv.insert((scope, key), Kept { value, version: version + 1, until });
        Ok(())
    }

    async fn delete(&mut self, scope: Scope, key: String) -> Result<(), Fault> {
        self.kv.remove(&(named(&scope)?, key));
        Ok(())
    }
}

#[async_trait]
impl Records for World {
    async fn get(&mut self, collection: String, id: String) -> Result<Option<Document>, Fault> {
        Ok(self.shelf.get(&collection, &id)?)
    }

    async fn find(&mut self, collection: String, query: Query) -> Result<Page, Fault> {
        Ok(self.shelf.find(&collection, &query)?)
    }

    async fn search(&mut self, collection: String, text: String, limit: u32) -> Result<Vec<Hit>, Fault> {
        Ok(self.shelf.search(&collection, &text, limit)?)
    }

    async fn add(&mut self, collection: String, value: Json) -> Result<String, Fault> {
        let (id, now) = (self.own_id(), self.now);
        Ok(self.shelf.add(&collection, id, &value, now)?)
    }

    async fn save(&mut self, collection: String, id: String, version: u64, value: Json) -> Result<(), Fault> {
        Ok(self.shelf.save(&collection, &id, version, &value)?)
    }

    async fn remove(&mut self, collection: String, id: String, version: u64) -> Result<(), Fault> {
        Ok(self.shelf.remove(&collection, &id, version)?)
    }

    async fn reserve(&mut self, product: String, quantity: i64) -> Result<(), Fault> {
        Ok(self.shelf.reserve(&product, quantity)?)
    }
}

#[async_trait]
impl Http for World {
    async fn send(&mut self, request: Request) -> Result<Response, Fault> {
        let grants = Arc::clone(&self.grants);
        Ok(self.outside.send(request, &grants)?)
    }
}

#[async_trait]
impl Tickets for World {
    async fn open(&mut self, ticket: NewTicket) -> Result<Ticket, Fault> {
        if ticket.title.trim().is_empty() {
            return Err(Failure::Invalid("a ticket has a title".into()).into());
        }
        let code = format!("T-{:04}", self.tickets.len() + 1);
        let opened = Ticket { id: self.own_id(), code, title: ticket.title, status: "NEW".into(), created_at_ms: Turn::now_ms(self) };
        self.tickets.push(opened.clone());
        Ok(opened)
    }

    async fn recent(&mut self, limit: u32) -> Result<Vec<Ticket>, Fault> {
        Ok(self.tickets.iter().rev().take(limit as usize).cloned().collect())
    }

    async fn comment(&mut self, id: String, text: String) -> Result<(), Fault> {
        let known = self.tickets.iter().any(|ticket| ticket.id == id) && !text.trim().is_empty();
        if known { Ok(()) } else { Err(Failure::NotFound.into()) }
    }
}

impl System for World {
    fn log(&mut self, level: Level, message: String, fields: Json) {
        let level = format!("{level:?}").to_lowercase();
        let level = level.strip_prefix("level::").unwrap_or(&level).to_owned();
        self.log.push(if fields.trim().is_empty() || fields == "{}" { format!("{level}: {message}") } else { format!("{level}: {message} {fields}") });
    }

    fn count(&mut self, _: String, _: i64) {}

    fn random(&mut self, bytes: u32) -> Vec<u8> {
        randomness(&self.turn, 0, &mut self.randoms, bytes)
    }
}
