//! Changes of a plugin's version while customers write.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use relevo_testbed::load::{Load, LoadOptions};
use relevo_testbed::package::renamed;
use serde_json::json;
use tokio::time::MissedTickBehavior;

use crate::api::{Api, Named};
use crate::{Server, millis};

const ID: &str = "bench-swap";
const VERSIONS: [&str; 2] = ["1.0.0", "2.0.0"];
/// The server keeps how plugins ran every five seconds.
const KEPT: Duration = Duration::from_secs(8);

#[derive(Args)]
pub struct Swap {
    /// What is uploaded as two versions of one plugin.
    #[arg(long)]
    plugin: PathBuf,
    /// Where the server sends its replies.
    #[arg(long)]
    graph_listen: SocketAddr,
    /// Customers who write at once.
    #[arg(long, default_value_t = 32)]
    customers: usize,
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// What they write, each as soon as they are answered.
    #[arg(long, default_value = "menu")]
    text: String,
    /// So many numbered messages in a row instead, 3 ms apart, to a flow that echoes: whose order is looked at.
    #[arg(long, default_value_t = 0)]
    pipeline: usize,
    /// Milliseconds from one change to the next.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    every_ms: u64,
}

/// The changes so far.
#[derive(Default)]
struct Changes {
    count: u64,
    slowest: Duration,
}

impl Swap {
    /// Prints what the load generator reports, the changes, and the turns that each version answered and failed.
    pub async fn measure(&self, server: &Server, api: &Api, point: &str) -> Result<()> {
        let wasm = crate::read(&self.plugin)?;
        let [first, second] = VERSIONS;
        api.install(point, &renamed(&wasm, ID, first)?).await?;
        let other = api.upload(&renamed(&wasm, ID, second)?).await?;

        let load = Load::bind(Some(self.graph_listen)).await?;
        let (options, every) = (self.options(server)?, Duration::from_millis(self.every_ms));
        let mut changes = Changes::default();
        let report = tokio::select! {
            report = load.run(options) => report?,
            error = changes.go_on(api, &other, every) => return Err(error),
        };

        tokio::time::sleep(KEPT).await;
        let runs = api.get(&format!("/api/plugins/{ID}/runs")).await?;
        let turns = |version: &str, how: &str| -> i64 {
            let hours = runs.as_array().into_iter().flatten().filter(|hour| hour["version"] == version);
            hours.filter_map(|hour| hour[how].as_i64()).sum()
        };
        let told = json!({
            "load": report,
            "changes": changes.count,
            "slowest_change_ms": millis(changes.slowest),
            "answered": [turns(first, "handled"), turns(second, "handled")],
            "failed": turns(first, "failed") + turns(second, "failed"),
        });
        println!("{told}");
        Ok(())
    }

    fn options(&self, server: &Server) -> Result<LoadOptions> {
        Ok(LoadOptions {
            target: format!("{}/webhook", server.url),
            app_secret: server.app_secret.clone(),
            phone_number_ids: vec![server.phone_number_id.clone()],
            customers: self.customers,
            text: self.text.clone(),
            measured: Duration::try_from_secs_f64(self.seconds)?,
            pipeline: self.pipeline,
            ..LoadOptions::default()
        })
    }
}

impl Changes {
    /// Activates the other version and takes it back in turn, until it is dropped; ends with what went wrong.
    async fn go_on(&mut self, api: &Api, other: &Named, every: Duration) -> anyhow::Error {
        let rollback = format!("/api/plugins/{}/rollback", other.id);
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let began = Instant::now();
            let changed = if self.count.is_multiple_of(2) { api.activate(other).await } else { api.post(&rollback).await.map(drop) };
            if let Err(error) = changed {
                return error;
            }
            self.count += 1;
            self.slowest = self.slowest.max(began.elapsed());
        }
    }
}
