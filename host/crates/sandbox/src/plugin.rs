//! A loaded plugin and its calls.

use std::{any::Any, sync::Arc, time::Instant};

use tokio::time::timeout;
use wasmtime::{Store, component::InstancePre};

use crate::{
    api::{configuration::Problem, events::Event, flow::Outcome, tools::ToolResult, turn::Ids, types::Failure},
    bindings::exports::relevo::flow::{configuration, flow, tools},
    call::{CallError, CallReport, CallStats},
    capability::Capabilities,
    engine::Engine,
    glue::State,
    lanes::{Lane, Permit},
    limits::{Limit, Limits},
    manifest::Manifest,
    nothing::Nothing,
    package::{Digest, Package},
    run,
    ticker::Running,
    weight::Weight,
};

/// A plugin, ready to be called. Cheap to clone; keeps its engine alive.
#[derive(Clone)]
pub struct Plugin(Arc<Inner>);

struct Inner {
    engine: Engine,
    package: Package,
    /// Shared with the store of each call.
    manifest: Arc<Manifest>,
    pre: InstancePre<State>,
    flow: Option<flow::GuestIndices>,
    tools: Option<tools::GuestIndices>,
    configuration: Option<configuration::GuestIndices>,
}

impl Plugin {
    pub(crate) fn new(engine: Engine, package: Package, pre: InstancePre<State>) -> wasmtime::Result<Self> {
        let flow = package.offers_flow.then(|| flow::GuestIndices::new(&pre)).transpose()?;
        let tools = package.offers_tools.then(|| tools::GuestIndices::new(&pre)).transpose()?;
        let configuration = package.offers_configuration.then(|| configuration::GuestIndices::new(&pre)).transpose()?;
        let manifest = Arc::new(package.manifest.clone());
        Ok(Self(Arc::new(Inner { engine, package, manifest, pre, flow, tools, configuration })))
    }

    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// What a call of it may use: what it asks for, and never more than this.
    pub fn limits(&self, most: &Limits) -> Limits {
        self.0.manifest.limits.within(most)
    }

    pub fn digest(&self) -> Digest {
        self.0.package.digest
    }

    pub fn package(&self) -> &Package {
        &self.0.package
    }

    /// Hands one event to a fresh instance. The tenant whose calls it is counted with is `ids.business`.
    ///
    /// Dropping the future ends the call and drops the capabilities.
    pub async fn handle<C: Capabilities>(&self, caps: C, ids: &Ids, event: &Event, limits: &Limits) -> CallReport<Outcome, C> {
        let inner = &*self.0;
        let Some(export) = &inner.flow else {
            return CallReport::unstarted(caps, CallError::NotOffered("flow"));
        };
        let mut call = match Call::begin(inner, inner.engine.events(), caps, ids, event.weight(), limits).await {
            Ok(call) => call,
            Err((caps, error)) => return CallReport::unstarted(caps, error),
        };
        let store = &mut call.store;
        let guest = async {
            let instance = inner.pre.instantiate_async(&mut *store).await?;
            export.load(&mut *store, &instance)?.call_handle(&mut *store, ids, event).await
        };
        let clock = call.clock.clone();
        let (ended, wall) = run::within(&clock, limits.wall, guest).await;
        call.end(ended, wall)
    }

    /// Asks the plugin itself what is wrong with a configuration, as one of the business's calls and with nothing in its reach. Of a
    /// plugin that does not check, nothing is.
    pub async fn check_config(&self, business: &str, config: &str, limits: &Limits) -> Result<Vec<Problem>, CallError> {
        let inner = &*self.0;
        let Some(export) = &inner.configuration else { return Ok(Vec::new()) };
        let nowhere = Ids {
            turn: String::new(),
            business: business.to_owned(),
            service_point: String::new(),
            channel: String::new(),
            conversation: String::new(),
            customer: String::new(),
        };
        let mut call = match Call::begin(inner, inner.engine.events(), Nothing::new(config), &nowhere, config.len(), limits).await {
            Ok(call) => call,
            Err((_, error)) => return Err(error),
        };
        let config = config.to_owned();
        let store = &mut call.store;
        let guest = async {
            let instance = inner.pre.instantiate_async(&mut *store).await?;
            export.load(&mut *store, &instance)?.call_check(&mut *store, &config).await
        };
        let clock = call.clock.clone();
        let (ended, wall) = run::within(&clock, limits.wall, guest).await;
        let report: CallReport<_, Nothing> = call.end(ended, wall);
        report.result
    }

