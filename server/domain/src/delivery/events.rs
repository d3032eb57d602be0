//! What happens to the terms of delivery.

use types::Currency;
use types::delivery::DeliveryTerms;

use crate::delivery::Refusal;
use crate::event::declare;

declare! {
    /// Delivery is to cost something else.
    DeliveryChangeRequested ("delivery.change_requested" on "delivery", ordered by currency) {
        currency: Currency,
        terms: DeliveryTerms,
        by: String,
        /// From when on, unix microseconds; at once when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_us: Option<i64>,
        /// What was in force when whoever asks saw it: what differs is to be changed, and nothing else. All is
        /// when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<DeliveryTerms>,
    }

    /// Delivery is going to cost something else.
    DeliveryPlanned ("delivery.planned" on "delivery", ordered by currency) {
        currency: Currency,
        terms: DeliveryTerms,
        /// Unix microseconds.
        from_us: i64,
        by: String,
        /// What of the terms does not differ from these is then left as it is; all of them come when nothing is
        /// said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<DeliveryTerms>,
    }

    /// The time of planned terms has come.
    DeliveryDue ("delivery.due" on "delivery", ordered by currency) {
        currency: Currency,
        from_us: i64,
    }

    /// Planned terms are not to come.
    DeliveryPlanWithdrawalRequested ("delivery.plan_withdrawal_requested" on "delivery", ordered by currency) {
        currency: Currency,
        from_us: i64,
        by: String,
        /// The plan as whoever asks saw it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<DeliveryTerms>,
    }

    /// They do not come.
    DeliveryPlanWithdrawn ("delivery.plan_withdrawn" on "delivery", ordered by currency) {
        currency: Currency,
        from_us: i64,
        by: String,
    }

    /// Delivery costs something else from now on. Orders that are placed already keep what they pay.
    DeliveryChanged ("delivery.changed" on "delivery", ordered by currency) {
        currency: Currency,
        terms: DeliveryTerms,
        before: DeliveryTerms,
        by: String,
    }

    /// The terms stay as they are.
    DeliveryChangeRejected ("delivery.change_rejected" on "delivery", ordered by currency) {
        currency: Currency,
        refusal: Refusal,
        by: String,
    }
}
