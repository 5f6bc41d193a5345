//! One turn of the conversation: what came in changes the step, and what the step then is gets asked.

use relevo_plugin::{Failure, Outcome, Reply, Turn, money};

use crate::input::{self, Input, Intent};
use crate::shop;
use crate::state::{State, Step};
use crate::texts::{Settings, Text};

pub(crate) const REMINDER: &str = "order-reminder";

/// Misses in a row after which a person is offered.
const PATIENCE: u8 = 3;
const SEARCH_LETTERS: usize = 3;

pub(crate) struct Talk<'a> {
    pub(crate) turn: &'a Turn,
    pub(crate) settings: Settings,
    pub(crate) state: State,
    pub(crate) reply: Reply,
    locale: String,
    /// Said in front of the next question, in the same message.
    notices: Vec<String>,
    /// What was done needs no question after it.
    settled: bool,
    handed_over: bool,
    missed: bool,
    had_draft: bool,
}

impl<'a> Talk<'a> {
    pub(crate) fn resume(turn: &'a Turn) -> Result<Self, Failure> {
        let now_ms = turn.now_ms();
        let state = turn.state().filter(|state: &State| state.stands(now_ms)).unwrap_or_else(|| State::new(now_ms));
        Ok(Self {
            turn,
            settings: Settings::load(turn),
            had_draft: state.has_draft(),
            state,
            reply: Reply::new(),
            locale: turn.locale(),
            notices: Vec::new(),
            settled: false,
            handed_over: false,
            missed: false,
        })
    }

    /// Answers a burst: each input changes the step, only the last step is asked.
    pub(crate) fn hear(mut self, inputs: Vec<Input>) -> Result<Outcome, Failure> {
        self.state.at_ms = self.turn.now_ms();
        self.greet();
        for input in inputs {
            self.settled = false;
            self.missed = false;
            match input {
                Input::Choice(id) => self.choose(id)?,
                Input::Text(text) => self.read(&text)?,
                Input::Location(location) => self.take_location(location),
                Input::Basket(items) => self.take_basket(items)?,
                Input::Unreadable => {
                    self.notice(Text::Unreadable, &[]);
                    continue;
                }
            }
            if self.handed_over {
                return Ok(self.reply.forget().done());
            }
            self.state.misses = if self.missed { self.state.misses.saturating_add(1) } else { 0 };
        }
        self.finish()
    }

    /// Reminds of an order that was left, once.
    pub(crate) fn remind(mut self) -> Result<Outcome, Failure> {
        if !self.had_draft || self.state.reminded || self.settings.reminder_minutes().is_none() {
            return Ok(self.reply.done());
        }
        self.state.reminded = true;
        self.state.misses = 0;
        self.notice(Text::Reminder, &[]);
        self.finish()
    }

    pub(crate) fn text(&self, text: Text) -> &str {
        self.settings.text(text)
    }

    pub(crate) fn notice(&mut self, text: Text, values: &[(&str, &str)]) {
        self.notices.push(self.settings.fill(text, values));
    }

    pub(crate) fn miss(&mut self, text: Text, values: &[(&str, &str)]) {
        self.missed = true;
        self.notice(text, values);
    }

    /// A question with the notices in front of it.
    pub(crate) fn with_notices(&mut self, question: &str) -> String {
        let mut paragraphs = std::mem::take(&mut self.notices);
        paragraphs.push(question.to_owned());
        paragraphs.join("\n\n")
    }

    pub(crate) fn money(&self, minor_units: i64, currency: &str) -> String {
        money(minor_units, currency, &self.locale)
    }

    /// The next message is a fresh start; nothing is asked now.
    pub(crate) fn settle(&mut self) {
        self.state.drop_draft();
        self.state.step = Step::Start;
        self.settled = true;
    }

    pub(crate) fn show_catalogue(&mut self, ordering: bool, cursor: Option<String>) {
        self.state.ordering = ordering;
        self.state.step = Step::Catalogue { cursor, next: None };
    }

    /// Where an order goes on, given what is known of it.
    pub(crate) fn go_on(&mut self) {
        if self.state.basket.is_empty() {
            self.show_catalogue(true, None);
        } else if self.state.address.is_none() {
            self.state.step = Step::Address;
        } else {
            self.show_summary();
        }
    }

