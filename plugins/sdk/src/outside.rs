//! Calls to the outside.

use serde::{Serialize, de::DeserializeOwned};

use crate::http::{Request, Response};
use crate::{Failure, malformed};

const TIMEOUT_MS: u32 = 5_000;

impl Request {
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: "GET".to_owned(), url: url.into(), headers: Vec::new(), body: None, timeout_ms: TIMEOUT_MS }
    }

    /// # Errors
    /// `invalid` when the body is no JSON.
    pub fn post_json(url: impl Into<String>, body: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(body).map_err(|error| malformed("body", &error))?;
        let request = Self { method: "POST".to_owned(), url: url.into(), headers: Vec::new(), body: Some(body), timeout_ms: TIMEOUT_MS };
        Ok(request.header("content-type", "application/json"))
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Response {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// # Errors
    /// `invalid` when the body is not what `T` needs.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| malformed("answer", &error))
    }
}
