//! Keys by which programs act in a business.

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

/// A key as it is listed; itself it is known to its holder, here only by its hash.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ApiKey {
    #[sqlx(try_from = "String")]
    pub id: ApiKeyId,
    /// Its first characters.
    pub prefix: String,
    #[sqlx(try_from = "String")]
    pub tenant_id: TenantId,
    pub name: String,
    /// Reaches the simulator only.
    pub test: bool,
    /// The role that it never exceeds: its maker's when it was made.
    #[sqlx(try_from = "String")]
    pub role: Role,
    #[sqlx(try_from = "String")]
    pub reach: Reach,
    /// Permissions by name, with commas between.
    pub scopes: String,
    #[sqlx(try_from = "String")]
    pub created_by: UserId,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    pub last_used_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

pub struct ApiKeys<'a>(&'a mut Conn);

macro_rules! columns {
    () => {
        "id, prefix, tenant_id, name, test, role, reach, scopes, created_by, created_at, last_used_at, revoked_at"
    };
}

impl Conn {
    /// API keys, on the platform.
    pub fn api_keys(&mut self) -> ApiKeys<'_> {
        ApiKeys(self)
    }
}

impl ApiKeys<'_> {
    /// A key that is not revoked, of a business that is active.
    pub async fn by_hash(&mut self, hash: &str) -> Result<Option<ApiKey>> {
        const FIND: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL AND tenant_id IN (SELECT id FROM tenants WHERE state = 'active')"
        );
        one!(self.0, ApiKey, FIND, hash)
    }

    /// Newest first, from before this id; revoked ones too.
    pub async fn list_of(&mut self, tenant: &TenantId, before: Option<&ApiKeyId>, limit: i64) -> Result<Vec<ApiKey>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM api_keys WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        all!(self.0, ApiKey, LIST, tenant.as_str(), before.map_or("~", ApiKeyId::as_str), limit)
    }

    /// Those of a business that this person made and nobody revoked.
    pub async fn list_by_maker(&mut self, tenant: &TenantId, user: &UserId) -> Result<Vec<ApiKey>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM api_keys WHERE tenant_id = $1 AND created_by = $2 AND revoked_at IS NULL ORDER BY id");
        all!(self.0, ApiKey, LIST, tenant.as_str(), user.as_str())
    }
}

impl Write {
    pub async fn add_api_key(&mut self, key: &ApiKey, hash: &str) -> Result<()> {
        const ADD: &str = "INSERT INTO api_keys (id, key_hash, prefix, tenant_id, name, test, role, reach, scopes, created_by, created_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        run!(
            self,
            ADD,
            key.id.as_str(),
            hash,
            &key.prefix,
            key.tenant_id.as_str(),
            &key.name,
            key.test,
            key.role.as_str(),
            key.reach.to_string(),
            &key.scopes,
            key.created_by.as_str(),
            key.created_at.0
        )
        .map(|_| ())
    }

    pub async fn use_api_key(&mut self, id: &ApiKeyId, now: Time) -> Result<()> {
        run!(self, "UPDATE api_keys SET last_used_at = $1 WHERE id = $2", now.0, id.as_str()).map(|_| ())
    }

    /// Ends a key; false where it had ended or is another business's.
    pub async fn revoke_api_key(&mut self, tenant: &TenantId, id: &ApiKeyId, now: Time) -> Result<bool> {
        const REVOKE: &str = "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND tenant_id = $3 AND revoked_at IS NULL";
        Ok(run!(self, REVOKE, now.0, id.as_str(), tenant.as_str())? == 1)
    }
}
