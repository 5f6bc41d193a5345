//! The second factor: an app's codes, and recovery codes for when the phone is gone.

use axum::extract::State;
use data_encoding::BASE32_NOPAD;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::entry;
use crate::{
    app::App,
    identity::{Device, Error, Person, RecoveryCodes, SecondFactor, totp},
    web::{
        self, Page,
        forms::{Fields, Form, Hidden, Wrong},
        qr,
        templates::Template,
    },
};

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    code: String,
    /// The secret that the page shows, to be shown again where the code was wrong. What is proved is the one that was kept.
    secret: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    code: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Removal {
    password: Hidden,
    code: String,
}

#[derive(Serialize)]
pub struct SecondFactorPage {
    state: Stage,
}

/// How far it is.
#[derive(Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Stage {
    Off,
    /// To be taken by an app.
    Offered {
        form: Fields,
        secret: String,
        qr: String,
    },
    On {
        left: i64,
        renew: Fields,
        remove: Fields,
    },
    /// Recovery codes, shown once.
    Codes {
        codes: Vec<String>,
    },
}

pub async fn show(page: Page, person: Person, State(app): State<App>) -> web::Result {
    page.show(&SecondFactorPage { state: state(&app, &person).await? })
}

pub async fn offer(page: Page, person: Person, State(app): State<App>) -> web::Result {
    let SecondFactor { secret, uri } = app.door.offer_second_factor(&person).await?;
    let secret = secret.expose_secret().to_owned();
    let form = Fields::of(&Proof { code: String::new(), secret: secret.clone() });
    page.show(&SecondFactorPage { state: Stage::Offered { form, secret: in_fours(&secret), qr: qr::svg(uri.expose_secret())? } })
}

pub async fn prove(page: Page, person: Person, device: Device, State(app): State<App>, Form(form): Form<Proof>) -> web::Result {
    match app.door.prove_second_factor(&person, &form.code, &device).await {
        Ok((entry, codes)) => Ok(entry::renewed(entry.as_ref(), &device, show_codes(&page, &codes)?)),
        Err(error) => {
            let bytes = BASE32_NOPAD.decode(form.secret.as_bytes()).ok().filter(|bytes| bytes.len() == totp::SECRET).ok_or(Error::Gone)?;
            let qr = qr::svg(&totp::uri(&person.email, &bytes))?;
            let secret = in_fours(&form.secret);
            let form = page.refused(&Proof { code: String::new(), secret: form.secret }, error)?;
            page.again(&SecondFactorPage { state: Stage::Offered { form, secret, qr } })
        }
    }
}

pub async fn renew(page: Page, person: Person, device: Device, State(app): State<App>, Form(form): Form<Code>) -> web::Result {
    match app.door.renew_recovery_codes(&person, &form.code, &device).await {
        Ok(codes) => show_codes(&page, &codes),
        Err(error) => {
            let refused = page.refused(&Code::default(), error)?;
            let Stage::On { left, remove, .. } = state(&app, &person).await? else { return Err(Error::Gone.into()) };
            page.again(&SecondFactorPage { state: Stage::On { left, renew: refused, remove } })
        }
    }
}

pub async fn remove(page: Page, person: Person, device: Device, State(app): State<App>, Form(form): Form<Removal>) -> web::Result {
    match app.door.remove_second_factor(&person, &form.password.0, &form.code, &device).await {
        Ok(entry) => Ok(entry::renewed(entry.as_ref(), &device, page.done("/account/second-factor", "second-factor-removed"))),
        Err(error) => {
            let wrong = match error {
                Error::Wrong => Wrong::at("password", "problem-current-password"),
                other => Wrong::try_from(other)?,
            };
            let Stage::On { left, renew, .. } = state(&app, &person).await? else { return Err(Error::Gone.into()) };
            page.again(&SecondFactorPage { state: Stage::On { left, renew, remove: Fields::default().refused(page.visitor.lang, wrong) } })
        }
    }
}

async fn state(app: &App, person: &Person) -> web::Result<Stage> {
    if !person.second_factor {
        return Ok(Stage::Off);
    }
    let left = app.door.recovery_codes_left(person).await?;
    Ok(Stage::On { left, renew: Fields::default(), remove: Fields::default() })
}

fn show_codes(page: &Page, codes: &RecoveryCodes) -> web::Result {
    let codes = codes.0.iter().map(|code| code.expose_secret().to_owned()).collect();
    page.show(&SecondFactorPage { state: Stage::Codes { codes } })
}

/// As people read it aloud.
fn in_fours(secret: &str) -> String {
    secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

impl Template for SecondFactorPage {
    const NAME: &'static str = "pages/second_factor.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let qr = qr::svg(&totp::uri("ana@acme.com", &[7; totp::SECRET])).unwrap();
        let form = Fields::of(&Proof::default());
        let wrong = Fields::default().refused("es", Wrong::at("code", "problem-wrong-code"));
        [
            Stage::Off,
            Stage::Offered { form, secret: "ABCD EFGH".into(), qr },
            Stage::On { left: 0, renew: wrong.clone(), remove: Fields::default() },
            Stage::On { left: 7, renew: Fields::default(), remove: wrong },
            Stage::Codes { codes: vec!["abcd-efgh".into()] },
        ]
        .map(|state| Self { state })
        .into()
    }
}
