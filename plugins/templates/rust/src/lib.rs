//! Repeats what the customer writes, after a greeting.

use relevo_plugin::{Event, Failure, Flow, Inbound, Outcome, Reply, Turn, flow};
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    greeting: String,
}

struct Greeter;

impl Flow for Greeter {
    fn handle(turn: &Turn, event: Event) -> Result<Outcome, Failure> {
        let Event::Messages(messages) = event else { return Ok(Outcome::pass()) };
        let config: Config = turn.config()?;
        let words: Vec<&str> = messages.iter().filter_map(Inbound::words).collect();
        Ok(Reply::new().text(format!("{} Escribiste: {}", config.greeting, words.join(" "))).done())
    }
}

flow!(Greeter);

#[cfg(test)]
mod tests {
    use super::Greeter;
    use relevo_plugin::memory::{Chat, World};
    use serde_json::json;

    #[test]
    fn what_the_customer_writes_comes_back_after_the_greeting() {
        let mut chat = Chat::<Greeter>::new(World::new().configured(json!({ "greeting": "Buenas." })));

        assert_eq!(chat.says("¿hay alguien?"), "Buenas. Escribiste: ¿hay alguien?");
    }
}
