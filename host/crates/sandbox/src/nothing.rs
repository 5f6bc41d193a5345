//! A call's capabilities when it is to reach nothing: only its configuration.

use async_trait::async_trait;

use crate::capability::all::*;

/// Denies everything that can be denied, and tells of the rest that there is none.
#[derive(Debug)]
pub(crate) struct Nothing {
    config: Json,
}

impl Nothing {
    pub(crate) fn new(config: &str) -> Self {
        Self { config: config.to_owned() }
    }
}

fn denied<T>() -> Result<T, Fault> {
    Err(Failure::Denied("nothing can be reached while a configuration is checked".into()).into())
}

#[async_trait]
impl Turn for Nothing {
    async fn customer(&mut self) -> Result<CustomerCard, BoxError> {
        Ok(CustomerCard { id: String::new(), name: None, phone: None, locale: None, first_seen: false })
    }

    async fn customer_attributes(&mut self) -> Result<Json, BoxError> {
        Ok("{}".into())
    }

    async fn set_customer(&mut self, _: Json) -> Result<(), Fault> {
        denied()
    }

    async fn labels(&mut self) -> Result<Vec<String>, BoxError> {
        Ok(Vec::new())
    }

    async fn service_point(&mut self) -> Result<ServicePointCard, BoxError> {
        Ok(ServicePointCard { id: String::new(), name: String::new(), time_zone: "UTC".into(), open_now: false })
    }

    async fn history(&mut self, _: u32, _: Option<String>) -> Result<Vec<Line>, Fault> {
        denied()
    }

    async fn config(&mut self) -> Result<Json, BoxError> {
        Ok(self.config.clone())
    }

    async fn state(&mut self) -> Result<Option<Json>, BoxError> {
        Ok(None)
    }

    fn abilities(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn now_ms(&mut self) -> u64 {
        0
    }

    fn locale(&mut self) -> String {
        "es".into()
    }

    fn rehearsal(&mut self) -> bool {
        true
    }
}

#[async_trait]
impl Kv for Nothing {
    async fn get(&mut self, _: Scope, _: String) -> Result<Option<Entry>, Fault> {
        denied()
    }

    async fn scan(&mut self, _: Scope, _: String, _: u32, _: Option<String>) -> Result<Vec<Entry>, Fault> {
        denied()
    }

    async fn put(&mut self, _: Scope, _: String, _: Json, _: Option<u64>, _: Option<u32>) -> Result<(), Fault> {
        denied()
    }

    async fn delete(&mut self, _: Scope, _: String) -> Result<(), Fault> {
        denied()
    }
}

#[async_trait]
impl Records for Nothing {
    async fn get(&mut self, _: String, _: String) -> Result<Option<Document>, Fault> {
        denied()
    }

    async fn find(&mut self, _: String, _: Query) -> Result<Page, Fault> {
        denied()
    }

    async fn search(&mut self, _: String, _: String, _: u32) -> Result<Vec<Hit>, Fault> {
        denied()
    }

    async fn add(&mut self, _: String, _: Json) -> Result<String, Fault> {
        denied()
    }

    async fn save(&mut self, _: String, _: String, _: u64, _: Json) -> Result<(), Fault> {
        denied()
    }

    async fn remove(&mut self, _: String, _: String, _: u64) -> Result<(), Fault> {
        denied()
    }

    async fn reserve(&mut self, _: String, _: i64) -> Result<(), Fault> {
        denied()
    }
}

#[async_trait]
impl Http for Nothing {
    async fn send(&mut self, _: Request) -> Result<Response, Fault> {
        denied()
    }
}

#[async_trait]
impl Tickets for Nothing {
    async fn open(&mut self, _: NewTicket) -> Result<Ticket, Fault> {
        denied()
    }

    async fn recent(&mut self, _: u32) -> Result<Vec<Ticket>, Fault> {
        denied()
    }

    async fn comment(&mut self, _: String, _: String) -> Result<(), Fault> {
        denied()
    }
}

impl System for Nothing {
    fn log(&mut self, _: Level, _: String, _: Json) {}

    fn count(&mut self, _: String, _: i64) {}

    /// The same each time: a check is to say the same of the same configuration.
    fn random(&mut self, bytes: u32) -> Vec<u8> {
        vec![0; bytes as usize]
    }
}
