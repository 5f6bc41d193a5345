//! Logging in, with a code where there is a second factor, and out again.

use axum::{
    extract::{Query, State},
    http::{HeaderName, HeaderValue},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use relevo_store::User;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::byte_serialize;

use crate::{
    app::App,
    identity::{Attempt, Device, Entry, Error, Person, safe_path},
    web::{
        self, Page,
        forms::{Fields, Form, Hidden},
        templates::Template,
        visitor,
    },
};

/// Where to go on to.
#[derive(Deserialize)]
pub struct Onward {
    to: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    email: String,
    password: Hidden,
    to: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    code: String,
    to: String,
}

#[derive(Serialize)]
pub struct LoginPage {
    form: Fields,
    demo: bool,
}

#[derive(Serialize)]
pub struct CodePage {
    form: Fields,
}

pub async fn show(page: Page, State(app): State<App>, Query(onward): Query<Onward>) -> web::Result {
    let to = safe_path(onward.to.as_deref()).to_owned();
    if page.person.is_some() {
        return Ok(Redirect::to(&to).into_response());
    }
    page.show(&LoginPage { form: Fields::of(&Login { email: String::new(), password: Hidden::default(), to }), demo: app.demo })
}

pub async fn enter(page: Page, device: Device, State(app): State<App>, Form(form): Form<Login>) -> web::Result {
    let attempt = Attempt { email: form.email.clone(), password: form.password.0.clone() };
    match app.door.log_in(&attempt, &device).await {
        Ok(entry) if entry.awaits_code => Ok((AppendHeaders([entry.cookie(&device)]), Redirect::to(&with_onward("/login/code", &form.to))).into_response()),
        Ok(entry) => go_on(&app, &device, &entry, &form.to).await,
        Err(error) => page.again(&LoginPage { form: page.refused(&form, error)?, demo: app.demo }),
    }
}

pub async fn show_code(page: Page, Query(onward): Query<Onward>) -> web::Result {
    let to = safe_path(onward.to.as_deref()).to_owned();
    page.show(&CodePage { form: Fields::of(&Code { code: String::new(), to }) })
}

pub async fn enter_code(page: Page, device: Device, State(app): State<App>, Form(form): Form<Code>) -> web::Result {
    match app.door.enter_code(&form.code, &device).await {
        Ok(entry) => go_on(&app, &device, &entry, &form.to).await,
        // It waited for longer than a code is waited for.
        Err(Error::Gone) => Ok(page.done(&with_onward("/login", &form.to), "login-again")),
        Err(error) => page.again(&CodePage { form: page.refused(&Code { code: String::new(), ..form }, error)? }),
    }
}

pub async fn leave(page: Page, person: Person, device: Device, State(app): State<App>) -> web::Result {
    app.door.log_out(&person).await?;
    Ok((AppendHeaders([device.without_session()]), page.done("/", "logged-out")).into_response())
}

/// Lets somebody in who proved everything: to where they wanted to go, in the language that they chose for themselves.
pub async fn go_on(app: &App, device: &Device, entry: &Entry, to: &str) -> web::Result {
    let user = app.store.platform().read().await?.people().find(&entry.user).await?;
    let cookies = [Some(entry.cookie(device)), user.and_then(language_of)];
    Ok((AppendHeaders(cookies.into_iter().flatten()), Redirect::to(safe_path(Some(to)))).into_response())
}

/// What a new token of a session that goes on is told the browser by.
pub fn renewed(entry: Option<&Entry>, device: &Device, response: Response) -> Response {
    let cookie = entry.map(|entry| entry.cookie(device));
    (AppendHeaders(cookie), response).into_response()
}

fn language_of(user: User) -> Option<(HeaderName, HeaderValue)> {
    visitor::remembered_language(&user.locale?)
}

fn with_onward(path: &str, to: &str) -> String {
    match safe_path(Some(to)) {
        "/" => path.to_owned(),
        to => format!("{path}?to={}", byte_serialize(to.as_bytes()).collect::<String>()),
    }
}

impl Template for LoginPage {
    const NAME: &'static str = "pages/login.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::web::forms::Wrong;

        let form = Fields::of(&Login { email: "<b>".into(), password: Hidden::default(), to: "/people".into() });
        vec![Self { form: form.clone(), demo: true }, Self { form: form.refused("es", Wrong::whole("problem-wrong-login")), demo: false }]
    }
}

impl Template for CodePage {
    const NAME: &'static str = "pages/login_code.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::web::forms::Wrong;

        let form = Fields::of(&Code { code: String::new(), to: "/".into() });
        vec![Self { form: form.clone() }, Self { form: form.refused("es", Wrong::at("code", "problem-wrong-code")) }]
    }
}
