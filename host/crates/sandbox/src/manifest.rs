//! What a plugin says about itself and asks for.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::API_VERSION;

/// The manifest that a component carries in its custom section `relevo:manifest`, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `storefront` or `com.example.storefront`: labels of `[a-z0-9-]`, 64 characters at most.
    pub id: String,
    #[serde(serialize_with = "write_version", deserialize_with = "read_version")]
    pub version: semver::Version,
    /// The version of the contract that it was built against.
    pub api: String,
    pub title: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub permissions: Vec<Permission>,
    /// JSON Schema of the installation's configuration.
    #[serde(default = "any_object")]
    pub config: serde_json::Value,
    /// What a language model may call.
    #[serde(default)]
    pub tools: Vec<Tool>,
    /// The events that it wants, by their names in the contract; empty means all.
    #[serde(default)]
    pub events: Vec<String>,
}

/// Something that a plugin may only do with the business's consent; `reason` is what the admin reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Permission {
    /// Calls to these hosts (`api.example.com`, `*.example.com`, with `:port` if not 443) with these methods.
    Http {
        hosts: Vec<String>,
        methods: Vec<String>,
        reason: String,
    },
    Records {
        collection: String,
        access: Access,
        reason: String,
    },
    Timers {
        reason: String,
    },
    HandOver {
        reason: String,
    },
}

/// How far a permission on records goes; writing includes reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    Read,
    Write,
}

/// A function that a language model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `[a-z0-9_-]`, 64 characters at most.
    pub name: String,
    pub description: String,
    /// JSON Schema of its arguments.
    #[serde(default = "any_object")]
    pub parameters: serde_json::Value,
}

/// What is wrong with a manifest, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("the manifest cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the manifest's id {0:?} must be labels of a-z, 0-9 and \"-\", joined by dots, 64 characters at most, such as \"com.example.storefront\"")]
    Id(String),
    #[error("the manifest asks for contract {0:?}; this host offers {API_VERSION:?}: rebuild the plugin against that version")]
    Api(String),
    #[error("the manifest's {0} must not be empty")]
    Empty(&'static str),
    #[error("the manifest's {0} must be a JSON Schema of type \"object\"")]
    Schema(String),
    #[error("{0:?} is no host: write it as \"api.example.com\", \"*.example.com\" or \"api.example.com:8443\", without scheme and path")]
    Host(String),
    #[error("{0:?} is no HTTP method: write it in capitals, such as \"GET\"")]
    Method(String),
    #[error("the tool name {0:?} must be 1 to 64 characters of a-z, 0-9, \"_\" and \"-\", and used once")]
    Tool(String),
    #[error("{0:?} is no event of the contract: messages, timer, agent-took-over, returned-to-bot or other")]
    Event(String),
}

const EVENTS: [&str; 5] = ["messages", "timer", "agent-took-over", "returned-to-bot", "other"];

