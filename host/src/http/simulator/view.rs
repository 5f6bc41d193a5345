//! What the simulator's templates are rendered with.

use relevo_model::Button;
use serde::Serialize;

use super::inspector::Inspector;
use crate::web::templates::Template;

/// All businesses of the demo.
#[derive(Serialize)]
pub struct Index {
    pub businesses: Vec<BusinessLink>,
}

#[derive(Serialize)]
pub struct BusinessLink {
    pub name: String,
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
    pub businesses: Vec<BusinessLink>,
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

/// Why something was not done.
#[derive(Serialize)]
pub struct Problem {
    pub text: String,
    pub back: String,
}

impl Template for Index {
    const NAME: &'static str = "pages/simulator_index.html";
}
impl Template for Show {
    const NAME: &'static str = "pages/simulator.html";
}
impl Template for Update {
    const NAME: &'static str = "partials/simulator_update.html";
}
impl Template for Problem {
    const NAME: &'static str = "pages/problem.html";
}

#[derive(Serialize)]
pub struct ClockView {
    pub time: String,
    pub date: String,
    pub address: String,
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
    use crate::http::simulator::inspector::{ActionView, CallView, EventView, FlowView, Kept, Ran};
    use crate::web::{
        templates::render,
        visitor::{LANGUAGES, Visitor},
    };

    fn clock() -> ClockView {
        ClockView { time: "10:58".into(), date: "20/11/2026".into(), address: "/simulator/demo/1".into() }
    }

    fn bubble(sender: &'static str, state: &'static str, body: Body) -> Line {
        let ours = (sender != "customer").then(|| format!("sim.{state}"));
        Line::Bubble(Box::new(Bubble {
            id: format!("{sender}-{state}"),
            sender,
            state,
            problem: (state == "failed").then(|| "WhatsApp <refused> the file".to_owned()),
            resend: state == "failed",
            time: "10:52".into(),
            quoted: Some("¿Qué?".into()),
            reaction: Some("👍".into()),
            provider_id: ours,
            deliveries: if state == "received" { 2 } else { 1 },
            body,
        }))
    }

    fn text() -> Body {
        Body::Text { text: "*hola*\n<script>".into() }
    }

    /// One line of every kind.
    fn lines() -> Vec<Line> {
        let row = |description: Option<&str>| RowView { id: "r".into(), title: "Yerba".into(), description: description.map(str::to_owned) };
        let file = |image: Option<&str>| Body::Media {
            label: "content-image",
            icon: "image",
            image: image.map(str::to_owned),
            name: None,
            caption: Some("foto".into()),
        };
        let mut lines: Vec<Line> = ["queued", "sending", "sent", "delivered", "read", "failed", "uncertain", "cancelled"]
            .into_iter()
            .map(|state| bubble("bot", state, text()))
            .collect();
        if let Line::Bubble(mut asks) = bubble("bot", "uncertain", text()) {
            asks.resend = true;
            lines.push(Line::Bubble(asks));
        }
        for retry in [true, false] {
            lines.push(Line::DeadLetter { id: "event".into(), turn: "turn".into(), why: "dead-letter-plugin", retry, time: "10:58".into() });
        }
        lines.push(bubble("customer", "received", text()));
        lines.push(bubble("person", "sent", file(None)));
        lines.push(bubble("customer", "received", file(Some("/static/samples/photo.png"))));
        lines.push(bubble("customer", "received", Body::Location { name: None, address: None, latitude: "1".into(), longitude: "2".into() }));
        lines.push(bubble("customer", "received", Body::Other { label: "content-unsupported", details: "poll".into() }));
        let choices = vec![Button { id: "a".into(), title: "Sí".into() }];
        lines.push(bubble("bot", "read", Body::Buttons { text: "¿Va?".into(), footer: Some("pie".into()), choices }));
        let sections = vec![SectionView { title: String::new(), rows: vec![row(None), row(Some("1 kg"))] }];
        lines.push(bubble("bot", "read", Body::List { text: "Menú".into(), button: "Ver".into(), sections }));
        for event in ["handed-over", "taken-over", "returned"] {
            let line = Line::Baton { id: event.into(), from: Holder::Bot, to: Holder::Nobody, event: event.into(), time: "10:58".into() };
            lines.push(line);
        }
        lines.push(Line::Day { date: "20/11/2026".into() });
        lines
    }

