//! Moments as people say them, without asking where on earth they are.

use relevo_model::Time;
use serde::Serialize;

use super::words::Words;

/// A moment for a template: in words, and exactly.
#[derive(Clone, Serialize)]
pub struct Moment {
    pub text: String,
    /// For the machine, and for whoever points at it.
    pub exact: String,
}

/// How long ago something was, or how soon it will be.
pub fn moment(lang: &str, now: Time, at: Time) -> Moment {
    Moment { text: words(now, at).to_text(lang), exact: exact(at) }
}

/// A length in words: «menos de un minuto», «11 min», «3 h», «2 días».
pub fn length(lang: &str, milliseconds: u64) -> String {
    let (unit, count) = unit(milliseconds);
    let key = match unit {
        _ if count == 0 => "length-moment",
        "days" => "length-days",
        "hours" => "length-hours",
        _ => "length-minutes",
    };
    Words::from(key).with("count", count).to_text(lang)
}

fn words(now: Time, at: Time) -> Words {
    let future = at > now;
    let away = at.0.abs_diff(now.0);
    if away < 60_000 {
        return "ago-now".into();
    }
    let (unit, count) = unit(away);
    let key = match (unit, future) {
        ("days", false) => "ago-days",
        ("hours", false) => "ago-hours",
        (_, false) => "ago-minutes",
        ("days", true) => "in-days",
        ("hours", true) => "in-hours",
        (_, true) => "in-minutes",
    };
    Words::from(key).with("count", count)
}

/// The largest unit that it is at least one of, and a half.
const fn unit(milliseconds: u64) -> (&'static str, u64) {
    let minutes = milliseconds / 60_000;
    match minutes {
        0..90 => ("minutes", minutes),
        90..2_160 => ("hours", (minutes + 30) / 60),
        _ => ("days", (minutes + 720) / 1_440),
    }
}

/// A moment that everybody reads the same.
pub fn exact(at: Time) -> String {
    jiff::Timestamp::from_millisecond(at.millis()).map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}

/// A day of UTC that everybody reads the same.
pub fn day(at: Time) -> String {
    jiff::Timestamp::from_millisecond(at.millis()).map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Time = Time(1_767_268_800_000);
    const MINUTE: i64 = 60_000;

    #[test]
    fn moments_are_told_in_the_unit_that_people_would_use() {
        let of = |minutes: i64| moment("es", NOON, Time(NOON.0 + minutes * MINUTE)).text;

        assert_eq!(of(0), "recién");
        assert_eq!((of(-1), of(-11)), ("hace 1 min".into(), "hace 11 min".into()));
        assert_eq!((of(-60), of(-120)), ("hace 60 min".into(), "hace 2 h".into()));
        assert_eq!((of(-3 * 1_440), of(7 * 1_440)), ("hace 3 días".into(), "en 7 días".into()));
        assert_eq!(moment("es", NOON, NOON).exact, "2026-01-01 12:00 UTC");
        assert_eq!(length("es", 11 * 60_000 + 59_999), "11 min");
        assert_eq!(length("es", 59_999), "menos de un minuto");
    }
}
