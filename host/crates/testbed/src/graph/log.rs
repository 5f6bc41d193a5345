//! What the provider accepted: append-only, in memory and in a file that outlives any crash of the other side.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::clock;

/// A message that the provider took over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Accepted {
    /// From 0, in the order of acceptance.
    pub seq: u64,
    /// The machine's monotonic clock in nanoseconds.
    pub at_ns: u64,
    /// UTC milliseconds.
    pub at_ms: u64,
    pub phone_number_id: String,
    /// The number, or the business-scoped user id.
    pub to: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// The request as it came.
    pub body: Value,
    #[serde(rename = "biz_opaque_callback_data")]
    pub data: Option<String>,
    pub wamid: String,
}

impl Accepted {
    /// What a customer would read: text, the body of buttons and lists, a caption, a template's name.
    pub fn text(&self) -> &str {
        let kind = self.kind.as_str();
        let found = match kind {
            "text" => self.body.pointer("/text/body"),
            "interactive" => self.body.pointer("/interactive/body/text"),
            "template" => self.body.pointer("/template/name"),
            "reaction" => self.body.pointer("/reaction/emoji"),
            _ => self.body.get(kind).and_then(|content| content.get("caption")),
        };
        found.and_then(Value::as_str).unwrap_or_default()
    }

    /// Ids and titles of what a customer could tap, buttons or rows, in order.
    pub fn choices(&self) -> Vec<(String, String)> {
        let action = &self.body["interactive"]["action"];
        let buttons = action["buttons"].as_array().into_iter().flatten().map(|button| &button["reply"]);
        let sections = action["sections"].as_array().into_iter().flatten();
        let rows = sections.flat_map(|section| section["rows"].as_array().into_iter().flatten());
        let part = |choice: &Value, key: &str| choice[key].as_str().unwrap_or_default().to_owned();
        buttons.chain(rows).map(|choice| (part(choice, "id"), part(choice, "title"))).collect()
    }
}

/// Reads a log file; a line that was cut at the end is left out.
pub fn read_log(path: &Path) -> io::Result<Vec<Accepted>> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

pub(super) struct Log {
    seed: u64,
    inner: Mutex<Inner>,
    count: watch::Sender<usize>,
}

struct Inner {
    accepted: Vec<Accepted>,
    file: Option<File>,
}

impl Log {
    /// Continues the file where there is one, so that ids stay unique over a restart.
    pub(super) fn open(path: Option<&Path>, seed: u64) -> io::Result<Self> {
        let accepted = match path {
            Some(path) if path.exists() => read_log(path)?,
            _ => Vec::new(),
        };
        let file = path.map(|path| OpenOptions::new().create(true).append(true).open(path)).transpose()?;
        Ok(Self { seed, count: watch::Sender::new(accepted.len()), inner: Mutex::new(Inner { accepted, file }) })
    }

    /// Appends a message; when this returns, its line is with the kernel.
    pub(super) fn accept(&self, phone_number_id: &str, to: &str, body: Value) -> io::Result<Accepted> {
        let mut inner = self.lock();
        let seq = inner.accepted.len() as u64;
        let entry = Accepted {
            seq,
            at_ns: clock::monotonic_ns(),
            at_ms: clock::wall_ms(),
            phone_number_id: phone_number_id.to_owned(),
            to: to.to_owned(),
            kind: body["type"].as_str().unwrap_or("text").to_owned(),
            data: body["biz_opaque_callback_data"].as_str().map(str::to_owned),
            wamid: wamid(self.seed, seq),
            body,
        };
        if let Some(file) = &mut inner.file {
            let mut line = serde_json::to_vec(&entry)?;
            line.push(b'\n');
            file.write_all(&line)?;
        }
        inner.accepted.push(entry.clone());
        drop(inner); // who waits reads the log inside the watch's lock
        self.count.send_modify(|count| *count += 1);
        Ok(entry)
    }

    pub(super) fn all(&self) -> Vec<Accepted> {
        self.lock().accepted.clone()
    }

    pub(super) fn find(&self, wamid: &str) -> Option<Accepted> {
        self.lock().accepted.iter().find(|entry| entry.wamid == wamid).cloned()
    }

    pub(super) fn with<T>(&self, read: impl FnOnce(&[Accepted]) -> T) -> T {
        read(&self.lock().accepted)
    }

    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wamid(seed: u64, seq: u64) -> String {
    let digest = Sha256::digest(format!("accepted {seed} {seq}"));
    format!("wamid.HBg{}", hex::encode_upper(&digest[..16]))
}