    pub(crate) fn show_summary(&mut self) {
        self.state.step = Step::Confirm { total_minor: 0 };
    }

    fn greet(&mut self) {
        let customer = self.turn.customer();
        if customer.first_seen && matches!(self.state.step, Step::Start) {
            let name = input::one_line(customer.name.as_deref().unwrap_or_default(), 60);
            let greeting = self.settings.fill(Text::Greeting, &[("name", &name), ("place", &self.turn.service_point().name)]);
            self.reply.text(greeting);
        }
    }

    /// A button or a row, also of an earlier message: what needs a context that is gone says so.
    fn choose(&mut self, id: &str) -> Result<(), Failure> {
        match id.split_once(':').unwrap_or((id, "")) {
            ("menu", _) => self.go(Intent::Menu)?,
            ("catalogue", _) => self.go(Intent::Catalogue)?,
            ("order", _) => self.show_catalogue(true, None),
            ("status", _) => self.go(Intent::Status)?,
            ("adviser", _) => self.go(Intent::Adviser)?,
            ("cancel", _) => self.go(Intent::Cancel)?,
            ("resume", _) => {}
            ("more", _) => self.turn_page(),
            ("product", product) => self.pick(product)?,
            ("take", product) => self.take(product)?,
            ("back", _) => self.go_to_list(),
            ("confirm", _) if self.confirming() => self.place()?,
            ("change", _) if self.confirming() => self.state.step = Step::Change,
            ("quantity", product) if self.state.has_line(product) => self.state.step = Step::Quantity { product: product.to_owned() },
            ("change-address", _) if self.state.has_draft() => self.state.step = Step::Address,
            ("new-address", _) if self.state.has_draft() => self.state.step = Step::NewAddress,
            ("address", address) if self.awaiting_address() => self.take_known_address(address)?,
            ("add", _) if self.state.has_draft() => self.show_catalogue(true, None),
            ("summary", _) if self.state.has_draft() => self.go_on(),
            _ => self.notice(Text::Stale, &[]),
        }
        Ok(())
    }

    fn read(&mut self, text: &str) -> Result<(), Failure> {
        if self.state.misses >= PATIENCE {
            if input::is_yes(text) {
                return self.go(Intent::Adviser);
            }
            if input::is_no(text) {
                return Ok(());
            }
        }
        if let Some(intent) = input::stated(text) {
            return self.go(intent);
        }
        match &self.state.step {
            Step::Quantity { product } => match input::quantity(text) {
                Some(quantity) => self.take_quantity(&product.clone(), quantity),
                None => self.detour(text, Self::miss_quantity),
            },
            Step::Address | Step::NewAddress => {
                self.take_address(text);
                Ok(())
            }
            Step::Confirm { .. } if input::is_yes(text) => self.place(),
            Step::Confirm { .. } if input::is_no(text) || input::wants_change(text) => {
                self.state.step = Step::Change;
                Ok(())
            }
            Step::Confirm { .. } | Step::Change => self.detour(text, Self::miss_words),
            Step::Start | Step::Menu | Step::Catalogue { .. } | Step::Found { .. } | Step::Product { .. } => self.read_freely(text),
        }
    }

    /// Where an answer to a question was awaited, only words that leave it count besides.
    fn detour(&mut self, text: &str, otherwise: fn(&mut Self) -> Result<(), Failure>) -> Result<(), Failure> {
        match input::suggested(text) {
            Some(intent @ (Intent::Cancel | Intent::Adviser | Intent::Menu)) => self.go(intent),
            _ => otherwise(self),
        }
    }

    /// Where nothing in particular was awaited: an intent, a product's name, or a courtesy.
    fn read_freely(&mut self, text: &str) -> Result<(), Failure> {
        if let Some(intent) = input::suggested(text) {
            return self.go(intent);
        }
        match self.state.step {
            Step::Start => self.state.step = Step::Menu,
            _ if input::is_courtesy(text) => {}
            Step::Catalogue { .. } | Step::Found { .. } | Step::Product { .. } => {
                let words = input::one_line(text, 60);
                if words.chars().filter(|letter| letter.is_alphanumeric()).count() < SEARCH_LETTERS {
                    self.miss(Text::Unclear, &[]);
                } else if self.search(&words)?.is_empty() {
                    self.miss(Text::NotFound, &[("words", &words)]);
                } else {
                    self.state.step = Step::Found { words };
                }
            }
            _ => self.miss(Text::Unclear, &[]),
        }
        Ok(())
    }

