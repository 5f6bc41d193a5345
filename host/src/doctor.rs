//! Looks at everything that a host stands on, and says how to mend what is not right.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use relevo_store::{Error, Store};
use reqwest::Url;
use tokio::{net::TcpListener, net::TcpStream, process::Command, time::timeout};

use crate::settings::{Problem, Settings, SettingsErrors};

const CONNECT: Duration = Duration::from_secs(3);
const GIB: u64 = 1 << 30;
/// Below the first it warns, below the second it is bad.
const FREE: [u64; 2] = [2 * GIB, GIB / 4];

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    pub name: String,
    pub state: State,
    /// How it is, one sentence without its full stop.
    pub says: String,
    /// What to do about it, where there is something to do.
    pub mend: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ok,
    Warn,
    Bad,
}

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// Looks at everything before a host runs here. Opens the store, which makes its folder, its key and its platform when they are not there.
pub async fn examine(settings: &Settings) -> Vec<Finding> {
    let mut findings = of_settings(settings);
    findings.push(data_folder(&settings.data));
    findings.push(disk(&settings.data).await);
    findings.extend(match Store::open(&settings.store()).await {
        Ok(store) => of_store(settings, &store).await,
        Err(error) => vec![not_open(error, settings.database_url.is_some())],
    });
    findings.push(listen(settings.listen).await);
    findings.extend(surroundings(settings).await);
    findings
}

/// Looks at a host that runs in this process.
pub async fn examine_running(settings: &Settings, store: &Store) -> Vec<Finding> {
    let mut findings = of_settings(settings);
    findings.push(data_folder(&settings.data));
    findings.push(disk(&settings.data).await);
    findings.extend(of_store(settings, store).await);
    findings.push(ok("listen address", format!("listens on {}", settings.listen)));
    findings.extend(surroundings(settings).await);
    findings
}

/// What there is to say when the settings were refused: nothing else can be looked at.
pub fn refused(errors: &SettingsErrors) -> Vec<Finding> {
    errors.0.iter().map(|problem| of_problem(State::Bad, problem)).collect()
}

/// Prints the findings as a table; the exit code is a failure when one is bad.
pub fn print(findings: &[Finding]) -> ExitCode {
    print!("{}", table(findings));
    if findings.iter().any(|finding| finding.state == State::Bad) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn table(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.name.len()).max().unwrap_or_default();
    let mut table = String::new();
    for Finding { name, state, says, mend } in findings {
        table += &format!("{:<4}  {name:<width$}  {says}.\n", state.as_str());
        if let Some(mend) = mend {
            table += &format!("{:<4}  {:<width$}  → {mend}.\n", "", "");
        }
    }
    table
}

fn ok(name: &str, says: impl Into<String>) -> Finding {
    Finding { name: name.into(), state: State::Ok, says: says.into(), mend: None }
}

fn warn(name: &str, says: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { name: name.into(), state: State::Warn, says: says.into(), mend: Some(mend.into()) }
}

fn bad(name: &str, says: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { name: name.into(), state: State::Bad, says: says.into(), mend: Some(mend.into()) }
}

fn of_problem(state: State, problem: &Problem) -> Finding {
    Finding { name: "settings".into(), state, says: format!("{} {}", problem.name, problem.says), mend: Some(problem.mend.clone()) }
}

fn of_settings(settings: &Settings) -> Vec<Finding> {
    if settings.warnings.is_empty() {
        return vec![ok("settings", if settings.demo { "complete, for the demo" } else { "complete" })];
    }
    settings.warnings.iter().map(|problem| of_problem(State::Warn, problem)).collect()
}

fn data_folder(folder: &Path) -> Finding {
    const NAME: &str = "data folder";
    // Others may look at the same time, each with a file of its own.
    let probe = folder.join(format!(".doctor-{:08x}", rand::random::<u32>()));
    let written = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).and_then(|()| fs::write(&probe, "relevo"));
    let removed = fs::remove_file(&probe);
    match written.and(removed) {
        Ok(()) => ok(NAME, format!("{} can be written", folder.display())),
        Err(error) => {
            bad(NAME, format!("{} cannot be written: {error}", folder.display()), "Set RELEVO_DATA to a folder that this user may write, with room on its disk")
        }
    }
}

async fn disk(folder: &Path) -> Finding {
    const NAME: &str = "disk space";
    const MEND: &str = "Make room on this disk, or set RELEVO_DATA to a folder on a larger one: on a full disk no message is accepted";
    let Some(free) = free_bytes(folder).await else {
        return warn(NAME, "cannot be told, df gave no answer", "See to it by other means that the disk does not fill up");
    };
    let says = format!("{:.1} GiB are free", free as f64 / GIB as f64);
    match free {
        free if free < FREE[1] => bad(NAME, says, MEND),
        free if free < FREE[0] => warn(NAME, says, MEND),
        _ => ok(NAME, says),
    }
}

/// Asks df, since the standard library cannot tell.
async fn free_bytes(folder: &Path) -> Option<u64> {
    let asked = Command::new("df").arg("-Pk").arg("--").arg(folder).kill_on_drop(true).output();
    let output = timeout(CONNECT, asked).await.ok()?.ok()?;
    parse_df(&String::from_utf8_lossy(&output.stdout))
}

fn parse_df(text: &str) -> Option<u64> {
    let columns: Vec<&str> = text.lines().nth(1)?.split_whitespace().collect();
    // Names may hold blanks: count from the column that ends in a percent sign, the one after what is free.
    let percent = columns.iter().position(|column| column.strip_suffix('%').is_some_and(|number| number.parse::<u8>().is_ok()))?;
    let kibibytes: u64 = columns.get(percent.checked_sub(1)?)?.parse().ok()?;
    Some(kibibytes * 1024)
}

