//! Views of the admin pages.

use serde::{Deserialize, Serialize};

use crate::movement::LastMovement;
use crate::{Sku, Slug, SupplierId};

/// A SKU as the inventory page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryRow {
    pub sku: Sku,
    pub product: Slug,
    pub title: String,
    pub variant: String,
    pub level: Level,
}

/// The stock of one SKU at a position of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Level {
    pub on_hand: i64,
    /// Of those, promised to orders.
    pub allocated: i64,
    /// Of the rest, held by checkouts for a while.
    #[serde(default, skip_serializing_if = "is_none")]
    pub reserved: i64,
    pub reorder_threshold: i64,
    /// How many want to be told when it is back.
    #[serde(default, skip_serializing_if = "is_none")]
    pub waiting: u32,
    /// Ordered of suppliers and not here yet.
    #[serde(default, skip_serializing_if = "is_none")]
    pub incoming: i64,
    /// Of whom more are ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<SupplierId>,
    /// `None` before the first movement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastMovement>,
    /// Position of the event that made it so; 0 for the seed.
    pub position: u64,
}

/// Of ten thousand SKUs most have none of it: what says nothing is not sent.
fn is_none<T: Default + PartialEq>(count: &T) -> bool {
    *count == T::default()
}

impl Level {
    pub const fn available(&self) -> i64 {
        self.on_hand - self.allocated - self.reserved
    }

    /// Whether restocking is due. A threshold of 0 marks a piece that is not made again.
    pub const fn is_low(&self) -> bool {
        self.reorder_threshold > 0 && self.available() <= self.reorder_threshold
    }
}

/// What the inventory page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryView {
    pub rows: Vec<InventoryRow>,
    /// Suppliers by their names.
    pub suppliers: Vec<(SupplierId, String)>,
}

/// An event of the log as the admin's stream shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    pub position: u64,
    /// Unix microseconds.
    pub at_us: i64,
    /// `order.placed`
    pub kind: String,
    /// What it is about: an order number or a SKU.
    pub subject: String,
    pub source: String,
    /// One line for people, e.g. `2 × AS-VEG-WG-50 reserved`.
    pub summary: String,
}

/// An order as the admin's list of the last ones shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRow {
    /// `V-1234ABCD`
    pub number: String,
    /// When it was placed, unix microseconds.
    pub at_us: i64,
    /// `1 piece, €420.00`
    pub summary: String,
    /// `confirmed`, `awaiting payment`; empty of an order that nobody has taken note of yet.
    pub status: String,
}

/// `CorrectStock`: what a count found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectStock {
    pub sku: Sku,
    /// Pieces counted.
    pub on_hand: i64,
    /// Pieces that the page said there were; `None` replaces whatever the books hold.
    pub seen: Option<i64>,
    /// For the ledger, e.g. "recount".
    pub reason: String,
}

/// The most pieces of one SKU that a count may find.
pub const MAX_ON_HAND: i64 = 1_000_000;
/// Characters of a reason, at most.
pub const MAX_REASON: usize = 200;
