//! The platform and the cells: what is kept, on SQLite and on Postgres, and what commits together.

#[macro_use]
mod sql;

mod base;
mod cell;
mod direct;
pub mod keys;
mod migrate;
mod pg;
mod platform;
mod store;
mod writer;

pub mod hot;

mod api_keys;
mod audit;
mod business;
mod channels;
mod collections;
mod conversations;
mod customers;
mod events;
mod idempotency;
mod installs;
mod invitations;
mod journal;
mod kv;
mod messages;
mod orders;
mod outbox;
mod overview;
mod people;
mod plugin_runs;
mod plugins;
mod policies;
mod products;
mod prompts;
mod records;
mod replays;
mod saved_tests;
mod service_points;
mod sessions;
mod tickets;
mod timers;
mod turns;

pub use api_keys::*;
pub use audit::*;
pub use base::{Read, Write};
pub use business::*;
pub use cell::{Cell, Claiming, Notice};
pub use channels::*;
pub use collections::*;
pub use conversations::*;
pub use customers::*;
pub use events::*;
pub use idempotency::*;
pub use installs::*;
pub use invitations::*;
pub use journal::*;
pub use kv::*;
pub use messages::*;
pub use orders::*;
pub use outbox::*;
pub use overview::*;
pub use people::*;
pub use platform::*;
pub use plugin_runs::*;
pub use plugins::*;
pub use policies::*;
pub use products::*;
pub use prompts::*;
pub use records::*;
pub use replays::*;
pub use saved_tests::*;
pub use service_points::*;
pub use sessions::*;
pub use sql::{Conn, Json};
pub use store::{Notices, Settings, Store};
pub use tickets::*;
pub use timers::*;
pub use turns::*;

/// What can go wrong here that a caller treats differently; the rest is `Other`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another writer was there first; run the whole command again on fresh reads.
    #[error("somebody else wrote the same rows in between: {0}")]
    Conflict(String),
    /// The turn has ended already: what it did is in, and must not be done again.
    #[error("turn {0} is not pending any more")]
    Ended(relevo_model::TurnId),
    /// This node no longer owns the cell.
    #[error("this node no longer owns the cell of tenant {0}")]
    NotOwner(relevo_model::TenantId),
    /// The disk is full, cannot sync, or the database does not answer. Nothing was stored.
    #[error("the database cannot take writes now: {0}")]
    Unavailable(String),
    #[error("tenant {0} does not exist")]
    NoTenant(String),
    #[error(transparent)]
    Key(#[from] keys::KeyError),
    #[error("{0}")]
    Setting(String),
    #[error(transparent)]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error(transparent)]
    Other(sqlx::Error),
    #[error(transparent)]
    Direct(rusqlite::Error),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let error = sorted(error);
        if matches!(error, Error::Unavailable(_)) {
            pg::lost();
        }
        error
    }
}

fn sorted(error: sqlx::Error) -> Error {
    use sqlx::error::ErrorKind;
    match &error {
        sqlx::Error::Database(inner) => {
            let code = inner.code().unwrap_or_default();
            let message = inner.message().to_owned();
            match inner.kind() {
                ErrorKind::UniqueViolation | ErrorKind::CheckViolation => return Error::Conflict(message),
                _ => {}
            }
            // Postgres: classes 08, 53, 57, 58.
            if code.len() < 5 && code.parse().is_ok_and(direct::is_unavailable)
                || ["08", "53", "57", "58"].iter().any(|class| code.len() == 5 && code.starts_with(class))
            {
                return Error::Unavailable(message);
            }
            // Postgres: serialization failure, deadlock.
            if code == "40001" || code == "40P01" {
                return Error::Conflict(message);
            }
            Error::Other(error)
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Error::Unavailable(error.to_string()),
        _ => Error::Other(error),
    }
}
