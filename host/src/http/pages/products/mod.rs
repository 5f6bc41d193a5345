//! The catalogue: what is sold, found by its words, taken out with a question.

mod form;

use axum::{
    extract::{DefaultBodyLimit, Path, Query, State},
    response::Response,
};
use relevo_model::*;
use relevo_store::{Product, ProductFilter};
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;

use crate::{
    app::App,
    console::{self, photos, products},
    http::routes::{Access, Routes},
    identity::{Member, Refusal},
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{Choice, Fields},
        money,
        templates::Template,
    },
};

/// Products on a page.
const SHOWN: i64 = 50;
/// Bytes of a form with its photo. Larger photos than we keep are read too, to be told what is wrong with them: nothing of one is held.
const FORM: usize = 256 << 20;

pub fn routes() -> Routes {
    const SEE: Access = Access::Permission(Permission::SeeBusiness);
    const MANAGE: Access = Access::Permission(Permission::ManageProducts);
    let forms = Routes::new().post("/products/new", MANAGE, form::create).post("/products/{product}", MANAGE, form::save);
    Routes::new()
        .get("/products", SEE, list)
        .get("/products/new", MANAGE, form::show_new)
        .get("/products/{product}", MANAGE, form::show)
        .get("/products/{product}/remove", MANAGE, ask_remove)
        .post("/products/{product}/remove", MANAGE, remove)
        .merge(forms.layer(DefaultBodyLimit::max(FORM)))
}

/// Which of them are to be seen.
#[derive(Default, Deserialize, Serialize)]
pub struct Wanted {
    /// Words of the title or the SKU.
    #[serde(default)]
    q: String,
    /// all or active.
    #[serde(default)]
    show: String,
    #[serde(default, skip_serializing)]
    after: Option<String>,
}

#[derive(Serialize)]
pub struct ProductsPage {
    rows: Vec<RowView>,
    form: Fields,
    shows: Vec<Choice>,
    /// Something was asked for: what is not seen may be there.
    narrowed: bool,
    manageable: bool,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    title: String,
    sku: String,
    photo: Option<String>,
    price: String,
    /// None is not counted.
    stock: Option<i64>,
    active: bool,
}

#[derive(Serialize)]
pub struct RemovePage {
    id: String,
    title: String,
}

pub async fn list(page: Page, member: Member, State(app): State<App>, Query(wanted): Query<Wanted>) -> web::Result {
    let active = (wanted.show == "active").then_some(true);
    let filter = ProductFilter { active, search: Some(wanted.q.trim().to_owned()).filter(|words| !words.is_empty()) };
    let last = match &wanted.after {
        Some(id) => seen(&app, &member, id).await?,
        None => None,
    };
    let after = last.as_ref().map(|last| (&*last.title, &last.id));
    let mut products = products::list(&app, &member, &filter, after, SHOWN + 1).await?;
    let more = products.len() > SHOWN as usize;
    products.truncate(SHOWN as usize);
    let next = products.last().filter(|_| more).map(|last| address(&wanted, Some(last.id.as_str())));
    let row = |product: Product| RowView {
        photo: photos::address_here(&app, &product),
        price: money::show(page.visitor.lang, product.price_minor, &product.currency),
        id: product.id.to_string(),
        title: product.title,
        sku: product.sku,
        stock: product.stock,
        active: product.active,
    };
    page.show(&ProductsPage {
        rows: products.into_iter().map(row).collect(),
        shows: vec![Choice::new("all", page.say("products-all")), Choice::new("active", page.say("products-active"))],
        narrowed: filter.active.is_some() || filter.search.is_some(),
        manageable: member.may(Permission::ManageProducts, None),
        before: last.map(|_| address(&wanted, None)).unwrap_or_default(),
        after: next.unwrap_or_default(),
        form: Fields::of(&wanted),
    })
}

/// Asks before a product is taken out.
pub async fn ask_remove(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let product = products::find(&app, &member, &named(&id)?).await?;
    page.show(&RemovePage { id, title: product.title })
}

pub async fn remove(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let product = products::find(&app, &member, &named(&id)?).await?;
    products::remove(&app, &member, &product.id, None).await?;
    Ok(done(&page, "product-removed", &product))
}

fn done(page: &Page, what: &'static str, product: &Product) -> Response {
    page.done("/products", Words::from(what).with("title", product.title.clone()))
}

fn named(id: &str) -> Result<ProductId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

/// The last product of the page before; where it is not there any more, one begins anew.
async fn seen(app: &App, member: &Member, id: &str) -> web::Result<Option<Product>> {
    match products::find(app, member, &named(id)?).await {
        Ok(product) => Ok(Some(product)),
        Err(console::Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The address of what is wanted, from after this product.
fn address(wanted: &Wanted, after: Option<&str>) -> String {
    let pairs = [("q", &*wanted.q), ("show", &*wanted.show), ("after", after.unwrap_or_default())];
    let query = Serializer::new(String::new()).extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty())).finish();
    if query.is_empty() { "/products".to_owned() } else { format!("/products?{query}") }
}

#[cfg(test)]
pub fn shown() -> Vec<&'static str> {
    use crate::web::templates::shows;
    vec![shows::<ProductsPage>(), shows::<RemovePage>(), shows::<form::ProductPage>()]
}

impl Template for ProductsPage {
    const NAME: &'static str = "pages/products.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let row = |stock, active: bool| RowView {
            id: "0198c0de-0000-7000-8000-000000000001".into(),
            title: "<script>".into(),
            sku: "YER-1K".into(),
            photo: active.then(|| "/media/x".into()),
            price: "$ 12.500".into(),
            stock,
            active,
        };
        let page = |rows, narrowed, manageable| Self {
            rows,
            form: Fields::of(&Wanted { q: "<b>".into(), show: "active".into(), after: None }),
            shows: vec![Choice::new("all", "Todos"), Choice::new("active", "Activos")],
            narrowed,
            manageable,
            before: if narrowed { "/products".into() } else { String::new() },
            after: if narrowed { "/products?after=x".into() } else { String::new() },
        };
        vec![
            page(vec![row(Some(3), true), row(Some(0), true), row(None, false)], true, true),
            page(vec![row(None, true)], false, false),
            page(Vec::new(), true, true),
            page(Vec::new(), false, true),
            page(Vec::new(), false, false),
        ]
    }
}

impl Template for RemovePage {
    const NAME: &'static str = "pages/product_remove.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { id: "p".into(), title: "<b>".into() }]
    }
}
