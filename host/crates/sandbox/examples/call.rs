//! Measures fresh calls: `call <component.wasm> [manifest.json]` prints the median and the 99th percentile of 10,000 times `handle`,
//! each on a fresh instance. The manifest is for a component that was not packed yet.
//!
//! It is its own compile child, as the host's binary is.

use std::{path::Path, process::ExitCode, time::Instant};

use async_trait::async_trait;
use relevo_sandbox::{
    BoxError, Engine, EngineSettings, Fault, Http, Kv, Limits, Manifest, Records, System, Tickets, Turn,
    api::{
        events::{Content, Event, Inbound},
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

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const CALLS: usize = 10_000;

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["compile", input, output] => relevo_sandbox::compile_main(Path::new(input), Path::new(output))?,
        [artefact] => measure(std::fs::read(artefact)?)?,
        [component, manifest] => measure(pack(&std::fs::read(component)?, &Manifest::parse(&std::fs::read(manifest)?)?)?)?,
        _ => {
            eprintln!("usage: call <component.wasm> [manifest.json]");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[tokio::main]
async fn measure(wasm: Vec<u8>) -> Outcome<()> {
    let cache = std::env::temp_dir().join("relevo-bench-cache");
    let engine = Engine::new(EngineSettings::new(cache, std::env::current_exe()?))?;
    let started = Instant::now();
    let plugin = engine.load(&wasm).await?;
    println!("load      {:>9.1} µs  ({} bytes)", micros(started), wasm.len());

    let (ids, event, limits) = (ids(), hello(), Limits::default());
    let first = Instant::now();
    let mut memory = 0;
    let mut times = Vec::with_capacity(CALLS);
    for nth in 0..CALLS {
        let started = Instant::now();
        let report = plugin.handle(Nobody, &ids, &event, &limits).await;
        times.push(micros(started));
        memory = report.stats.memory_peak;
        if let Err(error) = report.result
            && nth == 0
        {
            println!("The first call failed: {error}");
        }
        if nth == 0 {
            println!("first     {:>9.1} µs", micros(first));
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1))).copied().unwrap_or_default();
    println!("median    {:>9.1} µs", at(0.5));
    println!("p90       {:>9.1} µs", at(0.9));
    println!("p99       {:>9.1} µs", at(0.99));
    println!("p99.9     {:>9.1} µs", at(0.999));
    println!("memory    {:>9} KiB of linear memory", memory / 1024);
    Ok(())
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

fn ids() -> Ids {
    Ids {
        turn: "turn-1".into(),
        business: "acme".into(),
        service_point: "centro".into(),
        channel: "simulator".into(),
        conversation: "chat-1".into(),
        customer: "ana".into(),
    }
}

fn hello() -> Event {
    Event::Messages(vec![Inbound { message: "m1".into(), at_ms: 1, content: Content::Text("hola".into()), quotes: None, referral: None }])
}

/// A host that knows nobody and nothing.
struct Nobody;

#[async_trait]
impl Turn for Nobody {
    async fn customer(&mut self) -> Result<CustomerCard, BoxError> {
        Ok(CustomerCard { id: "ana".into(), name: Some("Ana".into()), phone: None, locale: Some("es".into()), first_seen: true })
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
        Ok(ServicePointCard { id: "centro".into(), name: "Centro".into(), time_zone: "America/Argentina/Buenos_Aires".into(), open_now: true })
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
        vec!["text".into(), "buttons".into(), "list".into()]
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
impl Kv for Nobody {
    async fn get(&mut self, _: Scope, _: String) -> Result<Option<Entry>, Fault> {
        Ok(None)
    }

    async fn scan(&mut self, _: Scope, _: String, _: u32, _: Option<String>) -> Result<Vec<Entry>, Fault> {
        Ok(vec![])
    }

    async fn put(&mut self, _: Scope, _: String, _: String, _: Option<u64>, _: Option<u32>) -> Result<(), Fault> {
        Ok(())
    }

    async fn delete(&mut self, _: Scope, _: String) -> Result<(), Fault> {
        Ok(())
    }
}

#[async_trait]
impl Records for Nobody {
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
        Ok("new".into())
    }

    async fn save(&mut self, _: String, _: String, _: u64, _: String) -> Result<(), Fault> {
        Err(Failure::NotFound.into())
    }

    async fn remove(&mut self, _: String, _: String, _: u64) -> Result<(), Fault> {
        Err(Failure::NotFound.into())
    }

    async fn reserve(&mut self, _: String, _: i64) -> Result<(), Fault> {
        Ok(())
    }
}

#[async_trait]
impl Http for Nobody {
    async fn send(&mut self, _: Request) -> Result<Response, Fault> {
        Err(Failure::Unavailable(None).into())
    }
}

#[async_trait]
impl Tickets for Nobody {
    async fn open(&mut self, _: NewTicket) -> Result<Ticket, Fault> {
        Err(Failure::Unavailable(None).into())
    }

    async fn recent(&mut self, _: u32) -> Result<Vec<Ticket>, Fault> {
        Ok(vec![])
    }

    async fn comment(&mut self, _: String, _: String) -> Result<(), Fault> {
        Err(Failure::NotFound.into())
    }
}

impl System for Nobody {
    fn log(&mut self, _: Level, _: String, _: String) {}

    fn count(&mut self, _: String, _: i64) {}

    fn random(&mut self, bytes: u32) -> Vec<u8> {
        vec![7; bytes as usize]
    }
}
