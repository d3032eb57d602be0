//! What the shopper is told of an order.

use types::order::{OrderStatus, Progress, Step, StepKind};

use crate::Event;

/// What an event means to the shopper who placed the order; `None` when nothing.
/// Depends on the event alone, so that it can be pushed without looking anything up.
pub fn progress_of(event: &Event, at_us: i64, position: u64) -> Option<Progress> {
    let mut reserved_until = None;
    let (status, kind) = match event {
        Event::OrderPlaced(_) => (OrderStatus::Reserving, Some(StepKind::Placed)),
        Event::StockReserved(_) => (OrderStatus::Paying, Some(StepKind::Reserved)),
        Event::StockRejected(event) => {
            let short = event.short.clone();
            (
                OrderStatus::Reserving,
                Some(StepKind::StockRejected { short }),
            )
        }
        Event::PaymentMethodRequired(event) => {
            reserved_until = Some(event.reserved_until_us);
            (
                OrderStatus::AwaitingPayment,
                Some(StepKind::PaymentMethodRequired),
            )
        }
        Event::PaymentRequested(event) => {
            reserved_until = Some(event.reserved_until_us);
            (OrderStatus::Paying, Some(StepKind::PaymentRequested))
        }
        Event::PaymentDeclined(event) => {
            let reason = event.reason;
            (
                OrderStatus::AwaitingPayment,
                Some(StepKind::PaymentDeclined { reason }),
            )
        }
        Event::PaymentAuthorized(_) => (OrderStatus::Paying, Some(StepKind::PaymentAuthorized)),
        Event::OrderConfirmed(_) => (OrderStatus::Confirmed, Some(StepKind::Confirmed)),
        Event::OrderRejected(_) => (OrderStatus::Rejected, Some(StepKind::Rejected)),
        Event::OrderCancelled(event) => (
            OrderStatus::Cancelled,
            Some(StepKind::Cancelled { by: event.by }),
        ),
        Event::StockReleased(_)
        | Event::PaymentMethodGiven(_)
        | Event::PaymentWindowElapsed(_)
        | Event::OrderCancellationRequested(_)
        | Event::OrderDeadlinePassed(_)
        | Event::OrderNoted(_)
        | Event::PaymentVoidRequested(_)
        | Event::PaymentVoided(_)
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
        | Event::StockCorrectionRequested(_)
        | Event::StockCorrected(_)
        | Event::StockCorrectionRejected(_) => return None,
    };
    let steps = kind
        .map(|kind| Step {
            kind,
            at_us,
            position,
        })
        .into_iter()
        .collect();
    Some(Progress {
        status,
        steps,
        reserved_until_us: reserved_until,
    })
}
