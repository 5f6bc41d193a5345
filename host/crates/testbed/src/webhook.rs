//! What Meta would post to a webhook, signed, and the one who posts it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::clock;
use crate::graph::GraphError;
use crate::http::{Answer, Client, Target};

/// The value of `X-Hub-Signature-256` for a body.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Message ids that a seed determines; clones draw from the same sequence.
#[derive(Debug, Clone)]
pub struct Ids {
    seed: u64,
    next: Arc<AtomicU64>,
}

impl Ids {
    pub fn seeded(seed: u64) -> Self {
        Self { seed, next: Arc::default() }
    }

    pub fn next_id(&self) -> String {
        let ordinal = self.next.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::digest(format!("inbound {} {ordinal}", self.seed));
        format!("wamid.HBgN{}", hex::encode_upper(&digest[..16]))
    }
}

/// Someone who writes to the business.
#[derive(Debug, Clone)]
pub struct Customer {
    wa_id: Option<String>,
    user_id: Option<String>,
    name: String,
}

impl Customer {
    /// With a phone number, in digits.
    pub fn with_number(wa_id: &str) -> Self {
        Self { wa_id: Some(wa_id.to_owned()), user_id: None, name: "Ana".to_owned() }
    }

    /// With a business-scoped user id and no number.
    pub fn with_user_id(user_id: &str) -> Self {
        Self { wa_id: None, user_id: Some(user_id.to_owned()), name: "Ana".to_owned() }
    }

    pub fn and_user_id(mut self, user_id: &str) -> Self {
        self.user_id = Some(user_id.to_owned());
        self
    }

    pub fn named(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    fn contact(&self) -> Value {
        let mut contact = json!({ "profile": { "name": self.name } });
        if let Some(wa_id) = &self.wa_id {
            contact["wa_id"] = json!(wa_id);
        }
        if let Some(user_id) = &self.user_id {
            contact["user_id"] = json!(user_id);
        }
        contact
    }
}

/// A state that a message of ours has reached.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    Sent,
    Delivered,
    Read,
    Played,
    Failed(GraphError),
}

impl Status {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed(_) => "failed",
        }
    }
}

/// Builds one payload: entries hold changes, a change holds messages and statuses of one number.
#[derive(Debug, Clone)]
pub struct WebhookBuilder {
    ids: Ids,
    at: u64,
    customer: Customer,
    number: String,
    entries: Vec<Value>,
    made: Vec<String>,
}

impl WebhookBuilder {
    /// Begins a payload for one number of the business, as a customer `5491155550001`, now.
    pub fn new(ids: &Ids, phone_number_id: &str) -> Self {
        let builder = Self {
            ids: ids.clone(),
            at: clock::wall_ms() / 1000,
            customer: Customer::with_number("5491155550001"),
            number: phone_number_id.to_owned(),
            entries: Vec::new(),
            made: Vec::new(),
        };
        builder.entry("waba-1")
    }

    /// What follows stands in a further entry.
    pub fn entry(mut self, account: &str) -> Self {
        self.entries.retain(|entry| entry["changes"].as_array().is_some_and(|changes| !changes.is_empty()));
        self.entries.push(json!({ "id": account, "changes": [] }));
        self
    }

    /// What follows stands in a further change, for this number.
    pub fn number(mut self, phone_number_id: &str) -> Self {
        self.number = phone_number_id.to_owned();
        self.open("messages");
        self
    }

    /// Who writes what follows.
    pub fn from(mut self, customer: &Customer) -> Self {
        self.customer = customer.clone();
        self
    }

    /// The stamp of what follows, in seconds since 1970.
    pub fn at(mut self, seconds: u64) -> Self {
        self.at = seconds;
        self
    }

    pub fn text(self, body: &str) -> Self {
        self.message("text", json!({ "body": body }))
    }

    pub fn button_reply(self, id: &str, title: &str) -> Self {
        let reply = json!({ "type": "button_reply", "button_reply": { "id": id, "title": title } });
        self.message("interactive", reply)
    }

    pub fn list_reply(self, id: &str, title: &str) -> Self {
        let reply = json!({ "type": "list_reply", "list_reply": { "id": id, "title": title, "description": "" } });
        self.message("interactive", reply)
    }

    /// An image that [`crate::graph::FakeGraph::add_media`] holds.
    pub fn image(self, media_id: &str, caption: Option<&str>) -> Self {
        let mut image = json!({ "mime_type": "image/jpeg", "sha256": "4654+8g=", "id": media_id });
        if let Some(caption) = caption {
            image["caption"] = json!(caption);
        }
        self.message("image", image)
    }

    pub fn location(self, latitude: f64, longitude: f64) -> Self {
        self.message("location", json!({ "latitude": latitude, "longitude": longitude }))
    }

    /// A reaction; an empty emoji takes it back.
    pub fn reaction(self, message_id: &str, emoji: &str) -> Self {
        self.message("reaction", json!({ "message_id": message_id, "emoji": emoji }))
    }

    /// Any type, known or not.
    pub fn message(mut self, kind: &str, content: Value) -> Self {
        let id = self.ids.next_id();
        let mut message = json!({ "id": id, "timestamp": self.at.to_string(), "type": kind });
        message[kind] = content;
        if let Some(wa_id) = &self.customer.wa_id {
            message["from"] = json!(wa_id);
        }
        if let Some(user_id) = &self.customer.user_id {
            message["from_user_id"] = json!(user_id);
        }
        let contact = self.customer.contact();
        let value = self.value("messages");
        push(value, "messages", message);
        if !value["contacts"].as_array().is_some_and(|contacts| contacts.contains(&contact)) {
            push(value, "contacts", contact);
        }
        self.made.push(id);
        self
    }

