//! A plugin on a running server: how long from its upload to its first answer, and how much it can disturb its neighbours.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};
use relevo_testbed::graph::{FakeGraph, GraphOptions};
use relevo_testbed::http::{Client, Target};
use relevo_testbed::webhook::{Customer, Ids, Sender, WebhookBuilder};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(5);

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
    /// Somebody who may upload plugins.
    #[arg(long)]
    email: String,
    #[arg(long)]
    password: String,
    /// The number of the service point that is written to; the plugin is asked first there.
    #[arg(long)]
    phone_number_id: String,
    /// What is uploaded.
    #[arg(long)]
    plugin: PathBuf,
}

#[derive(Subcommand)]
enum What {
    /// Prints milliseconds from the upload until it is compiled, and until its first answer is at the provider.
    Answer {
        /// Where the server sends its replies.
        #[arg(long)]
        graph_listen: SocketAddr,
        #[arg(long, default_value = "hola")]
        text: String,
    },
    /// Writes these texts from several customers at once, and has the plugin tried again whenever it was set aside.
    Harm {
        #[arg(long, value_delimiter = ',')]
        texts: Vec<String>,
        #[arg(long, default_value_t = 8)]
        customers: u64,
        #[arg(long)]
        seconds: f64,
    },
}

/// The server's API, as somebody who logged in.
struct Api {
    client: Client,
    token: String,
}

/// What the file says of itself.
struct Named {
    id: String,
    version: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Arguments { server, what } = Arguments::parse();
    let wasm = std::fs::read(&server.plugin).with_context(|| format!("cannot read {}", server.plugin.display()))?;
    let api = Api::log_in(&server).await?;
    let point = api.point_of(&server.phone_number_id).await?;
    match what {
        What::Answer { graph_listen, text } => answer(&server, &api, &point, &wasm, graph_listen, &text).await,
        What::Harm { texts, customers, seconds } => {
            let named = install(&api, &point, &wasm).await?.0;
            harm(&server, &api, &named, &texts, customers, Duration::try_from_secs_f64(seconds)?).await
        }
    }
}

async fn answer(server: &Server, api: &Api, point: &str, wasm: &[u8], listen: SocketAddr, text: &str) -> Result<()> {
    let graph = FakeGraph::start(GraphOptions { listen, ..GraphOptions::default() })?;
    let sender = Sender::new(&format!("{}/webhook", server.url), &server.app_secret)?;
    let customer = Customer::with_number("5491155550000");
    let began = Instant::now();
    let (_, ready) = install(api, point, wasm).await?;
    let payload = WebhookBuilder::new(&Ids::seeded(1), &server.phone_number_id).from(&customer).text(text).build();
    ensure!(sender.post(&payload).await?.status == 200, "the message was not taken");
    let told = tokio::time::timeout(PATIENCE, graph.wait_for(1)).await.context("nobody answered")?;
    let answered = began.elapsed();
    let words = told.first().map(|said| said.text().to_owned()).unwrap_or_default();
    println!("{}", json!({ "ready_ms": millis(ready), "answered_ms": millis(answered), "answer": words }));
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Uploads it, waits until it is compiled, grants all, activates it and puts it first. Returns how long compiling took.
async fn install(api: &Api, point: &str, wasm: &[u8]) -> Result<(Named, Duration)> {
    let began = Instant::now();
    let made = api.ask("POST", "/api/plugins", "application/wasm", wasm).await?;
    let named = Named { id: text(&made, "id")?, version: text(&made, "version")? };
    let at = format!("/api/plugins/{}/versions/{}", named.id, named.version);
    loop {
        let seen = api.ask("GET", &at, "application/json", b"").await?;
        match seen["state"].as_str() {
            Some("ready") => break,
            Some("compiling") if began.elapsed() < PATIENCE => tokio::time::sleep(LOOK).await,
            _ => anyhow::bail!("the server cannot run it: {seen}"),
        }
    }
    let ready = began.elapsed();
    api.json("PUT", &format!("/api/plugins/{}/grants", named.id), &json!({ "version": named.version })).await?;
    api.ask("POST", &format!("{at}/activate"), "application/json", b"").await?;
    api.json("PUT", &format!("/api/service-points/{point}/flow"), &json!({ "plugins": [{ "id": named.id, "config": {} }] })).await?;
    Ok((named, ready))
}

async fn harm(server: &Server, api: &Api, named: &Named, texts: &[String], customers: u64, lasts: Duration) -> Result<()> {
    let sender = Sender::new(&format!("{}/webhook", server.url), &server.app_secret)?;
    let ids = Ids::seeded(2);
    let end = Instant::now() + lasts;
    let (mut written, mut set_aside) = (0_u64, 0_u64);
    while Instant::now() < end {
        for nth in 0..customers {
            // A conversation that went to a person is not asked again: so each message is a customer's first.
            let customer = Customer::with_number(&(5_491_200_000_000 + written).to_string());
            let words = &texts[usize::try_from(nth).unwrap_or(0) % texts.len()];
            let payload = WebhookBuilder::new(&ids, &server.phone_number_id).from(&customer).text(words).build();
            written += u64::from(sender.post(&payload).await?.status == 200);
        }
        let state = api.ask("GET", &format!("/api/plugins/{}", named.id), "application/json", b"").await?;
        if state["state"] == "set_aside" {
            set_aside += 1;
            api.ask("POST", &format!("/api/plugins/{}/try-again", named.id), "application/json", b"").await?;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("{}", json!({ "written": written, "set_aside": set_aside }));
    Ok(())
}

impl Api {
    async fn log_in(server: &Server) -> Result<Self> {
        let mut api = Self { client: Client::new(Target::parse(&server.url)?), token: String::new() };
        let told = api.json("POST", "/api/auth/login", &json!({ "email": server.email, "password": server.password })).await?;
        api.token = text(&told, "token")?;
        Ok(api)
    }

    /// The service point whose channel has this number.
    async fn point_of(&self, number: &str) -> Result<String> {
        let channels = self.ask("GET", "/api/channels", "application/json", b"").await?;
        let found = channels["data"].as_array().into_iter().flatten().find(|channel| channel["phone_number_id"] == number);
        text(found.with_context(|| format!("no channel has the number {number}: {channels}"))?, "service_point_id")
    }

    async fn json(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.ask(method, path, "application/json", body.to_string().as_bytes()).await
    }

    async fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Value> {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("accept", "application/json")];
        if !body.is_empty() {
            headers.push(("content-type", kind));
        }
        if !self.token.is_empty() {
            headers.push(("authorization", &bearer));
        }
        let answer = self.client.send(method, path, &headers, body).await?;
        let said = String::from_utf8_lossy(&answer.body);
        ensure!((200..300).contains(&answer.status), "{method} {path}: {} {said}", answer.status);
        Ok(serde_json::from_str(&said).unwrap_or(Value::Null))
    }
}

fn text(value: &Value, name: &str) -> Result<String> {
    value[name].as_str().map(str::to_owned).with_context(|| format!("the server named no {name}: {value}"))
}
