//! Guests, an engine and a host's capabilities for the tests.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use relevo_sandbox::{
    BoxError, CallReport, Engine, EngineSettings, Fault, Http, Kv, Limits, Manifest, Plugin, Records, System, Tickets, Turn,
    api::{
        events::{Content, Event, Inbound},
        flow::Outcome,
        http::{Request, Response},
        kv::{Entry, Scope},
        records::{Document, Hit, Page, Query},
        system::Level,
        tickets::{NewTicket, Ticket},
        turn::{CustomerCard, Ids, Line, ServicePointCard},
        types::Failure,
    },
    pack,
};
use serde_json::json;
use tempfile::TempDir;

/// A packed guest whose `handle` is these core instructions.
pub fn guest(handle: &str) -> Vec<u8> {
    guest_with(handle, "", &manifest())
}

pub fn guest_with(handle: &str, more: &str, manifest: &Manifest) -> Vec<u8> {
    pack(&bare_guest(handle, more), manifest).unwrap()
}

/// The same without a manifest.
pub fn bare_guest(handle: &str, more: &str) -> Vec<u8> {
    written(handle, more, "(i32.const 2048)")
}

/// A packed guest whose check of a configuration is these core instructions; 2048 is an empty list.
pub fn checking_guest(check: &str) -> Vec<u8> {
    pack(&written("(call $handled)", "", check), &manifest()).unwrap()
}

/// The text of a guest, for tests that change more of it.
pub fn written_with(handle: &str) -> String {
    text(handle, "", "(i32.const 2048)")
}

fn text(handle: &str, more: &str, check: &str) -> String {
    include_str!("guest.wat").replace("{{handle}}", handle).replace("{{more}}", more).replace("{{check}}", check)
}

fn written(handle: &str, more: &str, check: &str) -> Vec<u8> {
    wat::parse_str(text(handle, more, check)).unwrap()
}

pub fn manifest() -> Manifest {
    manifest_of(json!({}))
}

/// The usual manifest with some fields replaced.
pub fn manifest_of(fields: serde_json::Value) -> Manifest {
    Manifest::parse(manifest_json(fields).to_string().as_bytes()).unwrap()
}

pub fn manifest_json(fields: serde_json::Value) -> serde_json::Value {
    let mut manifest = json!({
        "id": "test-guest",
        "version": "1.2.3",
        "api": "0.1.0-draft",
        "title": "Guest",
        "permissions": [{ "kind": "http", "hosts": ["x.test"], "methods": ["GET"], "reason": "prices" }],
    });
    for (name, value) in fields.as_object().unwrap() {
        manifest[name] = value.clone();
    }
    manifest
}

/// An engine with a cache folder that lives as long as it.
pub struct Bench {
    pub engine: Engine,
    pub cache: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let cache = tempfile::tempdir().unwrap();
        let engine = Engine::new(settings(&cache)).unwrap();
        Self { engine, cache }
    }

    pub async fn load(&self, handle: &str) -> Plugin {
        self.engine.load(&guest(handle)).await.unwrap()
    }

    /// Runs a guest once under the usual limits.
    pub async fn run(&self, handle: &str) -> CallReport<Outcome, Desk> {
        call(&self.load(handle).await, Desk::default(), &Limits::default()).await
    }

    /// A well-meant call works: whatever ran before did no harm.
    pub async fn assert_unharmed(&self) {
        let report = self.run("(call $handled)").await;
        assert!(report.result.unwrap().handled);
    }
}

pub fn settings(cache: &TempDir) -> EngineSettings {
    EngineSettings { pool_size: 16, ..EngineSettings::new(cache.path(), env!("CARGO_BIN_EXE_relevo-compile")) }
}

pub async fn call(plugin: &Plugin, desk: Desk, limits: &Limits) -> CallReport<Outcome, Desk> {
    plugin.handle(desk, &ids("acme"), &hello(), limits).await
}

pub fn ids(business: &str) -> Ids {
    Ids {
        turn: "turn-1".into(),
        business: business.into(),
        service_point: "centro".into(),
        channel: "simulator".into(),
        conversation: "chat-1".into(),
        customer: "ana".into(),
    }
}

pub fn hello() -> Event {
    Event::Messages(vec![Inbound { message: "m1".into(), at_ms: 1, content: Content::Text("hola".into()), quotes: None, referral: None }])
}

/// The host's side of a call: remembers what it was asked.
#[derive(Default)]
pub struct Desk {
    pub puts: u32,
    pub gets: u32,
    pub sends: Vec<Request>,
    pub logs: Vec<String>,
    pub on_get: OnGet,
    /// How many calls wait in `get` at once, over all desks that share it.
    pub waiting: Arc<Mutex<u32>>,
}

