//! Records of the collections that plugins declare as their own.

use std::{fmt, str::FromStr};

use axum::{Json, extract::State, http::StatusCode, response::Response};
use data_encoding::BASE64URL_NOPAD;
use relevo_store::{OwnRecord, seen_of};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{Area, Body, IfMatch, IfNoneMatch, Known, Page, Paging, Path, Query, after::NoPlace, made, shown::Moment};
use crate::{
    app::App,
    console::{
        Error,
        collections::{self, Declared},
        plugins::ConfigProblem,
    },
    http::{
        problem::{FieldProblem, Kind, Problem},
        routes::{Access, Routes},
    },
    identity::Member,
    policy::Permission,
};

pub const AREA: Area = Area {
    name: "records",
    about: "Records that plugins keep in collections of their own: looked at, and written as their schemas want it.",
    routes,
    document: Document::openapi,
};

#[derive(OpenApi)]
#[openapi(paths(collections, create, list, find, save, remove))]
struct Document;

fn routes() -> Routes {
    const MANAGE: Access = Access::Permission(Permission::ManageProducts);
    Routes::new()
        .get("/api/records", MANAGE, collections)
        .create("/api/records/{plugin}/{collection}", MANAGE, create)
        .get("/api/records/{plugin}/{collection}", MANAGE, list)
        .get("/api/records/{plugin}/{collection}/{record}", MANAGE, find)
        .put("/api/records/{plugin}/{collection}/{record}", MANAGE, save)
        .delete("/api/records/{plugin}/{collection}/{record}", MANAGE, remove)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// What the title has in it.
    #[serde(default)]
    q: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecordDraft {
    /// As the schema of the collection wants it; what it has a default for may be left out. 64 KiB at most.
    #[schema(value_type = Object)]
    value: Value,
}

/// A collection that a plugin declares as its own.
#[derive(Serialize, ToSchema)]
struct ShownCollection {
    #[schema(example = "com.example.tracking")]
    plugin_id: String,
    #[schema(example = "shipments")]
    name: String,
    /// In Spanish, else in the language that its author wrote it in.
    title: String,
    /// JSON Schema of a record.
    #[schema(value_type = Object)]
    schema: Value,
    /// The field that a record is called by.
    title_field: String,
}

/// A record of a plugin.
#[derive(Serialize, ToSchema)]
struct ShownRecord {
    id: String,
    #[schema(value_type = Object)]
    value: Value,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

/// The title and the id of the last record of a page. Titles may be long and have any letters: the beginning that is sorted by, encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Titled(String, String);

impl fmt::Display for Titled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", BASE64URL_NOPAD.encode(seen_of(&self.0).as_bytes()), self.1)
    }
}

impl FromStr for Titled {
    type Err = NoPlace;
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (title, id) = text.split_once(' ').filter(|(_, id)| !id.is_empty()).ok_or(NoPlace)?;
        let title = BASE64URL_NOPAD.decode(title.as_bytes()).map_err(|_| NoPlace)?;
        Ok(Self(String::from_utf8(title).map_err(|_| NoPlace)?, id.to_owned()))
    }
}

/// Lists the collections of the plugins that answer somewhere or could, by plugin and name.
#[utoipa::path(get, path = "/api/records", tag = "records", responses((status = 200, description = "All", body = Vec<ShownCollection>)))]
async fn collections(State(app): State<App>, member: Member) -> Result<Json<Vec<ShownCollection>>, Problem> {
    Ok(Json(collections::all(&app, &member).await?.into_iter().map(ShownCollection::from).collect()))
}

/// Adds a record.
#[utoipa::path(post, path = "/api/records/{plugin}/{collection}", tag = "records", params(("plugin" = String, Path), ("collection" = String, Path)),
    request_body = RecordDraft, responses((status = 201, description = "Added", body = ShownRecord)))]
async fn create(
    State(app): State<App>,
    member: Member,
    Path((plugin, collection)): Path<(String, String)>,
    Body(draft): Body<RecordDraft>,
) -> Result<Response, Problem> {
    let of = collections::declared(&app, &member, &plugin, &collection).await?;
    let id = collections::create(&app, &member, &of, draft.value).await.map_err(told)?;
    let record = collections::find(&app, &member, &of, &id).await?;
    Ok(made(&format!("/api/records/{plugin}/{collection}/{id}"), &ShownRecord::from(record)))
}

/// Lists the records of a collection, by their titles.
#[utoipa::path(get, path = "/api/records/{plugin}/{collection}", tag = "records",
    params(("plugin" = String, Path), ("collection" = String, Path), Filter, Paging),
    responses((status = 200, description = "A page of them", body = Page<ShownRecord>)))]
