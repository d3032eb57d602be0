//! How many commands a visitor and an address may give.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use types::{Problem, ShopperId};

use crate::limits::Limits;
use crate::source::Source;

/// Too many; it may be tried again after so long.
#[derive(Debug, Clone, Copy)]
pub struct TooMany(pub Duration);

impl TooMany {
    pub fn seconds(self) -> u64 {
        self.0.as_secs() + 1
    }

    pub fn problem(self) -> Problem {
        Problem::too_many(format!(
            "Too many requests came from you or your network. Nothing was changed by this one; try \
             again in {} seconds.",
            self.seconds()
        ))
    }
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Limiters>);

#[derive(Debug)]
struct Limiters {
    visitors: DefaultKeyedRateLimiter<ShopperId>,
    sources: DefaultKeyedRateLimiter<Source>,
    newcomers: DefaultKeyedRateLimiter<Source>,
    topics_per_minute: u32,
    services: DefaultKeyedRateLimiter<String>,
    service_events: DefaultKeyedRateLimiter<String>,
    events_at_once: u32,
}

/// A third of a minute's worth at once: people act in bursts.
fn per_minute(limit: u32) -> Quota {
    let limit = NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN);
    let burst = NonZeroU32::new(at_once(limit.get())).unwrap_or(NonZeroU32::MIN);
    Quota::per_minute(limit).allow_burst(burst)
}

fn at_once(limit: u32) -> u32 {
    (limit / 3).max(1)
}

/// What one socket may ask for.
#[derive(Debug)]
pub struct SocketPace(DefaultDirectRateLimiter);

impl SocketPace {
    /// Whether it may send a message about so many topics.
    pub fn admits(&self, topics: usize) -> bool {
        let cells = u32::try_from(topics).ok().and_then(NonZeroU32::new);
        matches!(self.0.check_n(cells.unwrap_or(NonZeroU32::MIN)), Ok(Ok(())))
    }
}

impl Pace {
    pub fn new(limits: &Limits) -> Self {
        Self(Arc::new(Limiters {
            visitors: RateLimiter::keyed(per_minute(limits.commands_per_minute)),
            sources: RateLimiter::keyed(per_minute(limits.commands_per_minute_per_address)),
            newcomers: RateLimiter::keyed(per_minute(limits.new_visitors_per_minute_per_address)),
            topics_per_minute: limits.socket_topics_per_minute,
            services: RateLimiter::keyed(per_minute(limits.service_requests_per_minute)),
            service_events: RateLimiter::keyed(per_minute(limits.service_events_per_minute)),
            events_at_once: at_once(limits.service_events_per_minute),
        }))
    }

    /// A command of a visitor; of one who has no cookie yet when `visitor` is `None`.
    pub fn command(&self, source: Source, visitor: Option<ShopperId>) -> Result<(), TooMany> {
        check(&self.0.sources, &source, "address")?;
        match visitor {
            Some(visitor) => check(&self.0.visitors, &visitor, "visitor"),
            None => check(&self.0.newcomers, &source, "new_visitors"),
        }
    }

    pub fn socket(&self, source: Source) -> Result<(), TooMany> {
        check(&self.0.sources, &source, "address")
    }

    /// A request of a service of others.
    pub fn service(&self, name: &str) -> Result<(), TooMany> {
        check(&self.0.services, &name.to_owned(), "service")
    }

    /// Events that such a service sends. A batch that is larger than what may come at once takes all of it.
    pub fn service_events(&self, name: &str, events: usize) -> Result<(), TooMany> {
        let events = u32::try_from(events).unwrap_or(u32::MAX);
        let Some(cells) = NonZeroU32::new(events.min(self.0.events_at_once)) else {
            return Ok(());
        };
        match self.0.service_events.check_key_n(&name.to_owned(), cells) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => {
                crate::measure::refused("service_events");
                Err(TooMany(until.wait_time_from(DefaultClock::default().now())))
            }
            Err(_) => Err(TooMany(Duration::from_secs(60))),
        }
    }

    /// For a new socket.
    pub fn of_socket(&self) -> SocketPace {
        SocketPace(RateLimiter::direct(per_minute(self.0.topics_per_minute)))
    }

    /// Forgets who has asked for nothing lately.
    pub fn forget_idle(&self) {
        self.0.visitors.retain_recent();
        self.0.sources.retain_recent();
        self.0.newcomers.retain_recent();
        self.0.services.retain_recent();
        self.0.service_events.retain_recent();
    }
}

fn check<K: Hash + Eq + Clone>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
    reason: &'static str,
) -> Result<(), TooMany> {
    limiter.check_key(key).map_err(|until| {
        crate::measure::refused(reason);
        TooMany(until.wait_time_from(DefaultClock::default().now()))
    })
}
