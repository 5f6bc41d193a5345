//! The engine that all plugins of a process share.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    component::{Component, Linker},
};

use crate::{
    cache::Cache,
    compile::{self, CompileError},
    glue::{self, State},
    lanes::Lane,
    meter::MAX_TABLE_ELEMENTS,
    package::{Package, PackageError, inspect},
    plugin::Plugin,
    ticker::Ticker,
};

/// Of the guest; past it a call ends with [`Limit::Stack`](crate::Limit::Stack).
const WASM_STACK: usize = 512 << 10;
/// Of the guest and of the host functions that it calls, which run on the same stack. Only touched pages cost memory.
const CALL_STACK: usize = 2 << 20;
/// Core instances and tables that the pool holds for each component instance; Rust needs 4, Python 17.
const PARTS_PER_INSTANCE: u32 = 20;

/// What an engine needs to know. Build it with [`EngineSettings::new`] and change what differs.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Component instances at once, events and tools together. Each reserves address space, not memory.
    pub pool_size: u32,
    /// Calls of one tenant at once, events and tools counted apart.
    pub calls_per_tenant: u32,
    /// The most that any call's memory limit may be, in bytes.
    pub max_memory: usize,
    /// Folder of compiled code, made private to this user.
    pub cache: PathBuf,
    /// Program that is run as `<compiler> compile <input> <output>` and calls [`compile_main`](crate::compile_main).
    pub compiler: PathBuf,
}

impl EngineSettings {
    pub fn new(cache: impl Into<PathBuf>, compiler: impl Into<PathBuf>) -> Self {
        Self { pool_size: 128, calls_per_tenant: 4, max_memory: 256 << 20, cache: cache.into(), compiler: compiler.into() }
    }
}

/// Why an engine could not be built.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the cache folder {0:?} cannot be made or made private: give this user a folder of its own")]
    Cache(PathBuf, #[source] io::Error),
    #[error("the compiler {0:?} is not there: name the relevo binary")]
    Compiler(PathBuf, #[source] io::Error),
    #[error("the thread that watches running plugins could not be started")]
    Ticker(#[source] io::Error),
    #[error("the WebAssembly engine could not be built; if address space is limited (ulimit -v), lift it or lower the pool: {0}")]
    Wasmtime(String),
}

/// Why an artefact could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It names our interfaces but does not fit their types.
    #[error("the component does not fit the contract, rebuild it against this version: {0}")]
    Link(String),
    #[error("the compiled code could not be loaded: {0}")]
    Code(String),
}

/// Loads plugins and runs them. Cheap to clone; one per process.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasmtime: wasmtime::Engine,
    linker: Linker<State>,
    ticker: Ticker,
    cache: Cache,
    compiler: PathBuf,
    compilations: tokio::sync::Mutex<()>,
    events: Lane,
    tools: Lane,
}

