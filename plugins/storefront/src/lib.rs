//! The shop's own conversation: menu, catalogue, order, state of an order, a person.

mod address;
mod ask;
mod input;
mod order;
mod shop;
mod state;
mod talk;
mod texts;

use relevo_plugin::{Configured, Event, Failure, Flow, Outcome, Problem, Reply, Turn, configured, flow};
use serde_json::Value;
use talk::{REMINDER, Talk};
pub use texts::Text;

pub struct Storefront;

impl Flow for Storefront {
    fn handle(turn: &Turn, event: Event) -> Result<Outcome, Failure> {
        match event {
            Event::Messages(messages) => {
                let inputs = input::read(&messages);
                if inputs.is_empty() { Ok(Reply::new().done()) } else { Talk::resume(turn)?.hear(inputs) }
            }
            Event::Timer(timer) if timer.name == REMINDER => Talk::resume(turn)?.remind(),
            // A person has talked since: whatever was asked before no longer stands.
            Event::ReturnedToBot(_) => Ok(Reply::new().cancel_timer(REMINDER).forget().done()),
            _ => Ok(Outcome::pass()),
        }
    }
}

impl Configured for Storefront {
    fn check(config: &Value) -> Vec<Problem> {
        texts::check(config)
    }
}

flow!(Storefront);
configured!(Storefront);
