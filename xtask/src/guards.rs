//! What the architecture promises and no compiler checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::{Member, Workspace};

/// A heavy dependency and the one crate that may list it.
const OWNERS: [(&str, &str); 4] =
    [("sqlx", "relevo-store"), ("rusqlite", "relevo-store"), ("wasmtime", "relevo-sandbox"), ("whatsapp-rust", "relevo-whatsapp")];

/// One TLS provider: ring. deny.toml says the same, for those who have cargo-deny.
const BANNED: [&str; 4] = ["openssl-sys", "native-tls", "aws-lc-sys", "aws-lc-rs"];

const LONGEST_FILE: usize = 600;

/// Fails with everything that is wrong at once.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let lock = fs::read_to_string(workspace.root.join("Cargo.lock")).context("Cargo.lock is missing: it is committed")?;
    let mut broken = lock_faults(&lock);
    broken.extend(ownership_faults(&workspace.members));
    broken.extend(migration_faults(&workspace.root.join("migrations"))?);

    for (file, lines) in long_files(&workspace.root)? {
        process::say(format!("warning: {file} has {lines} lines; more than {LONGEST_FILE} ask to be split"));
    }
    if !broken.is_empty() {
        bail!("{}", broken.join("\n"));
    }
    process::say("guards hold: one libsqlite3-sys, one TLS provider, one owner per heavy dependency, migrations in both dialects");
    Ok(())
}

fn lock_faults(lock: &str) -> Vec<String> {
    let count = |name: &str| lock.lines().filter(|line| *line == format!("name = \"{name}\"")).count();
    let mut faults = Vec::new();
    let sqlite = count("libsqlite3-sys");
    if sqlite != 1 {
        faults.push(format!("Cargo.lock holds libsqlite3-sys {sqlite} times, not once: `cargo tree --invert libsqlite3-sys` shows who brings it"));
    }
    for name in BANNED {
        if count(name) > 0 {
            faults.push(format!("Cargo.lock holds {name}, but TLS is ring's alone: `cargo tree --invert {name}` shows who brings it"));
        }
    }
    faults
}

fn ownership_faults(members: &[Member]) -> Vec<String> {
    let mut faults = Vec::new();
    for (dependency, owner) in OWNERS {
        for member in members.iter().filter(|member| member.name != owner) {
            if member.dependencies.iter().any(|name| name == dependency) {
                faults.push(format!("{} lists {dependency}, which is {owner}'s alone", member.name));
            }
        }
    }
    faults
}

/// Every migration exists under the same name in both dialects.
fn migration_faults(migrations: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for set in ["platform", "tenant"] {
        let sqlite = file_names(&migrations.join(set).join("sqlite"))?;
        let postgres = file_names(&migrations.join(set).join("postgres"))?;
        let missing = |from: &BTreeSet<String>, other: &BTreeSet<String>, dialect: &str| -> Vec<String> {
            from.difference(other).map(|name| format!("migrations/{set}/{dialect}/{name} is missing")).collect()
        };
        faults.extend(missing(&sqlite, &postgres, "postgres"));
        faults.extend(missing(&postgres, &sqlite, "sqlite"));
    }
    Ok(faults)
}

fn file_names(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

fn long_files(root: &Path) -> Result<Vec<(String, usize)>> {
    let mut files = Vec::new();
    for folder in ["host", "plugins", "xtask"] {
        collect_sources(&root.join(folder), &mut files)?;
    }
    let mut long = Vec::new();
    for file in files {
        let lines = fs::read_to_string(&file)?.lines().count();
        if lines > LONGEST_FILE {
            long.push((file.strip_prefix(root).unwrap_or(&file).display().to_string(), lines));
        }
    }
    long.sort();
    Ok(long)
}

fn collect_sources(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "target" && name != "node_modules" {
            collect_sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    const ONE: &str = "[[package]]\nname = \"libsqlite3-sys\"\nversion = \"0.37.0\"\n";

    #[test]
    fn exactly_one_sqlite_is_in_the_graph() {
        assert!(lock_faults(ONE).is_empty());
        assert_eq!(lock_faults("").len(), 1);
        assert_eq!(lock_faults(&ONE.repeat(2)).len(), 1);
    }

    #[test]
    fn a_second_tls_provider_is_a_fault() {
        let lock = format!("{ONE}name = \"aws-lc-rs\"\n");

        assert!(lock_faults(&lock)[0].contains("aws-lc-rs"));
    }

    #[test]
    fn only_its_owner_lists_a_heavy_dependency() {
        let member = |name: &str, dependency: &str| Member { name: name.to_owned(), dependencies: vec![dependency.to_owned()] };

        let faults = ownership_faults(&[member("relevo-store", "sqlx"), member("relevo", "sqlx"), member("relevo", "wasmtime-environ")]);

        assert_eq!(faults, ["relevo lists sqlx, which is relevo-store's alone"]);
    }

    #[test]
    fn a_migration_in_one_dialect_only_is_a_fault() {
        let folder = Folder::new(&std::env::temp_dir(), "migrations").unwrap();
        for set in ["platform/sqlite", "platform/postgres", "tenant/sqlite", "tenant/postgres"] {
            fs::create_dir_all(folder.path().join(set)).unwrap();
            fs::write(folder.path().join(set).join("0001_start.sql"), "").unwrap();
        }
        fs::write(folder.path().join("tenant/sqlite/0002_more.sql"), "").unwrap();

        assert_eq!(migration_faults(folder.path()).unwrap(), ["migrations/tenant/postgres/0002_more.sql is missing"]);
    }
}
