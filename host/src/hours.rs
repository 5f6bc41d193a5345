//! Opening hours, in a service point's own time zone.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Time as Civil, tz::TimeZone};
use relevo_model::Time;
use serde_json::Value;

/// When it is open, by day (`mon` to `sun`), from and to. Without any day it is always open.
pub type Hours = BTreeMap<String, Vec<[String; 2]>>;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// More than anybody opens and closes on a day.
const SPANS: usize = 8;

/// Whether these are days with times such as `09:00`, each span ending after it began and before the next one begins.
pub fn sound(hours: &Hours) -> bool {
    hours.iter().all(|(day, spans)| {
        let times: Option<Vec<Civil>> = spans.iter().flatten().map(|text| minute(text)).collect();
        DAYS.contains(&day.as_str()) && spans.len() <= SPANS && times.is_some_and(|times| times.windows(2).all(|pair| pair[0] < pair[1]))
    })
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
    let day = DAYS[usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0)];
    let spans = days.get(day).and_then(Value::as_array);
    spans.is_some_and(|spans| {
        spans.iter().any(|span| {
            let at = |index: usize| span.get(index).and_then(Value::as_str).and_then(|text| text.parse::<Civil>().ok());
            matches!((at(0), at(1)), (Some(from), Some(to)) if from <= local.time() && local.time() < to)
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hours_that_make_no_sense_are_told_from_those_that_do() {
        let sound = |hours: Value| sound(&serde_json::from_value(hours).unwrap());
        for yes in [json!({}), json!({ "mon": [] }), json!({ "mon": [["09:00", "13:00"], ["16:00", "20:30"]], "sun": [["00:00", "23:59"]] })] {
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
        ] {
            assert!(!sound(no.clone()), "{no}");
        }
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
