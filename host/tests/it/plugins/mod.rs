//! Plugins as businesses upload, activate and take them back: real components through the real router, on both databases.

mod canary;
mod grants;
mod life;
mod loading;
mod refusals;
mod settings;
mod trouble;

use std::path::Path;

use relevo_sandbox::{Manifest, inspect, pack};
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    console::{Answer, Caller, owner},
    harness::{TestApp, TestTenant, until},
};

pub const ID: &str = "com.example.shop";

/// A component of ours as somebody's version of a plugin.
pub fn component(name: &str, version: &str, change: impl FnOnce(&mut Manifest)) -> Vec<u8> {
    let built = Path::new(env!("RELEVO_PLUGINS"));
    let folder = if name == "probe" { built.with_file_name("test-plugins") } else { built.to_owned() };
    let file = folder.join(format!("{name}.wasm"));
    let wasm = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask plugins`", file.display()));
    let mut manifest = inspect(&wasm).unwrap().manifest;
    manifest.id = ID.into();
    manifest.version = version.parse().unwrap();
    change(&mut manifest);
    pack(&wasm, &manifest).unwrap()
}

/// Repeats what it is told, and asks for nothing.
pub fn echo(version: &str) -> Vec<u8> {
    component("echo", version, |_| {})
}

/// Does what it is told, says `heard …` to what it does not know, and asks for much.
pub fn probe(version: &str) -> Vec<u8> {
    component("probe", version, |_| {})
}

/// Somebody who decides of a business's plugins.
pub struct Admin {
    pub app: TestApp,
    pub caller: Caller,
}

impl Admin {
    pub async fn of(app: &TestApp) -> Self {
        Self { app: app.clone(), caller: owner(app).await }
    }

    pub async fn uploads(&self, file: Vec<u8>) -> Answer {
        self.uploads_as(file, "application/wasm").await
    }

    pub async fn uploads_as(&self, file: Vec<u8>, kind: &str) -> Answer {
        let request = Client::new().post(self.app.url(0, "/api/plugins")).bearer_auth(self.caller.token());
        Answer::of(request.header("content-type", kind).body(file).send().await.unwrap()).await
    }

    /// Uploads a version and waits until it can be used.
    pub async fn has(&self, file: Vec<u8>) -> String {
        let uploaded = self.uploads(file).await;
        assert_eq!(uploaded.status, 201, "{uploaded:?}");
        let address = uploaded.location.clone().unwrap();
        until("it is compiled", || async { self.caller.get(&address).await.ok()["state"] != "compiling" }).await;
        let version = self.caller.get(&address).await.ok();
        assert_eq!(version["state"], "ready", "{version}");
        version["version"].as_str().unwrap().to_owned()
    }

    pub async fn grants_all(&self, version: &str) {
        self.caller.put(&format!("/api/plugins/{ID}/grants"), json!({ "version": version })).await.ok();
    }

    pub async fn activates(&self, version: &str) -> Answer {
        self.caller.post(&format!("/api/plugins/{ID}/versions/{version}/activate"), json!({})).await
    }

    /// Uploads a version, grants what it asks for, and has it answer.
    pub async fn runs(&self, file: Vec<u8>) -> String {
        let version = self.has(file).await;
        self.grants_all(&version).await;
        self.activates(&version).await.ok();
        version
    }

    /// Has these answer at a service point, in this order.
    pub async fn attaches(&self, tenant: &TestTenant, plugins: &[&str]) {
        let chain: Vec<Value> = plugins.iter().map(|id| json!({ "id": id })).collect();
        self.caller.put(&format!("/api/service-points/{}/flow", tenant.point), json!({ "plugins": chain })).await.ok();
    }

    pub async fn plugin(&self) -> Value {
        self.caller.get(&format!("/api/plugins/{ID}")).await.ok()
    }

    pub async fn rolls_back(&self) -> Answer {
        self.caller.post(&format!("/api/plugins/{ID}/rollback"), json!({})).await
    }

    pub async fn tries(&self, version: &str, percent: i64) -> Answer {
        self.caller.put(&format!("/api/plugins/{ID}/canary"), json!({ "version": version, "percent": percent })).await
    }
}

/// A number of a customer's own.
pub fn phone(nth: usize) -> String {
    format!("+54 9 11 6000 {nth:04}")
}
