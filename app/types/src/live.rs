//! The protocol of the live socket (`GET /live`, JSON text frames).
//!
//! A client subscribes to topics and says up to which position of the log it knows them. For each
//! topic the server answers one `snapshot`: the whole state, or only what changed after that position.
//! From then on it pushes a `change` for every change. States are absolute, so a change seen twice
//! does no harm, and positions only grow, so an older one is known by its number.
//!
//! Positions are those of one log, which each snapshot and beat names. After a backup was restored it
//! is another one: what a client knew before is worth nothing, and it begins anew.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::admin::{EventRow, InventoryRow, Level};
use crate::delivery::DeliveryTerms;
use crate::desk::{DeskNews, Present};
use crate::event_query::EventQuery;
use crate::ids::InvalidId;
use crate::log::ConsumerRow;
use crate::order::ProgressNews;
use crate::reservation::{Held, OwnHold};
use crate::staff::Right;
pub use crate::stock::{ProductStock, VariantStock};
use crate::{OrderId, ShopperId, Sku, Slug};

/// Path of the socket.
pub const PATH: &str = "/live";
/// Topics one socket may hold.
pub const MAX_TOPICS: usize = 200;
/// Of those, filters of events.
pub const MAX_FILTERS: usize = 4;
/// Bytes of one client message, at most.
pub const MAX_CLIENT_MESSAGE: usize = 16 * 1024;
/// The server sends at least this often (a `beat` when there is nothing else); a client that hears
/// nothing for twice as long reconnects.
pub const BEAT_SECONDS: u32 = 20;

/// What a page can follow. On the wire it is text: `product:SLUG`, `order:ID`, `inventory`, `events`,
/// `events:FILTER`, `consumers`, `orders`, `desk:ID`, `present:ID`, `checkout:ID`, `own-checkout`, `delivery`,
/// `alerts`, `purchasing`, `restock`, `sales`, `ledger:SKU`, `audit`, `shelves`, `products`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, strum::EnumDiscriminants)]
#[strum_discriminants(name(TopicKind), derive(strum::VariantArray))]
#[serde(try_from = "String", into = "String")]
pub enum Topic {
    /// Stock of a product's variants; anyone.
    Product(Slug),
    /// Progress of an order; only the shopper who placed it.
    Order(OrderId),
    /// What the checkout of a shopper holds; only that shopper.
    Checkout(ShopperId),
    /// The same of whoever asks, for pages that do not know who that is: those that are the same for
    /// everybody.
    OwnCheckout,
    /// What delivery costs; anyone.
    Delivery,
    /// Stock levels of every SKU; staff.
    Inventory,
    /// The last events of the log; staff.
    Events,
    /// The last events of the log of which something is so; staff.
    EventsOf(EventQuery),
    /// How far the consumers are; staff.
    Consumers,
    /// The orders of everybody, as the desk lists them; staff.
    Orders,
    /// Whether anything about an order has changed; staff.
    Desk(OrderId),
    /// Who else has an order open; staff.
    Present(OrderId),
    /// How many alerts wait for somebody, and whether any has changed; staff.
    Alerts,
    /// Whether a supplier, an order to one or a rule of restocking has changed; staff.
    Purchasing,
    /// Whether anything has changed of what runs out when; staff.
    Restock,
    /// Whether a SKU has moved, or what is said of it has changed; staff.
    Ledger(Sku),
    /// Whether the numbers of what is sold have changed, what is at risk or what waits; staff.
    Sales,
    /// Whether anybody of the staff has done anything; owners.
    Audit,
    /// Whether what is for sale is other pieces, or has other words, pictures or variants; anyone.
    Shelves,
    /// Whether any product has changed, also one that is only prepared; staff.
    Products,
}

impl Topic {
    /// What whoever follows it has to be allowed; `None` for what shoppers follow.
    pub const fn right(&self) -> Option<Right> {
        match self {
            Self::Product(_)
            | Self::Order(_)
            | Self::Checkout(_)
            | Self::OwnCheckout
            | Self::Delivery
            | Self::Shelves => None,
            Self::Inventory
            | Self::Events
            | Self::EventsOf(_)
            | Self::Consumers
            | Self::Orders
            | Self::Desk(_)
            | Self::Present(_)
            | Self::Alerts
            | Self::Purchasing
            | Self::Restock
            | Self::Sales
            | Self::Ledger(_) => Some(Right::See),
            Self::Audit => Some(Right::Audit),
            Self::Products => Some(Right::Products),
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product(slug) => write!(f, "product:{slug}"),
            Self::Order(id) => write!(f, "order:{id}"),
            Self::Inventory => f.write_str("inventory"),
            Self::Events => f.write_str("events"),
            Self::EventsOf(query) => write!(f, "events:{}", query.wire()),
            Self::Consumers => f.write_str("consumers"),
            Self::Orders => f.write_str("orders"),
            Self::Desk(id) => write!(f, "desk:{id}"),
            Self::Present(id) => write!(f, "present:{id}"),
            Self::Checkout(id) => write!(f, "checkout:{id}"),
            Self::OwnCheckout => f.write_str("own-checkout"),
            Self::Delivery => f.write_str("delivery"),
            Self::Alerts => f.write_str("alerts"),
            Self::Purchasing => f.write_str("purchasing"),
            Self::Restock => f.write_str("restock"),
            Self::Ledger(sku) => write!(f, "ledger:{sku}"),
            Self::Audit => f.write_str("audit"),
            Self::Sales => f.write_str("sales"),
            Self::Shelves => f.write_str("shelves"),
            Self::Products => f.write_str("products"),
        }
    }
}

