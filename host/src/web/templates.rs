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

use super::{
    assets, marked,
    visitor::{LANGUAGES, Visitor},
};
use crate::texts::{self, Args, FluentValue};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../web/templates"]
struct Files;

/// What a template is rendered with: one type per page or partial.
pub trait Template: Serialize {
    const NAME: &'static str;
}

/// What every template knows.
#[derive(Serialize)]
struct Frame {
    lang: &'static str,
    theme: &'static str,
    languages: [&'static str; 3],
    version: &'static str,
}

/// A whole page.
pub fn page<T: Template>(visitor: Visitor, page: &T) -> anyhow::Result<Html<String>> {
    Ok(Html(render(visitor, page)?))
}

pub fn render<T: Template>(visitor: Visitor, template: &T) -> anyhow::Result<String> {
    let frame = Frame { lang: visitor.lang, theme: visitor.theme, languages: LANGUAGES, version: env!("CARGO_PKG_VERSION") };
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
            for named in source.split("t(\"").skip(1).filter_map(|rest| rest.split_once('"')) {
                // A key that ends in a dash is completed by a value.
                let known = if named.0.ends_with('-') { written.iter().any(|key| key.starts_with(named.0)) } else { written.contains(named.0) };
                assert!(known || source.contains(&format!("asset(\"{}\"", named.0)), "{name}: {}", named.0);
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

    #[test]
    fn what_is_undefined_is_an_error() {
        let environment = environment("es");
        assert!(environment.render_str("{{ missing }}", ()).is_err());
        assert!(environment.render_str("{{ t('missing-text') }}", ()).is_err());
        assert!(environment.render_str("{{ asset('missing.css') }}", ()).is_err());
    }
}
