//! Requests for the routes about a business's own things. What is asked for is refused for its own reasons where it would change what others
//! ask about; that it is not refused for who asks is all that matters here.

use relevo_model::*;
use relevo_store::{AgentPrompt, Difference, Json, PluginVersion, Policy, Product, Replay, SavedTest, Write};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    House,
    walk::{AtPoint, Body, Request},
};

/// Whose things a request is about.
pub struct Ground<'a> {
    pub house: &'a House,
    pub tenant: TenantId,
    pub point: ServicePointId,
}

fn asked(path: String, body: Option<Value>, at_point: AtPoint) -> Option<Request> {
    Some(Request { path, body: body.map(Body::Json), at_point })
}

pub async fn request(ground: &Ground<'_>, method: &Method, path: &str) -> Option<Request> {
    let whole = format!("/api/{path}");
    match (method.as_str(), path) {
        (
            "GET",
            "business" | "service-points" | "channels" | "products" | "policies" | "agent/prompt" | "conversations" | "tickets" | "orders" | "order-statuses"
            | "plugins" | "records",
        ) => asked(whole, None, AtPoint::No),
        ("POST", "business" | "service-points") => asked(whole, Some(json!({ "name": "", "time_zone": "UTC" })), AtPoint::No),
        ("POST", "products") => asked(whole, Some(json!({ "title": "", "price_minor": 1 })), AtPoint::No),
        ("POST", "policies") => asked(whole, Some(json!({ "kind": "refund", "title": "", "text": "" })), AtPoint::No),
        ("POST", "agent/prompt") => asked(whole, Some(json!({ "text": "" })), AtPoint::No),
        ("POST", "plugins") => Some(Request { path: whole, body: Some(Body::Raw("application/wasm", b"no wasm".to_vec())), at_point: AtPoint::No }),
        ("POST", "channels") => asked(whole, Some(json!({ "service_point_id": ground.point, "kind": "linked" })), AtPoint::Hidden),
        ("POST", "wa/create") => asked(whole, Some(json!({ "service_point_id": ground.point, "phone_number_id": "x", "access_token": "x" })), AtPoint::Hidden),
        _ => of_one(ground, method, path).await,
    }
}

/// About one thing, by its id.
async fn of_one(ground: &Ground<'_>, method: &Method, path: &str) -> Option<Request> {
    let (kind, rest) = path.split_once("/{").and_then(|(kind, rest)| Some((kind, rest.split_once('}')?.1)))?;
    let (id, at_point) = match kind {
        "business" | "wa" => (ground.tenant.to_string(), AtPoint::No),
        "service-points" => (ground.point.to_string(), AtPoint::Hidden),
        "channels" => (channel(ground).await, AtPoint::Hidden),
        "conversations" => (conversation(ground).await.to_string(), AtPoint::Hidden),
        "orders" => (order(ground).await, AtPoint::Hidden),
        "tickets" => (ticket(ground).await, AtPoint::Hidden),
        "products" => (product(ground).await, AtPoint::No),
        "policies" => (policy(ground).await, AtPoint::No),
        "agent/prompt" => (prompt(ground).await, AtPoint::No),
        "plugins" => (plugin(ground).await, AtPoint::No),
        // It has no such collection: who may is told that, and nobody else.
        "records" => ("storefront".to_owned(), AtPoint::No),
        _ => return None,
    };
    if (method.as_str(), kind) == ("DELETE", "service-points") {
        // One that is in use stays, for the others to ask about.
        conversation(ground).await;
    }
    if kind == "plugins" && rest.starts_with("/replays") {
        let body = match method.as_str() {
            "POST" => Some(json!({ "version": "1.0.0", "last": 1 })),
            "PUT" => Some(json!({ "verdict": "approved" })),
            _ => None,
        };
        let replay = replay(ground, &id).await;
        let rest = rest.replace("{difference}", &difference(ground, &replay).await).replace("{replay}", &replay);
        return asked(format!("/api/plugins/{id}{rest}"), body, AtPoint::No);
    }
    let body = match (method.as_str(), kind, rest) {
        ("GET", _, "" | "/flow" | "/photo" | "/versions" | "/messages" | "/status" | "/configs" | "/runs") | ("DELETE", _, "" | "/photo" | "/canary") => None,
        ("GET" | "DELETE", "plugins", "/versions/{version}") | ("GET", "plugins", "/runs/versions" | "/failures" | "/counters") => None,
        ("GET" | "DELETE", "records", _) => None,
        ("POST" | "PUT", "records", _) => Some(json!({ "value": {} })),
        ("PUT", "plugins", "/grants") => Some(json!({ "version": "0.0.0" })),
        ("POST", "plugins", _) => Some(json!({})),
        ("PUT", "plugins", "/canary") => Some(json!({ "version": "0.0.0", "percent": 7 })),
        ("PUT", "plugins", "/config") => Some(json!({ "config": 7 })),
        ("PUT", "plugins", "/state") => Some(json!({ "state": "on" })),
        ("PUT", "plugins", "/rule") => Some(json!({ "requires_replay": false })),
        ("PUT", "business", "") => Some(json!({ "name": "" })),
        ("PUT", "business", "/openai") => Some(json!({ "model": "a b" })),
        ("PUT", "business", "/bot-toggle") => Some(json!({ "enabled": true })),
        ("POST", "wa", "/send") => Some(json!({ "to": "+54 9 11 5555 9999", "text": "x" })),
        ("PUT", "service-points", "") => Some(json!({ "name": "", "time_zone": "UTC" })),
        ("PUT", "service-points", "/flow") => Some(json!({ "plugins": [{ "id": "nope" }] })),
        ("PUT", "channels", "") => Some(json!({ "access_token": "x" })),
        ("POST", "conversations", "/messages") => Some(json!({ "text": "x" })),
        ("PUT", "conversations", "/status") => Some(json!({ "status": "HUMAN" })),
        ("PUT", "conversations", "/assignee") => Some(json!({ "assignee_id": null })),
        ("PUT", "tickets", "") => Some(json!({ "status": "RESOLVED", "assignee_id": null })),
        ("PUT", "orders", "/status") => Some(json!({ "status": "SHIPPED" })),
        ("PUT", "products", "") => Some(json!({ "title": "", "price_minor": 1 })),
        ("POST", "products", "/photo") => Some(json!({})),
        ("PUT", "products", "/photo") => Some(json!({ "key": "x" })),
        ("PUT", "policies", "") => Some(json!({ "kind": "refund", "title": "x", "text": "x" })),
        ("PUT", "agent/prompt", "") => Some(json!({ "text": "x" })),
        _ => return None,
    };
    let rest = rest.replace("{version}", "1.0.0").replace("{collection}", "notes").replace("{record}", "nope");
    asked(format!("/api/{kind}/{id}{rest}"), body, at_point)
}

