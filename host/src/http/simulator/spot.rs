//! What an address of the simulator names: a service point, and a phone of it.

use std::sync::Arc;

use axum::{
    RequestPartsExt,
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use relevo_model::*;
use relevo_store::Conversation;
use serde::Deserialize;

use super::Error;
use crate::{
    app::App,
    conversation::{
        business::Business,
        layout::{Line, Point},
    },
    identity::Member,
    policy::Permission,
    web,
};

/// A service point of the business that the session works in, where whoever asks may use the simulator.
pub struct Spot {
    pub app: App,
    pub member: Member,
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
    point: String,
    phone: Option<String>,
}

impl FromRequestParts<App> for Spot {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        Self::find(parts, app).await.map(|(spot, _)| spot)
    }
}

impl Spot {
    /// The service point that the address names, and the phone where it names one.
    async fn find(parts: &mut Parts, app: &App) -> Result<(Self, Option<String>), Error> {
        let Path(named) = Path::<Named>::from_request_parts(parts, app).await.map_err(|_| Error::NotFound)?;
        let member = parts.extract_with_state::<Member, App>(app).await.map_err(Error::Unproved)?;
        let id: ServicePointId = named.point.parse().map_err(|_| Error::NotFound)?;
        member.demand_at(Permission::UseSimulator, id).map_err(web::Error::from)?;
        let business = app.business(&member.tenant).await?;
        let point = business.layout().points.get(&id).cloned().ok_or(Error::NotFound)?;
        Ok((Self { app: app.clone(), member, business, point }, named.phone))
    }

    pub fn address(&self) -> String {
        address(&self.point.row.id)
    }

    pub fn simulator(&self) -> Result<Arc<Line>, Error> {
        self.business.layout().simulator_of(&self.point.row.id).cloned().ok_or(Error::NotFound)
    }
}

impl FromRequestParts<App> for Phone {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let (spot, key) = Spot::find(parts, app).await?;
        let key = key.ok_or(Error::NotFound)?;
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

/// The page of a service point.
pub fn address(point: &ServicePointId) -> String {
    format!("/simulator/{point}")
}

/// The phone of a conversation on its service point's page.
pub fn phone_address(point: &ServicePointId, kind: AliasKind, peer: &str, conversation: &ConversationId) -> String {
    format!("{}#phone-{}", address(point), key_of_conversation(kind, peer, conversation))
}

/// A phone of ours by its name, what another channel brought by its conversation.
pub fn key_of_conversation(kind: AliasKind, peer: &str, conversation: &ConversationId) -> String {
    let own = kind == AliasKind::Sim && number_of(peer).is_some();
    if own { peer.to_owned() } else { conversation.to_string() }
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
