//! Opening hours, in a service point's own time zone.

use jiff::{Timestamp, civil::Time as Civil, tz::TimeZone};
use relevo_model::Time;
use serde_json::Value;

/// Whether it is open now. No hours at all is always open; a day that is not named is closed; an unknown zone counts as UTC.
pub fn open(hours: &Value, zone: &str, now: Time) -> bool {
    let Some(days) = hours.as_object().filter(|days| !days.is_empty()) else { return true };
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let Ok(stamp) = Timestamp::from_millisecond(now.0) else { return true };
    let local = stamp.to_zoned(zone);
    let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0)];
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
