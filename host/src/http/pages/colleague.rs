//! One colleague: what they are, taking them out, a link by which they choose another password.

use axum::extract::{Path, State};
use relevo_model::*;
use relevo_store::{Membership, User};
use serde::{Deserialize, Serialize};

use super::{
    grant::{self, Points},
    people,
};
use crate::{
    app::App,
    identity::{Error, Member, Refusal},
    web::{
        self, Page, Words,
        forms::{self, Choice, Fields, Form, Wrong},
        templates::Template,
    },
};

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    #[serde(default)]
    role: String,
    #[serde(default)]
    extent: String,
    #[serde(default, deserialize_with = "forms::many")]
    points: Vec<String>,
}

#[derive(Serialize)]
pub struct ColleaguePage {
    form: Fields,
    who: Who,
    /// A business keeps an owner.
    removable: bool,
    roles: Vec<Choice>,
    extents: Vec<Choice>,
    points: Vec<Choice>,
    by_mail: bool,
}

#[derive(Serialize)]
pub struct RemovePage {
    who: Who,
    business: String,
}

#[derive(Serialize)]
struct Who {
    id: String,
    name: String,
    email: String,
}

/// Somebody of the business whom whoever asks may change.
struct Found {
    user: User,
    membership: Membership,
}

pub async fn show(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let found = find(&app, &member, &id).await?;
    let (extent, points) = grant::extent_of(&found.membership.reach);
    let form = Fields::of(&Change { role: found.membership.role.to_string(), extent, points });
    let shown = view(&page, &app, &member, &found, form).await?;
    page.show(&shown)
}

pub async fn change(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Change>) -> web::Result {
    let found = find(&app, &member, &id).await?;
    let points = Points::of(&app, &member).await?;
    let (role, reach) = match (grant::role(&form.role), points.reach(&form.extent, &form.points)) {
        (Ok(role), Ok(reach)) => (role, reach),
        (Err(wrong), _) | (_, Err(wrong)) => {
            let form = Fields::of(&form).refused(page.visitor.lang, wrong);
            return page.again(&view(&page, &app, &member, &found, form).await?);
        }
    };
    if role == Role::Owner && reach != Reach::All {
        let form = Fields::of(&form).refused(page.visitor.lang, Wrong::at("extent", "problem-owner-everywhere"));
        return page.again(&view(&page, &app, &member, &found, form).await?);
    }
    match app.door.change_member(&member, &found.user.id, role, reach).await {
        Ok(()) => Ok(page.done("/people", Words::from("colleague-saved").with("name", found.user.name))),
        Err(error) => {
            let form = page.refused(&form, error)?;
            page.again(&view(&page, &app, &member, &found, form).await?)
        }
    }
}

/// Asks before somebody is taken out.
pub async fn ask_remove(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let found = find(&app, &member, &id).await?;
    if is_needed(&app, &member, &found).await? {
        return Err(Error::LastOwner.into());
    }
    let business = page.name_of(&member.tenant).unwrap_or_default().to_owned();
    page.show(&RemovePage { who: who(&found.user), business })
}

pub async fn remove(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let found = find(&app, &member, &id).await?;
    app.door.remove_member(&member, &found.user.id).await?;
    let to = if found.user.id.as_str() == member.id() { "/" } else { "/people" };
    Ok(page.done(to, Words::from("colleague-removed").with("name", found.user.name)))
}

pub async fn reset_link(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let found = find(&app, &member, &id).await?;
    let mail = app.door.reset_link(&member, &found.user.id).await?;
    people::send_or_show(&page, &app, mail, "new-password")
}

async fn find(app: &App, member: &Member, id: &str) -> web::Result<Found> {
    let id: UserId = id.parse().map_err(|_| Refusal::NotFound)?;
    let mut read = app.store.platform().read().await?;
    let membership = read.people().membership(&id, &member.tenant).await?.ok_or(Refusal::NotFound)?;
    let user = read.people().find(&id).await?.ok_or(Refusal::NotFound)?;
    if !member.rights.may_grant(membership.role, &membership.reach) {
        return Err(Refusal::Forbidden.into());
    }
    Ok(Found { user, membership })
}

/// Whether the business would be without an owner.
async fn is_needed(app: &App, member: &Member, found: &Found) -> web::Result<bool> {
    Ok(found.membership.role == Role::Owner && app.door.has_one_owner(&member.tenant).await?)
}

async fn view(page: &Page, app: &App, member: &Member, found: &Found, form: Fields) -> web::Result<ColleaguePage> {
    Ok(ColleaguePage {
        form,
        who: who(&found.user),
        removable: !is_needed(app, member, found).await?,
        roles: grant::roles(page, member),
        extents: grant::extents(page, member),
        points: Points::of(app, member).await?.choices(),
        by_mail: app.mail.is_some(),
    })
}

fn who(user: &User) -> Who {
    Who { id: user.id.to_string(), name: user.name.clone(), email: user.email.clone() }
}

impl Template for ColleaguePage {
    const NAME: &'static str = "pages/colleague.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let form = Fields::of(&Change { role: "agent".into(), extent: "some".into(), points: vec!["a".into()] });
        let choices = || vec![Choice { hint: Some("<i>".into()), ..Choice::new("a", "Centro") }];
        let page = |form, by_mail| Self { form, who: samples_who(), removable: by_mail, roles: choices(), extents: choices(), points: choices(), by_mail };
        vec![page(form.clone(), false), page(form.refused("es", Wrong::whole("problem-last-owner")), true)]
    }
}

impl Template for RemovePage {
    const NAME: &'static str = "pages/colleague_remove.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { who: samples_who(), business: "<b>".into() }]
    }
}

#[cfg(test)]
fn samples_who() -> Who {
    Who { id: "0198c0de-0000-7000-8000-000000000001".into(), name: "<script>".into(), email: "ana@acme.com".into() }
}