async fn write(ground: &Ground<'_>) -> Write {
    ground.house.app().store.cell(&ground.tenant).await.unwrap().write().await.unwrap()
}

/// One that was uploaded and does not answer.
pub async fn plugin(ground: &Ground<'_>) -> String {
    let clock = &ground.house.test.clock;
    let id = format!("walk-{}", clock.id::<EventId>());
    let manifest = json!({ "id": id, "version": "1.0.0", "api": relevo_sandbox::API_VERSION, "title": "x" });
    let version = PluginVersion {
        plugin_id: id.clone(),
        version: "1.0.0".into(),
        digest: "00".repeat(32),
        size: 1,
        manifest: Json(manifest),
        state: VersionState::Refused,
        problem: Some(Json(json!({ "kind": "plugin-gone", "detail": "x" }))),
        media_key: "x".into(),
        uploaded_by: "walk".into(),
        created_at: clock.now(),
        first_activated_at: None,
    };
    let mut write = write(ground).await;
    write.add_plugin(&id, clock.now()).await.unwrap();
    write.add_plugin_version(&version).await.unwrap();
    write.commit().await.unwrap();
    id
}

pub async fn channel(ground: &Ground<'_>) -> String {
    let clock = &ground.house.test.clock;
    let mut write = write(ground).await;
    let point = write.service_points().find(&ground.point).await.unwrap().unwrap();
    let channel = relevo::tenants::add_simulator(&mut write, clock, &point).await.unwrap();
    write.commit().await.unwrap();
    channel.id.to_string()
}

/// Whose customer wrote too long ago to be written to.
pub async fn conversation(ground: &Ground<'_>) -> ConversationId {
    let clock = &ground.house.test.clock;
    let (id, customer, channel, now) = (clock.id::<ConversationId>(), clock.id::<CustomerId>(), clock.id::<ChannelId>(), clock.now());
    let rows = format!(
        "INSERT INTO customers (id, attributes, created_at) VALUES ('{customer}', '{{}}', {now}); \
         INSERT INTO conversations (id, service_point_id, channel_id, customer_id, peer_kind, peer, labels, last_message_at, created_at) \
         VALUES ('{id}', '{}', '{channel}', '{customer}', 'sim', '1', '[]', {now}, {now})",
        ground.point
    );
    ground.house.test.place.execute(Some(&ground.tenant), &rows).await;
    id
}

pub async fn order(ground: &Ground<'_>) -> String {
    let conversation = conversation(ground).await;
    let id: OrderId = ground.house.test.clock.id();
    let row = format!(
        "INSERT INTO orders (id, code, service_point_id, conversation_id, customer_id, status, total_minor, currency, address, is_test, created_at) \
         VALUES ('{id}', '{id}', '{}', '{conversation}', '{conversation}', 'NEW', 1, 'ARS', '{{}}', FALSE, 1)",
        ground.point
    );
    ground.house.test.place.execute(Some(&ground.tenant), &row).await;
    id.to_string()
}

