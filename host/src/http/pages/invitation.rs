//! Accepting an invitation into a business: as whoever is logged in, or by making an account.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect},
};
use relevo_model::Role;
use serde::{Deserialize, Serialize};

use super::entry;
use crate::{
    app::App,
    identity::{Acceptor, Device, Invited},
    web::{
        self, Page, Words,
        forms::{Fields, Form, Hidden},
        templates::Template,
        when::{Moment, moment},
    },
};

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Newcomer {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: Hidden,
}

#[derive(Serialize)]
pub struct InvitationPage {
    form: Fields,
    token: String,
    business: String,
    email: String,
    role: &'static str,
    expires: Moment,
    who: Who,
}

/// Who looks at the invitation.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Who {
    /// The one who was invited.
    Invited { name: String },
    /// Somebody else is logged in.
    Other { email: String },
    /// The address has an account; its person is to log in.
    Known,
    /// There is no account yet.
    New,
}

pub async fn show(page: Page, State(app): State<App>, Path(token): Path<String>) -> web::Result {
    let invited = app.door.invited(&token).await?;
    page.show(&view(&page, &app, token, invited, Fields::default()))
}

pub async fn accept(page: Page, device: Device, State(app): State<App>, Path(token): Path<String>, Form(form): Form<Newcomer>) -> web::Result {
    let invited = app.door.invited(&token).await?;
    let acceptor = match &page.person {
        Some(person) => Acceptor::Person(person),
        None if invited.known => return Ok(Redirect::to(&format!("/login?to=/invitation/{token}")).into_response()),
        None => Acceptor::Newcomer { name: form.name.clone(), password: form.password.0.clone() },
    };
    match app.door.accept(&token, acceptor, &device).await {
        Ok(entry) => {
            let joined = Words::from("invitation-accepted").with("business", invited.business);
            Ok(entry::renewed(entry.as_ref(), &device, page.done("/", joined)))
        }
        Err(error) => {
            let form = page.refused(&form, error)?;
            page.again(&view(&page, &app, token, invited, form))
        }
    }
}

fn view(page: &Page, app: &App, token: String, invited: Invited, form: Fields) -> InvitationPage {
    let Invited { invitation, business, known } = invited;
    let who = match &page.person {
        Some(person) if person.email == invitation.email => Who::Invited { name: person.name.clone() },
        Some(person) => Who::Other { email: person.email.clone() },
        None if known => Who::Known,
        None => Who::New,
    };
    let expires = moment(page.visitor.lang, app.clock.now(), invitation.expires_at);
    InvitationPage { form, token, business, email: invitation.email, role: Role::as_str(invitation.role), expires, who }
}

impl Template for InvitationPage {
    const NAME: &'static str = "pages/invitation.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let whos = [Who::Invited { name: "Ana <b>".into() }, Who::Other { email: "x@y.z".into() }, Who::Known, Who::New];
        let page = |who| Self {
            form: Fields::of(&Newcomer::default()),
            token: "t\"".into(),
            business: "<script>".into(),
            email: "ana@acme.com".into(),
            role: "agent",
            expires: Moment { text: "en 7 días".into(), exact: "2026-01-01 12:00 UTC".into() },
            who,
        };
        whos.into_iter().map(page).collect()
    }
}
