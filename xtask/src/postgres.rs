//! A Postgres that lets us create databases: the one that is named, the one that runs here, or a temporary cluster.

mod address;
mod cluster;
mod scram;
mod wire;

use std::env;
use std::fmt;

use anyhow::{Context, Result, bail};

use self::address::Address;
use self::cluster::Cluster;
pub(crate) use self::cluster::{Durability, free_port, programs};
use self::wire::{Client, Refusal};
use crate::process;

/// Names a Postgres for the tests, and tells them ours.
pub(crate) const VARIABLE: &str = "TEST_DATABASE_URL";

/// A temporary cluster ends with the value.
pub(crate) struct Postgres {
    url: String,
    kind: Kind,
}

enum Kind {
    Given,
    Running,
    Temporary(Cluster),
}

/// A database of our own that goes away with its value.
pub(crate) struct Database {
    server: Address,
    name: String,
}

/// Takes the first that there is; `durability` is that of a temporary cluster.
pub(crate) fn open(durability: Durability) -> Result<Postgres> {
    if let Some(url) = given() {
        check(&url).with_context(|| format!("{VARIABLE} is set, but of no use"))?;
        return Ok(Postgres { url, kind: Kind::Given });
    }
    if let Some(url) = running() {
        return Ok(Postgres { url, kind: Kind::Running });
    }
    let programs = programs().context("no PostgreSQL server is installed")?;
    process::say(format!("starting a temporary Postgres with {}", programs.display()));
    let cluster = Cluster::start(&programs, durability)?;
    let url = cluster.url();
    check(&url)?;
    Ok(Postgres { url, kind: Kind::Temporary(cluster) })
}

/// One that is named by its URL instead of found.
pub(crate) fn named(url: String) -> Result<Postgres> {
    check(&url)?;
    Ok(Postgres { url, kind: Kind::Given })
}

/// What the environment names; empty counts as unset.
pub(crate) fn given() -> Option<String> {
    env::var(VARIABLE).ok().filter(|url| !url.is_empty())
}

/// The URL of a Postgres on 127.0.0.1:5432 whose databases we may create, tried with the usual users.
pub(crate) fn running() -> Option<String> {
    let users = [env::var("PGUSER").ok(), env::var("USER").ok(), Some("root".to_owned()).filter(|_| process::is_root()), Some("postgres".to_owned())];
    let mut tried = Vec::new();
    for user in users.into_iter().flatten() {
        if tried.contains(&user) {
            continue;
        }
        let address = Address::local(&user, env::var("PGPASSWORD").ok());
        if may_create_databases(&address).unwrap_or(false) {
            return Some(address.url(address.database()));
        }
        tried.push(user);
    }
    None
}

/// Fails now rather than after ten minutes of compiling. What we cannot speak to is left to the tests, and said.
fn check(url: &str) -> Result<()> {
    let Some(address) = Address::parse(url)? else {
        process::say("the Postgres is reached by a socket or TLS: not checked beforehand");
        return Ok(());
    };
    match may_create_databases(&address) {
        Ok(true) => Ok(()),
        Ok(false) => bail!("{} may not create databases: ALTER ROLE {} CREATEDB", address.user(), address.user()),
        Err(Refusal::Unsupported(what)) => {
            process::say(format!("the Postgres asks for {what}: not checked beforehand"));
            Ok(())
        }
        Err(refusal) => bail!("no connection to the Postgres at {}: {refusal}", address.place()),
    }
}

fn may_create_databases(address: &Address) -> Result<bool, Refusal> {
    let answer = Client::connect(address)?.value("SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user")?;
    Ok(answer.as_deref() == Some("t"))
}

impl Postgres {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Creates an empty database.
    pub(crate) fn create(&self, name: &str) -> Result<Database> {
        let server = Address::parse(&self.url)?.context("databases can only be created over plain TCP here")?;
        let database = Database { server, name: format!("relevo_{name}_{}", std::process::id()) };
        database.execute(&format!("CREATE DATABASE {}", database.name))?;
        Ok(database)
    }

    /// Stops and removes a temporary cluster; dropping does the same.
    pub(crate) fn close(self) {
        if let Kind::Temporary(cluster) = self.kind {
            drop(cluster);
            process::say("the temporary Postgres is gone");
        }
    }
}

impl fmt::Display for Postgres {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = Address::parse(&self.url).ok().flatten().map(|address| address.place()).unwrap_or_default();
        match &self.kind {
            Kind::Given => write!(formatter, "the one that was named {place}"),
            Kind::Running => write!(formatter, "the one that runs on {place}"),
            Kind::Temporary(_) => write!(formatter, "a temporary one on {place}"),
        }
    }
}

impl Database {
    pub(crate) fn url(&self) -> String {
        self.server.url(&self.name)
    }

    fn execute(&self, sql: &str) -> Result<()> {
        let mut client = Client::connect(&self.server).map_err(|refusal| anyhow::anyhow!("no connection to {}: {refusal}", self.server.place()))?;
        client.value(sql).map_err(|refusal| anyhow::anyhow!("{sql}: {refusal}"))?;
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = self.execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)) {
            eprintln!("{} stays behind: {error:#}", self.name);
        }
    }
}
