//! A phone of the simulator, as the person in front of it sees and uses it.

use serde::Deserialize;
use serde_json::json;

use super::window::Window;

pub struct Phone<'a> {
    window: &'a Window,
    key: String,
}

/// A message as the page shows it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Bubble {
    pub sender: String,
    pub state: String,
    pub text: String,
    /// Empty, or how often it came.
    pub deliveries: String,
}

/// Who said what, without how far it came.
pub fn said(bubbles: &[Bubble]) -> Vec<(String, String)> {
    bubbles.iter().map(|bubble| (bubble.sender.clone(), bubble.text.clone())).collect()
}

impl<'a> Phone<'a> {
    /// The one that is there from the beginning.
    pub fn first(window: &'a Window) -> Self {
        Self::named(window, "cliente-1")
    }

    pub fn named(window: &'a Window, key: &str) -> Self {
        Self { window, key: key.to_owned() }
    }

    /// Writes as the customer and sends it.
    pub async fn says(&self, text: &str) {
        self.writes("composer", text).await;
        self.clicks("send").await;
        self.sees(&format!("{text:?} said"), |bubbles| bubbles.iter().any(|bubble| bubble.sender == "customer" && bubble.text == text)).await;
    }

    /// The bot's last word is this, and comes after the customer's.
    pub async fn hears(&self, part: &str) {
        self.sees(&format!("{part:?} answered"), |bubbles| bubbles.last().is_some_and(|last| last.sender == "bot" && last.text.contains(part))).await;
    }

    pub async fn opens_the_list(&self) {
        self.window.clicks(&format!("({}//*[@data-testid='open-list'])[last()]", self.path())).await;
    }

    /// Opens the last list and taps the row that begins so.
    pub async fn picks(&self, title: &str) {
        self.opens_the_list().await;
        self.window.clicks(&format!("{}//details[@open]//button[@data-testid='choice'][starts-with(normalize-space(), '{title}')]", self.path())).await;
        self.said(title).await;
    }

    /// Taps the last button with this title.
    pub async fn taps(&self, title: &str) {
        self.window.clicks(&format!("({}//button[@data-testid='choice'][normalize-space()='{title}'])[last()]", self.path())).await;
        self.said(title).await;
    }

    pub async fn clicks(&self, testid: &str) {
        self.window.clicks(&format!("{}//*[@data-testid='{testid}']", self.path())).await;
    }

    pub async fn writes(&self, testid: &str, text: &str) {
        self.window.writes(&format!("{}//*[@data-testid='{testid}']", self.path()), text).await;
    }

    pub async fn is_held_by(&self, holder: &str) {
        self.shows("holder", "data-holder", holder).await;
    }

    /// Something of the phone carries this value.
    pub async fn shows(&self, testid: &str, attribute: &str, value: &str) {
        const FIND: &str = "return !!document.querySelector(arguments[0])";
        let selector = format!("[data-phone='{}'] [data-testid='{testid}'][{attribute}='{value}']", self.key);
        let look = || async { (self.window.run(FIND, vec![json!(selector)]).await == json!(true)).then_some(()) };
        self.window.until(&format!("the phone shows {testid} {value}"), look).await;
    }

    pub async fn sees(&self, what: &str, there: impl Fn(&[Bubble]) -> bool) {
        self.window.until(&format!("the phone shows {what}"), || async { there(&self.bubbles().await).then_some(()) }).await;
    }

    pub async fn bubbles(&self) -> Vec<Bubble> {
        const READ: &str = "return [...document.querySelectorAll(`[data-phone='${arguments[0]}'] [data-testid=bubble]`)].map((bubble) => ({
            sender: bubble.dataset.sender,
            state: bubble.dataset.state,
            text: bubble.querySelector('.words')?.textContent ?? '',
            deliveries: bubble.querySelector('[data-testid=deliveries]')?.textContent ?? '',
        }))";
        serde_json::from_value(self.window.run(READ, vec![json!(self.key)]).await).expect("the script gives bubbles")
    }

    /// The customer's last word begins so.
    async fn said(&self, title: &str) {
        self.sees(&format!("{title:?} tapped"), |bubbles| {
            bubbles.iter().rev().find(|bubble| bubble.sender == "customer").is_some_and(|last| last.text.starts_with(title))
        })
        .await;
    }

    fn path(&self) -> String {
        format!("//*[@data-phone='{}']", self.key)
    }
}
