//! What is remembered between two messages.

use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;
const LIFETIME_MS: u64 = 12 * 60 * 60 * 1000;

#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    v: u8,
    /// When the customer last wrote.
    pub(crate) at_ms: u64,
    /// Inputs in a row that were not understood.
    #[serde(default)]
    pub(crate) misses: u8,
    /// Choosing a product orders it instead of showing it.
    #[serde(default)]
    pub(crate) ordering: bool,
    #[serde(default)]
    pub(crate) reminded: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) basket: Vec<BasketLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<Destination>,
    pub(crate) step: Step,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct BasketLine {
    pub(crate) product: String,
    pub(crate) quantity: u32,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Destination {
    pub(crate) text: String,
    /// It is among the customer's addresses already.
    pub(crate) known: bool,
}

/// What was asked last, and with it how the next message is understood.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// Nothing was asked: anything gets the menu.
    Start,
    Menu,
    /// A page of products; `next` is where the one after it begins.
    Catalogue {
        cursor: Option<String>,
        next: Option<String>,
    },
    /// Products that were found by words.
    Found {
        words: String,
    },
    /// A product, seen on the page that begins at `cursor`.
    Product {
        id: String,
        cursor: Option<String>,
    },
    Quantity {
        product: String,
    },
    Address,
    NewAddress,
    /// The summary, with the total that was shown.
    Confirm {
        total_minor: i64,
    },
    Change,
}

impl State {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self { v: VERSION, at_ms: now_ms, misses: 0, ordering: false, reminded: false, basket: Vec::new(), address: None, step: Step::Start }
    }

    /// False for what another version wrote and for what was left lying half a day.
    pub(crate) fn stands(&self, now_ms: u64) -> bool {
        self.v == VERSION && now_ms.saturating_sub(self.at_ms) <= LIFETIME_MS
    }

    /// An order was begun and is neither placed nor cancelled.
    pub(crate) fn has_draft(&self) -> bool {
        !self.basket.is_empty() || matches!(self.step, Step::Quantity { .. } | Step::Address | Step::NewAddress | Step::Confirm { .. } | Step::Change)
    }

    pub(crate) fn drop_draft(&mut self) {
        self.ordering = false;
        self.reminded = false;
        self.basket.clear();
        self.address = None;
    }

    pub(crate) fn put_line(&mut self, product: &str, quantity: u32) {
        match self.basket.iter_mut().find(|line| line.product == product) {
            Some(line) => line.quantity = quantity,
            None => self.basket.push(BasketLine { product: product.to_owned(), quantity }),
        }
    }

    pub(crate) fn drop_line(&mut self, product: &str) {
        self.basket.retain(|line| line.product != product);
    }

    pub(crate) fn has_line(&self, product: &str) -> bool {
        self.basket.iter().any(|line| line.product == product)
    }
}
