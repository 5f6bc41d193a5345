//! Compiling to native code, in a child process under limits: a compiler that a plugin could crash or bloat is not ours to run.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
    time::timeout,
};

use crate::{
    cache::Cache,
    engine::{self, Engine},
    package::{Digest, PackageError, inspect},
};

const CPU_SECONDS: u64 = 60;
const ADDRESS_SPACE: u64 = 2 << 30;
const FILE_SIZE: u64 = 1 << 30;
const OPEN_FILES: u64 = 64;
/// Beyond the processor time, for a busy machine.
const WALL: Duration = Duration::from_secs(180);
const MAX_MESSAGE: u64 = 16 << 10;

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The component is invalid; the text says where.
    #[error("the component cannot be compiled: {0}")]
    Refused(String),
    /// It used up the time or the memory of a compilation, or crashed the compiler.
    #[error("compiling the component ended with {0}: it needs more than {CPU_SECONDS} s or 2 GiB; make it smaller")]
    Died(ExitStatus),
    #[error("compiling the component took longer than {} s: make it smaller, or try again when the machine is less busy", WALL.as_secs())]
    TimedOut,
    #[error("the compiler {0:?} could not be run")]
    Compiler(PathBuf, #[source] io::Error),
    #[error("a file of the compilation could not be read or written")]
    Files(#[from] io::Error),
}

/// What the child does: reads a component, writes native code. `relevo compile <input> <output>` is nothing but this.
///
/// The caller prints the error to standard error and exits with status 1; the parent passes that text on.
pub fn compile_main(input: &Path, output: &Path) -> Result<(), CompileError> {
    let refuse = |error: wasmtime::Error| CompileError::Refused(format!("{error:#}"));
    let wasm = fs::read(input)?;
    let engine = wasmtime::Engine::new(&engine::config()).map_err(refuse)?;
    let code = engine.precompile_component(&wasm).map_err(refuse)?;
    Ok(fs::write(output, code)?)
}

/// Compiles a component in a child process, unless this node did so before, and returns the file of native code.
pub async fn compile_in_child(engine: &Engine, wasm: &[u8]) -> Result<PathBuf, CompileError> {
    // Also here, not only at upload: native code and other formats must never reach the compiler's input.
    let package = inspect(wasm).map_err(|error: PackageError| CompileError::Refused(error.to_string()))?;
    compile(engine.cache(), engine.compiler(), engine.compilations(), package.digest, wasm).await
}

/// As [`compile_in_child`], for a component that was inspected.
pub(crate) async fn compile(
    cache: &Cache,
    compiler: &Path,
    one_at_a_time: &tokio::sync::Mutex<()>,
    artefact: Digest,
    wasm: &[u8],
) -> Result<PathBuf, CompileError> {
    // Two gibibytes each: one after the other. Whoever waited for the same artefact finds it in the cache.
    let _turn = one_at_a_time.lock().await;
    if let Some(path) = cache.get(artefact) {
        return Ok(path);
    }
    let input = cache.temporary(wasm)?;
    let output = cache.temporary(&[])?;
    let started = std::time::Instant::now();
    let child = spawn(compiler, &input, &output).map_err(|error| CompileError::Compiler(compiler.to_owned(), error))?;
    finish(child).await?;
    let path = cache.put(artefact, output)?;
    tracing::info!(artefact = %artefact, bytes = wasm.len(), took_ms = started.elapsed().as_millis() as u64, "A plugin was compiled");
    Ok(path)
}

fn spawn(compiler: &Path, input: &Path, output: &Path) -> io::Result<Child> {
    let mut command = Command::new(compiler);
    command
        .arg("compile")
        .arg(input)
        .arg(output)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[expect(unsafe_code, reason = "limits must be set between fork and exec; setrlimit is async-signal-safe")]
    // SAFETY: the closure only calls setrlimit and reads errno; it neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(limit_resources);
    }
    command.spawn()
}

fn limit_resources() -> io::Result<()> {
    set_limit(libc::RLIMIT_CPU, CPU_SECONDS)?;
    set_limit(libc::RLIMIT_FSIZE, FILE_SIZE)?;
    set_limit(libc::RLIMIT_NOFILE, OPEN_FILES)?;
    set_limit(libc::RLIMIT_CORE, 0)?;
    // Elsewhere the limit is unknown or not enforced.
    #[cfg(target_os = "linux")]
    set_limit(libc::RLIMIT_AS, ADDRESS_SPACE)?;
    Ok(())
}

#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
type Resource = libc::c_int;

fn set_limit(resource: Resource, value: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    #[expect(unsafe_code, reason = "the standard library has no setrlimit")]
    // SAFETY: `limit` is a valid rlimit for the length of the call.
    let status = unsafe { libc::setrlimit(resource, &limit) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

async fn finish(mut child: Child) -> Result<(), CompileError> {
    let stderr = child.stderr.take();
    let mut message = Vec::new();
    let ended = timeout(WALL, async {
        if let Some(stderr) = stderr {
            stderr.take(MAX_MESSAGE).read_to_end(&mut message).await?;
        }
        child.wait().await
    })
    .await;
    let Ok(status) = ended else {
        child.kill().await?;
        return Err(CompileError::TimedOut);
    };
    let status = status?;
    match status.code() {
        Some(0) => Ok(()),
        Some(1) if !message.is_empty() => Err(CompileError::Refused(String::from_utf8_lossy(&message).trim().to_owned())),
        _ => Err(CompileError::Died(status)),
    }
}
