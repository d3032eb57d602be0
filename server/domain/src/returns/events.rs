//! What happens to pieces that a customer sends back.

use types::returns::{ReceivedPieces, ReturnPieces};
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
}
