//! How a call ended and what it used.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{api::types::Failure, capability::BoxError, limits::Limit};

/// The end of a call. The capabilities come back whatever happened, so that the host can take or drop what was buffered.
#[derive(Debug)]
pub struct CallReport<T, C> {
    pub result: Result<T, CallError>,
    pub caps: C,
    pub stats: CallStats,
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallStats {
    /// Processor time of the guest, and of the host while it worked for it.
    pub cpu: Duration,
    /// From the first instruction to the last, with all waiting.
    pub wall: Duration,
    /// Waiting for other calls of the tenant, or of all, before it began.
    pub queued: Duration,
    /// The most bytes of linear memory.
    pub memory_peak: usize,
    pub host_calls: u32,
    /// Bytes between guest and host, both ways together.
    pub boundary_bytes: usize,
    pub log_lines: u32,
}

/// Why a call gave no result. Everything that it wrote is to be dropped.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The plugin itself says so.
    #[error("the plugin failed: {0:?}")]
    Failure(Failure),
    #[error("the plugin trapped: {message}")]
    Trap { kind: TrapKind, message: String },
    #[error("the plugin used up its limit: {0}")]
    Limit(Limit),
    /// Its wall time was over, most likely while it waited.
    #[error("the plugin did not end in time")]
    Timeout,
    /// No instance was free for as long as a call may take.
    #[error("too many plugins are running")]
    Busy,
    /// It does not export this interface.
    #[error("the plugin does not export {0:?}")]
    NotOffered(&'static str),
    /// A capability could not go on.
    #[error("the host could not go on")]
    Host(#[source] BoxError),
}

/// How a guest came to grief.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TrapKind {
    /// It gave up by itself: a panic, an abort, an unhandled exception.
    Unreachable,
    /// Outside its memory or its tables.
    OutOfBounds,
    /// A division by zero or a number out of range.
    Arithmetic,
    /// It broke the rules of the component model or does not fit the contract's types.
    Contract,
}

/// How often a call may be tried again on fresh reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    Never,
    Once,
    /// Up to five times within 45 seconds.
    Several,
}

impl CallError {
    /// How often the same call may be tried again: traps, limits and timeouts once, for they are mostly the plugin's own;
    /// what is passing by nature several times; what a plugin refuses never.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Trap { .. } | Self::Limit(_) | Self::Timeout => Retry::Once,
            Self::Failure(Failure::Unavailable(_) | Failure::TimedOut | Failure::Conflict) | Self::Busy | Self::Host(_) => Retry::Several,
            Self::Failure(_) | Self::NotOffered(_) => Retry::Never,
        }
    }

    /// Whether trying again can help at all.
    pub fn is_retryable(&self) -> bool {
        self.retry() != Retry::Never
    }
}
