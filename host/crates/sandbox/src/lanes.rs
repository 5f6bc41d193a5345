//! How many calls run at once: per tenant and over all.
//!
//! Events and tools have lanes of their own. An event's call may wait for the tools that a language model asked for; if both
//! took from the same permits, four waiting events of a tenant would wait for ever.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

pub(crate) struct Lane {
    all: Semaphore,
    per_tenant: usize,
    tenants: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// The right to run; given back when dropped.
pub(crate) struct Permit<'a> {
    lane: &'a Lane,
    tenant: String,
    of_tenant: Option<OwnedSemaphorePermit>,
    _of_all: SemaphorePermit<'a>,
}

impl Lane {
    pub(crate) fn new(all: usize, per_tenant: usize) -> Self {
        Self { all: Semaphore::new(all.max(1)), per_tenant: per_tenant.max(1), tenants: Mutex::default() }
    }

    /// Waits for its turn; first among the tenant's own calls, so that a busy tenant does not hold the others' places.
    pub(crate) async fn enter(&self, tenant: &str) -> Permit<'_> {
        let guard = Entered { lane: self, tenant };
        let of_tenant = self.of_tenant(tenant).acquire_owned().await.expect("the semaphore is never closed");
        let of_all = self.all.acquire().await.expect("the semaphore is never closed");
        std::mem::forget(guard);
        Permit { lane: self, tenant: tenant.to_owned(), of_tenant: Some(of_tenant), _of_all: of_all }
    }

    fn of_tenant(&self, tenant: &str) -> Arc<Semaphore> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(semaphore) = tenants.get(tenant) {
            return semaphore.clone();
        }
        let semaphore = Arc::new(Semaphore::new(self.per_tenant));
        tenants.insert(tenant.to_owned(), semaphore.clone());
        semaphore
    }

    /// Forgets a tenant that nobody uses, lest the map grow with every tenant ever seen.
    fn forget_if_idle(&self, tenant: &str) {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if tenants.get(tenant).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1) {
            tenants.remove(tenant);
        }
    }
}

/// Tidies up when a waiting call is dropped.
struct Entered<'a> {
    lane: &'a Lane,
    tenant: &'a str,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.lane.forget_if_idle(self.tenant);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.of_tenant = None;
        self.lane.forget_if_idle(&self.tenant);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// Polls once.
    const NOW: Duration = Duration::ZERO;

    #[tokio::test]
    async fn a_busy_tenant_waits_and_another_does_not() {
        let lane = Lane::new(8, 1);
        let first = lane.enter("acme").await;

        assert!(timeout(NOW, lane.enter("acme")).await.is_err());
        assert!(timeout(NOW, lane.enter("other")).await.is_ok());

        drop(first);
        assert!(timeout(NOW, lane.enter("acme")).await.is_ok());
    }

    #[tokio::test]
    async fn an_idle_lane_remembers_no_tenant() {
        let lane = Lane::new(8, 1);
        let first = lane.enter("acme").await;
        let _ = timeout(NOW, lane.enter("acme")).await;

        drop(first);

        assert!(lane.tenants.lock().unwrap().is_empty());
    }
}
