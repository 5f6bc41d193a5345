//! A fake Graph API as a program: `META_GRAPH_URL` points at it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use relevo_testbed::graph::{FakeGraph, GraphOptions, Number, Rule, StatusPlan};

/// A fake of the WhatsApp Cloud API. `GET /_log` answers what was accepted; `POST /_orders`
/// with `{"faults": ["cut@0.1"], "statuses": "sent,read"}` replaces faults and statuses.
#[derive(Debug, Parser)]
struct Arguments {
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// Appends each accepted message as a line of JSON before it is answered.
    #[arg(long)]
    log: Option<PathBuf>,
    /// Where statuses are posted, `http://` only.
    #[arg(long)]
    webhook: Option<String>,
    #[arg(long, default_value = "demo-app-secret")]
    app_secret: String,
    /// Before every answer.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// Any of sent, delivered, read, played, failed:CODE, in the order in which they come, also twice.
    #[arg(long, default_value = "")]
    statuses: StatusPlan,
    /// So many of them reach the webhook before the send is answered.
    #[arg(long, default_value_t = 0)]
    statuses_before_answer: usize,
    /// Before each status that follows the answer.
    #[arg(long, default_value_t = 0)]
    status_pause_ms: u64,
    /// WHAT[@SHARE], several times: a Graph code, 500, 503, html, cut, cut-after-accept, half, half-cut,
    /// silence, delay:MS, fail-later:CODE.
    #[arg(long)]
    fault: Vec<Rule>,
    /// PHONE_NUMBER_ID:TOKEN, several times; without any, all numbers and tokens are good.
    #[arg(long, value_parser = number)]
    number: Vec<Number>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn number(text: &str) -> Result<Number, String> {
    let (id, token) = text.split_once(':').ok_or("write PHONE_NUMBER_ID:TOKEN")?;
    Ok(Number::new(id, token))
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let statuses = arguments.statuses.first_before_answer(arguments.statuses_before_answer).paused(Duration::from_millis(arguments.status_pause_ms));
    let graph = FakeGraph::start(GraphOptions {
        listen: arguments.listen,
        log: arguments.log,
        webhook: arguments.webhook,
        app_secret: arguments.app_secret,
        statuses,
        delay: Duration::from_millis(arguments.delay_ms),
        seed: arguments.seed,
        numbers: arguments.number,
    })?;
    arguments.fault.into_iter().for_each(|rule| graph.inject(rule));
    println!("META_GRAPH_URL={}", graph.url());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::signal::ctrl_c())?;
    Ok(())
}
