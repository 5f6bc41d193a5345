//! The collections of plugins: which there are, the documents of one, and a form for each that its schema describes.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, Query, State};
use relevo_store::{OwnRecord, ProductFilter};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::{
    app::App,
    console::{
        Error,
        collections::{self, Declared},
        products,
    },
    http::routes::{Access, Routes},
    identity::Member,
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{Choice, Fields, Form, Wrong},
        schema_form::{Asked, Entered, MORE, SchemaForm, VERSION},
        templates::Template,
        when::{Moment, moment},
    },
};

/// Documents on a page.
const SHOWN: i64 = 50;
/// Products that a field can choose from.
const PRODUCTS: i64 = 500;

pub fn routes() -> Routes {
    const MANAGE: Access = Access::Permission(Permission::ManageProducts);
    Routes::new()
        .get("/records", MANAGE, all)
        .get("/records/{plugin}/{collection}", MANAGE, list)
        .get("/records/{plugin}/{collection}/new", MANAGE, show_new)
        .post("/records/{plugin}/{collection}/new", MANAGE, create)
        .get("/records/{plugin}/{collection}/{record}", MANAGE, show)
        .post("/records/{plugin}/{collection}/{record}", MANAGE, save)
        .get("/records/{plugin}/{collection}/{record}/remove", MANAGE, ask_remove)
        .post("/records/{plugin}/{collection}/{record}/remove", MANAGE, remove)
}

/// Which documents are to be seen.
#[derive(Default, Deserialize, Serialize)]
pub struct Wanted {
    /// Words of the title.
    #[serde(default)]
    q: String,
    /// The last one of the page before.
    #[serde(default, skip_serializing)]
    after: Option<String>,
}

#[derive(Serialize)]
pub struct CollectionsPage {
    rows: Vec<CollectionView>,
}

/// A collection as its pages name it.
#[derive(Clone, Serialize)]
struct CollectionView {
    address: String,
    title: String,
    plugin: String,
}

#[derive(Serialize)]
pub struct RecordsPage {
    of: CollectionView,
    rows: Vec<RowView>,
    form: Fields,
    narrowed: bool,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct RowView {
    address: String,
    title: String,
    version: i64,
    changed: Moment,
}

#[derive(Serialize)]
pub struct RecordPage {
    of: CollectionView,
    /// Where the form goes.
    address: String,
    /// What the document is called; none of one that is not there yet.
    title: Option<String>,
    form: Fields,
    asked: Vec<Asked>,
    seen: i64,
}

#[derive(Serialize)]
pub struct RemovePage {
    of: CollectionView,
    address: String,
    title: String,
}

/// The collection, and what a form of its schema needs to know.
struct Ground {
    declared: Declared,
    products: Vec<Choice>,
    kept: BTreeSet<String>,
}

impl Ground {
    async fn of(app: &App, member: &Member, plugin: &str, collection: &str) -> web::Result<Self> {
        let declared = collections::declared(app, member, plugin, collection).await?;
        // Only who asks for products is asked about them.
        let products = if declared.collection.schema.to_string().contains("\"product\"") {
            let filter = ProductFilter { active: Some(true), ..ProductFilter::default() };
            let all = products::list(app, member, &filter, None, PRODUCTS).await?;
            all.into_iter().map(|product| Choice::new(product.id, product.title)).collect()
        } else {
            Vec::new()
        };
        Ok(Self { declared, products, kept: BTreeSet::new() })
    }

    fn form(&self, page: &Page) -> SchemaForm<'_> {
        SchemaForm { schema: &self.declared.collection.schema, lang: page.visitor.lang, products: &self.products, kept: &self.kept, under: None }
    }

    fn view(&self, page: &Page) -> CollectionView {
        named(page, &self.declared)
    }

    fn page(&self, page: &Page, record: Option<&OwnRecord>, (asked, form): (Vec<Asked>, Fields), seen: i64) -> RecordPage {
        let of = self.view(page);
        let address = format!("{}/{}", of.address, record.map_or("new", |record| &record.id));
        RecordPage { of, address, title: record.map(|record| called(&self.declared, record)), form, asked, seen }
    }
}