impl FromStr for Topic {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.split_once(':') {
            Some(("product", slug)) => Ok(Self::Product(slug.parse()?)),
            Some(("order", id)) => Ok(Self::Order(id.parse()?)),
            Some(("desk", id)) => Ok(Self::Desk(id.parse()?)),
            Some(("present", id)) => Ok(Self::Present(id.parse()?)),
            Some(("ledger", sku)) => Ok(Self::Ledger(sku.parse()?)),
            Some(("checkout", id)) => Ok(Self::Checkout(id.parse()?)),
            Some(("events", query)) => Ok(Self::EventsOf(EventQuery::from_wire(query)?)),
            None if text == "consumers" => Ok(Self::Consumers),
            None if text == "inventory" => Ok(Self::Inventory),
            None if text == "events" => Ok(Self::Events),
            None if text == "orders" => Ok(Self::Orders),
            None if text == "own-checkout" => Ok(Self::OwnCheckout),
            None if text == "delivery" => Ok(Self::Delivery),
            None if text == "alerts" => Ok(Self::Alerts),
            None if text == "purchasing" => Ok(Self::Purchasing),
            None if text == "restock" => Ok(Self::Restock),
            None if text == "sales" => Ok(Self::Sales),
            None if text == "audit" => Ok(Self::Audit),
            None if text == "shelves" => Ok(Self::Shelves),
            None if text == "products" => Ok(Self::Products),
            _ => Err(InvalidId {
                expected: "a topic (product:SLUG, order:ID, checkout:ID, own-checkout, delivery, inventory, \
                           events, events:FILTER, consumers, orders, desk:ID, present:ID, alerts, purchasing, restock, \
                           sales, ledger:SKU, audit, shelves or products)",
                got: text.chars().take(60).collect(),
            }),
        }
    }
}

impl TryFrom<String> for Topic {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<Topic> for String {
    fn from(topic: Topic) -> Self {
        topic.to_string()
    }
}

/// What a client may say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    Subscribe {
        topics: Vec<Topic>,
        /// The position up to which the client knows these topics; absent or 0: nothing yet.
        #[serde(default)]
        after: u64,
    },
    Unsubscribe {
        topics: Vec<Topic>,
    },
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The answer to a subscription: all that changed after the client's position.
    Snapshot {
        topic: Topic,
        position: u64,
        /// Which log the position is of.
        log: String,
        state: State,
    },
    /// What an event changed.
    Change {
        topic: Topic,
        position: u64,
        state: State,
    },
    /// Nothing happened; the connection lives. `position` is as far as the server has looked.
    Beat { position: u64, log: String },
    /// A message could not be followed; the socket stays open.
    Error {
        topic: Option<Topic>,
        detail: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum State {
    Product(ProductStock),
    Order(ProgressNews),
    Checkout(Held),
    OwnCheckout(OwnHold),
    Delivery(DeliveryTerms),
    Inventory {
        levels: Vec<SkuLevel>,
    },
    Events {
        events: Vec<EventRow>,
    },
    Consumers {
        consumers: Vec<ConsumerRow>,
    },
    Orders(DeskNews),
    /// Position of the newest event about the order.
    Desk {
        version: u64,
    },
    Present {
        staff: Vec<Present>,
    },
    Alerts(AlertNews),
    /// Position of the newest event about purchasing.
    Purchasing {
        version: u64,
    },
    /// Position of the newest event about stock or purchasing.
    Restock {
        version: u64,
    },
    /// Position of the newest event about the SKU.
    Ledger {
        version: u64,
    },
    /// Position of the newest event about what is sold, about stock or an alert.
    Sales {
        version: u64,
    },
    /// Position of the newest thing that somebody of the staff has done.
    Audit {
        version: u64,
    },
    /// Position of the newest event about what is for sale, but for its price and stock.
    Shelves {
        version: u64,
    },
    /// Position of the newest event about any product.
    Products {
        version: u64,
    },
}

/// How alerts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertNews {
    /// Alerts that nobody has looked at and that are not muted.
    pub open: u64,
    /// Position of the newest event about any.
    pub version: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuLevel {
    pub sku: Sku,
    pub level: Level,
}

impl From<&InventoryRow> for SkuLevel {
    fn from(row: &InventoryRow) -> Self {
        Self {
            sku: row.sku.clone(),
            level: row.level.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_plain_text_on_the_wire() {
        let topic: Topic = "product:vega-solitaire-ring".parse().expect("a topic");
        let message = ClientMessage::Subscribe {
            topics: vec![topic],
            after: 7,
        };
        let json = serde_json::to_string(&message).expect("JSON");
        let wire = r#"{"type":"subscribe","topics":["product:vega-solitaire-ring"],"after":7}"#;
        assert_eq!(json, wire);
        assert_eq!(
            serde_json::from_str::<ClientMessage>(wire).expect("the same"),
            message
        );
    }

    #[test]
    fn what_is_not_of_the_protocol_is_refused_with_what_was_expected() {
        for (bad, expected) in [
            ("{", "EOF"),
            (r#"{"type":"shout"}"#, "unknown variant"),
            (
                r#"{"type":"subscribe","topics":["everything"]}"#,
                "expected a topic",
            ),
            (
                r#"{"type":"subscribe","topics":[],"since":1}"#,
                "unknown field",
            ),
        ] {
            let error = serde_json::from_str::<ClientMessage>(bad)
                .expect_err(bad)
                .to_string();
            assert!(error.contains(expected), "{bad}: {error}");
        }
    }
}
