//! A plugin on a running server: how long from its upload to its first answer, what it keeps in memory, what a change of its version does to
//! those who write, and how much it can disturb its neighbours. Each prints one line of JSON.

mod api;
mod chat;
mod harm;
mod idle;
mod swap;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use serde_json::json;

use api::{Api, text};
use chat::Chat;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    what: What,
}

#[derive(Args)]
struct Server {
    /// Where it listens.
    #[arg(long)]
    url: String,
    #[arg(long)]
    app_secret: String,
    /// Somebody who may upload plugins and make keys.
    #[arg(long)]
    email: String,
    #[arg(long)]
    password: String,
    /// The number of the service point that is written to; a plugin that is measured is asked first there.
    #[arg(long)]
    phone_number_id: String,
}

#[derive(Subcommand)]
enum What {
    /// Prints the id of the service point, and a key by which a program may install plugins there.
    Key,
    /// Writes once as a new customer, and prints milliseconds until the answer is at the provider.
    Ask(Question),
    /// Prints milliseconds from the upload until it is compiled, and until its first answer is at the provider.
    Answer {
        #[arg(long)]
        plugin: PathBuf,
        #[command(flatten)]
        question: Question,
    },
    /// Prints the server's memory before, with so many plugins uploaded and activated, and once each is attached and has answered.
    Idle(idle::Idle),
    /// Activates one of two versions and takes it back again and again while customers write, and prints how they were answered.
    Swap(swap::Swap),
    /// Writes texts that do harm from several customers at once, and has the plugin tried again whenever it was set aside.
    Harm(harm::Harm),
}

#[derive(Args)]
struct Question {
    /// Where the server sends its replies.
    #[arg(long)]
    graph_listen: SocketAddr,
    #[arg(long, default_value = "hola")]
    text: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Arguments { server, what } = Arguments::parse();
    let api = Api::log_in(&server).await?;
    let point = api.point_of(&server.phone_number_id).await?;
    match what {
        What::Key => key(&api, &point).await,
        What::Ask(question) => ask(&server, &question).await,
        What::Answer { plugin, question } => answer(&server, &api, &point, &read(&plugin)?, &question).await,
        What::Idle(idle) => idle.measure(&server, &api, &point).await,
        What::Swap(swap) => swap.measure(&server, &api, &point).await,
        What::Harm(harm) => harm.run(&server, &api, &point).await,
    }
}

async fn key(api: &Api, point: &str) -> Result<()> {
    let plan = json!({ "name": "bench", "scopes": ["upload-plugins", "configure-flows", "see-business"], "service_points": "all" });
    let made = api.json("POST", "/api/keys", &plan).await?;
    println!("{}", json!({ "key": text(&made, "key")?, "service_point": point }));
    Ok(())
}

async fn ask(server: &Server, question: &Question) -> Result<()> {
    let chat = Chat::open(server, question.graph_listen)?;
    let began = Instant::now();
    let answer = chat.says(0, &question.text).await?;
    println!("{}", json!({ "answered_ms": millis(began.elapsed()), "answer": answer }));
    Ok(())
}

async fn answer(server: &Server, api: &Api, point: &str, wasm: &[u8], question: &Question) -> Result<()> {
    let chat = Chat::open(server, question.graph_listen)?;
    let began = Instant::now();
    let (_, ready) = api.install(point, wasm).await?;
    let answer = chat.says(0, &question.text).await?;
    println!("{}", json!({ "ready_ms": millis(ready), "answered_ms": millis(began.elapsed()), "answer": answer }));
    Ok(())
}

fn read(plugin: &Path) -> Result<Vec<u8>> {
    std::fs::read(plugin).with_context(|| format!("cannot read {}", plugin.display()))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
