//! What a flow reaches in one call, as this host grants it: reads from the cell, writes into the turn's overlay, all of it noted.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use async_trait::async_trait;
use relevo_model::*;
use relevo_sandbox::{
    BoxError, Fault, Grants, Kv, Manifest, System, Turn,
    api::{
        kv::{Entry, Scope},
        system::Level,
        turn::{CustomerCard, Line as Said, ServicePointCard},
        types::{Failure, Json},
    },
};
use relevo_store::{
    Cell, KvScope, TurnContext,
    hot::{CustomerChange, KvWrite},
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    chain::{Chosen, Setting},
    journal::Context,
    layout::{Layout, Line, Point},
    overlay::{Overlay, Written},
    secrets::Secrets,
};
use crate::{egress::Egress, hours};

/// Bytes of a key, of a value, and of all values of a plugin in one business.
const KEY: usize = 256;
const VALUE: usize = 64 << 10;
const QUOTA: i64 = 50 << 20;

/// What one turn may add to a counter at most: what is counted stays far from where numbers end.
const COUNTED: i64 = 1_000_000_000;
/// Counters of a plugin that one turn may name.
const METRICS: usize = 32;

/// What a turn stands on, whichever of its flows runs.
#[derive(Clone)]
pub struct Ground {
    pub cell: Cell,
    pub context: Arc<TurnContext>,
    pub layout: Arc<Layout>,
    pub point: Arc<Point>,
    pub line: Arc<Line>,
    pub turn: TurnId,
    pub now: Time,
    pub first_seen: bool,
    pub egress: Egress,
}

/// One call's view of the world.
pub struct FlowHost {
    pub ground: Ground,
    /// The flow's place in the chain.
    pub position: usize,
    /// Of the version that runs.
    pub manifest: Arc<Manifest>,
    /// What the business granted of what the manifest asks.
    pub grants: Arc<Grants>,
    pub set: Arc<Setting>,
    pub overlay: Overlay,
    pub ids: u32,
    pub randoms: u64,
    /// How often the same outside call was made in this turn.
    pub occurrences: HashMap<String, i64>,
    pub quota_checked: bool,
    pub collections_checked: bool,
    /// The plugin's secrets in the clear, once a request wanted one.
    pub secrets: Option<Secrets>,
}

impl Deref for FlowHost {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl FlowHost {
    /// Ids of one flow; the flows of a chain do not share any.
    const IDS_PER_FLOW: u32 = 1 << 16;

    /// For a flow that has done nothing yet.
    pub fn new(ground: Ground, position: usize, chosen: &Chosen) -> Self {
        Self {
            manifest: Arc::clone(chosen.component.manifest()),
            grants: Arc::clone(&ground.point.chain[position].grants),
            set: Arc::clone(&chosen.set),
            ground,
            position,
            overlay: Overlay::default(),
            ids: 0,
            randoms: 0,
            occurrences: HashMap::new(),
            quota_checked: false,
            collections_checked: false,
            secrets: None,
        }
    }

    pub fn own_id<T: From<uuid::Uuid>>(&mut self) -> T {
        self.ids += 1;
        self.turn.derive(Self::ordinal(self.position, self.ids))
    }

    /// The place of the nth id of a flow among those that a turn derives.
    pub fn ordinal(position: usize, nth: u32) -> u32 {
        (u32::try_from(position).unwrap_or(0) + 1) * Self::IDS_PER_FLOW + nth
    }

    pub fn plugin_id(&self) -> &str {
        &self.manifest.id
    }

    pub fn locale_of_customer(&self) -> &str {
        let point = self.point.row.locale.as_deref();
        self.context.customer_locale.as_deref().or(point).unwrap_or(&self.layout.business.locale)
    }

