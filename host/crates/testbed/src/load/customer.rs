//! A virtual customer: writes, waits for the reply, writes again.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use tokio::time::{sleep, timeout};

use super::LoadOptions;
use super::tally::{Customer, Tally};
use crate::clock;
use crate::http::{Target, Wire};

const QUIET: Duration = Duration::from_millis(300);

/// What a customer needs to write a request; only id and text differ from one to the next.
struct Letter {
    mac: Hmac<Sha256>,
    head: String,
    before_id: String,
    after_id: String,
    body: Vec<u8>,
    request: Vec<u8>,
}

impl Letter {
    fn new(options: &LoadOptions, target: &Target, run: u64, at: usize) -> Self {
        let ids = &options.phone_number_ids;
        let phone_number_id = &ids[at % ids.len()];
        let number = options.first_number + at as u64;
        let stamp = clock::wall_ms() / 1000;
        Self {
            mac: Hmac::new_from_slice(options.app_secret.as_bytes()).expect("HMAC takes a key of any length"),
            head: format!("POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n", target.path, target.host),
            before_id: format!(
                r#"{{"object":"whatsapp_business_account","entry":[{{"id":"load","changes":[{{"field":"messages","value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"{phone_number_id}","phone_number_id":"{phone_number_id}"}},"contacts":[{{"profile":{{"name":"Cliente {at}"}},"wa_id":"{number}"}}],"messages":[{{"from":"{number}","id":"wamid.LOAD{run:x}.{at}."#
            ),
            after_id: format!(r#"","timestamp":"{stamp}","type":"text","text":{{"body":""#),
            body: Vec::with_capacity(1024),
            request: Vec::with_capacity(1536),
        }
    }

    /// The bytes of a signed request.
    fn write(&mut self, ordinal: u64, text: &str) -> &[u8] {
        self.body.clear();
        self.body.extend_from_slice(self.before_id.as_bytes());
        push_number(&mut self.body, ordinal);
        self.body.extend_from_slice(self.after_id.as_bytes());
        self.body.extend_from_slice(text.as_bytes());
        self.body.extend_from_slice(br#""}}]}}]}]}"#);

        let mut mac = self.mac.clone();
        mac.update(&self.body);
        let mut signature = [0; 64];
        hex::encode_to_slice(mac.finalize().into_bytes(), &mut signature).expect("32 bytes are 64 digits");

        self.request.clear();
        self.request.extend_from_slice(self.head.as_bytes());
        self.request.extend_from_slice(b"content-length: ");
        push_number(&mut self.request, self.body.len() as u64);
        self.request.extend_from_slice(b"\r\nx-hub-signature-256: sha256=");
        self.request.extend_from_slice(&signature);
        self.request.extend_from_slice(b"\r\n\r\n");
        self.request.extend_from_slice(&self.body);
        &self.request
    }
}

fn push_number(bytes: &mut Vec<u8>, number: u64) {
    write!(bytes, "{number}").expect("a vector takes all that is written");
}

/// The life of one customer. It ends with the message that is under way when `running` turns false.
pub(super) struct Life {
    tally: Arc<Tally>,
    options: Arc<LoadOptions>,
    target: Target,
    at: usize,
    letter: Letter,
    wire: Option<Wire>,
    ordinal: u64,
}

impl Life {
    pub(super) fn new(tally: Arc<Tally>, options: Arc<LoadOptions>, target: Target, run: u64, at: usize) -> Self {
        let letter = Letter::new(&options, &target, run, at);
        Self { tally, options, target, at, letter, wire: None, ordinal: 0 }
    }

    /// Writes a first message and waits until all that it set off has come. Fails when it is not taken.
    pub(super) async fn greet(&mut self) -> io::Result<()> {
        let unreachable = |error| io::Error::other(format!("cannot reach http://{}: {error}", self.target.host));
        let mut wire = self.target.connect().await.map_err(unreachable)?;
        wire.write(self.letter.write(0, &self.options.text)).await?;
        let status = wire.read_answer().await?.status;
        if status != 200 {
            return Err(io::Error::other(format!("the webhook answered {status}")));
        }
        self.wire = Some(wire);
        let tally = Arc::clone(&self.tally);
        let customer = &tally.customers[self.at];
        let answered = timeout(self.options.patience, customer.changed.notified()).await;
        if answered.is_err() {
            return Err(io::Error::other("the first message got no reply"));
        }
        while clock::monotonic_ns().saturating_sub(customer.last_ns()) < QUIET.as_nanos() as u64 {
            sleep(QUIET / 3).await;
        }
        customer.settle(self.options.pipeline > 0);
        Ok(())
    }

    /// Schedules count from `start_ns`, which all customers have in common.
    pub(super) async fn live(mut self, start_ns: u64, running: impl Fn() -> bool) {
        if self.options.rate > 0.0 {
            return self.write_by_schedule(start_ns).await;
        }
        while running() {
            match self.options.pipeline {
                0 => {
                    self.ask(None).await;
                }
                count => self.ask_in_a_row(count).await,
            }
        }
    }

    /// Messages at moments that were fixed beforehand, however long their replies take: a server that stalls is written to no less, and each
    /// message that was due meanwhile counts its wait from when it was due. It leaves right after the reply to the one before it, behind which
    /// the order of its conversation would have it wait anyway.
    async fn write_by_schedule(&mut self, start_ns: u64) {
        let between_ns = 1e9 / self.options.rate;
        let tally = Arc::clone(&self.tally);
        for nth in 0_u64.. {
            let place = self.at as f64 + nth as f64 * self.options.customers as f64;
            let due_ns = start_ns + (place * between_ns) as u64;
            let early_ns = due_ns.saturating_sub(clock::monotonic_ns());
            if early_ns > 0 {
                sleep(Duration::from_nanos(early_ns)).await;
            }
            // What was due before the window closed is still sent after it: else the worst waits would be missing.
            if tally.has_closed_by(due_ns) {
                return;
            }
            let answered = self.ask(Some(due_ns)).await;
            if !answered && tally.has_closed_by(clock::monotonic_ns()) {
                return;
            }
        }
    }

    /// One message and the wait for its reply, which counts from when it was due, else from when it leaves. Returns whether it was answered.
    async fn ask(&mut self, due_ns: Option<u64>) -> bool {
        let tally = Arc::clone(&self.tally);
        let customer = &tally.customers[self.at];
        let measured = tally.measures(due_ns.unwrap_or_else(clock::monotonic_ns));
        self.ordinal += 1;
        let request = self.letter.write(self.ordinal, &self.options.text);
        customer.expect(self.ordinal, 1, self.options.replies, measured);
        let wire = &mut self.wire;
        send(&tally, &self.target, wire, request, measured, |now| customer.sent(0, due_ns.unwrap_or(now))).await;
        self.wait(customer).await
    }

    /// Several messages, a few milliseconds apart. Each leaves once the one before it was acknowledged: on two connections a busy server may come to read the
    /// later one first, and nobody could say which order was right.
    async fn ask_in_a_row(&mut self, count: usize) {
        let tally = Arc::clone(&self.tally);
        let customer = &tally.customers[self.at];
        let measured = tally.is_measuring();
        let first = self.ordinal + 1;
        self.ordinal += count as u64;
        customer.expect(first, count, count as u32 * self.options.replies, measured);
        let requests: Vec<_> = (first..=self.ordinal).map(|ordinal| self.letter.write(ordinal, &ordinal.to_string()).to_vec()).collect();
        let target = &self.target;
        let interval = self.options.interval;
        for (place, request) in requests.iter().enumerate() {
            if place > 0 {
                sleep(interval).await;
            }
            send(&tally, target, &mut self.wire, request, measured, |now| customer.sent(place, now)).await;
        }
        self.wait(customer).await;
    }

    /// Returns whether all replies came.
    async fn wait(&self, customer: &Customer) -> bool {
        let answered = async {
            while !customer.is_answered() {
                customer.changed.notified().await;
            }
        };
        let in_time = timeout(self.options.patience, answered).await.is_ok();
        if !in_time {
            self.tally.counts().lost += u64::from(customer.give_up());
        }
        in_time
    }
}

/// Writes a request and reads its acknowledgement; on any error the connection is opened anew next time.
async fn send(tally: &Tally, target: &Target, place: &mut Option<Wire>, request: &[u8], measured: bool, leaving: impl FnOnce(u64)) {
    let wire = match place.take() {
        Some(wire) => Ok(wire),
        None => target.connect().await,
    };
    let now = clock::monotonic_ns();
    leaving(now);
    let answered = async {
        let mut wire = wire?;
        wire.write(request).await?;
        let answer = wire.read_answer().await?;
        io::Result::Ok((wire, answer))
    };
    let answered = answered.await;
    let mut counts = tally.counts();
    if measured {
        counts.sent += 1;
    }
    match answered {
        Ok((wire, answer)) => {
            if answer.status != 200 {
                counts.refused += 1;
            } else if measured {
                counts.ack.record(clock::monotonic_ns() - now);
            }
            if answer.keep_alive {
                *place = Some(wire);
            }
        }
        Err(_) => counts.broken += 1,
    }
}
