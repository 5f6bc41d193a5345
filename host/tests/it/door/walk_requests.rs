//! A request for each route, about something that was just made for it. Whoever adds a route adds its request.

use relevo::http::routes::Route;
use relevo_model::*;
use relevo_store::Invitation;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    House, PASSWORD,
    walk::{AtPoint, Body, Place, Request},
    walk_console::{self, Ground},
    walk_pages,
};

/// None for a route that is not known here.
pub async fn request(house: &House, route: &Route, place: Place) -> Option<Request> {
    let (tenant, point) = match place {
        // The path names it: a query beside that counts for nothing.
        Place::Named if route.path.contains("{business_id}") => (house.other, house.test.tenant("other").point),
        Place::Here | Place::Named => (house.acme, house.here),
        Place::There => (house.acme, house.there),
        Place::Elsewhere if route.path.contains('{') => (house.other, house.test.tenant("other").point),
        // Nothing in its address could be another business's.
        Place::Elsewhere => (house.acme, house.here),
    };
    let ground = Ground { house, tenant, point };
    let mut request = match route.path.strip_prefix("/api/") {
        Some(rest) => api(&ground, &route.method, rest).await?,
        None => page(&ground, &route.method, &route.path).await?,
    };
    if place == Place::Named {
        request.path = format!("{}?business_id={}", request.path, house.other);
    }
    Some(request)
}

fn plain(path: String, body: Option<Value>) -> Option<Request> {
    Some(Request { path, body: body.map(Body::Json), at_point: AtPoint::No })
}

async fn api(ground: &Ground<'_>, method: &Method, path: &str) -> Option<Request> {
    let whole = || format!("/api/{path}");
    let some = "0198c0de-0000-7000-8000-00000000000a";
    match (method.as_str(), path) {
        ("GET", "openapi.json" | "auth/me" | "auth/sessions" | "auth/second-factor" | "people" | "invitations" | "keys" | "audit" | "permissions") => {
            plain(whole(), None)
        }
        ("POST", "auth/register") => plain(whole(), Some(json!({ "name": "New", "email": "not an address", "password": PASSWORD }))),
        ("POST", "auth/login") => plain(whole(), Some(json!({ "email": "ana@acme.com" }))),
        ("POST", "auth/logout" | "auth/second-factor") => plain(whole(), Some(json!({}))),
        ("PUT", "auth/me") => plain(whole(), Some(json!({ "name": "Ana", "locale": "es" }))),
        ("PUT", "auth/business") => plain(whole(), Some(json!({ "business_id": some }))),
        // What is asked for here is refused for its own reasons; that it is not refused for who asks is seen by the kind of body.
        ("PUT", "auth/password") => plain(whole(), Some(json!({ "current": PASSWORD }))),
        ("POST", "auth/second-factor/proof" | "auth/second-factor/recovery-codes" | "auth/second-factor/removal") => plain(whole(), Some(json!({}))),
        ("POST", "auth/reset") => plain(whole(), Some(json!({ "email": "not an address" }))),
        ("POST", "auth/reset/password") => plain(whole(), Some(json!({ "token": "x", "password": PASSWORD }))),
        ("POST", "auth/invitation") => plain(whole(), Some(json!({ "token": "x" }))),
        ("POST", "auth/invitation/acceptance") => plain(whole(), Some(json!({ "token": "x", "name": "New", "password": PASSWORD }))),
        ("DELETE", "auth/sessions") => plain(whole(), None),
        ("DELETE", "auth/sessions/{id}") => plain(format!("/api/auth/sessions/{some}"), None),
        ("POST", "keys") => plain(whole(), Some(json!({ "name": "x", "scopes": ["see-business"], "service_points": "all" }))),
        ("DELETE", "keys/{id}") => plain(format!("/api/keys/{}", key(ground).await), None),
        ("POST", "invitations") => Some(Request {
            path: whole(),
            body: Some(Body::Json(
                json!({ "email": format!("{}@new.com", ground.house.test.clock.id::<UserId>()), "role": "viewer", "service_points": [ground.point] }),
            )),
            at_point: AtPoint::Refused,
        }),
        ("DELETE", "invitations/{id}") => {
            Some(Request { path: format!("/api/invitations/{}", invitation(ground).await), body: None, at_point: AtPoint::Hidden })
        }
        ("GET", "people/{id}") => plain(format!("/api/people/{}", colleague(ground).await), None),
        ("PUT", "people/{id}") => Some(Request {
            path: format!("/api/people/{}", colleague(ground).await),
            body: Some(Body::Json(json!({ "role": "viewer", "service_points": [ground.point] }))),
            at_point: AtPoint::Refused,
        }),
        ("DELETE", "people/{id}") => Some(Request { path: format!("/api/people/{}", colleague(ground).await), body: None, at_point: AtPoint::Refused }),
        ("POST", "people/{id}/reset-link") => {
            Some(Request { path: format!("/api/people/{}/reset-link", colleague(ground).await), body: Some(Body::Json(json!({}))), at_point: AtPoint::Refused })
        }
        _ => walk_console::request(ground, method, path).await,
    }
}

