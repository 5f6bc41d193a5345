//! Service points: the branches of a business, each with its own inbox.

use relevo_model::*;
use serde_json::Value;

use crate::{
    Result, Write,
    sql::{Conn, Json},
};

#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct ServicePoint {
    #[sqlx(try_from = "String")]
    pub id: ServicePointId,
    pub name: String,
    pub phone_number: Option<String>,
    #[sqlx(try_from = "String")]
    pub whatsapp_status: WhatsappStatus,
    pub last_qr_at: Option<i64>,
    pub time_zone: String,
    /// `{"mon": [["09:00", "18:00"]], …}`; empty is always open.
    pub opening_hours: Json<Value>,
    pub locale: Option<String>,
    pub bot_enabled: bool,
    pub burst_ms: i64,
    #[sqlx(try_from = "String")]
    pub uncertain_policy: UncertainPolicy,
    /// Raised by each change of it and of its flow.
    pub version: i64,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

pub struct ServicePoints<'a>(&'a mut Conn);

macro_rules! columns {
    () => {
        "id, name, phone_number, whatsapp_status, last_qr_at, time_zone, opening_hours, locale, bot_enabled, burst_ms, uncertain_policy, version, created_at"
    };
}

impl Conn {
    pub fn service_points(&mut self) -> ServicePoints<'_> {
        ServicePoints(self)
    }
}

impl ServicePoints<'_> {
    pub async fn list(&mut self) -> Result<Vec<ServicePoint>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM service_points ORDER BY created_at, id");
        all!(self.0, ServicePoint, LIST)
    }

    /// Those within reach in the order in which they were made, after this one.
    pub async fn page(&mut self, reach: &Reach, after: Option<&ServicePointId>, limit: i64) -> Result<Vec<ServicePoint>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM service_points WHERE ($1 = '*' OR $1 LIKE '%' || id || '%') AND id > $2 ORDER BY id LIMIT $3");
        all!(self.0, ServicePoint, LIST, reach.to_string(), after.map_or("", ServicePointId::as_str), limit)
    }

    pub async fn find(&mut self, id: &ServicePointId) -> Result<Option<ServicePoint>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM service_points WHERE id = $1");
        one!(self.0, ServicePoint, FIND, id.as_str())
    }

    /// Whether anybody ever wrote there.
    pub async fn is_in_use(&mut self, id: &ServicePointId) -> Result<bool> {
        const FIND: &str = "SELECT id FROM conversations WHERE service_point_id = $1 LIMIT 1";
        Ok(one!(self.0, (String,), FIND, id.as_str())?.is_some())
    }
}

impl Write {
    /// Adds a service point; a conflict where the name is taken.
    pub async fn add_service_point(&mut self, point: &ServicePoint) -> Result<()> {
        const ADD: &str = "INSERT INTO service_points (id, name, phone_number, whatsapp_status, time_zone, opening_hours, locale, bot_enabled, burst_ms, \
                           uncertain_policy, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        run!(
            self,
            ADD,
            point.id.as_str(),
            &point.name,
            point.phone_number.as_deref(),
            point.whatsapp_status.as_str(),
            &point.time_zone,
            &point.opening_hours,
            point.locale.as_deref(),
            point.bot_enabled,
            point.burst_ms,
            point.uncertain_policy.as_str(),
            point.created_at.0
        )?;
        self.config_changed().await
    }

    /// Changes what people decide of it; its number and whether that is connected are its channels' to say. With `seen`, changes only what nobody
    /// changed since that version; then false tells that somebody did. A conflict where the name is taken.
    pub async fn save_service_point(&mut self, point: &ServicePoint, seen: Option<i64>) -> Result<bool> {
        const SAVE: &str = "UPDATE service_points SET name = $1, time_zone = $2, opening_hours = $3, locale = $4, bot_enabled = $5, burst_ms = $6, \
                            uncertain_policy = $7, version = version + 1 WHERE id = $8 AND ($9 = 0 OR version = $9)";
        let saved = run!(
            self,
            SAVE,
            &point.name,
            &point.time_zone,
            &point.opening_hours,
            point.locale.as_deref(),
            point.bot_enabled,
            point.burst_ms,
            point.uncertain_policy.as_str(),
            point.id.as_str(),
            seen.unwrap_or(0)
        )? > 0;
        self.config_changed().await?;
        Ok(saved)
    }

    /// Switches the bot on or off there, and changes nothing else; false where there is no such service point.
    pub async fn switch_bot_at(&mut self, id: &ServicePointId, on: bool) -> Result<bool> {
        let found = run!(self, "UPDATE service_points SET bot_enabled = $1, version = version + 1 WHERE id = $2", on, id.as_str())? > 0;
        self.config_changed().await?;
        Ok(found)
    }

    /// From now on it has a number that is connected; without one, whatever it was shown with stays. False where there is no such service point.
    pub async fn connect_service_point(&mut self, id: &ServicePointId, number: Option<&str>) -> Result<bool> {
        const SAVE: &str = "UPDATE service_points SET whatsapp_status = 'CONNECTED', phone_number = COALESCE($1, phone_number), version = version + 1 \
                            WHERE id = $2";
        let found = run!(self, SAVE, number, id.as_str())? > 0;
        self.config_changed().await?;
        Ok(found)
    }

    /// From now on it has no number.
    pub async fn disconnect_service_point(&mut self, id: &ServicePointId) -> Result<()> {
        const SAVE: &str = "UPDATE service_points SET whatsapp_status = 'DISCONNECTED', phone_number = NULL, version = version + 1 WHERE id = $1";
        run!(self, SAVE, id.as_str())?;
        self.config_changed().await
    }

    /// Counts a change of what belongs to a service point. With `seen`, false tells that somebody changed it since.
    pub async fn touch_service_point(&mut self, id: &ServicePointId, seen: Option<i64>) -> Result<bool> {
        const TOUCH: &str = "UPDATE service_points SET version = version + 1 WHERE id = $1 AND ($2 = 0 OR version = $2)";
        Ok(run!(self, TOUCH, id.as_str(), seen.unwrap_or(0))? > 0)
    }

    /// Removes a service point that nobody ever wrote to, with its channels and its flow.
    pub async fn remove_service_point(&mut self, id: &ServicePointId) -> Result<()> {
        run!(self, "DELETE FROM plugin_installs WHERE service_point_id = $1", id.as_str())?;
        run!(self, "DELETE FROM channels WHERE service_point_id = $1", id.as_str())?;
        run!(self, "DELETE FROM service_points WHERE id = $1", id.as_str())?;
        self.config_changed().await
    }
}
