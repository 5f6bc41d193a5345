//! A flow that does what a test tells it to: the first word of a message is a command, what follows are its arguments.
//! With `{"only": "a:"}` in its configuration it hears what begins so, and passes on the rest.

use std::hint::black_box;

use relevo_plugin::{Event, Failure, Flow, Inbound, Outcome, Query, Reply, Turn, flow, http::Request, kv::Scope};
use serde_json::{Value, json};

pub struct Probe;

impl Flow for Probe {
    fn handle(turn: &Turn, event: Event) -> Result<Outcome, Failure> {
        match event {
            Event::Messages(messages) => {
                let text = messages.iter().filter_map(Inbound::words).collect::<Vec<_>>().join("|");
                let config: Value = turn.config()?;
                match text.strip_prefix(config["only"].as_str().unwrap_or_default()) {
                    Some(text) => hear(turn, text),
                    None => Ok(Outcome::pass()),
                }
            }
            Event::Timer(timer) => Ok(Reply::new().text(format!("timer {}", timer.name)).done()),
            Event::ReturnedToBot(_) => Ok(Reply::new().text("returned").done()),
            _ => Ok(Outcome::pass()),
        }
    }
}

fn hear(turn: &Turn, text: &str) -> Result<Outcome, Failure> {
    let mut reply = Reply::new();
    let words: Vec<&str> = text.split(' ').collect();
    match words.as_slice() {
        ["trap"] => panic!("told to"),
        ["loop"] => loop {
            black_box(());
        },
        ["eat"] => {
            let mut eaten = Vec::new();
            loop {
                eaten.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        ["unavailable"] => return Err(Failure::Unavailable(None)),
        ["unavailable", after] => return Err(Failure::Unavailable(after.parse().ok())),
        ["refuse"] => return Err(Failure::Invalid("told to".into())),
        ["say", count] => {
            for number in 1..=count.parse().unwrap_or(1) {
                reply.text(number.to_string());
            }
        }
        ["pass"] => {
            turn.values(Scope::Business).put("passed", &true, None)?;
            let mut outcome = reply.text("never said").remember(&json!({ "passed": true })).done();
            outcome.handled = false;
            return Ok(outcome);
        }
        ["fetch", urls @ ..] => {
            let mut bodies = Vec::new();
            for url in urls {
                bodies.push(String::from_utf8_lossy(&turn.send(&Request::get(*url))?.body).into_owned());
            }
            reply.text(bodies.join(" "));
        }
        ["put", key, value] => {
            turn.values(Scope::Business).put(key, value, None)?;
            reply.text(seen(turn, key)?);
        }
        ["put-on", version, key, value] => {
            turn.values(Scope::Business).put_on(version.parse().unwrap_or(0), key, value)?;
            reply.text(seen(turn, key)?);
        }
        // What it read decides what it writes, and the call in between gives others the time to write first.
        ["add-slowly", key, url] => {
            let before = turn.values(Scope::Business).get::<i64>(key)?;
            let (version, count) = before.map_or((0, 0), |entry| (entry.version, entry.value));
            turn.send(&Request::get(*url))?;
            turn.values(Scope::Business).put_on(version, key, &(count + 1))?;
            reply.text(format!("{}", count + 1));
        }
        ["get", key] => drop(reply.text(seen(turn, key)?)),
        ["own"] => drop(reply.text(own_writes(turn)?)),
        ["order", sku] => drop(reply.text(order(turn, sku)?)),
        ["timer", name, seconds] => {
            let at = turn.now_ms() + seconds.parse::<u64>().unwrap_or(0) * 1_000;
            reply.schedule(name, at).text("set");
        }
        ["adviser"] => drop(reply.text("bye").hand_over("told to", Some("a summary".into()))),
        _ => drop(reply.text(format!("heard {text}"))),
    }
    Ok(reply.done())
}

fn seen(turn: &Turn, key: &str) -> Result<String, Failure> {
    let entry = turn.values(Scope::Business).get::<Value>(key)?;
    Ok(entry.map_or_else(|| "nothing".to_owned(), |entry| format!("{} v{}", entry.value, entry.version)))
}

/// Writes, and tells what its own reads then see.
fn own_writes(turn: &Turn) -> Result<String, Failure> {
    let values = turn.values(Scope::Conversation);
    values.put("a", &1, None)?;
    values.put("b", &2, None)?;
    values.delete("a")?;
    let gone = values.get::<i64>("a")?.is_none();
    let left: Vec<String> = values.scan::<i64>("", 10, None)?.into_iter().map(|entry| format!("{}={}", entry.id, entry.value)).collect();
    Ok(format!("{} gone:{gone}", left.join(",")))
}

/// Orders one piece, and tells what `find` sees before and after, and what is left of the product.
fn order(turn: &Turn, sku: &str) -> Result<String, Failure> {
    let products = turn.collection::<Value>("products");
    let product = products.find(Query::first(1).only("sku", sku))?.items.into_iter().next().ok_or(Failure::NotFound)?;
    let orders = turn.collection::<Value>("orders");
    let before = orders.find(Query::first(10))?.items.len();
    turn.reserve(&product.id, 1)?;
    let id = orders.add(&json!({ "lines": [{ "product_id": product.id, "quantity": 1 }], "address": { "text": "Calle 1" } }))?;
    let after = orders.find(Query::first(10).only("status", "NEW"))?.items;
    let left = products.get(&product.id)?.map_or(Value::Null, |product| product.value["stock"].clone());
    Ok(format!("{before} then {} mine:{} left:{left}", after.len(), after.iter().any(|order| order.id == id)))
}

flow!(Probe);
