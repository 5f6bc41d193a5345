//! Repeats what it is told: the smallest flow.

use relevo_plugin::{Event, Failure, Flow, Inbound, Outcome, Reply, Turn, flow};

pub struct Echo;

impl Flow for Echo {
    fn handle(_turn: &Turn, event: Event) -> Result<Outcome, Failure> {
        let Event::Messages(messages) = event else { return Ok(Outcome::pass()) };
        let mut reply = Reply::new();
        for words in messages.iter().filter_map(Inbound::words) {
            reply.text(words);
        }
        Ok(reply.done())
    }
}

flow!(Echo);

#[cfg(test)]
mod tests {
    use super::Echo;
    use relevo_plugin::Content;
    use relevo_plugin::memory::{Chat, World};

    #[test]
    fn each_text_of_a_burst_comes_back() {
        let mut chat = Chat::<Echo>::new(World::new());

        let heard = chat.sends_all(vec![Content::Text("hola".into()), Content::Reaction("👍".into()), Content::Text("¿hay alguien?".into())]);

        assert_eq!(heard, "hola\n¿hay alguien?");
    }
}
