//! The business and its service points.

use relevo_model::*;
use serde_json::Value;

use crate::{
    Notice, Result, Write,
    sql::{Conn, Json},
};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Business {
    pub name: String,
    pub industry: Option<String>,
    pub description: Option<String>,
    pub currency: String,
    pub locale: String,
    pub bot_enabled: bool,
    pub config_version: i64,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ServicePoint {
    #[sqlx(try_from = "String")]
    pub id: ServicePointId,
    pub name: String,
    pub phone_number: Option<String>,
    #[sqlx(try_from = "String")]
    pub whatsapp_status: WhatsappStatus,
    pub time_zone: String,
    /// `{"mon": [["09:00", "18:00"]], …}`; empty is always open.
    pub opening_hours: Json<Value>,
    pub locale: Option<String>,
    pub bot_enabled: bool,
    pub burst_ms: i64,
    #[sqlx(try_from = "String")]
    pub uncertain_policy: UncertainPolicy,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

pub struct ServicePoints<'a>(&'a mut Conn);

macro_rules! columns {
    () => {
        "id, name, phone_number, whatsapp_status, time_zone, opening_hours, locale, bot_enabled, burst_ms, uncertain_policy, created_at"
    };
}

impl Conn {
    pub async fn business(&mut self) -> Result<Option<Business>> {
        const FIND: &str = "SELECT name, industry, description, currency, locale, bot_enabled, config_version FROM business WHERE id = 'business'";
        one!(self, Business, FIND)
    }

    pub fn service_points(&mut self) -> ServicePoints<'_> {
        ServicePoints(self)
    }
}

impl ServicePoints<'_> {
    pub async fn list(&mut self) -> Result<Vec<ServicePoint>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM service_points ORDER BY created_at, id");
        all!(self.0, ServicePoint, LIST)
    }

    pub async fn find(&mut self, id: &ServicePointId) -> Result<Option<ServicePoint>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM service_points WHERE id = $1");
        one!(self.0, ServicePoint, FIND, id.as_str())
    }
}

impl Write {
    pub async fn add_business(&mut self, name: &str, currency: &str, locale: &str) -> Result<()> {
        const ADD: &str = "INSERT INTO business (id, name, currency, locale) VALUES ('business', $1, $2, $3) ON CONFLICT DO NOTHING";
        run!(self, ADD, name, currency, locale).map(|_| ())
    }

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

    pub async fn save_service_point(&mut self, point: &ServicePoint) -> Result<()> {
        const SAVE: &str = "UPDATE service_points SET name = $1, phone_number = $2, whatsapp_status = $3, time_zone = $4, opening_hours = $5, locale = $6, \
                            bot_enabled = $7, burst_ms = $8, uncertain_policy = $9 WHERE id = $10";
        run!(
            self,
            SAVE,
            &point.name,
            point.phone_number.as_deref(),
            point.whatsapp_status.as_str(),
            &point.time_zone,
            &point.opening_hours,
            point.locale.as_deref(),
            point.bot_enabled,
            point.burst_ms,
            point.uncertain_policy.as_str(),
            point.id.as_str()
        )?;
        self.config_changed().await
    }

    /// Whoever keeps service points, channels or plugins in memory reads them again.
    pub(crate) async fn config_changed(&mut self) -> Result<()> {
        run!(self, "UPDATE business SET config_version = config_version + 1 WHERE id = 'business'")?;
        self.after_commit(Notice::Config);
        Ok(())
    }
}
