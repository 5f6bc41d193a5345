//! What a business granted to a plugin: never more than its manifest asks.

use serde::{Deserialize, Serialize};

use crate::{
    allowed,
    manifest::{Access, Manifest, Permission, permission::includes},
};

/// A narrowing of a manifest's permissions, as JSON a list of them without their reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants(Vec<Permission>);

impl Grants {
    /// All that the manifest asks.
    pub fn all(manifest: &Manifest) -> Self {
        Self::of(&manifest.permissions)
    }

    pub fn none() -> Self {
        Self::default()
    }

    /// These, whoever asked for them. What an admin chose is to be taken with [`narrowed`](Self::narrowed) of what was asked.
    pub fn of(permissions: &[Permission]) -> Self {
        Self(permissions.iter().map(Permission::bare).collect())
    }

    /// Of what is wanted, what these hold.
    pub fn narrowed(&self, wanted: &Self) -> Self {
        let mut held: Vec<Permission> = Vec::new();
        for wanted in &wanted.0 {
            for granted in &self.0 {
                match common(granted, wanted) {
                    Some(permission) if !held.contains(&permission) => held.push(permission),
                    _ => {}
                }
            }
        }
        Self(held)
    }

    pub fn permissions(&self) -> &[Permission] {
        &self.0
    }

    /// Whether this method may be sent to this host; `port` is the effective one.
    pub fn allows_http(&self, method: &str, host: &str, port: u16) -> bool {
        allowed::http(&self.0, method, host, port)
    }

    pub fn allows_secret(&self, name: &str) -> bool {
        allowed::secret(&self.0, name)
    }

    pub fn allows_records(&self, collection: &str, access: Access) -> bool {
        allowed::records(&self.0, collection, access)
    }

    pub fn allows_timers(&self) -> bool {
        allowed::timers(&self.0)
    }

    pub fn allows_hand_over(&self) -> bool {
        allowed::hand_over(&self.0)
    }

    pub fn allows_tickets(&self) -> bool {
        allowed::tickets(&self.0)
    }

    pub fn allows_llm(&self) -> bool {
        allowed::llm(&self.0)
    }

    /// The part of a permission that these do not hold.
    pub(crate) fn lacks(&self, asked: &Permission) -> Option<Permission> {
        match asked {
            Permission::Http { hosts, methods, reason } => {
                let reaches = |host: &String, method: &String| self.0.iter().any(|held| holds_http(held, host, method));
                let hosts: Vec<String> = hosts.iter().filter(|host| methods.iter().any(|method| !reaches(host, method))).cloned().collect();
                let methods = methods.iter().filter(|method| hosts.iter().any(|host| !reaches(host, method))).cloned().collect();
                (!hosts.is_empty()).then(|| Permission::Http { hosts, methods, reason: reason.clone() })
            }
            Permission::Secrets { names, reason } => {
                let names: Vec<String> = names.iter().filter(|name| !self.allows_secret(name)).cloned().collect();
                (!names.is_empty()).then(|| Permission::Secrets { names, reason: reason.clone() })
            }
            Permission::Records { collection, access, .. } => (!self.allows_records(collection, *access)).then(|| asked.clone()),
            Permission::Llm { .. } | Permission::Tickets { .. } | Permission::Timers { .. } | Permission::HandOver { .. } => {
                (!self.0.iter().any(|held| held.kind() == asked.kind())).then(|| asked.clone())
            }
        }
    }
}

fn holds_http(held: &Permission, host: &str, method: &str) -> bool {
    matches!(held, Permission::Http { hosts, methods, .. } if allowed::has_method(methods, method) && hosts.iter().any(|own| includes(own, host)))
}

