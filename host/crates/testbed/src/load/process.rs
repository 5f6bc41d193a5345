//! What a process has used, from `/proc`.

use std::fs;

use serde::Serialize;

/// CPU seconds so far and the peak of resident memory.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Usage {
    pub cpu_seconds: f64,
    pub peak_mib: f64,
}

/// The sum over processes; one that is gone counts nothing.
pub fn usage(pids: &[u32]) -> Usage {
    pids.iter().fold(Usage::default(), |sum, pid| Usage {
        cpu_seconds: sum.cpu_seconds + cpu_seconds(*pid).unwrap_or(0.0),
        peak_mib: sum.peak_mib + peak_mib(*pid).unwrap_or(0.0),
    })
}

fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = &stat[stat.rfind(')')? + 2..];
    let mut fields = after_name.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn peak_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}
