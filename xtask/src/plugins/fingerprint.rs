//! What the packed plugins were made from, as one hash.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::{dist, process};

/// Raised when this command packs differently.
const FORMAT: &str = "2";

/// Covers all of plugins/ and wit/ (sources, manifests, lockfile, cargo's configuration) and the compiler.
pub(super) fn of_sources(root: &Path) -> Result<String> {
    let rustc = process::output(Command::new("rustc").arg("-vV"))?;
    of(root, &String::from_utf8_lossy(&rustc), &["plugins", "wit"])
}

/// Covers these folders below `root`, and the compiler's name where one is given.
pub(super) fn of(root: &Path, compiler: &str, folders: &[&str]) -> Result<String> {
    let mut hash = Sha256::new();
    add(&mut hash, "format", FORMAT.as_bytes());
    add(&mut hash, "compiler", compiler.as_bytes());
    for folder in folders {
        add_folder(&mut hash, root, &root.join(folder))?;
    }
    Ok(dist::hex(&hash.finalize()))
}

fn add_folder(hash: &mut Sha256, root: &Path, folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name == "target" || name == "node_modules" || name == "__pycache__") {
                continue;
            }
            add_folder(hash, root, &path)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            add(hash, &name, &fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    Ok(())
}

/// Lengths go first, so that no two lists of files run together to the same bytes.
fn add(hash: &mut Sha256, name: &str, content: &[u8]) {
    for part in [name.as_bytes(), content] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    fn sources(name: &str) -> Folder {
        let folder = Folder::new(&std::env::temp_dir(), name).unwrap();
        for (file, content) in [("plugins/echo/src/lib.rs", "a"), ("plugins/Cargo.lock", "b"), ("wit/flow.wit", "c")] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn the_same_sources_have_the_same_fingerprint_wherever_they_lie() {
        let (here, there) = (sources("same-here"), sources("same-there"));

        assert_eq!(of_sources(here.path()).unwrap(), of_sources(there.path()).unwrap());
    }

    #[test]
    fn a_changed_a_new_and_a_renamed_file_change_the_fingerprint() {
        let folder = sources("changes");
        let mut seen = vec![of_sources(folder.path()).unwrap()];

        fs::write(folder.path().join("wit/flow.wit"), "d").unwrap();
        seen.push(of_sources(folder.path()).unwrap());
        fs::write(folder.path().join("plugins/echo/manifest.json"), "{}").unwrap();
        seen.push(of_sources(folder.path()).unwrap());
        fs::rename(folder.path().join("plugins/echo"), folder.path().join("plugins/parrot")).unwrap();
        seen.push(of_sources(folder.path()).unwrap());

        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }

    #[test]
    fn what_cargo_builds_does_not_count_as_a_source() {
        let folder = sources("built");
        let before = of_sources(folder.path()).unwrap();

        fs::create_dir_all(folder.path().join("plugins/target")).unwrap();
        fs::write(folder.path().join("plugins/target/echo.wasm"), "x").unwrap();

        assert_eq!(of_sources(folder.path()).unwrap(), before);
    }
}
