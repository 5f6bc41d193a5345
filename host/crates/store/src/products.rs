//! Products.

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

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

impl Products<'_> {
    pub async fn find(&mut self, id: &str) -> Result<Option<Product>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM products WHERE id = $1");
        one!(self.0, Product, FIND, id)
    }

    /// By title, from after `after` (title and id).
    pub async fn list(&mut self, active: Option<bool>, after: Option<(&str, &str)>, limit: i64) -> Result<Vec<Product>> {
        const LIST: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM products WHERE ($1 = 0 OR active = $2) AND (title > $3 OR (title = $3 AND id > $4)) ORDER BY title, id LIMIT $5"
        );
        let (title, id) = after.unwrap_or(("", ""));
        all!(self.0, Product, LIST, i64::from(active.is_some()), active.unwrap_or(true), title, id, limit)
    }
}

impl Write {
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
}
