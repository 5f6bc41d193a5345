//! How much one caller may ask: a session or a key by itself, everybody else by address.
//!
//! A token counts only once it was looked up: or whoever makes tokens up would have a share for each.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
    response::Response,
};
use governor::{Quota, RateLimiter, clock, middleware::StateInformationMiddleware, nanos::Nanos, state::keyed::DashMapStateStore};
use relevo_model::Clock;

use crate::{
    http::problem::{Kind, Problem},
    identity::{Device, Door},
};

/// The fields of draft-ietf-httpapi-ratelimit-headers.
pub const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Counts are looked through for old ones after so many requests: memory holds no more than that and who asked within the last minute.
const SWEEPS: u32 = 4_096;
const WINDOW: u64 = 60;

/// How many requests a minute, and how many of them at once.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    pub per_minute: NonZeroU32,
    pub burst: NonZeroU32,
}

/// The shares of those who ask. Clones count together.
#[derive(Clone)]
pub struct Rates(Option<Arc<Limits>>);

struct Limits {
    callers: Limiter,
    /// Who is not in, at the doors of `/api/auth`; besides the door's own patience.
    strangers: Limiter,
    asked: AtomicU32,
}

struct Limiter {
    name: &'static str,
    share: Share,
    clock: Ticks,
    counts: RateLimiter<String, DashMapStateStore<String>, Ticks, StateInformationMiddleware>,
}

/// What is left of a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    name: &'static str,
    share: u32,
    left: u32,
    /// Seconds until all of it is there again, or where nothing is left, until something is.
    wait: u64,
}

/// Our clock, as governor reads clocks.
#[derive(Clone)]
struct Ticks(Clock);

impl clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(u64::try_from(self.0.now().millis()).unwrap_or(0).saturating_mul(1_000_000))
    }
}

impl Share {
    /// So many a minute, and a sixth of them at once.
    pub fn of(per_minute: NonZeroU32) -> Self {
        Self { per_minute, burst: NonZeroU32::new(per_minute.get() / 6).unwrap_or(NonZeroU32::MIN) }
    }

    const STRANGERS: Self = Self { per_minute: NonZeroU32::new(60).expect("it is not zero"), burst: NonZeroU32::new(20).expect("it is not zero") };
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rates({})", if self.0.is_some() { "limited" } else { "unlimited" })
    }
}

impl Rates {
    pub fn new(clock: &Clock, callers: Share) -> Self {
        let limits =
            Limits { callers: Limiter::new("caller", callers, clock), strangers: Limiter::new("stranger", Share::STRANGERS, clock), asked: AtomicU32::new(0) };
        Self(Some(Arc::new(limits)))
    }

    /// Nobody is counted: for tests, whose clock stands.
    pub const fn unlimited() -> Self {
        Self(None)
    }

    /// Counts a request of the API. None where nobody is counted; a problem where the share is used up.
    pub async fn count(&self, door: &Door, parts: &mut Parts) -> (Option<Left>, Result<(), Problem>) {
        let Some(limits) = &self.0 else { return (None, Ok(())) };
        limits.sweep();
        // Whether the database answers is for the handler to find out.
        let (limiter, key) = match door.whose(parts).await {
            Ok(Some(whose)) => (&limits.callers, whose.caller),
            _ => {
                let address = Device::of(parts, door).address.map_or_else(String::new, |address| network(address).to_string());
                let at_the_door = parts.uri.path().starts_with("/api/auth/");
                (if at_the_door { &limits.strangers } else { &limits.callers }, address)
            }
        };
        match limiter.count(&key) {
            Ok(left) => (Some(left), Ok(())),
            Err(left) => {
                let wait = left.wait;
                (Some(left), Err(Problem::new(Kind::TooManyRequests).retry_after(wait)))
            }
        }
    }
}

impl Limits {
    fn sweep(&self) {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEPS == SWEEPS - 1 {
            for limiter in [&self.callers, &self.strangers] {
                limiter.counts.retain_recent();
                limiter.counts.shrink_to_fit();
            }
        }
    }
}

