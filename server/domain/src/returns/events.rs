//! What happens to pieces that a customer sends back.

use types::fulfilment::{Carrier, CarrierStatus, Tracking};
use types::returns::{BackTransit, ReceivedPieces, ReturnPieces};
use types::{Money, OrderId, ReturnId};

use crate::event::declare;
use crate::returns::Refusal;

declare! {
    /// A customer wants to send pieces back.
    ReturnRequested ("return.requested" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        lines: Vec<ReturnPieces>,
    }

    /// It is written down, and waits for staff.
    ReturnAsked ("return.asked" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        /// 1 for the first return of the order.
        number: u32,
        lines: Vec<ReturnPieces>,
    }

    /// What is asked of a return is not done.
    ReturnRefused ("return.refused" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        refusal: Refusal,
    }

    /// Staff answer a customer who asked.
    ReturnAnswerGiven ("return.answer_given" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        is_accepted: bool,
        by: String,
    }

    /// The customer may send the pieces, and has a label for them.
    ReturnAccepted ("return.accepted" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        number: u32,
    }

    /// The pieces are not taken back.
    ReturnDeclined ("return.declined" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        number: u32,
    }

    /// Staff have unpacked what came.
    ReturnReceiptReported ("return.receipt_reported" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        lines: Vec<ReceivedPieces>,
        /// What is given back for it.
        refund: Money,
        by: String,
    }

    /// The pieces are in the house: some can be sold again, the others are written off.
    ReturnReceived ("return.received" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        number: u32,
        lines: Vec<ReceivedPieces>,
    }

    /// The carrier refused a label, and staff want to ask again.
    ReturnLabelAsked ("return.label_asked" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        by: String,
    }

    /// The carrier is to be asked for a label for an accepted return.
    ReturnLabelRequested ("return.label_requested" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        number: u32,
        lines: Vec<ReturnPieces>,
        carrier: Carrier,
        /// 1 for the first label of the return.
        attempt: u32,
    }

    /// There is a label with which the customer can send the pieces.
    ReturnLabelled ("return.labelled" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        number: u32,
        carrier: Carrier,
        attempt: u32,
        tracking: Tracking,
    }

    /// The carrier gives no label: the printed address has to do.
    ReturnLabelFailed ("return.label_failed" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        attempt: u32,
        reason: String,
    }

    /// A carrier says how a return fares. It may come late, twice, or after what came later.
    ReturnCarrierReported ("return.carrier_reported" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        carrier: Carrier,
        tracking_number: String,
        status: CarrierStatus,
        sequence: u64,
        happened_at_us: i64,
    }

    /// The carrier has brought a return a step further.
    ReturnMoved ("return.moved" on "returns", ordered by order_id) {
        order_id: OrderId,
        return_id: ReturnId,
        number: u32,
        transit: BackTransit,
        /// Unix microseconds, as the carrier says.
        since_us: i64,
    }
}
