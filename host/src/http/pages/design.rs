//! Every component in every state, for whoever builds pages: in development and in the demo only.

use serde::Serialize;

use crate::{
    http::routes::{Access, Routes},
    web::{
        self, Page, Words,
        forms::{Choice, Fields, Wrong},
        nav::Link,
        templates::Template,
    },
};

#[derive(Serialize)]
pub struct DesignPage {
    form: Fields,
    wrong: Fields,
    choices: Vec<Choice>,
    colours: [&'static str; 16],
    icons: Vec<String>,
    crumbs: Vec<Link>,
    steps: [&'static str; 4],
}

#[derive(Serialize)]
struct Filled {
    name: &'static str,
    number: &'static str,
    zone: &'static str,
    notify: bool,
    bot: bool,
    points: [&'static str; 1],
}

/// Nothing outside of development and the demo.
pub fn routes(demo: bool) -> Routes {
    if demo || cfg!(debug_assertions) { Routes::new().get("/design", Access::Public, show) } else { Routes::new() }
}

async fn show(page: Page) -> web::Result {
    page.show(&view(page.visitor.lang))
}

fn view(lang: &str) -> DesignPage {
    let filled = Fields::of(&Filled { name: "Sucursal Quilmes", number: "OMB48291", zone: "ba", notify: true, bot: true, points: ["a"] });
    let stored = Fields::of(&Filled { name: "Quilmes", number: "", zone: "b", notify: true, bot: false, points: ["b"] });
    let wrong = ["number", "password", "zone", "note", "points"].map(|field| (field.to_owned(), Words::from("problem-name")));
    let icons = include_str!("../../../../web/static/icons.svg");
    DesignPage {
        wrong: Fields {
            first: None,
            ..filled.clone().refused(lang, Wrong { fields: wrong.into(), whole: Some("problem-wrong-login".into()) }).beside(&stored)
        },
        form: filled,
        choices: vec![
            Choice::new("ba", "Buenos Aires (GMT−3)"),
            Choice::new("a", "Centro"),
            Choice { hint: Some("Av. Mitre 640".into()), ..Choice::new("b", "Quilmes") },
        ],
        colours: [
            "paper",
            "pane",
            "card",
            "sunk",
            "line",
            "edge",
            "ink",
            "ink-3",
            "person-fill",
            "person-wash",
            "bot",
            "bot-wash",
            "note-wash",
            "ok",
            "warn",
            "bad",
        ],
        icons: icons.split("<symbol id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect(),
        crumbs: vec![Link { text: "nav-settings", address: "/design", current: false }],
        steps: ["Retirado", "Depósito", "Reparto", "Entrega"],
    }
}

impl Template for DesignPage {
    const NAME: &'static str = "pages/design.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![view("es")]
    }
}
