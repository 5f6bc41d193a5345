//! How many bytes a value moves across the boundary: its texts, and a little for each part.

use crate::api::{
    events::{Content, Event, Inbound},
    http::Response,
    kv::Entry,
    records::{Document, Hit, Page},
    tickets::Ticket,
    turn::{CustomerCard, Ids, Line, ServicePointCard},
};

/// What a fixed-size part is counted as, so that a million empty texts are not free.
const PART: usize = 16;

pub(crate) trait Weight {
    fn weight(&self) -> usize;
}

impl Weight for () {
    fn weight(&self) -> usize {
        0
    }
}

impl Weight for String {
    fn weight(&self) -> usize {
        PART + self.len()
    }
}

impl<T: Weight> Weight for Option<T> {
    fn weight(&self) -> usize {
        self.as_ref().map_or(0, Weight::weight)
    }
}

impl<T: Weight> Weight for Vec<T> {
    fn weight(&self) -> usize {
        PART + self.iter().map(Weight::weight).sum::<usize>()
    }
}

impl Weight for (String, String) {
    fn weight(&self) -> usize {
        self.0.weight() + self.1.weight()
    }
}

impl Weight for Entry {
    fn weight(&self) -> usize {
        self.key.weight() + self.value.weight()
    }
}

impl Weight for Document {
    fn weight(&self) -> usize {
        self.id.weight() + self.value.weight()
    }
}

impl Weight for Page {
    fn weight(&self) -> usize {
        self.items.weight() + self.next.weight()
    }
}

impl Weight for Hit {
    fn weight(&self) -> usize {
        self.document.weight() + self.excerpt.weight()
    }
}

impl Weight for Response {
    fn weight(&self) -> usize {
        self.headers.weight() + self.body.len()
    }
}

impl Weight for Ticket {
    fn weight(&self) -> usize {
        self.id.weight() + self.code.weight() + self.title.weight() + self.status.weight()
    }
}

impl Weight for CustomerCard {
    fn weight(&self) -> usize {
        self.id.weight() + self.name.weight() + self.phone.weight() + self.locale.weight()
    }
}

impl Weight for ServicePointCard {
    fn weight(&self) -> usize {
        self.id.weight() + self.name.weight() + self.time_zone.weight()
    }
}

impl Weight for Line {
    fn weight(&self) -> usize {
        self.id.weight() + self.author.weight() + self.text.weight()
    }
}

impl Weight for Ids {
    fn weight(&self) -> usize {
        [&self.turn, &self.business, &self.service_point, &self.channel, &self.conversation, &self.customer].into_iter().map(Weight::weight).sum()
    }
}

impl Weight for Event {
    fn weight(&self) -> usize {
        match self {
            Self::Messages(messages) => messages.weight(),
            Self::Timer(timer) => timer.name.weight() + timer.payload.weight(),
            Self::AgentTookOver(hand_over) | Self::ReturnedToBot(hand_over) => hand_over.agent.weight() + hand_over.reason.weight(),
            Self::Other(named) => named.name.weight() + named.payload.weight(),
        }
    }
}

impl Weight for Inbound {
    fn weight(&self) -> usize {
        self.message.weight() + self.content.weight() + self.quotes.weight() + self.referral.weight()
    }
}

impl Weight for Content {
    fn weight(&self) -> usize {
        match self {
            Self::Text(text) | Self::Contacts(text) | Self::Reaction(text) => text.weight(),
            Self::Media(media) => media.id.weight() + media.mime.weight() + media.name.weight() + media.caption.weight(),
            Self::Choice(choice) => choice.id.weight() + choice.title.weight(),
            Self::Location(location) => PART + location.name.weight() + location.address.weight(),
            Self::Order(items) => items.iter().map(|item| PART + item.sku.weight() + item.price.currency.weight()).sum(),
            Self::Other(named) => named.name.weight() + named.payload.weight(),
        }
    }
}
