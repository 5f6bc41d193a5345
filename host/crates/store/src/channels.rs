//! Channels: how a service point reaches its customers.

use relevo_model::*;

use crate::{Cell, Result, Write, keys, sql::Conn};

/// Its `Debug` shows no secret: they are sealed.
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
    pub last_inbound_at: Option<i64>,
    pub last_outbound_at: Option<i64>,
    /// Since when only its conversations are left of it.
    pub removed_at: Option<i64>,
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
        "id, service_point_id, kind, state, cause, paused_until, phone_number_id, waba_id, access_token, app_secret, last_inbound_at, last_outbound_at, \
         removed_at, created_at"
    };
}

impl Conn {
    pub async fn channels(&mut self) -> Result<Vec<Channel>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM channels ORDER BY created_at, id");
        all!(self, Channel, LIST)
    }

    /// Those within reach that were not removed, in the order in which they were made, after this one.
    pub async fn channel_page(&mut self, reach: &Reach, after: Option<&ChannelId>, limit: i64) -> Result<Vec<Channel>> {
        const LIST: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM channels WHERE removed_at IS NULL AND ($1 = '*' OR $1 LIKE '%' || service_point_id || '%') AND id > $2 ORDER BY id LIMIT $3"
        );
        all!(self, Channel, LIST, reach.to_string(), after.map_or("", ChannelId::as_str), limit)
    }

    pub async fn channel(&mut self, id: &ChannelId) -> Result<Option<Channel>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM channels WHERE id = $1 AND removed_at IS NULL");
        one!(self, Channel, FIND, id.as_str())
    }
}

impl Write {
    /// Adds a channel; a conflict where another one of this business has its number.
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

    /// Gives a channel another token, sealed, and lets it send again if it stopped for want of one; false where it was removed.
    pub async fn renew_token(&mut self, id: &ChannelId, sealed: &[u8]) -> Result<bool> {
        const SAVE: &str = "UPDATE channels SET access_token = $1, state = 'active', cause = NULL, paused_until = NULL WHERE id = $2 AND removed_at IS NULL";
        let renewed = run!(self, SAVE, sealed, id.as_str())? > 0;
        self.config_changed().await?;
        Ok(renewed)
    }

    /// The same for the secret of its app, sealed, which changes nothing about what it sends.
    pub async fn renew_app_secret(&mut self, id: &ChannelId, sealed: &[u8]) -> Result<bool> {
        const SAVE: &str = "UPDATE channels SET app_secret = $1 WHERE id = $2 AND removed_at IS NULL";
        let renewed = run!(self, SAVE, sealed, id.as_str())? > 0;
        self.config_changed().await?;
        Ok(renewed)
    }

    /// Removes a channel. One with conversations stays for their sake, stopped, without its number and its secrets.
    pub async fn remove_channel(&mut self, id: &ChannelId, now: Time) -> Result<()> {
        const DROP: &str = "DELETE FROM channels WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM conversations WHERE channel_id = $1)";
        const EMPTY: &str = "UPDATE channels SET state = 'stopped', cause = NULL, paused_until = NULL, phone_number_id = NULL, waba_id = NULL, \
                             access_token = NULL, app_secret = NULL, removed_at = $1 WHERE id = $2 AND removed_at IS NULL";
        if run!(self, DROP, id.as_str())? == 0 {
            run!(self, EMPTY, now.0, id.as_str())?;
        }
        self.config_changed().await
    }
}
