//! Who asks: found out once per request, from a session's cookie, a short token or an API key.

use std::time::Duration;

use axum::{
    RequestPartsExt,
    extract::RawPathParams,
    http::{header, request::Parts},
};
use relevo_model::*;
use relevo_store::{ApiKey, Login};
use url::form_urlencoded;

use super::{Device, Door, Error, Refusal, api_keys, sessions, tokens};
use crate::policy::{Permission, Rights};

/// Uses closer together than this are kept as one.
const NOTED: Duration = Duration::from_secs(60);

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Person {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub locale: Option<String>,
    /// May operate the whole installation.
    pub operator: bool,
    /// Has a second factor.
    pub second_factor: bool,
    pub session: SessionId,
    /// Came with a short token, not with a browser's cookie.
    pub bearer: bool,
    /// The business that the session works in, where this person still belongs to it.
    pub tenant: Option<TenantId>,
    pub(super) expires_at: Time,
}

/// Who acts in a business.
#[derive(Clone, Debug)]
pub enum Actor {
    Person(Person),
    Key { id: ApiKeyId, name: String },
}

/// Somebody with a role in the business that the request is about.
#[derive(Clone, Debug)]
pub struct Member {
    pub actor: Actor,
    pub tenant: TenantId,
    pub rights: Rights,
    /// A key for tests: nothing that it does may reach a customer.
    pub test: bool,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({})", self.id)
    }
}

impl Member {
    /// Whether this may be done at a service point; without one: to the whole business, or somewhere in it.
    pub fn may(&self, permission: Permission, point: Option<ServicePointId>) -> bool {
        self.rights.may(permission, point)
    }

    /// The same as a condition: `?` goes on only where it may be done.
    pub fn demand(&self, permission: Permission, point: Option<ServicePointId>) -> Result<(), Refusal> {
        if self.may(permission, point) { Ok(()) } else { Err(Refusal::TooFew(permission)) }
    }

    /// The same for what is at a service point and must not be known of elsewhere: there it is not found.
    pub fn demand_at(&self, permission: Permission, point: ServicePointId) -> Result<(), Refusal> {
        if !self.rights.reach.covers(&point) {
            return Err(Refusal::NotFound);
        }
        self.demand(permission, Some(point))
    }

    /// Which service points lists are to be limited to.
    pub const fn reach(&self) -> &Reach {
        &self.rights.reach
    }

    /// What the audit log and messages know the actor by.
    pub fn id(&self) -> &str {
        match &self.actor {
            Actor::Person(person) => person.id.as_str(),
            Actor::Key { id, .. } => id.as_str(),
        }
    }

    pub fn name(&self) -> &str {
        match &self.actor {
            Actor::Person(person) => &person.name,
            Actor::Key { name, .. } => name,
        }
    }

    /// The person; what only people may do is refused to keys.
    pub const fn person(&self) -> Result<&Person, Refusal> {
        match &self.actor {
            Actor::Person(person) => Ok(person),
            Actor::Key { .. } => Err(Refusal::Forbidden),
        }
    }
}

/// What a request proved of whoever sent it.
#[derive(Clone)]
pub(super) enum Caller {
    Nobody,
    /// It brought a token or a key that is worth nothing.
    Unknown,
    Person(Person),
    Key(ApiKey),
}

/// Whose a request is: what is counted, and what is done once, is by this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The person or the key, by its id.
    pub caller: String,
    /// The business that the request is about, once somebody asked for the member.
    pub tenant: Option<TenantId>,
}

impl Door {
    /// Whose a request is; nobody's, as far as it proved nothing.
    pub async fn whose(&self, parts: &mut Parts) -> Result<Option<Whose>, Error> {
        let tenant = parts.extensions.get::<Member>().map(|member| member.tenant);
        let caller = match self.caller(parts).await? {
            Caller::Nobody | Caller::Unknown => return Ok(None),
            Caller::Person(person) => person.id.to_string(),
            Caller::Key(key) => key.id.to_string(),
        };
        Ok(Some(Whose { caller, tenant }))
    }

    /// Looks at what the request brought; whatever asks later in the same request gets the same answer.
    pub(super) async fn caller(&self, parts: &mut Parts) -> Result<Caller, Error> {
        if let Some(caller) = parts.extensions.get::<Caller>() {
            return Ok(caller.clone());
        }
        let caller = self.look(parts).await?;
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }

    /// A request with an authorization stands on that alone: its cookie counts for nothing, so it needs no check of its origin.
    async fn look(&self, parts: &Parts) -> Result<Caller, Error> {
        if let Some(authorization) = parts.headers.get(header::AUTHORIZATION) {
            let bearer = authorization.to_str().ok().and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let Some((_, token)) = bearer else { return Ok(Caller::Unknown) };
            return if token.starts_with(api_keys::PREFIX) { self.key(token.trim()).await } else { self.bearer(token.trim()).await };
        }
        let now = self.clock.now();
        let Some(presented) = Device::of(parts, self).presented else { return Ok(Caller::Nobody) };
        let session = self.store.platform().read().await?.sessions().by_token(&presented, now, sessions::idle_since(now)).await?;
        match session.filter(|session| !session.awaits_code && session.kind == SessionKind::Cookie) {
            Some(session) => self.person(session).await,
            None => Ok(Caller::Nobody),
        }
    }

