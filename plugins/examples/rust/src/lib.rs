//! Tells customers where their shipment is: asks for its number, looks it up, and hands over to a person who is asked for.

use relevo_plugin::http::Request;
use relevo_plugin::kv::Scope;
use relevo_plugin::system::Level;
use relevo_plugin::{Button, Configured, Event, Failure, Flow, Inbound, Outcome, Problem, Reply, Turn, configured, flow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const CARRIER: &str = "https://api.example.com/";
const REMINDER: &str = "reminder";

pub struct Tracking;

#[derive(Deserialize)]
struct Config {
    base_url: String,
    question: String,
    reminder_minutes: u64,
}

#[derive(Serialize, Deserialize)]
struct State {
    asked: bool,
}

/// What the carrier knows of a shipment.
#[derive(Deserialize)]
struct Shipment {
    state: String,
    place: Option<String>,
}

enum Found {
    Known(Shipment),
    Unknown,
    Unreachable,
}

impl Flow for Tracking {
    fn handle(turn: &Turn, event: Event) -> Result<Outcome, Failure> {
        match event {
            Event::Timer(_) => Ok(remind(turn)),
            Event::Messages(messages) => answer(turn, messages.iter().filter_map(Inbound::words).next_back().unwrap_or_default()),
            _ => Ok(Outcome::pass()),
        }
    }
}

impl Configured for Tracking {
    fn check(config: &Value) -> Vec<Problem> {
        let fits = config["base_url"].as_str().is_some_and(|url| url.starts_with(CARRIER));
        let problem = || Problem::at("/base_url", format!("Tiene que empezar con {CARRIER}: a otro lugar no puedo llamar."));
        if fits { Vec::new() } else { vec![problem()] }
    }
}

fn answer(turn: &Turn, said: &str) -> Result<Outcome, Failure> {
    if asks_for_person(said) {
        return Ok(pass_on());
    }
    match shipment_number(said) {
        Some(number) => look_up(turn, &number),
        None => ask(turn),
    }
}

fn ask(turn: &Turn) -> Result<Outcome, Failure> {
    let config: Config = turn.config()?;
    let mut reply = Reply::new();
    match turn.values(Scope::Customer).get::<String>("last")? {
        Some(last) => reply.buttons(config.question, vec![Button::new("last", last.value)]),
        None => reply.text(config.question),
    };
    if config.reminder_minutes > 0 {
        reply.schedule(REMINDER, turn.now_ms() + config.reminder_minutes * 60_000);
    }
    Ok(reply.remember(&State { asked: true }).done())
}

fn look_up(turn: &Turn, number: &str) -> Result<Outcome, Failure> {
    let mut reply = Reply::new();
    match shipment(turn, number)? {
        Found::Unreachable => reply.text("Ahora no puedo consultar los envíos. Probá otra vez en unos minutos."),
        Found::Unknown => {
            let body = format!("No encuentro el envío {number}. Revisá el número y escribilo otra vez.");
            reply.buttons(body, vec![Button::new("person", "Hablar con alguien")]).remember(&State { asked: true })
        }
        Found::Known(shipment) => {
            turn.values(Scope::Customer).put("last", &number, None)?;
            let place = shipment.place.map(|place| format!(" Último lugar: {place}.")).unwrap_or_default();
            let told = format!("Tu envío {number} está {}.{place}", in_words(&shipment.state));
            reply.text(told).standing_on("shipment", number, &format!("Envío {number}")).cancel_timer(REMINDER).forget()
        }
    };
    Ok(reply.done())
}

fn shipment(turn: &Turn, number: &str) -> Result<Found, Failure> {
    let config: Config = turn.config()?;
    let request = Request::get(format!("{}/{number}", config.base_url)).header("authorization", "Bearer {{secret:API_KEY}}");
    let response = match turn.send(&request) {
        Ok(response) => response,
        Err(failure) => {
            turn.log(Level::Warn, "The carrier did not answer", &json!({ "failure": format!("{failure:?}") }));
            return Ok(Found::Unreachable);
        }
    };
    match response.status {
        200 => Ok(Found::Known(response.json()?)),
        404 => Ok(Found::Unknown),
        _ => Ok(Found::Unreachable),
    }
}

fn remind(turn: &Turn) -> Outcome {
    let asked = turn.state::<State>().is_some_and(|state| state.asked);
    if asked { Reply::new().text("Sigo acá. Escribime tu número de envío cuando quieras.").done() } else { Outcome::pass() }
}

fn pass_on() -> Outcome {
    Reply::new().text("Te paso con una persona.").cancel_timer(REMINDER).hand_over("asked for a person", None).forget().done()
}

fn asks_for_person(said: &str) -> bool {
    let words = said.to_lowercase();
    ["persona", "asesor", "humano", "hablar con alguien"].iter().any(|word| words.contains(word))
}

/// Six to twenty letters and digits, one digit at least; spaces and hyphens are how people write them.
fn shipment_number(said: &str) -> Option<String> {
    let number: String = said.chars().filter(|letter| !matches!(letter, ' ' | '-')).map(|letter| letter.to_ascii_uppercase()).collect();
    let fits = (6..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_alphanumeric()) && number.bytes().any(|byte| byte.is_ascii_digit());
    fits.then_some(number)
}

fn in_words(state: &str) -> &str {
    match state {
        "pending" => "en preparación",
        "in-transit" => "en camino",
        "delivered" => "entregado",
        other => other,
    }
}

flow!(Tracking);
configured!(Tracking);

#[cfg(test)]
mod tests {
    use super::Tracking;
    use relevo_plugin::memory::{Chat, World};
    use serde_json::json;

    fn chat() -> Chat<Tracking> {
        let config = json!({ "base_url": "https://api.example.com/v1/shipments", "question": "¿Cuál es tu número de envío?", "reminder_minutes": 60 });
        Chat::new(World::new().configured(config))
    }

    #[test]
    fn a_known_shipment_is_told_and_offered_next_time() {
        let mut chat = chat();
        chat.world.outside.answers_json(200, &json!({ "state": "in-transit", "place": "Rosario" }));

        assert_eq!(chat.says("ab-123456"), "Tu envío AB123456 está en camino. Último lugar: Rosario.");
        assert_eq!(chat.world.outside.requests[0].url, "https://api.example.com/v1/shipments/AB123456");
        assert_eq!(chat.says("hola"), "¿Cuál es tu número de envío?\n[AB123456]");
    }

    #[test]
    fn whoever_does_not_answer_is_reminded_once() {
        let mut chat = chat();

        chat.says("hola");

        assert_eq!(chat.waits(60), "Sigo acá. Escribime tu número de envío cuando quieras.");
        assert_eq!(chat.waits(600), "");
    }

    #[test]
    fn a_carrier_that_does_not_answer_is_said_so() {
        assert_eq!(chat().says("AB123456"), "Ahora no puedo consultar los envíos. Probá otra vez en unos minutos.");
    }
}
