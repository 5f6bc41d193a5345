//! Templates: embedded, strict about what is undefined, one environment per language.

#[cfg(not(debug_assertions))]
use std::sync::LazyLock;

use axum::response::Html;
use minijinja::{
    Environment, Error, ErrorKind, UndefinedBehavior, Value, context,
    syntax::SyntaxConfig,
    value::{Kwargs, Serde, ValueKind},
};
use rust_embed::RustEmbed;
use serde::Serialize;

#[cfg(any(test, not(debug_assertions)))]
use super::visitor::LANGUAGES;
use super::{
    assets, marked,
    page::{BUSINESS, Shell},
    visitor::Visitor,
};
use crate::texts::{self, Args, FluentValue};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../web/templates"]
struct Files;

/// What a template is rendered with: one type per page or partial.
pub trait Template: Serialize {
    const NAME: &'static str;

    /// Everything that it may show, in every state: a test renders them all.
    #[cfg(test)]
    fn samples() -> Vec<Self>
    where
        Self: Sized;
}

/// What every template knows.
#[derive(Serialize)]
struct Frame {
    lang: &'static str,
    theme: &'static str,
    version: &'static str,
    /// What the action of a form ends with, so that it acts in the business that its page shows, whichever the session works in by then.
    business: String,
    /// None around a part of a page.
    shell: Option<Shell>,
}

/// A whole page.
pub(super) fn page<T: Template>(visitor: Visitor, shell: Shell, page: &T) -> anyhow::Result<Html<String>> {
    framed(visitor, Some(shell), page).map(Html)
}

/// A part of a page.
pub fn render<T: Template>(visitor: Visitor, part: &T) -> anyhow::Result<String> {
    framed(visitor, None, part)
}

fn framed<T: Template>(visitor: Visitor, shell: Option<Shell>, template: &T) -> anyhow::Result<String> {
    let business = shell.as_ref().and_then(Shell::business).map(|id| format!("?{BUSINESS}={id}")).unwrap_or_default();
    let frame = Frame { lang: visitor.lang, theme: visitor.theme, version: env!("CARGO_PKG_VERSION"), business, shell };
    let values = context! { frame => Serde(frame), ..Value::from(Serde(template)) };
    Ok(with_environment(visitor.lang, |environment| environment.get_template(T::NAME)?.render(values))?)
}

/// In a release the templates are read once.
#[cfg(not(debug_assertions))]
fn with_environment<R>(lang: &'static str, use_it: impl FnOnce(&Environment<'_>) -> R) -> R {
    static ALL: LazyLock<[Environment<'static>; 3]> = LazyLock::new(|| LANGUAGES.map(environment));
    let position = LANGUAGES.iter().position(|known| *known == lang).unwrap_or(0);
    use_it(&ALL[position])
}

/// While they are written they are read anew each time.
#[cfg(debug_assertions)]
fn with_environment<R>(lang: &'static str, use_it: impl FnOnce(&Environment<'_>) -> R) -> R {
    use_it(&environment(lang))
}

fn environment(lang: &'static str) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().expect("these delimiters are the usual ones"));
    environment.set_loader(|name| match Files::get(name) {
        Some(file) => Ok(Some(String::from_utf8_lossy(&file.data).into_owned())),
        None => Ok(None),
    });
    environment.add_function("t", move |key: &str, args: Kwargs| say(lang, key, &args));
    environment.add_function("asset", |path: &str| {
        let address = assets::address(path).ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("there is no static file {path}")))?;
        Ok::<_, Error>(Value::from_safe_string(address))
    });
    environment.add_filter("marked", |text: &str| Value::from_safe_string(marked::html(text)));
    environment
}

fn say(lang: &str, key: &str, given: &Kwargs) -> Result<String, Error> {
    let mut args = Args::new();
    for name in given.args() {
        let value: Value = given.get(name)?;
        let value = match value.kind() {
            ValueKind::Number => FluentValue::from(i64::try_from(value)?),
            _ => FluentValue::from(value.to_string()),
        };
        args.insert(name.to_owned().into(), value);
    }
    texts::find(lang, key, &args).ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("nobody wrote the text {key}")))
}

