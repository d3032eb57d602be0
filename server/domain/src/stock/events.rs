//! What happens to the stock of a SKU.

use serde::{Deserialize, Serialize};
pub use types::fulfilment::Pieces;
use types::ledger::WriteOffCause;
use types::order::Shortage;
use types::stock_batch::{BatchConflict, BatchLine, BatchSource};
use types::{BatchId, Currency, OrderId, PurchaseOrderId, ShipmentId, ShopperId, Sku};

use crate::event::declare;
use crate::stock::is_none;

/// Pieces of a SKU that an event moved, and the level after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMove {
    pub sku: Sku,
    pub quantity: u32,
    pub on_hand: i64,
    pub allocated: i64,
    #[serde(default, skip_serializing_if = "is_none")]
    pub reserved: i64,
}

/// Pieces that an order took over from its shopper's checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromCheckout {
    pub shopper_id: ShopperId,
    pub lines: Vec<Pieces>,
    /// What the checkout holds after that.
    pub left: Vec<Pieces>,
}

/// Why the books do not follow a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountRefusal {
    /// It is below what is promised to orders and held by checkouts.
    #[default]
    Promised,
    /// Somebody else has counted meanwhile, and the books hold this many.
    CountedMeanwhile { on_hand: i64 },
}

/// What a count is part of. Counts of older versions, and those of a single SKU, are part of nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountOrigin {
    /// A count sheet.
    Sheet {
        /// Pieces that were counted.
        counted: i64,
        /// Pieces that the books held when the sheet was made; what has moved since is not in the difference.
        expected: i64,
        /// Position of the log that the sheet was made at.
        at: u64,
    },
    /// A batch, of which nothing is done unless all is.
    Batch {
        batch_id: BatchId,
        source: BatchSource,
    },
}

/// Unsold pieces of a SKU at which more are ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewThreshold {
    pub sku: Sku,
    pub threshold: i64,
}

declare! {
    /// All lines of an order are reserved.
    StockReserved ("stock.reserved" on "stock", ordered by order_id) {
        order_id: OrderId,
        /// One entry per SKU.
        moves: Vec<StockMove>,
        /// What of it the shopper's checkout had held.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_checkout: Option<FromCheckout>,
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<CountOrigin>,
    }

    /// The books follow the count.
    StockCorrected ("stock.corrected" on "stock", ordered by sku) {
        sku: Sku,
        on_hand: i64,
        allocated: i64,
        #[serde(default, skip_serializing_if = "is_none")]
        reserved: i64,
        /// Pieces more (or fewer) than before.
        change: i64,
        reason: String,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<CountOrigin>,
    }

    /// The books do not follow the count.
    StockCorrectionRejected ("stock.correction_rejected" on "stock", ordered by sku) {
        sku: Sku,
        on_hand: i64,
        allocated: i64,
        #[serde(default, skip_serializing_if = "is_none")]
        reserved: i64,
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

    /// Pieces that have left in a parcel are still in the books: what was to take them out was given up.
    StockDispatchRequested ("stock.dispatch_requested" on "stock", ordered by order_id) {
        order_id: OrderId,
        lines: Vec<Pieces>,
    }

    /// Pieces are held for an order whose parcel was lost or came back.
    StockAllocated ("stock.allocated" on "stock", ordered by order_id) {
        order_id: OrderId,
        /// The parcel that was lost or came back.
        shipment_id: ShipmentId,
        moves: Vec<StockMove>,
    }

    /// There are not as many, so none is held.
    StockAllocationRefused ("stock.allocation_refused" on "stock", ordered by order_id) {
        order_id: OrderId,
        shipment_id: ShipmentId,
        /// Nothing, where that was given up.
        short: Vec<Shortage>,
    }

    /// Pieces of an order are in the house again and can be sold.
    StockReturned ("stock.returned" on "stock", ordered by order_id) {
        order_id: OrderId,
        moves: Vec<StockMove>,
    }

    /// Pieces have come from a supplier.
    StockReceived ("stock.received" on "stock", ordered by order_id) {
        order_id: PurchaseOrderId,
        moves: Vec<StockMove>,
    }

    /// Pieces are held for an order that had ended before they were: they are to be released.
    StockReleaseRequested ("stock.release_requested" on "stock", ordered by order_id) {
        order_id: OrderId,
        lines: Vec<Pieces>,
    }

    /// Pieces are in the house no more, and no parcel has taken them.
    StockWriteOffRequested ("stock.write_off_requested" on "stock", ordered by sku) {
        sku: Sku,
        quantity: u32,
        cause: WriteOffCause,
        note: String,
        by: String,
    }

    /// The books follow.
    StockWrittenOff ("stock.written_off" on "stock", ordered by sku) {
        sku: Sku,
        quantity: u32,
        on_hand: i64,
        allocated: i64,
        reserved: i64,
        cause: WriteOffCause,
        note: String,
        by: String,
    }

    /// So many are not free to be written off: orders were promised them, checkouts hold them, or there never
    /// were as many.
    StockWriteOffRejected ("stock.write_off_rejected" on "stock", ordered by sku) {
        sku: Sku,
        quantity: u32,
        on_hand: i64,
        allocated: i64,
        reserved: i64,
        by: String,
    }

    /// Counts and thresholds of many SKUs are to be set: all of them, or none.
    StockBatchRequested ("stock.batch_requested" on "stock", ordered by batch_id) {
        batch_id: BatchId,
        source: BatchSource,
        /// One per SKU.
        lines: Vec<BatchLine>,
        /// Of the costs in a rule that is made for a threshold.
        currency: Currency,
        reason: String,
        by: String,
    }

    /// All of them are set: the counts by the events that follow, the thresholds by this one.
    StockBatchAccepted ("stock.batch_accepted" on "stock", ordered by batch_id) {
        batch_id: BatchId,
        source: BatchSource,
        /// Counts that were given, and those that differ from what there was.
        counted: u32,
        changed: u32,
        thresholds: Vec<NewThreshold>,
        currency: Currency,
        by: String,
    }

    /// None of them is.
    StockBatchRejected ("stock.batch_rejected" on "stock", ordered by batch_id) {
        batch_id: BatchId,
        source: BatchSource,
        conflicts: Vec<BatchConflict>,
        by: String,
    }
}
