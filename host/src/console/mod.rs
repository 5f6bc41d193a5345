//! What the people of a business see and change of it: one function for each thing that they do, the same for pages and for programs.
//! Each asks for its permission at its service point, is noted in the business's audit log with what it does, and the business works with
//! what was changed when it returns.

pub mod assistant;
pub mod business;
pub mod channels;
mod checks;
pub mod collections;
mod error;
pub mod inbox;
pub mod orders;
pub mod photos;
pub mod plugin_tests;
pub mod plugins;
pub mod points;
pub mod policies;
pub mod products;
pub mod prompts;
pub mod tickets;
pub mod turns;

use std::future::Future;

use relevo_store::Write;

use crate::{app::App, identity::Member};

pub use error::{Error, Result, Use};

/// The version of a thing that whoever changes it has seen; none changes it as it is now.
pub type Seen = Option<i64>;

/// Keeps in the cell's audit log what this transaction does.
async fn note(app: &App, write: &mut Write, member: &Member, action: &str, subject: Option<&str>) -> Result<()> {
    Ok(write.note(&app.door.line(member.id(), action, subject)).await?)
}

/// Commits, and has the business here work with what was changed before anybody is answered.
async fn apply(app: &App, member: &Member, write: Write) -> Result<()> {
    write.commit().await?;
    app.refresh(&member.tenant).await;
    Ok(())
}

/// Carries something out that spans two databases or the outside, to its end, even when whoever asked for it goes away.
async fn to_the_end<T: Send + 'static>(app: &App, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    app.tasks.spawn(work).await.map_err(|error| Error::Broken(error.into()))?
}
