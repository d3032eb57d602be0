//! Whether mail servers refuse more than the odd mistyped address: what bounced, beside the last orders, so that a
//! shop of any size is measured by what it writes.

use serde::{Deserialize, Serialize};

/// Orders that are looked at, the last ones. Each is told of by a mail or two.
const ORDERS: usize = 30;
/// From so many bounces on, in the time of those orders, it is found.
const LIMIT: usize = 8;
/// Once told, it is not told again for so long. An hour.
const QUIET_US: i64 = 60 * 60 * 1_000_000;

/// Once told, it is over when nothing has bounced for so long, and for so many orders. An hour.
const CALM_US: i64 = 60 * 60 * 1_000_000;
const CALM_ORDERS: usize = 10;

/// A mail that bounced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounce {
    /// Unix microseconds.
    pub at_us: i64,
    /// Id of the event.
    pub id: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mails {
    /// When the last orders were placed, unix microseconds, the oldest first.
    orders: Vec<i64>,
    bounces: Vec<Bounce>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told_us: Option<i64>,
}

impl Mails {
    /// The bounces, when with this one there are too many for the last orders.
    pub fn finds(&self, bounce: &Bounce) -> Option<Vec<String>> {
        let quiet = |told_us| bounce.at_us < told_us + QUIET_US;
        if self.told_us.is_some_and(quiet) {
            return None;
        }
        let bounces = self.recent().chain([bounce]);
        let ids: Vec<String> = bounces.map(|it| it.id.clone()).collect();
        (ids.len() >= LIMIT).then_some(ids)
    }

    fn recent(&self) -> impl Iterator<Item = &Bounce> {
        let since_us = match self.orders.len() {
            ORDERS.. => self.orders[0],
            _ => i64::MIN,
        };
        self.bounces.iter().filter(move |it| it.at_us >= since_us)
    }

    pub fn ordered(&mut self, at_us: i64) {
        self.orders.push(at_us);
        let more = self.orders.len().saturating_sub(ORDERS);
        self.orders.drain(..more);
        self.bounces = self.recent().cloned().collect();
    }

    pub fn bounced(&mut self, bounce: Bounce) {
        self.bounces.push(bounce);
        let more = self.bounces.len().saturating_sub(LIMIT * 2);
        self.bounces.drain(..more);
    }

    /// Whether with an order at this moment nothing has bounced for long enough. Where nobody orders no mails are
    /// sent, and nothing is known.
    pub fn is_over(&self, at_us: i64) -> bool {
        let Some(told_us) = self.told_us else {
            return false;
        };
        // Bounces are forgotten after as many orders as are looked at.
        let last_us = self.bounces.last().map_or(told_us, |it| it.at_us);
        let since = self.orders.iter().filter(|placed_us| **placed_us > last_us);
        at_us >= last_us + CALM_US && since.count() + 1 >= CALM_ORDERS
    }

    pub const fn told(&mut self, at_us: i64) {
        self.told_us = Some(at_us);
    }

    /// They come through again: what bounces next is counted anew, and told at once.
    pub fn over(&mut self) {
        self.told_us = None;
        self.bounces.clear();
    }
}
