//! A flow that does what a test tells it to: the first word of a message is a command, what follows are its arguments.
//! With `{"only": "a:"}` in its configuration it hears what begins so, and passes on the rest.

use std::hint::black_box;

use relevo_plugin::{
    Answer, Configured, Document, Event, Failure, Flow, Inbound, Outcome, Problem, Query, Reply, Tools, Turn, configured, flow, http::Request, kv::Scope, tools,
};
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
        ["note", ..] | ["notes", ..] | ["renote", ..] | ["renote-slowly", ..] | ["unnote", ..] => drop(reply.text(notes(turn, &words)?)),
        ["ticket", title @ ..] => {
            let ticket = turn.open_ticket(&title.join(" "), "told to", Some("high"))?;
            turn.comment_ticket(&ticket.id, "at once")?;
            let mine = turn.tickets(10)?;
            reply.text(format!("{} of {}, last {}", ticket.status, mine.len(), mine.first().map_or("none", |ticket| &*ticket.title)));
        }
        ["comment", id, text] => {
            turn.comment_ticket(id, text)?;
            reply.text("added");
        }
        ["tickets"] => drop(reply.text(list(turn.tickets(10)?.into_iter().map(|ticket| ticket.title)))),
        ["ask-with-secret", url] => {
            let answer = turn.send(&Request::get(*url).header("authorization", "Bearer {{secret:API_KEY}}"))?;
            reply.text(format!("heard back {}", String::from_utf8_lossy(&answer.body)));
        }
        ["ask-with-secret-in-path", url] => drop(turn.send(&Request::get(format!("{url}/{{{{secret:API_KEY}}}}")))?),
        ["ask-with-other-secret", url] => drop(turn.send(&Request::get(*url).header("authorization", "{{secret:OTHER}}"))?),
        ["config"] => drop(reply.text(turn.config::<Value>()?.to_string())),
        ["count", metric, by] => {
            turn.count(metric, by.parse().unwrap_or(1));
            reply.text("counted");
        }
        ["count-names", names] => {
            (0..names.parse().unwrap_or(0)).for_each(|nth: u32| turn.count(&format!("metric_{nth:03}"), 1));
            reply.text("counted");
        }
        ["adviser"] => drop(reply.text("bye").hand_over("told to", Some("a summary".into()))),
        _ => drop(reply.text(format!("heard {text}"))),
    }
    Ok(reply.done())
}

/// Notes are found by their code, and told with their version.
fn notes(turn: &Turn, words: &[&str]) -> Result<String, Failure> {
    let notes = turn.collection::<Value>("notes");
    let find =
        |code: &str| -> Result<Document<Value>, Failure> { notes.find(Query::first(1).only("code", code))?.items.into_iter().next().ok_or(Failure::NotFound) };
    match words {
        ["note", code, text] => drop(notes.add(&json!({ "code": code, "text": text }))?),
        ["note", code, text, weight] => drop(notes.add(&json!({ "code": code, "text": text, "weight": weight.parse::<f64>().unwrap_or(0.0) }))?),
        ["note", wrong] => drop(notes.add(&json!({ "kode": wrong }))?),
        ["renote", code, text] => {
            let mut note = find(code)?;
            note.value["text"] = json!(text);
            notes.save(&note)?;
        }
        // What it read is what it saves, and the call in between gives others the time to write first.
        ["renote-slowly", code, url] => {
            let mut note = find(code)?;
            let heard = turn.send(&Request::get(*url))?;
            note.value["text"] = json!(format!("{} {}", note.value["text"].as_str().unwrap_or_default(), String::from_utf8_lossy(&heard.body)));
            notes.save(&note)?;
        }
        ["unnote", code] => notes.remove(&find(code)?)?,
        ["notes", "heavier", than] => {
            let found = notes.find(Query::first(10).only("weight", json!({ "gt": than.parse::<f64>().unwrap_or(0.0) })).sort("-weight"))?;
            return Ok(told(found.items));
        }
        ["notes", "about", text @ ..] => return Ok(told(notes.search(&text.join(" "), 10)?)),
        _ => {}
    }
    // By two, so that pages are turned.
    let (mut all, mut next) = (Vec::new(), None::<String>);
    loop {
        let page = notes.find(Query::first(2).sort("code").from(next.as_deref()))?;
        all.extend(page.items);
        next = page.next;
        if next.is_none() {
            return Ok(told(all));
        }
    }
}

fn told(notes: Vec<Document<Value>>) -> String {
    let shown = |note: Document<Value>| {
        format!("{}={} v{}", note.value["code"].as_str().unwrap_or_default(), note.value["text"].as_str().unwrap_or_default(), note.version)
    };
    list(notes.into_iter().map(shown))
}

/// WhatsApp takes no empty text.
fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

impl Tools for Probe {
    fn call(turn: &Turn, name: &str, arguments: &Value) -> Result<Answer, Failure> {
        let key = arguments["key"].as_str().unwrap_or_default();
        let values = turn.values(Scope::Business);
        match name {
            "put" => values.put(key, &arguments["value"], None)?,
            "put_and_fail" => {
                values.put(key, &"never", None)?;
                return Err(Failure::Unavailable(None));
            }
            "put_and_trap" => {
                values.put(key, &"never", None)?;
                panic!("told to");
            }
            "put_unsaid" => values.put(key, &"never", None)?,
            _ => {}
        }
        Ok(json!(seen(turn, key)?).into())
    }
}

impl Configured for Probe {
    fn check(config: &Value) -> Vec<Problem> {
        if config["only"] == "nothing" { vec![Problem::at("/only", "hears nothing like that")] } else { Vec::new() }
    }
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
configured!(Probe);
tools!(Probe);
