//! What the pages of plugins have in common: pictures, states, sizes and counts as people read them.

use relevo_sandbox::Manifest;
use serde::Serialize;

use crate::{
    console::plugins::Plugin,
    web::{Page, Words},
};
use relevo_model::PluginState;

const SPRITE: &str = include_str!("../../../../../web/static/icons.svg");

/// The picture that a plugin brings, or one of ours.
#[derive(Clone, Debug, Serialize)]
pub struct Emblem {
    pub picture: Option<String>,
    pub sign: String,
}

/// How something is, in words, with what shows it beside them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StateView {
    pub kind: &'static str,
    pub icon: &'static str,
    pub text: String,
    /// It answers nobody.
    pub off: bool,
}

impl Emblem {
    pub fn of(manifest: &Manifest) -> Self {
        let icon = manifest.icon.as_deref().unwrap_or_default();
        let ours = !icon.is_empty() && SPRITE.contains(&format!("id=\"{icon}\""));
        Self { picture: icon.starts_with("data:").then(|| icon.to_owned()), sign: if ours { icon } else { "plug" }.to_owned() }
    }

    #[cfg(test)]
    pub fn samples() -> [Self; 2] {
        [Self { picture: None, sign: "truck".into() }, Self { picture: Some("data:image/png;base64,AA".into()), sign: "plug".into() }]
    }
}

impl StateView {
    pub fn new(kind: &'static str, icon: &'static str, text: String) -> Self {
        Self { kind, icon, text, off: false }
    }

    /// How a plugin is.
    pub fn of(page: &Page, plugin: &Plugin) -> Self {
        let off = |kind, icon, key: &str| Self { off: true, ..Self::new(kind, icon, page.say(key)) };
        match plugin.state {
            PluginState::SetAside => off("bad", "alert", "plugin-state-set-aside"),
            PluginState::Off => off("", "dash", "plugin-state-off"),
            PluginState::On if plugin.active.is_none() => Self::new("", "dash", page.say("plugin-state-none")),
            PluginState::On => {
                let text = Words::from("plugin-state-on").with("count", plugin.points.len()).to_text(page.visitor.lang);
                if plugin.points.is_empty() { Self::new("", "dash", text) } else { Self::new("ok", "check", text) }
            }
        }
    }

    #[cfg(test)]
    pub fn sample() -> Self {
        Self { off: true, ..Self::new("ok", "check", "<i>".into()) }
    }
}

/// Bytes as people say them.
pub fn size(lang: &str, bytes: i64) -> String {
    match bytes {
        ..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} kB", bytes.div_euclid(1_024)),
        _ => format!("{} MB", tenths(lang, bytes.saturating_mul(10) / 1_048_576)),
    }
}

/// A length that is mostly short: 12 ms, 1,4 s.
pub fn span(lang: &str, microseconds: i64) -> String {
    match microseconds {
        ..10_000 => format!("{} ms", tenths(lang, microseconds / 100)),
        10_000..1_000_000 => format!("{} ms", microseconds / 1_000),
        _ => format!("{} s", tenths(lang, microseconds / 100_000)),
    }
}

fn tenths(lang: &str, tenths: i64) -> String {
    let point = if lang == "en" { '.' } else { ',' };
    format!("{}{point}{}", tenths / 10, tenths % 10)
}

/// A count with its thousands set apart.
pub fn count(lang: &str, count: i64) -> String {
    let (digits, apart) = (count.to_string(), if lang == "en" { ',' } else { '.' });
    let mut shown = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            shown.push(apart);
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_spans_and_counts_read_as_people_write_them() {
        assert_eq!((size("es", 512), size("es", 422_000), size("es", 3_500_000)), ("512 B".into(), "412 kB".into(), "3,3 MB".into()));
        assert_eq!((span("es", 1_250), span("es", 12_900), span("en", 1_450_000)), ("1,2 ms".into(), "12 ms".into(), "1.4 s".into()));
        assert_eq!((count("es", 9_318), count("en", 1_234_567), count("es", 17)), ("9.318".into(), "1,234,567".into(), "17".into()));
    }
}
