//! Where one can go: the sections of the top bar, and the pages of each.

use serde::Serialize;

use crate::{http::routes::Access, policy::Permission};

/// A page, and who may take it: the same as its route says, which a test sees to.
pub struct Entry {
    /// The key of its name.
    pub text: &'static str,
    pub address: &'static str,
    pub access: Access,
}

/// Pages that belong together: one word in the top bar, tabs on each of them.
pub struct Section {
    pub text: &'static str,
    pub entries: &'static [Entry],
}

const fn entry(text: &'static str, address: &'static str, access: Access) -> Entry {
    Entry { text, address, access }
}

/// The top bar, in its order. Whoever adds a page that is to be found adds it here.
pub const SECTIONS: &[Section] = &[
    Section { text: "nav-dashboard", entries: &[entry("nav-dashboard", "/dashboard", Access::Permission(Permission::SeeConversations))] },
    Section { text: "nav-tickets", entries: &[entry("nav-tickets", "/tickets", Access::Permission(Permission::SeeConversations))] },
    Section { text: "nav-orders", entries: &[entry("nav-orders", "/orders", Access::Permission(Permission::SeeOrders))] },
    Section {
        text: "nav-products",
        entries: &[
            entry("nav-products", "/products", Access::Permission(Permission::SeeBusiness)),
            entry("nav-records", "/records", Access::Permission(Permission::ManageProducts)),
        ],
    },
    Section { text: "nav-plugins", entries: &[entry("nav-plugins", "/plugins", Access::Permission(Permission::UploadPlugins))] },
    Section { text: "nav-simulator", entries: &[entry("nav-simulator", "/simulator", Access::Permission(Permission::UseSimulator))] },
    Section {
        text: "nav-team",
        entries: &[
            entry("nav-people", "/people", Access::Permission(Permission::ManagePeople)),
            entry("nav-matrix", "/people/matrix", Access::Permission(Permission::SeeBusiness)),
        ],
    },
    Section {
        text: "nav-settings",
        entries: &[
            entry("nav-business", "/settings", Access::Permission(Permission::ChangeBusiness)),
            entry("nav-points", "/points", Access::Permission(Permission::SeeBusiness)),
            entry("nav-assistant", "/settings/assistant", Access::Permission(Permission::ConfigureAssistant)),
            entry("nav-prompt", "/settings/prompt", Access::Permission(Permission::ConfigureAssistant)),
            entry("nav-policies", "/settings/policies", Access::Permission(Permission::ConfigureAssistant)),
            entry("nav-keys", "/keys", Access::Permission(Permission::ManageApiKeys)),
            entry("nav-audit", "/audit", Access::Permission(Permission::SeeAudit)),
            entry("nav-system", "/system", Access::Operator),
        ],
    },
];

/// What is one's own: reached by the menu of the person, not by the bar.
pub const OWN: Section = Section {
    text: "nav-account",
    entries: &[
        entry("nav-profile", "/account", Access::Person),
        entry("nav-devices", "/account/devices", Access::Person),
        entry("nav-second-factor", "/account/second-factor", Access::Person),
    ],
};

/// A link as a template shows it.
#[derive(Serialize)]
pub struct Link {
    pub text: &'static str,
    pub address: &'static str,
    pub current: bool,
}

/// The top bar of somebody who may take what `may` says, and the tabs of the section that this path is in; none where there is one page.
pub fn links(path: &str, may: impl Fn(Access) -> bool) -> (Vec<Link>, Vec<Link>) {
    let here = here(path);
    let open = |section: &Section| section.entries.iter().filter(|entry| may(entry.access)).map(|entry| entry.address).next();
    let current = |section: &Section| section.entries.iter().any(|entry| here == Some(entry.address));
    let bar = SECTIONS.iter().filter_map(|section| Some(Link { text: section.text, address: open(section)?, current: current(section) })).collect();
    let section = SECTIONS.iter().chain([&OWN]).find(|section| current(section));
    let tabs: Vec<Link> = section
        .into_iter()
        .flat_map(|section| section.entries)
        .filter(|entry| may(entry.access))
        .map(|entry| Link { text: entry.text, address: entry.address, current: here == Some(entry.address) })
        .collect();
    (bar, if tabs.len() > 1 { tabs } else { Vec::new() })
}

/// The page that this path is, or that it is a part of.
fn here(path: &str) -> Option<&'static str> {
    let entries = SECTIONS.iter().chain([&OWN]).flat_map(|section| section.entries);
    let leads = |address: &&str| path.strip_prefix(*address).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    entries.map(|entry| entry.address).filter(leads).max_by_key(|address| address.len())
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;

    #[test]
    fn no_link_is_dead_and_each_asks_what_its_page_asks() {
        let routes = crate::http::routes();
        for entry in SECTIONS.iter().chain([&OWN]).flat_map(|section| section.entries) {
            let route = routes.table().iter().find(|route| route.path == entry.address && route.method == Method::GET);
            assert_eq!(route.map(|route| route.access), Some(entry.access), "{}", entry.address);
        }
    }

    #[test]
    fn the_bar_shows_what_one_may_see_and_where_one_is() {
        let (bar, tabs) = links("/people/matrix", |access| access == Access::Permission(Permission::SeeBusiness));

        let bar: Vec<_> = bar.iter().map(|link| (link.address, link.current)).collect();
        assert_eq!(bar, [("/products", false), ("/people/matrix", true), ("/points", false)], "each section begins with what one may see of it");
        assert!(tabs.is_empty(), "one page needs no tabs");
    }

    #[test]
    fn a_page_below_another_is_a_part_of_the_nearest() {
        assert_eq!(here("/people/x/remove"), Some("/people"));
        assert_eq!(here("/people/matrix"), Some("/people/matrix"));
        assert_eq!(here("/peoples"), None);
        let (_, tabs) = links("/account/devices", |access| access == Access::Person);
        assert_eq!(tabs.iter().map(|link| link.current).collect::<Vec<_>>(), [false, true, false]);
    }
}
