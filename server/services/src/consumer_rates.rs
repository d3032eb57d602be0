//! How fast the consumers go: their positions of the last minute, as whoever watches them has seen them.

use std::collections::{HashMap, VecDeque};

use broker::Lag;
use parking_lot::Mutex;

/// How far back a rate reaches.
const WINDOW_US: i64 = 60_000_000;
/// A shorter time says nothing.
const SHORTEST_US: i64 = 1_000_000;

#[derive(Debug, Default)]
pub(crate) struct ConsumerRates(Mutex<HashMap<String, VecDeque<(i64, u64)>>>);

impl ConsumerRates {
    pub(crate) fn note(&self, lags: &[Lag], at_us: i64) {
        let mut seen = self.0.lock();
        // Whoever is gone is forgotten.
        seen.retain(|name, _| lags.iter().any(|lag| lag.consumer == *name));
        for lag in lags {
            let seen = seen.entry(lag.consumer.clone()).or_default();
            // The oldest stays until the next one is old enough to take its place.
            while seen
                .get(1)
                .is_some_and(|(then, _)| at_us - then >= WINDOW_US)
            {
                seen.pop_front();
            }
            seen.push_back((at_us, lag.position));
        }
    }

    /// Events passed, in thousandths a second, up to a moment and a position; `None` when it was not watched for
    /// long enough.
    pub(crate) fn milli(&self, consumer: &str, at_us: i64, position: u64) -> Option<u64> {
        let seen = self.0.lock();
        let (then_us, then) = *seen.get(consumer)?.front()?;
        let took_us = at_us.checked_sub(then_us).filter(|it| *it >= SHORTEST_US)?;
        let passed = u128::from(position.saturating_sub(then));
        let milli = passed * 1_000_000_000 / u128::from(took_us.unsigned_abs());
        u64::try_from(milli).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag(position: u64) -> [Lag; 1] {
        [Lag {
            consumer: "ada".to_owned(),
            position,
            behind: 0,
            parked: 0,
            dead: 0,
        }]
    }

    #[test]
    fn a_rate_is_of_the_last_minute() {
        let rates = ConsumerRates::default();
        assert_eq!(rates.milli("ada", 5, 5), None);
        rates.note(&lag(0), 0);
        assert_eq!(rates.milli("ada", 500_000, 10), None, "too short");
        assert_eq!(rates.milli("ada", 2_000_000, 10), Some(5_000));
        for second in 1..=200 {
            rates.note(&lag(1_000), second * 1_000_000);
        }
        assert_eq!(rates.milli("ada", 201_000_000, 1_000), Some(0), "it rests");
        assert!(rates.0.lock()["ada"].len() <= 62);
        rates.note(&[], 201_000_000);
        assert_eq!(rates.milli("ada", 300_000_000, 1_000), None);
    }
}
