//! One-time links: invitations into a business, and new passwords.

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

/// Somebody was asked into a business. Its link is known to whoever got it, here only by its hash.
#[derive(Clone, sqlx::FromRow)]
pub struct Invitation {
    #[sqlx(try_from = "String")]
    pub id: InvitationId,
    #[sqlx(try_from = "String")]
    pub tenant_id: TenantId,
    /// In lower case.
    pub email: String,
    #[sqlx(try_from = "String")]
    pub role: Role,
    #[sqlx(try_from = "String")]
    pub reach: Reach,
    #[sqlx(try_from = "String")]
    pub invited_by: UserId,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
    #[sqlx(try_from = "i64")]
    pub expires_at: Time,
}

pub struct Invitations<'a>(&'a mut Conn);

macro_rules! columns {
    () => {
        "id, tenant_id, email, role, reach, invited_by, created_at, expires_at"
    };
}

impl Conn {
    /// Open invitations, on the platform.
    pub fn invitations(&mut self) -> Invitations<'_> {
        Invitations(self)
    }

    /// Whose password this link may set.
    pub async fn reset_by_token(&mut self, hash: &str, now: Time) -> Result<Option<UserId>> {
        const FIND: &str = "SELECT user_id FROM password_resets WHERE token_hash = $1 AND expires_at > $2";
        let found = one!(self, (String,), FIND, hash, now.0)?;
        Ok(found.and_then(|(user,)| user.parse().ok()))
    }
}

impl Invitations<'_> {
    pub async fn by_token(&mut self, hash: &str, now: Time) -> Result<Option<Invitation>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM invitations WHERE token_hash = $1 AND expires_at > $2");
        one!(self.0, Invitation, FIND, hash, now.0)
    }

    /// An open one of a business.
    pub async fn find(&mut self, tenant: &TenantId, id: &InvitationId, now: Time) -> Result<Option<Invitation>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM invitations WHERE tenant_id = $1 AND id = $2 AND expires_at > $3");
        one!(self.0, Invitation, FIND, tenant.as_str(), id.as_str(), now.0)
    }

    /// The one of an address, which has one at most in each business.
    pub async fn by_email(&mut self, tenant: &TenantId, email: &str, now: Time) -> Result<Option<Invitation>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM invitations WHERE tenant_id = $1 AND email = $2 AND expires_at > $3");
        one!(self.0, Invitation, FIND, tenant.as_str(), email, now.0)
    }

    /// The open ones of a business, by address, after this one.
    pub async fn list_of(&mut self, tenant: &TenantId, now: Time, after: &str, limit: i64) -> Result<Vec<Invitation>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM invitations WHERE tenant_id = $1 AND expires_at > $2 AND email > $3 ORDER BY email LIMIT $4");
        all!(self.0, Invitation, LIST, tenant.as_str(), now.0, after, limit)
    }

    /// All into a business that this person made.
    pub async fn list_by_inviter(&mut self, tenant: &TenantId, user: &UserId) -> Result<Vec<Invitation>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM invitations WHERE tenant_id = $1 AND invited_by = $2 ORDER BY id");
        all!(self.0, Invitation, LIST, tenant.as_str(), user.as_str())
    }
}

impl Write {
    /// Invites somebody; an earlier invitation of the same address into the same business is void.
    pub async fn add_invitation(&mut self, invitation: &Invitation, token_hash: &str) -> Result<()> {
        const ADD: &str = "INSERT INTO invitations (id, token_hash, tenant_id, email, role, reach, invited_by, created_at, expires_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let Invitation { id, tenant_id, email, role, reach, invited_by, created_at, expires_at } = invitation;
        run!(self, "DELETE FROM invitations WHERE tenant_id = $1 AND email = $2", tenant_id.as_str(), email)?;
        run!(self, ADD, id.as_str(), token_hash, tenant_id.as_str(), email, role.as_str(), reach.to_string(), invited_by.as_str(), created_at.0, expires_at.0)
            .map(|_| ())
    }

    /// Takes an invitation back, or uses it up; false where it is gone already.
    pub async fn remove_invitation(&mut self, tenant: &TenantId, id: &InvitationId) -> Result<bool> {
        Ok(run!(self, "DELETE FROM invitations WHERE id = $1 AND tenant_id = $2", id.as_str(), tenant.as_str())? == 1)
    }

    /// Keeps the link by which this person may set a password, in place of earlier ones.
    pub async fn add_reset(&mut self, user: &UserId, token_hash: &str, now: Time, expires_at: Time) -> Result<()> {
        const ADD: &str = "INSERT INTO password_resets (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
        run!(self, "DELETE FROM password_resets WHERE user_id = $1", user.as_str())?;
        run!(self, ADD, token_hash, user.as_str(), now.0, expires_at.0).map(|_| ())
    }

    /// The same for an address, whoever that is: the same statements run where nobody has it. True where somebody does.
    pub async fn add_reset_for(&mut self, email: &str, token_hash: &str, now: Time, expires_at: Time) -> Result<bool> {
        const ADD: &str = "INSERT INTO password_resets (token_hash, user_id, created_at, expires_at) SELECT $1, id, $2, $3 FROM users WHERE email = $4";
        run!(self, "DELETE FROM password_resets WHERE user_id IN (SELECT id FROM users WHERE email = $1)", email)?;
        Ok(run!(self, ADD, token_hash, now.0, expires_at.0, email)? == 1)
    }

    /// Uses up all links of this person; false where this one is gone already.
    pub async fn take_reset(&mut self, user: &UserId, token_hash: &str) -> Result<bool> {
        let taken = run!(self, "DELETE FROM password_resets WHERE token_hash = $1", token_hash)? == 1;
        run!(self, "DELETE FROM password_resets WHERE user_id = $1", user.as_str())?;
        Ok(taken)
    }
}
