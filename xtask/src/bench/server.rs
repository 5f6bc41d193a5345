//! The release binary as it runs during a measurement, with a data folder of its own.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::postgres::free_port;
use crate::process;

pub(super) const APP_SECRET: &str = "bench-app-secret";

/// Of the demo's administrators, and as public.
pub(super) const PASSWORD: &str = "bench-password-of-nobody";

/// A master key is no secret where all data is thrown away.
const MASTER_KEY: &str = "5e1f0c0de5e1f0c0de5e1f0c0de5e1f0c0de5e1f0c0de5e1f0c0de5e1f0c0de5";

/// What an operator may have set for another installation.
const FOREIGN: [&str; 7] = ["DATABASE_URL", "PUBLIC_BASE_URL", "PANEL_ORIGIN", "PANEL_ORIGINS", "WEBHOOK_SIGNATURE_MODE", "OPENAI_API_KEY", "ENABLE_JOBS"];

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(30);

/// Everything that the binary needs to know, for `serve` and for other commands alike.
pub(super) struct Setting {
    pub(super) binary: PathBuf,
    pub(super) folder: PathBuf,
    /// Where the generator's Graph API listens.
    pub(super) graph: u16,
    /// Postgres instead of SQLite.
    pub(super) database: Option<String>,
}

pub(super) struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Setting {
    /// A command of the binary, away from any configuration file of the working folder.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(&self.folder).stdin(Stdio::null());
        for name in FOREIGN {
            command.env_remove(name);
        }
        command.env("RELEVO_DATA", self.folder.join("data")).env("RELEVO_MASTER_KEY", MASTER_KEY);
        // What is measured asks more often than anybody may.
        command.env("RELEVO_API_RATE", "0");
        command.env("ADMIN_SEED_PASSWORD", PASSWORD).env("META_APP_SECRET", APP_SECRET).env("META_GRAPH_URL", format!("http://127.0.0.1:{}", self.graph));
        if let Some(url) = &self.database {
            command.env("DATABASE_URL", url);
        }
        command
    }
}

impl Server {
    /// Starts it and waits until it says that it is ready.
    pub(super) fn start(setting: &Setting, arguments: &[&str]) -> Result<Self> {
        let port = free_port()?;
        let log = setting.folder.join("log");
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = setting.command();
        command.arg("serve").args(arguments).env("RELEVO_LISTEN", format!("127.0.0.1:{port}"));
        let child = command.stdout(output.try_clone()?).stderr(output).spawn();
        let child = child.with_context(|| format!("cannot start {}", setting.binary.display()))?;
        let mut server = Self { child, port, log };
        server.wait_until_ready()?;
        Ok(server)
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as an operator would.
    pub(super) fn stop(mut self) -> Result<()> {
        process::output(Command::new("kill").args(["-TERM", &self.pid().to_string()]))?;
        let start = Instant::now();
        while start.elapsed() < STOP {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() { Ok(()) } else { bail!("the server ended with {status}:\n{}", last_lines(&self.log)) };
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("the server did not end within {} s:\n{}", STOP.as_secs(), last_lines(&self.log))
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status} at its start:\n{}", last_lines(&self.log));
            }
            if is_ready(self.port) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("the server was not ready within {} s:\n{}", START.as_secs(), last_lines(&self.log))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, unless something failed: then there is nothing left to measure.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_ready(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
