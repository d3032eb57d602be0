//! How many sign-ups may come from one address within an hour. In memory: a restart forgives.

use std::collections::HashMap;

use parking_lot::Mutex;

const HOUR_US: i64 = 60 * 60 * 1_000_000;
/// Addresses that are remembered, at most.
const MAX_SOURCES: usize = 50_000;

/// How many sign-ups came from where in the last hour, by the hash of an address.
#[derive(Debug, Default)]
pub(crate) struct SignupPace(Mutex<HashMap<u64, (i64, u32)>>);

impl SignupPace {
    /// Counts one more; says whether that was not too many.
    pub fn admits(&self, source: u64, limit: u32, now_us: i64) -> bool {
        let mut sources = self.0.lock();
        let is_old = |since_us: i64| now_us.saturating_sub(since_us) >= HOUR_US;
        if sources.len() >= MAX_SOURCES {
            sources.retain(|_, (since_us, _)| !is_old(*since_us));
        }
        // All of them new: the bound holds whoever comes.
        if sources.len() >= MAX_SOURCES {
            sources.clear();
        }
        let (since_us, count) = sources.entry(source).or_insert((now_us, 0));
        if is_old(*since_us) {
            (*since_us, *count) = (now_us, 0);
        }
        *count = count.saturating_add(1);
        *count <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_sign_ups_an_hour() {
        let pace = SignupPace::default();
        assert!((0..3).all(|at_us| pace.admits(1, 3, at_us)));
        assert!(!pace.admits(1, 3, 3));
        assert!(pace.admits(2, 3, 3), "another address");
        assert!(!pace.admits(1, 3, HOUR_US - 1));
        assert!(pace.admits(1, 3, HOUR_US), "an hour later");
    }
}
