//! Who may do what: the one place that decides, and the table that shows it.

use std::{collections::BTreeSet, fmt, str::FromStr};

use relevo_model::{Reach, Role, ServicePointId};

/// The text names no permission.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a permission")]
pub struct UnknownPermission(pub String);

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $extent:ident;)+) => {
        /// Something that a role may let somebody do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission { $($(#[$doc])* $name),+ }

        impl Permission {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name, as API keys and texts know it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            pub const fn extent(self) -> Extent {
                match self { $(Self::$name => Extent::$extent),+ }
            }
        }

        impl FromStr for Permission {
            type Err = UnknownPermission;
            fn from_str(text: &str) -> Result<Self, UnknownPermission> {
                match text {
                    $($text => Ok(Self::$name),)+
                    other => Err(UnknownPermission(other.to_owned())),
                }
            }
        }
    };
}

/// What a permission is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One service point at a time: whoever is limited to some has it there.
    Point,
    /// The whole business: whoever is limited to some service points has it not.
    Business,
    /// What is everybody's to see who belongs to the business, wherever they work.
    Everybody,
}

permissions! {
    /// Its name, its service points, its catalogue.
    SeeBusiness = "see-business", Everybody;
    SeeConversations = "see-conversations", Point;
    /// Taking a conversation from the bot, giving it back, assigning it.
    TakeOver = "take-over", Point;
    Send = "send", Point;
    /// Turning the bot on and off, for a conversation or a service point.
    SwitchBot = "switch-bot", Point;
    SeeOrders = "see-orders", Point;
    ChangeOrders = "change-orders", Point;
    /// Totals and takings.
    SeeMoney = "see-money", Point;
    UseSimulator = "use-simulator", Point;
    /// Asking for a QR or a pairing code, which links a number.
    AskForQr = "ask-for-qr", Point;
    ManagePoints = "manage-points", Point;
    ManageChannels = "manage-channels", Point;
    ConfigureFlows = "configure-flows", Point;
    /// Inviting, limiting and removing people; never beyond what one is oneself.
    ManagePeople = "manage-people", Point;
    ManageProducts = "manage-products", Business;
    /// Prompts, policies, the model and its key.
    ConfigureAssistant = "configure-assistant", Business;
    UploadPlugins = "upload-plugins", Business;
    ManageApiKeys = "manage-api-keys", Business;
    Export = "export", Business;
    SeeAudit = "see-audit", Business;
    ChangeBusiness = "change-business", Business;
    EraseBusiness = "erase-business", Business;
}

/// From the one who may most to the one who may least.
pub const ROLES: [Role; 4] = [Role::Owner, Role::Admin, Role::Agent, Role::Viewer];

/// What keys for tests may be given: nothing that reaches a customer.
pub const OF_TEST_KEYS: &[Permission] = &[Permission::UseSimulator];

/// Whether a role has a permission. Everything that asks, asks here.
pub const fn allows(role: Role, permission: Permission) -> bool {
    use Permission::*;
    match role {
        Role::Owner => true,
        Role::Admin => !matches!(permission, EraseBusiness),
        Role::Agent => matches!(permission, SeeBusiness | SeeConversations | TakeOver | Send | SwitchBot | SeeOrders | ChangeOrders | UseSimulator),
        Role::Viewer => matches!(permission, SeeBusiness | SeeConversations | SeeOrders | SeeMoney),
    }
}

/// What somebody holds in a business: a role, where it counts, and for keys which part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    pub role: Role,
    pub reach: Reach,
    /// None is all that the role allows.
    pub scopes: Option<BTreeSet<Permission>>,
}

impl Rights {
    /// Whether this may be done at a service point; without one: to the whole business, or somewhere in it, as the permission is about.
    pub fn may(&self, permission: Permission, point: Option<ServicePointId>) -> bool {
        let has = allows(self.role, permission) && self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&permission));
        has && match permission.extent() {
            Extent::Everybody => true,
            Extent::Business => self.reach == Reach::All,
            Extent::Point => point.is_none_or(|point| self.reach.covers(&point)),
        }
    }

    /// Whether somebody with these rights may make another one this: nobody gives what they have not.
    pub fn may_grant(&self, role: Role, reach: &Reach) -> bool {
        let high_enough = self.role == Role::Owner || role != Role::Owner;
        let sound = role != Role::Owner || *reach == Reach::All;
        self.may(Permission::ManagePeople, None) && high_enough && sound && reach.is_within(&self.reach)
    }
}

