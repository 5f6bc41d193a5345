//! The plugins that this process can run: for now those that the binary carries.

use std::{collections::HashMap, sync::Arc};

use anyhow::Context;
use relevo_sandbox::{Engine, Plugin};
use rust_embed::RustEmbed;

/// Components with their manifests, as `cargo xtask plugins` packed them.
#[derive(RustEmbed)]
#[folder = "$RELEVO_PLUGINS"]
#[include = "*.wasm"]
struct Embedded;

#[derive(Clone)]
pub struct Plugins(Arc<HashMap<String, Plugin>>);

impl Plugins {
    /// Loads what the binary carries and, after it, what the caller brings.
    pub async fn load(engine: &Engine, more: &[Vec<u8>]) -> anyhow::Result<Self> {
        let mut plugins = HashMap::new();
        for name in Embedded::iter() {
            let file = Embedded::get(&name).context("the list of embedded plugins names only what is there")?;
            let plugin = engine.load(&file.data).await.with_context(|| format!("cannot load the built-in plugin {name}"))?;
            plugins.insert(plugin.manifest().id.clone(), plugin);
        }
        for wasm in more {
            let plugin = engine.load(wasm).await?;
            plugins.insert(plugin.manifest().id.clone(), plugin);
        }
        Ok(Self(Arc::new(plugins)))
    }

    pub fn find(&self, id: &str) -> Option<&Plugin> {
        self.0.get(id)
    }

    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.0.keys().map(String::as_str).collect();
        ids.sort_unstable();
        ids
    }
}
