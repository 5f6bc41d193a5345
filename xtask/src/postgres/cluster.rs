//! A Postgres of our own for a while: on a free loopback port, in a temporary folder, gone at the end however that comes.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::address::Address;
use crate::process;

const USER: &str = "postgres";

/// Waits until its input closes, which the end of this process does by itself, even when it is killed.
const GUARD: &str = r#"trap '' INT TERM HUP
cat >/dev/null
"$1/pg_ctl" -D "$2/data" -m immediate -w stop >/dev/null 2>&1
rm -rf "$2""#;

/// Whether a commit waits for the disk. Tests do not care, measurements do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    Off,
    On,
}

pub(crate) struct Cluster {
    port: u16,
    guard: Child,
}

/// The user whom the server runs as: it refuses to be root.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

/// The folder with the newest installed server.
pub(crate) fn programs() -> Option<PathBuf> {
    let mut folders = Vec::new();
    for (parent, below) in [("/usr/lib/postgresql", "bin"), ("/usr", "bin"), ("/opt/homebrew/opt", "bin"), ("/usr/local/opt", "bin")] {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path());
        folders.extend(entries.filter(|path| parent == "/usr/lib/postgresql" || names_postgres(path)).map(|path| path.join(below)));
    }
    folders.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    folders.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    folders.into_iter().find(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|program| process::is_program(&folder.join(program))))
}

/// Such as `pgsql-17` or `postgresql@17`.
fn names_postgres(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("pgsql-") || name.starts_with("postgresql")
}

/// The number in `…/postgresql/15/bin` or `…/postgresql@17/bin`.
fn version(folder: &Path) -> u32 {
    let name = folder.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    name.rsplit(|letter: char| !letter.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

impl Cluster {
    pub(super) fn start(programs: &Path, durability: Durability) -> Result<Self> {
        let owner = process::is_root().then(Owner::find).transpose()?;
        let folder = create_folder(owner)?;
        let guard = as_owner(Command::new("sh").args(["-c", GUARD, "sh"]).arg(programs).arg(&folder), owner)
            .current_dir("/")
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cannot start sh")?;
        let cluster = Self { port: free_port()?, guard };

        let data = folder.join("data");
        let locale = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.arg("-D").arg(&data).args(["-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale", locale]);
        process::output(as_owner(&mut initdb, owner).current_dir("/"))?;
        let settings = data.join("postgresql.conf");
        OpenOptions::new().append(true).open(settings)?.write_all(cluster.settings(durability).as_bytes())?;

        let log = folder.join("log");
        let mut start = Command::new(programs.join("pg_ctl"));
        start.arg("-D").arg(&data).arg("-l").arg(&log).args(["-w", "-t", "60", "start"]).stdout(Stdio::null());
        process::run_quietly(as_owner(&mut start, owner).current_dir("/").process_group(0))
            .with_context(|| format!("the temporary Postgres did not start:\n{}", fs::read_to_string(&log).unwrap_or_default()))?;
        Ok(cluster)
    }

    pub(super) fn url(&self) -> String {
        Address::new(self.port, USER, None).url("postgres")
    }

    fn settings(&self, durability: Durability) -> String {
        let durability = match durability {
            Durability::On => "",
            Durability::Off => "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n",
        };
        format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = ''\nmax_connections = 300\n\
             max_locks_per_transaction = 256\nshared_buffers = '128MB'\n{durability}",
            self.port
        )
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        if let Err(error) = self.guard.wait() {
            eprintln!("cannot wait for the temporary Postgres: {error}");
        }
    }
}

impl Owner {
    /// `postgres`, which the packages bring, else `nobody`.
    fn find() -> Result<Self> {
        let id = |flag: &str, name: &str| process::text(Command::new("id").args([flag, name])).ok()?.parse().ok();
        let find = |name: &&str| Some(Self { user: id("-u", name)?, group: id("-g", name)? });
        ["postgres", "nobody"].iter().find_map(find).context("Postgres does not run as root, and there is neither a user postgres nor nobody")
    }
}

/// Root's own temporary folder may be closed to the server's user, so /tmp it is then.
fn create_folder(owner: Option<Owner>) -> Result<PathBuf> {
    let parent = if owner.is_some() { PathBuf::from("/tmp") } else { env::temp_dir() };
    let folder = parent.join(format!("relevo-postgres-{}-{}", std::process::id(), free_port()?));
    fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    if let Some(owner) = owner {
        chown(&folder, Some(owner.user), Some(owner.group))?;
    }
    Ok(folder)
}

fn as_owner(command: &mut Command, owner: Option<Owner>) -> &mut Command {
    if let Some(owner) = owner {
        command.uid(owner.user).gid(owner.group);
    }
    command
}

/// Free now; whoever takes it in between makes the start fail and say so.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::wire::Client;

    #[test]
    fn the_newest_server_comes_first() {
        assert_eq!(version(Path::new("/usr/lib/postgresql/15/bin")), 15);
        assert_eq!(version(Path::new("/opt/homebrew/opt/postgresql@17/bin")), 17);
        assert_eq!(version(Path::new("/opt/homebrew/opt/postgresql/bin")), 0);
    }

    #[test]
    #[ignore = "starts an installed PostgreSQL server: cargo xtask test runs it where there is one"]
    fn a_temporary_cluster_answers_and_leaves_nothing_behind() {
        let programs = programs().expect("a PostgreSQL server is installed");

        let cluster = Cluster::start(&programs, Durability::Off).unwrap();
        let address = Address::parse(&cluster.url()).unwrap().unwrap();
        let folder = Client::connect(&address).unwrap().value("SHOW data_directory").unwrap().unwrap();
        drop(cluster);

        assert!(Client::connect(&address).is_err());
        assert!(!Path::new(&folder).parent().unwrap().exists());
    }

    #[test]
    #[ignore = "starts an installed PostgreSQL server: cargo xtask test runs it where there is one"]
    fn a_password_is_proven_and_a_wrong_one_refused() {
        let programs = programs().expect("a PostgreSQL server is installed");
        let cluster = Cluster::start(&programs, Durability::Off).unwrap();
        let mut client = Client::connect(&Address::new(cluster.port, USER, None)).unwrap();
        client.value("CREATE ROLE ana LOGIN PASSWORD 'secret'").unwrap();
        let rules = client.value("SHOW hba_file").unwrap().unwrap();
        fs::write(rules, format!("host all {USER} 127.0.0.1/32 trust\nhost all ana 127.0.0.1/32 scram-sha-256\n")).unwrap();
        client.value("SELECT pg_reload_conf()").unwrap();

        let connect = |password: &str| Client::connect(&Address::new(cluster.port, "ana", Some(password.to_owned())));

        // The reload is a signal: it has arrived once a connection without the password fails.
        while Client::connect(&Address::new(cluster.port, "ana", None)).is_ok() {
            std::thread::yield_now();
        }
        assert!(connect("wrong").is_err());
        assert_eq!(connect("secret").unwrap().value("SELECT current_user").unwrap().as_deref(), Some("ana"));
    }
}
