//! What the shopper is told of an order.

use types::fulfilment::FulfilmentStatus;
use types::order::{OrderStatus, ProgressNews, Step, StepKind};

use super::status_of;
use crate::Event;
use crate::event::Pieces;

/// What an event means to the shopper who placed the order; `None` when nothing.
/// Depends on the event alone, so that it can be pushed without looking anything up.
pub fn progress_of(event: &Event, at_us: i64, position: u64) -> Option<ProgressNews> {
    let mut reserved_until_us = None;
    let shipped = |status: FulfilmentStatus, kind| (Some(status_of(status)), kind);
    let (status, kind) = match event {
        Event::OrderPlaced(_) => (Some(OrderStatus::Reserving), StepKind::Placed),
        Event::StockReserved(_) => (Some(OrderStatus::Paying), StepKind::Reserved),
        Event::StockRejected(event) => {
            let short = event.short.clone();
            (None, StepKind::StockRejected { short })
        }
        Event::PaymentMethodRequired(event) => {
            reserved_until_us = Some(event.reserved_until_us);
            let waits = Some(OrderStatus::AwaitingPayment);
            (waits, StepKind::PaymentMethodRequired)
        }
        Event::PaymentRequested(event) => {
            reserved_until_us = Some(event.reserved_until_us);
            (Some(OrderStatus::Paying), StepKind::PaymentRequested)
        }
        Event::PaymentDeclined(event) => {
            let reason = event.reason;
            let waits = Some(OrderStatus::AwaitingPayment);
            (waits, StepKind::PaymentDeclined { reason })
        }
        Event::PaymentAuthorized(_) => (None, StepKind::PaymentAuthorized),
        Event::PaymentRefunded(event) => {
            let amount = event.amount;
            (None, StepKind::Refunded { amount })
        }
        Event::OrderConfirmed(_) => (Some(OrderStatus::Confirmed), StepKind::Confirmed),
        Event::OrderRejected(_) => (Some(OrderStatus::Rejected), StepKind::Rejected),
        Event::OrderCancelled(event) => {
            let by = event.by;
            (Some(OrderStatus::Cancelled), StepKind::Cancelled { by })
        }
        Event::OrderRestCancelled(event) => {
            let pieces = pieces(&event.lines);
            shipped(event.status, StepKind::RestCancelled { pieces })
        }
        Event::ShipmentPacked(event) => shipped(event.status, StepKind::Packed),
        Event::ShipmentUnpacked(event) => shipped(event.status, StepKind::Unpacked),
        Event::ShipmentShipped(event) => {
            let kind = StepKind::Shipped {
                parcel: event.number,
                pieces: pieces(&event.lines),
                tracking: event.tracking.clone(),
            };
            shipped(event.status, kind)
        }
        Event::ShipmentDelivered(event) => {
            let parcel = event.number;
            shipped(event.status, StepKind::Delivered { parcel })
        }
        Event::ShipmentLost(event) => {
            let parcel = event.number;
            shipped(event.status, StepKind::Lost { parcel })
        }
        Event::ShipmentCameBack(event) => {
            let parcel = event.number;
            shipped(event.status, StepKind::CameBack { parcel })
        }
        Event::ReturnAsked(event) => {
            let number = event.number;
            (None, StepKind::ReturnAsked { number })
        }
        Event::ReturnAccepted(event) => {
            let number = event.number;
            (None, StepKind::ReturnAccepted { number })
        }
        Event::ReturnDeclined(event) => {
            let number = event.number;
            (None, StepKind::ReturnDeclined { number })
        }
        Event::ReturnReceived(event) => {
            let number = event.number;
            (None, StepKind::ReturnReceived { number })
        }
        Event::StockReleased(_)
        | Event::PaymentMethodGiven(_)
        | Event::PaymentWindowElapsed(_)
        | Event::OrderCancellationRequested(_)
        | Event::OrderCancellationRefused(_)
        | Event::OrderDeadlinePassed(_)
        | Event::OrderNoted(_)
        | Event::PaymentVoidRequested(_)
        | Event::PaymentVoided(_)
        | Event::ReturnRequested(_)
        | Event::ReturnRefused(_)
        | Event::ReturnAnswerGiven(_)
        | Event::ReturnReceiptReported(_)
        | Event::PersonErased(_)
        | Event::MailResendRequested(_)
        | Event::ProductIntroduced(_)
        | Event::PriceChangeRequested(_)
        | Event::PriceChanged(_)
        | Event::PriceChangeRejected(_)
        | Event::ProductChangeRequested(_)
        | Event::ProductChanged(_)
        | Event::ProductWithdrawalRequested(_)
        | Event::ProductWithdrawn(_)
        | Event::ProductChangeRejected(_)
        | Event::StockReleaseRequested(_)
        | Event::StockShipped(_)
        | Event::StockReturned(_)
        | Event::PaymentCaptureRequested(_)
        | Event::PaymentCaptured(_)
        | Event::PaymentCaptureFailed(_)
        | Event::PaymentCaptureRetryRequested(_)
        | Event::PaymentRefundAsked(_)
        | Event::PaymentRefundRefused(_)
        | Event::PaymentRefundRequested(_)
        | Event::PaymentRefundFailed(_)
        | Event::ShipmentRequested(_)
        | Event::ShipmentRefused(_)
        | Event::ShipmentUnpackRequested(_)
        | Event::ShipmentHandoverReported(_)
        | Event::ShipmentOutcomeReported(_)
        | Event::StockCorrectionRequested(_)
        | Event::StockCorrected(_)
        | Event::StockCorrectionRejected(_) => return None,
    };
    let step = Step {
        kind,
        at_us,
        position,
    };
    Some(ProgressNews {
        status,
        steps: vec![step],
        reserved_until_us,
    })
}

fn pieces(lines: &[Pieces]) -> u32 {
    lines.iter().map(|line| line.quantity).sum()
}
