//! Counts what one call uses and says when it is too much.

use wasmtime::ResourceLimiter;

use crate::{
    api::types::Failure,
    capability::BoxError,
    limits::{Limit, Limits},
};

/// Core instances, memories and tables of one component; Python needs 17 instances.
const MAX_INSTANCES: usize = 64;
const MAX_MEMORIES: usize = 4;
const MAX_TABLES: usize = 64;
/// Elements of one table; JavaScript needs 7,698.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 10_000;

/// What ends a call from within; kept beside the trap, which only carries its text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("the call used up its limit: {0}")]
    Limit(Limit),
    #[error("the host could not go on")]
    Broken(#[source] BoxError),
}

/// What a log line is to the meter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LogLine {
    Keep,
    /// The first one too many: a marker takes its place.
    Marker,
    Drop,
}

/// The kinds of host call that have a limit of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostCall {
    Plain,
    KvWrite,
    Http,
    Ticket,
}

#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    stop: Option<Stop>,
    pub(crate) host_calls: u32,
    kv_writes: u32,
    http_calls: u32,
    tickets: u32,
    pub(crate) boundary_bytes: usize,
    pub(crate) log_lines: u32,
    log_bytes: usize,
    log_full: bool,
    memory: usize,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            stop: None,
            host_calls: 0,
            kv_writes: 0,
            http_calls: 0,
            tickets: 0,
            boundary_bytes: 0,
            log_lines: 0,
            log_bytes: 0,
            log_full: false,
            memory: 0,
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The most bytes of linear memory at any time: memories never shrink.
    pub(crate) fn memory_peak(&self) -> usize {
        self.memory
    }

    /// Notes why the call ends and returns the error that unwinds the guest.
    pub(crate) fn stop(&mut self, stop: Stop) -> wasmtime::Error {
        let error = wasmtime::Error::msg(stop.to_string());
        // The first reason is the true one: what follows happens while unwinding.
        self.stop.get_or_insert(stop);
        error
    }

    pub(crate) fn take_stop(&mut self) -> Option<Stop> {
        self.stop.take()
    }

    /// Counts a host call. Past the total the call ends, for the guest was told often enough.
    pub(crate) fn count_call(&mut self) -> wasmtime::Result<()> {
        self.host_calls += 1;
        if self.host_calls > self.limits.host_calls {
            return Err(self.stop(Stop::Limit(Limit::HostCalls)));
        }
        Ok(())
    }

    /// Counts a call against the limit of its kind.
    pub(crate) fn count_kind(&mut self, kind: HostCall) -> Result<(), Failure> {
        let (used, allowed, limit) = match kind {
            HostCall::Plain => return Ok(()),
            HostCall::KvWrite => (&mut self.kv_writes, self.limits.kv_writes, Limit::KvWrites),
            HostCall::Http => (&mut self.http_calls, self.limits.http_calls, Limit::HttpCalls),
            HostCall::Ticket => (&mut self.tickets, self.limits.tickets, Limit::Tickets),
        };
        if *used >= allowed {
            return Err(Failure::OverQuota(format!("{limit}: {allowed} a call")));
        }
        *used += 1;
        Ok(())
    }

    /// Counts bytes across the boundary.
    pub(crate) fn count_bytes(&mut self, bytes: usize) -> Result<(), Failure> {
        self.boundary_bytes = self.boundary_bytes.saturating_add(bytes);
        if self.boundary_bytes > self.limits.boundary_bytes {
            return Err(Failure::OverQuota(format!("{}: {} a call", Limit::BoundaryBytes, self.limits.boundary_bytes)));
        }
        Ok(())
    }

    /// Counts a log line of so many bytes.
    pub(crate) fn count_log(&mut self, bytes: usize) -> LogLine {
        if self.log_full {
            return LogLine::Drop;
        }
        let fits = self.log_lines < self.limits.log_lines && bytes <= self.limits.log_bytes - self.log_bytes;
        if !fits {
            self.log_full = true;
            return LogLine::Marker;
        }
        self.log_lines += 1;
        self.log_bytes += bytes;
        LogLine::Keep
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.limits.memory {
            return Err(self.stop(Stop::Limit(Limit::Memory)));
        }
        self.memory = total;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        // The pool's slot or the memory's own maximum is smaller than the limit.
        Err(self.stop(Stop::Limit(Limit::Memory)))
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > MAX_TABLE_ELEMENTS {
            return Err(self.stop(Stop::Limit(Limit::Instances)));
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_log_lines_leaves_one_marker() {
        let mut meter = Meter::new(Limits { log_lines: 2, ..Limits::default() });

        let lines: Vec<_> = (0..5).map(|_| meter.count_log(10)).collect();

        assert_eq!(lines, [LogLine::Keep, LogLine::Keep, LogLine::Marker, LogLine::Drop, LogLine::Drop]);
    }

    #[test]
    fn a_log_line_longer_than_what_is_left_is_dropped() {
        let mut meter = Meter::new(Limits { log_bytes: 100, ..Limits::default() });

        assert_eq!(meter.count_log(60), LogLine::Keep);
        assert_eq!(meter.count_log(41), LogLine::Marker);
    }

    #[test]
    fn a_write_too_many_is_refused_and_names_its_limit() {
        let mut meter = Meter::new(Limits { kv_writes: 1, ..Limits::default() });

        assert_eq!(meter.count_kind(HostCall::KvWrite), Ok(()));
        assert_eq!(meter.count_kind(HostCall::KvWrite), Err(Failure::OverQuota("kv-writes: 1 a call".into())));
        assert_eq!(meter.count_kind(HostCall::Http), Ok(()));
    }

    #[test]
    fn the_first_reason_to_stop_is_kept() {
        let mut meter = Meter::new(Limits::default());

        let _ = meter.stop(Stop::Limit(Limit::Memory));
        let _ = meter.stop(Stop::Limit(Limit::Cpu));

        assert!(matches!(meter.take_stop(), Some(Stop::Limit(Limit::Memory))));
    }
}
