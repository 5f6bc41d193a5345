//! Signed webhooks from many customers against a running server; the replies come back here.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use relevo_testbed::load::{Load, LoadOptions};

/// Start the server with META_GRAPH_URL at --graph-listen, then this.
#[derive(Debug, Parser)]
struct Arguments {
    /// The webhook's whole address.
    #[arg(long, default_value = "http://127.0.0.1:8080/webhook")]
    target: String,
    #[arg(long, default_value = "demo-app-secret")]
    app_secret: String,
    /// One or more, with commas; customers are dealt out to them in turn.
    #[arg(long, value_delimiter = ',', required = true)]
    phone_number_id: Vec<String>,
    /// Where the server sends its replies.
    #[arg(long, default_value = "127.0.0.1:9090")]
    graph_listen: SocketAddr,
    /// At once, over all numbers.
    #[arg(long, default_value_t = 32)]
    customers: usize,
    #[arg(long, default_value_t = 5_491_100_000_000)]
    first_number: u64,
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    #[arg(long, default_value_t = 3.0)]
    warmup: f64,
    #[arg(long, default_value = "menu")]
    text: String,
    /// How many replies each message gets.
    #[arg(long, default_value_t = 1)]
    replies: u32,
    /// Messages a second over all customers at fixed moments, each timed from when it was due (a millisecond or two of that is the timer's own); 0 is a closed loop.
    #[arg(long, default_value_t = 0.0)]
    rate: f64,
    /// So many numbered messages in a row to a flow that echoes; 0 is a closed loop.
    #[arg(long, default_value_t = 0)]
    pipeline: usize,
    /// Between the messages of a row.
    #[arg(long, default_value_t = 3)]
    interval_ms: u64,
    /// After this a reply is lost.
    #[arg(long, default_value_t = 10_000)]
    patience_ms: u64,
    /// The processes of the server, with commas, to sample CPU time and peak memory.
    #[arg(long, value_delimiter = ',')]
    pid: Vec<u32>,
    /// One line of JSON in place of the table.
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let load = Load::bind(Some(arguments.graph_listen)).await?;
    let report = load
        .run(LoadOptions {
            target: arguments.target,
            app_secret: arguments.app_secret,
            phone_number_ids: arguments.phone_number_id,
            customers: arguments.customers,
            first_number: arguments.first_number,
            text: arguments.text,
            replies: arguments.replies,
            warmup: Duration::try_from_secs_f64(arguments.warmup)?,
            measured: Duration::try_from_secs_f64(arguments.seconds)?,
            rate: arguments.rate,
            pipeline: arguments.pipeline,
            interval: Duration::from_millis(arguments.interval_ms),
            patience: Duration::from_millis(arguments.patience_ms),
            pids: arguments.pid,
        })
        .await?;
    match arguments.json {
        true => println!("{}", serde_json::to_string(&report)?),
        false => println!("{report}"),
    }
    Ok(())
}
