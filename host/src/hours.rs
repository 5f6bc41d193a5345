//! Opening hours, in a service point's own time zone.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Time as Civil, tz::TimeZone};
use relevo_model::Time;
use serde_json::{Map, Value};

/// When it is open, by day (`mon` to `sun`), from and to. Without any day it is always open.
pub type Hours = BTreeMap<String, Vec<[String; 2]>>;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// More than anybody opens and closes on a day.
const SPANS: usize = 8;

/// The hour and the minute when a night is over: `18:00` to `09:00` is rather a typo.
const MORNING: (i8, i8) = (8, 0);

/// Whether these are days with times such as `09:00`, each span ending after it began and before the next one begins. The last one of a day may
/// end on the next: `22:00` to `02:00`.
pub fn sound(hours: &Hours) -> bool {
    hours.iter().all(|(day, spans)| {
        let times: Option<Vec<Civil>> = spans.iter().flatten().map(|text| minute(text)).collect();
        DAYS.contains(&day.as_str()) && spans.len() <= SPANS && times.is_some_and(|times| in_order(&times))
    })
}

fn in_order(times: &[Civil]) -> bool {
    let Some((end, before)) = times.split_last() else { return true };
    let last = before.last().is_none_or(|begin| begin < end || is_night(*begin, *end));
    last && before.windows(2).all(|pair| pair[0] < pair[1])
}

/// Whether it ends on the next day.
fn is_night(begin: Civil, end: Civil) -> bool {
    end < begin && (end.hour(), end.minute()) <= MORNING
}

/// Two digits, a colon, two digits, and nothing else that a reader of times would take too.
fn minute(text: &str) -> Option<Civil> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    Civil::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// Whether it is open now. No hours at all is always open; a day that is not named is closed; an unknown zone counts as UTC.
pub fn open(hours: &Value, zone: &str, now: Time) -> bool {
    let Some(days) = hours.as_object().filter(|days| !days.is_empty()) else { return true };
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let Ok(stamp) = Timestamp::from_millisecond(now.0) else { return true };
    let local = stamp.to_zoned(zone);
    let (today, now) = (usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0), local.time());
    let yesterday = (today + 6) % 7;
    spans(days, DAYS[today]).any(|(begin, end)| begin <= now && (now < end || end < begin))
        || spans(days, DAYS[yesterday]).any(|(begin, end)| end < begin && now < end)
}

/// When it opens and closes on a day, as far as that is to be understood.
fn spans<'a>(days: &'a Map<String, Value>, day: &str) -> impl Iterator<Item = (Civil, Civil)> + use<'a> {
    let at = |span: &Value, index: usize| span.get(index).and_then(Value::as_str).and_then(|text| text.parse::<Civil>().ok());
    days.get(day).and_then(Value::as_array).into_iter().flatten().filter_map(move |span| Some((at(span, 0)?, at(span, 1)?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hours_that_make_no_sense_are_told_from_those_that_do() {
        let sound = |hours: Value| sound(&serde_json::from_value(hours).unwrap());
        for yes in [
            json!({}),
            json!({ "mon": [] }),
            json!({ "mon": [["09:00", "13:00"], ["16:00", "20:30"]], "sun": [["00:00", "23:59"]] }),
            json!({ "fri": [["09:00", "13:00"], ["22:00", "02:00"]] }),
            json!({ "sat": [["09:00", "01:00"]] }),
            json!({ "sat": [["20:00", "00:00"]] }),
        ] {
            assert!(sound(yes.clone()), "{yes}");
        }
        for no in [
            json!({ "lun": [["09:00", "13:00"]] }),
            json!({ "mon": [["13:00", "09:00"]] }),
            json!({ "mon": [["09:00", "09:00"]] }),
            json!({ "mon": [["09:00", "13:00"], ["12:00", "20:00"]] }),
            json!({ "mon": [["9:00", "13:00"]] }),
            json!({ "mon": [["09:00", "24:00"]] }),
            json!({ "mon": [["09:60", "13:00"]] }),
            json!({ "mon": [["09:00:00", "13:00"]] }),
            json!({ "mon": [["", ""]] }),
            json!({ "mon": [["22:00", "02:00"], ["23:00", "23:30"]] }),
            json!({ "mon": [["18:00", "09:00"]] }),
        ] {
            assert!(!sound(no.clone()), "{no}");
        }
    }

    #[test]
    fn a_night_ends_on_the_next_day() {
        const HOUR: i64 = 3_600_000;
        // Monday 2024-01-01, 00:00 UTC.
        let monday = 1_704_067_200_000;
        let friday = |hour: i64| Time(monday + (4 * 24 + hour) * HOUR);
        let hours = json!({ "fri": [["09:00", "13:00"], ["22:00", "02:00"]], "sun": [["20:00", "00:00"]] });
        let open = |at: Time| open(&hours, "UTC", at);

        assert!(open(friday(12)) && open(friday(22)) && open(friday(23)) && open(friday(24)) && open(friday(25)));
        assert!(!open(friday(1)) && !open(friday(13)) && !open(friday(21)) && !open(friday(26)) && !open(friday(46)));
        assert!(open(Time(friday(72).0 - 1)) && !open(friday(72)), "midnight ends what ends there");
    }

    #[test]
    fn hours_are_those_of_the_branch_not_of_the_server() {
        let hours = json!({ "mon": [["09:00", "13:00"], ["16:00", "20:00"]] });
        // Monday 2024-01-01 12:30 UTC is 09:30 in Buenos Aires.
        let monday = Time(1_704_112_200_000);

        assert!(open(&hours, "America/Argentina/Buenos_Aires", monday));
        assert!(!open(&hours, "America/Argentina/Buenos_Aires", Time(monday.0 + 4 * 3_600_000)));
        assert!(!open(&hours, "America/Los_Angeles", monday));
        assert!(open(&json!({}), "UTC", monday));
        assert!(!open(&json!({ "tue": [["00:00", "23:59"]] }), "UTC", monday));
    }
}