impl Limiter {
    fn new(name: &'static str, share: Share, clock: &Clock) -> Self {
        let quota = Quota::per_minute(share.per_minute).allow_burst(share.burst);
        let clock = Ticks(clock.clone());
        let counts = RateLimiter::dashmap_with_clock(quota, clock.clone()).with_middleware::<StateInformationMiddleware>();
        Self { name, share, clock, counts }
    }

    fn count(&self, key: &String) -> Result<Left, Left> {
        let of = |left: u32, wait: u64| Left { name: self.name, share: self.share.per_minute.get(), left, wait };
        match self.counts.check_key(key) {
            Ok(state) => {
                let left = state.remaining_burst_capacity();
                let used = u64::from(self.share.burst.get().saturating_sub(left));
                Ok(of(left, (used * WINDOW).div_ceil(self.share.per_minute.get().into())))
            }
            Err(until) => {
                let wait = until.wait_time_from(clock::Clock::now(&self.clock));
                Err(of(0, u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1)))
            }
        }
    }
}

impl Left {
    pub fn write(&self, response: &mut Response) {
        let Self { name, share, left, wait } = self;
        let headers: &mut HeaderMap = response.headers_mut();
        let plain = |text: String| HeaderValue::from_str(&text).expect("names and numbers are plain");
        headers.insert(POLICY, plain(format!("\"{name}\";q={share};w={WINDOW}")));
        headers.insert(LIMIT, plain(format!("\"{name}\";r={left};t={wait}")));
    }
}

/// Who has one IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use relevo_model::Time;

    use super::*;

    fn limiter(clock: &Clock) -> Limiter {
        Limiter::new("caller", Share { per_minute: NonZeroU32::new(60).unwrap(), burst: NonZeroU32::new(3).unwrap() }, clock)
    }

    #[test]
    fn a_share_is_used_up_and_comes_back_with_time() {
        let clock = Clock::standing(Time(1_767_268_800_000), 0);
        let limiter = limiter(&clock);
        let ask = |key: &str| limiter.count(&key.to_owned());
        let left = |left: u32, wait: u64| Left { name: "caller", share: 60, left, wait };

        assert_eq!([ask("a"), ask("a"), ask("a")], [Ok(left(2, 1)), Ok(left(1, 2)), Ok(left(0, 3))]);
        assert_eq!(ask("a"), Err(left(0, 1)));
        assert_eq!(ask("b"), Ok(left(2, 1)), "everybody has a share of their own");
        clock.advance(Duration::from_millis(999));
        assert!(ask("a").is_err());
        clock.advance(Duration::from_millis(1));
        assert_eq!(ask("a"), Ok(left(0, 3)));
        clock.advance(Duration::from_secs(60));
        assert_eq!(ask("a"), Ok(left(2, 1)));
    }

    #[test]
    fn who_asks_no_more_is_forgotten() {
        let clock = Clock::standing(Time(1_767_268_800_000), 0);
        let rates = Rates::new(&clock, Share::of(NonZeroU32::new(600).unwrap()));
        let limits = rates.0.unwrap();
        for at in 0..SWEEPS - 1 {
            limits.sweep();
            limits.callers.count(&at.to_string()).unwrap();
        }
        assert_eq!(limits.callers.counts.len(), SWEEPS as usize - 1);

        clock.advance(Duration::from_secs(60));
        limits.sweep();

        assert_eq!(limits.callers.counts.len(), 0);
    }

    #[test]
    fn what_is_left_is_said_as_the_draft_wants_it() {
        let mut response = Response::default();
        Left { name: "caller", share: 600, left: 99, wait: 1 }.write(&mut response);
        assert_eq!(response.headers()[POLICY], "\"caller\";q=600;w=60");
        assert_eq!(response.headers()[LIMIT], "\"caller\";r=99;t=1");
    }
}
