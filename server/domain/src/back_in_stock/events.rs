//! What happens to those who want to be told when a SKU is back. Who they are stands in a table, where it
//! can be erased.

use serde::{Deserialize, Serialize};
use types::{SignupId, Sku};

use crate::event::declare;
use crate::stock::Stock;

/// Why nobody waits any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawnBy {
    /// By the link of a mail, or of the page that it leads to.
    Link,
    /// The person was erased.
    Erasure,
}

/// Why the place of somebody who was told is free again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledBy {
    /// As many pieces were ordered.
    Sale,
    /// They had their time.
    Deadline,
}

declare! {
    /// Somebody wants to be told when a SKU is back.
    BackInStockRequested ("back_in_stock.requested" on "back_in_stock", ordered by sku) {
        signup_id: SignupId,
        sku: Sku,
        /// Until when they wait, unix microseconds.
        until_us: i64,
    }

    /// They wait: it is sold out.
    BackInStockAwaited ("back_in_stock.awaited" on "back_in_stock", ordered by sku) {
        signup_id: SignupId,
        sku: Sku,
        until_us: i64,
        /// What the inventory holds of it at this moment.
        stock: Stock,
    }

    /// They need not wait: it is there, or is not sold at all.
    BackInStockRefused ("back_in_stock.refused" on "back_in_stock", ordered by sku) {
        signup_id: SignupId,
        sku: Sku,
        available: i64,
    }

    /// It is back, and it is their turn: they are to be told.
    BackInStockDue ("back_in_stock.due" on "back_in_stock", ordered by sku) {
        signup_id: SignupId,
        sku: Sku,
        /// Until then one of the pieces counts as theirs, unix microseconds.
        until_us: i64,
        /// Until when they wait, should they not be told after all.
        waits_until_us: i64,
    }

    /// It was sold out again before they were told.
    BackInStockMissed ("back_in_stock.missed" on "back_in_stock", ordered by sku) {
        signup_id: SignupId,
        sku: Sku,
        /// As [`BackInStockDue`] had it: which one of them this is about.
        until_us: i64,
        waits_until_us: i64,
    }

    /// They come back into the queue, whatever has become of their place.
    BackInStockReturned ("back_in_stock.returned" on "back_in_stock", ordered by sku) {
        signup_id: SignupId,
        sku: Sku,
        /// As [`BackInStockMissed`] had it.
        until_us: i64,
        waits_until_us: i64,
        /// What the inventory holds of it at this moment.
        stock: Stock,
    }

    /// They wait again, before all others.
    BackInStockRequeued ("back_in_stock.requeued" on "back_in_stock", ordered by sku) {
        signup_id: SignupId,
        sku: Sku,
        until_us: i64,
    }

    /// Those who were told have bought, or had their time: others may be told of what is left.
    BackInStockSettled ("back_in_stock.settled" on "back_in_stock", ordered by sku) {
        sku: Sku,
        signups: Vec<SignupId>,
        by: SettledBy,
    }

    /// Somebody does not want to be told any more.
    BackInStockWithdrawalRequested ("back_in_stock.withdrawal_requested" on "back_in_stock", ordered by sku) {
        signup_id: SignupId,
        sku: Sku,
        by: WithdrawnBy,
    }

    /// They are not told.
    BackInStockWithdrawn ("back_in_stock.withdrawn" on "back_in_stock", ordered by sku) {
        signup_id: SignupId,
        sku: Sku,
        by: WithdrawnBy,
    }

    /// A time of those who wait or were told is over.
    BackInStockElapsed ("back_in_stock.elapsed" on "back_in_stock", ordered by sku) {
        sku: Sku,
        /// Unix microseconds.
        at_us: i64,
    }

    /// Somebody has waited for as long as they asked to.
    BackInStockExpired ("back_in_stock.expired" on "back_in_stock", ordered by sku) {
        signup_id: SignupId,
        sku: Sku,
    }
}
