//! API keys: shown once, kept by their hash, limited to what their maker may do and to less.

use std::collections::BTreeSet;

use relevo_model::*;
use relevo_store::ApiKey;
use secrecy::SecretString;

use super::{Actor, Door, Error, Member, Problem, Refusal, Result, account::named, tokens};
use crate::policy::{OF_TEST_KEYS, Permission, Rights};

/// What every key begins with; `live_` or `test_` follows.
pub const PREFIX: &str = "rlv_";
/// Characters of a key that are shown later, beside what it begins with.
const SHOWN: usize = 6;
/// What no program is given: by these it could make itself or others more.
const NEVER: &[Permission] = &[Permission::ManagePeople, Permission::ManageApiKeys, Permission::EraseBusiness];

/// What a key is to be.
pub struct KeyPlan {
    pub name: String,
    /// Reaches the simulator only.
    pub test: bool,
    pub scopes: BTreeSet<Permission>,
    pub reach: Reach,
}

/// A key that was just made. It cannot be shown again.
#[derive(Debug)]
pub struct NewKey {
    pub row: ApiKey,
    pub key: SecretString,
}

impl KeyPlan {
    /// What somebody may give to a key.
    pub fn grantable(by: &Member, test: bool) -> impl Iterator<Item = Permission> {
        let all = if test { OF_TEST_KEYS } else { Permission::ALL };
        all.iter().copied().filter(move |permission| by.may(*permission, None) && !NEVER.contains(permission))
    }
}

impl Door {
    /// Makes a key, as a person who may; none of its scopes is more than that person has.
    pub async fn make_key(&self, by: &Member, plan: &KeyPlan) -> Result<NewKey> {
        let maker = by.person()?;
        by.demand(Permission::ManageApiKeys, None)?;
        if let Some(problem) = named(&plan.name) {
            return Err(Error::Invalid(vec![problem]));
        }
        let grantable: BTreeSet<Permission> = KeyPlan::grantable(by, plan.test).collect();
        if plan.scopes.is_empty() || !plan.scopes.is_subset(&grantable) {
            return Err(Error::Invalid(vec![Problem { field: "scopes", text: "problem-scopes" }]));
        }
        if !plan.reach.is_within(by.reach()) {
            return Err(Refusal::Forbidden.into());
        }
        let start = format!("{PREFIX}{}_", if plan.test { "test" } else { "live" });
        let random = tokens::letters::<32>();
        let key = format!("{start}{}", *random);
        let row = ApiKey {
            id: self.clock.id(),
            prefix: format!("{start}{}", &random[..SHOWN]),
            tenant_id: by.tenant,
            name: plan.name.trim().to_owned(),
            test: plan.test,
            role: by.rights.role,
            reach: plan.reach.clone(),
            scopes: plan.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(","),
            created_by: maker.id,
            created_at: self.clock.now(),
            last_used_at: None,
            revoked_at: None,
        };
        let mut write = self.store.platform().write().await?;
        // Whoever was made less since the request came in makes no key that would stay.
        if !self.rights_held(&mut write, &maker.id, &by.tenant).await?.is_some_and(|rights| may_make(&rights, &row)) {
            return Err(Refusal::Forbidden.into());
        }
        write.add_api_key(&row, &tokens::hash(&key)).await?;
        write.note_of(Some(&by.tenant), &self.line(by.id(), "api-key.made", Some(row.id.as_str()))).await?;
        write.commit().await?;
        Ok(NewKey { row, key: key.into() })
    }

    /// Newest first, from before this one; revoked ones too.
    pub async fn keys(&self, by: &Member, before: Option<&ApiKeyId>, limit: i64) -> Result<Vec<ApiKey>> {
        by.demand(Permission::ManageApiKeys, None)?;
        Ok(self.store.platform().read().await?.api_keys().list_of(&by.tenant, before, limit).await?)
    }

    pub async fn revoke_key(&self, by: &Member, key: &ApiKeyId) -> Result<()> {
        by.demand(Permission::ManageApiKeys, None)?;
        let mut write = self.store.platform().write().await?;
        if !write.revoke_api_key(&by.tenant, key, self.clock.now()).await? {
            return Err(Error::Gone);
        }
        write.note_of(Some(&by.tenant), &self.line(by.id(), "api-key.revoked", Some(key.as_str()))).await?;
        write.commit().await?;
        Ok(())
    }
}

/// Whether somebody with these rights could make this key.
pub fn may_make(rights: &Rights, key: &ApiKey) -> bool {
    rights.may(Permission::ManageApiKeys, None) && key.reach.is_within(&rights.reach) && scopes(key).all(|scope| rights.may(scope, None))
}

/// What a key may do.
pub fn member(key: ApiKey) -> Member {
    let scopes = scopes(&key).filter(|scope| !NEVER.contains(scope) && (!key.test || OF_TEST_KEYS.contains(scope))).collect();
    Member {
        actor: Actor::Key { id: key.id, name: key.name },
        tenant: key.tenant_id,
        rights: Rights { role: key.role, reach: key.reach, scopes: Some(scopes) },
        test: key.test,
    }
}

/// One that no longer exists is none.
fn scopes(key: &ApiKey) -> impl Iterator<Item = Permission> {
    key.scopes.split(',').filter_map(|scope| scope.parse().ok())
}
