//! People from the command line: whoever has the machine can let somebody in.

use anyhow::Context;
use relevo_model::*;
use relevo_store::{Membership, Store, User};
use secrecy::ExposeSecret;

use crate::{
    identity::{Door, email_of},
    settings::{ServeArgs, Settings},
};

/// What the audit log knows these commands by.
const ACTOR: &str = "command";
/// People that are read at once.
const PAGE: i64 = 500;

#[derive(Clone, clap::Args)]
pub struct NewUser {
    /// The address to log in with
    #[arg(long)]
    email: String,
    #[arg(long)]
    name: String,
    /// A business to belong to, by the short name that `relevo tenant list` shows
    #[arg(long, requires = "role")]
    business: Option<String>,
    /// owner, admin, agent or viewer
    #[arg(long, requires = "business")]
    role: Option<Role>,
    /// May operate the whole installation
    #[arg(long)]
    operator: bool,
    #[command(flatten)]
    pub serve: ServeArgs,
}

#[derive(Clone, clap::Args)]
pub struct Whom {
    /// The address of the person
    email: String,
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// `relevo user create`: prints a link by which the person chooses a password.
pub async fn create(settings: Settings, new: NewUser) -> anyhow::Result<()> {
    let door = open(&settings).await?;
    let email = email_of(&new.email).map_err(|_| anyhow::anyhow!("'{}' is no address: expected one such as ana@example.com", new.email))?;
    let platform = door.store.platform();
    let tenant = match &new.business {
        Some(slug) => Some(platform.tenant_by_slug(slug).await?.with_context(|| format!("there is no business '{slug}': see `relevo tenant list`"))?),
        None => None,
    };
    let user = User { operator: new.operator, ..door.user(&new.name, email, None, None) };
    let mut write = platform.write().await?;
    write.add_user(&user).await.context("this person is here already: see `relevo user list`")?;
    if let (Some(tenant), Some(role)) = (&tenant, new.role) {
        let membership = Membership { user_id: user.id, tenant_id: tenant.id, role, reach: Reach::All, created_at: door.clock.now() };
        write.save_membership(&membership).await?;
    }
    let tenant = tenant.map(|tenant| tenant.id);
    write.note_of(tenant.as_ref(), &door.line(ACTOR, "user.created", Some(user.id.as_str()))).await?;
    write.commit().await?;
    print_link(&door, &user).await
}

/// `relevo user list`.
pub async fn list(settings: Settings) -> anyhow::Result<()> {
    let door = open(&settings).await?;
    let mut after = String::new();
    loop {
        let page = door.store.platform().read().await?.people().list(&after, PAGE).await?;
        for user in &page {
            let places = door.store.platform().read().await?.people().workplaces(&user.id).await?;
            let places: Vec<String> = places.iter().map(|place| format!("{}:{}", place.slug, place.role)).collect();
            println!("{}\t{}\t{}\t{}\t{}", user.id, user.email, user.name, if user.operator { "operator" } else { "-" }, places.join(","));
        }
        match page.last() {
            Some(last) => after.clone_from(&last.email),
            None => return Ok(()),
        }
    }
}

/// `relevo user reset-link`: prints a link by which the person chooses another password.
pub async fn reset_link(settings: Settings, whom: Whom) -> anyhow::Result<()> {
    let door = open(&settings).await?;
    let user = find(&door, &whom).await?;
    print_link(&door, &user).await
}

/// `relevo user revoke-sessions`: the person is out everywhere, at once.
pub async fn revoke_sessions(settings: Settings, whom: Whom) -> anyhow::Result<()> {
    let door = open(&settings).await?;
    let user = find(&door, &whom).await?;
    let mut write = door.store.platform().write().await?;
    let ended = write.remove_sessions_of(&user.id, None).await?;
    write.note_of(None, &door.line(ACTOR, "sessions.revoked", Some(user.id.as_str()))).await?;
    write.commit().await?;
    println!("{ended} sessions have ended");
    Ok(())
}

async fn open(settings: &Settings) -> anyhow::Result<Door> {
    Ok(Door::new(Store::open(&settings.store()).await?, Clock::system(), &settings.door()))
}

async fn find(door: &Door, whom: &Whom) -> anyhow::Result<User> {
    let email = whom.email.trim().to_lowercase();
    door.store.platform().read().await?.people().by_email(&email).await?.context("nobody has this address: see `relevo user list`")
}

async fn print_link(door: &Door, user: &User) -> anyhow::Result<()> {
    let mail = door.make_reset_link(user, None, ACTOR).await?;
    println!("{}", mail.link.expose_secret());
    eprintln!("Give this link to {}: it works once, for an hour.", mail.to);
    Ok(())
}
