//! What a SKU costs by the log, to compare what orders were placed with.

use serde::{Deserialize, Serialize};
use types::Money;

/// An order that was being written while the price changed may have the one before: of another process a price is
/// known as soon as its event was read. A minute.
const OVERLAP_US: i64 = 60 * 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    now: Money,
    /// What it cost before, and until when, unix microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<(Money, i64)>,
}

impl Price {
    pub const fn new(now: Money) -> Self {
        Self { now, before: None }
    }

    /// It costs something else from now on.
    pub const fn change(&mut self, now: Money, at_us: i64) {
        self.before = Some((self.now, at_us));
        self.now = now;
    }

    /// Whether an order of this moment may have a price.
    pub fn allows(&self, price: Money, at_us: i64) -> bool {
        let was =
            |(before, until_us): (Money, i64)| before == price && at_us < until_us + OVERLAP_US;
        self.now == price || self.before.is_some_and(was)
    }
}
