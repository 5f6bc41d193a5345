//! Time zones to choose from, each by its city.

use jiff::{Timestamp, tz::TimeZone};
use relevo_model::Time;

use crate::web::forms::Choice;

/// Zones of places; others are names for rules.
const REGIONS: [&str; 8] = ["Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];

/// Every zone of a place, and the one that is chosen, by city.
pub fn choices(chosen: &str, now: Time) -> Vec<Choice> {
    let places = jiff::tz::db().available().filter_map(|name| {
        let name = name.as_str().to_owned();
        let (region, city) = name.split_once('/')?;
        REGIONS.contains(&region).then(|| Choice::new(&name, label(region, city, &name, now)))
    });
    let mut choices: Vec<Choice> = places.collect();
    choices.sort_by(|one, other| one.text.cmp(&other.text));
    if !choices.iter().any(|choice| choice.value == chosen) {
        choices.insert(0, Choice::new(chosen, chosen));
    }
    choices
}

/// `Buenos Aires · America/Argentina (GMT−3)`: the city first, so that its letters find it.
fn label(region: &str, city: &str, name: &str, now: Time) -> String {
    let (rest, city) = city.rsplit_once('/').map_or((region.to_owned(), city), |(state, city)| (format!("{region}/{state}"), city));
    format!("{} · {} (GMT{})", city.replace('_', " "), rest.replace('_', " "), offset(name, now))
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
    fn a_city_is_found_by_its_first_letters_and_says_how_late_it_is_there() {
        let choices = choices("Mars/Olympus", Time(1_767_268_800_000));
        let text = |zone: &str| choices.iter().find(|choice| choice.value == zone).map(|choice| &*choice.text);

        assert_eq!(text("America/Argentina/Buenos_Aires"), Some("Buenos Aires · America/Argentina (GMT−3)"));
        assert_eq!(text("Asia/Kolkata"), Some("Kolkata · Asia (GMT+5:30)"));
        assert_eq!(text("Europe/London"), Some("London · Europe (GMT)"));
        assert_eq!(choices[0].value, "Mars/Olympus", "what was chosen stays to be seen");
        assert!(choices.iter().all(|choice| choice.value == "Mars/Olympus" || TimeZone::get(&choice.value).is_ok()));
    }
}
