//! Every event of the shop. A new one is one entry of the list below plus the arms that care.
//!
//! Events carry no personal data: who ordered and where it goes stands in the orders table, where it
//! can be erased.

use serde::{Deserialize, Serialize};
use types::order::{CancelledBy, DeclineReason, Shortage};
use types::{Money, OrderId, ShopperId, Sku};

/// Declares the events: a struct each, the enum of them, and how they are named and ordered in the log.
macro_rules! events {
    ($(
        $(#[$doc:meta])*
        $name:ident ($kind:literal on $topic:literal, ordered by $key:ident) {
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)*
            }

            impl From<$name> for Event {
                fn from(event: $name) -> Self {
                    Self::$name(event)
                }
            }

            impl $name {
                /// Its name in the log.
                pub const KIND: &'static str = $kind;
                /// The stream it belongs to.
                pub const TOPIC: &'static str = $topic;
            }
        )*

        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event {
            $($(#[$doc])* $name($name),)*
        }

        impl Event {
            /// Every kind there is.
            pub const KINDS: &'static [&'static str] = &[$($kind),*];

            /// Its name in the log, e.g. `order.placed`.
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => $kind,)* }
            }

            /// The stream it belongs to.
            pub const fn topic(&self) -> &'static str {
                match self { $(Self::$name(_) => $topic,)* }
            }

            /// What it is about; events of one key are kept in order.
            pub fn key(&self) -> String {
                match self { $(Self::$name(event) => event.$key.to_string(),)* }
            }

            /// Its content as JSON.
            ///
            /// # Errors
            /// Never for the events of this list, which hold no map with keys that are not text.
            pub fn to_json(&self) -> Result<String, serde_json::Error> {
                match self { $(Self::$name(event) => serde_json::to_string(event),)* }
            }

            /// Reads an event of the log.
            ///
            /// # Errors
            /// [`DecodeError`] names what was expected.
            pub fn from_json(kind: &str, data: &str) -> Result<Self, DecodeError> {
                match kind {
                    $($kind => serde_json::from_str(data).map(Self::$name).map_err(|source| {
                        DecodeError::Content { kind: kind.to_owned(), source }
                    }),)*
                    _ => Err(DecodeError::UnknownKind(kind.to_owned())),
                }
            }
        }
    };
}

/// Why an event of the log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("unknown event type {0:?}: it was written by a newer version of the shop")]
    UnknownKind(String),
    #[error("the content of an event {kind:?} is not what that type holds: {source}")]
    Content {
        kind: String,
        source: serde_json::Error,
    },
}

/// A line of an order: which variant, how many, at which price per piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderedLine {
    pub sku: Sku,
    pub quantity: u32,
    pub unit_price: Money,
}

/// Pieces of a SKU that an event moved, and the level after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMove {
    pub sku: Sku,
    pub quantity: u32,
    pub on_hand: i64,
    pub allocated: i64,
}