/// Renders all samples of a template, as a page of somebody and of nobody, in every language; its name.
#[cfg(test)]
pub fn shows<T: Template>() -> &'static str {
    let samples = T::samples();
    assert!(!samples.is_empty(), "{} shows nothing", T::NAME);
    for lang in LANGUAGES {
        for sample in &samples {
            for shell in Shell::samples() {
                let html = framed(Visitor { lang, theme: "dark" }, Some(shell), sample).unwrap_or_else(|error| panic!("{} in {lang}: {error:#}", T::NAME));
                assert!(!html.contains("<script>"), "{} shows as markup what somebody entered", T::NAME);
            }
        }
    }
    T::NAME
}

/// All templates that are pages.
#[cfg(test)]
pub fn pages() -> impl Iterator<Item = String> {
    Files::iter().filter(|name| name.starts_with("pages/")).map(|name| name.into_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn texts_of(lang: &str) -> BTreeSet<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/locales").join(lang);
        let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        let keys = |text: String| text.lines().filter_map(key).map(str::to_owned).collect::<Vec<_>>();
        files.flat_map(keys).collect()
    }

    fn key(line: &str) -> Option<&str> {
        let (key, _) = line.split_once(" =")?;
        key.starts_with(|first: char| first.is_ascii_lowercase()).then_some(key)
    }

    #[test]
    fn every_text_is_written_in_every_language() {
        let spanish = texts_of("es");
        assert!(spanish.contains("hand-over-notice"));
        for lang in LANGUAGES {
            assert_eq!(texts_of(lang), spanish, "{lang} and es");
        }
    }

    #[test]
    fn every_text_that_a_template_names_is_written() {
        let written = texts_of("es");
        for name in Files::iter() {
            let source = String::from_utf8(Files::get(&name).unwrap().data.into_owned()).unwrap();
            let mut before = None;
            for part in source.split("t(\"") {
                // Only what is called t: other names may end in it.
                let named = before.replace(part.chars().next_back()).is_some_and(|last| last.is_none_or(|last: char| !last.is_alphanumeric() && last != '_'));
                let Some((key, _)) = part.split_once('"').filter(|_| named) else { continue };
                // A key that ends in a dash is completed by a value.
                let known = if key.ends_with('-') { written.iter().any(|text| text.starts_with(key)) } else { written.contains(key) };
                assert!(known, "{name}: {key}");
            }
        }
    }

    #[test]
    fn no_template_holds_an_inline_style_or_script() {
        for name in Files::iter() {
            let source = String::from_utf8(Files::get(&name).unwrap().data.into_owned()).unwrap();
            for banned in [" style=", "<style", "<script>", " onclick=", "hx-on", "javascript:"] {
                assert!(!source.contains(banned), "{name}: {banned}");
            }
        }
    }

    /// The addresses of forms that are sent and of dialogs that are opened, as the templates have them.
    fn acting(source: &str) -> Vec<&str> {
        let tags = source.split('<').filter(|tag| tag.starts_with("form ") && tag.contains("method=\"post\"") || tag.contains("data-dialog "));
        let tags = tags.chain(source.split('<').filter(|tag| tag.contains("data-dialog>")));
        tags.map(|tag| tag.split_once(" action=\"").or_else(|| tag.split_once(" href=\"")).unwrap_or_else(|| panic!("{tag} leads nowhere")).1).collect()
    }

    #[test]
    fn a_form_acts_in_the_business_that_its_page_shows() {
        // What is a person's own, and the phones of the simulator, whose service points are in one business only.
        const ELSEWHERE: [&str; 11] = [
            "/account",
            "/invitation/",
            "/login",
            "/logout",
            "/register",
            "/reset",
            "/welcome",
            "/workplace",
            "{{ address }}/",
            "{{ clock.address }}/",
            "{{ phone.address }}/",
        ];
        let mut named = 0;
        for name in Files::iter() {
            let source = String::from_utf8(Files::get(&name).unwrap().data.into_owned()).unwrap();
            for address in acting(&source) {
                let here = address.find("{{ frame.business }}\"").is_some_and(|end| !address[..end].contains("=\""));
                assert!(here || ELSEWHERE.iter().any(|known| address.starts_with(known)), "{name}: {address}");
                named += usize::from(here);
            }
            assert!(!source.contains("formaction"), "{name}");
        }
        assert!(named > 20, "{named} forms and dialogs were found");
    }

    #[test]
    fn what_is_undefined_is_an_error() {
        let environment = environment("es");
        assert!(environment.render_str("{{ missing }}", ()).is_err());
        assert!(environment.render_str("{{ t('missing-text') }}", ()).is_err());
        assert!(environment.render_str("{{ asset('missing.css') }}", ()).is_err());
    }
}
