//! Who did what: on the platform to people and keys, in a cell to the business.

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

/// A line of an audit log. It says what was done, never with which content.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Audit {
    #[sqlx(try_from = "String")]
    pub id: AuditId,
    /// A user or an API key by its id, or the name of a command.
    pub actor: String,
    /// A noun and a verb, such as `member.removed`.
    pub action: String,
    /// What it was done to, by its id.
    pub subject: Option<String>,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

pub struct AuditLog<'a>(&'a mut Conn);

impl Conn {
    /// The log of this database.
    pub fn audit_log(&mut self) -> AuditLog<'_> {
        AuditLog(self)
    }
}

impl AuditLog<'_> {
    /// In a cell: newest first, from before this id.
    pub async fn list(&mut self, before: Option<&AuditId>, limit: i64) -> Result<Vec<Audit>> {
        const LIST: &str = "SELECT id, actor, action, subject, created_at FROM audit_log WHERE id < $1 ORDER BY id DESC LIMIT $2";
        all!(self.0, Audit, LIST, before.map_or("~", AuditId::as_str), limit)
    }

    /// In a cell: what people call that which a line is about, as it is called now; none for what has no name or is gone.
    pub async fn name_of(&mut self, subject: &str) -> Result<Option<String>> {
        const NAME: &str = "SELECT name FROM service_points WHERE id = $1 UNION ALL SELECT title FROM products WHERE id = $2 \
                            UNION ALL SELECT title FROM policies WHERE id = $3 UNION ALL SELECT code FROM orders WHERE id = $4 \
                            UNION ALL SELECT p.name FROM channels c JOIN service_points p ON p.id = c.service_point_id WHERE c.id = $5 \
                            UNION ALL SELECT COALESCE(u.name, u.phone, '') FROM conversations c JOIN customers u ON u.id = c.customer_id WHERE c.id = $6";
        let found = one!(self.0, (String,), NAME, subject, subject, subject, subject, subject, subject)?;
        Ok(found.map(|(name,)| name).filter(|name| !name.is_empty()))
    }

    /// On the platform: the same, of one business.
    pub async fn list_of(&mut self, tenant: &TenantId, before: Option<&AuditId>, limit: i64) -> Result<Vec<Audit>> {
        const LIST: &str = "SELECT id, actor, action, subject, created_at FROM audit_log WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        all!(self.0, Audit, LIST, tenant.as_str(), before.map_or("~", AuditId::as_str), limit)
    }
}

impl Write {
    /// In a cell: notes what this transaction does.
    pub async fn note(&mut self, line: &Audit) -> Result<()> {
        const ADD: &str = "INSERT INTO audit_log (id, actor, action, subject, created_at) VALUES ($1, $2, $3, $4, $5)";
        run!(self, ADD, line.id.as_str(), &line.actor, &line.action, line.subject.as_deref(), line.created_at.0).map(|_| ())
    }

    /// On the platform: the same, about a business or about none.
    pub async fn note_of(&mut self, tenant: Option<&TenantId>, line: &Audit) -> Result<()> {
        const ADD: &str = "INSERT INTO audit_log (id, tenant_id, actor, action, subject, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
        let tenant = tenant.map(TenantId::as_str);
        run!(self, ADD, line.id.as_str(), tenant, &line.actor, &line.action, line.subject.as_deref(), line.created_at.0).map(|_| ())
    }
}