    /// The message before this call quotes another.
    pub fn quoting(mut self, message_id: &str) -> Self {
        let from = self.number.clone();
        if let Some(message) = self.last_message() {
            message["context"] = json!({ "from": from, "id": message_id });
        }
        self
    }

    /// The message before this call gets this id, as when Meta delivers it again.
    pub fn with_id(mut self, id: &str) -> Self {
        if let Some(message) = self.last_message() {
            message["id"] = json!(id);
        }
        if let Some(last) = self.made.last_mut() {
            *last = id.to_owned();
        }
        self
    }

    /// A state of a message of ours, with the opaque data that it was sent with.
    pub fn status(mut self, wamid: &str, to: &str, status: &Status, data: Option<&str>) -> Self {
        let mut entry = json!({
            "id": wamid, "status": status.name(), "timestamp": self.at.to_string(), "recipient_id": to,
        });
        if let Some(data) = data {
            entry["biz_opaque_callback_data"] = json!(data);
        }
        match status {
            Status::Failed(error) => entry["errors"] = json!([error.in_status()]),
            _ => {
                entry["conversation"] = json!({ "id": "7270432eae37498234f4444b35ffc5", "origin": { "type": "service" } });
                entry["pricing"] = json!({ "billable": false, "pricing_model": "PMP", "category": "service" });
            }
        }
        push(self.value("messages"), "statuses", entry);
        self
    }

    /// What the business typed on its own phone to the current customer.
    pub fn echo(mut self, text: &str) -> Self {
        let id = self.ids.next_id();
        let mut message = json!({
            "from": display_number(&self.number), "id": id, "timestamp": self.at.to_string(),
            "type": "text", "text": { "body": text },
        });
        if let Some(wa_id) = &self.customer.wa_id {
            message["to"] = json!(wa_id);
        }
        if let Some(user_id) = &self.customer.user_id {
            message["to_user_id"] = json!(user_id);
        }
        push(self.value("smb_message_echoes"), "message_echoes", message);
        self.made.push(id);
        self
    }

    /// A change of any field, as it is.
    pub fn change(mut self, field: &str, value: Value) -> Self {
        let change = json!({ "field": field, "value": value });
        if let Some(entry) = self.entries.last_mut() {
            push(entry, "changes", change);
        }
        self
    }

    pub fn build(self) -> Payload {
        let body = json!({ "object": "whatsapp_business_account", "entry": self.entries });
        Payload { body: body.to_string().into_bytes(), ids: self.made }
    }

    fn value(&mut self, field: &str) -> &mut Value {
        let fits = |change: &Value| change["field"] == field && change["value"]["metadata"]["phone_number_id"] == self.number;
        let last = self.entries.last().and_then(|entry| entry["changes"].as_array()?.last());
        if !last.is_some_and(fits) {
            self.open(field);
        }
        self.last_value().expect("a change was just opened")
    }

    fn open(&mut self, field: &str) {
        let change = json!({ "field": field, "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": display_number(&self.number), "phone_number_id": self.number },
        }});
        if let Some(entry) = self.entries.last_mut() {
            push(entry, "changes", change);
        }
    }

    fn last_value(&mut self) -> Option<&mut Value> {
        self.entries.last_mut()?["changes"].as_array_mut()?.last_mut()?.get_mut("value")
    }

    fn last_message(&mut self) -> Option<&mut Value> {
        let value = self.last_value()?;
        let list = if value["message_echoes"].is_array() { "message_echoes" } else { "messages" };
        value[list].as_array_mut()?.last_mut()
    }
}

/// The number that the fakes show for a phone_number_id.
pub fn display_number(phone_number_id: &str) -> String {
    let tail = phone_number_id.len().saturating_sub(4);
    format!("549115555{}", &phone_number_id[tail..])
}

fn push(value: &mut Value, list: &str, item: Value) {
    if !value[list].is_array() {
        value[list] = json!([]);
    }
    if let Some(items) = value[list].as_array_mut() {
        items.push(item);
    }
}

/// A webhook's body and the ids of the messages in it, in order.
#[derive(Debug, Clone)]
pub struct Payload {
    pub body: Vec<u8>,
    pub ids: Vec<String>,
}

impl Payload {
    pub fn signature(&self, secret: &str) -> String {
        sign(secret, &self.body)
    }
}

/// Posts to one webhook over kept connections; never tries again by itself.
#[derive(Debug)]
pub struct Sender {
    client: Client,
    secret: String,
}

impl Sender {
    /// Takes the whole address of the webhook, `http://` only.
    pub fn new(url: &str, secret: &str) -> io::Result<Self> {
        Ok(Self { client: Client::new(Target::parse(url)?), secret: secret.to_owned() })
    }

    /// Posts a payload with its signature.
    pub async fn post(&self, payload: &Payload) -> io::Result<Answer> {
        self.post_raw(&payload.body, Some(&payload.signature(&self.secret))).await
    }

    /// Posts any bytes with any signature, or none.
    pub async fn post_raw(&self, body: &[u8], signature: Option<&str>) -> io::Result<Answer> {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(signature.map(|signature| ("x-hub-signature-256", signature)));
        let path = self.client.target().path.clone();
        self.client.send("POST", &path, &headers, body).await
    }

    /// As Meta does: again until a 200 comes or the patience ends. Returns whether it came.
    pub async fn post_until_taken(&self, payload: &Payload, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        let mut pause = Duration::from_millis(20);
        loop {
            if matches!(self.post(payload).await, Ok(answer) if answer.status == 200) {
                return true;
            }
            if Instant::now() + pause > end {
                return false;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }
}
