//! The server's API, as somebody who logged in.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use relevo_testbed::http::{Client, Target};
use serde_json::{Value, json};

use crate::Server;

/// How long a compilation may take.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(5);
const JSON: &str = "application/json";

pub struct Api {
    client: Client,
    token: String,
}

/// A version that was uploaded.
pub struct Named {
    pub id: String,
    pub version: String,
}

impl Named {
    fn path(&self) -> String {
        format!("/api/plugins/{}/versions/{}", self.id, self.version)
    }
}

impl Api {
    pub async fn log_in(server: &Server) -> Result<Self> {
        let mut api = Self { client: Client::new(Target::parse(&server.url)?), token: String::new() };
        let told = api.json("POST", "/api/auth/login", &json!({ "email": server.email, "password": server.password })).await?;
        api.token = text(&told, "token")?;
        Ok(api)
    }

    /// The service point whose channel has this number.
    pub async fn point_of(&self, number: &str) -> Result<String> {
        let channels = self.get("/api/channels").await?;
        let found = channels["data"].as_array().into_iter().flatten().find(|channel| channel["phone_number_id"] == number);
        text(found.with_context(|| format!("no channel has the number {number}: {channels}"))?, "service_point_id")
    }

    /// Uploads it, waits until it is compiled, grants all, activates it and has it alone answer. Returns how long it took until it was compiled.
    pub async fn install(&self, point: &str, wasm: &[u8]) -> Result<(Named, Duration)> {
        let began = Instant::now();
        let named = self.upload(wasm).await?;
        let ready = began.elapsed();
        self.grant(&named).await?;
        self.activate(&named).await?;
        self.attach(point, &[named.id.as_str()]).await?;
        Ok((named, ready))
    }

    /// Uploads it, and waits until it is compiled.
    pub async fn upload(&self, wasm: &[u8]) -> Result<Named> {
        let began = Instant::now();
        let made = self.ask("POST", "/api/plugins", "application/wasm", wasm).await?;
        let named = Named { id: text(&made, "id")?, version: text(&made, "version")? };
        loop {
            let seen = self.get(&named.path()).await?;
            match seen["state"].as_str() {
                Some("ready") => return Ok(named),
                Some("compiling") if began.elapsed() < PATIENCE => tokio::time::sleep(LOOK).await,
                _ => bail!("the server cannot run it: {seen}"),
            }
        }
    }

    /// Lets it do all that it asks for.
    pub async fn grant(&self, named: &Named) -> Result<()> {
        self.json("PUT", &format!("/api/plugins/{}/grants", named.id), &json!({ "version": named.version })).await?;
        Ok(())
    }

    pub async fn activate(&self, named: &Named) -> Result<()> {
        self.post(&format!("{}/activate", named.path())).await?;
        Ok(())
    }

    /// The ids of the plugins of a service point, in the order in which they are asked.
    pub async fn chain(&self, point: &str) -> Result<Vec<String>> {
        let flow = self.get(&format!("/api/service-points/{point}/flow")).await?;
        flow["plugins"].as_array().into_iter().flatten().map(|plugin| text(plugin, "id")).collect()
    }

    /// Has these plugins and no others answer, each with its defaults.
    pub async fn attach(&self, point: &str, plugins: &[&str]) -> Result<()> {
        let plugins: Vec<Value> = plugins.iter().map(|id| json!({ "id": id, "config": {} })).collect();
        self.json("PUT", &format!("/api/service-points/{point}/flow"), &json!({ "plugins": plugins })).await?;
        Ok(())
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.ask("GET", path, JSON, b"").await
    }

    pub async fn post(&self, path: &str) -> Result<Value> {
        self.ask("POST", path, JSON, b"").await
    }

    pub async fn json(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.ask(method, path, JSON, body.to_string().as_bytes()).await
    }

    async fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Value> {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("accept", JSON)];
        if !body.is_empty() {
            headers.push(("content-type", kind));
        }
        if !self.token.is_empty() {
            headers.push(("authorization", &bearer));
        }
        let answer = self.client.send(method, path, &headers, body).await?;
        let said = String::from_utf8_lossy(&answer.body);
        ensure!((200..300).contains(&answer.status), "{method} {path}: {} {said}", answer.status);
        Ok(serde_json::from_str(&said).unwrap_or(Value::Null))
    }
}

pub fn text(value: &Value, name: &str) -> Result<String> {
    value[name].as_str().map(str::to_owned).with_context(|| format!("the server named no {name}: {value}"))
}
