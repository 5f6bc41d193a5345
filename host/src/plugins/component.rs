//! A component that can be run: it says what it is at once, and is loaded when somebody wants to run it.

use std::sync::Arc;

use relevo_sandbox::{Digest, Engine, LoadError, Manifest, Plugin, package::MAX_SIZE};
use tokio::sync::OnceCell;

use crate::media::Media;

/// Where a loaded component is kept for all who hold it.
pub(super) type Slot = OnceCell<Plugin>;

/// A component of a known manifest. Clones are the same one; the last one to go lets its code go.
#[derive(Clone)]
pub struct Component(Arc<Inner>);

struct Inner {
    engine: Engine,
    manifest: Arc<Manifest>,
    digest: Digest,
    /// None is carried by the binary.
    media_key: Option<String>,
    slot: Arc<Slot>,
}

/// Why a component cannot be run here.
#[derive(Debug, thiserror::Error)]
pub enum LoadFailed {
    #[error("the file of the plugin is not among the media any more: upload it again")]
    Gone,
    #[error("the file of the plugin was changed among the media: upload it again")]
    Changed,
    /// Where media lie does not answer.
    #[error("the file of the plugin could not be fetched")]
    Media(#[source] anyhow::Error),
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Component {
    pub(super) fn loaded(engine: &Engine, plugin: Plugin) -> Self {
        let (manifest, digest) = (Arc::new(plugin.manifest().clone()), plugin.digest());
        Self(Arc::new(Inner { engine: engine.clone(), manifest, digest, media_key: None, slot: Arc::new(Slot::new_with(Some(plugin))) }))
    }

    pub(super) fn stored(engine: &Engine, manifest: Arc<Manifest>, digest: Digest, media_key: &str, slot: Arc<Slot>) -> Self {
        Self(Arc::new(Inner { engine: engine.clone(), manifest, digest, media_key: Some(media_key.to_owned()), slot }))
    }

    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.0.manifest
    }

    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    pub fn version(&self) -> String {
        self.0.manifest.version.to_string()
    }

    /// What runs; loaded, and compiled where this node has not done that, if nobody did. Whoever comes meanwhile waits for the same.
    pub async fn plugin(&self, media: &Media) -> Result<Plugin, LoadFailed> {
        self.0.slot.get_or_try_init(|| self.load(media)).await.cloned()
    }

    async fn load(&self, media: &Media) -> Result<Plugin, LoadFailed> {
        let Some(key) = &self.0.media_key else { return Err(LoadFailed::Gone) };
        let most = u64::try_from(MAX_SIZE).unwrap_or(u64::MAX);
        let file = media.get(key, most).await.map_err(LoadFailed::Media)?.ok_or(LoadFailed::Gone)?;
        let plugin = self.0.engine.load(&file).await?;
        if plugin.digest() == self.0.digest { Ok(plugin) } else { Err(LoadFailed::Changed) }
    }
}
