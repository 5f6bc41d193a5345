//! The contract's imported functions, answered from the lent [`World`].

pub(crate) mod turn {
    use crate::memory::World;
    use crate::{CustomerCard, Failure, Line, ServicePointCard};
    use serde_json::{Map, Value};

    pub fn customer() -> CustomerCard {
        World::current(|world| world.customer.clone())
    }

    pub fn customer_attributes() -> String {
        World::current(|world| Value::Object(world.attributes.clone()).to_string())
    }

    pub fn set_customer(attributes: &str) -> Result<(), Failure> {
        let changes: Map<String, Value> = serde_json::from_str(attributes).map_err(|error| Failure::Invalid(error.to_string()))?;
        World::current(|world| {
            for (key, value) in changes {
                match (key.as_str(), value) {
                    ("name", value) => world.customer.name = value.as_str().map(str::to_owned),
                    ("locale", value) => world.customer.locale = value.as_str().map(str::to_owned),
                    (_, Value::Null) => drop(world.attributes.remove(&key)),
                    (_, value) => drop(world.attributes.insert(key, value)),
                }
            }
        });
        Ok(())
    }

    pub fn labels() -> Vec<String> {
        World::current(|world| world.labels.clone())
    }

    pub fn service_point() -> ServicePointCard {
        World::current(|world| world.service_point.clone())
    }

    pub fn abilities() -> Vec<String> {
        World::current(|world| world.abilities.clone())
    }

    pub fn history(limit: u32, before: Option<&str>) -> Result<Vec<Line>, Failure> {
        World::current(|world| {
            let newest_first = world.history.iter().rev();
            let after = newest_first.skip_while(|line| before.is_some_and(|id| line.id != id)).skip(usize::from(before.is_some()));
            Ok(after.take(limit.min(50) as usize).cloned().collect())
        })
    }

    pub fn config() -> String {
        World::current(|world| world.config.to_string())
    }

    pub fn state() -> Option<String> {
        World::current(|world| world.state.clone())
    }

    pub fn now_ms() -> u64 {
        World::current(|world| world.now_ms)
    }

    pub fn locale() -> String {
        World::current(|world| world.locale.clone())
    }

    pub fn rehearsal() -> bool {
        true
    }
}

pub(crate) mod records {
    use crate::Failure;
    use crate::bindings::relevo::flow::records::{Document, Hit, Page, Query};
    use crate::memory::World;

    pub fn get(collection: &str, id: &str) -> Result<Option<Document>, Failure> {
        World::current(|world| world.records.get(collection, id))
    }

    pub fn find(collection: &str, query: &Query) -> Result<Page, Failure> {
        World::current(|world| world.records.find(collection, query))
    }

    pub fn search(collection: &str, text: &str, limit: u32) -> Result<Vec<Hit>, Failure> {
        World::current(|world| world.records.search(collection, text, limit))
    }

    pub fn add(collection: &str, value: &str) -> Result<String, Failure> {
        World::current(|world| world.records.add(collection, value, world.now_ms))
    }

    pub fn save(collection: &str, id: &str, version: u64, value: &str) -> Result<(), Failure> {
        World::current(|world| world.records.save(collection, id, version, value))
    }

    pub fn remove(collection: &str, id: &str, version: u64) -> Result<(), Failure> {
        World::current(|world| world.records.remove(collection, id, version))
    }

    pub fn reserve(product: &str, quantity: i64) -> Result<(), Failure> {
        World::current(|world| world.records.reserve(product, quantity))
    }
}

pub(crate) mod kv {
    use crate::Failure;
    use crate::kv::{Entry, Scope};
    use crate::memory::World;

    pub fn get(scope: &Scope, key: &str) -> Result<Option<Entry>, Failure> {
        World::current(|world| Ok(world.kv.get(scope, key, world.now_ms)))
    }

    pub fn scan(scope: &Scope, prefix: &str, limit: u32, after: Option<&str>) -> Result<Vec<Entry>, Failure> {
        World::current(|world| Ok(world.kv.scan(scope, prefix, limit, after, world.now_ms)))
    }

    pub fn put(scope: &Scope, key: &str, value: &str, if_version: Option<u64>, ttl_s: Option<u32>) -> Result<(), Failure> {
        World::current(|world| world.kv.put(scope, key, value, if_version, ttl_s, world.now_ms))
    }

    pub fn delete(scope: &Scope, key: &str) -> Result<(), Failure> {
        World::current(|world| world.kv.delete(scope, key));
        Ok(())
    }
}

pub(crate) mod http {
    use crate::Failure;
    use crate::http::{Request, Response};
    use crate::memory::World;

    pub fn send(request: &Request) -> Result<Response, Failure> {
        World::current(|world| world.outside.send(request))
    }
}

pub(crate) mod tickets {
    use crate::Failure;
    use crate::memory::World;
    use crate::tickets::{NewTicket, Ticket};

    pub fn open(ticket: &NewTicket) -> Result<Ticket, Failure> {
        World::current(|world| world.tickets.open(ticket, world.now_ms))
    }

    pub fn recent(limit: u32) -> Result<Vec<Ticket>, Failure> {
        World::current(|world| Ok(world.tickets.recent(limit)))
    }

    pub fn comment(id: &str, text: &str) -> Result<(), Failure> {
        World::current(|world| world.tickets.comment(id, text))
    }
}

pub(crate) mod system {
    use crate::memory::World;
    use crate::system::Level;

    pub fn log(level: Level, message: &str, fields: &str) {
        let fields = serde_json::from_str(fields).unwrap_or_default();
        World::current(|world| world.observed.log.push((level, message.to_owned(), fields)));
    }

    pub fn count(metric: &str, by: i64) {
        World::current(|world| *world.observed.counters.entry(metric.to_owned()).or_default() += by);
    }

    /// The same bytes at the same time of the world.
    pub fn random(bytes: u32) -> Vec<u8> {
        let seed = World::current(|world| world.now_ms);
        (0..u64::from(bytes)).map(|index| ((seed ^ index).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
    }
}