#[derive(Default)]
pub enum OnGet {
    #[default]
    Answer,
    Hang,
    Break,
    Return(String),
}

#[async_trait]
impl Turn for Desk {
    async fn customer(&mut self) -> Result<CustomerCard, BoxError> {
        Ok(CustomerCard { id: "ana".into(), name: None, phone: None, locale: None, first_seen: true })
    }

    async fn customer_attributes(&mut self) -> Result<String, BoxError> {
        Ok("{}".into())
    }

    async fn set_customer(&mut self, _attributes: String) -> Result<(), Fault> {
        Ok(())
    }

    async fn labels(&mut self) -> Result<Vec<String>, BoxError> {
        Ok(vec![])
    }

    async fn service_point(&mut self) -> Result<ServicePointCard, BoxError> {
        Ok(ServicePointCard { id: "centro".into(), name: "Centro".into(), time_zone: "UTC".into(), open_now: true })
    }

    async fn history(&mut self, _limit: u32, _before: Option<String>) -> Result<Vec<Line>, Fault> {
        Ok(vec![])
    }

    async fn config(&mut self) -> Result<String, BoxError> {
        Ok("{}".into())
    }

    async fn state(&mut self) -> Result<Option<String>, BoxError> {
        Ok(None)
    }

    fn abilities(&mut self) -> Vec<String> {
        vec!["text".into()]
    }

    fn now_ms(&mut self) -> u64 {
        1_700_000_000_000
    }

    fn locale(&mut self) -> String {
        "es".into()
    }

    fn rehearsal(&mut self) -> bool {
        true
    }
}

#[async_trait]
impl Kv for Desk {
    async fn get(&mut self, _scope: Scope, key: String) -> Result<Option<Entry>, Fault> {
        self.gets += 1;
        match &self.on_get {
            OnGet::Answer => Ok(None),
            OnGet::Hang => {
                *self.waiting.lock().unwrap() += 1;
                std::future::pending().await
            }
            OnGet::Break => Err(Fault::Broken("the database is away".into())),
            OnGet::Return(value) => Ok(Some(Entry { key, value: value.clone(), version: 1 })),
        }
    }

    async fn scan(&mut self, _: Scope, _: String, _: u32, _: Option<String>) -> Result<Vec<Entry>, Fault> {
        Ok(vec![])
    }

    async fn put(&mut self, _: Scope, _: String, _: String, _: Option<u64>, _: Option<u32>) -> Result<(), Fault> {
        self.puts += 1;
        Ok(())
    }

    async fn delete(&mut self, _: Scope, _: String) -> Result<(), Fault> {
        Ok(())
    }
}

#[async_trait]
impl Records for Desk {
    async fn get(&mut self, _: String, _: String) -> Result<Option<Document>, Fault> {
        Ok(None)
    }

    async fn find(&mut self, _: String, _: Query) -> Result<Page, Fault> {
        Ok(Page { items: vec![], next: None })
    }

    async fn search(&mut self, _: String, _: String, _: u32) -> Result<Vec<Hit>, Fault> {
        Ok(vec![])
    }

    async fn add(&mut self, _: String, _: String) -> Result<String, Fault> {
        Err(Failure::NotFound.into())
    }

    async fn save(&mut self, _: String, _: String, _: u64, _: String) -> Result<(), Fault> {
        Err(Failure::NotFound.into())
    }

    async fn remove(&mut self, _: String, _: String, _: u64) -> Result<(), Fault> {
        Err(Failure::NotFound.into())
    }

    async fn reserve(&mut self, _: String, _: i64) -> Result<(), Fault> {
        Err(Failure::NotFound.into())
    }
}

#[async_trait]
impl Http for Desk {
    async fn send(&mut self, request: Request) -> Result<Response, Fault> {
        self.sends.push(request);
        Ok(Response { status: 200, headers: vec![], body: vec![] })
    }
}

#[async_trait]
impl Tickets for Desk {
    async fn open(&mut self, _: NewTicket) -> Result<Ticket, Fault> {
        Err(Failure::NotFound.into())
    }

    async fn recent(&mut self, _: u32) -> Result<Vec<Ticket>, Fault> {
        Ok(vec![])
    }

    async fn comment(&mut self, _: String, _: String) -> Result<(), Fault> {
        Err(Failure::NotFound.into())
    }
}

impl System for Desk {
    fn log(&mut self, _: Level, message: String, _: String) {
        self.logs.push(message);
    }

    fn count(&mut self, _: String, _: i64) {}

    fn random(&mut self, bytes: u32) -> Vec<u8> {
        vec![7; bytes as usize]
    }
}
