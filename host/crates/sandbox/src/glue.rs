//! Between the generated traits and the host's capabilities: counts, cuts and refuses, then delegates.

use std::sync::Arc;

use wasmtime::component::Linker;

use crate::{
    api::{
        http::{Request, Response},
        kv::{Entry, Scope},
        records::{Document, Hit, Page, Query},
        system::Level,
        tickets::{NewTicket, Ticket},
        turn::{CustomerCard, Line, ServicePointCard},
        types::{Failure, Json},
    },
    bindings::relevo::flow as wit,
    capability::{BoxError, Capabilities, Fault, Kv, Records, Tickets},
    limits::Limit,
    manifest::{Access, Manifest},
    meter::{HostCall, LogLine, Meter, Stop},
    run::CpuClock,
    weight::Weight,
};

/// Bytes of the body of one outgoing request.
const MAX_BODY: usize = 1 << 20;

/// What the store of one call holds.
pub(crate) struct State {
    pub(crate) caps: Box<dyn Capabilities>,
    pub(crate) meter: Meter,
    pub(crate) clock: Arc<CpuClock>,
    pub(crate) manifest: Arc<Manifest>,
}

type Answer<T> = wasmtime::Result<Result<T, Failure>>;

/// Offers every import of the contract to components.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Own = wasmtime::component::HasSelf<State>;
    wit::types::add_to_linker::<_, Own>(linker, |state| state)?;
    wit::turn::add_to_linker::<_, Own>(linker, |state| state)?;
    wit::events::add_to_linker::<_, Own>(linker, |state| state)?;
    wit::actions::add_to_linker::<_, Own>(linker, |state| state)?;
    wit::kv::add_to_linker::<_, Own>(linker, |state| state)?;
    wit::records::add_to_linker::<_, Own>(linker, |state| state)?;
    wit::http::add_to_linker::<_, Own>(linker, |state| state)?;
    wit::tickets::add_to_linker::<_, Own>(linker, |state| state)?;
    wit::system::add_to_linker::<_, Own>(linker, |state| state)
}

impl State {
    /// Counts a call that can answer with a failure.
    fn admit(&mut self, kind: HostCall, bytes: usize) -> Answer<()> {
        self.meter.count_call()?;
        Ok(self.meter.count_kind(kind).and_then(|()| self.meter.count_bytes(bytes)))
    }

    /// Counts the answer on its way back.
    fn answer<T: Weight>(&mut self, answer: Result<T, Fault>) -> Answer<T> {
        match answer {
            Ok(value) => Ok(self.meter.count_bytes(value.weight()).map(|()| value)),
            Err(Fault::Refused(failure)) => Ok(Err(failure)),
            Err(Fault::Broken(error)) => Err(self.meter.stop(Stop::Broken(error))),
        }
    }

    /// Counts the answer of a call that cannot answer with a failure.
    fn give<T: Weight>(&mut self, answer: Result<T, BoxError>) -> wasmtime::Result<T> {
        let value = answer.map_err(|error| self.meter.stop(Stop::Broken(error)))?;
        match self.meter.count_bytes(value.weight()) {
            Ok(()) => Ok(value),
            Err(_) => Err(self.meter.stop(Stop::Limit(Limit::BoundaryBytes))),
        }
    }

    fn permit_tickets(&self) -> Result<(), Failure> {
        if self.manifest.allows_tickets() { Ok(()) } else { Err(denied("tickets")) }
    }

    fn permit_records(&self, collection: &str, access: Access) -> Result<(), Failure> {
        if self.manifest.allows_records(collection, access) {
            return Ok(());
        }
        let verb = match access {
            Access::Read => "read",
            Access::Write => "write",
        };
        Err(Failure::Denied(format!("the manifest has no permission of kind \"records\" to {verb} {collection:?}")))
    }
}

fn denied(kind: &str) -> Failure {
    Failure::Denied(format!("the manifest has no permission of kind {kind:?}"))
}

/// Counts the call and hands a refusal to the guest.
macro_rules! admit {
    ($state:ident, $kind:expr, $bytes:expr) => {
        let bytes = $bytes;
        if let Err(failure) = $state.admit($kind, bytes)? {
            return Ok(Err(failure));
        }
    };
    ($state:ident, $kind:expr, $bytes:expr, $permit:expr) => {
        admit!($state, $kind, $bytes);
        if let Err(failure) = $permit {
            return Ok(Err(failure));
        }
    };
}

impl wit::types::Host for State {}
impl wit::events::Host for State {}
impl wit::actions::Host for State {}

impl wit::turn::Host for State {
    async fn customer(&mut self) -> wasmtime::Result<CustomerCard> {
        self.meter.count_call()?;
        let answer = self.caps.customer().await;
        self.give(answer)
    }

