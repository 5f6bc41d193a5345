//! Starting other programs and saying so.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Says what is about to happen.
pub(crate) fn say(what: impl AsRef<str>) {
    eprintln!("▸ {}", what.as_ref());
}

/// Says the command, runs it on this terminal and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    say(line(command));
    run_quietly(command)
}

/// Runs the command on this terminal and fails when it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start: {}", line(command)))?;
    if !status.success() {
        bail!("failed ({status}): {}", line(command));
    }
    Ok(())
}

/// What the command prints; its errors become part of ours.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start: {}", line(command)))?;
    if !output.status.success() {
        bail!("failed ({}): {}\n{}", output.status, line(command), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// The same as text without the space around it.
pub(crate) fn text(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&output(command)?).trim().to_owned())
}

/// The first of these programs that is on the PATH.
pub(crate) fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_program(file)))
}

pub(crate) fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// True when this process may do everything.
pub(crate) fn is_root() -> bool {
    text(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program()).to_string_lossy();
    let mut line = program.into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
