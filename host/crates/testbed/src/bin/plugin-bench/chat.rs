//! New customers, who each write once.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use relevo_testbed::graph::{FakeGraph, GraphOptions};
use relevo_testbed::webhook::{Customer, Ids, Sender, WebhookBuilder};

use crate::Server;

/// How long an answer may take. The fake provider's own patience, which ends in a panic, is longer.
const PATIENCE: Duration = Duration::from_secs(9);
const FIRST: u64 = 5_491_155_550_000;

pub struct Chat {
    graph: FakeGraph,
    sender: Sender,
    ids: Ids,
    number: String,
}

impl Chat {
    /// The server sends its replies to `listen`.
    pub fn open(server: &Server, listen: SocketAddr) -> Result<Self> {
        let graph = FakeGraph::start(GraphOptions { listen, ..GraphOptions::default() })?;
        let sender = Sender::new(&format!("{}/webhook", server.url), &server.app_secret)?;
        Ok(Self { graph, sender, ids: Ids::seeded(1), number: server.phone_number_id.clone() })
    }

    /// The nth customer writes; returns the words of the next reply at the provider.
    pub async fn says(&self, nth: usize, text: &str) -> Result<String> {
        let before = self.graph.log().len();
        let customer = Customer::with_number(&(FIRST + nth as u64).to_string());
        let payload = WebhookBuilder::new(&self.ids, &self.number).from(&customer).text(text).build();
        ensure!(self.sender.post(&payload).await?.status == 200, "the message was not taken");
        let told = tokio::time::timeout(PATIENCE, self.graph.wait_until(|log| log.len() > before)).await.context("nobody answered")?;
        Ok(told.get(before).map(|said| said.text().to_owned()).unwrap_or_default())
    }
}