impl Engine {
    pub fn new(settings: EngineSettings) -> Result<Self, EngineError> {
        let broken = |error: wasmtime::Error| EngineError::Wasmtime(format!("{error:#}"));
        let mut config = config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(&settings)));
        let wasmtime = wasmtime::Engine::new(&config).map_err(broken)?;
        let mut linker = Linker::new(&wasmtime);
        glue::add_to_linker(&mut linker).map_err(broken)?;
        let cache = Cache::open(&settings.cache, fingerprint(&wasmtime)).map_err(|error| EngineError::Cache(settings.cache.clone(), error))?;
        let compiler = settings.compiler.canonicalize().map_err(|error| EngineError::Compiler(settings.compiler.clone(), error))?;
        let ticker = Ticker::start({
            let wasmtime = wasmtime.clone();
            move || wasmtime.increment_epoch()
        })
        .map_err(EngineError::Ticker)?;
        let pool = settings.pool_size.max(2) as usize;
        let per_tenant = settings.calls_per_tenant as usize;
        Ok(Self(Arc::new(Inner {
            wasmtime,
            linker,
            ticker,
            cache,
            compiler,
            compilations: tokio::sync::Mutex::default(),
            events: Lane::new(pool - pool / 3, per_tenant),
            tools: Lane::new(pool / 3, per_tenant),
        })))
    }

    /// Makes an artefact callable: inspects it, compiles it in a child process unless this node did so before, and links it.
    /// None of its code runs.
    pub async fn load(&self, wasm: &[u8]) -> Result<Plugin, LoadError> {
        let wasm: Arc<[u8]> = wasm.into();
        let (engine, bytes) = (self.clone(), wasm.clone());
        // Digests of megabytes and mapping code take milliseconds, which the runtime's threads are not for.
        let (package, ready) = off_thread(move || {
            let package = inspect(&bytes)?;
            let ready = engine.link_cached(&package)?;
            Ok::<_, LoadError>((package, ready))
        })
        .await?;
        if let Some(plugin) = ready {
            return Ok(plugin);
        }
        let inner = &self.0;
        let path = compile::compile(&inner.cache, &inner.compiler, &inner.compilations, package.digest, &wasm).await?;
        let engine = self.clone();
        off_thread(move || engine.link(&package, &path)).await
    }

    fn link_cached(&self, package: &Package) -> Result<Option<Plugin>, LoadError> {
        let Some(path) = self.0.cache.get(package.digest) else {
            return Ok(None);
        };
        match self.link(package, &path) {
            Err(LoadError::Code(reason)) => {
                // Written by us and unchanged, yet not loadable: our fingerprint missed a difference.
                tracing::warn!(artefact = %package.digest, reason, "The compiled code of a plugin could not be loaded; it is compiled again");
                self.0.cache.forget(package.digest);
                Ok(None)
            }
            linked => linked.map(Some),
        }
    }

    fn link(&self, package: &Package, code: &Path) -> Result<Plugin, LoadError> {
        #[expect(unsafe_code, reason = "the only way to load compiled code")]
        // SAFETY: the file is native code that our own compiler wrote into a folder that only this user can write, and whose
        // digest was checked just now. Uploads never get here: `inspect` refuses native code, and only the child writes it.
        let component = unsafe { Component::deserialize_file(&self.0.wasmtime, code) };
        let component = component.map_err(|error| LoadError::Code(format!("{error:#}")))?;
        let pre = self.0.linker.instantiate_pre(&component).map_err(|error| LoadError::Link(format!("{error:#}")))?;
        Plugin::new(self.clone(), package.clone(), pre).map_err(|error| LoadError::Link(format!("{error:#}")))
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.0.wasmtime
    }

    pub(crate) fn ticker(&self) -> &Ticker {
        &self.0.ticker
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.0.cache
    }

    pub(crate) fn compiler(&self) -> &Path {
        &self.0.compiler
    }

    pub(crate) fn compilations(&self) -> &tokio::sync::Mutex<()> {
        &self.0.compilations
    }

    pub(crate) fn events(&self) -> &Lane {
        &self.0.events
    }

    pub(crate) fn tools(&self) -> &Lane {
        &self.0.tools
    }
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down and will drop us.
            Err(_) => std::future::pending().await,
        },
    }
}

/// What the host's engine and the compile child have in common: all that shapes native code. Only the allocator differs, for a
/// pool does not fit under the child's memory limit.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(CALL_STACK)
        .async_stack_zeroing(false)
        .memory_init_cow(true)
        .native_unwind_info(false)
        .cranelift_opt_level(OptLevel::Speed)
        // A recorded turn must run the same again, on any machine.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true);
    config
}

fn pool(settings: &EngineSettings) -> PoolingAllocationConfig {
    let instances = settings.pool_size.max(2);
    let parts = instances.saturating_mul(PARTS_PER_INSTANCE);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(parts)
        .total_tables(parts)
        .total_memories(instances.saturating_mul(2))
        .total_stacks(instances)
        .max_core_instances_per_component(64)
        .max_memories_per_component(4)
        .max_tables_per_component(64)
        .max_tables_per_module(8)
        .max_memories_per_module(4)
        .max_memory_size(settings.max_memory)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_unused_warm_slots(instances)
        // Resetting by memset up to this many bytes is cheaper than giving pages back and faulting them in again.
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Tells apart engines whose native code does not fit one another: wasmtime's version, the target, flags and tunables.
fn fingerprint(engine: &wasmtime::Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{}-{:016x}", std::env::consts::ARCH, hasher.finish())
}
