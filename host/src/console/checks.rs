//! Looking at what people entered: everything that is wrong with it, at once.

use jiff::tz::TimeZone;

use super::{Error, Result};
use crate::identity::Problem;

/// The languages that people may be spoken to in.
pub const LOCALES: &[&str] = &["es", "en", "pt"];

/// What is wrong so far.
#[derive(Default)]
pub struct Checks(Vec<Problem>);

impl Checks {
    pub fn wrong(&mut self, field: &'static str, text: &'static str) {
        self.0.push(Problem { field, text });
    }

    pub fn demand(&mut self, holds: bool, field: &'static str, text: &'static str) {
        if !holds {
            self.wrong(field, text);
        }
    }

    /// A line that must say something: without blanks around it.
    pub fn line(&mut self, field: &'static str, entered: &str, longest: usize) -> String {
        let line = entered.trim();
        if line.is_empty() {
            self.wrong(field, "field-required");
        } else if line.contains(|letter: char| letter.is_control() || is_bidi(letter)) {
            self.wrong(field, "field-letters");
        } else if line.chars().count() > longest {
            self.wrong(field, "field-long");
        }
        line.to_owned()
    }

    /// A line that may be left out; an empty one is.
    pub fn line_if_any(&mut self, field: &'static str, entered: Option<&str>, longest: usize) -> Option<String> {
        let entered = entered.map(str::trim).filter(|entered| !entered.is_empty())?;
        Some(self.line(field, entered, longest))
    }

    /// A text of several lines, which may be empty.
    pub fn text(&mut self, field: &'static str, entered: &str, longest: usize) -> String {
        let text = entered.replace("\r\n", "\n");
        if text.contains(|letter: char| letter.is_control() && !matches!(letter, '\n' | '\t')) {
            self.wrong(field, "field-letters");
        } else if text.chars().count() > longest {
            self.wrong(field, "field-long");
        }
        text.trim().to_owned()
    }

    pub fn currency(&mut self, field: &'static str, entered: &str) -> String {
        let code = entered.trim().to_ascii_uppercase();
        self.demand(code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase()), field, "field-currency");
        code
    }

    pub fn locale(&mut self, field: &'static str, entered: &str) -> String {
        self.demand(LOCALES.contains(&entered), field, "field-locale");
        entered.to_owned()
    }

    pub fn time_zone(&mut self, field: &'static str, entered: &str) -> String {
        let zone = entered.trim();
        self.demand(TimeZone::get(zone).is_ok(), field, "field-time-zone");
        zone.to_owned()
    }

    pub fn end(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

/// Letters that turn the direction of what follows: with them a name shows as another one.
const fn is_bidi(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(checks: Checks) -> Vec<(&'static str, &'static str)> {
        match checks.end() {
            Err(Error::Invalid(problems)) => problems.iter().map(|problem| (problem.field, problem.text)).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let mut checks = Checks::default();

        checks.line("name", "  ", 10);
        checks.line("title", "a\u{202e}b", 10);
        checks.line("sku", "12345678901", 10);
        checks.text("text", "a\0b", 10);
        checks.currency("currency", "pesos");
        checks.locale("locale", "xx");
        checks.time_zone("time_zone", "Mars/Olympus");

        let expected = [
            ("name", "field-required"),
            ("title", "field-letters"),
            ("sku", "field-long"),
            ("text", "field-letters"),
            ("currency", "field-currency"),
            ("locale", "field-locale"),
            ("time_zone", "field-time-zone"),
        ];
        assert_eq!(problems(checks), expected);
    }

    #[test]
    fn what_people_write_is_taken_as_they_meant_it() {
        let mut checks = Checks::default();

        assert_eq!(checks.line("name", " Almacén Ñandú 🧉 ", 20), "Almacén Ñandú 🧉");
        assert_eq!(checks.text("text", "uno\r\ndos\n", 20), "uno\ndos");
        assert_eq!(checks.currency("currency", "ars"), "ARS");
        assert_eq!(checks.time_zone("time_zone", "America/Argentina/Buenos_Aires"), "America/Argentina/Buenos_Aires");
        assert_eq!(checks.line_if_any("waba_id", Some("  "), 20), None);
        assert!(problems(checks).is_empty());
    }
}