    /// What stood around the turn when it began, for the journal.
    pub fn surroundings(&self) -> Context {
        let context = &self.context;
        Context {
            customer: CustomerCard {
                id: context.conversation.customer_id.to_string(),
                name: context.customer_name.clone(),
                phone: context.customer_phone.clone(),
                locale: context.customer_locale.clone(),
                first_seen: self.first_seen,
            },
            attributes: context.attributes.0.clone(),
            labels: context.conversation.labels.0.clone(),
            service_point: self.card_of_point(),
            abilities: self.line.way.abilities().names().into_iter().map(str::to_owned).collect(),
            locale: self.locale_of_customer().to_owned(),
            now: self.now,
            rehearsal: self.line.simulated,
            settings: self.set.settings.clone(),
            config_version: self.layout.business.config_version,
            state: self.state_of_flow().cloned(),
            epoch: context.conversation.epoch,
        }
    }

    fn card_of_point(&self) -> ServicePointCard {
        let row = &self.point.row;
        ServicePointCard {
            id: row.id.to_string(),
            name: row.name.clone(),
            time_zone: row.time_zone.clone(),
            open_now: hours::open(&row.opening_hours.0, &row.time_zone, self.now),
        }
    }

    fn state_of_flow(&self) -> Option<&Value> {
        self.context.states.as_ref().and_then(|states| states.0.get(self.plugin_id()))
    }

    fn scope(&self, scope: &Scope) -> Result<(&'static str, String), Failure> {
        Ok(match scope {
            Scope::Conversation => ("conversation", self.context.conversation.id.to_string()),
            Scope::Customer => ("customer", self.context.conversation.customer_id.to_string()),
            Scope::Business => ("business", String::new()),
            Scope::Other(named) => return Err(Failure::Invalid(format!("there is no scope {:?}: use conversation, customer or business", named.name))),
        })
    }

    async fn current(&mut self, scope: &'static str, id: &str, key: &str) -> Result<Option<(String, i64)>, BoxError> {
        let place = (self.plugin_id().to_owned(), scope.to_owned(), id.to_owned(), key.to_owned());
        if let Some(written) = self.overlay.kv.get(&place) {
            return Ok(written.value.clone().map(|value| (value, written.version)));
        }
        let (plugin, now) = (self.plugin_id().to_owned(), self.now);
        let found = self.cell.read().await?.kv().get(KvScope { plugin: &plugin, scope, id }, key, now).await?;
        Ok(found.map(|entry| (entry.value, entry.version)))
    }

    async fn write_kv(&mut self, scope: Scope, key: String, value: Option<String>, if_version: Option<u64>, expires_at: Option<Time>) -> Result<(), Fault> {
        let (scope, id) = self.scope(&scope)?;
        let current = self.current(scope, &id, &key).await?;
        let version = current.as_ref().map_or(0, |(_, version)| *version);
        if if_version.is_some_and(|wanted| i64::try_from(wanted) != Ok(version)) {
            return Err(Failure::Conflict.into());
        }
        let place = (self.plugin_id().to_owned(), scope.to_owned(), id.clone(), key.clone());
        // What the first write of the turn expected is what must still hold when it commits.
        let expect = match self.overlay.kv.get(&place) {
            Some(earlier) => earlier.write.expect,
            None => if_version.map(|_| version),
        };
        let write = KvWrite { plugin: self.plugin_id().to_owned(), scope: scope.to_owned(), scope_id: id, key, value: value.clone(), expect, expires_at };
        self.overlay.kv.insert(place, Written { value, version: version + 1, write });
        Ok(())
    }
}

#[async_trait]
impl Turn for FlowHost {
    async fn customer(&mut self) -> Result<CustomerCard, BoxError> {
        let changed = self.overlay.effects.customer.as_ref();
        Ok(CustomerCard {
            id: self.context.conversation.customer_id.to_string(),
            name: changed.and_then(|change| change.name.clone()).or_else(|| self.context.customer_name.clone()),
            phone: self.context.customer_phone.clone(),
            locale: changed.and_then(|change| change.locale.clone()).or_else(|| self.context.customer_locale.clone()),
            first_seen: self.first_seen,
        })
    }

    async fn customer_attributes(&mut self) -> Result<Json, BoxError> {
        let attributes = self.overlay.effects.customer.as_ref().map_or(&self.context.attributes.0, |change| &change.attributes);
        Ok(attributes.to_string())
    }

