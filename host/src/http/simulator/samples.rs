//! What the simulator's templates are rendered with in tests: one of everything.

use relevo_model::Button;

use super::{
    inspector::{ActionView, CallView, EventView, FlowView, Inspector, Kept, Ran},
    view::{Body, Bubble, ClockView, Holder, Line, PhoneView, PointLink, RowView, SectionView, Show, Update, Window},
};

fn clock() -> ClockView {
    ClockView { time: "10:58".into(), date: "20/11/2026".into(), address: "/simulator/1".into(), moves: true }
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
    let file =
        |image: Option<&str>| Body::Media { label: "content-image", icon: "image", image: image.map(str::to_owned), name: None, caption: Some("foto".into()) };
    let mut lines: Vec<Line> =
        ["queued", "sending", "sent", "delivered", "read", "failed", "uncertain", "cancelled"].into_iter().map(|state| bubble("bot", state, text())).collect();
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
        address: "/simulator/1/phones/cliente-1".into(),
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

/// What a turn may have done.
pub fn ran() -> Ran {
    let flow = |outcome, error: Option<&str>| FlowView {
        plugin: "storefront".into(),
        version: "0.1.0".into(),
        config: 3,
        outcome,
        error: error.map(str::to_owned),
        milliseconds: "0.4".into(),
        calls: vec![CallView { name: "records.search".into(), asked: "{}".into(), answer: "[]".into() }],
    };
    let kept = |before: Option<&str>, after: Option<&str>| Kept { name: "step".into(), before: before.map(str::to_owned), after: after.map(str::to_owned) };
    let labels = ["say", "typing", "hand-over", "assign", "label", "note", "schedule", "cancel-timer", "end", "other"]
        .map(|name| format!("action-{name}").leak() as &str);
    let action = |label| ActionView { label, details: "<b>".into(), state: (label == "action-say").then_some("read") };
    Ran {
        milliseconds: "0.8".into(),
        megabytes: "1.1".into(),
        flows: vec![flow("passed", None), flow("failed", Some("trap")), flow("handled", None)],
        actions: labels.into_iter().map(action).collect(),
        state: vec![kept(None, Some("1")), kept(Some("1"), None), kept(Some("1"), Some("2")), kept(Some("1"), Some("1"))],
    }
}

fn inspector() -> Inspector {
    Inspector {
        name: Some("Ana".into()),
        number: 1,
        state: "done",
        attempts: 1,
        time: "10:58:04".into(),
        kind: "event-messages",
        events: vec![EventView { content: "event-text", words: "hola".into(), key: Some("sim.in.1".into()), deliveries: 2 }],
        ran: Some(ran()),
        address: Some("/turns/1".into()),
    }
}

pub fn points() -> Vec<PointLink> {
    vec![PointLink { name: "Centro".into(), address: "/simulator/1".into(), current: true }]
}

pub fn show() -> Show {
    Show {
        business: "Almacén".into(),
        point: "Centro".into(),
        address: "/simulator/1".into(),
        points: points(),
        clock: clock(),
        phones: phones(),
        inspector: Some(inspector()),
    }
}

pub fn updates() -> Vec<Update> {
    let unkept = Inspector { ran: None, name: None, address: None, ..inspector() };
    vec![
        Update { clock: Some(ClockView { moves: false, ..clock() }), phones: phones(), inspector: Some(unkept) },
        Update { clock: None, phones: Vec::new(), inspector: None },
    ]
}
