//! The target that plugins are compiled for.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

const FALLBACK: &str = "Without rustup: a distribution's package of the target does too (Debian: rustc-web with rust-web-src and -Zbuild-std).";

/// Sees to it that the compiler in use can build plugins.
pub(crate) fn wasm_target(may_install: bool) -> Result<()> {
    if is_installed()? {
        return Ok(());
    }
    let command = format!("rustup target add {WASM_TARGET}");
    if process::on_path(&["rustup"]).is_none() {
        bail!("the compiler has no {WASM_TARGET} target and rustup is missing: install it from https://rustup.rs, then\n\n    {command}\n\n{FALLBACK}");
    }
    if !may_install {
        bail!("the compiler has no {WASM_TARGET} target and --no-install forbids adding it:\n\n    {command}\n");
    }
    process::run(Command::new("rustup").args(["target", "add", WASM_TARGET])).with_context(|| format!("the target could not be added. {FALLBACK}"))
}

fn is_installed() -> Result<bool> {
    let folder = process::text(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM_TARGET]))?;
    Ok(PathBuf::from(folder).is_dir())
}
