//! The door from outside: requests through guarded routes, on SQLite.

mod attacks;
mod factors;
mod members;
mod sessions;

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, Request, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
};
use relevo_store::{Membership, Settings};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::{
    http::routes::{Access, Routes},
    policy::{Permission, ROLES},
};

pub const NOON: Time = Time(1_767_268_800_000);
pub const PASSWORD: &str = "correct horse";

/// Two businesses and whoever a test lets in.
pub struct House {
    pub door: Door,
    pub clock: Clock,
    pub acme: TenantId,
    pub other: TenantId,
    router: Router,
    _folder: TempDir,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// A browser: it has at most one session, and comes from one address.
#[derive(Clone)]
pub struct Browser {
    pub cookie: Option<String>,
    pub address: [u8; 4],
}

/// What the browser got by a login.
#[derive(Debug)]
pub struct Entered {
    pub session: SessionId,
    pub awaits_code: bool,
}

impl House {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::standing(NOON, 0);
        let settings = Settings { data: folder.path().join("data"), database_url: None, master_key: None };
        let store = Store::open(&settings).await.unwrap();
        let mut tenants = Vec::new();
        for slug in ["acme", "other"] {
            let (tenant, _) = store.create_tenant(&clock, slug, slug, false).await.unwrap();
            store.platform().set_tenant_state(&tenant.id, TenantState::Active).await.unwrap();
            tenants.push(tenant.id);
        }
        let door = Door::new(store, clock.clone(), &DoorSettings { local_base_url: "http://localhost".into(), ..DoorSettings::default() });
        let csrf = middleware::from_fn_with_state(door.clone(), csrf::only_our_pages);
        let router = routes().layer(csrf).into_router().with_state(door.clone());
        Self { door, clock, acme: tenants[0], other: tenants[1], router, _folder: folder }
    }

    /// Somebody with the usual password.
    pub async fn user(&self, name: &str) -> UserId {
        let hash = self.door.passwords.hash(&PASSWORD.into()).await.unwrap();
        let user = self.door.user(name, email(name), Some(hash), None);
        let mut write = self.door.store.platform().write().await.unwrap();
        write.add_user(&user).await.unwrap();
        write.commit().await.unwrap();
        user.id
    }

    pub async fn enrol(&self, user: &UserId, tenant: &TenantId, role: Role, reach: Reach) {
        let membership = Membership { user_id: *user, tenant_id: *tenant, role, reach, created_at: NOON };
        let mut write = self.door.store.platform().write().await.unwrap();
        write.save_membership(&membership).await.unwrap();
        write.commit().await.unwrap();
    }

    /// Somebody with a role in acme, and the browser where they are logged in.
    pub async fn member(&self, name: &str, role: Role) -> (UserId, Browser) {
        let user = self.user(name).await;
        self.enrol(&user, &self.acme, role, Reach::All).await;
        let mut browser = Browser::new();
        browser.enters(self, name, PASSWORD).await.unwrap();
        (user, browser)
    }

