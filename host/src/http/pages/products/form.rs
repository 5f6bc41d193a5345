//! One product: made, changed, with its photo.

use axum::extract::{Path, State};
use relevo_store::Product;
use serde::{Deserialize, Serialize};

use super::{done, named};
use crate::{
    app::App,
    console::{self, Error, business, photos, products},
    identity::Member,
    web::{
        self, Page,
        forms::{self, Fields, Wrong},
        money,
        templates::Template,
        upload::{File, Upload},
    },
};

const LARGEST: usize = photos::LARGEST as usize;

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    title: String,
    description: String,
    price: String,
    stock: String,
    sku: String,
    #[serde(default, deserialize_with = "forms::on")]
    active: bool,
    #[serde(default, deserialize_with = "forms::on")]
    without_photo: bool,
    /// Which one was seen; zero of a new product.
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Serialize)]
pub struct ProductPage {
    form: Fields,
    currency: String,
    /// None of one that is not made yet.
    product: Option<ProductView>,
    largest: usize,
}

#[derive(Serialize)]
struct ProductView {
    id: String,
    title: String,
    photo: Option<String>,
}

pub async fn show_new(page: Page, member: Member, State(app): State<App>) -> web::Result {
    let form = Fields::of(&Entered { active: true, ..Entered::default() });
    let currency = business::find(&app, &member).await?.currency;
    page.show(&ProductPage { form, currency, product: None, largest: LARGEST })
}

pub async fn create(page: Page, member: Member, State(app): State<App>, upload: Upload<Entered, LARGEST>) -> web::Result {
    let currency = business::find(&app, &member).await?.currency;
    match make(&page, &app, &member, &upload, &currency).await {
        Ok(product) => Ok(done(&page, "product-created", &product)),
        Err(error) => {
            let form = again(&page, &upload, &currency, error)?;
            page.again(&ProductPage { form, currency, product: None, largest: LARGEST })
        }
    }
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let product = products::find(&app, &member, &named(&id)?).await?;
    page.show(&view(&app, Fields::of(&entered(&page, &product)), &product))
}

pub async fn save(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, upload: Upload<Entered, LARGEST>) -> web::Result {
    let before = products::find(&app, &member, &named(&id)?).await?;
    match change(&page, &app, &member, &upload, &before).await {
        Ok(product) => Ok(done(&page, "product-saved", &product)),
        Err(error) => {
            let stale = matches!(error, Error::Stale);
            let form = again(&page, &upload, &before.currency, error)?;
            let form = if stale { page.beside(form, &Fields::of(&entered(&page, &before))) } else { form };
            page.again(&view(&app, form, &before))
        }
    }
}

fn entered(page: &Page, product: &Product) -> Entered {
    Entered {
        title: product.title.clone(),
        description: product.description.clone(),
        price: money::entered(page.visitor.lang, product.price_minor, &product.currency),
        stock: product.stock.map(|stock| stock.to_string()).unwrap_or_default(),
        sku: product.sku.clone(),
        active: product.active,
        without_photo: false,
        version: product.version,
    }
}

/// The photo is looked at before anything is made.
async fn make(page: &Page, app: &App, member: &Member, upload: &Upload<Entered, LARGEST>, currency: &str) -> console::Result<Product> {
    let draft = draft(page, &upload.form, currency);
    check(upload)?;
    let product = products::create(app, member, draft).await?;
    match &upload.file {
        File::Sent(photo) => photos::set(app, member, &product.id, photo.clone()).await,
        File::None | File::TooLarge => Ok(product),
    }
}

async fn change(page: &Page, app: &App, member: &Member, upload: &Upload<Entered, LARGEST>, before: &Product) -> console::Result<Product> {
    let draft = draft(page, &upload.form, &before.currency);
    check(upload)?;
    let product = products::save(app, member, &before.id, draft, Some(upload.form.version)).await?;
    match &upload.file {
        File::Sent(photo) => photos::set(app, member, &product.id, photo.clone()).await,
        File::None if upload.form.without_photo && product.image.is_some() => photos::remove(app, member, &product.id).await,
        File::None | File::TooLarge => Ok(product),
    }
}

fn check(upload: &Upload<Entered, LARGEST>) -> console::Result<()> {
    match &upload.file {
        File::None if upload.empty => Err(Error::field("photo", "field-photo-empty")),
        File::None => Ok(()),
        File::TooLarge => Err(Error::field("photo", "field-photo-large")),
        File::Sent(photo) => photos::check(photo).map(|_| ()),
    }
}

/// What is no number becomes one that no product has, to be told with all else that is wrong.
fn draft(page: &Page, entered: &Entered, currency: &str) -> products::Draft {
    let stock = entered.stock.trim();
    products::Draft {
        sku: Some(entered.sku.clone()),
        title: entered.title.clone(),
        description: entered.description.clone(),
        price_minor: money::parse(page.visitor.lang, &entered.price, currency).unwrap_or(-1),
        currency: Some(currency.to_owned()),
        active: entered.active,
        stock: (!stock.is_empty()).then(|| stock.parse().unwrap_or(-1)),
    }
}

/// The form as it is shown again. A browser gives a file once: whoever chose one chooses it again.
fn again(page: &Page, upload: &Upload<Entered, LARGEST>, currency: &str, error: Error) -> web::Result<Fields> {
    let price = if money::parse(page.visitor.lang, &upload.form.price, currency).is_some() { "field-price" } else { "field-price-unclear" };
    let mut wrong = match error {
        Error::Taken => Wrong::at("sku", "field-sku-taken"),
        error => Wrong::try_from(error)?,
    };
    for (field, words) in wrong.fields.iter_mut().filter(|(field, _)| field == "price_minor") {
        "price".clone_into(field);
        *words = price.into();
    }
    if matches!(upload.file, File::Sent(_)) && !wrong.fields.iter().any(|(field, _)| field == "photo") {
        wrong.fields.push(("photo".to_owned(), "field-photo-again".into()));
    }
    Ok(Fields::of(&upload.form).refused(page.visitor.lang, wrong))
}

fn view(app: &App, form: Fields, product: &Product) -> ProductPage {
    let seen = ProductView { id: product.id.to_string(), title: product.title.clone(), photo: photos::address_here(app, product) };
    ProductPage { form, currency: product.currency.clone(), product: Some(seen), largest: LARGEST }
}

impl Template for ProductPage {
    const NAME: &'static str = "pages/product.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let form = Fields::of(&Entered { title: "<script>".into(), price: "12.500".into(), active: true, ..Entered::default() });
        let product = |photo: Option<&str>| Some(ProductView { id: "p".into(), title: "<script>".into(), photo: photo.map(str::to_owned) });
        let wrong = ["title", "description", "price", "stock", "sku", "photo"].map(|field| (field.to_owned(), "field-required".into()));
        let refused = form.clone().refused("es", Wrong { fields: wrong.into(), whole: Some("problem-stale".into()) });
        let page = |form, product| Self { form, currency: "ARS".into(), product, largest: LARGEST };
        vec![page(form.clone(), None), page(form, product(Some("/media/x"))), page(refused, product(None))]
    }
}