    fn phone(holder: Holder, window: Window, lines: Vec<Line>, ours: bool) -> PhoneView {
        PhoneView {
            key: "cliente-1".into(),
            name: lines.first().map(|_| "Ana".to_owned()),
            number: u32::from(ours),
            handle: "sim:cliente-1".into(),
            address: "/simulator/demo/1/phones/cliente-1".into(),
            business: "Almacén".into(),
            point: "Centro".into(),
            holder,
            window,
            typing: true,
            writes: ours,
            started: !lines.is_empty(),
            unread: true,
            repeatable: ours,
            lines,
        }
    }

    fn phones() -> Vec<PhoneView> {
        vec![
            phone(Holder::Bot, Window::Open { hours: 23, minutes: 59 }, lines(), true),
            phone(Holder::Person, Window::Closed, lines(), false),
            phone(Holder::Nobody, Window::None, Vec::new(), true),
            phone(Holder::Off, Window::None, Vec::new(), false),
        ]
    }

    fn inspector() -> Inspector {
        let flow = |outcome, error: Option<&str>| FlowView {
            plugin: "storefront".into(),
            version: "0.1.0".into(),
            outcome,
            error: error.map(str::to_owned),
            milliseconds: "0.4".into(),
            calls: vec![CallView { name: "records.search".into(), asked: "{}".into(), answer: "[]".into() }],
        };
        let kept = |before: Option<&str>, after: Option<&str>| Kept { name: "step".into(), before: before.map(str::to_owned), after: after.map(str::to_owned) };
        let labels = ["say", "typing", "hand-over", "assign", "label", "note", "schedule", "cancel-timer", "end", "other"]
            .map(|name| format!("action-{name}").leak() as &str);
        let action = |label| ActionView { label, details: "<b>".into(), state: (label == "action-say").then_some("read") };
        Inspector {
            name: Some("Ana".into()),
            number: 1,
            state: "done",
            attempts: 1,
            time: "10:58:04".into(),
            kind: "event-messages",
            events: vec![EventView { content: "event-text", words: "hola".into(), key: Some("sim.in.1".into()), deliveries: 2 }],
            ran: Some(Ran {
                milliseconds: "0.8".into(),
                megabytes: "1.1".into(),
                flows: vec![flow("passed", None), flow("failed", Some("trap")), flow("handled", None)],
                actions: labels.into_iter().map(action).collect(),
                state: vec![kept(None, Some("1")), kept(Some("1"), None), kept(Some("1"), Some("2")), kept(Some("1"), Some("1"))],
            }),
        }
    }

    fn businesses() -> Vec<BusinessLink> {
        let points = vec![PointLink { name: "Centro".into(), address: "/simulator/demo/1".into(), current: true }];
        vec![BusinessLink { name: "Almacén".into(), points }]
    }

    #[test]
    fn every_page_and_partial_renders_in_every_language() {
        for lang in LANGUAGES {
            for theme in ["", "dark"] {
                let visitor = Visitor { lang, theme };
                let show = Show {
                    business: "Almacén".into(),
                    point: "Centro".into(),
                    address: "/simulator/demo/1".into(),
                    businesses: businesses(),
                    clock: clock(),
                    phones: phones(),
                    inspector: Some(inspector()),
                };
                let page = render(visitor, &show).unwrap();
                assert!(page.contains("<strong>hola</strong>\n&lt;script&gt;") && !page.contains("<script>"));
                render(visitor, &Update { clock: Some(clock()), phones: phones(), inspector: Some(Inspector { ran: None, name: None, ..inspector() }) })
                    .unwrap();
                render(visitor, &Update { clock: None, phones: Vec::new(), inspector: None }).unwrap();
                render(visitor, &Index { businesses: businesses() }).unwrap();
                render(visitor, &Index { businesses: Vec::new() }).unwrap();
                render(visitor, &Problem { text: "No".into(), back: "/simulator".into() }).unwrap();
            }
        }
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
