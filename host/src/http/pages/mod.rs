//! The pages of the door, and of whoever is in: themselves, their colleagues, their keys, what goes on, what their business sells and where.

mod account;
mod audit;
mod colleague;
mod collections;
mod dashboard;
mod design;
mod devices;
mod entry;
mod first_steps;
mod grant;
mod invitation;
mod keys;
mod names;
mod orders;
mod people;
mod plugin_tests;
pub mod plugins;
mod points;
mod products;
mod register;
mod replays;
mod reset;
mod second_factor;
mod settings;
mod system;
mod tickets;
mod turns;
mod workplace;

use super::routes::{Access, Routes};
use crate::policy::Permission;

pub use design::routes as design;

/// Everything in here, with who may take it.
pub fn routes() -> Routes {
    door()
        .merge(own())
        .merge(business())
        .merge(products::routes())
        .merge(tickets::routes())
        .merge(orders::routes())
        .merge(collections::routes())
        .merge(points::routes())
        .merge(plugins::routes())
        .merge(replays::routes())
        .merge(plugin_tests::routes())
        .merge(turns::routes())
        .merge(settings::routes())
}

/// The way in and out.
fn door() -> Routes {
    Routes::new()
        .get("/", Access::Public, workplace::start)
        .get("/login", Access::Public, entry::show)
        .post("/login", Access::Public, entry::enter)
        .get("/login/code", Access::Public, entry::show_code)
        .post("/login/code", Access::Public, entry::enter_code)
        .post("/logout", Access::Person, entry::leave)
        .get("/register", Access::Public, register::show)
        .post("/register", Access::Public, register::register)
        .get("/reset", Access::Public, reset::show)
        .post("/reset", Access::Public, reset::ask)
        .get("/reset/{token}", Access::Public, reset::show_link)
        .post("/reset/{token}", Access::Public, reset::choose)
        .get("/invitation/{token}", Access::Public, invitation::show)
        .post("/invitation/{token}", Access::Public, invitation::accept)
}

/// What is one's own.
fn own() -> Routes {
    Routes::new()
        .get("/welcome", Access::Person, workplace::welcome)
        .post("/welcome", Access::Person, workplace::found)
        .post("/workplace", Access::Person, workplace::switch)
        .get("/account", Access::Person, account::show)
        .post("/account", Access::Person, account::save)
        .post("/account/password", Access::Person, account::change_password)
        .get("/account/devices", Access::Person, devices::list)
        .post("/account/devices/others/revoke", Access::Person, devices::revoke_others)
        .post("/account/devices/{session}/revoke", Access::Person, devices::revoke)
        .get("/account/second-factor", Access::Person, second_factor::show)
        .post("/account/second-factor", Access::Person, second_factor::offer)
        .post("/account/second-factor/prove", Access::Person, second_factor::prove)
        .post("/account/second-factor/codes", Access::Person, second_factor::renew)
        .post("/account/second-factor/remove", Access::Person, second_factor::remove)
}

/// What is a business's.
fn business() -> Routes {
    const PEOPLE: Access = Access::Permission(Permission::ManagePeople);
    const KEYS: Access = Access::Permission(Permission::ManageApiKeys);
    Routes::new()
        .get("/dashboard", Access::Permission(Permission::SeeConversations), dashboard::show)
        .get("/people", PEOPLE, people::list)
        .get("/people/matrix", Access::Permission(Permission::SeeBusiness), people::matrix)
        .get("/people/invite", PEOPLE, people::show_invite)
        .post("/people/invite", PEOPLE, people::invite)
        .get("/people/invitations/{invitation}/withdraw", PEOPLE, people::ask_withdraw)
        .post("/people/invitations/{invitation}/withdraw", PEOPLE, people::withdraw)
        .get("/people/{person}", PEOPLE, colleague::show)
        .post("/people/{person}", PEOPLE, colleague::change)
        .get("/people/{person}/remove", PEOPLE, colleague::ask_remove)
        .post("/people/{person}/remove", PEOPLE, colleague::remove)
        .post("/people/{person}/reset-link", PEOPLE, colleague::reset_link)
        .get("/keys", KEYS, keys::list)
        .get("/keys/new", KEYS, keys::show_new)
        .post("/keys/new", KEYS, keys::make)
        .get("/keys/{key}/revoke", KEYS, keys::ask_revoke)
        .post("/keys/{key}/revoke", KEYS, keys::revoke)
        .get("/audit", Access::Permission(Permission::SeeAudit), audit::list)
        .get("/system", Access::Operator, system::show)
}

/// The templates of this module, rendered. Whoever adds one adds it here.
#[cfg(test)]
pub fn shown() -> Vec<&'static str> {
    use crate::web::templates::shows;
    let own = vec![
        shows::<account::AccountPage>(),
        shows::<audit::AuditPage>(),
        shows::<collections::CollectionsPage>(),
        shows::<collections::RecordsPage>(),
        shows::<collections::RecordPage>(),
        shows::<collections::RemovePage>(),
        shows::<colleague::ColleaguePage>(),
        shows::<colleague::RemovePage>(),
        shows::<dashboard::DashboardPage>(),
        shows::<design::DesignPage>(),
        shows::<devices::DevicesPage>(),
        shows::<entry::CodePage>(),
        shows::<entry::LoginPage>(),
        shows::<invitation::InvitationPage>(),
        shows::<keys::KeysPage>(),
        shows::<keys::MadePage>(),
        shows::<keys::NewKeyPage>(),
        shows::<keys::RevokePage>(),
        shows::<orders::OrderPage>(),
        shows::<orders::OrdersPage>(),
        shows::<people::InvitePage>(),
        shows::<people::LinkPage>(),
        shows::<people::MatrixPage>(),
        shows::<people::PeoplePage>(),
        shows::<people::WithdrawPage>(),
        shows::<plugin_tests::TestsPage>(),
        shows::<register::RegisterPage>(),
        shows::<replays::ProgressPart>(),
        shows::<replays::ReplayPage>(),
        shows::<replays::ReplaysPage>(),
        shows::<reset::AskPage>(),
        shows::<reset::ChoosePage>(),
        shows::<second_factor::SecondFactorPage>(),
        shows::<system::SystemPage>(),
        shows::<turns::TurnPage>(),
        shows::<turns::TurnsPage>(),
        shows::<tickets::TicketPage>(),
        shows::<tickets::TicketsPage>(),
        shows::<workplace::WelcomePage>(),
    ];
    [own, products::shown(), points::shown(), plugins::shown(), settings::shown()].concat()
}
