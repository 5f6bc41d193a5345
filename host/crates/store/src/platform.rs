//! The platform: tenants, the way from an outside address to a tenant, leases.

use std::sync::Arc;

use relevo_model::*;

use crate::{Read, Result, Write, base::Base, keys};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Tenant {
    #[sqlx(try_from = "String")]
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    #[sqlx(try_from = "String")]
    pub state: TenantState,
    pub sealed_key: Vec<u8>,
    pub awake: bool,
    pub next_due_at: Option<i64>,
    pub demo: bool,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

/// The way from an outside address to a tenant's channel.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Route {
    pub kind: String,
    pub address: String,
    #[sqlx(try_from = "String")]
    pub tenant_id: TenantId,
    #[sqlx(try_from = "String")]
    pub channel_id: ChannelId,
}

macro_rules! columns {
    () => {
        "id, slug, name, state, sealed_key, awake, next_due_at, demo, created_at"
    };
}

#[derive(Clone)]
pub struct Platform(pub(crate) Arc<Base>);

impl Platform {
    pub async fn read(&self) -> Result<Read> {
        self.0.read().await
    }

    /// A transaction over the platform: people, sessions, keys.
    pub async fn write(&self) -> Result<Write> {
        self.0.write().await
    }

    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM tenants ORDER BY created_at, id");
        all!(self.read().await?, Tenant, LIST)
    }

    pub async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM tenants WHERE id = $1");
        one!(self.read().await?, Tenant, FIND, id.as_str())
    }

    pub async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Tenant>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM tenants WHERE slug = $1");
        one!(self.read().await?, Tenant, FIND, slug)
    }

    pub async fn add_tenant(&self, tenant: &Tenant) -> Result<()> {
        let mut write = self.write().await?;
        write.add_tenant(tenant).await?;
        write.commit().await
    }

    pub async fn set_tenant_state(&self, id: &TenantId, state: TenantState) -> Result<()> {
        let mut write = self.write().await?;
        write.set_tenant_state(id, state).await?;
        write.commit().await
    }

    /// Businesses that somebody began and nobody finished.
    pub async fn unfinished(&self) -> Result<Vec<Tenant>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM tenants WHERE state = 'creating' ORDER BY created_at, id");
        all!(self.read().await?, Tenant, LIST)
    }

    /// Cells that have, or may have, something to do by now.
    pub async fn awake_or_due(&self, now: Time) -> Result<Vec<TenantId>> {
        const LIST: &str = "SELECT id FROM tenants WHERE state = 'active' AND (awake OR next_due_at <= $1) ORDER BY id";
        let rows = all!(self.read().await?, (String,), LIST, now.0)?;
        Ok(rows.into_iter().filter_map(|(id,)| id.parse().ok()).collect())
    }

    pub(crate) async fn mark_awake(&self, id: &TenantId) -> Result<()> {
        let mut write = self.write().await?;
        run!(&mut write, "UPDATE tenants SET awake = TRUE WHERE id = $1", id.as_str())?;
        write.commit().await
    }

    pub(crate) async fn mark_resting(&self, id: &TenantId, next: Option<Time>) -> Result<()> {
        let mut write = self.write().await?;
        run!(&mut write, "UPDATE tenants SET awake = FALSE, next_due_at = $1 WHERE id = $2", next.map(Time::millis), id.as_str())?;
        write.commit().await
    }

    pub async fn routes(&self) -> Result<Vec<Route>> {
        all!(self.read().await?, Route, "SELECT kind, address, tenant_id, channel_id FROM routes")
    }

    pub async fn route(&self, kind: &str, address: &str) -> Result<Option<Route>> {
        const FIND: &str = "SELECT kind, address, tenant_id, channel_id FROM routes WHERE kind = $1 AND address = $2";
        one!(self.read().await?, Route, FIND, kind, address)
    }

    /// Adds a way in. Somebody else's address is never taken over: then this is a conflict.
    pub async fn add_route(&self, route: &Route, now: Time) -> Result<()> {
        const ADD: &str = "INSERT INTO routes (kind, address, tenant_id, channel_id, created_at) VALUES ($1, $2, $3, $4, $5)";
        let mut write = self.write().await?;
        run!(&mut write, ADD, &route.kind, &route.address, route.tenant_id.as_str(), route.channel_id.as_str(), now.0)?;
        write.commit().await
    }

    /// Takes a way in away from a channel; false where it was not that channel's.
    pub async fn remove_route(&self, route: &Route) -> Result<bool> {
        const REMOVE: &str = "DELETE FROM routes WHERE kind = $1 AND address = $2 AND tenant_id = $3 AND channel_id = $4";
        let mut write = self.write().await?;
        let removed = run!(&mut write, REMOVE, &route.kind, &route.address, route.tenant_id.as_str(), route.channel_id.as_str())?;
        write.commit().await?;
        Ok(removed > 0)
    }

    /// Takes or renews the lease of a cell; its epoch, or none while another node holds it. Taking it raises the epoch.
    pub async fn lease(&self, id: &TenantId, node: &NodeId, now: Time, until: Time) -> Result<Option<i64>> {
        const RENEW: &str = "UPDATE leases SET expires_at = $1 WHERE tenant_id = $2 AND node_id = $3 RETURNING epoch";
        const TAKE: &str = "INSERT INTO leases (tenant_id, node_id, epoch, expires_at) VALUES ($1, $2, 1, $3) \
                            ON CONFLICT (tenant_id) DO UPDATE SET node_id = excluded.node_id, epoch = leases.epoch + 1, expires_at = excluded.expires_at \
                            WHERE leases.expires_at <= $4 RETURNING epoch";
        let mut write = self.write().await?;
        let mut epoch = one!(&mut write, (i64,), RENEW, until.0, id.as_str(), node.as_str())?;
        if epoch.is_none() {
            epoch = one!(&mut write, (i64,), TAKE, id.as_str(), node.as_str(), until.0, now.0)?;
        }
        write.commit().await?;
        Ok(epoch.map(|(epoch,)| epoch))
    }

    /// Lets go of a cell, so that another node need not wait.
    pub async fn release(&self, id: &TenantId, node: &NodeId) -> Result<()> {
        let mut write = self.write().await?;
        // The epoch stays, or a later owner could get one that was used before.
        run!(&mut write, "UPDATE leases SET expires_at = 0, node_id = '' WHERE tenant_id = $1 AND node_id = $2", id.as_str(), node.as_str())?;
        write.commit().await
    }

    /// Compares the master key with the one that this installation began with; remembers it at the first start.
    pub(crate) async fn check_key(&self, key: &keys::Key) -> Result<()> {
        let nobody: TenantId = nobody();
        let place = keys::Place { table: "facts", column: "value", row: "key_check" };
        let mut write = self.write().await?;
        // Of two nodes that start for the first time together, the second finds what the first remembered.
        let sealed = key.seal(&nobody, place, b"relevo");
        run!(&mut write, "INSERT INTO facts (name, value) VALUES ('key_check', $1) ON CONFLICT DO NOTHING", sealed)?;
        if let Some((sealed,)) = one!(&mut write, (Vec<u8>,), "SELECT value FROM facts WHERE name = 'key_check'")? {
            key.open(&nobody, place, &sealed).map_err(|_| keys::KeyError::Mismatch)?;
        }
        write.commit().await
    }
}

impl Write {
    /// On the platform: a conflict where the slug is taken.
    pub async fn add_tenant(&mut self, tenant: &Tenant) -> Result<()> {
        const ADD: &str = "INSERT INTO tenants (id, slug, name, state, sealed_key, demo, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let Tenant { id, slug, name, state, sealed_key, demo, created_at, .. } = tenant;
        run!(self, ADD, id.as_str(), slug, name, state.as_str(), sealed_key, *demo, created_at.0).map(|_| ())
    }

    /// On the platform.
    pub async fn set_tenant_state(&mut self, id: &TenantId, state: TenantState) -> Result<()> {
        run!(self, "UPDATE tenants SET state = $1 WHERE id = $2", state.as_str(), id.as_str()).map(|_| ())
    }

    /// On the platform: what lists of businesses call it.
    pub async fn rename_tenant(&mut self, id: &TenantId, name: &str) -> Result<()> {
        run!(self, "UPDATE tenants SET name = $1 WHERE id = $2", name, id.as_str()).map(|_| ())
    }
}

/// Whose things the platform seals for itself.
pub(crate) fn nobody() -> TenantId {
    "00000000-0000-0000-0000-000000000000".parse().expect("the nil UUID is one")
}
