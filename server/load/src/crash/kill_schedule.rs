//! When each round's kill comes: all of it follows from the seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// One in so many kills comes while the shop starts.
const STARTING: u32 = 6;
/// Milliseconds after the start. A shop that had much to do opens later than that.
const AFTER_START: std::ops::RangeInclusive<u64> = 5..=400;
/// Milliseconds after the first order of the round.
const AFTER_FIRST_ORDER: std::ops::RangeInclusive<u64> = 20..=700;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    /// So long after the start, whether it serves by then or not.
    WhileStarting(Duration),
    /// So long after the first order.
    WhileBuying(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    pub kill: Kill,
    /// Of what the shoppers do.
    pub seed: u64,
}

pub fn rounds(seed: u64, kills: u64) -> Vec<Round> {
    let mut rng = StdRng::seed_from_u64(seed);
    let round = |_| {
        let kill = if rng.random_ratio(1, STARTING) {
            Kill::WhileStarting(Duration::from_millis(rng.random_range(AFTER_START)))
        } else {
            Kill::WhileBuying(Duration::from_millis(rng.random_range(AFTER_FIRST_ORDER)))
        };
        let seed = rng.random();
        Round { kill, seed }
    };
    (0..kills).map(round).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_plans_the_same_kills_of_both_kinds() {
        let planned = rounds(7, 50);
        assert_eq!(planned, rounds(7, 50));
        assert_ne!(planned, rounds(8, 50));
        let starting = planned
            .iter()
            .filter(|round| matches!(round.kill, Kill::WhileStarting(_)))
            .count();
        assert!((1..25).contains(&starting), "{starting} of 50");
    }
}