    async fn set_customer(&mut self, attributes: Json) -> Result<(), Fault> {
        let wanted = attributes_of(&attributes)?;
        let mut change =
            self.overlay.effects.customer.take().unwrap_or_else(|| CustomerChange { name: None, locale: None, attributes: self.context.attributes.0.clone() });
        let kept = change.attributes.as_object_mut().map(std::mem::take).unwrap_or_default();
        let mut kept = kept;
        for (key, value) in wanted {
            match (key.as_str(), value) {
                ("name", Value::String(name)) => change.name = Some(name),
                ("locale", Value::String(locale)) => change.locale = Some(locale),
                (_, Value::Null) => drop(kept.remove(&key)),
                (_, value) => drop(kept.insert(key, value)),
            }
        }
        change.attributes = Value::Object(kept);
        let too_long = change.attributes.to_string().len() > VALUE;
        self.overlay.effects.customer = Some(change);
        if too_long { Err(Failure::OverQuota(format!("a customer's attributes take {VALUE} bytes at most")).into()) } else { Ok(()) }
    }

    async fn labels(&mut self) -> Result<Vec<String>, BoxError> {
        Ok(self.overlay.effects.labels.clone().unwrap_or_else(|| self.context.conversation.labels.0.clone()))
    }

    async fn service_point(&mut self) -> Result<ServicePointCard, BoxError> {
        Ok(self.card_of_point())
    }

    async fn history(&mut self, limit: u32, before: Option<String>) -> Result<Vec<Said>, Fault> {
        let conversation = self.context.conversation.id;
        let mut read = self.cell.read().await.map_err(broken)?;
        let seq = match before.as_deref().map(str::parse::<MessageId>) {
            None => None,
            Some(Err(error)) => return Err(Failure::Invalid(error.to_string()).into()),
            Some(Ok(id)) => Some(read.messages().find(&id).await.map_err(broken)?.ok_or(Failure::NotFound)?.seq),
        };
        let messages = read.messages().list_of(&conversation, seq, i64::from(limit)).await.map_err(broken)?;
        drop(read);
        let lines: Vec<Said> = messages
            .into_iter()
            .map(|message| Said {
                id: message.id.to_string(),
                at_ms: u64::try_from(message.created_at.0).unwrap_or(0),
                author: message.sender.as_str().to_lowercase(),
                text: message.content.0.words().to_owned(),
            })
            .collect();
        Ok(lines)
    }

    async fn config(&mut self) -> Result<Json, BoxError> {
        Ok(self.set.config.clone())
    }

    async fn state(&mut self) -> Result<Option<Json>, BoxError> {
        Ok(self.state_of_flow().map(Value::to_string))
    }

    fn abilities(&mut self) -> Vec<String> {
        self.line.way.abilities().names().into_iter().map(str::to_owned).collect()
    }

    fn now_ms(&mut self) -> u64 {
        u64::try_from(self.now.0).unwrap_or(0)
    }

    fn locale(&mut self) -> String {
        self.locale_of_customer().to_owned()
    }

    fn rehearsal(&mut self) -> bool {
        self.line.simulated
    }
}

#[async_trait]
impl Kv for FlowHost {
    async fn get(&mut self, scope: Scope, key: String) -> Result<Option<Entry>, Fault> {
        let (scope, id) = self.scope(&scope)?;
        let found = self.current(scope, &id, &key).await?;
        let entry = found.map(|(value, version)| Entry { key: key.clone(), value, version: u64::try_from(version).unwrap_or(0) });
        Ok(entry)
    }

