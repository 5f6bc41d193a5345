//! What people read, by locale.

use fluent_templates::{LanguageIdentifier, Loader, static_loader};

static_loader! {
    static LOCALES = {
        locales: "../web/locales",
        fallback_language: "es",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// The text of a key in this locale; Spanish where the locale has none.
pub fn say(locale: &str, key: &str) -> String {
    let language: LanguageIdentifier = locale.parse().unwrap_or_else(|_| "es".parse().expect("es is a language"));
    LOCALES.try_lookup(&language, key).unwrap_or_else(|| key.to_owned())
}
