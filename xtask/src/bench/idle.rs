//! What a plugin keeps in the server's memory that nobody writes to.

use anyhow::Result;
use serde_json::Value;

use super::report::median;
use super::testbed::{self, Demo, EXAMPLES, Testbed, number};

const MB_OF_MIB: f64 = 1.048_576;

/// Of one plugin, in megabytes; a negative one was less than what the server gave back meanwhile.
struct Idle {
    attached: f64,
    unattached: f64,
}

/// How many of each example, in their order.
pub(super) type Counts = [u16; EXAMPLES.len()];

/// Each run is a server of its own. What is not attached is let go once it is compiled, and loaded by the first turn that wants it.
pub(super) fn print(testbed: &Testbed<'_>, runs: u32, counts: Counts) -> Result<()> {
    println!("\nMB a plugin that is idle (medians of {runs}; after 5 s of rest, one more came and went before)");
    println!("                              attached, answered once     activated, not attached");
    println!("plugin            plugins      resident  proportional      resident  proportional");
    for (name, count) in EXAMPLES.into_iter().zip(counts) {
        let (mut resident, mut proportional) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let demo = testbed.start()?;
            let told = measure(&demo, testbed, name, count)?;
            demo.stop()?;
            resident.extend(of_each(&told, "rss_mib")?);
            proportional.extend(of_each(&told, "pss_mib")?);
        }
        let line = |of: fn(&Idle) -> f64| format!("{:>13} {:>13}", shown(&resident, of), shown(&proportional, of));
        println!("{name:<16} {count:>8} {} {}", line(|idle| idle.attached), line(|idle| idle.unattached));
    }
    Ok(())
}

fn measure(demo: &Demo<'_>, testbed: &Testbed<'_>, name: &str, count: u16) -> Result<Value> {
    let mut idle = demo.plugin_bench();
    idle.args(["idle", "--graph-listen", &demo.graph(), "--pid", &demo.pid().to_string(), "--count", &count.to_string(), "--plugin"]);
    testbed::told(idle.arg(testbed.example(name)))
}

/// None where the kernel does not tell.
fn of_each(told: &Value, kind: &str) -> Result<Option<Idle>> {
    if told["before"][kind].is_null() {
        return Ok(None);
    }
    let (before, count) = (number(told, &format!("/before/{kind}"))?, number(told, "/count")?);
    let each = |when: &str| Ok::<_, anyhow::Error>((number(told, &format!("/{when}/{kind}"))? - before) / count * MB_OF_MIB);
    Ok(Some(Idle { attached: each("attached")?, unattached: each("unattached")? }))
}

fn shown(runs: &[Idle], of: fn(&Idle) -> f64) -> String {
    if runs.is_empty() { "-".to_owned() } else { format!("{:.2}", median(runs.iter().map(of).collect())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_growth_is_shared_among_the_plugins() {
        let told = json!({
            "count": 20,
            "before": { "rss_mib": 100.0, "pss_mib": null },
            "unattached": { "rss_mib": 90.0, "pss_mib": null },
            "attached": { "rss_mib": 120.0, "pss_mib": null },
        });

        let resident = of_each(&told, "rss_mib").unwrap().unwrap();

        assert_eq!((resident.attached, resident.unattached), (MB_OF_MIB, -0.5 * MB_OF_MIB));
        assert!(of_each(&told, "pss_mib").unwrap().is_none());
    }
}
