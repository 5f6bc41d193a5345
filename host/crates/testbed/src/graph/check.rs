//! The shapes and limits that Meta enforces on a send.

use std::collections::HashSet;

use serde_json::Value;

use super::error::GraphError;

type Checked = Result<(), GraphError>;

const KINDS: [&str; 11] = ["text", "image", "audio", "video", "document", "sticker", "interactive", "template", "reaction", "location", "contacts"];

/// Checks a send and returns to whom it goes.
pub(super) fn check_message(body: &Value, media_exists: impl Fn(&str) -> bool) -> Result<String, GraphError> {
    if body["messaging_product"] != "whatsapp" {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    if !body["recipient_type"].is_null() && body["recipient_type"] != "individual" {
        return Err(GraphError::parameter("Param recipient_type must be one of {INDIVIDUAL}"));
    }
    let to = recipient(body)?;
    let kind = body["type"].as_str().unwrap_or("text");
    if !KINDS.contains(&kind) {
        return Err(GraphError::parameter(format!("Param type must be one of {KINDS:?} - got \"{kind}\".")));
    }
    let content = &body[kind];
    if content.is_null() {
        return Err(GraphError::parameter(format!("The parameter {kind} is required.")));
    }
    at_most(body, "biz_opaque_callback_data", 512)?;
    if !body["context"].is_null() {
        required(&body["context"], "message_id", usize::MAX)?;
    }
    match kind {
        "text" => text(content)?,
        "interactive" => interactive(content)?,
        "template" => template(content)?,
        "reaction" => required(content, "message_id", usize::MAX)?,
        "location" => location(content)?,
        "contacts" => filled_array(content, "contacts").map(|_| ())?,
        _ => media(kind, content, media_exists)?,
    }
    Ok(to)
}

fn recipient(body: &Value) -> Result<String, GraphError> {
    if let Some(to) = body["to"].as_str() {
        let digits: String = to.chars().filter(char::is_ascii_digit).collect();
        let plain = to.chars().all(|c| c.is_ascii_digit() || "+ -()".contains(c));
        return match plain && (5..=20).contains(&digits.len()) {
            true => Ok(digits),
            false => Err(GraphError::value("Param to is not a valid WhatsApp phone number")),
        };
    }
    match body["recipient"].as_str() {
        Some(user) if !user.is_empty() => Ok(user.to_owned()),
        _ => Err(GraphError::parameter("The parameter to is required.")),
    }
}

fn text(content: &Value) -> Checked {
    let Some(body) = content["body"].as_str().filter(|body| !body.is_empty()) else {
        return Err(GraphError::parameter("The parameter text['body'] is required."));
    };
    match body.chars().count() {
        ..=4096 => Ok(()),
        _ => Err(GraphError::parameter("Param text['body'] must be at most 4096 characters long.")),
    }
}

fn interactive(content: &Value) -> Checked {
    if !content["footer"].is_null() {
        required(&content["footer"], "text", 60)?;
    }
    if content["header"]["type"] == "text" {
        required(&content["header"], "text", 60)?;
    }
    let action = &content["action"];
    match content["type"].as_str() {
        Some("button") => {
            required(&content["body"], "text", 1024)?;
            buttons(action)
        }
        Some("list") => {
            required(&content["body"], "text", 4096)?;
            list(action)
        }
        Some("cta_url") => {
            required(&content["body"], "text", 1024)?;
            required(&action["parameters"], "display_text", 20)?;
            required(&action["parameters"], "url", 2000)
        }
        Some("flow" | "location_request_message" | "product" | "product_list" | "catalog_message") => Ok(()),
        Some(other) => Err(GraphError::value(format!("Interactive type \"{other}\" is not supported"))),
        None => Err(GraphError::missing("The parameter interactive['type'] is required.")),
    }
}

fn buttons(action: &Value) -> Checked {
    let buttons = filled_array(&action["buttons"], "buttons")?;
    if buttons.len() > 3 {
        return Err(GraphError::value("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"));
    }
    let mut ids = HashSet::new();
    let mut titles = HashSet::new();
    for button in buttons {
        if button["type"] != "reply" {
            return Err(GraphError::value("Button type must be reply"));
        }
        let reply = &button["reply"];
        required(reply, "id", 256)?;
        required(reply, "title", 20)?;
        if !ids.insert(reply["id"].as_str()) || !titles.insert(reply["title"].as_str()) {
            return Err(GraphError::value("Duplicated id or title in reply buttons"));
        }
    }
    Ok(())
}

fn list(action: &Value) -> Checked {
    required(action, "button", 20)?;
    let sections = filled_array(&action["sections"], "sections")?;
    let mut ids = HashSet::new();
    let mut count = 0;
    for section in sections {
        at_most(section, "title", 24)?;
        if sections.len() > 1 {
            required(section, "title", 24)?;
        }
        for row in filled_array(&section["rows"], "rows")? {
            required(row, "id", 200)?;
            required(row, "title", 24)?;
            at_most(row, "description", 72)?;
            count += 1;
            if !ids.insert(row["id"].as_str()) {
                return Err(GraphError::value("Duplicated row id in sections"));
            }
        }
    }
    match count {
        ..=10 => Ok(()),
        _ => Err(GraphError::value("Total row count exceed max allowed count: 10")),
    }
}

fn template(content: &Value) -> Checked {
    required(content, "name", 512)?;
    required(&content["language"], "code", 16)
}

fn location(content: &Value) -> Checked {
    let number = |key: &str| match &content[key] {
        Value::Number(_) => true,
        Value::String(text) => text.parse::<f64>().is_ok(),
        _ => false,
    };
    match number("latitude") && number("longitude") {
        true => Ok(()),
        false => Err(GraphError::missing("location needs latitude and longitude")),
    }
}

fn media(kind: &str, content: &Value, exists: impl Fn(&str) -> bool) -> Checked {
    match (content["id"].as_str(), content["link"].as_str()) {
        (Some(id), None) if exists(id) => {}
        (Some(id), None) => return Err(GraphError::parameter(format!("Media ID {id} not found"))),
        (None, Some(link)) if link.starts_with("http://") || link.starts_with("https://") => {}
        (None, Some(_)) => return Err(GraphError::value(format!("Param {kind}['link'] is not a valid URL."))),
        _ => {
            return Err(GraphError::parameter(format!("Exactly one of {kind}['id'] and {kind}['link'] is required.")));
        }
    }
    if matches!(kind, "audio" | "sticker") && !content["caption"].is_null() {
        return Err(GraphError::parameter(format!("Unexpected key \"caption\" on param \"{kind}\".")));
    }
    if kind != "document" && !content["filename"].is_null() {
        return Err(GraphError::parameter(format!("Unexpected key \"filename\" on param \"{kind}\".")));
    }
    at_most(content, "caption", 1024)
}

fn filled_array<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>, GraphError> {
    value.as_array().filter(|items| !items.is_empty()).ok_or_else(|| GraphError::missing(format!("{name} needs at least one element")))
}

fn required(value: &Value, key: &str, limit: usize) -> Checked {
    match value[key].as_str() {
        Some(text) if !text.trim().is_empty() => at_most(value, key, limit),
        _ => Err(GraphError::missing(format!("The parameter {key} is required."))),
    }
}

fn at_most(value: &Value, key: &str, limit: usize) -> Checked {
    match value[key].as_str() {
        Some(text) if text.chars().count() > limit => Err(GraphError::value(format!("{key} length invalid. Min length: 1, Max length: {limit}"))),
        _ => Ok(()),
    }
}
