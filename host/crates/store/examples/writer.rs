//! The spike that the rest stands on: how many messages a second a cell takes in, answers and marks, when all that waits shares a commit.
//! `cargo run --release -p relevo-store --example writer -- [customers] [seconds] [tenants]`; with `DATABASE_URL` on that Postgres.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use relevo_model::*;
use relevo_store::{hot::*, *};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("numbers"));
    let (customers, seconds, tenants) = (arguments.next().unwrap_or(32), arguments.next().unwrap_or(5), arguments.next().unwrap_or(1));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = Settings { data: folder.path().to_owned(), database_url: std::env::var("DATABASE_URL").ok(), master_key: Some("ab".repeat(32)) };
    let store = Store::open(&settings).await?;
    let clock = Clock::system();
    let mut cells = Vec::new();
    for number in 0..tenants {
        let (_, cell) = store.create_tenant(&clock, &format!("bench-{number}-{}", clock.now()), "Bench", false).await?;
        let mut write = cell.write().await?;
        write.add_business("Bench", "ARS", "es").await?;
        write.commit().await?;
        cells.push(cell);
    }
    let done = Arc::new(AtomicU64::new(0));
    let latencies = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (cpu, began) = (cpu_seconds(), Instant::now());
    let until = began + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..customers)
        .map(|number| {
            let (cell, clock, done, latencies) =
                (cells[usize::try_from(number % tenants).expect("small")].clone(), clock.clone(), Arc::clone(&done), Arc::clone(&latencies));
            tokio::spawn(async move {
                let (channel, point) = (clock.id(), clock.id());
                let mut mine = Vec::new();
                while Instant::now() < until {
                    let began = Instant::now();
                    message(&cell, &clock, number, channel, point).await?;
                    mine.push(began.elapsed());
                    done.fetch_add(1, Ordering::Relaxed);
                }
                latencies.lock().expect("no panics").extend(mine);
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panics")?;
    }
    let elapsed = began.elapsed().as_secs_f64();
    let messages = done.load(Ordering::Relaxed);
    let mut latencies = latencies.lock().expect("no panics");
    latencies.sort();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{customers} customers, {tenants} tenants: {:.0} messages/s, p50 {:.2} ms, p99 {:.2} ms, {:.3} CPU s per 1,000",
        messages as f64 / elapsed,
        at(0.5),
        at(0.99),
        (cpu_seconds() - cpu) / messages as f64 * 1e3
    );
    Ok(())
}

/// The whole way of one message, without a flow and without a network: received, its context read, answered, claimed, marked.
async fn message(cell: &Cell, clock: &Clock, number: u64, channel: ChannelId, service_point: ServicePointId) -> Result<()> {
    let (now, id) = (clock.now(), clock.id::<MessageId>());
    let number = format!("54911{number:08}");
    let arrival = Arrival {
        channel,
        service_point,
        bot_on: true,
        burst_ms: 0,
        now,
        event: clock.id(),
        message: id,
        turn: clock.id(),
        customer: clock.id(),
        conversation: clock.id(),
        incoming: Incoming {
            dedupe_key: format!("m:{id}"),
            raw: format!(r#"{{"from":"{number}","id":"{id}","timestamp":"1700000000","type":"text","text":{{"body":"menu"}}}}"#),
            at: now,
            what: What::Message(InMessage {
                provider_id: id.to_string(),
                sender: Party { aliases: vec![Alias { kind: AliasKind::WaId, scope: String::new(), value: number.clone() }], name: None },
                content: Content::text("menu"),
                quotes: None,
                referral: None,
            }),
        },
    };
    let turn = arrival.turn;
    cell.receive(vec![arrival]).await?;
    let alias = Alias { kind: AliasKind::WaId, scope: String::new(), value: number };
    let conversation = cell.read().await?.conversations().by_alias(&channel, &alias).await?.expect("just received");
    let context = cell.turn_context(&conversation.id).await?.expect("just received").conversation;
    let said = Said {
        message: clock.id(),
        content: Content::text("¿Qué necesitás?\n\n1. Ver catálogo\n2. Hacer un pedido"),
        quotes: None,
        evidence: None,
        not_before: now,
    };
    let message = said.message;
    let commit = TurnCommit {
        turn,
        joined: vec![],
        conversation: context.id,
        service_point,
        channel,
        customer: context.customer_id,
        peer: alias,
        epoch: context.epoch,
        attempts: 0,
        now,
        end: TurnEnd::Done,
        plugin: Some(("bench".into(), "1.0.0".into())),
        session: None,
        said: vec![said],
        journal: Some(vec![7; 1_500]),
        effects: Effects::default(),
    };
    assert_eq!(cell.finish(commit).await?, Finished::Applied);
    assert!(cell.claim(Claim { message, now }).await?);
    cell.mark(Mark { message, conversation: context.id, turn: Some(turn), end: SendEnd::Sent { provider_id: format!("wamid.{message}") } }).await
}

/// What this process has used, of both cores.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("a name in brackets").split_whitespace().collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().expect("ticks")).sum::<f64>() / 100.0
}
