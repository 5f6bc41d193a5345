//! Calls as the journal writes them: what is written when a call is made is what is looked for when it is made again.

use data_encoding::BASE64;
use relevo_sandbox::api::{
    http::{Request, Response},
    kv::Scope,
    records::Query,
    tickets::NewTicket,
};
use serde_json::{Value, json};

pub const HISTORY: &str = "history";
pub const SET_CUSTOMER: &str = "set-customer";
pub const KV_GET: &str = "kv.get";
pub const KV_SCAN: &str = "kv.scan";
pub const KV_PUT: &str = "kv.put";
pub const KV_DELETE: &str = "kv.delete";
pub const GET: &str = "records.get";
pub const FIND: &str = "records.find";
pub const SEARCH: &str = "records.search";
pub const ADD: &str = "records.add";
pub const SAVE: &str = "records.save";
pub const REMOVE: &str = "records.remove";
pub const RESERVE: &str = "records.reserve";
pub const SEND: &str = "http.send";
pub const OPEN: &str = "tickets.open";
pub const RECENT: &str = "tickets.recent";
pub const COMMENT: &str = "tickets.comment";
pub const LOG: &str = "log";
pub const COUNT: &str = "count";

/// Calls that change something, or reach the outside: what a turn did beside its actions.
pub const DEEDS: &[&str] = &[SET_CUSTOMER, KV_PUT, KV_DELETE, ADD, SAVE, REMOVE, RESERVE, SEND, OPEN, COMMENT];

pub fn scope(scope: &Scope) -> &str {
    match scope {
        Scope::Conversation => "conversation",
        Scope::Customer => "customer",
        Scope::Business => "business",
        Scope::Other(named) => &named.name,
    }
}

pub fn history(limit: u32, before: Option<&str>) -> Value {
    json!({ "limit": limit, "before": before })
}

pub fn set_customer(attributes: &str) -> Value {
    json!({ "attributes": attributes })
}

pub fn kv_get(of: &Scope, key: &str) -> Value {
    json!({ "scope": scope(of), "key": key })
}

pub fn kv_scan(of: &Scope, prefix: &str, limit: u32, after: Option<&str>) -> Value {
    json!({ "scope": scope(of), "prefix": prefix, "limit": limit, "after": after })
}

pub fn kv_put(of: &Scope, key: &str, value: &str, if_version: Option<u64>, ttl_s: Option<u32>) -> Value {
    json!({ "scope": scope(of), "key": key, "value": value, "if_version": if_version, "ttl_s": ttl_s })
}

pub fn get(collection: &str, id: &str) -> Value {
    json!({ "collection": collection, "id": id })
}

pub fn find(collection: &str, query: &Query) -> Value {
    json!({ "collection": collection, "query": query })
}

pub fn search(collection: &str, text: &str, limit: u32) -> Value {
    json!({ "collection": collection, "text": text, "limit": limit })
}

pub fn add(collection: &str, value: &str) -> Value {
    json!({ "collection": collection, "value": value })
}

pub fn save(collection: &str, id: &str, version: u64, value: &str) -> Value {
    json!({ "collection": collection, "id": id, "version": version, "value": value })
}

pub fn remove(collection: &str, id: &str, version: u64) -> Value {
    json!({ "collection": collection, "id": id, "version": version })
}

pub fn reserve(product: &str, quantity: i64) -> Value {
    json!({ "product": product, "quantity": quantity })
}

pub fn open(ticket: &NewTicket) -> Value {
    json!(ticket)
}

pub fn recent(limit: u32) -> Value {
    json!({ "limit": limit })
}

pub fn comment(id: &str, text: &str) -> Value {
    json!({ "id": id, "text": text })
}

/// As the flow made it: secrets are named in it, and put in later.
pub fn send(request: &Request) -> Value {
    let body = request.body.as_deref().map(bytes);
    json!({ "method": request.method, "url": request.url, "headers": request.headers, "body": body, "timeout_ms": request.timeout_ms })
}

pub fn response(response: &Response) -> Value {
    json!({ "status": response.status, "headers": response.headers, "body": bytes(&response.body) })
}

/// The response that was written so.
pub fn read_response(written: &Value) -> Option<Response> {
    let headers = serde_json::from_value(written["headers"].clone()).ok()?;
    let status = u16::try_from(written["status"].as_u64()?).ok()?;
    Some(Response { status, headers, body: read_bytes(&written["body"])? })
}

/// Text as text, whatever else in base64.
fn bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "base64": BASE64.encode(bytes) }),
    }
}

fn read_bytes(written: &Value) -> Option<Vec<u8>> {
    match written {
        Value::String(text) => Some(text.clone().into_bytes()),
        other => BASE64.decode(other["base64"].as_str()?.as_bytes()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_reads_back_as_it_was_written() {
        for body in [b"{\"a\":1}".to_vec(), vec![0xff, 0, 7], Vec::new()] {
            let one = Response { status: 200, headers: vec![("a".into(), "b".into())], body };
            assert_eq!(read_response(&response(&one)), Some(one));
        }
    }
}
