//! The API's own description, OpenAPI 3.1: what handlers say of themselves, completed by what their routes know.
//!
//! A handler describes what it takes and what it answers when it is done. Who may take it, whether it can be done once, and which problems
//! come of that are not written twice: they are read off the table of routes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use utoipa::{
    OpenApi,
    openapi::{Info, OpenApi as Document, Paths, Tag},
};

use super::{AREAS, Area, IfNoneMatch, Known};
use crate::{
    app::App,
    http::{
        problem::{FieldProblem, Kind, Problem},
        routes::{Access, Route, Routes},
    },
    policy::Permission,
};

pub const AREA: Area = Area { name: "description", about: "This description.", routes, document: Own::openapi };

#[derive(OpenApi)]
#[openapi(paths(serve))]
struct Own;

fn routes() -> Routes {
    Routes::new().get("/api/openapi.json", Access::Public, serve)
}

const ABOUT: &str = "Businesses on WhatsApp: who works in them, what they offer, what they and their customers write. \
                     Log in at `POST /api/auth/login` or make an API key, and send it as `Authorization: Bearer …`. \
                     Every problem is `application/problem+json`; its `type` is the address of a page that says how to mend it.";

/// Where a handler names the kinds of problems that are its own.
const PROBLEMS: &str = "x-problems";

#[derive(OpenApi)]
#[openapi(components(schemas(Problem, FieldProblem)))]
struct Shared;

/// The whole description.
pub fn document() -> Value {
    let mut document = Document::new(Info::builder().title("Relevo").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT)).build(), Paths::new());
    document.merge(Shared::openapi());
    let mut tags = Vec::new();
    for area in AREAS {
        document.merge((area.document)());
        tags.push(Tag::builder().name(area.name).description(Some(area.about)).build());
    }
    document.tags = Some(tags);
    let mut document = serde_json::to_value(document).expect("a description is plain");
    let mut responses = BTreeMap::new();
    for route in super::routes().table() {
        let method = route.method.as_str().to_ascii_lowercase();
        if let Some(operation) = document["paths"][&route.path].get_mut(method) {
            complete(operation, route, &mut responses);
        }
    }
    document["components"]["responses"] = Value::Object(responses.into_iter().collect());
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT or API key",
            "description": "The token of `POST /api/auth/login`, which lasts a quarter of an hour, or an API key `rlv_live_…` or `rlv_test_…`.",
        },
        "session": { "type": "apiKey", "in": "cookie", "name": "__Host-relevo", "description": "The session of a browser that logged in on our pages." },
    });
    document
}

/// The same as it is served and kept in docs/openapi.json.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).expect("a description is plain");
    text.push('\n');
    text
}

/// Shows this description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "description", params(IfNoneMatch),
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
async fn serve(State(app): State<App>, headers: HeaderMap) -> Response {
    static TEXT: LazyLock<Value> = LazyLock::new(document);
    let mut document = TEXT.clone();
    document["servers"] = json!([{ "url": app.door.base() }]);
    let kept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    (kept, Known::of(&headers).show(&document)).into_response()
}

fn complete(operation: &mut Value, route: &Route, responses: &mut BTreeMap<String, Value>) {
    let permission = said(route.access);
    let description = operation["description"].as_str().map(|text| format!("{text}\n\n")).unwrap_or_default();
    operation["description"] = format!("{description}{}", permission.text).into();
    operation["x-permission"] = permission.name.into();
    operation["security"] = if permission.open { json!([]) } else { json!([{ "bearer": [] }, { "session": [] }]) };
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters.extend(of_route(route));
    if parameters.iter().any(|parameter| parameter["name"] == "If-None-Match") {
        operation["responses"]["304"] = json!({ "description": "Still the same" });
        operation["responses"]["200"]["headers"]["ETag"] = json!({ "schema": { "type": "string" }, "description": "The version of what is shown." });
    }
    let kinds = kinds(operation, route, &parameters);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    operation[PROBLEMS] = kinds.iter().map(|kind| kind.as_str()).collect();
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    for kind in kinds {
        by_status.entry(kind.status().as_u16()).or_default().push(kind);
    }
    for (status, kinds) in by_status {
        let name = kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join("_or_");
        operation["responses"][status.to_string()] = json!({ "$ref": format!("#/components/responses/{name}") });
        responses.entry(name).or_insert_with(|| response(&kinds));
    }
}

/// What a route adds to what its handler takes.
fn of_route(route: &Route) -> Vec<Value> {
    let mut parameters = Vec::new();
    if matches!(route.access, Access::Permission(_)) && !route.path.contains("{business_id}") {
        parameters.push(json!({
            "name": "business_id", "in": "query", "required": false, "schema": { "type": "string", "format": "uuid" },
            "description": "The business that this is about. Without it, the one that the session works in, or the key's.",
        }));
    }
    if route.once {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$" },
            "description": "Another random text for each thing that is to be done: the same request with the same key is done once, for a day.",
        }));
    }
    parameters
}

