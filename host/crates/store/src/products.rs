//! Products.

use relevo_model::*;

use crate::{Result, Write, hot::storable, sql::Conn};

#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Product {
    #[sqlx(try_from = "String")]
    pub id: ProductId,
    pub sku: String,
    pub title: String,
    pub description: String,
    pub price_minor: i64,
    pub currency: String,
    pub image: Option<String>,
    pub active: bool,
    /// None is not counted.
    pub stock: Option<i64>,
    pub popularity: i64,
    pub version: i64,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

pub struct Products<'a>(&'a mut Conn);

impl Conn {
    pub fn products(&mut self) -> Products<'_> {
        Products(self)
    }
}

macro_rules! columns {
    () => {
        "id, sku, title, description, price_minor, currency, image, active, stock, popularity, version, created_at"
    };
}

/// Which products are listed.
#[derive(Clone, Debug, Default)]
pub struct ProductFilter {
    pub active: Option<bool>,
    /// What its title or its SKU has in it; the case of ASCII letters does not count.
    pub search: Option<String>,
}

impl Products<'_> {
    /// One that was removed is not found.
    pub async fn find(&mut self, id: &str) -> Result<Option<Product>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM products WHERE id = $1 AND removed_at IS NULL");
        one!(self.0, Product, FIND, id)
    }

    /// By title, from after `after` (title and id).
    pub async fn list(&mut self, filter: &ProductFilter, after: Option<(&str, &str)>, limit: i64) -> Result<Vec<Product>> {
        const LIST: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM products WHERE removed_at IS NULL AND ($1 = 0 OR active = $2) AND (title > $3 OR (title = $3 AND id > $4)) \
             AND ($5 = '' OR lower(title) LIKE $5 ESCAPE '\\' OR lower(sku) LIKE $5 ESCAPE '\\') ORDER BY title, id LIMIT $6"
        );
        let (title, id) = after.map_or((String::new(), ""), |(title, id)| (storable::kept(title), id));
        let search = filter.search.as_deref().map_or_else(String::new, storable::like);
        all!(self.0, Product, LIST, i64::from(filter.active.is_some()), filter.active.unwrap_or(true), &title, id, &search, limit)
    }
}

impl Write {
    /// Adds a product; a conflict where its SKU is taken.
    pub async fn add_product(&mut self, product: &Product) -> Result<()> {
        const ADD: &str = "INSERT INTO products (id, sku, title, description, price_minor, currency, image, active, stock, popularity, created_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        run!(
            self,
            ADD,
            product.id.as_str(),
            &product.sku,
            &product.title,
            &product.description,
            product.price_minor,
            &product.currency,
            product.image.as_deref(),
            product.active,
            product.stock,
            product.popularity,
            product.created_at.0
        )
        .map(|_| ())
    }

    /// Counts a product's stock anew; none stops counting it.
    pub async fn set_stock(&mut self, id: &ProductId, stock: Option<i64>) -> Result<()> {
        run!(self, "UPDATE products SET stock = $1, version = version + 1 WHERE id = $2", stock, id.as_str()).map(|_| ())
    }

    /// Changes all but the photo. With `seen`, changes only what nobody changed, and no order took stock of, since that version; then false tells that it was.
    pub async fn save_product(&mut self, product: &Product, seen: Option<i64>) -> Result<bool> {
        const SAVE: &str = "UPDATE products SET sku = $1, title = $2, description = $3, price_minor = $4, currency = $5, active = $6, stock = $7, \
                            version = version + 1 WHERE id = $8 AND removed_at IS NULL AND ($9 = 0 OR version = $9)";
        let saved = run!(
            self,
            SAVE,
            &product.sku,
            &product.title,
            &product.description,
            product.price_minor,
            &product.currency,
            product.active,
            product.stock,
            product.id.as_str(),
            seen.unwrap_or(0)
        )?;
        Ok(saved > 0)
    }

    /// Gives a product another photo, or none.
    pub async fn set_product_image(&mut self, id: &ProductId, image: Option<&str>) -> Result<bool> {
        const SAVE: &str = "UPDATE products SET image = $1, version = version + 1 WHERE id = $2 AND removed_at IS NULL";
        Ok(run!(self, SAVE, image, id.as_str())? > 0)
    }

    /// Takes a product out of the catalogue for good. It stays for the orders that name it, and its SKU is free again.
    pub async fn remove_product(&mut self, id: &ProductId, now: Time) -> Result<bool> {
        const REMOVE: &str = "UPDATE products SET removed_at = $1, active = FALSE, sku = sku || '~' || id, version = version + 1 \
                              WHERE id = $2 AND removed_at IS NULL";
        Ok(run!(self, REMOVE, now.0, id.as_str())? > 0)
    }
}
