//! Uploaded plugins: how long until one answers, what a fresh call costs in each language, and what a harmful one does to its neighbours.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::report::median;
use super::server::{APP_SECRET, PASSWORD, Server, Setting};
use crate::postgres::free_port;
use crate::temporary::Folder;
use crate::workspace::Workspace;
use crate::{plugins, process};

/// The demo's second business has the plugin, its first is the neighbour.
const OWN: &str = "200000000000001";
const NEIGHBOUR: &str = "100000000000001";
const ADMIN: &str = "admin@sector7.local";
/// Each of these ends at a limit or in a trap.
const HARMS: &str = "loop,eat,trap";
/// The examples with the milliseconds in which their first answer is wanted.
const EXAMPLES: [(&str, Option<f64>); 3] = [("tracking-rust", Some(1_000.0)), ("tracking-js", Some(4_000.0)), ("tracking-python", None)];
/// How much the neighbour's 99th percentile may grow.
const DISTURBED: f64 = 1.2;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Runs of each; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// How long the neighbour is measured each time
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..))]
    seconds: u32,
    /// The neighbour's customers who write at once
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    customers: u32,
    /// Harmful messages at once, ten times a second
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    harms: u32,
}

struct Bench<'a> {
    workspace: &'a Workspace,
    arguments: &'a Arguments,
}

/// Upload to first answer, and fresh calls.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let bench = Bench::build(workspace, arguments)?;
    println!("plugin            compiled ms   first answer ms   (medians of {})", arguments.runs);
    let mut missed = Vec::new();
    for (name, target) in EXAMPLES {
        let (mut ready, mut answered) = (Vec::new(), Vec::new());
        for _ in 0..arguments.runs {
            let told = bench.first_answer(&workspace.packed_examples().join(format!("{name}.wasm")))?;
            ready.push(number(&told, "ready_ms")?);
            answered.push(number(&told, "answered_ms")?);
        }
        let (ready, answered) = (median(ready), median(answered));
        println!("{name:<16} {ready:>12.0} {answered:>17.0}");
        missed.extend(target.filter(|target| answered > *target).map(|target| format!("{name}: {answered:.0} ms, at most {target:.0} wanted")));
    }
    let call = workspace.target.join("release/examples/call");
    for (name, _) in EXAMPLES {
        println!("\na fresh call of {name}");
        process::run(Command::new(&call).arg(workspace.packed_examples().join(format!("{name}.wasm"))))?;
    }
    println!("\n{}", if missed.is_empty() { "reaches its targets".to_owned() } else { format!("falls short: {}", missed.join("; ")) });
    Ok(())
}

/// A neighbour's flow alone, and while another business's plugin does harm.
pub(crate) fn hostile(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let bench = Bench::build(workspace, arguments)?;
    let (mut usual, mut disturbed) = (Vec::new(), Vec::new());
    println!("run   usual p99 ms   beside harm p99 ms   harmful messages   set aside");
    for nth in 1..=arguments.runs {
        let (alone, beside, harm) = bench.beside_harm()?;
        println!("{nth:<5} {alone:>12.1} {beside:>20.1} {:>18.0} {:>11.0}", number(&harm, "written")?, number(&harm, "set_aside")?);
        usual.push(alone);
        disturbed.push(beside);
    }
    let (usual, disturbed) = (median(usual), median(disturbed));
    let ratio = disturbed / usual;
    println!("\nmedian: {usual:.1} ms alone, {disturbed:.1} ms beside harm: {ratio:.2} times, at most {DISTURBED} wanted");
    Ok(())
}

impl<'a> Bench<'a> {
    fn build(workspace: &'a Workspace, arguments: &'a Arguments) -> Result<Self> {
        plugins::build_all(workspace, true)?;
        process::run(workspace.cargo().args(["build", "--release", "--locked", "--workspace", "--bins", "--examples"]))?;
        Ok(Self { workspace, arguments })
    }

    fn program(&self, name: &str) -> Command {
        Command::new(self.workspace.target.join("release").join(name))
    }

    /// The demo on fresh data, so that nothing was compiled before.
    fn setting(&self, folder: &Path) -> Result<Setting> {
        let binary = self.workspace.target.join("release/relevo");
        Ok(Setting { binary, folder: folder.to_owned(), graph: free_port()?, database: None })
    }

    fn folder(&self) -> Result<Folder> {
        Folder::new(&self.workspace.target.join("bench"), "plugins")
    }

    fn first_answer(&self, plugin: &Path) -> Result<Value> {
        let folder = self.folder()?;
        let setting = self.setting(folder.path())?;
        let server = Server::start(&setting, &["--demo"])?;
        let mut answer = self.on(&server, plugin);
        answer.args(["answer", "--graph-listen", &format!("127.0.0.1:{}", setting.graph)]);
        let told = serde_json::from_slice(&process::output(&mut answer)?).context("the measurement printed something that is not JSON")?;
        server.stop()?;
        Ok(told)
    }

    /// `plugin-bench`, told all but what it is to do.
    fn on(&self, server: &Server, plugin: &Path) -> Command {
        let mut command = self.program("plugin-bench");
        command.args(["--url", &server.url(), "--app-secret", APP_SECRET, "--email", ADMIN, "--password", PASSWORD]);
        command.args(["--phone-number-id", OWN, "--plugin"]).arg(plugin);
        command
    }

    fn beside_harm(&self) -> Result<(f64, f64, Value)> {
        let folder = self.folder()?;
        let setting = self.setting(folder.path())?;
        let server = Server::start(&setting, &["--demo"])?;
        let alone = self.neighbour(&server, &setting, 5_491_100_000_000)?;

        let harmful: PathBuf = self.workspace.packed_for_tests().join("probe.wasm");
        let seconds = (self.arguments.seconds + 8).to_string();
        let mut harm = self.on(&server, &harmful);
        harm.args(["harm", "--texts", HARMS, "--seconds", &seconds, "--customers", &self.arguments.harms.to_string()]).stdout(Stdio::piped());
        let harm = harm.spawn().context("cannot start plugin-bench")?;
        thread::sleep(Duration::from_secs(3));
        let beside = self.neighbour(&server, &setting, 5_491_150_000_000)?;
        let harm = harm.wait_with_output()?;
        if !harm.status.success() {
            bail!("the harm ended with {}", harm.status);
        }
        let harm = serde_json::from_slice(&harm.stdout).context("the harm printed something that is not JSON")?;
        server.stop()?;
        Ok((alone, beside, harm))
    }

    /// The 99th percentile, in milliseconds, of the neighbour's customers.
    fn neighbour(&self, server: &Server, setting: &Setting, first: u64) -> Result<f64> {
        let mut load = self.program("load");
        load.args(["--target", &format!("{}/webhook", server.url()), "--app-secret", APP_SECRET, "--phone-number-id", NEIGHBOUR]);
        load.args(["--customers", &self.arguments.customers.to_string(), "--seconds", &self.arguments.seconds.to_string()]);
        load.args(["--first-number", &first.to_string(), "--graph-listen", &format!("127.0.0.1:{}", setting.graph), "--json"]);
        let told: Value = serde_json::from_slice(&process::output(&mut load)?).context("the load generator printed something that is not JSON")?;
        if number(&told, "lost")? + number(&told, "doubled")? > 0.0 {
            bail!("the neighbour lost or doubled messages: {told}");
        }
        told.pointer("/e2e/p99").and_then(Value::as_f64).context("the load generator reported no p99")
    }
}

fn number(told: &Value, name: &str) -> Result<f64> {
    told[name].as_f64().with_context(|| format!("no {name} was told: {told}"))
}