    async fn customer_attributes(&mut self) -> wasmtime::Result<Json> {
        self.meter.count_call()?;
        let answer = self.caps.customer_attributes().await;
        self.give(answer)
    }

    async fn set_customer(&mut self, attributes: Json) -> Answer<()> {
        admit!(self, HostCall::Plain, attributes.weight());
        let answer = self.caps.set_customer(attributes).await;
        self.answer(answer)
    }

    async fn labels(&mut self) -> wasmtime::Result<Vec<String>> {
        self.meter.count_call()?;
        let answer = self.caps.labels().await;
        self.give(answer)
    }

    async fn service_point(&mut self) -> wasmtime::Result<ServicePointCard> {
        self.meter.count_call()?;
        let answer = self.caps.service_point().await;
        self.give(answer)
    }

    async fn abilities(&mut self) -> wasmtime::Result<Vec<String>> {
        self.meter.count_call()?;
        let answer = self.caps.abilities();
        self.give(Ok(answer))
    }

    async fn history(&mut self, limit: u32, before: Option<String>) -> Answer<Vec<Line>> {
        admit!(self, HostCall::Plain, before.weight());
        let answer = self.caps.history(limit.clamp(1, 50), before).await;
        self.answer(answer)
    }

    async fn config(&mut self) -> wasmtime::Result<Json> {
        self.meter.count_call()?;
        let answer = self.caps.config().await;
        self.give(answer)
    }

    async fn state(&mut self) -> wasmtime::Result<Option<Json>> {
        self.meter.count_call()?;
        let answer = self.caps.state().await;
        self.give(answer)
    }

    async fn now_ms(&mut self) -> wasmtime::Result<u64> {
        self.meter.count_call()?;
        Ok(self.caps.now_ms())
    }

    async fn locale(&mut self) -> wasmtime::Result<String> {
        self.meter.count_call()?;
        let answer = self.caps.locale();
        self.give(Ok(answer))
    }

    async fn rehearsal(&mut self) -> wasmtime::Result<bool> {
        self.meter.count_call()?;
        Ok(self.caps.rehearsal())
    }
}

impl wit::kv::Host for State {
    async fn get(&mut self, scope: Scope, key: String) -> Answer<Option<Entry>> {
        admit!(self, HostCall::Plain, key.weight());
        let answer = Kv::get(&mut *self.caps, scope, key).await;
        self.answer(answer)
    }

    async fn scan(&mut self, scope: Scope, prefix: String, limit: u32, after: Option<String>) -> Answer<Vec<Entry>> {
        admit!(self, HostCall::Plain, prefix.weight() + after.weight());
        let answer = self.caps.scan(scope, prefix, limit.clamp(1, 100), after).await;
        self.answer(answer)
    }

    async fn put(&mut self, scope: Scope, key: String, value: Json, if_version: Option<u64>, ttl_s: Option<u32>) -> Answer<()> {
        admit!(self, HostCall::KvWrite, key.weight() + value.weight());
        let answer = self.caps.put(scope, key, value, if_version, ttl_s).await;
        self.answer(answer)
    }

    async fn delete(&mut self, scope: Scope, key: String) -> Answer<()> {
        admit!(self, HostCall::KvWrite, key.weight());
        let answer = self.caps.delete(scope, key).await;
        self.answer(answer)
    }
}

impl wit::records::Host for State {
    async fn get(&mut self, collection: String, id: String) -> Answer<Option<Document>> {
        admit!(self, HostCall::Plain, collection.weight() + id.weight(), self.permit_records(&collection, Access::Read));
        let answer = Records::get(&mut *self.caps, collection, id).await;
        self.answer(answer)
    }

    async fn find(&mut self, collection: String, mut query: Query) -> Answer<Page> {
        let bytes = collection.weight() + query.filter.weight() + query.sort.weight() + query.cursor.weight();
        admit!(self, HostCall::Plain, bytes, self.permit_records(&collection, Access::Read));
        query.limit = query.limit.clamp(1, 50);
        let answer = self.caps.find(collection, query).await;
        self.answer(answer)
    }

    async fn search(&mut self, collection: String, text: String, limit: u32) -> Answer<Vec<Hit>> {
        admit!(self, HostCall::Plain, collection.weight() + text.weight(), self.permit_records(&collection, Access::Read));
        let answer = self.caps.search(collection, text, limit.clamp(1, 20)).await;
        self.answer(answer)
    }

    async fn add(&mut self, collection: String, value: Json) -> Answer<String> {
        admit!(self, HostCall::Plain, collection.weight() + value.weight(), self.permit_records(&collection, Access::Write));
        let answer = self.caps.add(collection, value).await;
        self.answer(answer)
    }

