//! Small values of plugins.

use relevo_model::Time;

use crate::{Result, hot, sql::Conn};

#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct KvEntry {
    pub key: String,
    pub value: String,
    pub version: i64,
}

pub struct Kv<'a>(&'a mut Conn);

impl Conn {
    pub fn kv(&mut self) -> Kv<'_> {
        Kv(self)
    }
}

/// Whose values: a plugin's, of one conversation, customer or business.
#[derive(Clone, Copy)]
pub struct KvScope<'a> {
    pub plugin: &'a str,
    pub scope: &'a str,
    pub id: &'a str,
}

impl Kv<'_> {
    pub async fn get(&mut self, of: KvScope<'_>, key: &str, now: Time) -> Result<Option<KvEntry>> {
        const GET: &str = "SELECT key, value, version FROM kv WHERE plugin_id = $1 AND scope = $2 AND scope_id = $3 AND key = $4 \
                           AND (expires_at IS NULL OR expires_at > $5)";
        one!(self.0, KvEntry, GET, of.plugin, of.scope, of.id, storable(key), now.0)
    }

    /// In the order of keys, from after `after`.
    pub async fn scan(&mut self, of: KvScope<'_>, prefix: &str, after: &str, limit: i64, now: Time) -> Result<Vec<KvEntry>> {
        const SCAN: &str = "SELECT key, value, version FROM kv WHERE plugin_id = $1 AND scope = $2 AND scope_id = $3 AND key > $4 \
                            AND substr(key, 1, CAST($5 AS INTEGER)) = $6 AND (expires_at IS NULL OR expires_at > $7) ORDER BY key LIMIT $8";
        let length = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
        all!(self.0, KvEntry, SCAN, of.plugin, of.scope, of.id, storable(after), length, storable(prefix), now.0, limit)
    }

    /// Bytes that a plugin keeps in this cell.
    pub async fn bytes_of(&mut self, plugin: &str) -> Result<i64> {
        const SUM: &str = "SELECT CAST(COALESCE(SUM(octet_length(key) + octet_length(value)), 0) AS BIGINT) FROM kv WHERE plugin_id = $1";
        Ok(one!(self.0, (i64,), SUM, plugin)?.map_or(0, |(bytes,)| bytes))
    }
}

fn storable(text: &str) -> String {
    let mut text = text.to_owned();
    hot::storable::text(&mut text);
    text
}
