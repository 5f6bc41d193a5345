//! Who logs in, and what they are in which business.

use std::fmt;

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

/// Somebody who logs in. Its `Debug` shows the id alone.
#[derive(Clone, sqlx::FromRow)]
pub struct User {
    #[sqlx(try_from = "String")]
    pub id: UserId,
    /// In lower case.
    pub email: String,
    pub name: String,
    /// argon2id in PHC form; none until a password was chosen.
    pub password: Option<String>,
    pub locale: Option<String>,
    /// Sealed with the master key.
    pub totp_secret: Option<Vec<u8>>,
    /// When a first code proved the secret; until then none is asked for.
    pub totp_since: Option<i64>,
    /// The time step of the last code that was taken.
    pub totp_step: i64,
    pub operator: bool,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({})", self.id)
    }
}

/// What somebody is in a business.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Membership {
    #[sqlx(try_from = "String")]
    pub user_id: UserId,
    #[sqlx(try_from = "String")]
    pub tenant_id: TenantId,
    #[sqlx(try_from = "String")]
    pub role: Role,
    #[sqlx(try_from = "String")]
    pub reach: Reach,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

/// A line of the list of people of a business.
#[derive(Clone, sqlx::FromRow)]
pub struct Colleague {
    #[sqlx(try_from = "String")]
    pub user_id: UserId,
    pub email: String,
    pub name: String,
    #[sqlx(try_from = "String")]
    pub role: Role,
    #[sqlx(try_from = "String")]
    pub reach: Reach,
    /// Since when a second factor is asked for.
    pub totp_since: Option<i64>,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

/// A business that somebody may work in.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Workplace {
    #[sqlx(try_from = "String")]
    pub tenant_id: TenantId,
    pub slug: String,
    pub name: String,
    #[sqlx(try_from = "String")]
    pub role: Role,
    #[sqlx(try_from = "String")]
    pub reach: Reach,
}

pub struct People<'a>(&'a mut Conn);

macro_rules! columns {
    () => {
        "id, email, name, password, locale, totp_secret, totp_since, totp_step, operator, created_at"
    };
}

impl Conn {
    /// People, on the platform.
    pub fn people(&mut self) -> People<'_> {
        People(self)
    }
}

impl People<'_> {
    pub async fn find(&mut self, id: &UserId) -> Result<Option<User>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM users WHERE id = $1");
        one!(self.0, User, FIND, id.as_str())
    }

    /// By an address in lower case.
    pub async fn by_email(&mut self, email: &str) -> Result<Option<User>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM users WHERE email = $1");
        one!(self.0, User, FIND, email)
    }

    /// All people by their address, after this one; the first page after the empty text.
    pub async fn list(&mut self, after: &str, limit: i64) -> Result<Vec<User>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM users WHERE email > $1 ORDER BY email LIMIT $2");
        all!(self.0, User, LIST, after, limit)
    }

    /// What somebody is in a business that is active.
    pub async fn membership(&mut self, user: &UserId, tenant: &TenantId) -> Result<Option<Membership>> {
        const FIND: &str = "SELECT m.user_id, m.tenant_id, m.role, m.reach, m.created_at FROM memberships m \
                            JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = $1 AND m.tenant_id = $2 AND t.state = 'active'";
        one!(self.0, Membership, FIND, user.as_str(), tenant.as_str())
    }

    /// Everything that somebody is, in suspended businesses too.
    pub async fn memberships_of(&mut self, user: &UserId) -> Result<Vec<Membership>> {
        const LIST: &str = "SELECT user_id, tenant_id, role, reach, created_at FROM memberships WHERE user_id = $1 ORDER BY tenant_id";
        all!(self.0, Membership, LIST, user.as_str())
    }

    /// The active businesses that somebody may work in, by name.
    pub async fn workplaces(&mut self, user: &UserId) -> Result<Vec<Workplace>> {
        const LIST: &str = "SELECT m.tenant_id, t.slug, t.name, m.role, m.reach FROM memberships m \
                            JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = $1 AND t.state = 'active' ORDER BY t.name, t.id";
        all!(self.0, Workplace, LIST, user.as_str())
    }

    /// The people of a business by their address, after this one.
    pub async fn colleagues(&mut self, tenant: &TenantId, after: &str, limit: i64) -> Result<Vec<Colleague>> {
        const LIST: &str = "SELECT m.user_id, u.email, u.name, m.role, m.reach, u.totp_since, m.created_at FROM memberships m \
                            JOIN users u ON u.id = m.user_id WHERE m.tenant_id = $1 AND u.email > $2 ORDER BY u.email LIMIT $3";
        all!(self.0, Colleague, LIST, tenant.as_str(), after, limit)
    }

    /// One of the people of a business.
    pub async fn colleague(&mut self, tenant: &TenantId, user: &UserId) -> Result<Option<Colleague>> {
        const FIND: &str = "SELECT m.user_id, u.email, u.name, m.role, m.reach, u.totp_since, m.created_at FROM memberships m \
                            JOIN users u ON u.id = m.user_id WHERE m.tenant_id = $1 AND m.user_id = $2";
        one!(self.0, Colleague, FIND, tenant.as_str(), user.as_str())
    }

    pub async fn owners(&mut self, tenant: &TenantId) -> Result<i64> {
        const COUNT: &str = "SELECT COUNT(*) FROM memberships WHERE tenant_id = $1 AND role = 'owner'";
        Ok(one!(self.0, (i64,), COUNT, tenant.as_str())?.map_or(0, |(owners,)| owners))
    }

    /// How many businesses somebody owns, in whatever state.
    pub async fn owned(&mut self, user: &UserId) -> Result<i64> {
        const COUNT: &str = "SELECT COUNT(*) FROM memberships WHERE user_id = $1 AND role = 'owner'";
        Ok(one!(self.0, (i64,), COUNT, user.as_str())?.map_or(0, |(businesses,)| businesses))
    }

    /// How many recovery codes are left.
    pub async fn recovery_codes(&mut self, user: &UserId) -> Result<i64> {
        let count = one!(self.0, (i64,), "SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1", user.as_str())?;
        Ok(count.map_or(0, |(codes,)| codes))
    }
}

