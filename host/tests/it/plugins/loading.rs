//! Uploaded components in memory: loaded from the media when they are asked for, by each node for itself, and let go again.

use std::{path::Path, sync::Arc};

use relevo::plugins::{LoadFailed, Plugins};
use relevo_sandbox::{Digest, Engine, EngineSettings, inspect};

use super::{component, echo};
use crate::harness::{Database, Setup};

/// What a node of its own would have.
async fn another_node() -> Plugins {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("relevo-cache");
    let engine = Engine::new(EngineSettings::new(cache, env!("CARGO_BIN_EXE_relevo"))).unwrap();
    Plugins::load(&engine, &[]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_is_loaded_when_it_is_asked_for_and_let_go_when_nothing_names_it() {
    let app = Setup::new(Database::Sqlite).tenant("acme").await;
    let (media, plugins, file) = (app.node(0).media.clone(), another_node().await, echo("1.0.0"));
    media.put_as("a/plugins/1.wasm", file.clone().into(), "application/wasm").await.unwrap();
    let (manifest, digest) = (Arc::new(inspect(&file).unwrap().manifest), Digest::of(&file));

    let one = plugins.stored(Arc::clone(&manifest), digest, "a/plugins/1.wasm");
    assert_eq!(plugins.in_memory(), 0, "naming it costs nothing");
    one.plugin(&media).await.unwrap();
    let other = plugins.stored(manifest, digest, "b/plugins/never-fetched.wasm");
    other.plugin(&media).await.unwrap();

    assert_eq!(plugins.in_memory(), 1, "the same file is loaded once, whoever uploaded it");
    drop(one);
    assert_eq!(plugins.in_memory(), 1);
    drop(other);
    assert_eq!(plugins.in_memory(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_gone_or_another_one_is_never_loaded() {
    let app = Setup::new(Database::Sqlite).tenant("acme").await;
    let (media, plugins, file) = (app.node(0).media.clone(), another_node().await, echo("1.0.0"));
    let (manifest, digest) = (Arc::new(inspect(&file).unwrap().manifest), Digest::of(&file));
    let changed = component("echo", "1.0.0", |manifest| manifest.title = "Otra".into());
    media.put_as("a/plugins/1.wasm", changed.into(), "application/wasm").await.unwrap();

    let gone = plugins.stored(Arc::clone(&manifest), digest, "a/plugins/2.wasm").plugin(&media).await;
    let other = plugins.stored(manifest, digest, "a/plugins/1.wasm").plugin(&media).await;

    assert!(matches!(gone, Err(LoadFailed::Gone)) && matches!(other, Err(LoadFailed::Changed)));
}
