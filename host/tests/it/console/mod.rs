//! What the people of a business do by the API: through the real router, on both databases.

mod catalogue;
mod channels;
mod founding;
mod inbox;
mod isolation;
mod records;
mod settings;
mod tickets;
mod words;

use relevo::identity::{Attempt, Device, Registration};
use relevo_model::*;
use relevo_store::Membership;
use reqwest::{Client, Method, Response};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::harness::{TestApp, TestTenant};

const PASSWORD: &str = "correct horse";
const PHONE: &str = "+54 9 11 5555 0001";

/// Somebody who calls the API.
pub struct Caller {
    app: TestApp,
    pub id: UserId,
    email: String,
    token: String,
    http: Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub etag: Option<String>,
    pub location: Option<String>,
    pub body: Value,
}

/// Somebody with a role in a business.
pub async fn member(app: &TestApp, tenant: &TestTenant, name: &str, role: Role, reach: Reach) -> Caller {
    let caller = stranger(app, name).await;
    let membership = Membership { user_id: caller.id, tenant_id: tenant.id, role, reach, created_at: app.clock.now() };
    let mut write = app.node(0).store.platform().write().await.unwrap();
    write.save_membership(&membership).await.unwrap();
    write.set_session_tenant(&caller.session().await, &tenant.id).await.unwrap();
    write.commit().await.unwrap();
    caller
}

pub async fn owner(app: &TestApp) -> Caller {
    member(app, app.acme(), "olga", Role::Owner, Reach::All).await
}

/// Somebody who belongs to no business.
pub async fn stranger(app: &TestApp, name: &str) -> Caller {
    let door = app.node(0).door.clone();
    let email = format!("{name}@acme.com");
    let registration = Registration { name: name.into(), email: email.clone(), password: PASSWORD.into(), locale: Some("es".into()) };
    let entry = door.register(&registration, &Device::default()).await.unwrap();
    let attempt = Attempt { email: email.clone(), password: PASSWORD.into() };
    let bearer = door.log_in_for_token(&attempt, None, &Device::default()).await.unwrap();
    Caller { app: app.clone(), email, id: entry.user, token: bearer.token.expose_secret().to_owned(), http: Client::new() }
}

impl Caller {
    async fn session(&self) -> SessionId {
        let now = self.app.clock.now();
        let door = self.app.node(0).door.clone();
        let mut read = door.store.platform().read().await.unwrap();
        let all = read.sessions().list_of(&self.id, now, Time(0)).await.unwrap();
        all.iter().find(|session| session.kind == SessionKind::Bearer).expect("the token stands on one").id
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// The same person with another token.
    pub async fn again(&self) -> Self {
        let attempt = Attempt { email: self.email.clone(), password: PASSWORD.into() };
        let bearer = self.app.node(0).door.log_in_for_token(&attempt, None, &Device::default()).await.unwrap();
        let tenant = self.app.acme().id;
        let again = Self { app: self.app.clone(), email: self.email.clone(), id: self.id, token: bearer.token.expose_secret().to_owned(), http: Client::new() };
        let mut write = self.app.node(0).store.platform().write().await.unwrap();
        write.set_session_tenant(&again.session().await, &tenant).await.unwrap();
        write.commit().await.unwrap();
        again
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body), &[]).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None, &[]).await
    }

    /// Only if it is still as it was seen.
    pub async fn put_seen(&self, path: &str, etag: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body), &[("if-match", etag)]).await
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.http.request(method, self.app.url(0, path)).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Answer::of(request.send().await.unwrap()).await
    }
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let text = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, etag, location) = (response.status().as_u16(), text("etag"), text("location"));
        let body = response.text().await.unwrap();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap_or(Value::String(body)) };
        Self { status, etag, location, body }
    }

    /// The body, when it went as it should.
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    pub fn problem(&self) -> &str {
        self.body["type"].as_str().unwrap_or_else(|| panic!("{self:?}")).strip_prefix("/docs/problems/").unwrap()
    }

    /// The fields that are wrong, with the keys of their texts.
    pub fn wrong(&self) -> Vec<(&str, &str)> {
        let errors = self.body["errors"].as_array().unwrap_or_else(|| panic!("{self:?}"));
        errors.iter().map(|error| (error["field"].as_str().unwrap(), error["problem"].as_str().unwrap())).collect()
    }

    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// A customer's order at the first business, straight from a turn.
pub async fn ordered(app: &TestApp, phone: &str) -> OrderId {
    let chat = app.customer(phone).says("hola").await;
    chat.bot_replies().await;
    let (id, conversation) = (app.clock.id::<OrderId>(), chat.conversation().await);
    let order = format!(
        "INSERT INTO orders (id, code, service_point_id, conversation_id, customer_id, status, total_minor, currency, address, is_test, created_at) \
         VALUES ('{id}', 'A-{id}', '{}', '{}', '{}', 'NEW', 1500, 'ARS', '{{}}', FALSE, {}); \
         INSERT INTO order_history (id, order_id, status, actor, created_at) VALUES ('{id}', '{id}', 'NEW', 'storefront', {})",
        conversation.service_point_id,
        conversation.id,
        conversation.customer_id,
        app.clock.now(),
        app.clock.now()
    );
    app.place.execute(Some(&chat.tenant.id), &order).await;
    id
}

/// The audit log of a business, oldest first.
pub async fn audit(app: &TestApp, tenant: &TestTenant) -> Vec<String> {
    app.place.texts(Some(&tenant.id), "SELECT action FROM audit_log ORDER BY id").await
}
