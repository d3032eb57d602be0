//! Whether what a mail says is still true when it can be sent: a mail server that was away may let it wait for days.

use domain::Event;
use domain::order::{OrderState, Stage};
use domain::payment::PaymentStatus;
use types::fulfilment::ShipmentState;
use types::order::OrderStatus;
use types::returns::ReturnState;

use super::kind::MailKind;

/// Why a mail is not sent, for staff.
pub const NO_LONGER_TRUE: &str = "What it says was no longer true when it could have been sent.";

/// Whether a mail about an order says what is not so any more, at `now_us`. Kind by kind: what has happened stays
/// true, what is asked for or promised may not.
pub fn is_moot(kind: MailKind, told: &Event, order: &OrderState, now_us: i64) -> bool {
    let waits_for_card = order.status() == OrderStatus::AwaitingPayment;
    let is_over = now_us >= order.reserved_until_us;
    let is_ended = matches!(order.stage, Stage::Cancelled | Stage::Rejected);
    match (kind, told) {
        // It is reserved, and a card is waited for.
        (MailKind::PaymentNeeded | MailKind::PaymentReminder, _) => !waits_for_card || is_over,
        // Another card is waited for, because of this one.
        (MailKind::PaymentDeclined, Event::PaymentDeclined(declined)) => {
            let is_last = order.payment.attempts == declined.attempt;
            let is_declined = order.payment.status == PaymentStatus::Declined;
            !waits_for_card || !is_last || !is_declined || is_over
        }
        // We are getting it ready.
        (MailKind::OrderConfirmed, _) => is_ended,
        // It is on its way to the customer.
        (
            MailKind::ShipmentShipped | MailKind::ShipmentSentAgain,
            Event::ShipmentShipped(shipped),
        ) => state_of(order, shipped.shipment_id) != Some(ShipmentState::Shipped),
        // It was not found again, and nothing is decided.
        (MailKind::ShipmentLost, Event::ShipmentLost(lost)) => {
            is_settled(order, lost.shipment_id, ShipmentState::Lost)
        }
        (MailKind::ShipmentCameBack, Event::ShipmentCameBack(back)) => {
            is_settled(order, back.shipment_id, ShipmentState::CameBack)
        }
        // It may be sent.
        (MailKind::ReturnAccepted, Event::ReturnAccepted(accepted)) => {
            let known = order.returns.find(accepted.return_id);
            known.is_none_or(|known| known.state != ReturnState::Accepted)
        }
        // That an order came in is told whatever has become of it: who ordered has a right to know. What has ended,
        // arrived or gone back is so for good.
        (
            MailKind::OrderReceived
            | MailKind::OrderRejected
            | MailKind::OrderCancelled
            | MailKind::OrderRestCancelled
            | MailKind::ShipmentDelivered
            | MailKind::PaymentRefunded
            | MailKind::RefundFailed
            | MailKind::ReturnDeclined,
            _,
        ) => false,
        // Asked of the stock, and not of an order.
        (MailKind::BackInStock, _) => false,
        // Another kind than its event leads to.
        (
            MailKind::PaymentDeclined
            | MailKind::ShipmentShipped
            | MailKind::ShipmentSentAgain
            | MailKind::ShipmentLost
            | MailKind::ShipmentCameBack
            | MailKind::ReturnAccepted,
            _,
        ) => false,
    }
}

fn state_of(order: &OrderState, id: types::ShipmentId) -> Option<ShipmentState> {
    Some(order.fulfilment.shipment(id)?.state)
}

/// Whether a parcel is not `state` any more, or somebody has decided what becomes of it.
fn is_settled(order: &OrderState, id: types::ShipmentId, state: ShipmentState) -> bool {
    let parcel = order.fulfilment.shipment(id);
    parcel.is_none_or(|parcel| parcel.state != state || parcel.decided.is_some())
}

#[cfg(test)]
mod tests;