pub async fn all(page: Page, member: Member, State(app): State<App>) -> web::Result {
    let all = collections::all(&app, &member).await?;
    page.show(&CollectionsPage { rows: all.iter().map(|declared| named(&page, declared)).collect() })
}

pub async fn list(
    page: Page,
    member: Member,
    State(app): State<App>,
    Path((plugin, collection)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> web::Result {
    let declared = collections::declared(&app, &member, &plugin, &collection).await?;
    let words = Some(wanted.q.trim()).filter(|words| !words.is_empty());
    let last = match &wanted.after {
        Some(id) => Some(collections::find(&app, &member, &declared, id).await?),
        None => None,
    };
    let after = last.as_ref().map(|last| (declared.title(last), last.id.clone()));
    let after = after.as_ref().map(|(title, id)| (title.as_str(), id.as_str()));
    let mut found = collections::list(&app, &member, &declared, words, after, SHOWN + 1).await?;
    let more = found.len() > SHOWN as usize;
    found.truncate(SHOWN as usize);
    let of = named(&page, &declared);
    let address = |after: Option<&OwnRecord>| {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(words.map(|words| ("q", words)));
        query.extend_pairs(after.map(|last| ("after", last.id.as_str())));
        format!("{}?{}", of.address, query.finish())
    };
    let row = |record: &OwnRecord| RowView {
        address: format!("{}/{}", of.address, record.id),
        title: called(&declared, record),
        version: record.version,
        changed: moment(page.visitor.lang, app.clock.now(), record.updated_at),
    };
    page.show(&RecordsPage {
        after: found.last().filter(|_| more).map(|last| address(Some(last))).unwrap_or_default(),
        before: last.as_ref().map(|_| address(None)).unwrap_or_default(),
        rows: found.iter().map(row).collect(),
        narrowed: words.is_some(),
        form: Fields::of(&wanted),
        of: of.clone(),
    })
}

pub async fn show_new(page: Page, member: Member, State(app): State<App>, Path((plugin, collection)): Path<(String, String)>) -> web::Result {
    let ground = Ground::of(&app, &member, &plugin, &collection).await?;
    let shown = ground.form(&page).shows(&json!({}));
    page.show(&ground.page(&page, None, shown, 0))
}

pub async fn create(
    page: Page,
    member: Member,
    State(app): State<App>,
    Path((plugin, collection)): Path<(String, String)>,
    Form(form): Form<BTreeMap<String, Value>>,
) -> web::Result {
    let ground = Ground::of(&app, &member, &plugin, &collection).await?;
    let (entered, asking) = (Entered::sent(form), ground.form(&page));
    let (asked, fields) = asking.shows_again(&entered);
    if !entered.text(MORE).is_empty() {
        return page.show(&ground.page(&page, None, (asked, fields), 0));
    }
    let wrong = match asking.taken(&entered, &json!({})) {
        Ok(taken) => match collections::create(&app, &member, &ground.declared, taken.config).await {
            Ok(_) => return Ok(page.done(&ground.view(&page).address, "record-saved")),
            Err(Error::Settings(problems)) => asking.refused_at(&taken.places, &problems),
            Err(error) => Wrong::try_from(error)?,
        },
        Err(wrong) => wrong,
    };
    page.again(&ground.page(&page, None, (asked, fields.refused(page.visitor.lang, wrong)), 0))
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path((plugin, collection, id)): Path<(String, String, String)>) -> web::Result {
    let ground = Ground::of(&app, &member, &plugin, &collection).await?;
    let record = collections::find(&app, &member, &ground.declared, &id).await?;
    let shown = ground.form(&page).shows(&record.value.0);
    page.show(&ground.page(&page, Some(&record), shown, record.version))
}

pub async fn save(
    page: Page,
    member: Member,
    State(app): State<App>,
    Path((plugin, collection, id)): Path<(String, String, String)>,
    Form(form): Form<BTreeMap<String, Value>>,
) -> web::Result {
    let ground = Ground::of(&app, &member, &plugin, &collection).await?;
    let record = collections::find(&app, &member, &ground.declared, &id).await?;
    let (entered, asking) = (Entered::sent(form), ground.form(&page));
    let (asked, mut fields) = asking.shows_again(&entered);
    let mut seen = entered.text(VERSION).parse().unwrap_or(record.version);
    if !entered.text(MORE).is_empty() {
        return page.show(&ground.page(&page, Some(&record), (asked, fields), seen));
    }
    let mut stale = false;
    let wrong = match asking.taken(&entered, &record.value.0) {
        Ok(taken) => match collections::save(&app, &member, &ground.declared, &id, taken.config, Some(seen)).await {
            Ok(()) => return Ok(page.done(&ground.view(&page).address, "record-saved")),
            Err(Error::Settings(problems)) => asking.refused_at(&taken.places, &problems),
            Err(error) => {
                stale = matches!(error, Error::Stale);
                Wrong::try_from(error)?
            }
        },
        Err(wrong) => wrong,
    };
    fields = fields.refused(page.visitor.lang, wrong);
    if stale {
        seen = record.version;
        fields = page.beside(fields, &asking.shows(&record.value.0).1);
    }
    page.again(&ground.page(&page, Some(&record), (asked, fields), seen))
}

/// Asks before a document is taken out.
pub async fn ask_remove(page: Page, member: Member, State(app): State<App>, Path((plugin, collection, id)): Path<(String, String, String)>) -> web::Result {
    let declared = collections::declared(&app, &member, &plugin, &collection).await?;
    let record = collections::find(&app, &member, &declared, &id).await?;
    let of = named(&page, &declared);
    page.show(&RemovePage { address: format!("{}/{id}", of.address), title: called(&declared, &record), of })
}

pub async fn remove(page: Page, member: Member, State(app): State<App>, Path((plugin, collection, id)): Path<(String, String, String)>) -> web::Result {
    let declared = collections::declared(&app, &member, &plugin, &collection).await?;
    let record = collections::find(&app, &member, &declared, &id).await?;
    collections::remove(&app, &member, &declared, &id, None).await?;
    Ok(page.done(&named(&page, &declared).address, Words::from("record-removed").with("title", called(&declared, &record))))
}

fn named(page: &Page, declared: &Declared) -> CollectionView {
    let lang = page.visitor.lang;
    CollectionView {
        address: format!("/records/{}/{}", declared.plugin, declared.collection.name),
        title: declared.collection.title.in_locale(lang).to_owned(),
        plugin: declared.of.in_locale(lang).to_owned(),
    }
}

/// What a document is called; one without a title by its id.
fn called(declared: &Declared, record: &OwnRecord) -> String {
    let title = declared.title(record);
    if title.trim().is_empty() { record.id.clone() } else { title }
}

#[cfg(test)]
fn sample() -> CollectionView {
    CollectionView { address: "/records/probe/notes".into(), title: "<script>".into(), plugin: "<b>".into() }
}

impl Template for CollectionsPage {
    const NAME: &'static str = "pages/collections.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { rows: vec![sample()] }, Self { rows: Vec::new() }]
    }
}

impl Template for RecordsPage {
    const NAME: &'static str = "pages/records.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let changed = Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        let row = RowView { address: "/records/probe/notes/r".into(), title: "<script>".into(), version: 2, changed };
        let page = |rows, narrowed, after: &str| Self {
            of: sample(),
            rows,
            form: Fields::of(&Wanted::default()),
            narrowed,
            before: after.into(),
            after: after.into(),
        };
        vec![page(vec![row], false, "/records/probe/notes?after=r"), page(Vec::new(), true, ""), page(Vec::new(), false, "")]
    }
}

impl Template for RecordPage {
    const NAME: &'static str = "pages/record.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        crate::web::schema_form::samples(None)
            .into_iter()
            .zip([Some("<script>".to_owned()), None])
            .map(|((asked, form), title)| Self { of: sample(), address: "/records/probe/notes/r".into(), title, form, asked, seen: 1 })
            .collect()
    }
}

impl Template for RemovePage {
    const NAME: &'static str = "pages/record_remove.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { of: sample(), address: "/records/probe/notes/r".into(), title: "<script>".into() }]
    }
}
