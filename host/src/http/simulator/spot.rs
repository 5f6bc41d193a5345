//! What an address of the simulator names: a service point, and a phone of it.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
};
use relevo_model::*;
use relevo_store::{Conversation, Tenant};
use serde::Deserialize;

use super::{Error, only_in_the_demo};
use crate::{
    app::App,
    conversation::{
        business::Business,
        layout::{Line, Point},
    },
};

/// A service point of a business.
pub struct Spot {
    pub app: App,
    pub tenant: Tenant,
    pub business: Arc<Business>,
    pub point: Arc<Point>,
}

/// A phone that writes to a service point, or a conversation of another channel of it.
pub struct Phone {
    pub spot: Spot,
    pub key: String,
    pub line: Arc<Line>,
    /// Who it is, where it is a phone of ours; none for what another channel brought.
    pub alias: Option<Alias>,
    pub conversation: Option<Conversation>,
}

#[derive(Deserialize)]
struct Named {
    tenant: String,
    point: String,
    phone: Option<String>,
}

impl FromRequestParts<App> for Spot {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        only_in_the_demo(&State(app.clone()))?;
        let Path(named) = Path::<Named>::from_request_parts(parts, app).await.map_err(|_| Error::NotFound)?;
        Self::find(app, &named).await
    }
}

impl Spot {
    async fn find(app: &App, named: &Named) -> Result<Self, Error> {
        let tenant = app.store.platform().tenant_by_slug(&named.tenant).await?.filter(|tenant| tenant.state == TenantState::Active).ok_or(Error::NotFound)?;
        let id: ServicePointId = named.point.parse().map_err(|_| Error::NotFound)?;
        let business = app.business(&tenant.id).await?;
        let point = business.layout().points.get(&id).cloned().ok_or(Error::NotFound)?;
        Ok(Self { app: app.clone(), tenant, business, point })
    }

    pub fn address(&self) -> String {
        format!("/simulator/{}/{}", self.tenant.slug, self.point.row.id)
    }

    pub fn simulator(&self) -> Result<Arc<Line>, Error> {
        self.business.layout().simulator_of(&self.point.row.id).cloned().ok_or(Error::NotFound)
    }
}

impl FromRequestParts<App> for Phone {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        only_in_the_demo(&State(app.clone()))?;
        let Path(named) = Path::<Named>::from_request_parts(parts, app).await.map_err(|_| Error::NotFound)?;
        let spot = Spot::find(app, &named).await?;
        let key = named.phone.ok_or(Error::NotFound)?;
        if number_of(&key).is_some() {
            let (line, alias) = (spot.simulator()?, alias(&key));
            let conversation = spot.business.cell.read().await?.conversations().by_alias(&line.row.id, &alias).await?;
            return Ok(Self { spot, key, line, alias: Some(alias), conversation });
        }
        let id: ConversationId = key.parse().map_err(|_| Error::NotFound)?;
        let conversation = spot.business.cell.read().await?.conversations().find(&id).await?.ok_or(Error::NotFound)?;
        let line = spot.business.layout().channels.get(&conversation.channel_id).cloned().ok_or(Error::NotFound)?;
        if conversation.service_point_id != spot.point.row.id || !line.simulated {
            return Err(Error::NotFound);
        }
        Ok(Self { spot, key, line, alias: None, conversation: Some(conversation) })
    }
}

/// What the phone of this number is called in addresses, and as an alias.
pub fn key_of(number: u32) -> String {
    format!("cliente-{number}")
}

/// The number in a phone's key; none for a key of another kind.
pub fn number_of(key: &str) -> Option<u32> {
    let digits = key.strip_prefix("cliente-")?;
    digits.parse().ok().filter(|number| key_of(*number) == key && (1..=MOST_PHONES).contains(number))
}

/// Phones that a service point has at most.
pub const MOST_PHONES: u32 = 9_999;

pub fn alias(key: &str) -> Alias {
    Alias { kind: AliasKind::Sim, scope: String::new(), value: key.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_we_would_make_are_phones() {
        assert_eq!(number_of("cliente-12"), Some(12));
        for other in ["cliente-0", "cliente-01", "cliente-", "cliente-99999", "cliente-x", "5491100000000"] {
            assert_eq!(number_of(other), None, "{other}");
        }
    }
}
