//! Conversations that were kept as tests of a plugin.

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SavedTest {
    #[sqlx(try_from = "String")]
    pub id: SavedTestId,
    pub plugin_id: String,
    pub name: String,
    /// As it is run and downloaded.
    pub script: String,
    /// A person or a key, by its id.
    pub created_by: String,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

pub struct SavedTests<'a>(&'a mut Conn);

impl Conn {
    pub fn saved_tests(&mut self) -> SavedTests<'_> {
        SavedTests(self)
    }
}

impl SavedTests<'_> {
    pub async fn find(&mut self, id: &SavedTestId) -> Result<Option<SavedTest>> {
        const FIND: &str = "SELECT id, plugin_id, name, script, created_by, created_at FROM saved_tests WHERE id = $1";
        one!(self.0, SavedTest, FIND, id.as_str())
    }

    /// Those of a plugin, oldest first.
    pub async fn list_of(&mut self, plugin: &str, limit: i64) -> Result<Vec<SavedTest>> {
        const LIST: &str = "SELECT id, plugin_id, name, script, created_by, created_at FROM saved_tests WHERE plugin_id = $1 ORDER BY id LIMIT $2";
        all!(self.0, SavedTest, LIST, plugin, limit)
    }
}

impl Write {
    pub async fn add_saved_test(&mut self, test: &SavedTest) -> Result<()> {
        const ADD: &str = "INSERT INTO saved_tests (id, plugin_id, name, script, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
        run!(self, ADD, test.id.as_str(), &test.plugin_id, &test.name, &test.script, &test.created_by, test.created_at.0).map(|_| ())
    }

    /// False when it was not there.
    pub async fn remove_saved_test(&mut self, id: &SavedTestId) -> Result<bool> {
        Ok(run!(self, "DELETE FROM saved_tests WHERE id = $1", id.as_str())? > 0)
    }
}
