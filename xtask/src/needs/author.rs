//! What turns JavaScript and Python into components, in target/tools: the versions that the examples pin.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::Package;
use crate::workspace::Workspace;
use crate::{dist, process};

pub(crate) struct Tools {
    pub(crate) componentize_qjs: PathBuf,
    pub(crate) componentize_py: PathBuf,
}

/// Installs both below the target folder, unless those that are pinned are there.
pub(crate) fn author_tools(workspace: &Workspace, may_install: bool) -> Result<Tools> {
    let folder = workspace.tools();
    let examples = workspace.plugins().join("examples");
    let componentize_qjs = folder.join("js/node_modules/.bin/componentize-qjs");
    let componentize_py = folder.join("python/bin/componentize-py");

    let js = [examples.join("js/package.json"), examples.join("js/package-lock.json")];
    once(&folder.join("js"), &js, &componentize_qjs, |folder| {
        super::prepare(&[Package::Node], may_install)?;
        for file in &js {
            fs::copy(file, folder.join(file.file_name().unwrap_or_default()))?;
        }
        // Not `npm ci`: that wants the lock to name a build for every system that the package lists, also those that were never published.
        process::run(Command::new("npm").args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder))
    })?;

    let python = [examples.join("python/requirements.txt")];
    once(&folder.join("python"), &python, &componentize_py, |folder| {
        super::prepare(&[Package::Python], may_install)?;
        process::run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let mut pip = Command::new(folder.join("bin/python"));
        process::run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).args(&python))
    })?;
    Ok(Tools { componentize_qjs, componentize_py })
}

pub(super) fn has_node() -> bool {
    process::on_path(&["node"]).is_some() && process::on_path(&["npm"]).is_some()
}

/// Debian keeps what makes an environment in a package of its own.
pub(super) fn has_python() -> bool {
    process::output(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_ok()
}

/// Does the work unless `program` is there and was installed from these very files.
fn once(folder: &Path, pins: &[PathBuf], program: &Path, work: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let mut hash = Sha256::new();
    for file in pins {
        hash.update(fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    let pinned = dist::hex(&hash.finalize());
    let stamp = folder.join("pinned");
    if process::is_program(program) && fs::read_to_string(&stamp).is_ok_and(|last| last == pinned) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    work(folder)?;
    Ok(fs::write(stamp, pinned)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    #[test]
    fn tools_are_installed_once_and_again_when_their_pins_change() {
        let place = Folder::new(&std::env::temp_dir(), "tools").unwrap();
        let (pin, program) = (place.path().join("pin"), place.path().join("tool/program"));
        let installed = || {
            let mut times = 0;
            once(&place.path().join("tool"), std::slice::from_ref(&pin), &program, |_| {
                times += 1;
                // Any program does, so that it counts as one.
                fs::copy("/bin/sh", &program)?;
                Ok(())
            })
            .unwrap();
            times
        };

        fs::write(&pin, "1.0").unwrap();
        assert_eq!((installed(), installed()), (1, 0));
        fs::write(&pin, "1.1").unwrap();
        assert_eq!(installed(), 1);
        fs::remove_file(&program).unwrap();
        assert_eq!(installed(), 1);
    }
}
