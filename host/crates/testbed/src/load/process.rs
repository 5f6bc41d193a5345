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

/// What a process has in memory now, in MiB.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Memory {
    /// All resident pages.
    pub rss_mib: f64,
    /// The same with shared pages as a share of them; none where the kernel does not tell.
    pub pss_mib: Option<f64>,
}

/// None of a process that is gone.
pub fn memory(pid: u32) -> Option<Memory> {
    Some(Memory { rss_mib: mib(pid, "status", "VmRSS:")?, pss_mib: mib(pid, "smaps_rollup", "Pss:") })
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
    mib(pid, "status", "VmHWM:")
}

/// A line that counts in kB.
fn mib(pid: u32, file: &str, name: &str) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_for_as_long_as_it_is_there() {
        let now = memory(std::process::id()).expect("this process is there");

        assert!(now.rss_mib > 0.0 && now.pss_mib.is_none_or(|pss| pss > 0.0), "{now:?}");
        assert!(memory(0).is_none());
    }
}