/// What two permissions both allow.
fn common(one: &Permission, other: &Permission) -> Option<Permission> {
    match (one, other) {
        (Permission::Http { hosts, methods, .. }, Permission::Http { hosts: other_hosts, methods: other_methods, .. }) => {
            let narrow = other_hosts.iter().filter(|host| hosts.iter().any(|wide| includes(wide, host)));
            let wide = hosts.iter().filter(|host| !other_hosts.contains(host) && other_hosts.iter().any(|wide| includes(wide, host)));
            let hosts: Vec<String> = narrow.chain(wide).cloned().collect();
            let methods: Vec<String> = methods.iter().filter(|method| allowed::has_method(other_methods, method)).cloned().collect();
            (!hosts.is_empty() && !methods.is_empty()).then(|| Permission::Http { hosts, methods, reason: Default::default() })
        }
        (Permission::Secrets { names, .. }, Permission::Secrets { names: others, .. }) => {
            let names: Vec<String> = names.iter().filter(|name| others.contains(name)).cloned().collect();
            (!names.is_empty()).then(|| Permission::Secrets { names, reason: Default::default() })
        }
        (Permission::Records { collection, access, .. }, Permission::Records { collection: other, access: other_access, .. }) => {
            (collection == other).then(|| Permission::Records { collection: collection.clone(), access: *access.min(other_access), reason: Default::default() })
        }
        _ => (one.kind() == other.kind()).then(|| other.bare()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn grants(json: serde_json::Value) -> Grants {
        from_value(json).unwrap()
    }

    fn manifest(permissions: &serde_json::Value) -> Manifest {
        let manifest = json!({
            "id": "x", "version": "1.0.0", "api": crate::API_VERSION, "title": "X", "permissions": permissions,
            "config": { "type": "object", "properties": { "KEY": { "type": "string", "format": "secret" } } },
        });
        Manifest::parse(manifest.to_string().as_bytes()).unwrap()
    }

    fn asked() -> serde_json::Value {
        json!([
            { "kind": "http", "hosts": ["api.test", "*.example.com"], "methods": ["GET", "POST"], "reason": "prices" },
            { "kind": "secrets", "names": ["KEY"], "reason": "its key" },
            { "kind": "records", "collection": "orders", "access": "write", "reason": "orders" },
            { "kind": "timers", "reason": "later" },
        ])
    }

    #[test]
    fn a_grant_holds_what_is_wanted_and_was_asked_and_no_more() {
        let wanted = grants(json!([
            { "kind": "http", "hosts": ["a.example.com", "other.test"], "methods": ["GET", "DELETE"] },
            { "kind": "records", "collection": "orders", "access": "read" },
            { "kind": "records", "collection": "products", "access": "read" },
            { "kind": "tickets" },
        ]));

        let granted = Grants::all(&manifest(&asked())).narrowed(&wanted);

        assert_eq!(
            granted,
            grants(json!([
                { "kind": "http", "hosts": ["a.example.com"], "methods": ["GET"] },
                { "kind": "records", "collection": "orders", "access": "read" },
            ]))
        );
        assert!(granted.allows_http("GET", "a.example.com", 443));
        assert!(!granted.allows_http("GET", "b.example.com", 443) && !granted.allows_http("POST", "a.example.com", 443));
        assert!(granted.allows_records("orders", Access::Read) && !granted.allows_records("orders", Access::Write));
        assert!(!granted.allows_secret("KEY") && !granted.allows_timers() && !granted.allows_tickets());
    }

    #[test]
    fn all_is_all_that_was_asked_without_its_reasons_and_none_is_nothing() {
        let manifest = manifest(&asked());

        let all = Grants::all(&manifest);

        assert!(all.allows_http("POST", "api.test", 443) && all.allows_secret("KEY") && all.allows_timers());
        assert!(!serde_json::to_string(&all).unwrap().contains("reason"));
        assert_eq!(all.narrowed(&all), all);
        assert_eq!(all.narrowed(&Grants::none()), Grants::none());
    }

    #[test]
    fn a_version_asks_more_by_its_own_predecessor_not_by_what_was_taken_out_of_it() {
        let before = Grants::all(&manifest(&asked()));
        let more = manifest(&json!([
            { "kind": "http", "hosts": ["api.test", "b.example.com", "new.test"], "methods": ["GET"], "reason": "prices" },
            { "kind": "secrets", "names": ["KEY"], "reason": "its key" },
            { "kind": "records", "collection": "orders", "access": "read", "reason": "orders" },
            { "kind": "hand-over", "reason": "complaints" },
        ]));

        assert_eq!(manifest(&asked()).asks_more_than(&before), []);
        let asks = more.asks_more_than(&before);

        assert_eq!(
            asks,
            [
                Permission::Http { hosts: vec!["new.test".into()], methods: vec!["GET".into()], reason: "prices".into() },
                Permission::HandOver { reason: "complaints".into() },
            ]
        );
    }

    #[test]
    fn a_wider_pattern_or_a_new_method_is_more() {
        let before = grants(json!([{ "kind": "http", "hosts": ["api.example.com"], "methods": ["GET"] }]));
        let wider = json!([{ "kind": "http", "hosts": ["*.example.com"], "methods": ["GET"], "reason": "prices" }]);
        let more_methods = json!([{ "kind": "http", "hosts": ["api.example.com"], "methods": ["GET", "POST"], "reason": "prices" }]);
        let other_port = json!([{ "kind": "http", "hosts": ["api.example.com:8443"], "methods": ["GET"], "reason": "prices" }]);

        let secret_free = |permissions: &serde_json::Value| {
            let mut manifest = manifest(&asked());
            manifest.permissions = from_value(permissions.clone()).unwrap();
            manifest.asks_more_than(&before)
        };

        assert_eq!(secret_free(&wider).len(), 1);
        assert_eq!(
            secret_free(&more_methods),
            [Permission::Http { hosts: vec!["api.example.com".into()], methods: vec!["POST".into()], reason: "prices".into() }]
        );
        assert_eq!(secret_free(&other_port).len(), 1);
    }
}
