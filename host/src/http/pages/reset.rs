//! A new password by a link that works once.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    identity::{Device, Error},
    web::{
        self, Page, Words,
        forms::{Fields, Form, Hidden},
        templates::Template,
    },
};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    email: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    password: Hidden,
}

#[derive(Serialize)]
pub struct AskPage {
    form: Fields,
    /// The link goes out by mail; else somebody who manages the business makes one.
    by_mail: bool,
}

#[derive(Serialize)]
pub struct ChoosePage {
    form: Fields,
    token: String,
}

pub async fn show(page: Page, State(app): State<App>) -> web::Result {
    page.show(&AskPage { form: Fields::default(), by_mail: app.mail.is_some() })
}

/// Says the same to everybody, whether there is such an account or not.
pub async fn ask(page: Page, device: Device, State(app): State<App>, Form(form): Form<Whose>) -> web::Result {
    // Without mail nothing is made: it would only undo the link that an administrator made.
    let Some(post) = &app.mail else { return page.again(&AskPage { form: Fields::of(&form), by_mail: false }) };
    match app.door.ask_reset(&form.email, &device).await {
        Ok(mail) => {
            // Whether it went out would tell whether there is such an account.
            let _ = mail.map(|mail| post.send(mail, page.visitor.lang));
            Ok(page.done("/login", Words::from("reset-asked").with("email", form.email)))
        }
        Err(error) => page.again(&AskPage { form: page.refused(&form, error)?, by_mail: true }),
    }
}

pub async fn show_link(page: Page, State(app): State<App>, Path(token): Path<String>) -> web::Result {
    if !app.door.is_reset_open(&token).await? {
        return Err(Error::Gone.into());
    }
    page.show(&ChoosePage { form: Fields::default(), token })
}

pub async fn choose(page: Page, device: Device, State(app): State<App>, Path(token): Path<String>, Form(form): Form<Chosen>) -> web::Result {
    match app.door.reset(&token, &form.password.0, &device).await {
        Ok(()) => Ok(page.done("/login", "reset-done")),
        Err(error) => page.again(&ChoosePage { form: page.refused(&form, error)?, token }),
    }
}

impl Template for AskPage {
    const NAME: &'static str = "pages/reset.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { form: Fields::of(&Whose { email: "<b>".into() }), by_mail: true }, Self { form: Fields::default(), by_mail: false }]
    }
}

impl Template for ChoosePage {
    const NAME: &'static str = "pages/reset_link.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::web::forms::Wrong;

        let form = Fields::default();
        vec![
            Self { form: form.clone(), token: "a\"b".into() },
            Self { form: form.refused("es", Wrong::at("password", "problem-password-short")), token: "a".into() },
        ]
    }
}