impl Manifest {
    /// Reads and checks a manifest.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(json)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks what the types do not say.
    pub fn check(&self) -> Result<(), ManifestError> {
        if self.id.len() > 64 || !self.id.split('.').all(is_label) {
            return Err(ManifestError::Id(self.id.clone()));
        }
        if self.api != API_VERSION {
            return Err(ManifestError::Api(self.api.clone()));
        }
        if self.title.trim().is_empty() {
            return Err(ManifestError::Empty("title"));
        }
        if !is_object_schema(&self.config) {
            return Err(ManifestError::Schema("config".into()));
        }
        self.permissions.iter().try_for_each(Permission::check)?;
        for (nth, tool) in self.tools.iter().enumerate() {
            if !is_tool_name(&tool.name) || self.tools[..nth].iter().any(|other| other.name == tool.name) {
                return Err(ManifestError::Tool(tool.name.clone()));
            }
            if !is_object_schema(&tool.parameters) {
                return Err(ManifestError::Schema(format!("parameters of the tool {:?}", tool.name)));
            }
        }
        match self.events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
            Some(event) => Err(ManifestError::Event(event.clone())),
            None => Ok(()),
        }
    }

    /// Whether it asked for this access to a collection.
    pub fn allows_records(&self, collection: &str, access: Access) -> bool {
        self.permissions.iter().any(|p| matches!(p, Permission::Records { collection: c, access: a, .. } if c == collection && *a >= access))
    }

    /// Whether it asked for this method anywhere.
    pub fn allows_http_method(&self, method: &str) -> bool {
        self.permissions.iter().any(|p| matches!(p, Permission::Http { methods, .. } if methods.iter().any(|m| m.eq_ignore_ascii_case(method))))
    }

    /// Whether it asked for this method to this host; `port` is the effective one.
    pub fn allows_http(&self, method: &str, host: &str, port: u16) -> bool {
        self.permissions.iter().any(|p| {
            matches!(p, Permission::Http { hosts, methods, .. }
                if methods.iter().any(|m| m.eq_ignore_ascii_case(method)) && hosts.iter().any(|h| covers(h, host, port)))
        })
    }

    /// Whether it asked to schedule timers.
    pub fn allows_timers(&self) -> bool {
        self.permissions.iter().any(|p| matches!(p, Permission::Timers { .. }))
    }

    /// Whether it asked to hand conversations over.
    pub fn allows_hand_over(&self) -> bool {
        self.permissions.iter().any(|p| matches!(p, Permission::HandOver { .. }))
    }

    /// Whether it wants to see an event of this name.
    pub fn wants(&self, event: &str) -> bool {
        self.events.is_empty() || self.events.iter().any(|wanted| wanted == event)
    }
}

impl Permission {
    /// Why the plugin asks for it, for the admin to read.
    pub fn reason(&self) -> &str {
        match self {
            Self::Http { reason, .. } | Self::Records { reason, .. } | Self::Timers { reason } | Self::HandOver { reason } => reason,
        }
    }

    fn check(&self) -> Result<(), ManifestError> {
        if self.reason().trim().is_empty() {
            return Err(ManifestError::Empty("reason of a permission"));
        }
        match self {
            Self::Http { hosts, methods, .. } => {
                if hosts.is_empty() {
                    return Err(ManifestError::Empty("hosts of the http permission"));
                }
                if methods.is_empty() {
                    return Err(ManifestError::Empty("methods of the http permission"));
                }
                if let Some(host) = hosts.iter().find(|host| !is_host(host)) {
                    return Err(ManifestError::Host(host.clone()));
                }
                if let Some(method) = methods.iter().find(|m| m.is_empty() || !m.bytes().all(|b| b.is_ascii_uppercase())) {
                    return Err(ManifestError::Method(method.clone()));
                }
                Ok(())
            }
            Self::Records { collection, .. } if collection.trim().is_empty() => Err(ManifestError::Empty("collection of a records permission")),
            _ => Ok(()),
        }
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_tool_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

fn is_object_schema(schema: &serde_json::Value) -> bool {
    schema.get("type").and_then(serde_json::Value::as_str) == Some("object")
}

fn is_host(host: &str) -> bool {
    let (name, port) = split_port(host);
    let name = name.strip_prefix("*.").unwrap_or(name);
    port.is_some() && !name.is_empty() && name.split('.').all(is_label)
}

/// The name and the port that a pattern means; no port where it is none.
fn split_port(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().ok()),
        None => (host, Some(443)),
    }
}

fn covers(pattern: &str, host: &str, port: u16) -> bool {
    let (name, pattern_port) = split_port(pattern);
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let named = match name.strip_prefix("*.") {
        Some(parent) => host.strip_suffix(parent).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
        None => host == name,
    };
    named && pattern_port == Some(port)
}

fn any_object() -> serde_json::Value {
    serde_json::json!({ "type": "object" })
}

fn write_version<S: Serializer>(version: &semver::Version, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(version)
}

fn read_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<semver::Version, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error| D::Error::custom(format!("{text:?} is no version such as \"1.2.0\": {error}")))
}