    async fn bearer(&self, token: &str) -> Result<Caller, Error> {
        let now = self.clock.now();
        let Some(claims) = self.signer.verify(token, now) else { return Ok(Caller::Unknown) };
        let session = self.store.platform().read().await?.sessions().find(&claims.sid, now, sessions::idle_since(now)).await?;
        match session.filter(|session| session.user_id == claims.sub && session.kind == SessionKind::Bearer) {
            Some(session) => self.person(session).await,
            None => Ok(Caller::Unknown),
        }
    }

    pub(super) async fn person(&self, session: Login) -> Result<Caller, Error> {
        let now = self.clock.now();
        let mut read = self.store.platform().read().await?;
        let Some(user) = read.people().find(&session.user_id).await? else { return Ok(Caller::Nobody) };
        drop(read);
        if now.since(session.last_used_at) >= NOTED {
            let mut write = self.store.platform().write().await?;
            write.use_session(&session.id, now).await?;
            write.commit().await?;
        }
        Ok(Caller::Person(Person {
            id: user.id,
            email: user.email,
            name: user.name,
            locale: user.locale,
            operator: user.operator,
            second_factor: user.totp_since.is_some(),
            session: session.id,
            bearer: session.kind == SessionKind::Bearer,
            tenant: session.tenant_id.and_then(|tenant| tenant.parse().ok()),
            expires_at: session.expires_at,
        }))
    }

    async fn key(&self, key: &str) -> Result<Caller, Error> {
        let Some(key) = self.store.platform().read().await?.api_keys().by_hash(&tokens::hash(key)).await? else { return Ok(Caller::Unknown) };
        let now = self.clock.now();
        if key.last_used_at.is_none_or(|used| now.since(Time(used)) >= NOTED) {
            let mut write = self.store.platform().write().await?;
            write.use_api_key(&key.id, now).await?;
            write.commit().await?;
        }
        Ok(Caller::Key(key))
    }

    /// What somebody is in a business; none where they are nothing there.
    pub async fn member(&self, person: &Person, tenant: &TenantId) -> Result<Option<Member>, Error> {
        let found = self.store.platform().read().await?.people().membership(&person.id, tenant).await?;
        Ok(found.map(|found| Member {
            actor: Actor::Person(person.clone()),
            tenant: found.tenant_id,
            rights: Rights { role: found.role, reach: found.reach, scopes: None },
            test: false,
        }))
    }

    /// The same member as of now, for what stays open after a request: none once the session has ended, or where they are nothing any more.
    pub async fn still(&self, member: &Member) -> Result<Option<Member>, Error> {
        let now = self.clock.now();
        let Actor::Person(person) = &member.actor else { return Ok(None) };
        let session = self.store.platform().read().await?.sessions().find(&person.session, now, sessions::idle_since(now)).await?;
        match session {
            Some(_) => self.member(person, &member.tenant).await,
            None => Ok(None),
        }
    }

    /// The role of whoever asks, in the business that the request is about: the one that its path or its query names as `business_id`,
    /// else the one that the session works in.
    pub(super) async fn member_of(&self, parts: &mut Parts) -> Result<Member, Error> {
        if let Some(member) = parts.extensions.get::<Member>() {
            return Ok(member.clone());
        }
        let named = named_business(parts).await?;
        let member = match self.caller(parts).await? {
            Caller::Nobody => return Err(Refusal::Anonymous.into()),
            Caller::Unknown => return Err(Refusal::BadCredential.into()),
            Caller::Person(person) => match named.or(person.tenant) {
                None => return Err(Refusal::NoBusiness.into()),
                Some(tenant) => {
                    let nothing = if named.is_some() { Refusal::NotFound } else { Refusal::NoBusiness };
                    self.member(&person, &tenant).await?.ok_or(nothing)?
                }
            },
            Caller::Key(key) if named.is_some_and(|named| named != key.tenant_id) => return Err(Refusal::NotFound.into()),
            Caller::Key(key) => api_keys::member(key),
        };
        parts.extensions.insert(member.clone());
        Ok(member)
    }
}

/// The business that a request names. One that is no id names none, and must not fall back to another.
async fn named_business(parts: &mut Parts) -> Result<Option<TenantId>, Refusal> {
    const NAME: &str = "business_id";
    let parse = |text: &str| text.parse().map(Some).map_err(|_| Refusal::NotFound);
    if let Ok(path) = parts.extract::<RawPathParams>().await
        && let Some((_, id)) = path.iter().find(|(name, _)| *name == NAME)
    {
        return parse(id);
    }
    let query = parts.uri.query().unwrap_or_default();
    let mut named = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == NAME);
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        (Some((_, id)), None) => parse(&id),
        (Some(_), Some(_)) => Err(Refusal::NotFound),
    }
}
