//! Making an account of one's own.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde::{Deserialize, Serialize};

use super::entry;
use crate::{
    app::App,
    identity::{Device, Registration},
    web::{
        self, Page,
        forms::{Fields, Form, Hidden},
        templates::Template,
    },
};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Newcomer {
    name: String,
    email: String,
    password: Hidden,
}

#[derive(Serialize)]
pub struct RegisterPage {
    form: Fields,
}

pub async fn show(page: Page) -> web::Result {
    if page.person.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    page.show(&RegisterPage { form: Fields::default() })
}

pub async fn register(page: Page, device: Device, State(app): State<App>, Form(form): Form<Newcomer>) -> web::Result {
    let registration =
        Registration { name: form.name.clone(), email: form.email.clone(), password: form.password.0.clone(), locale: Some(page.visitor.lang.to_owned()) };
    match app.door.register(&registration, &device).await {
        Ok(entry) => Ok(entry::renewed(Some(&entry), &device, Redirect::to("/welcome").into_response())),
        Err(error) => page.again(&RegisterPage { form: page.refused(&form, error)? }),
    }
}

impl Template for RegisterPage {
    const NAME: &'static str = "pages/register.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::web::forms::Wrong;

        let form = Fields::of(&Newcomer { name: "<script>".into(), email: "\u{202e}moc".into(), password: Hidden::default() });
        let wrong = ["name", "email", "password"].map(|field| (field.to_owned(), "problem-name".into()));
        vec![Self { form: Fields::default() }, Self { form: form.refused("es", Wrong { fields: wrong.into(), whole: Some("problem-busy".into()) }) }]
    }
}
