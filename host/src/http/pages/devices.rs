//! Where one is logged in, and ending that.

use axum::extract::{Path, State};
use relevo_model::{SessionId, SessionKind};
use relevo_store::Login;
use serde::Serialize;

use crate::{
    app::App,
    identity::{Error, Person, Refusal},
    web::{
        self, Page, Words,
        templates::Template,
        when::{Moment, moment},
    },
};

#[derive(Serialize)]
pub struct DevicesPage {
    devices: Vec<DeviceView>,
    others: bool,
}

#[derive(Serialize)]
struct DeviceView {
    id: String,
    name: String,
    address: Option<String>,
    /// A program with a token, not a browser.
    program: bool,
    used: Moment,
    since: Moment,
    current: bool,
}

pub async fn list(page: Page, person: Person, State(app): State<App>) -> web::Result {
    let now = app.clock.now();
    let sessions = app.door.sessions(&person).await?;
    let view = |session: &Login| DeviceView {
        id: session.id.to_string(),
        name: named(session.user_agent.as_deref()).to_text(page.visitor.lang),
        address: session.address.clone(),
        program: session.kind == SessionKind::Bearer,
        used: moment(page.visitor.lang, now, session.last_used_at),
        since: moment(page.visitor.lang, now, session.created_at),
        current: session.id == person.session,
    };
    page.show(&DevicesPage { devices: sessions.iter().map(view).collect(), others: sessions.len() > 1 })
}

pub async fn revoke(page: Page, person: Person, State(app): State<App>, Path(session): Path<String>) -> web::Result {
    let session: SessionId = session.parse().map_err(|_| Refusal::NotFound)?;
    match app.door.revoke(&person, &session).await {
        // Gone already is what was wanted.
        Ok(()) | Err(Error::Gone) => Ok(page.done("/account/devices", "device-revoked")),
        Err(error) => Err(error.into()),
    }
}

pub async fn revoke_others(page: Page, person: Person, State(app): State<App>) -> web::Result {
    let ended = app.door.revoke_others(&person).await?;
    Ok(page.done("/account/devices", Words::from("devices-revoked").with("count", ended)))
}

/// What people call a browser, from what it says of itself.
fn named(user_agent: Option<&str>) -> Words {
    // The first that is there: browsers claim to be others too.
    const BROWSERS: [(&str, &str); 7] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] =
        [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")];
    let known =
        |names: &[(&'static str, &'static str)]| names.iter().find(|(sign, _)| user_agent.is_some_and(|agent| agent.contains(sign))).map(|(_, name)| *name);
    match (known(&BROWSERS), known(&SYSTEMS)) {
        (Some(browser), Some(system)) => Words::from("device-named").with("browser", browser).with("system", system),
        (Some(name), None) | (None, Some(name)) => Words::from("device-only").with("name", name),
        (None, None) => "device-unknown".into(),
    }
}

impl Template for DevicesPage {
    const NAME: &'static str = "pages/devices.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let moment = || Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        let device = |program: bool, current| DeviceView {
            id: "0198c0de-0000-7000-8000-000000000001".into(),
            name: "<b>".into(),
            address: (!program).then(|| "192.0.2.1".to_owned()),
            program,
            used: moment(),
            since: moment(),
            current,
        };
        vec![Self { devices: vec![device(false, true)], others: false }, Self { devices: vec![device(false, true), device(true, false)], others: true }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_what_people_call_it() {
        let of = |agent| named(agent).to_text("en");

        assert_eq!(of(Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")), "Firefox on Linux");
        assert_eq!(of(Some("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0")), "Edge on Windows");
        assert_eq!(of(Some("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) AppleWebKit/605 Version/18 Mobile/15 Safari/604")), "Safari on iPhone");
        assert_eq!(of(Some("curl/8.0")), of(None));
    }
}
