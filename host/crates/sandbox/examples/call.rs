//! Measures fresh calls: `call <component.wasm> [manifest.json] [--config FILE] [--calls N] [--json]` prints the median and the 99th percentile of
//! 10,000 times `handle`, each on a fresh instance that is handed a greeting. The manifest is for a component that was not packed yet; the
//! configuration is what an installation has set, over the manifest's defaults.
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
    pack, schema,
};
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: call <component.wasm> [manifest.json] [--config FILE] [--calls N] [--json]";

/// What is measured, and how it is told.
struct Wish {
    wasm: Vec<u8>,
    /// As an installation has it.
    config: Value,
    calls: usize,
    json: bool,
}

/// What was measured, in microseconds and bytes.
struct Measured {
    load: f64,
    first: f64,
    /// Of all calls, the fastest first.
    times: Vec<f64>,
    memory: usize,
    failed: usize,
    /// Why the first call failed, if it did.
    error: Option<String>,
}

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let ["compile", input, output] = arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        relevo_sandbox::compile_main(Path::new(input), Path::new(output))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(wish) = Wish::read(arguments)? else {
        eprintln!("{USAGE}");
        return Ok(ExitCode::from(2));
    };
    let measured = measure(&wish)?;
    if wish.json {
        measured.print_json()
    } else {
        measured.print(wish.wasm.len())
    }
    Ok(ExitCode::SUCCESS)
}

impl Wish {
    /// None where the arguments are others than these.
    fn read(arguments: Vec<String>) -> Outcome<Option<Self>> {
        let (mut files, mut config, mut calls, mut json) = (Vec::new(), json!({}), 10_000_usize, false);
        let mut rest = arguments.into_iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--json" => json = true,
                "--config" => match rest.next() {
                    Some(file) => config = serde_json::from_slice(&std::fs::read(file)?)?,
                    None => return Ok(None),
                },
                "--calls" => match rest.next().and_then(|count| count.parse::<usize>().ok()) {
                    Some(count) if count > 0 => calls = count,
                    _ => return Ok(None),
                },
                other if other.starts_with('-') => return Ok(None),
                _ => files.push(argument),
            }
        }
        let wasm = match files.as_slice() {
            [artefact] => std::fs::read(artefact)?,
            [component, manifest] => pack(&std::fs::read(component)?, &Manifest::parse(&std::fs::read(manifest)?)?)?,
            _ => return Ok(None),
        };
        Ok(Some(Self { wasm, config, calls, json }))
    }
}

#[tokio::main]
async fn measure(wish: &Wish) -> Outcome<Measured> {
    let cache = std::env::temp_dir().join("relevo-bench-cache");
    let engine = Engine::new(EngineSettings::new(cache, std::env::current_exe()?))?;
    let started = Instant::now();
    let plugin = engine.load(&wish.wasm).await?;
    let mut measured = Measured { load: micros(started), first: 0.0, times: Vec::with_capacity(wish.calls), memory: 0, failed: 0, error: None };

    // What a guest is handed: a plugin that is asked without its settings only refuses.
    let config = schema::with_defaults(&plugin.manifest().config, &wish.config).to_string();
    let (ids, event, limits) = (ids(), hello(), plugin.limits(&Limits::default()));
    let mut nobody = Nobody { config };
    for nth in 0..wish.calls {
        let started = Instant::now();
        let report = plugin.handle(nobody, &ids, &event, &limits).await;
        measured.times.push(micros(started));
        nobody = report.caps;
        measured.memory = measured.memory.max(report.stats.memory_peak);
        if let Err(error) = report.result {
            measured.failed += 1;
            measured.error = measured.error.or_else(|| (nth == 0).then(|| error.to_string()));
        }
    }
    measured.first = measured.times[0];
    measured.times.sort_by(f64::total_cmp);
    Ok(measured)
}

impl Measured {
    fn at(&self, share: f64) -> f64 {
        let place = (self.times.len() as f64 * share) as usize;
        self.times[place.min(self.times.len() - 1)]
    }

    fn print(&self, bytes: usize) {
        println!("load      {:>9.1} µs  ({bytes} bytes)", self.load);
        println!("first     {:>9.1} µs", self.first);
        for (name, share) in [("median", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)] {
            println!("{name:<9} {:>9.1} µs", self.at(share));
        }
        println!("memory    {:>9} KiB of linear memory", self.memory / 1024);
        if self.failed > 0 {
            println!("{} calls failed; the first one: {}", self.failed, self.error.as_deref().unwrap_or("did not"));
        }
    }

    fn print_json(&self) {
        let told = json!({
            "load_us": self.load, "first_us": self.first, "p50_us": self.at(0.5), "p99_us": self.at(0.99),
            "memory_kib": self.memory / 1024, "failed": self.failed, "error": self.error,
        });
        println!("{told}");
    }
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

/// A host that knows nobody, and nothing but a configuration.
struct Nobody {
    config: String,
}

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
        Ok(self.config.clone())
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
