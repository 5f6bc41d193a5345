//! The people of a business: who they are, whom one asks in, and who may what.

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
};
use relevo_model::*;
use relevo_store::{Colleague, Invitation};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::byte_serialize;

use super::grant::{self, Points};
use crate::{
    app::App,
    identity::{Error, InvitationPlan, Member, OutgoingMail, Refusal},
    policy::{self, Extent},
    web::{
        self, Page, Words,
        forms::{self, Choice, Fields, Form, Wrong},
        initials,
        templates::Template,
        when::{Moment, moment},
    },
};

/// People on a page.
const SHOWN: i64 = 50;

#[derive(Deserialize)]
pub struct From {
    after: Option<String>,
}

#[derive(Serialize)]
pub struct PeoplePage {
    people: Vec<PersonView>,
    invitations: Vec<InvitationView>,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct PersonView {
    id: String,
    name: String,
    email: String,
    initials: String,
    role: &'static str,
    reach: String,
    second_factor: bool,
    /// Whoever looks.
    oneself: bool,
    /// Whoever looks may change what this person is.
    changeable: bool,
    /// A business keeps an owner.
    removable: bool,
}

#[derive(Serialize)]
struct InvitationView {
    id: String,
    email: String,
    role: &'static str,
    reach: String,
    expires: Moment,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    email: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    extent: String,
    #[serde(default, deserialize_with = "forms::many")]
    points: Vec<String>,
}

#[derive(Serialize)]
pub struct InvitePage {
    form: Fields,
    roles: Vec<Choice>,
    extents: Vec<Choice>,
    points: Vec<Choice>,
    by_mail: bool,
}

/// A link that nobody could be sent, shown to whoever made it.
#[derive(Serialize)]
pub struct LinkPage {
    /// invitation or new-password.
    pub kind: &'static str,
    pub to: String,
    pub link: String,
    pub expires: Moment,
}

#[derive(Serialize)]
pub struct WithdrawPage {
    id: String,
    email: String,
}

#[derive(Serialize)]
pub struct MatrixPage {
    lines: Vec<LineView>,
}

#[derive(Serialize)]
struct LineView {
    permission: &'static str,
    /// Only where one works, when one is limited to some service points.
    limited: bool,
    roles: [bool; 4],
}

pub async fn list(page: Page, member: Member, State(app): State<App>, Query(from): Query<From>) -> web::Result {
    let (lang, now) = (page.visitor.lang, app.clock.now());
    // Addresses have no control characters, and Postgres refuses one of them.
    let after = from.after.unwrap_or_default().replace(char::is_control, "");
    let points = Points::of(&app, &member).await?;
    let mut people = app.door.colleagues(&member, &after, SHOWN + 1).await?;
    let more = people.len() > SHOWN as usize;
    people.truncate(SHOWN as usize);
    let next = people.last().filter(|_| more).map(|last| format!("/people?after={}", byte_serialize(last.email.as_bytes()).collect::<String>()));
    let one_owner = app.door.has_one_owner(&member.tenant).await?;
    let person = |colleague: Colleague| PersonView {
        id: colleague.user_id.to_string(),
        initials: initials(&colleague.name),
        role: colleague.role.as_str(),
        reach: points.words(&page, &colleague.reach),
        second_factor: colleague.totp_since.is_some(),
        oneself: colleague.user_id.as_str() == member.id(),
        changeable: member.rights.may_grant(colleague.role, &colleague.reach),
        removable: !(one_owner && colleague.role == Role::Owner),
        name: colleague.name,
        email: colleague.email,
    };
    let invitation = |invitation: Invitation| InvitationView {
        id: invitation.id.to_string(),
        email: invitation.email,
        role: invitation.role.as_str(),
        reach: points.words(&page, &invitation.reach),
        expires: moment(lang, now, invitation.expires_at),
    };
    let invitations = if after.is_empty() { app.door.invitations(&member, "", SHOWN).await? } else { Vec::new() };
    page.show(&PeoplePage {
        people: people.into_iter().map(person).collect(),
        invitations: invitations.into_iter().map(invitation).collect(),
        before: if after.is_empty() { String::new() } else { "/people".into() },
        after: next.unwrap_or_default(),
    })
}

pub async fn matrix(page: Page) -> web::Result {
    let line = |line: policy::Line| LineView { permission: line.permission.as_str(), limited: line.permission.extent() == Extent::Point, roles: line.roles };
    page.show(&MatrixPage { lines: policy::matrix().map(line).collect() })
}

pub async fn show_invite(page: Page, member: Member, State(app): State<App>) -> web::Result {
    let (extent, points) = grant::extent_of(member.reach());
    let form = Fields::of(&Invite { role: Role::Agent.to_string(), extent, points, ..Invite::default() });
    let invite = invite_page(&page, &app, &member, form).await?;
    page.show(&invite)
}

pub async fn invite(page: Page, member: Member, State(app): State<App>, Form(form): Form<Invite>) -> web::Result {
    let points = Points::of(&app, &member).await?;
    let plan = match (grant::role(&form.role), points.reach(&form.extent, &form.points)) {
        (Ok(role), Ok(reach)) => InvitationPlan { email: form.email.clone(), role, reach },
        (Err(wrong), _) | (_, Err(wrong)) => return invite_again(&page, &app, &member, &form, wrong).await,
    };
    match app.door.invite(&member, &plan).await {
        Ok(mail) => send_or_show(&page, &app, mail, "invitation"),
        Err(Error::Taken) => invite_again(&page, &app, &member, &form, Wrong::at("email", "problem-member-already")).await,
        Err(error) => {
            let wrong = Wrong::try_from(error)?;
            invite_again(&page, &app, &member, &form, wrong).await
        }
    }
}

/// Asks before an invitation is taken back.
pub async fn ask_withdraw(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let wanted: InvitationId = id.parse().map_err(|_| Refusal::NotFound)?;
    let found = app.store.platform().read().await?.invitations().find(&member.tenant, &wanted, app.clock.now()).await?;
    let found = found.filter(|invitation| invitation.reach.is_within(member.reach())).ok_or(Refusal::NotFound)?;
    page.show(&WithdrawPage { id, email: found.email })
}

pub async fn withdraw(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let id: InvitationId = id.parse().map_err(|_| Refusal::NotFound)?;
    app.door.withdraw(&member, &id).await.map_err(|error| match error {
        Error::Gone => Refusal::NotFound.into(),
        other => web::Error::from(other),
    })?;
    Ok(page.done("/people", "invitation-withdrawn"))
}

/// Sends a link by mail; without a mail server it is shown to whoever made it, this once.
pub fn send_or_show(page: &Page, app: &App, mail: OutgoingMail, kind: &'static str) -> web::Result {
    match &app.mail {
        Some(post) => {
            let sent = Words::from(if kind == "invitation" { "invitation-sent" } else { "reset-sent" }).with("email", mail.to.clone());
            if !post.send(mail, page.visitor.lang) {
                return Err(web::Error::Said(StatusCode::SERVICE_UNAVAILABLE, "problem-mail-unsent".into()));
            }
            Ok(page.done("/people", sent))
        }
        None => {
            let expires = moment(page.visitor.lang, app.clock.now(), mail.expires_at);
            page.show(&LinkPage { kind, link: mail.link.expose_secret().to_owned(), expires, to: mail.to })
        }
    }
}

async fn invite_again(page: &Page, app: &App, member: &Member, form: &Invite, wrong: Wrong) -> web::Result {
    let form = Fields::of(form).refused(page.visitor.lang, wrong);
    page.again(&invite_page(page, app, member, form).await?)
}

async fn invite_page(page: &Page, app: &App, member: &Member, form: Fields) -> web::Result<InvitePage> {
    let points = Points::of(app, member).await?.choices();
    Ok(InvitePage { form, roles: grant::roles(page, member), extents: grant::extents(page, member), points, by_mail: app.mail.is_some() })
}

impl Template for PeoplePage {
    const NAME: &'static str = "pages/people.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let person = |oneself, changeable| PersonView {
            id: "0198c0de-0000-7000-8000-000000000001".into(),
            name: "<script>alert(1)</script>".into(),
            email: "ana@acme.com".into(),
            initials: "AS".into(),
            role: "owner",
            reach: "Centro, Norte".into(),
            second_factor: changeable,
            oneself,
            changeable,
            removable: !oneself,
        };
        let expires = Moment { text: "en 7 días".into(), exact: "2026-01-01 12:00 UTC".into() };
        let invitation = InvitationView { id: "i".into(), email: "x@y.z".into(), role: "agent", reach: "Centro".into(), expires };
        let page = Self {
            people: vec![person(true, false), person(false, true)],
            invitations: vec![invitation],
            before: "/people".into(),
            after: "/people?after=x".into(),
        };
        vec![page, Self { people: vec![person(true, true)], invitations: Vec::new(), before: String::new(), after: String::new() }]
    }
}