/// Pages, and what programs of others call.
async fn page(ground: &Ground<'_>, method: &Method, path: &str) -> Option<Request> {
    match (method.as_str(), path) {
        ("GET", "/" | "/healthz" | "/readyz" | "/metrics" | "/docs/api" | "/docs/plugins" | "/docs/problems") => plain(path.into(), None),
        ("GET", "/docs/problems/{kind}") => plain("/docs/problems/gone".into(), None),
        ("GET" | "PUT", "/media/{token}") => plain("/media/x".into(), None),
        ("GET", "/static/{*path}") => plain("/static/app.css".into(), None),
        // With the word that it asks for; without, it is refused, which is its own way of knowing who comes.
        ("GET", "/webhook") => plain("/webhook?hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1".into(), None),
        ("POST", "/webhook") => Some(Request { path: path.into(), body: Some(Body::Raw("application/json", b"{".to_vec())), at_point: AtPoint::No }),
        (_, simulator) if simulator.starts_with("/simulator/{point}") => {
            // What lives would be read for ever: where nothing is, it ends.
            let point = if simulator.ends_with("/live") { "0198c0de-0000-7000-8000-00000000000a" } else { ground.point.as_str() };
            form(method, simulator.replace("{point}", point).replace("{phone}", "cliente-1"), AtPoint::Hidden)
        }
        (_, "/people/invitations/{invitation}/withdraw") => form(method, path.replace("{invitation}", invitation(ground).await.as_str()), AtPoint::Hidden),
        (_, person) if person.starts_with("/people/{person}") => form(method, person.replace("{person}", colleague(ground).await.as_str()), AtPoint::Refused),
        (_, "/keys/{key}/revoke") => form(method, path.replace("{key}", key(ground).await.as_str()), AtPoint::No),
        (_, one) if one.contains("{token}") || one.contains("{session}") => {
            form(method, one.replace("{token}", "x").replace("{session}", "0198c0de-0000-7000-8000-00000000000a"), AtPoint::No)
        }
        (_, shop) if walk_pages::SECTIONS.iter().any(|section| shop == *section || shop.starts_with(&format!("{section}/"))) => {
            walk_pages::request(ground, method, shop).await
        }
        ("GET" | "POST", other) if !other.contains('{') && PAGES.iter().any(|page| other == *page || other.starts_with(&format!("{page}/"))) => {
            form(method, other.into(), AtPoint::No)
        }
        _ => None,
    }
}

/// Where the pages of the door are, and of whoever is in.
const PAGES: [&str; 13] =
    ["/login", "/logout", "/register", "/reset", "/welcome", "/workplace", "/account", "/dashboard", "/people", "/keys", "/audit", "/system", "/simulator"];

/// An empty form, or a look at the page: who may not is refused before it is read.
fn form(method: &Method, path: String, at_point: AtPoint) -> Option<Request> {
    Some(Request { path, body: (method == Method::POST).then(|| Body::Form(String::new())), at_point })
}

/// Somebody who works at the point, and nowhere else.
async fn colleague(ground: &Ground<'_>) -> UserId {
    let user = ground.house.figure(&format!("colleague-{}", ground.house.test.clock.id::<UserId>())).await;
    ground.house.enrol(&user, &ground.tenant, Role::Viewer, [ground.point].into_iter().collect()).await;
    user
}

async fn invitation(ground: &Ground<'_>) -> InvitationId {
    let clock = &ground.house.test.clock;
    let id: InvitationId = clock.id();
    let invitation = Invitation {
        id,
        tenant_id: ground.tenant,
        email: format!("{id}@new.com"),
        role: Role::Viewer,
        reach: [ground.point].into_iter().collect(),
        invited_by: clock.id(),
        created_at: clock.now(),
        expires_at: clock.now().after(std::time::Duration::from_secs(60)),
    };
    let mut write = ground.house.app().store.platform().write().await.unwrap();
    write.add_invitation(&invitation, id.as_str()).await.unwrap();
    write.commit().await.unwrap();
    id
}

async fn key(ground: &Ground<'_>) -> ApiKeyId {
    let clock = &ground.house.test.clock;
    let id: ApiKeyId = clock.id();
    let key = relevo_store::ApiKey {
        id,
        prefix: "rlv_live_x".into(),
        tenant_id: ground.tenant,
        name: "x".into(),
        test: false,
        role: Role::Owner,
        reach: Reach::All,
        scopes: "send".into(),
        created_by: clock.id(),
        created_at: clock.now(),
        last_used_at: None,
        revoked_at: None,
    };
    let mut write = ground.house.app().store.platform().write().await.unwrap();
    write.add_api_key(&key, id.as_str()).await.unwrap();
    write.commit().await.unwrap();
    id
}
