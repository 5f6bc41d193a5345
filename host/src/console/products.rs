//! The catalogue.

use relevo_model::*;
use relevo_store::{Product, ProductFilter};

use super::{Error, Result, Seen, checks::Checks, note};
use crate::{app::App, identity::Member, policy::Permission};

const LONGEST_SKU: usize = 64;
const LONGEST_TITLE: usize = 200;
const LONGEST_DESCRIPTION: usize = 4_000;
/// A thousand million in a currency with two decimals: sums of lines stay far from what a number holds.
const DEAREST: i64 = 100_000_000_000;
const MOST: i64 = 1_000_000_000;

/// A product as somebody wants it.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// None makes one up, or leaves it as it is.
    pub sku: Option<String>,
    pub title: String,
    pub description: String,
    pub price_minor: i64,
    /// None is the business's, or leaves it as it is.
    pub currency: Option<String>,
    pub active: bool,
    /// None is not counted.
    pub stock: Option<i64>,
}

/// The title and the id of the last product that was seen.
pub type After<'a> = (&'a str, &'a ProductId);

impl Draft {
    fn check(mut self) -> Result<Self> {
        let mut checks = Checks::default();
        self.sku = checks.line_if_any("sku", self.sku.as_deref(), LONGEST_SKU);
        // What was removed is kept under its SKU, this sign and its id.
        checks.demand(self.sku.as_deref().is_none_or(|sku| !sku.contains('~')), "sku", "field-letters");
        self.title = checks.line("title", &self.title, LONGEST_TITLE);
        self.description = checks.text("description", &self.description, LONGEST_DESCRIPTION);
        checks.demand((0..=DEAREST).contains(&self.price_minor), "price_minor", "field-price");
        self.currency = self.currency.map(|code| checks.currency("currency", &code));
        checks.demand(self.stock.is_none_or(|stock| (0..=MOST).contains(&stock)), "stock", "field-stock");
        checks.end().map(|()| self)
    }
}

/// By title, from after this one.
pub async fn list(app: &App, member: &Member, filter: &ProductFilter, after: Option<After<'_>>, limit: i64) -> Result<Vec<Product>> {
    member.demand(Permission::SeeBusiness, None)?;
    let after = after.map(|(title, id)| (title, id.as_str()));
    Ok(app.store.cell(&member.tenant).await?.read().await?.products().list(filter, after, limit).await?)
}

pub async fn find(app: &App, member: &Member, id: &ProductId) -> Result<Product> {
    member.demand(Permission::SeeBusiness, None)?;
    app.store.cell(&member.tenant).await?.read().await?.products().find(id.as_str()).await?.ok_or(Error::NotFound)
}

pub async fn create(app: &App, member: &Member, draft: Draft) -> Result<Product> {
    member.demand(Permission::ManageProducts, None)?;
    let draft = draft.check()?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let business = write.business().await?.ok_or(Error::NotFound)?;
    let id: ProductId = app.clock.id();
    let product = Product {
        sku: draft.sku.unwrap_or_else(|| made_up(&id)),
        title: draft.title,
        description: draft.description,
        price_minor: draft.price_minor,
        currency: draft.currency.unwrap_or(business.currency),
        image: None,
        active: draft.active,
        stock: draft.stock,
        popularity: 0,
        version: 1,
        created_at: app.clock.now(),
        id,
    };
    write.add_product(&product).await.map_err(Error::taken)?;
    note(app, &mut write, member, "product.created", Some(id.as_str())).await?;
    write.commit().await?;
    Ok(product)
}

/// Changes a product. Its version counts sales too, so that nobody overwrites a stock that they have not seen.
pub async fn save(app: &App, member: &Member, id: &ProductId, draft: Draft, seen: Seen) -> Result<Product> {
    member.demand(Permission::ManageProducts, None)?;
    let draft = draft.check()?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let before = write.products().find(id.as_str()).await?.ok_or(Error::NotFound)?;
    let product = Product {
        sku: draft.sku.unwrap_or(before.sku),
        title: draft.title,
        description: draft.description,
        price_minor: draft.price_minor,
        currency: draft.currency.unwrap_or(before.currency),
        active: draft.active,
        stock: draft.stock,
        ..before
    };
    if !write.save_product(&product, seen).await.map_err(Error::taken)? {
        return Err(Error::Stale);
    }
    let saved = write.products().find(id.as_str()).await?.ok_or(Error::NotFound)?;
    note(app, &mut write, member, "product.changed", Some(id.as_str())).await?;
    write.commit().await?;
    Ok(saved)
}

/// Takes a product out of the catalogue. Orders that name it keep what they say of it.
pub async fn remove(app: &App, member: &Member, id: &ProductId, seen: Seen) -> Result<()> {
    member.demand(Permission::ManageProducts, None)?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    let before = write.products().find(id.as_str()).await?.ok_or(Error::NotFound)?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(Error::Stale);
    }
    if !write.remove_product(id, app.clock.now()).await? {
        return Err(Error::NotFound);
    }
    note(app, &mut write, member, "product.removed", Some(id.as_str())).await?;
    Ok(write.commit().await?)
}

/// A SKU for a product that was given none: the end of its id, which is random.
fn made_up(id: &ProductId) -> String {
    format!("P-{}", id.as_str()[26..].to_ascii_uppercase())
}
