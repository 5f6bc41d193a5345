//! Where an order goes.

use relevo_plugin::{Failure, Location, Row};

use crate::input::{one_line, plain};
use crate::shop::{self, Address};
use crate::state::{Destination, Step};
use crate::talk::Talk;
use crate::texts::Text;

const SHORTEST: usize = 5;
const LONGEST: usize = 200;
/// Rows for known addresses; one more is for another.
const OFFERED: u32 = 8;

impl Talk<'_> {
    pub(crate) fn ask_address(&mut self) -> Result<(), Failure> {
        let known = shop::addresses(self.turn, OFFERED)?;
        if known.is_empty() {
            self.state.step = Step::NewAddress;
            self.ask_new_address();
            return Ok(());
        }
        let mut rows: Vec<_> = known
            .iter()
            .map(|document| {
                let text = one_line(&document.value.text, LONGEST);
                Row::new(format!("address:{}", document.id), text.clone()).described(text)
            })
            .collect();
        if !self.turn.can_show("list") {
            rows.iter_mut().for_each(|row| row.description = None);
        }
        rows.push(self.row("new-address", Text::OtherAddress));
        let question = self.text(Text::PickAddress).to_owned();
        let body = self.with_notices(&question);
        let button = self.text(Text::AddressButton).to_owned();
        self.reply.list(body, button, rows);
        Ok(())
    }

    pub(crate) fn ask_new_address(&mut self) {
        let question = self.text(Text::AskAddress).to_owned();
        let body = self.with_notices(&question);
        self.reply.text(body);
    }

    /// Several lines are one address.
    pub(crate) fn take_address(&mut self, text: &str) {
        let lines: Vec<_> = text.lines().map(|line| one_line(line, usize::MAX)).filter(|line| !line.is_empty()).collect();
        let text = lines.join(", ");
        let length = text.chars().count();
        if (SHORTEST..=LONGEST).contains(&length) && text.chars().any(char::is_alphanumeric) {
            self.deliver_to(Destination { text, known: false });
        } else {
            self.miss(Text::BadAddress, &[]);
        }
    }

    pub(crate) fn take_known_address(&mut self, id: &str) -> Result<(), Failure> {
        match self.turn.collection::<Address>("addresses").get(id)? {
            Some(document) => self.deliver_to(Destination { text: one_line(&document.value.text, LONGEST), known: true }),
            None => self.notice(Text::Stale, &[]),
        }
        Ok(())
    }

    /// A place on the map is an address where one was awaited, with a link that whoever delivers can open.
    pub(crate) fn take_location(&mut self, location: &Location) {
        let Location { latitude, longitude, name, address } = location;
        let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        if !on_earth || !matches!(self.state.step, Step::Address | Step::NewAddress) {
            return self.miss(Text::Unclear, &[]);
        }
        let link = format!("https://maps.google.com/?q={latitude:.6},{longitude:.6}");
        let words = address.as_deref().or(name.as_deref()).map(|words| one_line(words, LONGEST - link.len() - 1)).filter(|words| !words.is_empty());
        let text = words.map_or_else(|| link.clone(), |words| format!("{words} {link}"));
        self.deliver_to(Destination { text, known: false });
    }

    /// Keeps a new address for the next order. An order is placed even where that fails.
    pub(crate) fn keep_address(&self, destination: &Destination) {
        if destination.known {
            return;
        }
        let Ok(known) = shop::addresses(self.turn, 50) else { return };
        if known.iter().all(|document| plain(&document.value.text) != plain(&destination.text)) {
            // Nobody waits for it: a refusal costs the customer one more typing, not the order.
            let _ = self.turn.collection("addresses").add(&Address { text: destination.text.clone() });
        }
    }

    fn deliver_to(&mut self, destination: Destination) {
        self.state.address = Some(destination);
        self.go_on();
    }
}
