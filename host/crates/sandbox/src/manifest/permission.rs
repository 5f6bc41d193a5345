//! What a plugin may only do with the business's consent.

use serde::{Deserialize, Serialize};

use super::{ManifestError, Text};

/// Something that a plugin may only do with the business's consent; `reason` is what the admin reads, and is empty in
/// [`Grants`](crate::Grants).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Permission {
    /// Calls to these hosts (`api.example.com`, `*.example.com`, with `:port` if not 443) with these methods.
    Http {
        hosts: Vec<String>,
        methods: Vec<String>,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        reason: Text,
    },
    /// Secrets that the business enters, by the names of their fields in the configuration. Put into requests on their way out.
    Secrets {
        names: Vec<String>,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        reason: Text,
    },
    Records {
        collection: String,
        access: Access,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        reason: Text,
    },
    /// Asking the business's language model.
    Llm {
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        reason: Text,
    },
    /// Opening tickets, and reading this customer's.
    Tickets {
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        reason: Text,
    },
    Timers {
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        reason: Text,
    },
    HandOver {
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        reason: Text,
    },
}

/// How far a permission on records goes; writing includes reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    Read,
    Write,
}

impl Permission {
    /// Its name in the manifest.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Secrets { .. } => "secrets",
            Self::Records { .. } => "records",
            Self::Llm { .. } => "llm",
            Self::Tickets { .. } => "tickets",
            Self::Timers { .. } => "timers",
            Self::HandOver { .. } => "hand-over",
        }
    }

    /// Why the plugin asks for it, for the admin to read.
    pub fn reason(&self) -> &Text {
        match self {
            Self::Http { reason, .. }
            | Self::Secrets { reason, .. }
            | Self::Records { reason, .. }
            | Self::Llm { reason }
            | Self::Tickets { reason }
            | Self::Timers { reason }
            | Self::HandOver { reason } => reason,
        }
    }

    /// The same without its reason: what is kept of it when it is granted.
    pub(crate) fn bare(&self) -> Self {
        let mut bare = self.clone();
        match &mut bare {
            Self::Http { reason, .. }
            | Self::Secrets { reason, .. }
            | Self::Records { reason, .. }
            | Self::Llm { reason }
            | Self::Tickets { reason }
            | Self::Timers { reason }
            | Self::HandOver { reason } => *reason = Text::default(),
        }
        bare
    }

    pub(super) fn check(&self) -> Result<(), ManifestError> {
        if self.reason().is_incomplete() {
            return Err(ManifestError::Reason(self.kind()));
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
                match methods.iter().find(|method| method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase())) {
                    Some(method) => Err(ManifestError::Method(method.clone())),
                    None => Ok(()),
                }
            }
            Self::Secrets { names, .. } if names.is_empty() => Err(ManifestError::Empty("names of the secrets permission")),
            Self::Secrets { names, .. } => match names.iter().find(|name| !is_secret_name(name)) {
                Some(name) => Err(ManifestError::SecretName(name.clone())),
                None => Ok(()),
            },
            Self::Records { .. } | Self::Llm { .. } | Self::Tickets { .. } | Self::Timers { .. } | Self::HandOver { .. } => Ok(()),
        }
    }
}

/// Whether it can stand in `{{secret:NAME}}`.
pub(crate) fn is_secret_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
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

/// Whether a pattern means this host.
pub(crate) fn covers(pattern: &str, host: &str, port: u16) -> bool {
    let (name, pattern_port) = split_port(pattern);
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let named = match name.strip_prefix("*.") {
        Some(parent) => host.strip_suffix(parent).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
        None => host == name,
    };
    named && pattern_port == Some(port)
}

/// Whether every host that `narrow` means is one that `wide` means.
pub(crate) fn includes(wide: &str, narrow: &str) -> bool {
    let ((wide_name, wide_port), (narrow_name, narrow_port)) = (split_port(wide), split_port(narrow));
    let within = match (wide_name.strip_prefix("*."), narrow_name.strip_prefix("*.")) {
        (Some(wide), Some(narrow)) => narrow == wide || narrow.strip_suffix(wide).is_some_and(|below| below.ends_with('.')),
        (Some(wide), None) => narrow_name.strip_suffix(wide).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
        (None, None) => wide_name == narrow_name,
        (None, Some(_)) => false,
    };
    within && wide_port.is_some() && wide_port == narrow_port
}

impl Permission {
    /// The names of the secrets that it is about.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let names: &[String] = match self {
            Self::Secrets { names, .. } => names,
            _ => &[],
        };
        names.iter().map(String::as_str)
    }

    pub(super) fn collection(&self) -> Option<&str> {
        match self {
            Self::Records { collection, .. } => Some(collection),
            _ => None,
        }
    }
}
