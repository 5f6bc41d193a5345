//! What the simulator's templates are rendered with.

use relevo_model::Button;
use serde::Serialize;

use super::inspector::Inspector;
#[cfg(test)]
use super::samples;
use crate::web::templates::Template;

/// The service points to choose from.
#[derive(Serialize)]
pub struct Index {
    pub points: Vec<PointLink>,
}

#[derive(Serialize)]
pub struct PointLink {
    pub name: String,
    pub address: String,
    pub current: bool,
}

/// The phones of one service point.
#[derive(Serialize)]
pub struct Show {
    pub business: String,
    pub point: String,
    pub address: String,
    pub points: Vec<PointLink>,
    pub clock: ClockView,
    pub phones: Vec<PhoneView>,
    pub inspector: Option<Inspector>,
}

/// What changed on an open page.
#[derive(Serialize)]
pub struct Update {
    pub clock: Option<ClockView>,
    pub phones: Vec<PhoneView>,
    pub inspector: Option<Inspector>,
}

impl Template for Index {
    const NAME: &'static str = "pages/simulator_index.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { points: samples::points() }, Self { points: Vec::new() }]
    }
}

impl Template for Show {
    const NAME: &'static str = "pages/simulator.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![samples::show()]
    }
}

impl Template for Update {
    const NAME: &'static str = "partials/simulator_update.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        samples::updates()
    }
}

#[derive(Serialize)]
pub struct ClockView {
    pub time: String,
    pub date: String,
    pub address: String,
    /// It can be moved forward: in the demo.
    pub moves: bool,
}

#[derive(Serialize)]
pub struct PhoneView {
    pub key: String,
    /// None until the customer has written: the page calls it by its number.
    pub name: Option<String>,
    pub number: u32,
    pub handle: String,
    pub address: String,
    pub business: String,
    pub point: String,
    pub holder: Holder,
    pub window: Window,
    pub lines: Vec<Line>,
    pub typing: bool,
    /// False for what another channel brought: it is only watched here.
    pub writes: bool,
    pub started: bool,
    /// Messages that reached this phone and that it has not shown as read.
    pub unread: bool,
    /// There is a message that could be delivered a second time.
    pub repeatable: bool,
}

/// Who holds a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    Bot,
    Person,
    /// The bot asked for a person and nobody came yet.
    Nobody,
    /// The bot is switched off and nobody took the conversation.
    Off,
}

/// The 24 hours in which anything may be said to a customer.
#[derive(Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Window {
    None,
    Open { hours: u64, minutes: u64 },
    Closed,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    Day {
        date: String,
    },
    Baton {
        id: String,
        from: Holder,
        to: Holder,
        event: String,
        time: String,
    },
    /// What the bot could not answer: `why` is the key of the reason.
    DeadLetter {
        id: String,
        turn: String,
        why: &'static str,
        retry: bool,
        time: String,
    },
    Bubble(Box<Bubble>),
}

#[derive(Serialize)]
pub struct Bubble {
    pub id: String,
    /// customer, bot or person.
    pub sender: &'static str,
    pub state: &'static str,
    pub problem: Option<String>,
    /// A person may send it again.
    pub resend: bool,
    pub time: String,
    pub quoted: Option<String>,
    pub reaction: Option<String>,
    /// What a reaction names; none for what cannot be reacted to.
    pub provider_id: Option<String>,
    /// How often it was delivered.
    pub deliveries: u32,
    pub body: Body,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Body {
    Text {
        text: String,
    },
    /// `label` is the key of what kind of file it is.
    Media {
        label: &'static str,
        icon: &'static str,
        image: Option<String>,
        name: Option<String>,
        caption: Option<String>,
    },
    Location {
        name: Option<String>,
        address: Option<String>,
        latitude: String,
        longitude: String,
    },
    Buttons {
        text: String,
        footer: Option<String>,
        choices: Vec<Button>,
    },
    List {
        text: String,
        button: String,
        sections: Vec<SectionView>,
    },
    /// Anything that has no form of its own: `label` is the key of what it is.
    Other {
        label: &'static str,
        details: String,
    },
}

#[derive(Serialize)]
pub struct SectionView {
    pub title: String,
    pub rows: Vec<RowView>,
}

#[derive(Serialize)]
pub struct RowView {
    pub id: String,
    pub title: String,
    pub description: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::{templates::render, visitor::Visitor};

    #[test]
    fn what_a_customer_writes_is_marked_and_never_markup() {
        let update = samples::updates().remove(0);
        let part = render(Visitor { lang: "es", theme: "" }, &update).unwrap();
        assert!(part.contains("<strong>hola</strong>\n&lt;script&gt;") && !part.contains("<script>"));
    }

    #[test]
    fn every_reason_why_something_is_not_done_is_written() {
        const KINDS: [&str; 6] = ["problem-", "content-", "reason-", "dead-letter-", "event-", "action-"];
        let sources = [
            include_str!("mod.rs"),
            include_str!("customer.rs"),
            include_str!("agent.rs"),
            include_str!("pages.rs"),
            include_str!("thread.rs"),
            include_str!("fate.rs"),
            include_str!("inspector.rs"),
        ];
        for key in sources.iter().flat_map(|source| source.split('"')).filter(|text| KINDS.iter().any(|kind| text.len() > kind.len() && text.starts_with(kind)))
        {
            assert_ne!(crate::texts::say("es", key), key);
        }
    }
}