async fn list(
    State(app): State<App>,
    member: Member,
    Path((plugin, collection)): Path<(String, String)>,
    Query(filter): Query<Filter>,
    paging: Paging,
) -> Result<Page<ShownRecord>, Problem> {
    let of = collections::declared(&app, &member, &plugin, &collection).await?;
    let after: Option<Titled> = paging.after()?;
    let after = after.as_ref().map(|Titled(title, id)| (title.as_str(), id.as_str()));
    let words = filter.q.as_deref().map(str::trim).filter(|words| !words.is_empty());
    let found = collections::list(&app, &member, &of, words, after, paging.rows_i64()).await?;
    Ok(paging.page(found, |record| Titled(of.title(record), record.id.clone()), ShownRecord::from))
}

/// Shows a record.
#[utoipa::path(get, path = "/api/records/{plugin}/{collection}/{record}", tag = "records",
    params(("plugin" = String, Path), ("collection" = String, Path), ("record" = String, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = ShownRecord)))]
async fn find(
    State(app): State<App>,
    member: Member,
    known: Known,
    Path((plugin, collection, id)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let of = collections::declared(&app, &member, &plugin, &collection).await?;
    Ok(known.show(&ShownRecord::from(collections::find(&app, &member, &of, &id).await?)))
}

/// Makes a record what `value` says, all of it.
#[utoipa::path(put, path = "/api/records/{plugin}/{collection}/{record}", tag = "records",
    params(("plugin" = String, Path), ("collection" = String, Path), ("record" = String, Path), IfMatch), request_body = RecordDraft,
    responses((status = 200, description = "Changed", body = ShownRecord)), extensions(("x-problems" = json!(["stale"]))))]
async fn save(
    State(app): State<App>,
    member: Member,
    known: Known,
    Path((plugin, collection, id)): Path<(String, String, String)>,
    Body(draft): Body<RecordDraft>,
) -> Result<Response, Problem> {
    let of = collections::declared(&app, &member, &plugin, &collection).await?;
    let seen = seen(&app, &member, &known, &of, &id).await?;
    collections::save(&app, &member, &of, &id, draft.value, seen).await.map_err(told)?;
    Ok(known.show(&ShownRecord::from(collections::find(&app, &member, &of, &id).await?)))
}

/// Removes a record.
#[utoipa::path(delete, path = "/api/records/{plugin}/{collection}/{record}", tag = "records",
    params(("plugin" = String, Path), ("collection" = String, Path), ("record" = String, Path), IfMatch),
    responses((status = 204, description = "Removed")), extensions(("x-problems" = json!(["stale"]))))]
async fn remove(
    State(app): State<App>,
    member: Member,
    known: Known,
    Path((plugin, collection, id)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let of = collections::declared(&app, &member, &plugin, &collection).await?;
    let seen = seen(&app, &member, &known, &of, &id).await?;
    collections::remove(&app, &member, &of, &id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn seen(app: &App, member: &Member, known: &Known, of: &Declared, id: &str) -> Result<Option<i64>, Problem> {
    let before = collections::find(app, member, of, id).await?;
    let version = before.version;
    known.demand(&ShownRecord::from(before))?;
    Ok(known.only(version))
}

/// What the schema refuses, at its field: `value/code`.
fn told(error: Error) -> Problem {
    let at = |problem: &ConfigProblem| FieldProblem { field: format!("value{}", problem.path), ..FieldProblem::from(problem) };
    match error {
        Error::Settings(problems) => Problem::new(Kind::Invalid).detail("the record does not fit the schema of its collection").errors(problems.iter().map(at)),
        other => other.into(),
    }
}

impl From<Declared> for ShownCollection {
    fn from(declared: Declared) -> Self {
        let Declared { plugin, collection, .. } = declared;
        let title = collection.title.in_locale("es").to_owned();
        Self { plugin_id: plugin, name: collection.name, title, schema: collection.schema, title_field: collection.title_field }
    }
}

impl From<OwnRecord> for ShownRecord {
    fn from(record: OwnRecord) -> Self {
        let OwnRecord { id, value, version, created_at, updated_at } = record;
        Self { id, value: value.0, version, created_at: created_at.into(), updated_at: updated_at.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_it_was_written_whatever_the_title_has_in_it() {
        for title in ["", "dos palabras", "ñ\n"] {
            let place = Titled(title.into(), "n 1".into());
            assert_eq!(place.to_string().parse::<Titled>().unwrap(), place);
        }
        for none in ["", "x", "eA ", "ñ n1"] {
            assert!(none.parse::<Titled>().is_err(), "{none:?}");
        }
    }
}
