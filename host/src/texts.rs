//! What people read, by locale.

use std::{borrow::Cow, collections::HashMap};

use fluent_templates::{LanguageIdentifier, Loader, static_loader};

pub use fluent_templates::fluent_bundle::FluentValue;

static_loader! {
    static LOCALES = {
        locales: "../web/locales",
        fallback_language: "es",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// What is put into a text, by the name that the text knows it by.
pub type Args = HashMap<Cow<'static, str>, FluentValue<'static>>;

/// The text of a key in this locale; Spanish where the locale has none.
pub fn say(locale: &str, key: &str) -> String {
    find(locale, key, &Args::new()).unwrap_or_else(|| key.to_owned())
}

/// The text of a key with its arguments; none where nobody wrote it.
pub fn find(locale: &str, key: &str, args: &Args) -> Option<String> {
    let language: LanguageIdentifier = locale.parse().unwrap_or_else(|_| "es".parse().expect("es is a language"));
    LOCALES.try_lookup_with_args(&language, key, args)
}
