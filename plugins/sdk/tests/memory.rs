//! The in-memory host keeps the contract's promises.

use relevo_plugin::http::Request;
use relevo_plugin::kv::Scope;
use relevo_plugin::memory::{Chat, World};
use relevo_plugin::system::Level;
use relevo_plugin::{Event, Failure, Flow, Inbound, Outcome, Query, Reply, Turn, flow};
use serde_json::{Value, json};

/// Does what it is told, and says what came of it.
struct Obedient;

impl Flow for Obedient {
    fn handle(turn: &Turn, event: Event) -> Result<Outcome, Failure> {
        let Event::Messages(messages) = event else { return Ok(Outcome::pass()) };
        let values = turn.values(Scope::Customer);
        let notes = turn.collection::<Value>("notes");
        let answer = match messages.first().and_then(Inbound::words).unwrap_or_default() {
            "count" => {
                let (version, count) = values.get::<u64>("count")?.map_or((0, 0), |kept| (kept.version, kept.value));
                values.put_on(version, "count", &(count + 1))?;
                turn.count("counted", 1);
                (count + 1).to_string()
            }
            "keep for a minute" => {
                values.put("brief", &true, Some(60))?;
                format!("{:?}", values.scan::<bool>("b", 10, None)?.len())
            }
            "is it still there" => values.get::<bool>("brief")?.is_some().to_string(),
            "call" => turn.send(&Request::get("https://example.com"))?.json::<Value>()?["eta"].to_string(),
            "add and pass" => {
                notes.add(&json!({"text": "lost"}))?;
                return Ok(Outcome::pass());
            }
            "add and fail" => {
                notes.add(&json!({"text": "lost"}))?;
                return Err(Failure::TimedOut);
            }
            "pages" => {
                let first = notes.find(Query::first(2).only("size", json!({"gte": 2})).sort("-size"))?;
                let second = notes.find(Query::first(2).only("size", json!({"gte": 2})).sort("-size").from(first.next.as_deref()))?;
                let sizes: Vec<_> = first.items.iter().chain(&second.items).map(|note| note.value["size"].to_string()).collect();
                format!("{} {:?}", sizes.join(","), second.next)
            }
            "save twice" => {
                let mut note = notes.get("a")?.ok_or(Failure::NotFound)?;
                note.value["size"] = json!(9);
                notes.save(&note)?;
                format!("{:?}", notes.save(&note))
            }
            _ => {
                turn.log(Level::Info, "said nothing", &json!({"random": turn.random::<4>().len()}));
                return Ok(Reply::new().done());
            }
        };
        Ok(Reply::new().text(answer).done())
    }
}

flow!(Obedient);

fn chat() -> Chat<Obedient> {
    let world = ["a", "b", "c", "d"].iter().zip(1..).fold(World::new(), |world, (id, size)| world.with("notes", json!({"id": id, "size": size})));
    Chat::new(world)
}

#[test]
fn values_last_and_stand_on_their_version() {
    let mut chat = chat();

    assert_eq!([chat.says("count"), chat.says("count")], ["1", "2"]);
    assert_eq!(chat.world.observed.counters["counted"], 2);
}

#[test]
fn a_value_is_gone_after_its_time() {
    let mut chat = chat();

    assert_eq!(chat.says("keep for a minute"), "1");
    assert_eq!(chat.says("is it still there"), "true");
    chat.waits(1);
    assert_eq!(chat.says("is it still there"), "false");
}

#[test]
fn what_a_turn_wrote_is_lost_when_it_passed_or_failed() {
    let mut chat = chat();

    chat.says("add and pass");
    let message = Inbound { message: "m".into(), at_ms: 0, content: relevo_plugin::Content::Text("add and fail".into()), quotes: None, referral: None };

    assert_eq!(chat.happens(Event::Messages(vec![message])), Err(Failure::TimedOut));
    assert_eq!(chat.world.records.all("notes").len(), 4);
}

#[test]
fn documents_come_in_pages_and_are_saved_on_the_version_that_was_read() {
    assert_eq!(chat().says("pages"), "4,3,2 None");
    assert_eq!(chat().says("save twice"), "Err(Failure::Conflict)");
}

#[test]
fn the_outside_answers_what_the_test_scripted() {
    let mut chat = chat();
    chat.world.outside.answers_json(200, &json!({"eta": 3}));

    assert_eq!(chat.says("call"), "3");
    assert_eq!(chat.world.outside.requests[0].url, "https://example.com");
}

#[test]
fn what_is_logged_can_be_seen() {
    let mut chat = chat();

    chat.says("nothing");

    assert_eq!(chat.world.observed.log, [(Level::Info, "said nothing".to_owned(), json!({"random": 4}))]);
}
