//! Compiles a plugin with the tools of its language.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Language, files, project::Project};

const TARGET: &str = "wasm32-unknown-unknown";

/// Each call has a fresh memory, and to grow it costs more than most calls do: it begins with room for what they allocate.
const INITIAL_HEAP: &str = "-Clink-arg=--initial-heap=131072";

/// Returns the component, which has no manifest yet.
pub fn build(project: &Project) -> Result<PathBuf> {
    files::renew(&project.folder, project.language)?;
    fs::create_dir_all(project.dist()).with_context(|| format!("cannot make {}", project.dist().display()))?;
    match project.language {
        Language::Rust => rust(project)?,
        Language::Js => javascript(project)?,
        Language::Python => python(project)?,
    }
    Ok(project.component())
}

fn rust(project: &Project) -> Result<()> {
    if program(project, &[], "cargo").is_none() {
        bail!("cargo was not found: install Rust from https://rustup.rs");
    }
    let libraries = output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).current_dir(&project.folder))?;
    if !Path::new(libraries.trim()).is_dir() {
        bail!("the compiler does not know {TARGET} yet:\n\n    rustup target add {TARGET}\n");
    }
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"]).current_dir(&project.folder);
    if env::var_os("RUSTFLAGS").is_none() && env::var_os("CARGO_ENCODED_RUSTFLAGS").is_none() {
        cargo.env("CARGO_ENCODED_RUSTFLAGS", format!("{}\u{1f}{INITIAL_HEAP}", without_own_paths(&project.folder)?));
    }
    let said = cargo.stderr(Stdio::inherit()).output().context("cargo cannot be started")?;
    if !said.status.success() {
        bail!("cargo could not build it");
    }
    let component = built(&said.stdout).context("cargo built no component: Cargo.toml needs\n\n    [lib]\n    crate-type = [\"cdylib\", \"rlib\"]\n")?;
    fs::copy(&component, project.component()).with_context(|| format!("cannot copy {}", component.display()))?;
    Ok(())
}

/// A panic names its source file: in a component that others get, not by where it lies on this machine.
fn without_own_paths(folder: &Path) -> Result<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let own = folder.canonicalize()?;
    let places = home.iter().map(|home| (home.as_path(), "cargo")).chain([(own.as_path(), "plugin")]);
    Ok(places.map(|(place, name)| format!("--remap-path-prefix={}={name}", place.display())).collect::<Vec<_>>().join("\u{1f}"))
}

/// The component among what cargo says that it made; the last one is the plugin's own.
fn built(said: &[u8]) -> Option<PathBuf> {
    let artefacts = said.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let mut files = artefacts.filter(|message| message["reason"] == "compiler-artifact").filter_map(|message| {
        let names = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
        names.map(PathBuf::from).find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
    });
    files.next_back()
}

fn javascript(project: &Project) -> Result<()> {
    let tool = program(project, &["node_modules/.bin"], "componentize-qjs").with_context(|| missing(project, "componentize-qjs", "npm install"))?;
    let world = project.world()?;
    let mut command = Command::new(tool);
    command.current_dir(&project.folder).args(["--wit", files::WIT, "--world", world.as_str(), "--sync", "--stub-wasi", "--js", "src/flow.js"]);
    run(command.args(["--output", "dist/component.wasm"]), "the JavaScript could not be turned into a component")
}

fn python(project: &Project) -> Result<()> {
    let install = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt";
    let tool = program(project, &[".venv/bin"], "componentize-py").with_context(|| missing(project, "componentize-py", install))?;
    let world = project.world()?;
    let command = || {
        let mut command = Command::new(&tool);
        command.current_dir(&project.folder);
        command.args(["--quiet", "--wit-path", files::WIT, "--world", world.as_str()]);
        command
    };
    // For the editor alone; the tool does not write over what is there.
    let bindings = project.folder.join("bindings");
    if bindings.exists() {
        fs::remove_dir_all(&bindings)?;
    }
    run(command().args(["bindings", "bindings"]), "the contract's Python modules could not be written")?;
    let arguments = ["componentize", "--stub-wasi", "--python-path", "src", "--output", "dist/component.wasm", "flow"];
    run(command().args(arguments), "the Python could not be turned into a component")
}

fn missing(project: &Project, tool: &str, install: &str) -> String {
    format!("{tool} was not found. In {}:\n\n    {install}\n", project.folder.display())
}

/// A program of the folder's own, else one of the PATH.
fn program(project: &Project, folders: &[&str], name: &str) -> Option<PathBuf> {
    let own = folders.iter().map(|folder| project.folder.join(folder));
    let path = env::var_os("PATH").unwrap_or_default();
    // The command runs in the project's folder, from where another path would lead elsewhere.
    own.chain(env::split_paths(&path)).map(|folder| folder.join(name)).find(|file| file.is_file()).and_then(|file| std::path::absolute(file).ok())
}

/// Runs it, and shows what it said only if it failed.
fn run(command: &mut Command, what: &str) -> Result<()> {
    let said = command.output().with_context(|| format!("{:?} cannot be started", command.get_program()))?;
    if !said.status.success() {
        bail!("{what}:\n{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    }
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let said = command.output().with_context(|| format!("{:?} cannot be started", command.get_program()))?;
    if !said.status.success() {
        bail!("{:?} failed: {}", command.get_program(), String::from_utf8_lossy(&said.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&said.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(language: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        for file in ["manifest.json", language] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        folder
    }

    #[test]
    fn the_component_is_the_last_that_cargo_made() {
        let said = br#"{"reason":"compiler-artifact","filenames":["/t/libserde.rlib"]}
{"reason":"compiler-artifact","filenames":["/t/flow.wasm","/t/libflow.rlib"]}
{"reason":"build-finished","success":true}
"#;

        assert_eq!(built(said), Some(PathBuf::from("/t/flow.wasm")));
        assert_eq!(built(b""), None);
    }

    #[test]
    fn a_tool_of_the_folder_comes_before_one_of_the_path() {
        let folder = project("src/flow.js");
        let opened = Project::open(folder.path(), None).unwrap();
        assert!(program(&opened, &["bin"], "sh").is_some_and(|file| !file.starts_with(folder.path())));

        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::write(folder.path().join("bin/sh"), "").unwrap();

        assert!(program(&opened, &["bin"], "sh").is_some_and(|file| file.starts_with(folder.path())));
        assert_eq!(program(&opened, &["bin"], "no-such-program"), None);
    }
}