impl Template for MatrixPage {
    const NAME: &'static str = "pages/matrix.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let line =
            |line: policy::Line| LineView { permission: line.permission.as_str(), limited: line.permission.extent() == Extent::Point, roles: line.roles };
        vec![Self { lines: policy::matrix().map(line).collect() }]
    }
}

impl Template for InvitePage {
    const NAME: &'static str = "pages/invite.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let form = Fields::of(&Invite { email: "<b>".into(), role: "agent".into(), extent: "some".into(), points: vec!["a".into()] });
        let choices = || vec![Choice { hint: Some("<i>".into()), ..Choice::new("a", "Centro") }];
        let page = |form, by_mail| Self { form, roles: choices(), extents: choices(), points: if by_mail { choices() } else { Vec::new() }, by_mail };
        let wrong = ["email", "role", "extent", "points"].map(|field| (field.to_owned(), Words::from("problem-role")));
        vec![page(form.clone(), true), page(form.refused("es", Wrong { fields: wrong.into(), whole: None }), false)]
    }
}

impl Template for LinkPage {
    const NAME: &'static str = "pages/link.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |kind| Self {
            kind,
            to: "ana@acme.com".into(),
            link: "http://localhost/x?\"<".into(),
            expires: Moment { text: "en 1 h".into(), exact: "2026-01-01 12:00 UTC".into() },
        };
        ["invitation", "new-password"].map(page).into()
    }
}

impl Template for WithdrawPage {
    const NAME: &'static str = "pages/withdraw.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { id: "i".into(), email: "<b>".into() }]
    }
}