    /// Calls one of its tools on a fresh instance. May be called while an event of the same tenant waits for it; a tool must not wait
    /// for another tool, whose turn might then never come.
    pub async fn call_tool<C: Capabilities>(&self, caps: C, ids: &Ids, name: &str, arguments: &str, limits: &Limits) -> CallReport<ToolResult, C> {
        let inner = &*self.0;
        let Some(export) = &inner.tools else {
            return CallReport::unstarted(caps, CallError::NotOffered("tools"));
        };
        let mut call = match Call::begin(inner, inner.engine.tools(), caps, ids, name.len() + arguments.len(), limits).await {
            Ok(call) => call,
            Err((caps, error)) => return CallReport::unstarted(caps, error),
        };
        let (name, arguments) = (name.to_owned(), arguments.to_owned());
        let store = &mut call.store;
        let guest = async {
            let instance = inner.pre.instantiate_async(&mut *store).await?;
            export.load(&mut *store, &instance)?.call_call(&mut *store, ids, &name, &arguments).await
        };
        let clock = call.clock.clone();
        let (ended, wall) = run::within(&clock, limits.wall, guest).await;
        call.end(ended, wall)
    }
}

/// A call that has its place and its store.
struct Call<'a> {
    store: Store<State>,
    clock: Arc<run::CpuClock>,
    queued: std::time::Duration,
    _running: Running<'a>,
    // Last, so that the instance is back in the pool before the place is given away.
    _permit: Permit<'a>,
}

impl<'a> Call<'a> {
    async fn begin<C: Capabilities>(inner: &'a Inner, lane: &'a Lane, caps: C, ids: &Ids, weight: usize, limits: &Limits) -> Result<Self, (C, CallError)> {
        let waiting = Instant::now();
        let Ok(permit) = timeout(limits.wall, lane.enter(&ids.business)).await else {
            return Err((caps, CallError::Busy));
        };
        let queued = waiting.elapsed();
        let mut store = run::store(&inner.engine, inner.manifest.clone(), Box::new(caps), limits);
        if store.data_mut().meter.count_bytes(ids.weight() + weight).is_err() {
            return Err((unbox(store.into_data().caps), CallError::Limit(Limit::BoundaryBytes)));
        }
        let clock = store.data().clock.clone();
        Ok(Self { store, clock, queued, _running: inner.engine.ticker().run(), _permit: permit })
    }

    fn end<T, C: Capabilities>(self, ended: Option<wasmtime::Result<Result<T, Failure>>>, wall: std::time::Duration) -> CallReport<T, C> {
        let mut state = self.store.into_data();
        let result = run::judge(ended, &mut state.meter);
        let stats = CallStats {
            cpu: self.clock.spent(),
            wall,
            queued: self.queued,
            memory_peak: state.meter.memory_peak(),
            host_calls: state.meter.host_calls,
            boundary_bytes: state.meter.boundary_bytes,
            log_lines: state.meter.log_lines,
        };
        CallReport { result, caps: unbox(state.caps), stats }
    }
}

impl<T, C> CallReport<T, C> {
    fn unstarted(caps: C, error: CallError) -> Self {
        Self { result: Err(error), caps, stats: CallStats::default() }
    }
}

fn unbox<C: Capabilities>(caps: Box<dyn Capabilities>) -> C {
    let caps: Box<dyn Any> = caps;
    *caps.downcast().expect("the store gives back the capabilities that the same call put in")
}