    fn miss_words(&mut self) -> Result<(), Failure> {
        self.miss(Text::Unclear, &[]);
        Ok(())
    }

    fn go(&mut self, intent: Intent) -> Result<(), Failure> {
        match intent {
            Intent::Cancel if !self.state.has_draft() => {
                self.notice(Text::NothingToCancel, &[]);
                self.state.step = Step::Menu;
            }
            Intent::Menu | Intent::Cancel => {
                if self.state.has_draft() {
                    self.notice(Text::Cancelled, &[]);
                }
                self.state.drop_draft();
                self.state.step = Step::Menu;
            }
            Intent::Catalogue => self.show_catalogue(false, None),
            Intent::Order => match &self.state.step {
                Step::Product { id, .. } => self.take(&id.clone())?,
                _ => self.show_catalogue(true, None),
            },
            Intent::Back => self.go_back(),
            Intent::Status => self.tell_status()?,
            Intent::Adviser => self.hand_over(),
        }
        Ok(())
    }

    fn go_to_list(&mut self) {
        let cursor = if let Step::Product { cursor, .. } = &mut self.state.step { cursor.take() } else { None };
        self.show_catalogue(self.state.ordering, cursor);
    }

    fn go_back(&mut self) {
        match (&self.state.step, self.state.basket.last()) {
            (Step::Product { .. } | Step::Found { .. }, _) => self.go_to_list(),
            (Step::Confirm { .. }, _) => self.state.step = Step::Change,
            (Step::Address | Step::NewAddress, Some(line)) if self.state.address.is_none() => {
                self.state.step = Step::Quantity { product: line.product.clone() }
            }
            (Step::Quantity { .. }, _) if self.state.address.is_none() => self.show_catalogue(true, None),
            (_, Some(_)) => self.go_on(),
            _ => self.state.step = Step::Menu,
        }
    }

    fn hand_over(&mut self) {
        let reason = if self.state.misses >= PATIENCE { "El bot no entendió tres mensajes seguidos" } else { "Pidió hablar con un asesor" };
        let text = if self.turn.service_point().open_now { Text::Adviser } else { Text::AdviserClosed };
        let farewell = self.settings.text(text).to_owned();
        let summary = self.state.has_draft().then(|| self.describe_draft());
        self.reply.text(farewell).hand_over(reason, summary);
        if self.had_draft && self.settings.reminder_minutes().is_some() {
            self.reply.cancel_timer(REMINDER);
        }
        self.handed_over = true;
    }

    /// For the person who takes over. What cannot be read now is left out.
    fn describe_draft(&self) -> String {
        let lines = self.state.basket.iter().map(|line| {
            let title = shop::product(self.turn, &line.product).ok().flatten().map_or_else(|| line.product.clone(), |product| product.title);
            format!("{} × {title}", line.quantity)
        });
        let lines: Vec<_> = lines.collect();
        if lines.is_empty() { "Estaba haciendo un pedido.".to_owned() } else { format!("Estaba pidiendo: {}.", lines.join(", ")) }
    }

    fn confirming(&self) -> bool {
        matches!(self.state.step, Step::Confirm { .. })
    }

    fn awaiting_address(&self) -> bool {
        matches!(self.state.step, Step::Address | Step::NewAddress)
    }

    fn finish(mut self) -> Result<Outcome, Failure> {
        if !self.settled {
            if self.state.misses >= PATIENCE { self.offer_adviser() } else { self.ask()? }
        }
        match self.settings.reminder_minutes() {
            Some(_) if self.had_draft && !self.state.has_draft() => {
                self.reply.cancel_timer(REMINDER);
            }
            Some(minutes) if self.state.has_draft() && !self.state.reminded => {
                self.reply.schedule(REMINDER, self.state.at_ms + minutes * 60_000);
            }
            _ => {}
        }
        Ok(self.reply.remember(&self.state).done())
    }
}
