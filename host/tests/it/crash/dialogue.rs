//! Who talks to the demo, what they say, and what they hear: the same whatever is killed.

use std::time::Duration;

use anyhow::{Result, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng};
use relevo_testbed::webhook::{Customer, Ids, Payload, Sender, WebhookBuilder};

const SECRET: &str = "demo-app-secret";
/// Where what may not have arrived is left to a person.
pub const ASKS: &str = "100000000000001";
/// Where it is sent again.
pub const RESENDS: &str = "100000000000002";
/// The other business's.
pub const OTHER: &str = "200000000000001";

/// How long Meta goes on with one webhook.
const PATIENCE: Duration = Duration::from_secs(90);

/// What everybody orders: there is enough of it for all.
pub const ORDERED: &str = "YER-1K";
const ADDRESS: &str = "San Martín 450, Rosario";

/// Somebody who writes to one number.
#[derive(Clone)]
pub struct Talker {
    pub wa_id: String,
    pub number: &'static str,
    lines: Vec<Line>,
    /// How many of the product that everybody wants.
    pub orders: Option<i64>,
    /// A person has the conversation in the end.
    pub handed_over: bool,
}

#[derive(Clone)]
struct Line {
    says: Vec<Says>,
    hears: Vec<&'static str>,
}

#[derive(Clone)]
enum Says {
    Text(String),
    /// A row of a list, or a button.
    Row(String),
    Button(&'static str),
}

fn text(says: &str, hears: &[&'static str]) -> Line {
    Line { says: vec![Says::Text(says.to_owned())], hears: hears.to_vec() }
}

const GREETING: &str = "Hola, gracias por escribirnos.";
const MENU: &str = "¿En qué te ayudo?";

impl Talker {
    fn new(wa_id: &str, number: &'static str, lines: Vec<Line>) -> Self {
        Self { wa_id: wa_id.to_owned(), number, lines, orders: None, handed_over: false }
    }

    fn orders(wa_id: &str, number: &'static str, product: &str, quantity: i64) -> Self {
        let lines = vec![
            text("hola", &[GREETING, MENU]),
            text("hacer un pedido", &["¿Qué querés pedir?"]),
            Line { says: vec![Says::Row(format!("product:{product}"))], hears: vec!["¿Cuántas unidades de Yerba"] },
            text(&quantity.to_string(), &["¿A dónde lo enviamos?"]),
            text(ADDRESS, &["Tu pedido:"]),
            Line { says: vec![Says::Button("confirm")], hears: vec!["Listo. Tu pedido"] },
            text("estado", &["Pedido "]),
        ];
        Self { orders: Some(quantity), ..Self::new(wa_id, number, lines) }
    }

    /// How each message begins that they get, in order.
    pub fn hears(&self) -> Vec<&'static str> {
        self.lines.iter().flat_map(|line| line.hears.iter().copied()).collect()
    }
}

/// Everybody who talks in a run; `product` is the id of the one that is ordered.
pub fn cast(product: &str, seed: u64) -> Vec<Talker> {
    let mut random = StdRng::seed_from_u64(seed);
    let burst = Line {
        says: ["hola", "ver catálogo", "menú"].map(|says| Says::Text(says.to_owned())).to_vec(),
        hears: vec![GREETING, MENU, "Estos son nuestros productos.", MENU],
    };
    let adviser = vec![text("hola", &[GREETING, MENU]), text("asesor", &["Te paso con una persona."]), text("gracias", &[])];
    vec![
        Talker::orders("5493415550001", ASKS, product, random.random_range(1..=4)),
        Talker::orders("5493415550002", RESENDS, product, random.random_range(1..=4)),
        Talker::new("5493415550003", RESENDS, vec![burst]),
        Talker { handed_over: true, ..Talker::new("5493415550004", ASKS, adviser) },
        // Also a customer of the first business, who writes to the other one here.
        Talker::new("5493415550001", OTHER, vec![text("hola", &[GREETING, MENU]), text("estado", &["Todavía no tenés pedidos."])]),
    ]
}

/// What somebody sent and got acknowledged.
pub struct Said {
    pub talker: Talker,
    pub payloads: Vec<Payload>,
}

impl Said {
    /// The provider's ids of what they said, in order.
    pub fn ids(&self) -> Vec<&str> {
        self.payloads.iter().flat_map(|payload| payload.ids.iter().map(String::as_str)).collect()
    }
}

/// Everybody talks at once, each line as soon as the one before was acknowledged, without waiting for answers: as Meta does, a webhook is
/// sent again until it is acknowledged, and some are sent twice at once.
pub async fn talk(url: String, cast: Vec<Talker>, seed: u64) -> Result<Vec<Said>> {
    let talks: Vec<_> = cast.into_iter().enumerate().map(|(number, talker)| tokio::spawn(say_all(url.clone(), talker, seed * 100 + number as u64))).collect();
    let mut said = Vec::new();
    for talk in talks {
        said.push(talk.await??);
    }
    Ok(said)
}

async fn say_all(url: String, talker: Talker, seed: u64) -> Result<Said> {
    let (ids, mut random) = (Ids::seeded(seed), StdRng::seed_from_u64(seed));
    let (sender, second) = (Sender::new(&url, SECRET)?, Sender::new(&url, SECRET)?);
    let customer = Customer::with_number(&talker.wa_id);
    let mut payloads = Vec::new();
    for line in &talker.lines {
        let builder = WebhookBuilder::new(&ids, talker.number).from(&customer);
        let payload = line
            .says
            .iter()
            .fold(builder, |builder, says| match says {
                Says::Text(body) => builder.text(body),
                Says::Row(id) => builder.list_reply(id, "Yerba mate 1 kg"),
                Says::Button(id) => builder.button_reply(id, "Confirmar"),
            })
            .build();
        let taken = match random.random_bool(0.3) {
            true => tokio::join!(sender.post_until_taken(&payload, PATIENCE), second.post_until_taken(&payload, PATIENCE)) == (true, true),
            false => sender.post_until_taken(&payload, PATIENCE).await,
        };
        ensure!(taken, "a webhook was not acknowledged within {PATIENCE:?}: {}", String::from_utf8_lossy(&payload.body));
        payloads.push(payload);
    }
    Ok(Said { talker, payloads })
}

/// All of it once more, as after an outage of Meta's.
pub async fn repeat(url: &str, said: &[Said]) -> Result<()> {
    let sender = Sender::new(url, SECRET)?;
    for payload in said.iter().flat_map(|said| &said.payloads) {
        ensure!(sender.post_until_taken(payload, PATIENCE).await, "a webhook that was acknowledged before is not any more");
    }
    Ok(())
}
