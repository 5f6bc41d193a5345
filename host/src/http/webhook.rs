//! `/webhook`: one address for all tenants. Nothing is believed before the secret of its own channel has verified the whole body, and nothing
//! is acknowledged before it is committed.

use std::{collections::HashMap, sync::Arc, time::Instant};

use axum::{
    body::Bytes,
    extract::{Query, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
};
use relevo_model::{ChannelId, Incoming};
use relevo_store::Route;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::{
    app::App,
    channels::cloud_api::{
        envelope::{self, Change, Malformed},
        inbound, signature,
    },
    conversation::{business::Business, layout::Line},
    telemetry::WebhookOutcome as Outcome,
};

#[derive(Deserialize)]
pub struct Verification {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// Meta asks whether this address is ours.
pub async fn verify(State(app): State<App>, Query(asked): Query<Verification>) -> (StatusCode, String) {
    let expected = app.webhooks.verify_token.as_deref().unwrap_or_default();
    let matches = !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(asked.token.as_deref().unwrap_or_default().as_bytes()));
    match (asked.mode.as_deref(), matches, asked.challenge) {
        (Some("subscribe"), true, Some(challenge)) => (StatusCode::OK, challenge),
        _ => (StatusCode::FORBIDDEN, "the verify token is not the one in META_VERIFY_TOKEN".into()),
    }
}

type Answer = (StatusCode, &'static str);

pub async fn receive(State(app): State<App>, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> Answer {
    let began = Instant::now();
    let (outcome, answer) = match body {
        Ok(body) => take(&app, &headers, &body).await,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => TOO_LARGE,
        Err(_) => (Outcome::Malformed, (StatusCode::BAD_REQUEST, "the body was cut off")),
    };
    app.meters.webhook(outcome, began.elapsed());
    answer
}

const TOO_LARGE: (Outcome, Answer) = (Outcome::TooLarge, (StatusCode::PAYLOAD_TOO_LARGE, "a webhook has 3 MB at most"));
const UNSIGNED: (Outcome, Answer) = (Outcome::Unsigned, (StatusCode::UNAUTHORIZED, "no valid signature for what this is about"));
const ACCEPTED: (Outcome, Answer) = (Outcome::Accepted, (StatusCode::OK, "ok"));
const UNAVAILABLE: (Outcome, Answer) = (Outcome::Unavailable, (StatusCode::SERVICE_UNAVAILABLE, "cannot store this now; send it again"));

async fn take(app: &App, headers: &HeaderMap, body: &Bytes) -> (Outcome, Answer) {
    let peeked = match envelope::peek(body) {
        Ok(peeked) => peeked,
        Err(Malformed::TooLarge) => return TOO_LARGE,
        Err(why) => {
            tracing::info!(%why, "a webhook that is none was refused");
            return (Outcome::Malformed, (StatusCode::BAD_REQUEST, "this is no webhook of WhatsApp's"));
        }
    };
    let mut vouched = Vouched { app, body, signature: headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok()), known: HashMap::new() };
    let mut batches: HashMap<ChannelId, Batch> = HashMap::new();
    let mut verified = false;
    let now = app.clock.now();
    let mut looked_up = HashMap::new();
    for change in &peeked.changes {
        let address = address_of(change);
        if !looked_up.contains_key(&address) && looked_up.len() == ADDRESSES {
            return (Outcome::Malformed, (StatusCode::BAD_REQUEST, "a webhook is about 100 numbers at most"));
        }
        let found = match find(app, address, &mut looked_up).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a webhook's channel could not be looked up");
                return UNAVAILABLE;
            }
        };
        let Some((business, line)) = found else {
            verified |= vouched.by_platform();
            tracing::info!(field = %change.field, "a change for a number or account that nobody here has was dropped");
            continue;
        };
        if !vouched.by_channel(&line) {
            tracing::warn!(tenant = %business.cell.tenant(), channel = %line.row.id, "a change without a valid signature of its channel was dropped");
            continue;
        }
        verified = true;
        let batch = batches.entry(line.row.id).or_insert_with(|| (business, line, Vec::new()));
        batch.2.extend(inbound::read(change, now));
    }
    if peeked.changes.is_empty() {
        verified = vouched.by_platform();
    }
    if !verified {
        return UNSIGNED;
    }
    for (business, line, incoming) in batches.into_values() {
        if let Err(error) = business.receive(&line, incoming).await {
            tracing::error!(tenant = %business.cell.tenant(), %error, "a webhook could not be stored and was not acknowledged");
            return UNAVAILABLE;
        }
    }
    ACCEPTED
}

/// Numbers that one webhook may name: each is looked up before anything is verified.
const ADDRESSES: usize = 100;

type Address<'a> = (&'static str, &'a str);
type Found = Option<(Arc<Business>, Arc<Line>)>;
/// What one channel is told by one webhook.
type Batch = (Arc<Business>, Arc<Line>, Vec<Incoming>);

/// What a change is about: its number, else its account.
fn address_of<'a>(change: &'a Change<'_>) -> Address<'a> {
    match &change.phone_number_id {
        Some(number) => ("phone_number_id", number.as_ref()),
        None => ("waba_id", change.account.as_ref()),
    }
}

async fn find<'a>(app: &App, address: Address<'a>, looked_up: &mut HashMap<Address<'a>, Found>) -> anyhow::Result<Found> {
    if let Some(found) = looked_up.get(&address) {
        return Ok(found.clone());
    }
    let found = channel_at(app, address).await?;
    looked_up.insert(address, found.clone());
    Ok(found)
}

async fn channel_at(app: &App, address: Address<'_>) -> anyhow::Result<Found> {
    let Some(route) = app.route(address.0, address.1).await? else { return Ok(None) };
    let found = channel_by(app, &route).await?;
    if found.is_some() {
        return Ok(found);
    }
    // The channel was removed, perhaps on another node: its address may be somebody else's now.
    app.forget_route(address.0, address.1).await;
    match app.route(address.0, address.1).await? {
        Some(other) if other.channel_id != route.channel_id => channel_by(app, &other).await,
        _ => Ok(None),
    }
}

async fn channel_by(app: &App, route: &Route) -> anyhow::Result<Found> {
    let business = app.business(&route.tenant_id).await?;
    let mut layout = business.layout();
    if !layout.channels.contains_key(&route.channel_id) {
        layout = business.reload().await?;
    }
    let line = layout.channels.get(&route.channel_id).filter(|line| line.row.removed_at.is_none()).cloned();
    Ok(line.map(|line| (business, line)))
}

/// Whose secret verifies this body; each secret is tried once.
struct Vouched<'a> {
    app: &'a App,
    body: &'a [u8],
    signature: Option<&'a str>,
    known: HashMap<String, bool>,
}

impl Vouched<'_> {
    fn by_channel(&mut self, line: &Line) -> bool {
        match line.app_secret.as_deref() {
            Some(secret) => self.by(secret),
            None => self.by_platform(),
        }
    }

    fn by_platform(&mut self) -> bool {
        match self.app.webhooks.app_secret.clone() {
            Some(secret) => self.by(&secret),
            // Without a secret nothing can be verified, so nothing is believed.
            None => self.signature.is_none() && self.app.webhooks.signature_optional,
        }
    }

    fn by(&mut self, secret: &str) -> bool {
        let Some(signature) = self.signature else { return self.app.webhooks.signature_optional };
        if let Some(known) = self.known.get(secret) {
            return *known;
        }
        let valid = !secret.is_empty() && signature::verify(secret.as_bytes(), self.body, signature);
        self.known.insert(secret.to_owned(), valid);
        valid
    }
}
