//! Which events are something that somebody of the staff did or asked for, for whoever looks at that later. What
//! follows from it names them, too, and is no second act.

use crate::Event;
use crate::event::*;

/// Behind whose name it stands who has used the command line: the user of the machine, or a member of staff for whom
/// they acted.
pub const AT_THE_MACHINE: &str = " (command line)";

/// The kinds of such events.
pub const KINDS: &[&str] = &[
    AlertChangeRequested::KIND,
    DeliveryChangeRequested::KIND,
    DeliveryPlanWithdrawalRequested::KIND,
    MailResendRequested::KIND,
    OrderAddressCorrected::KIND,
    OrderCancellationRequested::KIND,
    OrderNoted::KIND,
    OrderReleaseRequested::KIND,
    PaymentCaptureRetryRequested::KIND,
    PaymentRefundAsked::KIND,
    PersonErased::KIND,
    PersonExported::KIND,
    PriceChangeRequested::KIND,
    PricePlanWithdrawalRequested::KIND,
    ProductChangeRequested::KIND,
    ProductDraftRequested::KIND,
    ProductIntroduced::KIND,
    ProductPublicationRequested::KIND,
    ProductVariantOfferRequested::KIND,
    ProductVariantRequested::KIND,
    ProductVariantWithdrawalRequested::KIND,
    ProductWithdrawalRequested::KIND,
    PurchaseOrderChangeRequested::KIND,
    PurchaseOrderLineRequested::KIND,
    RestockRuleRequested::KIND,
    ReturnAnswerGiven::KIND,
    ReturnLabelAsked::KIND,
    ReturnReceiptReported::KIND,
    ServiceRegistered::KIND,
    ServiceRevoked::KIND,
    ShipmentDecisionGiven::KIND,
    ShipmentHandoverReported::KIND,
    ShipmentLabelAsked::KIND,
    ShipmentLabelCancelAsked::KIND,
    ShipmentOutcomeReported::KIND,
    ShipmentRequested::KIND,
    ShipmentUnpackRequested::KIND,
    SignInFailed::KIND,
    StaffInvitationWithdrawn::KIND,
    StaffInvited::KIND,
    StaffJoined::KIND,
    StaffPasswordChanged::KIND,
    StaffRemoved::KIND,
    StaffRoleChanged::KIND,
    StaffSecondStepChanged::KIND,
    StaffSessionsEnded::KIND,
    StaffSignedIn::KIND,
    StockBatchRequested::KIND,
    StockCorrectionRequested::KIND,
    StockWriteOffRequested::KIND,
    SupplierChangeRequested::KIND,
];

/// Who did it, as the log names them; empty for whoever tried to sign in. `None` for what is no act of anybody's.
pub fn author(event: &Event) -> Option<&str> {
    let by = match event {
        Event::AlertChangeRequested(it) => &it.by,
        Event::DeliveryChangeRequested(it) => &it.by,
        Event::DeliveryPlanWithdrawalRequested(it) => &it.by,
        Event::MailResendRequested(it) => &it.by,
        Event::OrderCancellationRequested(it) => it.staff.as_ref()?,
        Event::OrderAddressCorrected(it) => &it.by,
        Event::OrderNoted(it) => &it.by,
        Event::OrderReleaseRequested(it) => &it.by,
        Event::PaymentCaptureRetryRequested(it) => &it.by,
        Event::PaymentRefundAsked(it) => &it.by,
        Event::PersonErased(it) => &it.by,
        Event::PersonExported(it) => &it.by,
        Event::PriceChangeRequested(it) => &it.by,
        Event::PricePlanWithdrawalRequested(it) => &it.by,
        Event::ProductChangeRequested(it) => &it.by,
        Event::ProductDraftRequested(it) => &it.by,
        Event::ProductIntroduced(it) => &it.by,
        Event::ProductPublicationRequested(it) => &it.by,
        Event::ProductVariantOfferRequested(it) => &it.by,
        Event::ProductVariantRequested(it) => &it.by,
        Event::ProductVariantWithdrawalRequested(it) => &it.by,
        Event::ProductWithdrawalRequested(it) => &it.by,
        Event::PurchaseOrderChangeRequested(it) => &it.by,
        Event::PurchaseOrderLineRequested(it) => &it.by,
        Event::RestockRuleRequested(it) => &it.by,
        Event::ReturnAnswerGiven(it) => &it.by,
        Event::ReturnLabelAsked(it) => &it.by,
        Event::ReturnReceiptReported(it) => &it.by,
        Event::ServiceRegistered(it) => &it.by,
        Event::ServiceRevoked(it) => &it.by,
        Event::ShipmentHandoverReported(it) => &it.by,
        Event::ShipmentLabelAsked(it) => &it.by,
        Event::ShipmentLabelCancelAsked(it) => &it.by,
        Event::ShipmentDecisionGiven(it) => &it.by,
        Event::ShipmentOutcomeReported(it) => &it.by,
        Event::ShipmentRequested(it) => &it.by,
        Event::ShipmentUnpackRequested(it) => &it.by,
        Event::SignInFailed(_) => "",
        Event::StaffInvitationWithdrawn(it) => &it.by,
        Event::StaffInvited(it) => &it.by,
        Event::StaffJoined(it) => &it.by,
        Event::StaffPasswordChanged(it) => &it.by,
        Event::StaffRemoved(it) => &it.by,
        Event::StaffRoleChanged(it) => &it.by,
        Event::StaffSecondStepChanged(it) => &it.by,
        Event::StaffSessionsEnded(it) => &it.by,
        Event::StaffSignedIn(it) => &it.by,
        Event::StockBatchRequested(it) => &it.by,
        Event::StockCorrectionRequested(it) => &it.by,
        Event::StockWriteOffRequested(it) => &it.by,
        Event::SupplierChangeRequested(it) => &it.by,
        _ => return None,
    };
    // The shop asks for some of these by itself, under the name of who in it does.
    let is_tried = matches!(event, Event::SignInFailed(_));
    (is_tried || is_person(by)).then_some(by)
}

/// Whether that is somebody of the staff, or at the machine: others are parts of the shop.
pub fn is_person(by: &str) -> bool {
    by.starts_with("staff-") || by.ends_with(AT_THE_MACHINE) || by == "settings"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_shop_are_no_persons() {
        for person in [
            "staff-0123456789abcdef",
            "staff-0123456789abcdef (command line)",
            "ada (command line)",
            "settings",
        ] {
            assert!(is_person(person), "{person}");
        }
        for part in ["", "restock", "shop", "seed"] {
            assert!(!is_person(part), "{part}");
        }
    }

    #[test]
    fn kinds_are_of_events_and_named_once() {
        let mut kinds = KINDS.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), KINDS.len());
        for kind in KINDS {
            assert!(Event::KINDS.contains(kind), "{kind}");
        }
    }
}