fn kinds(operation: &Value, route: &Route, parameters: &[Value]) -> BTreeSet<Kind> {
    let of_access: &[Kind] = match route.access {
        Access::Public => &[],
        Access::Person => &[Kind::Unauthorized, Kind::BadCredential, Kind::Forbidden],
        Access::Permission(_) => &[Kind::Unauthorized, Kind::BadCredential, Kind::Permission, Kind::NoBusiness, Kind::NotFound],
        Access::Operator => &[Kind::Unauthorized, Kind::BadCredential, Kind::Forbidden, Kind::NotFound],
    };
    let is_in = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
    let has = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
    let own = operation[PROBLEMS].as_array().into_iter().flatten().filter_map(Value::as_str);
    let own = own.map(|name| Kind::find(name).unwrap_or_else(|| panic!("{} names the problem {name}, which is none", route.path)));
    let when = |holds: bool, kinds: &'static [Kind]| if holds { kinds } else { &[] };
    [
        of_access,
        &[Kind::TooManyRequests, Kind::Broken, Kind::Busy],
        when(!route.method.is_safe(), &[Kind::ForeignOrigin]),
        when(operation.get("requestBody").is_some(), &[Kind::BadBody, Kind::TooLarge, Kind::NotJson, Kind::Invalid]),
        when(route.once, &[Kind::BadKey, Kind::KeyInFlight, Kind::KeyMismatch]),
        when(is_in("path"), &[Kind::NotFound]),
        when(is_in("query"), &[Kind::BadQuery]),
        when(has("cursor"), &[Kind::BadCursor]),
        when(has("If-Match"), &[Kind::Stale]),
    ]
    .concat()
    .into_iter()
    .chain(own)
    .collect()
}

/// Everything that comes with one status.
fn response(kinds: &[Kind]) -> Value {
    let lines: Vec<String> = kinds.iter().map(|kind| format!("[`{0}`]({1}{0}): {2}.", kind.as_str(), Problem::CATALOGUE, kind.title())).collect();
    let mut response = json!({
        "description": lines.join("\n\n"),
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let mut headers = Map::new();
    if kinds.iter().any(|kind| kind.status() == 429 || kind.status() == 503) {
        headers.insert("Retry-After".into(), json!({ "schema": { "type": "integer", "minimum": 1 }, "description": "Seconds." }));
    }
    if kinds.iter().any(|kind| kind.status() == 405) {
        headers.insert("Allow".into(), json!({ "schema": { "type": "string" } }));
    }
    if !headers.is_empty() {
        response["headers"] = headers.into();
    }
    response
}

/// What a route's access is called.
struct Said {
    name: String,
    text: String,
    open: bool,
}

fn said(access: Access) -> Said {
    let (name, text) = match access {
        Access::Public => ("public".to_owned(), "Open to everybody.".to_owned()),
        Access::Person => ("person".to_owned(), "Open to whoever is logged in; not to keys.".to_owned()),
        Access::Operator => ("operator".to_owned(), "Open to whoever operates the installation.".to_owned()),
        Access::Permission(permission) => (permission.to_string(), of_permission(permission)),
    };
    Said { name, text, open: access == Access::Public }
}

fn of_permission(permission: Permission) -> String {
    format!("Needs the permission `{permission}`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operations(document: &Value) -> BTreeMap<(String, String), Value> {
        let paths = document["paths"].as_object().unwrap();
        let of_path = |(path, item): (&String, &Value)| {
            let path = path.clone();
            item.as_object().unwrap().iter().map(move |(method, operation)| ((path.clone(), method.to_uppercase()), operation.clone())).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of_path).collect()
    }

    #[test]
    fn the_document_has_every_route_and_nothing_else() {
        let described: BTreeSet<(String, String)> = operations(&document()).into_keys().collect();
        let routes = super::super::routes();
        let served: BTreeSet<(String, String)> = routes.table().iter().map(|route| (route.path.clone(), route.method.to_string())).collect();
        assert_eq!(described, served);
    }

    /// Written out here once more, since `complete` reads the same table.
    #[test]
    fn each_operation_says_who_may_take_it() {
        let operations = operations(&document());
        for route in super::super::routes().table() {
            let operation = &operations[&(route.path.clone(), route.method.to_string())];
            let named = operation["x-permission"].as_str().unwrap();
            let access = match named {
                "public" => Access::Public,
                "person" => Access::Person,
                "operator" => Access::Operator,
                permission => Access::Permission(permission.parse().unwrap()),
            };
            assert_eq!(access, route.access, "{} {}", route.method, route.path);
            assert_eq!(operation["security"].as_array().unwrap().is_empty(), route.access == Access::Public);
            assert!(operation["description"].as_str().unwrap().contains("Open to") || operation["description"].as_str().unwrap().contains(named));
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{} {} has no summary", route.method, route.path);
            assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{} {} has no tag", route.method, route.path);
        }
    }

    /// Of two types with one name, one would describe the other.
    #[test]
    fn no_two_areas_name_different_things_alike() {
        let mut seen: BTreeMap<String, (Value, &str)> = BTreeMap::new();
        for area in AREAS {
            let document = serde_json::to_value((area.document)()).unwrap();
            for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
                let (first, whose) = seen.entry(name.clone()).or_insert_with(|| (schema.clone(), area.name));
                assert_eq!(first, schema, "{name} is one thing in {whose} and another in {}", area.name);
            }
        }
        assert!(seen.len() > 20);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
            match value {
                Value::Object(map) => map.iter().for_each(|(name, value)| match value {
                    Value::String(text) if name == "$ref" => drop(found.insert(text)),
                    other => references(other, found),
                }),
                Value::Array(list) => list.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let document = document();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.contains("#/components/schemas/Problem"));
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn the_kept_document_is_the_present_one() {
        let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json")).unwrap_or_default();
        assert!(kept == text(), "docs/openapi.json is not what the code describes: renew it with `cargo run -p relevo -- openapi > docs/openapi.json`");
    }
}
