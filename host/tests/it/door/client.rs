//! Somebody who asks: a browser with a cookie, a program with a token, or nobody.

use std::{fmt, net::SocketAddr};

use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use serde_json::Value;

/// Who asks, and with what.
#[derive(Clone)]
pub struct Caller {
    address: SocketAddr,
    http: reqwest::Client,
    headers: HeaderMap,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Caller {
    pub fn new(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy().build().expect("a client needs nothing");
        Self { address, http, headers: HeaderMap::new() }
    }

    /// The same with one more header, or with another value of one.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        Self { headers, ..self.clone() }
    }

    pub fn bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// A browser on our own pages, with this session.
    pub fn cookie(&self, token: &str) -> Self {
        self.with("cookie", &format!("relevo={token}")).with("sec-fetch-site", "same-origin")
    }

    /// From this address, as the proxy beside us tells it.
    pub fn from(&self, address: &str) -> Self {
        self.with("x-forwarded-for", address)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.send_raw(method, path, body).await
    }

    pub async fn send_raw(&self, method: Method, path: &str, body: Option<(&str, Vec<u8>)>) -> Answer {
        let mut request = self.http.request(method, format!("http://{}{path}", self.address)).headers(self.headers.clone());
        if let Some((kind, body)) = body {
            request = request.header("content-type", kind).body(body);
        }
        let response = request.send().await.expect("the server answers");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("answers are text") }
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The name of the problem's kind; the answer is one, and nothing but.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16(), "{self:?}");
        problem["type"].as_str().and_then(|kind| kind.strip_prefix("/docs/problems/")).unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }

    /// The cookie of the session that it gives, if it does.
    pub fn session(&self) -> Option<String> {
        self.header("set-cookie").strip_prefix("relevo=")?.split(';').next().map(str::to_owned)
    }

    /// That it was done, with what it says.
    pub fn done(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// That it was refused like this.
    pub fn refused(&self, status: u16, kind: &str) {
        assert_eq!((self.status.as_u16(), &*self.problem()), (status, kind), "{self:?}");
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.text)
    }
}
