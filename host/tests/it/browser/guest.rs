//! A browser without a window: sends what a browser sends, keeps the cookies that it is given, follows nothing.

use std::{collections::BTreeMap, sync::Mutex};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::demo::{Demo, PASSWORD};

pub type Form<'a> = &'a [(&'a str, &'a str)];

pub struct Guest {
    router: Router,
    cookies: Mutex<BTreeMap<String, String>>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// Where it leads to.
    pub fn to(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.headers[header::LOCATION].to_str().expect("addresses are text")
    }

    /// What stands in the field of this name.
    pub fn field(&self, name: &str) -> &str {
        let (_, rest) = self.body.split_once(&format!(" name=\"{name}\"")).unwrap_or_else(|| panic!("no field {name}: {}", self.body));
        let tag = rest.split('>').next().unwrap_or_default();
        tag.split_once("value=\"").map(|(_, value)| value.split('"').next().unwrap_or_default()).unwrap_or_default()
    }

    /// What an element with this mark shows, as the page has it.
    pub fn marked(&self, testid: &str) -> &str {
        let (_, rest) = self.body.split_once(&format!("data-testid=\"{testid}\"")).unwrap_or_else(|| panic!("no {testid}: {}", self.body));
        rest.split_once('>').and_then(|(_, inner)| inner.split_once("</")).map(|(inner, _)| inner).unwrap_or_default()
    }
}

impl Guest {
    pub fn new(demo: &Demo) -> Self {
        Self { router: demo.router.clone(), cookies: Mutex::default() }
    }

    pub async fn logged_in(demo: &Demo, email: &str) -> Self {
        let guest = Self::new(demo);
        let answer = guest.post("/login", &[("email", email), ("password", PASSWORD), ("to", "/")]).await;
        assert_eq!(answer.to(), "/", "{email} logs in");
        guest
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], "", &[]).await
    }

    /// Sends a form as a page of ours does without scripts.
    pub async fn post(&self, path: &str, form: Form<'_>) -> Answer {
        self.post_with(path, form, &[("sec-fetch-site", "same-origin")]).await
    }

    /// The same with other headers.
    pub async fn post_with(&self, path: &str, form: Form<'_>, headers: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.ask(Method::POST, path, headers, &body, &[(header::CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")]).await
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().expect("nobody panics here").insert(name.into(), value.into());
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().expect("nobody panics here").get(name).cloned()
    }

    /// Sends a form with a file.
    pub async fn uploads(&self, path: &str, name: &str, file: &[u8]) -> Answer {
        self.uploads_beside(path, &[], name, file).await
    }

    /// The same with fields before the file.
    pub async fn uploads_beside(&self, path: &str, fields: Form<'_>, name: &str, file: &[u8]) -> Answer {
        let field = |(name, value): &(&str, &str)| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        let head = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n");
        let headers = [("sec-fetch-site", "same-origin"), ("content-type", "multipart/form-data; boundary=x")];
        let fields: String = fields.iter().map(field).collect();
        self.send(Method::POST, path, &headers, [fields.as_bytes(), head.as_bytes(), file, b"\r\n--x--\r\n"].concat()).await
    }

    pub async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str, more: &[(&str, &str)]) -> Answer {
        self.send(method, path, &[headers, more].concat(), body.as_bytes().to_vec()).await
    }

    /// Opens a page's live side; what comes of it comes when it happens.
    pub async fn follows(&self, path: &str) -> Body {
        let response = self.router.clone().oneshot(self.request(Method::GET, path, &[], Vec::new())).await.expect("the router answers");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.into_body()
    }

    fn request(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Request<Body> {
        let cookies = self.cookies.lock().expect("nobody panics here").iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body)).expect("the request is sound")
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let response = self.router.clone().oneshot(self.request(method, path, headers, body)).await.expect("the router answers");
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().expect("cookies are text"));
        }
        let body = response.into_body().collect().await.expect("a body comes").to_bytes();
        Answer { status, headers, body: String::from_utf8(body.to_vec()).expect("pages are text") }
    }

    fn keep(&self, cookie: &str) {
        let (pair, rules) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("a cookie has a name");
        let mut cookies = self.cookies.lock().expect("nobody panics here");
        if rules.contains("Max-Age=0") {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
