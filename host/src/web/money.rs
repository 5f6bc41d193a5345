//! Money as people of a language read it and write it.

use relevo_model::money;

/// The language that writes `12,500.50`; the others write `12.500,50`.
const ENGLISH: &str = "en";

/// An amount with its currency: `$ 12.500,50`. A whole one has no decimals: `$ 12.500`.
pub fn show(lang: &str, minor: i64, currency: &str) -> String {
    let text = money::show(minor, currency);
    let whole = match text.rsplit_once(',') {
        Some((whole, decimals)) if decimals.bytes().all(|digit| digit == b'0') => whole.to_owned(),
        _ => text,
    };
    if lang != ENGLISH {
        return whole;
    }
    let swapped = |letter| match letter {
        '.' => ',',
        ',' => '.',
        other => other,
    };
    whole.chars().map(swapped).collect()
}

/// The number alone, as a field of a form holds it.
pub fn entered(lang: &str, minor: i64, currency: &str) -> String {
    show(lang, minor, currency).trim_start_matches(|letter: char| !letter.is_ascii_digit()).to_owned()
}

/// What somebody wrote, in minor units. The language decides what `12.500` is; `12.500,50`, `12500.5` and `12500` are told in any.
/// None is what cannot be told, or has more decimals than the currency.
pub fn parse(lang: &str, text: &str, currency: &str) -> Option<i64> {
    let text: String = text.trim().trim_start_matches('$').chars().filter(|letter| !letter.is_whitespace()).collect();
    let (whole, decimals) = split(lang, &text)?;
    let places = usize::try_from(money::decimals(currency)).ok()?;
    if whole.is_empty() || decimals.len() > places || ![&*whole, decimals].iter().all(|part| part.bytes().all(|digit| digit.is_ascii_digit())) {
        return None;
    }
    format!("{whole}{decimals:0<places$}").parse().ok()
}

/// The digits before and after the decimal mark.
fn split<'a>(lang: &str, text: &'a str) -> Option<(String, &'a str)> {
    let Some(at) = text.rfind(['.', ',']) else { return Some((text.to_owned(), "")) };
    let mark = char::from(text.as_bytes()[at]);
    let (before, after) = (&text[..at], &text[at + 1..]);
    let groups = if lang == ENGLISH { ',' } else { '.' };
    let alone = !before.contains(['.', ',']);
    if before.contains(mark) || alone && mark == groups && after.len() == 3 {
        return Some((ungrouped(text, mark)?, ""));
    }
    if after.is_empty() {
        return None;
    }
    let whole = if alone { before.to_owned() } else { ungrouped(before, if mark == '.' { ',' } else { '.' })? };
    Some((whole, after))
}

/// The digits of groups of three.
fn ungrouped(text: &str, mark: char) -> Option<String> {
    let mut groups = text.split(mark);
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()) && !first.starts_with('0'))?;
    let rest: Vec<&str> = groups.collect();
    rest.iter().all(|group| group.len() == 3).then(|| [&[first], &rest[..]].concat().concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_taken_as_people_of_a_language_write_it() {
        for (lang, text, minor) in [
            ("es", "12.500,50", 1_250_050),
            ("es", "12500.5", 1_250_050),
            ("es", "12.500", 1_250_000),
            ("es", "12500", 1_250_000),
            ("es", " $ 1.234.567,8 ", 123_456_780),
            ("es", "1,234.56", 123_456),
            ("es", "0,5", 50),
            ("pt", "12.500,50", 1_250_050),
            ("en", "12,500.50", 1_250_050),
            ("en", "12,500", 1_250_000),
            ("en", "12500,5", 1_250_050),
            ("en", "0", 0),
        ] {
            assert_eq!(parse(lang, text, "ARS"), Some(minor), "{lang} {text}");
        }
        assert_eq!(parse("es", "4.200", "CLP"), Some(4_200));
        assert_eq!(parse("es", "1,250", "KWD"), Some(1_250));
    }

    #[test]
    fn what_could_be_two_amounts_or_is_none_is_not_taken() {
        for (lang, text) in [
            ("es", ""),
            ("es", "doce"),
            ("es", "12,"),
            ("es", ",50"),
            ("es", "-5"),
            ("es", "+5"),
            ("es", "1.25.000"),
            ("es", "12.500,505"),
            ("es", "12,500"),
            ("en", "12.500"),
            ("es", "0.500"),
            ("es", "1.000.00"),
            ("es", "99999999999999999999"),
            ("es", "１２"),
        ] {
            assert_eq!(parse(lang, text, "ARS"), None, "{lang} {text}");
        }
        assert_eq!(parse("es", "4.200,50", "CLP"), None, "it has no decimals");
    }

    #[test]
    fn what_a_field_shows_is_taken_back_as_it_was() {
        assert_eq!((show("es", 1_250_000, "ARS"), show("es", 1_250_050, "ARS")), ("$ 12.500".into(), "$ 12.500,50".into()));
        assert_eq!((show("en", 1_250_050, "USD"), show("pt", 5, "BRL")), ("US$ 12,500.50".into(), "R$ 0,05".into()));
        for lang in ["es", "en", "pt"] {
            for currency in ["ARS", "CLP", "KWD"] {
                for minor in [0, 5, 50, 100, 12_345, 1_250_000, 99_999_999] {
                    assert_eq!(parse(lang, &entered(lang, minor, currency), currency), Some(minor), "{lang} {minor} {currency}");
                }
            }
        }
    }
}
