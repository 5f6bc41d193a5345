//! Something to be said in whatever language the visitor reads.

use crate::texts::{self, Args, FluentValue};

/// The key of a text, and what is put into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    key: &'static str,
    values: Vec<(&'static str, Said)>,
}

/// What is put into a text: words as they are, or a number that the text may bend itself to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Text(String),
    Number(i64),
}

impl From<&'static str> for Words {
    fn from(key: &'static str) -> Self {
        Self { key, values: Vec::new() }
    }
}

impl Words {
    /// Puts a value where the text names it.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Said>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// As this language says it.
    pub fn to_text(&self, lang: &str) -> String {
        let value = |said: &Said| match said {
            Said::Text(text) => FluentValue::from(text.clone()),
            Said::Number(number) => FluentValue::from(*number),
        };
        let args: Args = self.values.iter().map(|(name, said)| ((*name).into(), value(said))).collect();
        texts::find(lang, self.key, &args).unwrap_or_else(|| self.key.to_owned())
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Said {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Said {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Said {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}
