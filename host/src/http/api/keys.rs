//! Keys by which programs act in a business.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use relevo_model::*;
use relevo_store::ApiKey;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Body, Page, Paging, Path, demand_points, missing,
    shown::{Id, Moment, Points, Scope},
};
use crate::{
    app::App,
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::{KeyPlan, Member},
    policy::Permission,
};

pub const AREA: Area = Area { name: "keys", about: "Keys by which programs act in a business.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(make, list, revoke))]
struct Document;

fn routes() -> Routes {
    const MANAGE: Access = Access::Permission(Permission::ManageApiKeys);
    Routes::new().get("/api/keys", MANAGE, list).create("/api/keys", MANAGE, make).delete("/api/keys/{id}", MANAGE, revoke)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewApiKey)]
struct NewKey {
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// Reaches the simulator only.
    #[serde(default)]
    test: bool,
    /// What it may do: some of what its maker may.
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    service_points: Points,
}

/// A key as it is listed.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
struct Key {
    #[schema(value_type = Id)]
    id: ApiKeyId,
    name: String,
    /// Its first characters.
    prefix: String,
    /// Reaches the simulator only.
    test: bool,
    scopes: Vec<Scope>,
    service_points: Points,
    #[schema(value_type = Id)]
    created_by: UserId,
    created_at: Moment,
    #[schema(required)]
    last_used_at: Option<Moment>,
    #[schema(required)]
    revoked_at: Option<Moment>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeApiKey)]
struct MadeKey {
    #[serde(flatten)]
    shown: Key,
    /// The key itself. It cannot be shown again.
    key: String,
}

/// Makes a key.
///
/// It is shown once. Only people make keys, and none may do more than its maker.
#[utoipa::path(post, path = "/api/keys", tag = "keys", request_body = NewKey, responses((status = 201, description = "MadeKey", body = MadeKey)),
    extensions(("x-problems" = json!(["forbidden"]))))]
async fn make(State(app): State<App>, member: Member, Body(new): Body<NewKey>) -> Result<Response, Problem> {
    demand_points(&app, &member.tenant, &new.service_points).await?;
    let scopes = new.scopes.into_iter().map(|Scope(permission)| permission).collect();
    let plan = KeyPlan { name: new.name, test: new.test, scopes, reach: new.service_points.0 };
    let made = app.door.make_key(&member, &plan).await?;
    let address = format!("/api/keys/{}", made.row.id);
    let location = [(header::LOCATION, HeaderValue::from_str(&address).expect("ids are plain"))];
    let made = MadeKey { shown: made.row.into(), key: made.key.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, location, Json(made)).into_response())
}

/// Lists the keys of a business, newest first; revoked ones too.
#[utoipa::path(get, path = "/api/keys", tag = "keys", params(Paging), responses((status = 200, description = "A page of them", body = Page<Key>)))]
async fn list(State(app): State<App>, member: Member, paging: Paging) -> Result<Page<Key>, Problem> {
    let before: Option<ApiKeyId> = paging.after()?;
    let found = app.door.keys(&member, before.as_ref(), paging.rows_i64()).await?;
    Ok(paging.page(found, |key| key.id, Key::from))
}

/// Ends a key, at once.
#[utoipa::path(delete, path = "/api/keys/{id}", tag = "keys", params(("id" = Id, Path)), responses((status = 204, description = "Revoked")))]
async fn revoke(State(app): State<App>, member: Member, Path(id): Path<ApiKeyId>) -> Result<StatusCode, Problem> {
    app.door.revoke_key(&member, &id).await.map_err(missing)?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<ApiKey> for Key {
    fn from(key: ApiKey) -> Self {
        let moment = |time: Option<i64>| time.map(|time| Moment(Time(time)));
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            test: key.test,
            // One that no longer exists is none.
            scopes: key.scopes.split(',').filter_map(|scope| scope.parse().ok().map(Scope)).collect(),
            service_points: Points(key.reach),
            created_by: key.created_by,
            created_at: key.created_at.into(),
            last_used_at: moment(key.last_used_at),
            revoked_at: moment(key.revoked_at),
        }
    }
}
