//! What happens to an order.

use serde::{Deserialize, Serialize};
use types::alert::AlertKind;
use types::fulfilment::FulfilmentStatus;
use types::order::CancelledBy;
use types::{Money, OrderId, ShopperId, Sku};

use crate::event::declare;
use crate::order::Refusal;
use crate::stock::events::Pieces;

/// A line of an order: which variant, how many, at which price per piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderedLine {
    pub sku: Sku,
    pub quantity: u32,
    pub unit_price: Money,
    /// What is taken off or added for the whole line.
    #[serde(default)]
    pub adjustments: Vec<Adjustment>,
    /// Taxes that the price contains.
    #[serde(default)]
    pub tax: Vec<Tax>,
}

/// A change of a line's price: a discount (negative) or a surcharge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Why, for the receipt.
    pub label: String,
    pub amount: Money,
}

/// A tax contained in a line's price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    pub label: String,
    /// Hundredths of a percent.
    pub rate_basis_points: u32,
    pub amount: Money,
}

declare! {
    /// A shopper's order was accepted; nothing is reserved or charged yet.
    OrderPlaced ("order.placed" on "orders", ordered by order_id) {
        order_id: OrderId,
        shopper_id: ShopperId,
        lines: Vec<OrderedLine>,
        total: Money,
        /// The gateway's token for the card, if one was given at checkout.
        payment_token: Option<String>,
    }

    /// Reserved and paid: the order stands.
    OrderConfirmed ("order.confirmed" on "orders", ordered by order_id) {
        order_id: OrderId,
    }

    /// The order ends for want of stock.
    OrderRejected ("order.rejected" on "orders", ordered by order_id) {
        order_id: OrderId,
    }

    /// An order is to end, as long as nothing of it has left the house; of one that has left in part,
    /// what has not.
    OrderCancellationRequested ("order.cancellation_requested" on "orders", ordered by order_id) {
        order_id: OrderId,
        /// Who asks; older versions knew the shopper alone.
        #[serde(default = "shopper")]
        by: CancelledBy,
        /// The member of staff who asks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        staff: Option<String>,
    }

    /// What is asked of an order is not done.
    OrderCancellationRefused ("order.cancellation_refused" on "orders", ordered by order_id) {
        order_id: OrderId,
        refusal: Refusal,
    }

    /// The order ends with nothing shipped; what is held for it is to be released, and its money let go.
    OrderCancelled ("order.cancelled" on "orders", ordered by order_id) {
        order_id: OrderId,
        by: CancelledBy,
        /// What is reserved for it.
        lines: Vec<Pieces>,
        /// Whether it had been paid.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        paid: bool,
    }

    /// What of an order has not left the house never will.
    OrderRestCancelled ("order.rest_cancelled" on "orders", ordered by order_id) {
        order_id: OrderId,
        by: CancelledBy,
        /// What is held for it.
        lines: Vec<Pieces>,
        /// How far the rest is.
        status: FulfilmentStatus,
    }

    /// A rule asks that somebody looks at an order before it is packed.
    OrderReviewRequested ("order.review_requested" on "orders", ordered by order_id) {
        order_id: OrderId,
        rule: AlertKind,
        /// Of the rule's alert.
        subject: String,
    }

    /// The order is not packed, and nothing is collected for it, before somebody has looked at it.
    OrderHeld ("order.held" on "orders", ordered by order_id) {
        order_id: OrderId,
        rule: AlertKind,
        subject: String,
    }

    /// A member of staff has looked at an order that is held, and lets it go on.
    OrderReleaseRequested ("order.release_requested" on "orders", ordered by order_id) {
        order_id: OrderId,
        by: String,
    }

    /// The order goes on.
    OrderReleased ("order.released" on "orders", ordered by order_id) {
        order_id: OrderId,
        by: String,
    }

    /// The order is not held, or not any more.
    OrderReleaseRefused ("order.release_refused" on "orders", ordered by order_id) {
        order_id: OrderId,
        by: String,
    }

    /// A member of staff has written a note down. What it says stands beside the log.
    OrderNoted ("order.noted" on "orders", ordered by order_id) {
        order_id: OrderId,
        note_id: String,
        by: String,
    }

    /// A member of staff has corrected where an order goes. The address stands beside the log.
    OrderAddressCorrected ("order.address_corrected" on "orders", ordered by order_id) {
        order_id: OrderId,
        by: String,
    }

    /// The order waited too long for stock or for the gateway's answer.
    OrderDeadlinePassed ("order.deadline_passed" on "orders", ordered by order_id) {
        order_id: OrderId,
        /// The deadline, unix microseconds: a later one is not meant.
        deadline_us: i64,
    }
}

const fn shopper() -> CancelledBy {
    CancelledBy::Shopper
}
