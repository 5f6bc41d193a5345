//! Calls to the outside: the intent is committed before, the answer after; a turn that runs again does not call again.

use std::time::Duration;

use async_trait::async_trait;
use relevo_sandbox::{
    Fault, Http,
    api::{
        http::{Request, Response},
        types::Failure,
    },
};
use relevo_store::keys;
use sha2::{Digest, Sha256};

use super::{
    capabilities::{FlowHost, broken},
    secrets::Secrets,
};
use crate::egress;

/// Bytes of an answer.
const ANSWER: usize = 1 << 20;

#[async_trait]
impl Http for FlowHost {
    async fn send(&mut self, request: Request) -> Result<Response, Fault> {
        let hash = self.hash(&request);
        let occurrence = self.occurrences.entry(hash.clone()).or_insert(0);
        *occurrence += 1;
        let occurrence = *occurrence;
        let turn = self.turn;
        let row = format!("{turn}:{hash}:{occurrence}");
        let place = keys::Place { table: "outside_calls", column: "answer", row: &row };

        let recorded = self.cell.read().await.map_err(broken)?.outside_call(&turn, &hash, occurrence).await.map_err(broken)?;
        if let Some(Some(sealed)) = recorded {
            let plain = self.cell.unseal(place, &sealed).map_err(broken)?;
            let answer: Result<Response, Failure> = serde_json::from_slice(&plain).map_err(broken)?;
            return Ok(answer?);
        }
        let mut write = self.cell.write().await.map_err(broken)?;
        write.as_owner().await.map_err(broken)?;
        write.intend_call(&turn, &hash, occurrence, self.now).await.map_err(broken)?;
        write.commit().await.map_err(broken)?;

        let secrets = self.secrets().await?;
        let answer = self.call(request, &secrets, &hash, occurrence).await;
        // What passes by itself is not recorded: the next attempt is to find out anew.
        if !matches!(answer, Err(Failure::Unavailable(_) | Failure::TimedOut)) {
            let plain = serde_json::to_vec(&answer).map_err(broken)?;
            let mut write = self.cell.write().await.map_err(broken)?;
            write.answer_call(&turn, &hash, occurrence, &self.cell.seal(place, &plain)).await.map_err(broken)?;
            write.commit().await.map_err(broken)?;
        }
        Ok(answer?)
    }
}

impl FlowHost {
    /// The same request of the same plugin, and nothing else, has this hash; it is also the idempotency key.
    fn hash(&self, request: &Request) -> String {
        let mut digest = Sha256::new_with_prefix(self.plugin_id());
        for part in [request.method.as_bytes(), request.url.as_bytes(), request.body.as_deref().unwrap_or_default()] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        for (name, value) in &request.headers {
            digest.update([0]);
            digest.update(name);
            digest.update([0]);
            digest.update(value);
        }
        hex::encode(&digest.finalize()[..16])
    }

    /// Nothing of what goes out with secrets in it is kept, told or logged; what comes back is without them.
    async fn call(&self, request: Request, secrets: &Secrets, hash: &str, occurrence: i64) -> Result<Response, Failure> {
        let mut headers = request.headers;
        headers.push(("idempotency-key".into(), format!("{}-{hash}-{occurrence}", self.turn)));
        let mut asked = egress::Request {
            method: request.method,
            url: request.url,
            headers,
            body: request.body.unwrap_or_default(),
            timeout: Duration::from_millis(u64::from(request.timeout_ms)),
            max_response: ANSWER,
        };
        secrets.fill(&mut asked)?;
        let allowed = |method: &str, host: &str, port| self.manifest.allows_http(method, host, port) && self.grants.allows_http(method, host, port);
        match self.egress.send(asked, allowed).await {
            Ok(mut answer) => {
                secrets.mask(&mut answer);
                Ok(Response { status: answer.status, headers: answer.headers, body: answer.body })
            }
            Err(refusal) => Err(failure(refusal)),
        }
    }
}

fn failure(refusal: egress::Refusal) -> Failure {
    use egress::Refusal;
    match refusal {
        Refusal::TimedOut(_) => Failure::TimedOut,
        Refusal::Unreachable { .. } | Refusal::Broken { .. } => Failure::Unavailable(None),
        Refusal::TooLarge(_) => Failure::OverQuota(refusal.to_string()),
        Refusal::NotAllowed { .. } | Refusal::Private(_) | Refusal::Plain(_) => Failure::Denied(refusal.to_string()),
        other => Failure::Invalid(other.to_string()),
    }
}
