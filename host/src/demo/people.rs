//! The demo's people, whose passwords are printed or well known.

use rand::{Rng, distr::Alphanumeric};
use relevo_model::*;
use relevo_store::Membership;
use secrecy::{ExposeSecret, SecretString};

use crate::{identity::Door, settings::Settings};

const WELL_KNOWN: &str = "admin123";

struct DemoPerson {
    email: &'static str,
    name: &'static str,
    tenant: &'static str,
    role: Role,
    password: Password,
}

/// Where a password comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Password {
    /// Everybody knows it, on this machine.
    WellKnown,
    Admin,
    Seller,
}

const PEOPLE: &[DemoPerson] = &[
    DemoPerson { email: "agent@demo.com", name: "Agente Demo", tenant: "demo", role: Role::Agent, password: Password::WellKnown },
    DemoPerson { email: "admin@demo.com", name: "Dueña Demo", tenant: "demo", role: Role::Owner, password: Password::Admin },
    DemoPerson { email: "admin@sector7.local", name: "Administración", tenant: "sector7", role: Role::Owner, password: Password::Admin },
    DemoPerson { email: "vendedor1@sector7.local", name: "Vendedor 1", tenant: "sector7", role: Role::Agent, password: Password::Seller },
    DemoPerson { email: "vendedor2@sector7.local", name: "Vendedor 2", tenant: "sector7", role: Role::Agent, password: Password::Seller },
];

/// Somebody to log in as, and with what.
pub struct Login {
    pub email: &'static str,
    pub password: SecretString,
}

/// Makes the people that are missing, and sees that what is printed lets in.
pub async fn fill(door: &Door, settings: &Settings) -> anyhow::Result<Vec<Login>> {
    let [admin, seller] = [&settings.admin_seed_password, &settings.seller_seed_password].map(|set| set.clone().unwrap_or_else(random));
    let agent = if settings.demo_public { random() } else { WELL_KNOWN.into() };
    let mut logins = Vec::new();
    for person in PEOPLE {
        let password = match person.password {
            Password::WellKnown => &agent,
            Password::Admin => &admin,
            Password::Seller => &seller,
        };
        fill_person(door, person, password).await?;
        logins.push(Login { email: person.email, password: password.clone() });
    }
    Ok(logins)
}

async fn fill_person(door: &Door, person: &DemoPerson, password: &SecretString) -> anyhow::Result<()> {
    let platform = door.store.platform();
    let Some(tenant) = platform.tenant_by_slug(person.tenant).await? else { anyhow::bail!("the demo has no business {}", person.tenant) };
    let known = platform.read().await?.people().by_email(person.email).await?;
    let fits = match &known {
        Some(user) => door.passwords.verify(user.password.as_deref(), password).await?,
        None => false,
    };
    let hash = if fits { None } else { Some(door.passwords.hash(password).await?) };
    let mut write = platform.write().await?;
    let id = match (known, hash) {
        (Some(user), None) => user.id,
        (Some(user), Some(hash)) => {
            write.set_password(&user.id, &hash).await?;
            user.id
        }
        (None, hash) => {
            let user = door.user(person.name, person.email.to_owned(), hash, None);
            write.add_user(&user).await?;
            user.id
        }
    };
    if write.people().membership(&id, &tenant.id).await?.is_none() {
        let membership = Membership { user_id: id, tenant_id: tenant.id, role: person.role, reach: Reach::All, created_at: door.clock.now() };
        write.save_membership(&membership).await?;
    }
    Ok(write.commit().await?)
}

fn random() -> SecretString {
    rand::rng().sample_iter(Alphanumeric).take(16).map(char::from).collect::<String>().into()
}

impl Login {
    pub fn print(&self) {
        println!("  Login       {:<24} {}", self.email, self.password.expose_secret());
    }
}
