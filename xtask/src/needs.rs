//! What builds and tests need beyond cargo: found, else installed where that is allowed, else named with the command.

mod author;
mod browser;
mod packages;
mod wasm;

use anyhow::Result;

pub(crate) use self::author::{Tools, author_tools};
pub(crate) use self::browser::Browser;
pub(crate) use self::wasm::{WASM_TARGET, wasm_target};
use crate::postgres::{self, Durability, Postgres};
use crate::process;

/// A system package, by what it brings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Package {
    Postgres,
    Browser,
    Node,
    Python,
}

/// A Postgres that lets us create databases: `TEST_DATABASE_URL`, a local one, or a temporary one that lives as long as the value.
pub(crate) fn postgres(durability: Durability, may_install: bool) -> Result<Postgres> {
    prepare(&[Package::Postgres], may_install)?;
    postgres::open(durability)
}

/// Everything that the tests need, missing packages installed in one go.
pub(crate) fn for_tests(may_install: bool) -> Result<(Postgres, Browser)> {
    wasm_target(may_install)?;
    prepare(&[Package::Postgres, Package::Browser, Package::Node, Package::Python], may_install)?;
    let browser = Browser::find()?;
    let postgres = postgres::open(Durability::Off)?;
    process::say(format!("Postgres: {postgres}"));
    process::say(format!("browser: {browser}"));
    Ok((postgres, browser))
}

fn prepare(wanted: &[Package], may_install: bool) -> Result<()> {
    let missing: Vec<Package> = wanted.iter().copied().filter(|package| !is_there(*package)).collect();
    if missing.is_empty() { Ok(()) } else { packages::install(&missing, may_install) }
}

fn is_there(package: Package) -> bool {
    match package {
        Package::Postgres => postgres::given().is_some() || postgres::running().is_some() || postgres::programs().is_some(),
        Package::Browser => Browser::is_there(),
        Package::Node => author::has_node(),
        Package::Python => author::has_python(),
    }
}
