//! The collections that plugins declare as their own: people look at their documents, and write them as the schema wants it.

use std::{collections::BTreeMap, sync::Arc};

use relevo_model::*;
use relevo_sandbox::{Manifest, OwnCollection, schema};
use relevo_store::{CollectionOf, Operator, OwnField, OwnQuery, OwnRecord, OwnValue, hot::RecordWrite};
use serde_json::Value;

use super::{
    Error, Result, Seen, note,
    plugins::{self, ConfigProblem, Why},
};
use crate::{app::App, identity::Member, policy::Permission};

/// Bytes of a document.
const LARGEST: usize = 64 << 10;

/// A collection, and whose it is.
#[derive(Clone, Debug)]
pub struct Declared {
    pub plugin: String,
    /// What the plugin is called.
    pub of: relevo_sandbox::Text,
    pub collection: OwnCollection,
}

impl Declared {
    fn of(&self) -> CollectionOf<'_> {
        CollectionOf { plugin: &self.plugin, collection: &self.collection.name }
    }

    /// What a document is called.
    pub fn title(&self, record: &OwnRecord) -> String {
        record.value.0[&self.collection.title_field].as_str().unwrap_or_default().to_owned()
    }
}

/// Those of the plugins that the business has: attached somewhere, or activated, or of ours and with something in them.
pub async fn all(app: &App, member: &Member) -> Result<Vec<Declared>> {
    member.demand(Permission::ManageProducts, None)?;
    let layout = app.business(&member.tenant).await.map_err(Error::Broken)?.layout();
    let links = layout.points.values().flat_map(|point| &point.chain);
    let mut manifests: BTreeMap<String, Arc<Manifest>> = links.map(|link| (link.install.plugin_id.clone(), Arc::clone(link.plugin.manifest()))).collect();
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    for row in read.plugins().list().await? {
        let Some(version) = row.active_version.filter(|_| !manifests.contains_key(&row.id)) else { continue };
        let found = read.plugins().version(&row.id, &version).await?;
        manifests.extend(found.as_ref().and_then(plugins::manifest).map(|manifest| (row.id, manifest)));
    }
    for built_in in app.plugins.ids().into_iter().filter_map(|id| app.plugins.find(id)) {
        let manifest = built_in.manifest();
        // Of those that the program brings along, only what the business ever used is its own.
        if !manifests.contains_key(&manifest.id) && !manifest.collections.is_empty() && read.collections().holds(&manifest.id).await? {
            manifests.insert(manifest.id.clone(), Arc::clone(manifest));
        }
    }
    let mut all: Vec<Declared> = Vec::new();
    for manifest in manifests.values() {
        let declared = |own: &OwnCollection| Declared { plugin: manifest.id.clone(), of: manifest.title.clone(), collection: own.clone() };
        all.extend(manifest.collections.iter().map(declared));
    }
    all.sort_by(|one, other| (&one.plugin, &one.collection.name).cmp(&(&other.plugin, &other.collection.name)));
    Ok(all)
}

pub async fn declared(app: &App, member: &Member, plugin: &str, collection: &str) -> Result<Declared> {
    let all = all(app, member).await?;
    all.into_iter().find(|known| known.plugin == plugin && known.collection.name == collection).ok_or(Error::NotFound)
}

/// Those whose title has these words, by their titles, from after the title and the id of this one.
pub async fn list(app: &App, member: &Member, of: &Declared, words: Option<&str>, after: Option<(&str, &str)>, limit: i64) -> Result<Vec<OwnRecord>> {
    member.demand(Permission::ManageProducts, None)?;
    let title = OwnField::Text(of.collection.title_field.clone());
    let query = OwnQuery {
        filters: words.map(|words| (title.clone(), Operator::Contains, OwnValue::Text(words.to_owned()))).into_iter().collect(),
        sort: title,
        descending: false,
        after: after.map(|(title, id)| (OwnValue::Text(title.to_owned()), id.to_owned())),
        limit,
    };
    Ok(app.store.cell(&member.tenant).await?.read().await?.collections().find(of.of(), &query).await?)
}

pub async fn find(app: &App, member: &Member, of: &Declared, id: &str) -> Result<OwnRecord> {
    member.demand(Permission::ManageProducts, None)?;
    app.store.cell(&member.tenant).await?.read().await?.collections().get(of.of(), id).await?.ok_or(Error::NotFound)
}

/// Adds a document; its id.
pub async fn create(app: &App, member: &Member, of: &Declared, value: Value) -> Result<String> {
    let value = fitting(&of.collection, value)?;
    let id: EventId = app.clock.id();
    write(app, member, of, id.as_str(), Some(value), 0, "record.created").await?;
    Ok(id.to_string())
}

/// Makes a document what `value` says.
pub async fn save(app: &App, member: &Member, of: &Declared, id: &str, value: Value, seen: Seen) -> Result<()> {
    let value = fitting(&of.collection, value)?;
    let version = find(app, member, of, id).await?.version;
    write(app, member, of, id, Some(value), seen.map_or(version, |seen| seen.max(1)), "record.changed").await
}

pub async fn remove(app: &App, member: &Member, of: &Declared, id: &str, seen: Seen) -> Result<()> {
    let version = find(app, member, of, id).await?.version;
    write(app, member, of, id, None, seen.map_or(version, |seen| seen.max(1)), "record.removed").await
}

async fn write(app: &App, member: &Member, of: &Declared, id: &str, value: Option<Value>, expect: i64, action: &str) -> Result<()> {
    member.demand(Permission::ManageProducts, None)?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let record = RecordWrite { plugin: of.plugin.clone(), collection: of.collection.name.clone(), id: id.to_owned(), value, expect };
    match write.write_record(&record, app.clock.now()).await {
        Err(relevo_store::Error::Conflict(_)) => return Err(Error::Stale),
        written => written?,
    }
    note(app, &mut write, member, action, Some(&format!("{}/{}/{id}", of.plugin, of.collection.name))).await?;
    Ok(write.commit().await?)
}

/// A document with its defaults, as the schema wants it.
fn fitting(own: &OwnCollection, value: Value) -> Result<Value> {
    let value = schema::with_defaults(&own.schema, &value);
    if value.to_string().len() > LARGEST {
        let why = Why::Schema { keyword: "maxLength", detail: LARGEST.into() };
        return Err(Error::Settings(vec![ConfigProblem { path: String::new(), why }]));
    }
    let problems = schema::validate(&own.schema, &value);
    if problems.is_empty() {
        return Ok(value);
    }
    let why = |problem: schema::Problem| ConfigProblem { path: problem.path, why: Why::Schema { keyword: problem.keyword, detail: problem.detail } };
    Err(Error::Settings(problems.into_iter().map(why).collect()))
}
