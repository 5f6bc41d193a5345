//! A plugin that does harm.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use relevo_testbed::webhook::{Customer, Ids, Sender, WebhookBuilder};
use serde_json::json;

use crate::Server;
use crate::api::Api;

const PAUSE: Duration = Duration::from_millis(100);
const FIRST: u64 = 5_491_200_000_000;
/// Customers of one run at most.
const OF_A_RUN: u64 = 1_000_000;

#[derive(Args)]
pub struct Harm {
    #[arg(long)]
    plugin: PathBuf,
    #[arg(long, value_delimiter = ',', required = true)]
    texts: Vec<String>,
    /// Who write one after the other, ten times a second.
    #[arg(long, default_value_t = 8)]
    customers: u64,
    #[arg(long)]
    seconds: f64,
    /// Tells runs on the same server apart: each has customers and messages of its own.
    #[arg(long, default_value_t = 0)]
    run: u64,
}

impl Harm {
    /// Prints how many harmful messages were taken in, and how often the plugin was set aside.
    pub async fn run(&self, server: &Server, api: &Api, point: &str) -> Result<()> {
        let (named, _) = api.install(point, &crate::read(&self.plugin)?).await?;
        let sender = Sender::new(&format!("{}/webhook", server.url), &server.app_secret)?;
        let ids = Ids::seeded(2 + self.run);
        let end = Instant::now() + Duration::try_from_secs_f64(self.seconds)?;
        let (mut written, mut set_aside) = (0_u64, 0_u64);
        while Instant::now() < end {
            for nth in 0..self.customers {
                // A conversation that went to a person is not asked again: so each message is a customer's first.
                let customer = Customer::with_number(&(FIRST + self.run * OF_A_RUN + written).to_string());
                let words = &self.texts[usize::try_from(nth).unwrap_or(0) % self.texts.len()];
                let payload = WebhookBuilder::new(&ids, &server.phone_number_id).from(&customer).text(words).build();
                written += u64::from(sender.post(&payload).await?.status == 200);
            }
            let state = api.get(&format!("/api/plugins/{}", named.id)).await?;
            if state["state"] == "set_aside" {
                set_aside += 1;
                api.post(&format!("/api/plugins/{}/try-again", named.id)).await?;
            }
            tokio::time::sleep(PAUSE).await;
        }
        println!("{}", json!({ "written": written, "set_aside": set_aside }));
        Ok(())
    }
}
