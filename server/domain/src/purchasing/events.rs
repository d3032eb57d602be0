//! What happens to suppliers and to the orders that they are given.

use types::fulfilment::Pieces;
use types::purchasing::{PurchaseCommand, PurchaseLine, PurchaseStatus, SentWay, SupplierDetails};
use types::seen::Seen;
use types::{Money, PurchaseOrderId, Sku, SupplierId};

use crate::event::declare;
use crate::purchasing::{Refusal, SupplierRefusal};

declare! {
    /// There is to be another supplier, or it is to be known by something else.
    SupplierChangeRequested ("supplier.change_requested" on "purchasing", ordered by supplier) {
        supplier: SupplierId,
        details: SupplierDetails,
        by: String,
        /// What whoever asks has seen of it; nothing is compared when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Seen<SupplierDetails>>,
    }

    /// A supplier is known by this.
    SupplierChanged ("supplier.changed" on "purchasing", ordered by supplier) {
        supplier: SupplierId,
        details: SupplierDetails,
        by: String,
    }

    /// The supplier stays as it was.
    SupplierChangeRejected ("supplier.change_rejected" on "purchasing", ordered by supplier) {
        supplier: SupplierId,
        refusal: SupplierRefusal,
        by: String,
    }

    /// A member of staff wants a SKU to be on the next order to its supplier.
    PurchaseOrderLineRequested ("purchase_order.line_requested" on "purchasing", ordered by supplier) {
        supplier: SupplierId,
        line: PurchaseLine,
        by: String,
    }

    /// An order to a supplier has begun.
    PurchaseOrderDrafted ("purchase_order.drafted" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        lines: Vec<PurchaseLine>,
        /// When it is approved by itself, unix microseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approve_at_us: Option<i64>,
        /// A member of staff, or `restock`.
        by: String,
    }

    /// A draft has other lines.
    PurchaseOrderLinesChanged ("purchase_order.lines_changed" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        /// All that it has now.
        lines: Vec<PurchaseLine>,
        /// What it has no more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removed: Vec<Sku>,
        /// Whether it still is approved by itself: not after a person has edited it.
        approves_itself: bool,
        by: String,
    }

    /// Something is to be done with a purchase order.
    PurchaseOrderChangeRequested ("purchase_order.change_requested" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        command: PurchaseCommand,
        /// How often the order had changed when whoever asks saw it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<u32>,
        by: String,
    }

    /// It was not done.
    PurchaseOrderRefused ("purchase_order.refused" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        refusal: Refusal,
        by: String,
    }

    /// The order can be sent.
    PurchaseOrderApproved ("purchase_order.approved" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        lines: Vec<PurchaseLine>,
        total: Money,
        /// A member of staff, or `restock`.
        by: String,
    }

    /// The time of a supplier's draft or delivery has come.
    PurchaseOrderDue ("purchase_order.due" on "purchasing", ordered by supplier) {
        supplier: SupplierId,
        /// Unix microseconds.
        at_us: i64,
    }

    /// A draft costs more than is approved by itself.
    PurchaseOrderLeftToStaff ("purchase_order.left_to_staff" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
    }

    /// The order is to be given to its supplier.
    PurchaseOrderSendRequested ("purchase_order.send_requested" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        lines: Vec<PurchaseLine>,
        by: String,
    }

    /// The supplier has been asked.
    PurchaseOrderDispatched ("purchase_order.dispatched" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        /// Why the supplier did not take it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
        /// How it was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        way: Option<SentWay>,
    }

    /// The supplier has the order.
    PurchaseOrderSent ("purchase_order.sent" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        lines: Vec<PurchaseLine>,
        /// When it is overdue, unix microseconds: after the longest lead time of its lines.
        expected_us: i64,
        by: String,
        /// How the supplier got it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        way: Option<SentWay>,
    }

    /// The supplier did not get the order, or got one that is not wanted any more.
    PurchaseOrderSendFailed ("purchase_order.send_failed" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        reason: String,
    }

    /// The supplier has said when it comes.
    PurchaseOrderConfirmed ("purchase_order.confirmed" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        lines: Vec<PurchaseLine>,
        /// Unix microseconds.
        expected_us: i64,
        /// Where it stands: received in part stays so.
        status: PurchaseStatus,
        by: String,
    }

    /// It should have come.
    PurchaseOrderOverdue ("purchase_order.overdue" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        /// Unix microseconds.
        expected_us: i64,
    }

    /// Pieces have come.
    PurchaseOrderReceived ("purchase_order.received" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        /// What has come now.
        received: Vec<Pieces>,
        /// All lines, with what has come before.
        lines: Vec<PurchaseLine>,
        status: PurchaseStatus,
        by: String,
    }

    /// What has not come will not come.
    PurchaseOrderCancelled ("purchase_order.cancelled" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        lines: Vec<PurchaseLine>,
        /// Closed where some of it had come.
        status: PurchaseStatus,
        by: String,
    }

    /// The supplier has an order of which the rest is not wanted any more, and is to be told the way it got the
    /// order.
    PurchaseOrderNoticeRequested ("purchase_order.notice_requested" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        /// What does not come.
        lines: Vec<PurchaseLine>,
        way: SentWay,
    }

    /// The supplier was told, or could not be.
    PurchaseOrderNoticeAnswered ("purchase_order.notice_answered" on "purchasing", ordered by order_id) {
        supplier: SupplierId,
        order_id: PurchaseOrderId,
        /// Why the supplier does not know; it is not tried again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    }
}
