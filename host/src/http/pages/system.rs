//! The system check: what `relevo doctor` says, as a page for whoever operates the installation.

use axum::extract::State;
use serde::Serialize;

use crate::{
    app::App,
    doctor::{self, Finding},
    web::{self, Page, templates::Template},
};

#[derive(Serialize)]
pub struct SystemPage {
    findings: Vec<Finding>,
    bad: usize,
    warn: usize,
}

pub async fn show(page: Page, State(app): State<App>) -> web::Result {
    page.show(&view(doctor::examine_running(&app.settings, &app.store).await))
}

fn view(mut findings: Vec<Finding>) -> SystemPage {
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (bad, warn) = (count(doctor::State::Bad), count(doctor::State::Warn));
    // What is wrong first.
    findings.sort_by_key(|finding| match finding.state {
        doctor::State::Bad => 0,
        doctor::State::Warn => 1,
        doctor::State::Ok => 2,
    });
    SystemPage { findings, bad, warn }
}

impl Template for SystemPage {
    const NAME: &'static str = "pages/system.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let finding = |state, mend: Option<&str>| Finding { name: "disk space".into(), state, says: "<b>".into(), mend: mend.map(str::to_owned) };
        let (ok, warn, bad) = (doctor::State::Ok, doctor::State::Warn, doctor::State::Bad);
        vec![view(vec![finding(ok, None)]), view(vec![finding(ok, None), finding(warn, Some("<i>")), finding(bad, Some("mend"))])]
    }
}
