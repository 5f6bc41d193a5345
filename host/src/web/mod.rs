//! The ground of every page: layout and templates, forms, static files, the visitor's language, what is said when something is not done.

mod assets;
mod error;
mod flash;
pub mod forms;
mod marked;
pub mod money;
pub mod nav;
mod page;
pub mod qr;
pub mod schema_form;
pub mod templates;
pub mod upload;
pub mod visitor;
pub mod when;
mod words;

pub use error::{Error, Explained, Result, explain, is_part};
pub use page::{Page, initials};
pub use words::Words;

use crate::http::routes::{Access, Routes};

/// What is the same for everybody.
pub fn routes() -> Routes {
    Routes::new().get("/static/{*path}", Access::Public, assets::serve)
}

/// The templates of this module, rendered.
#[cfg(test)]
pub fn shown() -> Vec<&'static str> {
    vec![templates::shows::<error::Problem>()]
}