events! {
    /// A shopper's order was accepted; nothing is reserved or charged yet.
    OrderPlaced ("order.placed" on "orders", ordered by order_id) {
        order_id: OrderId,
        shopper_id: ShopperId,
        lines: Vec<OrderedLine>,
        total: Money,
        /// The gateway's token for the card, if one was given at checkout.
        payment_token: Option<String>,
    }

    /// All lines of an order are reserved.
    StockReserved ("stock.reserved" on "stock", ordered by order_id) {
        order_id: OrderId,
        /// One entry per SKU.
        moves: Vec<StockMove>,
    }

    /// Not every line of an order could be reserved, so none is.
    StockRejected ("stock.rejected" on "stock", ordered by order_id) {
        order_id: OrderId,
        short: Vec<Shortage>,
    }

    /// The reservation of a cancelled order is back on the shelf.
    StockReleased ("stock.released" on "stock", ordered by order_id) {
        order_id: OrderId,
        moves: Vec<StockMove>,
    }

    /// The order waits for a card, until the payment window ends.
    PaymentMethodRequired ("payment.method_required" on "payments", ordered by order_id) {
        order_id: OrderId,
        /// Unix microseconds.
        reserved_until_us: i64,
    }

    /// The shopper gave a (or another) card for an order that waits for one.
    PaymentMethodGiven ("payment.method_given" on "payments", ordered by order_id) {
        order_id: OrderId,
        payment_token: String,
    }

    /// The gateway is to be asked.
    PaymentRequested ("payment.requested" on "payments", ordered by order_id) {
        order_id: OrderId,
        amount: Money,
        payment_token: String,
        /// 1 for the first card of the order.
        attempt: u32,
        /// Unix microseconds.
        reserved_until_us: i64,
        /// Whose token it is. The first release knew one gateway and did not say.
        #[serde(default)]
        gateway: Gateway,
    }

    /// The gateway holds the money for us.
    PaymentAuthorized ("payment.authorized" on "payments", ordered by order_id) {
        order_id: OrderId,
        amount: Money,
        attempt: u32,
        /// The gateway's name for it.
        authorization_id: String,
    }

    /// The gateway said no; nothing was charged and the stock stays reserved.
    PaymentDeclined ("payment.declined" on "payments", ordered by order_id) {
        order_id: OrderId,
        attempt: u32,
        reason: DeclineReason,
    }

    /// The payment window of an order that waits for a card is over.
    PaymentWindowElapsed ("payment.window_elapsed" on "payments", ordered by order_id) {
        order_id: OrderId,
    }

    /// Reserved and paid: the order stands.
    OrderConfirmed ("order.confirmed" on "orders", ordered by order_id) {
        order_id: OrderId,
    }

    /// The order ends for want of stock.
    OrderRejected ("order.rejected" on "orders", ordered by order_id) {
        order_id: OrderId,
    }

    /// The shopper asks to end an order that is not paid.
    OrderCancellationRequested ("order.cancellation_requested" on "orders", ordered by order_id) {
        order_id: OrderId,
    }

    /// The order ends unpaid; its reservation is to be released.
    OrderCancelled ("order.cancelled" on "orders", ordered by order_id) {
        order_id: OrderId,
        by: CancelledBy,
        /// What is reserved for it.
        lines: Vec<ReservedLine>,
    }

    /// A count found another number of pieces than the books hold.
    StockCorrectionRequested ("stock.correction_requested" on "stock", ordered by sku) {
        sku: Sku,
        /// Pieces counted.
        on_hand: i64,
        reason: String,
        /// Who counted: a member of staff, or `seed`.
        by: String,
    }

    /// The books follow the count.
    StockCorrected ("stock.corrected" on "stock", ordered by sku) {
        sku: Sku,
        on_hand: i64,
        allocated: i64,
        /// Pieces more (or fewer) than before.
        change: i64,
        reason: String,
        by: String,
    }

    /// The count is below what is promised to orders; the books stay.
    StockCorrectionRejected ("stock.correction_rejected" on "stock", ordered by sku) {
        sku: Sku,
        on_hand: i64,
        allocated: i64,
        by: String,
    }
}

impl Event {
    /// What it says about itself for those who route it, beside its name and topic: CloudEvents
    /// extension attributes.
    pub fn attributes(&self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::PaymentRequested(event) => vec![(Gateway::ATTRIBUTE, event.gateway.name())],
            _ => Vec::new(),
        }
    }
}

/// A payment gateway: whose token an order is paid with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gateway {
    /// The built-in one.
    #[default]
    Test,
}

impl Gateway {
    /// The attribute that routes a request to its gateway.
    pub const ATTRIBUTE: &'static str = "gateway";

    pub const fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
        }
    }
}

/// Pieces held for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservedLine {
    pub sku: Sku,
    pub quantity: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_survives_the_log() {
        let event = Event::from(OrderConfirmed {
            order_id: "0199c0a0-1111-7aaa-8bbb-123456789abc"
                .parse()
                .expect("an id"),
        });
        let json = event.to_json().expect("JSON");
        assert_eq!(
            json,
            r#"{"order_id":"0199c0a0-1111-7aaa-8bbb-123456789abc"}"#
        );
        assert_eq!(
            Event::from_json(event.kind(), &json).expect("the same"),
            event
        );
        assert_eq!((event.topic(), event.kind()), ("orders", "order.confirmed"));
    }

    #[test]
    fn what_is_not_an_event_says_why() {
        let error = |kind, data| {
            Event::from_json(kind, data)
                .expect_err("refused")
                .to_string()
        };
        assert!(error("order.lost", "{}").contains("unknown event type \"order.lost\""));
        assert!(error("order.confirmed", "{}").contains("missing field `order_id`"));
    }

    #[test]
    fn kinds_are_named_once() {
        let mut kinds = Event::KINDS.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), Event::KINDS.len());
    }
}
