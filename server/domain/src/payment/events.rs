//! What happens to the payment of an order.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use types::order::DeclineReason;
use types::{Money, OrderId, RefundId, ShipmentId};

use crate::event::declare;

declare! {
    /// The order waits for a card, until the payment window ends.
    PaymentMethodRequired ("payment.method_required" on "payments", ordered by order_id) {
        order_id: OrderId,
        /// Unix microseconds.
        reserved_until_us: i64,
    }

    /// The shopper gave a (or another) card for an order that waits for one.
    PaymentMethodGiven ("payment.method_given" on "payments", ordered by order_id) {
        order_id: OrderId,
        payment_token: String,
    }

    /// The gateway is to be asked.
    PaymentRequested ("payment.requested" on "payments", ordered by order_id) {
        order_id: OrderId,
        amount: Money,
        payment_token: String,
        /// 1 for the first card of the order.
        attempt: u32,
        /// Unix microseconds.
        reserved_until_us: i64,
        /// Whose token it is. The first release knew one gateway and did not say.
        #[serde(default)]
        gateway: Gateway,
    }

    /// The gateway holds the money for us.
    PaymentAuthorized ("payment.authorized" on "payments", ordered by order_id) {
        order_id: OrderId,
        amount: Money,
        attempt: u32,
        /// The gateway's name for it.
        authorization_id: String,
        /// Who holds it. Older versions knew one gateway and did not say.
        #[serde(default)]
        gateway: Gateway,
    }

    /// The shopper has to do something at the gateway before it decides: prove who they are, or pay there.
    PaymentActionRequired ("payment.action_required" on "payments", ordered by order_id) {
        order_id: OrderId,
        attempt: u32,
        /// The gateway's name for the payment.
        action_id: String,
        /// Where the shopper does it; a path of the shop, or an address of the gateway.
        url: String,
        gateway: Gateway,
    }

    /// The shopper has come back from the gateway's page.
    PaymentReturnReported ("payment.return_reported" on "payments", ordered by order_id) {
        order_id: OrderId,
    }

    /// The gateway is to be asked what has become of what the shopper was to do.
    PaymentCheckRequested ("payment.check_requested" on "payments", ordered by order_id) {
        order_id: OrderId,
        attempt: u32,
        action_id: String,
        /// The time is over: what was not done by now is given up.
        is_last: bool,
        gateway: Gateway,
    }

    /// The gateway has told what became of a payment: by itself, or because it was asked.
    PaymentReported ("payment.reported" on "payments", ordered by order_id) {
        order_id: OrderId,
        attempt: u32,
        /// The gateway's name for it.
        payment_id: String,
        outcome: PaymentOutcome,
        gateway: Gateway,
    }

    /// The gateway has let go of what nobody collected in time.
    PaymentAuthorizationExpired ("payment.authorization_expired" on "payments", ordered by order_id) {
        order_id: OrderId,
        authorization_id: String,
    }

    /// The gateway is to hold once more what it has let go.
    PaymentReauthorizationRequested ("payment.reauthorization_requested" on "payments", ordered by order_id) {
        order_id: OrderId,
        authorization_id: String,
        gateway: Gateway,
    }

    /// The gateway holds the money again.
    PaymentReauthorized ("payment.reauthorized" on "payments", ordered by order_id) {
        order_id: OrderId,
        authorization_id: String,
    }

    /// The gateway does not hold it again.
    PaymentReauthorizationFailed ("payment.reauthorization_failed" on "payments", ordered by order_id) {
        order_id: OrderId,
        authorization_id: String,
        reason: String,
    }

    /// What the gateway has settled on a day and what the shop has booked are not the same.
    PaymentSettlementDiffers ("payment.settlement_differs" on "payments", ordered by line) {
        /// The id of the request that the money was moved with.
        line: String,
        /// `2026-11-30`, UTC.
        day: String,
        order_id: Option<OrderId>,
        /// `capture` or `refund`.
        kind: String,
        /// What the gateway says was moved; `None` when it knows nothing of it.
        at_gateway: Option<Money>,
        /// What the shop has booked; `None` when it has not.
        in_books: Option<Money>,
        gateway: Gateway,
    }

    /// A day was compared with the gateway's report.
    PaymentSettled ("payment.settled" on "payments", ordered by day) {
        /// `2026-11-30`, UTC.
        day: String,
        /// Of the gateway's report.
        lines: u32,
        differences: u32,
        gateway: Gateway,
    }

    /// The gateway said no; nothing was charged and the stock stays reserved.
    PaymentDeclined ("payment.declined" on "payments", ordered by order_id) {
        order_id: OrderId,
        attempt: u32,
        reason: DeclineReason,
        /// Who said it. Older versions did not say.
        #[serde(default)]
        gateway: Gateway,
    }

    /// The payment window of an order that waits for a card ends soon.
    PaymentReminderDue ("payment.reminder_due" on "payments", ordered by order_id) {
        order_id: OrderId,
        /// Its end, unix microseconds.
        reserved_until_us: i64,
    }

    /// The payment window of an order that waits for a card is over.
    PaymentWindowElapsed ("payment.window_elapsed" on "payments", ordered by order_id) {
        order_id: OrderId,
        /// The end that was meant, unix microseconds. The first release did not say.
        #[serde(default)]
        reserved_until_us: Option<i64>,
    }

    /// Money is held for an order that has ended: the gateway is to let it go.
    PaymentVoidRequested ("payment.void_requested" on "payments", ordered by order_id) {
        order_id: OrderId,
        attempt: u32,
        /// The gateway's name for what it holds.
        authorization_id: String,
        gateway: Gateway,
    }

    /// The gateway has let the money go.
    PaymentVoided ("payment.voided" on "payments", ordered by order_id) {
        order_id: OrderId,
        attempt: u32,
        authorization_id: String,
    }

    /// The gateway is to collect money that it holds: all of it, or what a parcel is worth.
    PaymentCaptureRequested ("payment.capture_requested" on "payments", ordered by order_id) {
        order_id: OrderId,
        /// The parcel that it is for; `None` when the whole order is paid at once.
        shipment_id: Option<ShipmentId>,
        amount: Money,
        authorization_id: String,
        gateway: Gateway,
        /// Whether this is the last of it, so that nothing has to stay held. Older versions asked a gateway that
        /// can be asked once for all of it, and did not say.
        #[serde(default = "is_last", skip_serializing_if = "Clone::clone")]
        is_last: bool,
    }

    /// The money is ours.
    PaymentCaptured ("payment.captured" on "payments", ordered by order_id) {
        order_id: OrderId,
        shipment_id: Option<ShipmentId>,
        /// What was collected.
        amount: Money,
        /// What was asked for, where that is another amount: of a card that can be collected from once only, the
        /// first request collects all that is held, and a later one nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<Money>,
    }

    /// The gateway does not hold the money any more, or not so much.
    PaymentCaptureFailed ("payment.capture_failed" on "payments", ordered by order_id) {
        order_id: OrderId,
        shipment_id: Option<ShipmentId>,
        amount: Money,
        reason: String,
        /// Whether it was held for too long.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        expired: bool,
    }

    /// What the gateway refused to collect is to be asked for again.
    PaymentCaptureRetryRequested ("payment.capture_retry_requested" on "payments", ordered by order_id) {
        order_id: OrderId,
        by: String,
    }

    /// Staff ask to give money back.
    PaymentRefundAsked ("payment.refund_asked" on "payments", ordered by order_id) {
        order_id: OrderId,
        refund_id: RefundId,
        amount: Money,
        /// Names nobody.
        reason: String,
        by: String,
        /// Whether the customer is told the reason, too; in older versions it was for staff alone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        told: bool,
    }

    /// Money is not given back.
    PaymentRefundRefused ("payment.refund_refused" on "payments", ordered by order_id) {
        order_id: OrderId,
        refund_id: RefundId,
        /// So much of what was captured is left.
        refundable: Money,
    }

    /// The gateway is to give money back.
    PaymentRefundRequested ("payment.refund_requested" on "payments", ordered by order_id) {
        order_id: OrderId,
        refund_id: RefundId,
        amount: Money,
        authorization_id: String,
        gateway: Gateway,
    }

    /// The gateway has taken the request, and the money is not given back yet.
    PaymentRefundPending ("payment.refund_pending" on "payments", ordered by order_id) {
        order_id: OrderId,
        refund_id: RefundId,
        amount: Money,
        /// The gateway's name for it.
        gateway_refund_id: String,
        /// The id of the request, which the gateway's report has it under.
        request: String,
        gateway: Gateway,
    }

    /// The gateway has told what became of a refund: by itself, or because it was asked.
    PaymentRefundReported ("payment.refund_reported" on "payments", ordered by order_id) {
        order_id: OrderId,
        /// As the request named it, where the gateway repeats that.
        refund_id: Option<RefundId>,
        /// The gateway's name for it.
        gateway_refund_id: String,
        outcome: RefundOutcome,
        gateway: Gateway,
    }

    /// The gateway is to be asked what has become of a refund.
    PaymentRefundCheckRequested ("payment.refund_check_requested" on "payments", ordered by order_id) {
        order_id: OrderId,
        gateway_refund_id: String,
        gateway: Gateway,
    }

    /// The gateway has given the money back.
    PaymentRefunded ("payment.refunded" on "payments", ordered by order_id) {
        order_id: OrderId,
        refund_id: RefundId,
        amount: Money,
        /// The id of the request, where this is not the answer to it but came later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
    }

    /// The gateway does not give it back.
    PaymentRefundFailed ("payment.refund_failed" on "payments", ordered by order_id) {
        order_id: OrderId,
        refund_id: RefundId,
        amount: Money,
        reason: String,
        /// Whether the customer was told before that it is on its way.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        was_told: bool,
    }
}

/// What an older version meant that did not say.
const fn is_last() -> bool {
    true
}

/// What became of a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RefundOutcome {
    /// It is still on its way.
    Pending,
    Done,
    Failed {
        reason: String,
    },
}

/// A payment gateway: whose token an order is paid with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Gateway {
    /// The simulator.
    #[default]
    Test,
    Stripe,
}

impl Gateway {
    /// The attribute that routes a request to its gateway.
    pub const ATTRIBUTE: &'static str = "gateway";

    /// How often an authorization can be collected from, at most.
    pub const fn most_captures(self) -> usize {
        match self {
            Self::Test => usize::MAX,
            // <https://docs.stripe.com/payments/multicapture>
            Self::Stripe => 50,
        }
    }

    /// Whether the shopper pays on the gateway's own page, and no card is ever given here.
    pub const fn redirects(self) -> bool {
        matches!(self, Self::Stripe)
    }
}

/// What became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum PaymentOutcome {
    /// So much is held.
    Authorized {
        amount: Money,
    },
    Declined {
        reason: DeclineReason,
    },
    /// What was held is let go, or what was to be done was given up.
    LetGo,
    /// What was held is let go because nobody collected it in time.
    Expired,
}