impl Write {
    /// Adds somebody; a conflict where the address is taken.
    pub async fn add_user(&mut self, user: &User) -> Result<()> {
        const ADD: &str = "INSERT INTO users (id, email, name, password, locale, operator, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        run!(self, ADD, user.id.as_str(), &user.email, &user.name, user.password.as_deref(), user.locale.as_deref(), user.operator, user.created_at.0)
            .map(|_| ())
    }

    pub async fn set_password(&mut self, user: &UserId, hash: &str) -> Result<()> {
        run!(self, "UPDATE users SET password = $1 WHERE id = $2", hash, user.as_str()).map(|_| ())
    }

    pub async fn set_profile(&mut self, user: &UserId, name: &str, locale: Option<&str>) -> Result<()> {
        run!(self, "UPDATE users SET name = $1, locale = $2 WHERE id = $3", name, locale, user.as_str()).map(|_| ())
    }

    pub async fn set_operator(&mut self, user: &UserId, operator: bool) -> Result<()> {
        run!(self, "UPDATE users SET operator = $1 WHERE id = $2", operator, user.as_str()).map(|_| ())
    }

    /// Keeps a secret that no code has proved yet; false where a proved one is there.
    pub async fn offer_totp(&mut self, user: &UserId, sealed: &[u8]) -> Result<bool> {
        const OFFER: &str = "UPDATE users SET totp_secret = $1, totp_step = 0 WHERE id = $2 AND totp_since IS NULL";
        Ok(run!(self, OFFER, sealed, user.as_str())? == 1)
    }

    /// From now on codes are asked for; false where they were already.
    pub async fn prove_totp(&mut self, user: &UserId, step: i64, now: Time) -> Result<bool> {
        const PROVE: &str = "UPDATE users SET totp_since = $1, totp_step = $2 WHERE id = $3 AND totp_since IS NULL AND totp_secret IS NOT NULL";
        Ok(run!(self, PROVE, now.0, step, user.as_str())? == 1)
    }

    /// Uses up the code of this time step, and all before; false where it was used already.
    pub async fn take_totp_step(&mut self, user: &UserId, step: i64) -> Result<bool> {
        Ok(run!(self, "UPDATE users SET totp_step = $1 WHERE id = $2 AND totp_step < $1", step, user.as_str())? == 1)
    }

    pub async fn remove_totp(&mut self, user: &UserId) -> Result<()> {
        run!(self, "UPDATE users SET totp_secret = NULL, totp_since = NULL, totp_step = 0 WHERE id = $1", user.as_str())?;
        run!(self, "DELETE FROM recovery_codes WHERE user_id = $1", user.as_str()).map(|_| ())
    }

    /// Replaces all recovery codes by these hashes.
    pub async fn save_recovery_codes(&mut self, user: &UserId, hashes: &[String]) -> Result<()> {
        run!(self, "DELETE FROM recovery_codes WHERE user_id = $1", user.as_str())?;
        for hash in hashes {
            run!(self, "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)", user.as_str(), hash)?;
        }
        Ok(())
    }

    /// Uses up a recovery code; false where there is none like it.
    pub async fn take_recovery_code(&mut self, user: &UserId, hash: &str) -> Result<bool> {
        Ok(run!(self, "DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2", user.as_str(), hash)? == 1)
    }

    /// Makes somebody a member, or what they are something else.
    pub async fn save_membership(&mut self, membership: &Membership) -> Result<()> {
        const SAVE: &str = "INSERT INTO memberships (user_id, tenant_id, role, reach, created_at) VALUES ($1, $2, $3, $4, $5) \
                            ON CONFLICT (user_id, tenant_id) DO UPDATE SET role = excluded.role, reach = excluded.reach";
        let Membership { user_id, tenant_id, role, reach, created_at } = membership;
        run!(self, SAVE, user_id.as_str(), tenant_id.as_str(), role.as_str(), reach.to_string(), created_at.0).map(|_| ())
    }

    pub async fn remove_membership(&mut self, user: &UserId, tenant: &TenantId) -> Result<bool> {
        Ok(run!(self, "DELETE FROM memberships WHERE user_id = $1 AND tenant_id = $2", user.as_str(), tenant.as_str())? == 1)
    }

    /// Until the commit nobody else founds a business as this person.
    pub async fn hold_businesses_of(&mut self, user: &UserId) -> Result<()> {
        run!(self, "UPDATE users SET name = name WHERE id = $1", user.as_str()).map(|_| ())
    }

    /// Until the commit nobody else changes who is what in this business.
    pub async fn hold_people_of(&mut self, tenant: &TenantId) -> Result<()> {
        run!(self, "UPDATE tenants SET slug = slug WHERE id = $1", tenant.as_str()).map(|_| ())
    }
}
