//! How much one call may use.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// The limits of one call. A plan may lower or raise them; the engine's pool bounds the memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Processor time of the guest, and of the host while it works for it. Waiting does not count.
    pub cpu: Duration,
    /// From the first instruction to the last, with all waiting.
    pub wall: Duration,
    /// Bytes of linear memory, all of the component's memories together.
    pub memory: usize,
    /// Host calls of any kind; one more ends the call.
    pub host_calls: u32,
    /// `kv.put` and `kv.delete`; more are refused.
    pub kv_writes: u32,
    /// `http.send`; more are refused.
    pub http_calls: u32,
    /// `tickets.open` and `tickets.comment`; more are refused.
    pub tickets: u32,
    /// Bytes that cross between guest and host, both ways together.
    pub boundary_bytes: usize,
    /// Log lines; more are dropped, with one line that says so.
    pub log_lines: u32,
    /// Bytes of log lines; more are dropped, with one line that says so.
    pub log_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_millis(200),
            wall: Duration::from_secs(30),
            memory: 64 << 20,
            host_calls: 1_000,
            kv_writes: 64,
            http_calls: 16,
            tickets: 4,
            boundary_bytes: 8 << 20,
            log_lines: 200,
            log_bytes: 64 << 10,
        }
    }
}

/// Which limit ended a call or refused something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Limit {
    Cpu,
    Memory,
    Stack,
    /// Core instances, memories, tables or table elements.
    Instances,
    HostCalls,
    KvWrites,
    HttpCalls,
    Tickets,
    BoundaryBytes,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Instances => "instances",
            Self::HostCalls => "host-calls",
            Self::KvWrites => "kv-writes",
            Self::HttpCalls => "http-calls",
            Self::Tickets => "tickets",
            Self::BoundaryBytes => "boundary-bytes",
        })
    }
}