    async fn scan(&mut self, scope: Scope, prefix: String, limit: u32, after: Option<String>) -> Result<Vec<Entry>, Fault> {
        let (scope, id) = self.scope(&scope)?;
        let (plugin, after) = (self.plugin_id().to_owned(), after.unwrap_or_default());
        let own: Vec<(String, Written)> = self
            .overlay
            .kv
            .iter()
            .filter(|((p, s, i, key), _)| *p == plugin && s == scope && *i == id && key.starts_with(&prefix) && *key > after)
            .map(|((_, _, _, key), written)| (key.clone(), written.clone()))
            .collect();
        // As many more as this turn may have deleted.
        let wanted = i64::from(limit) + i64::try_from(own.len()).unwrap_or(0);
        let stored = self.cell.read().await.map_err(broken)?.kv().scan(KvScope { plugin: &plugin, scope, id: &id }, &prefix, &after, wanted, self.now).await;
        let mut entries: std::collections::BTreeMap<String, Entry> = stored
            .map_err(broken)?
            .into_iter()
            .map(|row| (row.key.clone(), Entry { key: row.key, value: row.value, version: u64::try_from(row.version).unwrap_or(0) }))
            .collect();
        for (key, written) in own {
            match written.value {
                Some(value) => drop(entries.insert(key.clone(), Entry { key, value, version: u64::try_from(written.version).unwrap_or(0) })),
                None => drop(entries.remove(&key)),
            }
        }
        let entries: Vec<Entry> = entries.into_values().take(limit as usize).collect();
        Ok(entries)
    }

    async fn put(&mut self, scope: Scope, key: String, value: Json, if_version: Option<u64>, ttl_s: Option<u32>) -> Result<(), Fault> {
        if key.is_empty() || key.len() > KEY {
            return Err(Failure::Invalid(format!("a key has 1 to {KEY} bytes")).into());
        }
        if value.len() > VALUE {
            return Err(Failure::OverQuota(format!("a value takes {VALUE} bytes at most: split it over several keys")).into());
        }
        serde_json::from_str::<serde::de::IgnoredAny>(&value).map_err(|error| Failure::Invalid(format!("a value is JSON, and this is none: {error}")))?;
        if !self.quota_checked {
            let plugin = self.plugin_id().to_owned();
            let used = self.cell.read().await.map_err(broken)?.kv().bytes_of(&plugin).await.map_err(broken)?;
            if used > QUOTA {
                return Err(Failure::OverQuota(format!("this flow keeps {used} bytes of {QUOTA}: delete what it no longer needs")).into());
            }
            self.quota_checked = true;
        }
        let expires = ttl_s.map(|seconds| self.now.after(std::time::Duration::from_secs(u64::from(seconds))));
        self.write_kv(scope, key, Some(value), if_version, expires).await
    }

    async fn delete(&mut self, scope: Scope, key: String) -> Result<(), Fault> {
        self.write_kv(scope, key, None, None, None).await
    }
}

impl System for FlowHost {
    // What a flow writes may hold what a customer wrote: it belongs into the sealed journal, never into the process's log.
    fn log(&mut self, _: Level, _: String, _: Json) {}

    fn count(&mut self, metric: String, by: i64) {
        let known = self.overlay.counts.len();
        let place = (self.plugin_id().to_owned(), metric);
        // What the business keeps of names is bounded too; this bounds a turn.
        if known < METRICS || self.overlay.counts.contains_key(&place) {
            let counted = self.overlay.counts.entry(place).or_default();
            *counted = counted.saturating_add(by).clamp(-COUNTED, COUNTED);
        }
    }

    fn random(&mut self, bytes: u32) -> Vec<u8> {
        let (turn, position) = (self.turn, self.position);
        randomness(&turn, position, &mut self.randoms, bytes)
    }
}

/// What a flow says of a customer, whoever it says it to.
///
/// # Errors
/// That it is no object.
pub fn attributes_of(given: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(given).map_err(|error| Failure::Invalid(format!("attributes are a JSON object, and this is none: {error}")))
}

/// Bytes that come of a turn and of the flow's place in the chain: the same again when the turn is run again. `drawn` counts the blocks.
pub fn randomness(turn: &TurnId, position: usize, drawn: &mut u64, bytes: u32) -> Vec<u8> {
    let position = u64::try_from(position).unwrap_or(0);
    let mut out = Vec::with_capacity(bytes as usize + 32);
    while out.len() < bytes as usize {
        *drawn += 1;
        out.extend_from_slice(&Sha256::new_with_prefix(turn.seed()).chain_update(position.to_be_bytes()).chain_update(drawn.to_be_bytes()).finalize());
    }
    out.truncate(bytes as usize);
    out
}

pub fn broken(error: impl Into<BoxError>) -> Fault {
    Fault::Broken(error.into())
}
