//! What a fresh instance and one call cost, with the configuration that a plugin would be handed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::testbed::{self, EXAMPLES, Testbed, number};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only this packed plugin, instead of the storefront and the examples
    #[arg(long)]
    plugin: Option<PathBuf>,
    /// What is set of it, as JSON; what that leaves out is as its manifest has it by default
    #[arg(long, requires = "plugin")]
    config: Option<PathBuf>,
    /// Calls of each
    #[arg(long, default_value_t = CALLS, value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
}

pub(super) const CALLS: u32 = 10_000;

pub(super) fn run(testbed: &Testbed<'_>, arguments: &Arguments) -> Result<()> {
    let Some(plugin) = &arguments.plugin else {
        let plugins: Vec<PathBuf> = [testbed.built_in("storefront")].into_iter().chain(EXAMPLES.map(|name| testbed.example(name))).collect();
        return print(testbed, &plugins, None, arguments.calls);
    };
    print(testbed, std::slice::from_ref(plugin), arguments.config.as_deref(), arguments.calls)
}

/// Fails when a call does: a plugin that refuses does less than it is for.
pub(super) fn print(testbed: &Testbed<'_>, plugins: &[PathBuf], config: Option<&Path>, calls: u32) -> Result<()> {
    println!("a fresh call of     p50 µs     p99 µs   first µs   linear memory KiB   ({calls} calls, a greeting, with configuration)");
    for plugin in plugins {
        let name = plugin.file_stem().unwrap_or_default().to_string_lossy();
        let mut call = Command::new(testbed.program("examples/call"));
        call.arg(plugin).args(["--json", "--calls", &calls.to_string()]);
        if let Some(config) = config {
            call.arg("--config").arg(config);
        }
        let told = testbed::told(&mut call)?;
        let [p50, p99, first, memory] = [number(&told, "/p50_us")?, number(&told, "/p99_us")?, number(&told, "/first_us")?, number(&told, "/memory_kib")?];
        println!("{name:<16} {p50:>9.1} {p99:>10.1} {first:>10.1} {memory:>19.0}");
        if number(&told, "/failed")? > 0.0 {
            bail!("{} of {calls} calls of {name} failed: {}", told["failed"], told["error"].as_str().unwrap_or("not the first one"));
        }
    }
    Ok(())
}
