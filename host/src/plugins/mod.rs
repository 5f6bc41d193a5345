//! The plugins that this process can run: those that the binary carries, by their ids, and those that businesses uploaded, by the digest of
//! their file. An uploaded one is loaded when it is first asked and let go when nothing names it any more.

mod component;
mod jobs;
mod refusal;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
};

use anyhow::Context;
use relevo_sandbox::{Digest, Engine, Manifest};
use rust_embed::RustEmbed;

pub use component::{Component, LoadFailed};
pub use jobs::{Jobs, Stage, component as of_version, ensure, resume};
pub use refusal::Refused;

use component::Slot;

/// Components with their manifests, as `cargo xtask plugins` packed them.
#[derive(RustEmbed)]
#[folder = "$RELEVO_PLUGINS"]
#[include = "*.wasm"]
struct Embedded;

#[derive(Clone)]
pub struct Plugins(Arc<Inner>);

struct Inner {
    engine: Engine,
    built_in: HashMap<String, Component>,
    /// What is loaded of the files that businesses uploaded: the same file is loaded once, whoever uploaded it.
    slots: Mutex<HashMap<Digest, Weak<Slot>>>,
    jobs: Jobs,
}

impl Plugins {
    /// Loads what the binary carries and, after it, what the caller brings.
    pub async fn load(engine: &Engine, more: &[Vec<u8>]) -> anyhow::Result<Self> {
        let mut built_in = HashMap::new();
        for name in Embedded::iter() {
            let file = Embedded::get(&name).context("the list of embedded plugins names only what is there")?;
            let plugin = engine.load(&file.data).await.with_context(|| format!("cannot load the built-in plugin {name}"))?;
            built_in.insert(plugin.manifest().id.clone(), Component::loaded(engine, plugin));
        }
        for wasm in more {
            let plugin = engine.load(wasm).await?;
            built_in.insert(plugin.manifest().id.clone(), Component::loaded(engine, plugin));
        }
        Ok(Self(Arc::new(Inner { engine: engine.clone(), built_in, slots: Mutex::default(), jobs: Jobs::default() })))
    }

    /// One that the binary carries.
    pub fn find(&self, id: &str) -> Option<&Component> {
        self.0.built_in.get(id)
    }

    /// The ids of those that the binary carries.
    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.0.built_in.keys().map(String::as_str).collect();
        ids.sort_unstable();
        ids
    }

    /// One that a business uploaded. Nothing is loaded before it is asked for.
    pub fn stored(&self, manifest: Arc<Manifest>, digest: Digest, media_key: &str) -> Component {
        let mut slots = self.0.slots.lock().expect("nothing panics while it holds the components");
        let slot = slots.get(&digest).and_then(Weak::upgrade).unwrap_or_else(|| {
            slots.retain(|_, slot| slot.strong_count() > 0);
            let slot = Arc::<Slot>::default();
            slots.insert(digest, Arc::downgrade(&slot));
            slot
        });
        drop(slots);
        Component::stored(&self.0.engine, manifest, digest, media_key, slot)
    }

    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The compilations that are under way here.
    pub fn jobs(&self) -> &Jobs {
        &self.0.jobs
    }

    /// How many uploaded components are in memory.
    pub fn in_memory(&self) -> usize {
        let slots = self.0.slots.lock().expect("nothing panics while it holds the components");
        slots.values().filter_map(Weak::upgrade).filter(|slot| slot.initialized()).count()
    }
}
