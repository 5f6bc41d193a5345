//! Text for people: one string, or one for each language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What an author wrote for people to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// The same for everybody.
    Plain(String),
    /// By language, such as "es".
    Localised(BTreeMap<String, String>),
}

impl Text {
    /// In the language that is asked for, else Spanish, else English, else the first there is.
    pub fn in_locale(&self, locale: &str) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Localised(texts) => {
                let language = locale.split(['-', '_']).next().unwrap_or(locale);
                let found = [locale, language, "es", "en"].iter().find_map(|wanted| texts.get(*wanted));
                found.or_else(|| texts.values().next()).map_or("", String::as_str)
            }
        }
    }

    /// Nothing that anybody could read, in any of its languages.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Plain(text) => text.trim().is_empty(),
            Self::Localised(texts) => texts.values().all(|text| text.trim().is_empty()),
        }
    }

    /// Some language of it says nothing, or is none.
    pub(crate) fn is_incomplete(&self) -> bool {
        match self {
            Self::Plain(text) => text.trim().is_empty(),
            Self::Localised(texts) => texts.is_empty() || texts.iter().any(|(locale, text)| !is_locale(locale) || text.trim().is_empty()),
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

fn is_locale(locale: &str) -> bool {
    (2..=12).contains(&locale.len()) && locale.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn a_text_is_read_in_the_language_that_is_there() {
        let text: Text = from_value(json!({ "en": "Tracking", "es": "Seguimiento" })).unwrap();
        let other: Text = from_value(json!({ "de": "Sendung", "en": "Tracking" })).unwrap();

        assert_eq!(text.in_locale("en"), "Tracking");
        assert_eq!(text.in_locale("en-GB"), "Tracking");
        assert_eq!(text.in_locale("pt"), "Seguimiento");
        assert_eq!(other.in_locale("pt"), "Tracking");
        assert_eq!(from_value::<Text>(json!("Eco")).unwrap().in_locale("pt"), "Eco");
    }

    #[test]
    fn a_text_with_a_silent_language_is_incomplete() {
        for text in [json!({}), json!({ "es": "Sí", "en": " " }), json!({ "español": "Sí" }), json!("")] {
            assert!(from_value::<Text>(text.clone()).unwrap().is_incomplete(), "{text}");
        }
    }
}