    pub async fn ask(&self, browser: &Browser, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        if let Some(cookie) = &browser.cookie {
            request = request.header(header::COOKIE, format!("lang=es; relevo={cookie}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((browser.address, 4_711))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub async fn get(&self, browser: &Browser, path: &str) -> StatusCode {
        self.ask(browser, Method::GET, path, &[]).await.status
    }

    pub async fn get_with(&self, token: &SecretString, path: &str) -> StatusCode {
        let authorization = format!("Bearer {}", token.expose_secret());
        self.ask(&Browser::new(), Method::GET, path, &[("authorization", &authorization)]).await.status
    }

    /// The person and the member that a browser is taken for.
    pub async fn person(&self, browser: &Browser) -> Person {
        self.door.find_person(&browser.device()).await.unwrap().expect("the browser is logged in")
    }

    pub async fn as_member(&self, browser: &Browser) -> Member {
        let person = self.person(browser).await;
        self.door.member(&person, &self.acme).await.unwrap().expect("the person belongs to acme")
    }
}

impl Browser {
    pub fn new() -> Self {
        Self { cookie: None, address: [192, 0, 2, 1] }
    }

    pub fn device(&self) -> Device {
        Device { address: Some(self.address.into()), user_agent: Some("Test/1.0".into()), secure: false, presented: self.cookie.as_deref().map(tokens::hash) }
    }

    pub async fn enters(&mut self, house: &House, name: &str, password: &str) -> Result<Entered> {
        let entry = house.door.log_in(&Attempt { email: email(name), password: password.into() }, &self.device()).await?;
        self.keeps(&entry);
        Ok(Entered { session: entry.session, awaits_code: entry.awaits_code })
    }

    /// As a browser does with the cookie of an answer.
    pub fn keeps(&mut self, entry: &Entry) {
        let (_, cookie) = entry.cookie(&self.device());
        let value = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
        self.cookie = Some(value);
    }
}

impl Answer {
    pub fn problem(&self) -> String {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        problem["type"].as_str().unwrap().strip_prefix("/docs/problems/").unwrap().to_owned()
    }
}

impl Door {
    /// Whom a cookie lets in, as the extractors find it.
    async fn find_person(&self, device: &Device) -> Result<Option<Person>> {
        let now = self.clock.now();
        let Some(presented) = &device.presented else { return Ok(None) };
        let session = self.store.platform().read().await?.sessions().by_token(presented, now, super::sessions::idle_since(now)).await?;
        match session {
            Some(session) => match self.person(session).await? {
                caller::Caller::Person(person) => Ok(Some(person)),
                _ => Ok(None),
            },
            None => Ok(None),
        }
    }
}

pub fn email(name: &str) -> String {
    format!("{name}@acme.com")
}

fn routes() -> Routes<Door> {
    let mut routes = Routes::new()
        .get("/api/me", Access::Person, async |person: Person| person.id.to_string())
        .post("/api/me", Access::Person, async || "done")
        .get("/inbox", Access::Permission(Permission::SeeConversations), async || "inbox")
        .get("/platform", Access::Operator, async || "platform")
        .post("/login", Access::Public, log_in)
        .post("/webhook", Access::Public, async || "taken")
        .post("/webhooks/other", Access::Public, async || "taken");
    for permission in Permission::ALL {
        let access = Access::Permission(*permission);
        routes = routes.get(&format!("/api/{permission}"), access, async |member: Member| member.tenant.to_string());
        routes = routes.get(&format!("/api/business/{{business_id}}/{permission}"), access, async |member: Member| member.tenant.to_string());
    }
    routes
}

/// Logs in with what the headers say.
async fn log_in(State(door): State<Door>, device: Device, headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    match door.log_in(&Attempt { email: text("x-email"), password: text("x-password").into() }, &device).await {
        Ok(entry) => ([entry.cookie(&device)], "in").into_response(),
        Err(error) => error.into_response(),
    }
}

#[tokio::test]
async fn each_role_takes_the_routes_that_its_permissions_open_in_its_own_business_only() {
    let house = House::new().await;
    let (acme, other) = (house.acme, house.other);
    let nobody = Browser::new();
    let stranger = house.user("stranger").await;
    let mut stranger_browser = Browser::new();
    stranger_browser.enters(&house, "stranger", PASSWORD).await.unwrap();

    for role in ROLES {
        let (_, browser) = house.member(role.as_str(), role).await;
        for permission in Permission::ALL {
            let expected = if crate::policy::allows(role, *permission) { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(house.get(&browser, &format!("/api/{permission}")).await, expected, "{role} {permission}");
            assert_eq!(house.get(&browser, &format!("/api/{permission}?business_id={acme}")).await, expected, "{role} {permission} by query");
            assert_eq!(house.get(&browser, &format!("/api/business/{acme}/{permission}")).await, expected, "{role} {permission} by path");
            for path in [
                format!("/api/{permission}?business_id={other}"),
                format!("/api/business/{other}/{permission}"),
                format!("/api/business/{other}/{permission}?business_id={acme}"),
                format!("/api/business/x/{permission}"),
                format!("/api/{permission}?business_id=x"),
                format!("/api/{permission}?business_id={acme}&business_id={other}"),
            ] {
                assert_eq!(house.get(&browser, &path).await, StatusCode::NOT_FOUND, "{role} {path}");
            }
        }
        assert_eq!(house.get(&browser, "/platform").await, StatusCode::NOT_FOUND);
    }
    for permission in Permission::ALL {
        let path = format!("/api/{permission}");
        assert_eq!(house.get(&nobody, &path).await, StatusCode::UNAUTHORIZED);
        assert_eq!(house.ask(&stranger_browser, Method::GET, &path, &[]).await.problem(), "no-business");
        assert_eq!(house.get(&stranger_browser, &format!("{path}?business_id={acme}")).await, StatusCode::NOT_FOUND);
    }
    let mut write = house.door.store.platform().write().await.unwrap();
    write.set_operator(&stranger, true).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(house.get(&stranger_browser, "/platform").await, StatusCode::OK);
}

#[tokio::test]
async fn pages_lead_to_the_login_and_programs_get_a_problem() {
    let house = House::new().await;
    let nobody = Browser::new();

    let page = house.ask(&nobody, Method::GET, "/inbox?q=a%20b&x=1", &[]).await;
    let part = house.ask(&nobody, Method::GET, "/inbox", &[("hx-request", "true")]).await;
    let program = house.ask(&nobody, Method::GET, "/api/me", &[]).await;
    let known = house.ask(&nobody, Method::GET, "/api/me", &[("authorization", "Bearer x")]).await;

    assert_eq!((page.status, page.headers[header::LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, "/login?to=%2Finbox%3Fq%3Da%2520b%26x%3D1"));
    assert_eq!((part.status, part.headers["hx-redirect"].to_str().unwrap()), (StatusCode::UNAUTHORIZED, "/login"));
    assert_eq!((program.status, &*program.problem()), (StatusCode::UNAUTHORIZED, "unauthorized"));
    assert_eq!((known.status, &*known.problem()), (StatusCode::UNAUTHORIZED, "bad-credential"));
}
