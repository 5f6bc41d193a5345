//! The process that is killed, and how it comes back.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
};

use anyhow::{Context, Result, bail};

use super::place::Place;

/// Ports below those that the system gives to outgoing connections, so that nobody takes one while the process is down.
const PORTS: (u16, u16) = (11_000, 20_000);

/// A running `relevo`. It is killed when this is dropped.
pub struct Process {
    child: Killer,
    log: PathBuf,
}

/// Ends the process from anywhere, at once.
#[derive(Clone)]
pub struct Killer(Arc<Mutex<Child>>);

impl Killer {
    /// When this returns the process is no more.
    pub fn kill(&self) {
        let mut child = self.lock();
        // It may have ended by itself.
        drop(child.kill());
        drop(child.wait());
    }

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Process {
    /// Starts it on this place; `kill_at` is `RELEVO_KILL_AT`. Without a provider it makes the demo. With one it serves what the demo left: to look at the
    /// passwords of its people again would take longer than all else that a start does.
    pub fn start(place: &Place, listen: SocketAddr, graph: Option<&str>, kill_at: Option<String>) -> Result<Self> {
        let log = place.next_log()?;
        let errors = File::create(&log)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_relevo"));
        command.arg(if graph.is_some() { "serve" } else { "demo" }).env_clear().envs(place.environment()).current_dir(&place.folder);
        command.env("RELEVO_LISTEN", listen.to_string()).env("RELEVO_LOG", "json");
        command.env("META_APP_SECRET", "demo-app-secret").env("META_VERIFY_TOKEN", "demo-verify-token");
        command.envs(graph.map(|url| ("META_GRAPH_URL", url)));
        command.envs(kill_at.map(|point| ("RELEVO_KILL_AT", point)));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn().context("relevo does not start")?;
        Ok(Self { child: Killer(Arc::new(Mutex::new(child))), log })
    }

    pub fn killer(&self) -> Killer {
        self.child.clone()
    }

    /// How it ended, once it has.
    pub fn ended(&self) -> Result<Option<ExitStatus>> {
        Ok(self.child.lock().try_wait()?)
    }

    /// Whether it listens. Fails when it ended with an error of its own instead of being killed.
    pub fn is_ready(&self) -> Result<bool> {
        let text = fs::read_to_string(&self.log)?;
        if let Some(status) = self.ended()?
            && status.code().is_some()
        {
            bail!("relevo ended by itself ({status}): {text}");
        }
        Ok(text.contains("\"message\":\"ready\""))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill();
    }
}

/// An address on this machine that nobody listens on, and that nobody else here is given.
pub fn free_address() -> Result<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let spread = std::process::id() as u16 % 50 * 150;
    for _ in 0..2_000 {
        let port = PORTS.0 + spread.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % (PORTS.1 - PORTS.0);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port from {} to {} is free", PORTS.0, PORTS.1)
}
