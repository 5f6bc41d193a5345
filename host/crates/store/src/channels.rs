//! Channels: how a service point reaches its customers.

use relevo_model::*;

use crate::{Cell, Result, Write, keys, sql::Conn};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Channel {
    #[sqlx(try_from = "String")]
    pub id: ChannelId,
    #[sqlx(try_from = "String")]
    pub service_point_id: ServicePointId,
    #[sqlx(try_from = "String")]
    pub kind: ChannelKind,
    #[sqlx(try_from = "String")]
    pub state: ChannelState,
    pub cause: Option<String>,
    pub paused_until: Option<i64>,
    pub phone_number_id: Option<String>,
    pub waba_id: Option<String>,
    /// Sealed; `Channel::token` opens it.
    pub access_token: Option<Vec<u8>>,
    pub app_secret: Option<Vec<u8>>,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

impl Channel {
    pub fn token(&self, cell: &Cell) -> Result<Option<String>> {
        self.secret(cell, "access_token", self.access_token.as_deref())
    }

    pub fn app_secret(&self, cell: &Cell) -> Result<Option<String>> {
        self.secret(cell, "app_secret", self.app_secret.as_deref())
    }

    fn secret(&self, cell: &Cell, column: &str, sealed: Option<&[u8]>) -> Result<Option<String>> {
        let place = keys::Place { table: "channels", column, row: self.id.as_str() };
        let Some(sealed) = sealed else { return Ok(None) };
        let plain = cell.unseal(place, sealed)?;
        Ok(Some(String::from_utf8_lossy(&plain).into_owned()))
    }

    /// Seals a secret for the column of this name.
    pub fn seal(cell: &Cell, id: &ChannelId, column: &str, plain: &str) -> Vec<u8> {
        cell.seal(keys::Place { table: "channels", column, row: id.as_str() }, plain.as_bytes())
    }
}

macro_rules! columns {
    () => {
        "id, service_point_id, kind, state, cause, paused_until, phone_number_id, waba_id, access_token, app_secret, created_at"
    };
}

impl Conn {
    pub async fn channels(&mut self) -> Result<Vec<Channel>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM channels ORDER BY created_at, id");
        all!(self, Channel, LIST)
    }
}

impl Write {
    pub async fn add_channel(&mut self, channel: &Channel) -> Result<()> {
        const ADD: &str = "INSERT INTO channels (id, service_point_id, kind, state, cause, phone_number_id, waba_id, access_token, app_secret, created_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        run!(
            self,
            ADD,
            channel.id.as_str(),
            channel.service_point_id.as_str(),
            channel.kind.as_str(),
            channel.state.as_str(),
            channel.cause.as_deref(),
            channel.phone_number_id.as_deref(),
            channel.waba_id.as_deref(),
            channel.access_token.as_deref(),
            channel.app_secret.as_deref(),
            channel.created_at.0
        )?;
        self.config_changed().await
    }

    /// Stops, pauses or revives a channel, with the reason that people are shown.
    pub async fn set_channel_state(&mut self, id: &ChannelId, state: ChannelState, cause: Option<&str>, paused_until: Option<Time>) -> Result<()> {
        const SAVE: &str = "UPDATE channels SET state = $1, cause = $2, paused_until = $3 WHERE id = $4";
        run!(self, SAVE, state.as_str(), cause, paused_until.map(Time::millis), id.as_str())?;
        self.config_changed().await
    }
}
