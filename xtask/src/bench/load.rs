//! Signed webhooks from many customers against the release binary; generator and Graph API are another process.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use super::report::{self, Run, Target};
use super::server::{APP_SECRET, Server, Setting};
use super::testbed;
use crate::postgres::{self, Durability, Postgres, free_port};
use crate::temporary::Folder;
use crate::workspace::Workspace;
use crate::{needs, plugins, process};

/// The demo's first service point.
const DEMO_NUMBER: &str = "100000000000001";
const TENANTS: u64 = 8;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Runs per variant; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// How long each run sends
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Customers who write at once
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    customers: u32,
    /// Only these variants
    #[arg(long, value_delimiter = ',')]
    only: Vec<Variant>,
    /// A Postgres where a database may be created, instead of the one that the tests would take
    #[arg(long)]
    postgres: Option<String>,
    /// Fails with the command instead of installing what is missing
    #[arg(long)]
    no_install: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Variant {
    /// One tenant on SQLite
    Sqlite,
    /// Eight tenants on SQLite
    Tenants,
    /// One tenant on Postgres
    Postgres,
    /// Messages 3 ms apart to the echo, whose order is looked at; no target but that
    Rows,
}

struct Bench<'a> {
    release: PathBuf,
    folders: PathBuf,
    arguments: &'a Arguments,
    postgres: Option<Postgres>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self { runs: 3, seconds: 20, customers: 32, only: Vec::new(), postgres: None, no_install: false }
    }
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments, is_built: bool) -> Result<()> {
    let variants = if arguments.only.is_empty() { Variant::value_variants() } else { &arguments.only };
    let postgres = if variants.contains(&Variant::Postgres) { Some(find_postgres(arguments)?) } else { None };
    if !is_built {
        plugins::build(workspace, !arguments.no_install)?;
        process::run(workspace.cargo().args(testbed::BUILD))?;
    }

    // Not in the system's temporary folder, which may be memory: a commit must reach a disk.
    let bench = Bench { release: workspace.target.join("release"), folders: workspace.target.join("bench"), arguments, postgres };
    let mut measured = Vec::new();
    for variant in variants {
        let mut runs = Vec::new();
        for number in 1..=arguments.runs {
            process::say(format!("{}: run {number} of {}, {} s", variant.name(), arguments.runs, arguments.seconds));
            runs.push(bench.measure(*variant)?);
        }
        measured.push((variant.name(), variant.target(), runs));
    }

    println!("{} customers, {} s a run", arguments.customers, arguments.seconds);
    if !report::print(&measured) {
        bail!("messages were lost, doubled, out of order or refused");
    }
    Ok(())
}

fn find_postgres(arguments: &Arguments) -> Result<Postgres> {
    let postgres = match &arguments.postgres {
        Some(url) => postgres::named(url.clone())?,
        None => needs::postgres(Durability::On, !arguments.no_install)?,
    };
    process::say(format!("Postgres: {postgres}"));
    Ok(postgres)
}

impl Variant {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Tenants => "eight tenants",
            Self::Postgres => "Postgres",
            Self::Rows => "rows, SQLite",
        }
    }

    fn target(self) -> Target {
        let rate_only = |replies_per_second| Target { replies_per_second, p99_ms: None, cpu_seconds_per_1000: None, peak_mb: None };
        match self {
            Self::Sqlite => Target { replies_per_second: 2_000.0, p99_ms: Some(25.0), cpu_seconds_per_1000: Some(0.5), peak_mb: Some(120.0) },
            Self::Tenants => rate_only(3_000.0),
            Self::Postgres => rate_only(1_500.0),
            Self::Rows => rate_only(0.0),
        }
    }
}

impl Bench<'_> {
    /// One run on fresh data.
    fn measure(&self, variant: Variant) -> Result<Run> {
        let folder = Folder::new(&self.folders, "load")?;
        let database = match (variant, &self.postgres) {
            (Variant::Postgres, Some(postgres)) => Some(postgres.create("bench")?),
            _ => None,
        };
        let setting = Setting {
            binary: self.release.join("relevo"),
            folder: folder.path().to_owned(),
            graph: free_port()?,
            database: database.as_ref().map(|database| database.url()),
        };

        let numbers = match variant {
            Variant::Sqlite | Variant::Postgres => vec![DEMO_NUMBER.to_owned()],
            Variant::Tenants => self.create_tenants(&setting, TENANTS, "storefront")?,
            Variant::Rows => self.create_tenants(&setting, 1, "echo")?,
        };
        let is_demo = numbers == [DEMO_NUMBER];
        let server = Server::start(&setting, if is_demo { &["--demo"] } else { &[] })?;
        let rows: &[&str] = if variant == Variant::Rows { &["--pipeline", "10"] } else { &[] };
        let run = self.send(&server, &setting, &numbers, rows)?;
        server.stop()?;
        Ok(run)
    }

    /// A number becomes a tenant's only after the Graph API confirmed it, so one runs meanwhile.
    fn create_tenants(&self, setting: &Setting, count: u64, flow: &str) -> Result<Vec<String>> {
        let _graph = Graph::start(&self.release.join("fake-graph"), setting.graph)?;
        let mut numbers = Vec::new();
        for tenant in 1..=count {
            let number = (300_000_000_000_000 + tenant).to_string();
            let mut create = setting.command();
            create.args(["tenant", "create", "--name", &format!("Bench {tenant}"), "--phone-number-id", &number]);
            process::output(create.args(["--access-token", "bench", "--app-secret", APP_SECRET, "--flow", flow]))?;
            numbers.push(number);
        }
        Ok(numbers)
    }

    fn send(&self, server: &Server, setting: &Setting, numbers: &[String], more: &[&str]) -> Result<Run> {
        let mut load = Command::new(self.release.join("load"));
        load.args(["--target", &format!("{}/webhook", server.url()), "--app-secret", APP_SECRET, "--pid", &server.pid().to_string()]);
        load.args(["--customers", &self.arguments.customers.to_string(), "--seconds", &self.arguments.seconds.to_string()]);
        load.args(["--graph-listen", &format!("127.0.0.1:{}", setting.graph), "--json"]).args(more);
        for number in numbers {
            load.args(["--phone-number-id", number]);
        }
        let printed = process::output(&mut load)?;
        Run::read(&serde_json::from_slice(&printed).context("the load generator printed something that is not JSON")?)
    }
}

/// The testbed's Graph API as a program of its own.
struct Graph(Child);

impl Graph {
    fn start(binary: &PathBuf, port: u16) -> Result<Self> {
        let child = Command::new(binary).args(["--listen", &format!("127.0.0.1:{port}")]).stdout(Stdio::null()).spawn();
        let graph = Self(child.with_context(|| format!("cannot start {}", binary.display()))?);
        let start = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if start.elapsed() > Duration::from_secs(10) {
                bail!("{} does not listen on port {port}", binary.display());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(graph)
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // Nothing waits for its end but the port, which the load generator takes next.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
