//! The opening hours of a day as people write them on a door: `9 a 13, 16 a 20:30`.

use crate::hours::{self, Hours};

/// The days as hours are kept by, from Monday.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The spans of a day; none where what was written makes no sense. Nothing written is closed.
pub fn parse(text: &str) -> Option<Vec<[String; 2]>> {
    let text = format!(" {} ", text.to_lowercase());
    let text = ["–", "—", " a ", " às ", " as ", " to "].iter().fold(text, |text, between| text.replace(between, "-"));
    let text = [";", "/", " y ", " e ", " and "].iter().fold(text, |text, after| text.replace(after, ","));
    let spans = text.split(',').map(str::trim).filter(|span| !span.is_empty());
    let spans = spans.map(|span| {
        let (from, to) = span.split_once('-')?;
        let (from, to) = (time(from)?, time(to)?);
        // A day has no hour 24: it ends where the next one begins, and all of it ends a minute before.
        let to = match (&*from, &*to) {
            ("00:00", "24:00") => "23:59".to_owned(),
            (_, "24:00") => "00:00".to_owned(),
            _ => to,
        };
        Some([from, to])
    });
    let spans: Vec<[String; 2]> = spans.collect::<Option<_>>()?;
    hours::sound(&Hours::from([(DAYS[0].to_owned(), spans.clone())])).then_some(spans)
}

/// The same, as it is written back.
pub fn show(spans: &[[String; 2]]) -> String {
    spans.iter().map(|[from, to]| format!("{from}–{to}")).collect::<Vec<_>>().join(", ")
}

/// `9`, `9:30`, `09.30` or `9 hs`, as two digits, a colon, two digits.
fn time(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches("hs").trim_end_matches('h').trim();
    let (hour, minute) = text.split_once([':', '.', 'h']).unwrap_or((text, "00"));
    let short = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit());
    (short(hour) && short(minute) && minute.len() == 2).then(|| format!("{hour:0>2}:{minute}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_taken_as_people_write_them() {
        for (text, shown) in [
            ("", ""),
            ("9 a 13", "09:00–13:00"),
            ("9-13, 16-20:30", "09:00–13:00, 16:00–20:30"),
            ("09:00–13:00 y 16.30 a 20 hs", "09:00–13:00, 16:30–20:00"),
            ("9h às 18h", "09:00–18:00"),
            ("8:15 to 12 and 13 to 17", "08:15–12:00, 13:00–17:00"),
            ("20 a 24", "20:00–00:00"),
            ("0 a 24", "00:00–23:59"),
            ("9 a 13, 22 a 2", "09:00–13:00, 22:00–02:00"),
        ] {
            let spans = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(show(&spans), shown);
            assert_eq!(parse(&show(&spans)), Some(spans), "{text} is taken back as it was");
        }
    }

    #[test]
    fn hours_that_make_no_sense_are_not_guessed() {
        for text in ["cerrado", "9", "13 a 9", "9 a 25", "9:5 a 10", "9-13, 12-20", "22 a 2, 9 a 13", "9 a 13 a 20", "a", "9-", "24-24", "१ a २"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
