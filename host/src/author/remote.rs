//! A running Relevo, by its REST: uploads, consent, activation.

use std::{fmt::Write, time::Duration};

use anyhow::{Context, Result, bail};
use clap::Args;
use relevo_sandbox::{Manifest, inspect};
use reqwest::{
    Method, Url,
    header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value, json};

/// Between two looks at something that a server is busy with.
pub const PAUSE: Duration = Duration::from_millis(300);

/// Which server, and as whom.
#[derive(Args, Clone)]
pub struct Server {
    /// Its address, such as https://relevo.example.com
    #[arg(long, env = "RELEVO_URL")]
    url: Option<Url>,
    /// An API key of a person who may upload plugins
    #[arg(long, env = "RELEVO_KEY", hide_env_values = true)]
    key: Option<String>,
}

/// What is to happen beside the upload.
#[derive(Args, Clone)]
pub struct Wishes {
    /// Grants all that its manifest asks for
    #[arg(long)]
    pub grant_all: bool,
    /// Has it answer from the next message on
    #[arg(long)]
    pub activate: bool,
    /// Puts it first in the chain of this service point, by its id
    #[arg(long, value_name = "SERVICE_POINT")]
    pub attach: Option<String>,
}

/// A server that was named, with a key.
pub struct Api {
    client: reqwest::Client,
    base: Url,
    key: String,
}

impl Server {
    pub fn is_named(&self) -> bool {
        self.url.is_some()
    }

    pub fn api(&self) -> Result<Api> {
        let base = self.url.clone().context("name the server with --url or RELEVO_URL, such as http://127.0.0.1:8080")?;
        let key = self.key.clone().context("give an API key with --key or RELEVO_KEY: the page /keys of the server makes one")?;
        Ok(Api { client: reqwest::Client::new(), base, key })
    }
}

impl Api {
    /// Asks, and says what the server said if it refused.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.client.request(method, self.base.join(path)?).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.answer(request).await
    }

    async fn upload(&self, wasm: Vec<u8>) -> Result<Value> {
        let request = self.client.post(self.base.join("/api/plugins")?).bearer_auth(&self.key);
        self.answer(request.header(CONTENT_TYPE, HeaderValue::from_static("application/wasm")).body(wasm)).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        // The command speaks English, so what the server says to people stands beside it in English too.
        let response =
            request.header(ACCEPT_LANGUAGE, HeaderValue::from_static("en")).send().await.with_context(|| format!("{} does not answer", self.base))?;
        let status = response.status();
        let text = response.text().await?;
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(value);
        }
        bail!("{}", refusal(status.as_u16(), &value));
    }
}

/// A problem of the API as a person reads it.
fn refusal(status: u16, problem: &Value) -> String {
    let mut text = format!("the server refused ({status}): {}", problem["title"].as_str().unwrap_or("without a reason"));
    if let Some(detail) = problem["detail"].as_str() {
        let _ = write!(text, ". {detail}");
    }
    for error in problem["errors"].as_array().into_iter().flatten() {
        let _ = write!(text, "\n  {}: {}", error["field"].as_str().unwrap_or_default(), error["text"].as_str().unwrap_or_default());
    }
    text
}

/// Uploads it, waits until it is compiled, and does what else was wished for.
pub async fn install(server: &Server, wasm: Vec<u8>, wishes: &Wishes) -> Result<()> {
    let manifest = inspect(&wasm)?.manifest;
    put_in_place(&server.api()?, wasm, &manifest, wishes).await?;
    let (id, version) = (&manifest.id, &manifest.version);
    println!("{id} {version} is uploaded{}", if wishes.activate { " and answers from the next message on" } else { "" });
    if !wishes.activate {
        println!("grant what it asks for and activate it at {}", server.api()?.base.join(&format!("/plugins/{id}"))?);
    }
    Ok(())
}

pub async fn put_in_place(api: &Api, wasm: Vec<u8>, manifest: &Manifest, wishes: &Wishes) -> Result<()> {
    let (id, version) = (&manifest.id, &manifest.version);
    api.upload(wasm).await?;
    let at = format!("/api/plugins/{id}/versions/{version}");
    loop {
        let seen = api.ask(Method::GET, &at, None).await?;
        match seen["state"].as_str() {
            Some("ready") => break,
            Some("refused") => bail!("the server cannot run it: {}", seen["problem"]["detail"].as_str().unwrap_or("it does not say why")),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    if wishes.grant_all {
        api.ask(Method::PUT, &format!("/api/plugins/{id}/grants"), Some(json!({ "version": version.to_string(), "permissions": null }))).await?;
    }
    if wishes.activate {
        api.ask(Method::POST, &format!("{at}/activate"), None).await?;
    }
    if let Some(point) = &wishes.attach {
        attach(api, id, point).await?;
    }
    Ok(())
}

/// Puts it before the others, unless it is there already.
async fn attach(api: &Api, id: &str, point: &str) -> Result<()> {
    let path = format!("/api/service-points/{point}/flow");
    let flow = api.ask(Method::GET, &path, None).await?;
    let there = flow["plugins"].as_array().map(Vec::as_slice).unwrap_or_default();
    if there.iter().any(|plugin| plugin["id"] == id) {
        return Ok(());
    }
    let others = there.iter().map(|plugin| json!({ "id": plugin["id"], "config": plugin["config"] }));
    let plugins: Vec<Value> = std::iter::once(json!({ "id": id })).chain(others).collect();
    api.ask(Method::PUT, &path, Some(json!({ "plugins": plugins }))).await?;
    Ok(())
}

/// Removes versions that answer nobody any more, and returns those that stay: one still answers, and to one a rollback leads.
pub async fn remove(api: &Api, id: &str, versions: Vec<String>) -> Vec<String> {
    let mut left = Vec::new();
    for version in versions {
        if api.ask(Method::DELETE, &format!("/api/plugins/{id}/versions/{version}"), None).await.is_err() {
            left.push(version);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_all_that_is_wrong() {
        let problem = json!({ "title": "Cannot be taken", "detail": "see below", "errors": [{ "field": "name", "text": "is missing" }] });

        assert_eq!(refusal(422, &problem), "the server refused (422): Cannot be taken. see below\n  name: is missing");
        assert_eq!(refusal(502, &Value::Null), "the server refused (502): without a reason");
    }

    #[test]
    fn without_a_server_the_command_says_how_to_name_one() {
        let error = Server { url: None, key: None }.api().err().map(|error| error.to_string()).unwrap_or_default();

        assert!(error.contains("RELEVO_URL"), "{error}");
    }
}
