//! A file on its way to be a plugin: taken, refused with what to change, compiled while one looks on.

use axum::extract::{DefaultBodyLimit, State};
use relevo_model::*;
use relevo_sandbox::package::MAX_SIZE;
use serde::{Deserialize, Serialize};

use super::overview::address;
use crate::{
    app::App,
    console::{
        Error,
        plugins::{self, Detail, Progress, Refused},
    },
    http::routes::{Access, Routes},
    identity::Member,
    plugins::Stage,
    texts,
    web::{
        self, Page, Words,
        forms::{Fields, Wrong},
        templates::Template,
        upload::{File, Upload},
        when,
    },
};

/// Bytes of a form with its file. Larger ones than we keep are read too, to be told what is wrong with them.
const FORM: usize = 2 * MAX_SIZE;
const STEPS: [&str; 4] = ["plugin-step-stored", "plugin-step-waiting", "plugin-step-compiling", "plugin-step-ready"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

#[derive(Serialize)]
pub struct UploadPage {
    form: Fields,
    refusal: Option<RefusalView>,
    largest: usize,
    mib: usize,
}

/// Why a file cannot be a plugin.
#[derive(Serialize)]
struct RefusalView {
    title: String,
    mend: String,
    /// In the words of the sandbox, which are English.
    detail: String,
}

/// A version while it is compiled.
#[derive(Serialize)]
pub struct ProgressView {
    plugin: String,
    version: String,
    since: String,
    steps: [&'static str; 4],
    /// From one.
    current: usize,
}

pub fn routes(access: Access) -> Routes {
    Routes::new().post("/plugins/new", access, take).layer(DefaultBodyLimit::max(FORM))
}

pub async fn show(page: Page) -> web::Result {
    page.show(&view(Fields::default(), None))
}

pub async fn take(page: Page, member: Member, State(app): State<App>, upload: Upload<Nothing, MAX_SIZE>) -> web::Result {
    let file = match upload.file {
        File::Sent(file) => file,
        File::None => return page.again(&view(Fields::default().refused(page.visitor.lang, Wrong::at("file", "plugin-file-missing")), None)),
        File::TooLarge => {
            let wrong = Wrong::at("file", Words::from("plugin-file-large").with("mib", MAX_SIZE >> 20));
            return page.again(&view(Fields::default().refused(page.visitor.lang, wrong), None));
        }
    };
    match plugins::upload(&app, &member, file).await {
        Ok(uploaded) => {
            let done = Words::from("plugin-uploaded").with("plugin", uploaded.plugin.clone()).with("version", uploaded.version);
            Ok(page.done(&address(&uploaded.plugin), done))
        }
        Err(Error::Package(refused)) => {
            let (title, mend) = said(page.visitor.lang, &refused);
            page.again(&view(Fields::default(), Some(RefusalView { title, mend, detail: refused.detail })))
        }
        Err(error) => Err(error.into()),
    }
}

/// The version that is being compiled, if one is.
pub async fn under_way(page: &Page, app: &App, member: &Member, detail: &Detail) -> web::Result<Option<ProgressView>> {
    let Some(version) = detail.versions.iter().find(|version| version.state == VersionState::Compiling) else { return Ok(None) };
    let id = &detail.plugin.id;
    let progress = plugins::progress(app, member, id, &version.version).await?;
    Ok(Some(progress_view(page, app, id, version.version.clone(), &progress)))
}

fn progress_view(page: &Page, app: &App, plugin: &str, version: String, progress: &Progress) -> ProgressView {
    let (since, current) = match progress.stage {
        Some(Stage::Compiling(since)) => (since, 3),
        Some(Stage::Waiting) | None => (progress.uploaded_at, 2),
    };
    let time = when::length(page.visitor.lang, app.clock.now().0.abs_diff(since.0));
    let since = Words::from("plugin-compiling-since").with("time", time).to_text(page.visitor.lang);
    ProgressView { plugin: plugin.to_owned(), version, since, steps: STEPS, current }
}

/// What is wrong with a file, and what to do about it.
pub fn said(lang: &str, refused: &Refused) -> (String, String) {
    let name = refused.kind.strip_prefix("plugin-").unwrap_or(&refused.kind);
    let find = |key: &str| texts::find(lang, key, &texts::Args::new());
    let title = find(&format!("refused-{name}")).unwrap_or_else(|| texts::say(lang, "refused-title"));
    let mend = find(&format!("refused-{name}-mend")).unwrap_or_else(|| texts::say(lang, "refused-other-mend"));
    (title, mend)
}

fn view(form: Fields, refusal: Option<RefusalView>) -> UploadPage {
    UploadPage { form, refusal, largest: MAX_SIZE, mib: MAX_SIZE >> 20 }
}

impl Template for UploadPage {
    const NAME: &'static str = "pages/plugin_new.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let refusal = |detail: &str| RefusalView { title: "<b>".into(), mend: "<i>".into(), detail: detail.into() };
        vec![
            view(Fields::default(), None),
            view(Fields::default(), Some(refusal("<script>"))),
            view(Fields::default().refused("es", Wrong::at("file", "plugin-file-missing")), Some(refusal(""))),
        ]
    }
}

#[cfg(test)]
impl ProgressView {
    pub fn sample() -> Self {
        Self { plugin: "com.example.p".into(), version: "2.2.0".into(), since: "<b>".into(), steps: STEPS, current: 3 }
    }
}

#[cfg(test)]
mod tests {
    use relevo_sandbox::PackageError;

    use super::*;

    #[test]
    fn whoever_is_refused_reads_what_to_change() {
        let refused = Refused::from(&PackageError::CoreModule);

        let (title, mend) = said("es", &refused);

        assert_eq!(title, "Es un módulo, no un componente");
        assert!(mend.contains("relevo plugin build"), "{mend}");
        let (title, mend) = said("es", &Refused::new("plugin-of-tomorrow", "x"));
        assert!(title.starts_with("No se puede usar") && mend.contains("detalle"), "what has no words of its own has those of all");
    }
}
