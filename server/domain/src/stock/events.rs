//! What happens to the stock of a SKU.

use serde::{Deserialize, Serialize};
pub use types::fulfilment::Pieces;
use types::order::Shortage;
use types::{OrderId, Sku};

use crate::event::declare;

/// Pieces of a SKU that an event moved, and the level after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMove {
    pub sku: Sku,
    pub quantity: u32,
    pub on_hand: i64,
    pub allocated: i64,
}

/// Why the books do not follow a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountRefusal {
    /// It is below what is promised to orders.
    #[default]
    Promised,
    /// Somebody else has counted meanwhile, and the books hold this many.
    CountedMeanwhile { on_hand: i64 },
}

declare! {
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

    /// A count found another number of pieces than the books hold.
    StockCorrectionRequested ("stock.correction_requested" on "stock", ordered by sku) {
        sku: Sku,
        /// Pieces counted.
        on_hand: i64,
        /// Pieces that whoever counted saw in the books before; nobody said in older versions.
        #[serde(default)]
        seen: Option<i64>,
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

    /// The books do not follow the count.
    StockCorrectionRejected ("stock.correction_rejected" on "stock", ordered by sku) {
        sku: Sku,
        on_hand: i64,
        allocated: i64,
        by: String,
        /// Older versions knew one.
        #[serde(default)]
        refusal: CountRefusal,
    }

    /// Pieces have left the house in a parcel.
    StockShipped ("stock.shipped" on "stock", ordered by order_id) {
        order_id: OrderId,
        moves: Vec<StockMove>,
    }

    /// Pieces of an order are in the house again and can be sold.
    StockReturned ("stock.returned" on "stock", ordered by order_id) {
        order_id: OrderId,
        moves: Vec<StockMove>,
    }

    /// Pieces are held for an order that had ended before they were: they are to be released.
    StockReleaseRequested ("stock.release_requested" on "stock", ordered by order_id) {
        order_id: OrderId,
        lines: Vec<Pieces>,
    }
}
