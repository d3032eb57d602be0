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
        Event::PaymentActionRequired(event) => {
            let url = event.url.clone();
            let waits = Some(OrderStatus::ActionRequired);
            (waits, StepKind::PaymentActionRequired { url })
        }
        Event::PaymentAuthorized(_) => (None, StepKind::PaymentAuthorized),
        Event::PaymentRefunded(event) => {
            let kind = StepKind::Refunded {
                amount: event.amount,
                refund_id: event.refund_id,
            };
            (None, kind)
        }
        Event::PaymentRefundPending(event) => {
            let amount = event.amount;
            (None, StepKind::RefundPending { amount })
        }
        Event::PaymentRefundFailed(event) if event.was_told => {
            let amount = event.amount;
            (None, StepKind::RefundFailed { amount })
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
        Event::ShipmentPacked(event) => {
            let kind = match &event.replaces {
                None => StepKind::Packed,
                Some(replaced) => StepKind::PackedAgain {
                    parcel: replaced.number,
                },
            };
            shipped(event.status, kind)
        }
        Event::ShipmentUnpacked(event) => {
            let kind = match event.replaces {
                None => StepKind::Unpacked,
                Some(parcel) => StepKind::UnpackedAgain { parcel },
            };
            shipped(event.status, kind)
        }
        Event::ShipmentGivenUp(event) => {
            let parcel = event.number;
            shipped(event.status, StepKind::GivenUp { parcel })
        }
        Event::ShipmentShipped(event) => {
            let kind = StepKind::Shipped {
                parcel: event.number,
                pieces: pieces(&event.lines),
                tracking: event.tracking.clone(),
                replaces: event.replaces,
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
        Event::ShipmentMoved(event) => {
            let kind = StepKind::Moved {
                parcel: event.number,
                transit: event.transit,
                since_us: event.since_us,
            };
            (None, kind)
        }
        Event::ReturnMoved(event) => {
            let kind = StepKind::ReturnMoved {
                number: event.number,
                transit: event.transit,
            };
            (None, kind)
        }
        Event::OrderAddressCorrected(_) => (None, StepKind::AddressCorrected),
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
        | Event::PaymentReminderDue(_)
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
        | Event::BackInStockRequested(_)
        | Event::BackInStockAwaited(_)
        | Event::BackInStockRefused(_)
        | Event::BackInStockDue(_)
        | Event::BackInStockMissed(_)
        | Event::BackInStockReturned(_)
        | Event::BackInStockRequeued(_)
        | Event::BackInStockSettled(_)
        | Event::BackInStockWithdrawalRequested(_)
        | Event::BackInStockWithdrawn(_)
        | Event::BackInStockElapsed(_)
        | Event::BackInStockExpired(_)
        | Event::PersonErased(_)
        | Event::PersonExported(_)
        | Event::StaffInvited(_)
        | Event::StaffInvitationMailed(_)
        | Event::StaffInvitationWithdrawn(_)
        | Event::StaffJoined(_)
        | Event::StaffRoleChanged(_)
        | Event::StaffRemoved(_)
        | Event::StaffPasswordChanged(_)
        | Event::StaffSecondStepChanged(_)
        | Event::StaffSignedIn(_)
        | Event::StaffSessionsEnded(_)
        | Event::ServiceRegistered(_)
        | Event::ServiceRevoked(_)
        | Event::SubscriptionSet(_)
        | Event::SubscriptionEnded(_)
        | Event::DeliveryChangeRequested(_)
        | Event::DeliveryPlanned(_)
        | Event::DeliveryDue(_)
        | Event::DeliveryPlanWithdrawalRequested(_)
        | Event::DeliveryPlanWithdrawn(_)
        | Event::DeliveryChanged(_)
        | Event::DeliveryChangeRejected(_)
        | Event::MailResendRequested(_)
        | Event::ProductIntroduced(_)
        | Event::PriceChangeRequested(_)
        | Event::PriceChanged(_)
        | Event::PricePlanned(_)
        | Event::PriceDue(_)
        | Event::PricePlanWithdrawalRequested(_)
        | Event::PricePlanWithdrawn(_)
        | Event::PriceChangeRejected(_)
        | Event::ProductDraftRequested(_)
        | Event::ProductDrafted(_)
        | Event::ProductVariantRequested(_)
        | Event::ProductVariantSet(_)
        | Event::ProductVariantWithdrawalRequested(_)
        | Event::ProductVariantWithdrawn(_)
        | Event::ProductVariantOfferRequested(_)
        | Event::ProductVariantOffered(_)
        | Event::ProductPublicationRequested(_)
        | Event::ProductPublished(_)
        | Event::ProductChangeRequested(_)
        | Event::ProductChanged(_)
        | Event::ProductWithdrawalRequested(_)
        | Event::ProductWithdrawn(_)
        | Event::ProductChangeRejected(_)
        | Event::StockReleaseRequested(_)
        | Event::StockShipped(_)
        | Event::StockDispatchRequested(_)
        | Event::StockAllocated(_)
        | Event::StockAllocationRefused(_)
        | Event::StockReturned(_)
        | Event::ReservationRequested(_)
        | Event::ReservationHeld(_)
        | Event::ReservationExtensionRequested(_)
        | Event::ReservationExtended(_)
        | Event::ReservationExtensionRefused(_)
        | Event::ReservationLeft(_)
        | Event::ReservationShortened(_)
        | Event::ReservationElapsed(_)
        | Event::ReservationReleased(_)
        | Event::PaymentCaptureRequested(_)
        | Event::PaymentCaptured(_)
        | Event::PaymentReturnReported(_)
        | Event::PaymentCheckRequested(_)
        | Event::PaymentReported(_)
        | Event::PaymentAuthorizationExpired(_)
        | Event::PaymentReauthorizationRequested(_)
        | Event::PaymentReauthorized(_)
        | Event::PaymentReauthorizationFailed(_)
        | Event::PaymentSettlementDiffers(_)
        | Event::PaymentSettled(_)
        | Event::PaymentCaptureFailed(_)
        | Event::PaymentCaptureRetryRequested(_)
        | Event::PaymentRefundAsked(_)
        | Event::PaymentRefundRefused(_)
        | Event::PaymentRefundRequested(_)
        | Event::PaymentRefundReported(_)
        | Event::PaymentRefundCheckRequested(_)
        | Event::PaymentRefundFailed(_)
        | Event::ShipmentRequested(_)
        | Event::ShipmentRefused(_)
        | Event::ShipmentUnpackRequested(_)
        | Event::ShipmentHandoverReported(_)
        | Event::ShipmentOutcomeReported(_)
        | Event::ShipmentDecisionGiven(_)
        | Event::ShipmentReplacementRequested(_)
        | Event::ShipmentNotReplaced(_)
        | Event::ShipmentCarrierReported(_)
        | Event::ShipmentLabelAsked(_)
        | Event::ShipmentLabelRequested(_)
        | Event::ShipmentLabelled(_)
        | Event::ShipmentLabelFailed(_)
        | Event::ShipmentLabelCancelAsked(_)
        | Event::ShipmentLabelCancelRequested(_)
        | Event::ShipmentLabelCancelled(_)
        | Event::ShipmentLabelKept(_)
        | Event::ReturnLabelAsked(_)
        | Event::ReturnLabelRequested(_)
        | Event::ReturnLabelled(_)
        | Event::ReturnLabelFailed(_)
        | Event::ReturnCarrierReported(_)
        | Event::StockCorrectionRequested(_)
        | Event::StockCorrected(_)
        | Event::StockWriteOffRequested(_)
        | Event::StockWrittenOff(_)
        | Event::StockWriteOffRejected(_)
        | Event::StockBatchRequested(_)
        | Event::StockBatchAccepted(_)
        | Event::StockBatchRejected(_)
        | Event::OrderReviewRequested(_)
        | Event::OrderHeld(_)
        | Event::OrderReleaseRequested(_)
        | Event::OrderReleased(_)
        | Event::OrderReleaseRefused(_)
        | Event::MailBounced(_)
        | Event::SignInFailed(_)
        | Event::SourceSlowed(_)
        | Event::ConsumerFellBehind(_)
        | Event::ConsumerCaughtUp(_)
        | Event::AlertReported(_)
        | Event::AlertCauseGone(_)
        | Event::AlertRaised(_)
        | Event::AlertRepeated(_)
        | Event::AlertChangeRequested(_)
        | Event::AlertChanged(_)
        | Event::AlertChangeRefused(_)
        | Event::AlertMuteElapsed(_)
        | Event::AlertMailed(_)
        | Event::AlertPosted(_)
        | Event::AlertForgotten(_)
        | Event::SupplierChangeRequested(_)
        | Event::SupplierChanged(_)
        | Event::SupplierChangeRejected(_)
        | Event::RestockRuleRequested(_)
        | Event::RestockRuleChanged(_)
        | Event::RestockRuleRejected(_)
        | Event::RestockThresholdCrossed(_)
        | Event::RestockSoldOut(_)
        | Event::RestockThereAgain(_)
        | Event::RestockRecovered(_)
        | Event::PurchaseOrderLineRequested(_)
        | Event::PurchaseOrderDrafted(_)
        | Event::PurchaseOrderLinesChanged(_)
        | Event::PurchaseOrderChangeRequested(_)
        | Event::PurchaseOrderRefused(_)
        | Event::PurchaseOrderApproved(_)
        | Event::PurchaseOrderDue(_)
        | Event::PurchaseOrderLeftToStaff(_)
        | Event::PurchaseOrderSendRequested(_)
        | Event::PurchaseOrderDispatched(_)
        | Event::PurchaseOrderSent(_)
        | Event::PurchaseOrderSendFailed(_)
        | Event::PurchaseOrderConfirmed(_)
        | Event::PurchaseOrderOverdue(_)
        | Event::PurchaseOrderReceived(_)
        | Event::PurchaseOrderCancelled(_)
        | Event::PurchaseOrderNoticeRequested(_)
        | Event::PurchaseOrderNoticeAnswered(_)
        | Event::StockReceived(_)
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
