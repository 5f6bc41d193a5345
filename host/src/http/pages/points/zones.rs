//! Time zones to choose from: every one that there is, found by its name or its city.

use jiff::{Timestamp, tz::TimeZone};
use relevo_model::Time;

use crate::web::forms::Choice;

/// Copies of the others, which count otherwise.
const COPIES: [&str; 2] = ["posix/", "right/"];

/// Every zone by its name, with its city and how late it is there.
pub fn choices(now: Time) -> Vec<Choice> {
    let mut names: Vec<String> = names().collect();
    names.sort_unstable();
    names.iter().map(|name| Choice::new(name, label(name, now))).collect()
}

/// The zone that somebody means: by its name in whatever letters, or by its city. What is none stays as it was written.
pub fn meant(text: &str) -> String {
    let (wanted, names) = (plain(text), names().collect::<Vec<_>>());
    let named = names.iter().find(|name| plain(name) == wanted);
    // Of two of one city the longer name is the one that counts now.
    let of_city = || names.iter().filter(|name| plain(city(name)) == wanted).max_by_key(|name| name.len());
    named.or_else(of_city).cloned().unwrap_or_else(|| text.trim().to_owned())
}

fn names() -> impl Iterator<Item = String> {
    let names = jiff::tz::db().available().map(|name| name.as_str().to_owned());
    names.filter(|name| !COPIES.iter().any(|copy| name.starts_with(copy)))
}

fn city(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Small letters without accents, which no name of a zone has.
fn plain(text: &str) -> String {
    let plain = |letter: char| match letter {
        'á' | 'à' | 'â' | 'ã' => 'a',
        'é' | 'ê' => 'e',
        'í' => 'i',
        'ó' | 'ô' | 'õ' => 'o',
        'ú' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        ' ' => '_',
        other => other,
    };
    text.trim().to_lowercase().chars().map(plain).collect()
}

/// `Buenos Aires (GMT−3)`.
fn label(name: &str, now: Time) -> String {
    format!("{} (GMT{})", city(name).replace('_', " "), offset(name, now))
}

/// `−3`, `+5:30`; nothing in Greenwich.
fn offset(name: &str, now: Time) -> String {
    let zone = TimeZone::get(name).unwrap_or(TimeZone::UTC);
    let minutes = Timestamp::from_millisecond(now.millis()).map_or(0, |at| zone.to_offset(at).seconds() / 60);
    let (sign, minutes) = (if minutes < 0 { "−" } else { "+" }, minutes.unsigned_abs());
    match (minutes / 60, minutes % 60) {
        (0, 0) => String::new(),
        (hours, 0) => format!("{sign}{hours}"),
        (hours, rest) => format!("{sign}{hours}:{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_says_how_late_it_is_there() {
        let choices = choices(Time(1_767_268_800_000));
        let text = |zone: &str| choices.iter().find(|choice| choice.value == zone).map(|choice| &*choice.text);

        assert_eq!(text("America/Argentina/Buenos_Aires"), Some("Buenos Aires (GMT−3)"));
        assert_eq!(text("Asia/Kolkata"), Some("Kolkata (GMT+5:30)"));
        assert_eq!(text("Europe/London"), Some("London (GMT)"));
        assert_eq!(text("UTC"), Some("UTC (GMT)"));
        assert!(choices.len() > 400 && choices.iter().all(|choice| TimeZone::get(&choice.value).is_ok()));
    }

    #[test]
    fn a_zone_is_meant_by_its_name_or_by_its_city() {
        for (text, zone) in [
            ("America/Montevideo", "America/Montevideo"),
            (" america/montevideo", "America/Montevideo"),
            ("Buenos Aires", "America/Argentina/Buenos_Aires"),
            ("córdoba", "America/Argentina/Cordoba"),
            ("São Paulo", "America/Sao_Paulo"),
            ("utc", "UTC"),
            (" Mars/Olympus ", "Mars/Olympus"),
            ("", ""),
        ] {
            assert_eq!(meant(text), zone, "{text}");
        }
    }
}