    async fn save(&mut self, collection: String, id: String, version: u64, value: Json) -> Answer<()> {
        let bytes = collection.weight() + id.weight() + value.weight();
        admit!(self, HostCall::Plain, bytes, self.permit_records(&collection, Access::Write));
        let answer = self.caps.save(collection, id, version, value).await;
        self.answer(answer)
    }

    async fn remove(&mut self, collection: String, id: String, version: u64) -> Answer<()> {
        admit!(self, HostCall::Plain, collection.weight() + id.weight(), self.permit_records(&collection, Access::Write));
        let answer = self.caps.remove(collection, id, version).await;
        self.answer(answer)
    }

    async fn reserve(&mut self, product: String, quantity: i64) -> Answer<()> {
        // Stock moves with an order: whoever may not place one has no use for it, and "products" itself is never written.
        let permitted = self.permit_records("products", Access::Read).and_then(|()| self.permit_records("orders", Access::Write));
        admit!(self, HostCall::Plain, product.weight(), permitted);
        let answer = self.caps.reserve(product, quantity).await;
        self.answer(answer)
    }
}

impl wit::http::Host for State {
    async fn send(&mut self, mut request: Request) -> Answer<Response> {
        let body = request.body.as_ref().map_or(0, Vec::len);
        let bytes = request.method.weight() + request.url.weight() + request.headers.weight() + body;
        admit!(self, HostCall::Http, bytes);
        if !self.manifest.allows_http_method(&request.method) {
            let text = format!("the manifest has no permission of kind \"http\" for {:?}", request.method);
            return Ok(Err(Failure::Denied(text)));
        }
        if body > MAX_BODY {
            return Ok(Err(Failure::Invalid(format!("the body has {body} bytes; {MAX_BODY} at most may be sent"))));
        }
        request.timeout_ms = request.timeout_ms.clamp(1, 10_000);
        let answer = self.caps.send(request).await;
        self.answer(answer)
    }
}

impl wit::tickets::Host for State {
    async fn open(&mut self, ticket: NewTicket) -> Answer<Ticket> {
        let bytes = ticket.title.weight() + ticket.body.weight() + ticket.priority.weight();
        admit!(self, HostCall::Ticket, bytes, self.permit_tickets());
        let answer = self.caps.open(ticket).await;
        self.answer(answer)
    }

    async fn recent(&mut self, limit: u32) -> Answer<Vec<Ticket>> {
        admit!(self, HostCall::Plain, 0, self.permit_tickets());
        let answer = self.caps.recent(limit.clamp(1, 20)).await;
        self.answer(answer)
    }

    async fn comment(&mut self, id: String, text: String) -> Answer<()> {
        admit!(self, HostCall::Ticket, id.weight() + text.weight(), self.permit_tickets());
        let answer = Tickets::comment(&mut *self.caps, id, text).await;
        self.answer(answer)
    }
}

impl wit::system::Host for State {
    async fn log(&mut self, level: Level, message: String, fields: Json) -> wasmtime::Result<()> {
        self.meter.count_call()?;
        match self.meter.count_log(message.len() + fields.len()) {
            LogLine::Keep => self.caps.log(level, neutral(&message), neutral(&fields)),
            LogLine::Marker => {
                let limits = self.meter.limits();
                let text = format!("more lines of this call were dropped: {} lines and {} bytes at most", limits.log_lines, limits.log_bytes);
                self.caps.log(Level::Warn, text, "{}".into());
            }
            LogLine::Drop => {}
        }
        Ok(())
    }

    async fn count(&mut self, metric: String, by: i64) -> wasmtime::Result<()> {
        self.meter.count_call()?;
        let named = (1..=64).contains(&metric.len()) && metric.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if named {
            self.caps.count(metric, by);
        }
        Ok(())
    }

    async fn random(&mut self, bytes: u32) -> wasmtime::Result<Vec<u8>> {
        self.meter.count_call()?;
        Ok(self.caps.random(bytes.min(1_024)))
    }
}

/// Without what moves a terminal's cursor, hides text or ends a line: what a guest logs stays one line of text.
fn neutral(text: &str) -> String {
    let hides =
        |letter: char| letter.is_control() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    text.chars().map(|letter| if hides(letter) { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::neutral;

    #[test]
    fn a_log_line_cannot_move_the_cursor_end_the_line_or_turn_the_text_around() {
        assert_eq!(neutral("ok \u{1b}[2J\r\nWARN \u{202e}evil\0ñ 👍"), "ok \u{fffd}[2J\u{fffd}\u{fffd}WARN \u{fffd}evil\u{fffd}ñ 👍");
    }
}