async fn of_store(settings: &Settings, store: &Store) -> Vec<Finding> {
    let engine = if store.is_shared() { "Postgres" } else { "SQLite" };
    let database = match store.platform().tenants().await {
        Ok(tenants) => ok("database", format!("{engine} opens; {} tenants", tenants.len())),
        Err(error) => bad("database", format!("{engine} opens, but cannot be read: {error}"), database_mend(store.is_shared())),
    };
    vec![database, master_key(settings), cache_folder(&settings.cache())]
}

fn not_open(error: Error, is_shared: bool) -> Finding {
    match error {
        Error::Key(error) => bad("master key", error.to_string(), "Keep RELEVO_MASTER_KEY and master.key as they were when the data was written"),
        Error::Setting(says) => bad("database", says, "Correct this setting"),
        other => bad("database", format!("does not open: {other}"), database_mend(is_shared)),
    }
}

fn database_mend(is_shared: bool) -> &'static str {
    if is_shared { "See that the database runs and that DATABASE_URL names its host, user and password" } else { "See that the disk is sound and not full" }
}

/// The store has opened, so the key fits; a key in a file must be its owner's alone.
fn master_key(settings: &Settings) -> Finding {
    const NAME: &str = "master key";
    if settings.master_key.is_some() {
        return ok(NAME, "fits the data; it comes from RELEVO_MASTER_KEY");
    }
    let path = settings.data.join("master.key");
    match open_to_others(&path) {
        Ok(0) => ok(NAME, format!("fits the data; it lies in {}. Back it up apart from the data", path.display())),
        Ok(mode) => bad(NAME, format!("{} can be read by others (mode {mode:o})", path.display()), format!("chmod 600 {}", path.display())),
        Err(error) => bad(NAME, format!("{} cannot be looked at: {error}", path.display()), "Restore the file from a backup"),
    }
}

fn cache_folder(folder: &Path) -> Finding {
    const NAME: &str = "plugin cache";
    match open_to_others(folder) {
        Ok(0) => ok(NAME, format!("{} is this user's alone", folder.display())),
        Ok(mode) => bad(
            NAME,
            format!("{} is open to others (mode {mode:o}), and what lies in it is run", folder.display()),
            format!("chmod 700 {0}, and empty it if others may have written there: plugins are compiled again", folder.display()),
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => ok(NAME, "is made at the first start"),
        Err(error) => bad(NAME, format!("{} cannot be looked at: {error}", folder.display()), "Give the folder to the user that runs relevo"),
    }
}

/// The whole mode when group or others may do anything there, else 0.
fn open_to_others(path: &Path) -> io::Result<u32> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    Ok(if mode & 0o077 == 0 { 0 } else { mode })
}

async fn listen(address: SocketAddr) -> Finding {
    const NAME: &str = "listen address";
    match TcpListener::bind(address).await {
        Ok(_) => ok(NAME, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => warn(
            NAME,
            format!("{address} is taken, by a relevo that runs or by another program"),
            "If it is another program, stop it or set RELEVO_LISTEN to a free port",
        ),
        Err(error) => bad(NAME, format!("cannot listen on {address}: {error}"), "Set RELEVO_LISTEN to an address of this machine and a port above 1023"),
    }
}

/// What others must offer: a way to us, Meta, a language model.
async fn surroundings(settings: &Settings) -> [Finding; 3] {
    [webhook_address(settings), graph(settings.meta_graph_url.as_deref()).await, language_model(settings)]
}

fn webhook_address(settings: &Settings) -> Finding {
    const NAME: &str = "webhook address";
    match &settings.public_base_url {
        None if settings.demo => ok(NAME, "not needed: the demo is its own counterpart"),
        None => warn(NAME, "unknown: PUBLIC_BASE_URL is not set", "Set PUBLIC_BASE_URL to the https address at which Meta reaches this server"),
        Some(base) if base.starts_with("https://") => ok(NAME, format!("{base}/webhook, to be entered in Meta's app settings")),
        Some(base) => warn(
            NAME,
            format!("{base}/webhook is not https, and Meta calls nothing else"),
            "Put a proxy with a certificate in front, and set PUBLIC_BASE_URL to its https address",
        ),
    }
}

async fn graph(address: Option<&str>) -> Finding {
    const NAME: &str = "graph api";
    let Some(address) = address else {
        return ok(NAME, "not used: the demo delivers to the simulator");
    };
    match connect(address).await {
        Ok(()) => ok(NAME, format!("{address} answers")),
        Err(says) => bad(
            NAME,
            format!("{address} cannot be reached: {says}"),
            "See that name resolution and the firewall let this machine out, and that META_GRAPH_URL is right",
        ),
    }
}

async fn connect(address: &str) -> Result<(), String> {
    let url = Url::parse(address).map_err(|error| error.to_string())?;
    let target = url.host_str().zip(url.port_or_known_default()).ok_or("it names no host")?;
    let host = target.0.trim_matches(['[', ']']);
    match timeout(CONNECT, TcpStream::connect((host, target.1))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no connection within {} s", CONNECT.as_secs())),
    }
}

fn language_model(settings: &Settings) -> Finding {
    const NAME: &str = "language model";
    match settings.openai_api_key {
        Some(_) => ok(NAME, format!("has a key, for {}", settings.openai_base_url)),
        None => warn(NAME, "has no key: flows work, the assistant does not answer", "Set OPENAI_API_KEY, or enter a key for each business"),
    }
}

#[cfg(test)]
mod tests;