pub async fn ticket(ground: &Ground<'_>) -> String {
    let conversation = conversation(ground).await;
    let id: TicketId = ground.house.test.clock.id();
    let row = format!(
        "INSERT INTO tickets (id, code, conversation_id, customer_id, service_point_id, plugin_id, title, body, priority, status, is_test, created_at, updated_at) \
         VALUES ('{id}', '{id}', '{conversation}', '{conversation}', '{}', 'probe', 'x', 'x', 'high', 'NEW', FALSE, 1, 1)",
        ground.point
    );
    ground.house.test.place.execute(Some(&ground.tenant), &row).await;
    id.to_string()
}

pub async fn product(ground: &Ground<'_>) -> String {
    let clock = &ground.house.test.clock;
    let id: ProductId = clock.id();
    let product = Product {
        id,
        sku: id.to_string(),
        title: "x".into(),
        description: String::new(),
        price_minor: 1,
        currency: "ARS".into(),
        image: None,
        active: true,
        stock: None,
        popularity: 0,
        version: 1,
        created_at: clock.now(),
    };
    let mut write = write(ground).await;
    write.add_product(&product).await.unwrap();
    write.commit().await.unwrap();
    id.to_string()
}

pub async fn policy(ground: &Ground<'_>) -> String {
    let clock = &ground.house.test.clock;
    let (kind, title, text, now) = ("refund".into(), "x".into(), "x".into(), clock.now());
    let policy = Policy { id: clock.id(), kind, title, text, active: true, version: 1, created_at: now, updated_at: now };
    let mut write = write(ground).await;
    write.add_policy(&policy, "walk").await.unwrap();
    write.commit().await.unwrap();
    policy.id.to_string()
}

pub async fn prompt(ground: &Ground<'_>) -> String {
    let clock = &ground.house.test.clock;
    let mut write = write(ground).await;
    let version = write.agent_prompts().active().await.unwrap().map_or(1, |active| active.version + 1);
    let prompt = AgentPrompt { id: clock.id(), version, text: "x".into(), active: true, created_by: "walk".into(), created_at: clock.now() };
    write.add_agent_prompt(&prompt).await.unwrap();
    write.commit().await.unwrap();
    prompt.id.to_string()
}

/// One that is over.
pub async fn replay(ground: &Ground<'_>, plugin: &str) -> String {
    let clock = &ground.house.test.clock;
    let now = clock.now();
    let replay = Replay {
        id: clock.id(),
        plugin_id: plugin.to_owned(),
        version: "1.0.0".into(),
        digest: "00".into(),
        state: ReplayState::Done,
        conversations: 1,
        turns: 1,
        done: 1,
        skipped: 0,
        started_by: "walk".into(),
        created_at: now,
        updated_at: now,
    };
    let mut write = write(ground).await;
    write.add_replay(&replay).await.unwrap();
    write.commit().await.unwrap();
    replay.id.to_string()
}

pub async fn difference(ground: &Ground<'_>, replay: &str) -> String {
    let clock = &ground.house.test.clock;
    let cell = ground.house.app().store.cell(&ground.tenant).await.unwrap();
    let id: DifferenceId = clock.id();
    let row = Difference {
        id,
        replay_id: replay.parse().unwrap(),
        turn_id: clock.id(),
        conversation_id: clock.id(),
        kind: DifferenceKind::Said,
        sealed: Difference::seal(&cell, &id, br#"{"kind":"said","before":[],"after":[]}"#),
        verdict: Verdict::Pending,
        judged_by: None,
        judged_at: None,
    };
    let mut write = write(ground).await;
    write.add_differences(&[row]).await.unwrap();
    write.commit().await.unwrap();
    id.to_string()
}

pub async fn saved_test(ground: &Ground<'_>, plugin: &str) -> String {
    let clock = &ground.house.test.clock;
    let (name, script, created_by) = ("x".into(), "name = \"x\"".into(), "walk".into());
    let test = SavedTest { id: clock.id(), plugin_id: plugin.to_owned(), name, script, created_by, created_at: clock.now() };
    let mut write = write(ground).await;
    write.add_saved_test(&test).await.unwrap();
    write.commit().await.unwrap();
    test.id.to_string()
}

/// One that ran, and was not kept.
pub async fn turn(ground: &Ground<'_>) -> String {
    let clock = &ground.house.test.clock;
    let (conversation, id, now) = (conversation(ground).await, clock.id::<TurnId>(), clock.now());
    let event = serde_json::to_string(&TurnEvent::ReturnedToBot { agent: None, reason: "walk".into() }).unwrap();
    let rows = format!(
        "INSERT INTO turns (id, conversation_id, seq, epoch, event, state, attempts, not_before, created_at, finished_at) \
         VALUES ('{id}', '{conversation}', 1, 0, '{event}', 'done', 0, {now}, {now}, {now}); \
         INSERT INTO turn_journal (turn_id, conversation_id, sealed, replayable, created_at) VALUES ('{id}', '{conversation}', NULL, FALSE, {now})"
    );
    ground.house.test.place.execute(Some(&ground.tenant), &rows).await;
    id.to_string()
}
