//! Tells the crate where `cargo xtask plugins` put the components that it embeds.

use std::{env, path::PathBuf};

fn main() {
    // target/<profile>/build/<crate>/out → target/plugins
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    let target = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists()).unwrap_or(&out).to_owned();
    let plugins = env::var("RELEVO_PLUGINS").map_or_else(|_| target.join("plugins"), PathBuf::from);
    assert!(plugins.join("storefront.wasm").exists(), "the built-in plugins are not built yet: run `cargo xtask plugins` (looked in {})", plugins.display());
    println!("cargo:rustc-env=RELEVO_PLUGINS={}", plugins.display());
    println!("cargo:rerun-if-env-changed=RELEVO_PLUGINS");
    println!("cargo:rerun-if-changed={}", plugins.display());
}
