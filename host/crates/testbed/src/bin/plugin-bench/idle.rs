//! What a plugin keeps in memory that nobody writes to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use relevo_testbed::load::{Memory, memory};
use relevo_testbed::package::renamed;
use serde_json::json;

use crate::Server;
use crate::api::Api;
use crate::chat::Chat;

const VERSION: &str = "1.0.0";
const HELLO: &str = "hola";

#[derive(Args)]
pub struct Idle {
    /// What is uploaded, each time under another name; it answers a greeting.
    #[arg(long)]
    plugin: PathBuf,
    /// Where the server sends its replies.
    #[arg(long)]
    graph_listen: SocketAddr,
    /// The server's process.
    #[arg(long)]
    pid: u32,
    /// How many plugins; a service point has no more than 20.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=20))]
    count: u16,
    /// Seconds of rest before memory is looked at.
    #[arg(long, default_value_t = 5.0)]
    rest: f64,
}

impl Idle {
    /// One more plugin comes and goes first, so that what is paid once for all of them is in the memory before.
    pub async fn measure(&self, server: &Server, api: &Api, point: &str) -> Result<()> {
        let wasm = crate::read(&self.plugin)?;
        let chat = Chat::open(server, self.graph_listen)?;
        let others = api.chain(point).await?;
        api.install(point, &renamed(&wasm, "bench-warm", VERSION)?).await?;
        chat.says(0, HELLO).await?;
        api.attach(point, &others.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        let before = self.after_rest().await?;

        let mut ids = Vec::new();
        for nth in 1..=self.count {
            let named = api.upload(&renamed(&wasm, &format!("bench-idle-{nth}"), VERSION)?).await?;
            api.grant(&named).await?;
            api.activate(&named).await?;
            ids.push(named.id);
        }
        let unattached = self.after_rest().await?;

        for end in 1..=ids.len() {
            // The newest is asked first and answers; the others stay in the chain, and so in memory.
            let chain: Vec<&str> = ids[..end].iter().rev().map(String::as_str).collect();
            api.attach(point, &chain).await?;
            chat.says(end, HELLO).await?;
        }
        let attached = self.after_rest().await?;
        println!("{}", json!({ "count": self.count, "before": before, "unattached": unattached, "attached": attached }));
        Ok(())
    }

    async fn after_rest(&self) -> Result<Memory> {
        tokio::time::sleep(Duration::try_from_secs_f64(self.rest)?).await;
        memory(self.pid).with_context(|| format!("nothing is known of the process {}", self.pid))
    }
}
