//! How many commands a visitor and an address may give.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
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
}

/// A third of a minute's worth at once: people act in bursts.
fn per_minute<K: Hash + Eq + Clone>(limit: u32) -> DefaultKeyedRateLimiter<K> {
    let limit = NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN);
    let burst = NonZeroU32::new(limit.get() / 3).unwrap_or(NonZeroU32::MIN);
    RateLimiter::keyed(Quota::per_minute(limit).allow_burst(burst))
}

impl Pace {
    pub fn new(limits: &Limits) -> Self {
        Self(Arc::new(Limiters {
            visitors: per_minute(limits.commands_per_minute),
            sources: per_minute(limits.commands_per_minute_per_address),
            newcomers: per_minute(limits.new_visitors_per_minute_per_address),
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

    /// Forgets who has asked for nothing lately.
    pub fn forget_idle(&self) {
        self.0.visitors.retain_recent();
        self.0.sources.retain_recent();
        self.0.newcomers.retain_recent();
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
