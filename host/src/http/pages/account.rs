//! One's own name, language and password.

use axum::{
    extract::State,
    response::{AppendHeaders, IntoResponse},
};
use serde::{Deserialize, Serialize};

use super::entry;
use crate::{
    app::App,
    identity::{Device, Error, Person},
    web::{
        self, Page,
        forms::{Choice, Fields, Form, Hidden, Wrong},
        templates::Template,
        visitor::{self, LANGUAGES},
    },
};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    name: String,
    locale: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    current: Hidden,
    password: Hidden,
}

#[derive(Serialize)]
pub struct AccountPage {
    email: String,
    profile: Fields,
    password: Fields,
    languages: Vec<Choice>,
}

pub async fn show(page: Page, person: Person) -> web::Result {
    page.show(&view(&page, &person))
}

pub async fn save(page: Page, person: Person, State(app): State<App>, Form(form): Form<Profile>) -> web::Result {
    let Some(language) = visitor::remembered_language(&form.locale) else {
        let wrong = Wrong::at("locale", "problem-language");
        return page.again(&AccountPage { profile: Fields::of(&form).refused(page.visitor.lang, wrong), ..view(&page, &person) });
    };
    match app.door.change_profile(&person, &form.name, Some(&form.locale)).await {
        Ok(()) => Ok((AppendHeaders([language]), page.done("/account", "account-saved")).into_response()),
        Err(error) => page.again(&AccountPage { profile: page.refused(&form, error)?, ..view(&page, &person) }),
    }
}

pub async fn change_password(page: Page, person: Person, device: Device, State(app): State<App>, Form(form): Form<NewPassword>) -> web::Result {
    match app.door.change_password(&person, &form.current.0, &form.password.0, &device).await {
        Ok(entry) => Ok(entry::renewed(entry.as_ref(), &device, page.done("/account", "password-changed"))),
        Err(error) => {
            let wrong = match error {
                Error::Wrong => Wrong::at("current", "problem-current-password"),
                other => Wrong::try_from(other)?,
            };
            page.again(&AccountPage { password: Fields::default().refused(page.visitor.lang, wrong), ..view(&page, &person) })
        }
    }
}

fn view(page: &Page, person: &Person) -> AccountPage {
    let locale = person.locale.clone().unwrap_or_else(|| page.visitor.lang.to_owned());
    AccountPage {
        email: person.email.clone(),
        profile: Fields::of(&Profile { name: person.name.clone(), locale }),
        password: Fields::default(),
        languages: LANGUAGES.iter().map(|lang| Choice::new(lang, page.say(&format!("language-{lang}")))).collect(),
    }
}

impl Template for AccountPage {
    const NAME: &'static str = "pages/account.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = || Self {
            email: "ana@acme.com".into(),
            profile: Fields::of(&Profile { name: "<script>".into(), locale: "pt".into() }),
            password: Fields::default(),
            languages: vec![Choice::new("pt", "Português")],
        };
        let wrong = Fields::default().refused("es", Wrong::at("current", "problem-current-password"));
        vec![page(), Self { password: wrong, ..page() }]
    }
}
