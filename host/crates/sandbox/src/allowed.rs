//! What a list of permissions allows: the same for what a manifest asks and for what a business granted.

use crate::manifest::{Access, Permission, permission::covers};

pub(crate) fn records(permissions: &[Permission], collection: &str, access: Access) -> bool {
    permissions.iter().any(|p| matches!(p, Permission::Records { collection: c, access: a, .. } if c == collection && *a >= access))
}

pub(crate) fn http_method(permissions: &[Permission], method: &str) -> bool {
    permissions.iter().any(|p| matches!(p, Permission::Http { methods, .. } if has_method(methods, method)))
}

/// `port` is the effective one.
pub(crate) fn http(permissions: &[Permission], method: &str, host: &str, port: u16) -> bool {
    permissions
        .iter()
        .any(|p| matches!(p, Permission::Http { hosts, methods, .. } if has_method(methods, method) && hosts.iter().any(|h| covers(h, host, port))))
}

pub(crate) fn secret(permissions: &[Permission], name: &str) -> bool {
    permissions.iter().flat_map(Permission::secrets).any(|granted| granted == name)
}

pub(crate) fn timers(permissions: &[Permission]) -> bool {
    permissions.iter().any(|p| matches!(p, Permission::Timers { .. }))
}

pub(crate) fn hand_over(permissions: &[Permission]) -> bool {
    permissions.iter().any(|p| matches!(p, Permission::HandOver { .. }))
}

pub(crate) fn tickets(permissions: &[Permission]) -> bool {
    permissions.iter().any(|p| matches!(p, Permission::Tickets { .. }))
}

pub(crate) fn llm(permissions: &[Permission]) -> bool {
    permissions.iter().any(|p| matches!(p, Permission::Llm { .. }))
}

pub(crate) fn has_method(methods: &[String], method: &str) -> bool {
    methods.iter().any(|own| own.eq_ignore_ascii_case(method))
}
