//! Plugins attached to service points, in their order.

use relevo_model::*;
use serde_json::Value;

use crate::{
    Result, Write,
    sql::{Conn, Json},
};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Install {
    #[sqlx(try_from = "String")]
    pub id: InstallId,
    #[sqlx(try_from = "String")]
    pub service_point_id: ServicePointId,
    pub plugin_id: String,
    pub version: String,
    pub position: i64,
    pub config: Json<Value>,
    pub enabled: bool,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

impl Conn {
    /// All of the business, in the order in which each service point asks them.
    pub async fn installs(&mut self) -> Result<Vec<Install>> {
        const LIST: &str = "SELECT id, service_point_id, plugin_id, version, position, config, enabled, created_at FROM plugin_installs \
                            ORDER BY service_point_id, position, id";
        all!(self, Install, LIST)
    }

    /// Those of a service point, in the order in which it asks them.
    pub async fn flow_of(&mut self, point: &ServicePointId) -> Result<Vec<Install>> {
        const LIST: &str = "SELECT id, service_point_id, plugin_id, version, position, config, enabled, created_at FROM plugin_installs \
                            WHERE service_point_id = $1 ORDER BY position, id";
        all!(self, Install, LIST, point.as_str())
    }
}

impl Write {
    /// Replaces the plugins of a service point, in this order.
    pub async fn replace_flow(&mut self, point: &ServicePointId, chain: &[Install]) -> Result<()> {
        run!(self, "DELETE FROM plugin_installs WHERE service_point_id = $1", point.as_str())?;
        for install in chain {
            self.add_install(install).await?;
        }
        self.config_changed().await
    }

    /// Sets a plugin at its service point; false where it is not attached any more.
    pub async fn set_install(&mut self, id: &InstallId, config: &Value) -> Result<bool> {
        let found = run!(self, "UPDATE plugin_installs SET config = $1 WHERE id = $2", Json(config), id.as_str())? > 0;
        self.config_changed().await?;
        Ok(found)
    }

    /// Which version of a plugin answers from now on, wherever it is attached.
    pub async fn name_version(&mut self, plugin: &str, version: &str) -> Result<()> {
        run!(self, "UPDATE plugin_installs SET version = $1 WHERE plugin_id = $2", version, plugin)?;
        self.config_changed().await
    }

    pub async fn add_install(&mut self, install: &Install) -> Result<()> {
        const ADD: &str = "INSERT INTO plugin_installs (id, service_point_id, plugin_id, version, position, config, enabled, created_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        run!(
            self,
            ADD,
            install.id.as_str(),
            install.service_point_id.as_str(),
            &install.plugin_id,
            &install.version,
            install.position,
            &install.config,
            install.enabled,
            install.created_at.0
        )?;
        self.config_changed().await
    }
}
