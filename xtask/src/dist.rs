//! `cargo xtask dist`: what is shipped, and its checksums.

use std::fs;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::workspace::Workspace;
use crate::{plugins, process};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    plugins::build(workspace, true)?;
    process::run(workspace.cargo().args(["build", "--release", "--locked", "--package", "relevo", "--bin", "relevo"]))?;

    let folder = workspace.target.join("dist");
    fs::create_dir_all(&folder)?;
    let built = workspace.target.join("release/relevo");
    let shipped = folder.join("relevo");
    fs::copy(&built, &shipped).with_context(|| format!("cannot copy {}", built.display()))?;
    let bytes = fs::read(&shipped)?;
    fs::write(folder.join("SHA256SUMS"), format!("{}  relevo\n", hex(&Sha256::digest(&bytes))))?;

    process::say(format!("{} ({:.1} MB) and SHA256SUMS", shipped.display(), bytes.len() as f64 / 1e6));
    Ok(())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