/// A line of the matrix: a permission, and which roles have it, in the order of `ROLES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub permission: Permission,
    pub roles: [bool; 4],
}

/// Everything that `allows` says.
pub fn matrix() -> impl Iterator<Item = Line> {
    Permission::ALL.iter().map(|permission| Line { permission: *permission, roles: ROLES.map(|role| allows(role, *permission)) })
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "0198c0de-0000-7000-8000-000000000001";
    const THERE: &str = "0198c0de-0000-7000-8000-000000000002";

    fn rights(role: Role, reach: Reach) -> Rights {
        Rights { role, reach, scopes: None }
    }

    fn only(point: &str) -> Reach {
        [point.parse().unwrap()].into_iter().collect()
    }

    /// What changes here changes what people may do: it is written twice on purpose.
    #[test]
    fn the_matrix_is_as_it_was_decided() {
        const DECIDED: &str = "\
            see-business        owner admin agent viewer\n\
            see-conversations   owner admin agent viewer\n\
            take-over           owner admin agent -\n\
            send                owner admin agent -\n\
            switch-bot          owner admin agent -\n\
            see-orders          owner admin agent viewer\n\
            change-orders       owner admin agent -\n\
            see-money           owner admin - viewer\n\
            use-simulator       owner admin agent -\n\
            ask-for-qr          owner admin - -\n\
            manage-points       owner admin - -\n\
            manage-channels     owner admin - -\n\
            configure-flows     owner admin - -\n\
            manage-people       owner admin - -\n\
            manage-products     owner admin - -\n\
            configure-assistant owner admin - -\n\
            upload-plugins      owner admin - -\n\
            manage-api-keys     owner admin - -\n\
            export              owner admin - -\n\
            see-audit           owner admin - -\n\
            change-business     owner admin - -\n\
            erase-business      owner - - -\n";
        let mut shown = String::new();
        for line in matrix() {
            let roles: Vec<&str> = ROLES.iter().zip(line.roles).map(|(role, has)| if has { role.as_str() } else { "-" }).collect();
            shown += &format!("{:<19} {}\n", line.permission.as_str(), roles.join(" "));
        }
        assert_eq!(shown, DECIDED);
    }

    #[test]
    fn a_permission_reads_back_as_it_was_written() {
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse::<Permission>().unwrap(), *permission);
        }
        assert!("everything".parse::<Permission>().is_err());
    }

    #[test]
    fn a_limit_to_service_points_holds_at_the_others_and_for_the_whole_business() {
        let (here, there) = (HERE.parse().unwrap(), THERE.parse().unwrap());
        for role in ROLES {
            let limited = rights(role, only(HERE));
            for permission in Permission::ALL {
                let has = allows(role, *permission);
                let business = permission.extent() == Extent::Business;
                let everybody = permission.extent() == Extent::Everybody;
                assert_eq!(limited.may(*permission, Some(here)), has && !business, "{role} {permission} here");
                assert_eq!(limited.may(*permission, Some(there)), has && everybody, "{role} {permission} there");
                assert_eq!(limited.may(*permission, None), has && !business, "{role} {permission} anywhere");
                assert_eq!(rights(role, Reach::All).may(*permission, Some(there)), has, "{role} {permission} unlimited");
            }
        }
    }

    #[test]
    fn scopes_take_away_and_never_add() {
        let scopes = Some([Permission::Send, Permission::SeeMoney].into());
        let key = Rights { role: Role::Agent, reach: Reach::All, scopes };

        assert!(key.may(Permission::Send, None));
        assert!(!key.may(Permission::TakeOver, None));
        assert!(!key.may(Permission::SeeMoney, None));
    }

    #[test]
    fn nobody_grants_more_than_they_are() {
        let (owner, admin, limited) = (rights(Role::Owner, Reach::All), rights(Role::Admin, Reach::All), rights(Role::Admin, only(HERE)));

        assert!(owner.may_grant(Role::Owner, &Reach::All) && admin.may_grant(Role::Admin, &Reach::All));
        assert!(!owner.may_grant(Role::Owner, &only(HERE)));
        assert!(!admin.may_grant(Role::Owner, &Reach::All));
        assert!(limited.may_grant(Role::Agent, &only(HERE)));
        assert!(!limited.may_grant(Role::Agent, &only(THERE)) && !limited.may_grant(Role::Agent, &Reach::All));
        assert!(!rights(Role::Agent, Reach::All).may_grant(Role::Viewer, &Reach::All));
    }
}
