//! The process of an order: from the basket to its end. It holds the states of payment and fulfilment
//! beside its own; the status that a page shows is computed from the three.

pub mod events;
pub mod progress;
pub mod review;

use serde::{Deserialize, Serialize};
use types::fulfilment::{Carrier, FulfilmentStatus};
use types::order::{CancelledBy, OrderStatus};
use types::{Money, OrderId, RefundId};

use crate::event::{
    Decision, Event, Gateway, OrderCancellationRefused, OrderCancellationRequested, OrderCancelled,
    OrderConfirmed, OrderDeadlinePassed, OrderPlaced, OrderRejected, OrderRestCancelled,
    PaymentAuthorized, PaymentMethodRequired, PaymentRefundAsked, PaymentReminderDue,
    PaymentRequested, PaymentVoidRequested, PaymentWindowElapsed, Pieces, ReturnReceiptReported,
    ShipmentDecisionGiven, ShipmentShipped, StockMove, StockReserved,
};
use crate::fulfilment::{self, FulfilmentState};
use crate::payment::{PaymentState, PaymentStatus};
use crate::returns::ReturnsState;
use review::Review;

/// How long an order waits for its stock to be reserved: long enough for somebody to look at why.
pub const RESERVING_LIMIT_US: i64 = 15 * 60 * 1_000_000;
/// How long an order waits for the gateway's answer.
pub const PAYING_LIMIT_US: i64 = 24 * 60 * 60 * 1_000_000;

/// How long before the end of its payment window a shopper is reminded of an order that is not paid.
pub const REMINDER_US: i64 = 5 * 60 * 1_000_000;

/// How far the process has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing is reserved yet.
    Placed,
    /// The stock is held; the payment decides.
    Reserved,
    Confirmed,
    /// For want of stock.
    Rejected,
    Cancelled,
}

/// What the shop has set for all orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How long stock is held for an order that is not paid, in microseconds.
    pub payment_window_us: i64,
    pub capture: CaptureOn,
    /// Who is asked for the money of new orders.
    pub gateway: Gateway,
    /// Who brings accepted returns back. By hand, the customer finds somebody.
    pub returns_by: Carrier,
}

/// When authorized money is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum CaptureOn {
    /// Of each parcel when it leaves.
    #[default]
    Shipment,
    /// All of it when the order is confirmed.
    Confirmation,
}

/// What the process remembers of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderState {
    pub order_id: OrderId,
    pub stage: Stage,
    pub payment: PaymentState,
    #[serde(default, skip_serializing_if = "FulfilmentState::is_untouched")]
    pub fulfilment: FulfilmentState,
    #[serde(default, skip_serializing_if = "ReturnsState::is_empty")]
    pub returns: ReturnsState,
    #[serde(default, skip_serializing_if = "Review::is_none")]
    pub review: Review,
    pub total: Money,
    pub lines: Vec<Pieces>,
    /// The card to ask once the stock is reserved.
    pub payment_token: Option<String>,
    /// End of the payment window in unix microseconds; 0 while nothing is reserved.
    pub reserved_until_us: i64,
    /// When the shopper is to be reminded that the order is not paid, unix microseconds.
    #[serde(default, skip_serializing_if = "Reminder::is_none")]
    pub reminder: Reminder,
    /// When what the order waits for has taken too long, unix microseconds; 0 once it has ended.
    pub deadline_us: i64,
    /// While the gateway has a refund on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_look: Option<RefundLook>,
}

/// When the gateway is asked what has become of a refund that it has not told of, unix microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLook {
    pub since_us: i64,
    pub at_us: i64,
}

impl RefundLook {
    const SOONEST_US: i64 = 60 * 1_000_000;
    const LATEST_US: i64 = 24 * 60 * 60 * 1_000_000;

    /// Soon after it began, and rarer the longer it takes.
    fn next(since_us: i64, now_us: i64) -> Self {
        let passed_us = now_us.saturating_sub(since_us);
        let wait_us = passed_us.clamp(Self::SOONEST_US, Self::LATEST_US);
        Self {
            since_us,
            at_us: now_us.saturating_add(wait_us),
        }
    }
}

/// Whether the shopper of an order that is not paid is reminded of it: once at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reminder {
    /// Nobody has waited for a card yet, or not for long enough.
    #[default]
    None,
    /// At this time, unix microseconds, if the order still waits.
    At(i64),
    Done,
}

impl Reminder {
    fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// Of an order that waits for a card from `at_us` on. Who has just been told is not reminded at once.
    fn plan(&mut self, at_us: i64, reserved_until_us: i64) {
        let remind_us = reserved_until_us.saturating_sub(REMINDER_US);
        if self.is_none() && remind_us.saturating_sub(at_us) >= REMINDER_US {
            *self = Self::At(remind_us);
        }
    }
}

/// What a person can ask of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Pay,
    /// Asked by the shopper.
    Cancel,
    /// Asked by staff, who may still open a packed parcel and keep the rest of a shipped order.
    CancelByStaff,
}

/// Why an order does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("This order is paid already.")]
    AlreadyPaid,
    #[error("This order was cancelled and nothing was charged.")]
    AlreadyCancelled,
    #[error("This order could not be fulfilled; nothing was charged.")]
    OutOfStock,
    #[error("This order is still being reserved. Try again in a moment.")]
    StillReserving,
    #[error("A payment for this order is on its way. Please wait for it.")]
    PaymentUnderWay,
    #[error("This order is packed already and can no longer be cancelled.")]
    Packed,
    #[error("This order has left the house and can no longer be cancelled.")]
    Shipped,
}

impl OrderState {
    /// The state an order begins in.
    pub fn placed(event: &OrderPlaced, at_us: i64) -> Self {
        Self {
            order_id: event.order_id,
            stage: Stage::Placed,
            payment: PaymentState::default(),
            fulfilment: FulfilmentState::default(),
            returns: ReturnsState::default(),
            review: Review::None,
            total: event.total,
            lines: lines_of(event),
            payment_token: event.payment_token.clone(),
            reserved_until_us: 0,
            reminder: Reminder::None,
            deadline_us: at_us.saturating_add(RESERVING_LIMIT_US),
            refund_look: None,
        }
    }

    /// What the shopper sees.
    pub fn status(&self) -> OrderStatus {
        match (self.stage, self.payment.status) {
            (Stage::Placed, _) => OrderStatus::Reserving,
            (Stage::Reserved, PaymentStatus::MethodRequired | PaymentStatus::Declined) => {
                OrderStatus::AwaitingPayment
            }
            (Stage::Reserved, PaymentStatus::ActionRequired) => OrderStatus::ActionRequired,
            (Stage::Reserved, _) => OrderStatus::Paying,
            (Stage::Confirmed, _) => status_of(self.fulfilment.status(&self.lines)),
            (Stage::Rejected, _) => OrderStatus::Rejected,
            (Stage::Cancelled, _) => OrderStatus::Cancelled,
        }
    }

    /// Whether a command can be done.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check(&self, command: Command) -> Result<(), Refusal> {
        use OrderStatus::*;
        match (self.status(), command) {
            (AwaitingPayment, _) => Ok(()),
            (
                Reserving | Paying | ActionRequired | Confirmed,
                Command::Cancel | Command::CancelByStaff,
            ) => Ok(()),
            (Packed | PartlyShipped, Command::CancelByStaff) => Ok(()),
            (Reserving, Command::Pay) => Err(Refusal::StillReserving),
            (Paying | ActionRequired, Command::Pay) => Err(Refusal::PaymentUnderWay),
            (Rejected, _) => Err(Refusal::OutOfStock),
            (Cancelled, _) => Err(Refusal::AlreadyCancelled),
            (_, Command::Pay) => Err(Refusal::AlreadyPaid),
            (Packed, Command::Cancel) => Err(Refusal::Packed),
            (PartlyShipped | SendingAgain | Shipped | ShippedAgain, _)
            | (CameBack | Lost | Delivered | Undelivered, _) => Err(Refusal::Shipped),
        }
    }

    /// What follows an event, of which `at_us` is the time. Events that come twice or late change
    /// nothing, but what they hold for an order that has ended is let go.
    pub fn decide(&self, event: &Event, at_us: i64, rules: &Rules) -> Vec<Event> {
        let order_id = self.order_id;
        if let Some(answer) = self.decide_fulfilment(event, at_us) {
            return answer;
        }
        match (self.status(), event) {
            (OrderStatus::Reserving, Event::StockReserved(_)) => {
                let reserved_until_us = at_us.saturating_add(rules.payment_window_us);
                match &self.payment_token {
                    _ if rules.gateway.redirects() => {
                        vec![self.request_payment("", reserved_until_us, rules)]
                    }
                    Some(token) => vec![self.request_payment(token, reserved_until_us, rules)],
                    None => vec![
                        PaymentMethodRequired {
                            order_id,
                            reserved_until_us,
                        }
                        .into(),
                    ],
                }
            }
            (OrderStatus::Reserving, Event::StockRejected(_)) => {
                vec![OrderRejected { order_id }.into()]
            }
            // The order had ended before its stock was reserved.
            (OrderStatus::Cancelled | OrderStatus::Rejected, Event::StockReserved(reserved)) => {
                vec![release(reserved)]
            }
            (
                OrderStatus::Paying | OrderStatus::ActionRequired,
                Event::PaymentAuthorized(event),
            ) if event.attempt == self.payment.attempts => {
                let confirmed = OrderConfirmed { order_id }.into();
                let mut payment = self.payment.clone();
                payment.evolve(&Event::PaymentAuthorized(event.clone()));
                let capture = match rules.capture {
                    CaptureOn::Shipment => None,
                    // Collected when somebody has looked at it.
                    CaptureOn::Confirmation if self.review.is_held() => None,
                    CaptureOn::Confirmation => payment.capture(order_id, None, self.total, true),
                };
                [confirmed].into_iter().chain(capture).collect()
            }
            // Collected while the rest was given up.
            (_, Event::PaymentCaptured(event)) if !self.fulfilment.cancelled.is_empty() => {
                let mut payment = self.payment.clone();
                payment.evolve(&Event::PaymentCaptured(event.clone()));
                let sent = self.fulfilment.sent_minor();
                payment.give_back_rest(order_id, sent).into_iter().collect()
            }
            // Collected of an order that came to nothing meanwhile.
            (OrderStatus::Cancelled, Event::PaymentCaptured(event)) => {
                let mut payment = self.payment.clone();
                payment.evolve(&Event::PaymentCaptured(event.clone()));
                payment.undo(order_id)
            }
            (_, Event::PaymentCaptureRetryRequested(_)) => {
                match self.payment.hold_again(order_id) {
                    Some(again) => vec![again],
                    None => self.payment.capture_again(order_id),
                }
            }
            (_, Event::PaymentReauthorized(_)) => self.payment.held_again(order_id),
            (_, Event::PaymentReported(told)) => {
                let takes_money = self.stage == Stage::Reserved;
                self.payment.reported(told, self.total, takes_money)
            }
            (OrderStatus::ActionRequired, Event::PaymentReturnReported(_)) => {
                self.payment.check(order_id, false).into_iter().collect()
            }
            (_, Event::OrderReviewRequested(asked)) => {
                let ended = [Stage::Rejected, Stage::Cancelled].contains(&self.stage);
                let can_be_held = !ended && !self.fulfilment.has_left();
                let held = self.review.hold(asked, can_be_held);
                held.into_iter().collect()
            }
            (_, Event::OrderReleaseRequested(asked)) => {
                let released = self.review.release(asked);
                let is_due = self.stage == Stage::Confirmed
                    && rules.capture == CaptureOn::Confirmation
                    && matches!(released, Event::OrderReleased(_));
                let capture =
                    is_due.then(|| self.payment.capture(order_id, None, self.total, true));
                [released].into_iter().chain(capture.flatten()).collect()
            }
            (_, Event::PaymentRefundAsked(asked)) => vec![self.payment.refund(asked)],
            (_, Event::PaymentRefundReported(told)) => {
                self.payment.refund_reported(told).into_iter().collect()
            }
            (_, Event::OrderDeadlinePassed(event)) if self.looks_for_refunds(event) => {
                self.payment.check_refunds(order_id)
            }
            (OrderStatus::Cancelled, Event::PaymentAuthorized(event)) => {
                vec![void(event)]
            }
            (OrderStatus::AwaitingPayment, Event::PaymentMethodGiven(event)) => {
                vec![self.request_payment(&event.payment_token, self.reserved_until_us, rules)]
            }
            (_, Event::OrderCancellationRequested(asked)) => self.cancel_as_asked(asked),
            (_, Event::ReturnRequested(asked)) => {
                vec![self.returns.ask(&self.fulfilment, asked, at_us)]
            }
            (_, Event::ReturnAnswerGiven(given)) => self.returns.answered(given, rules.returns_by),
            (_, Event::ReturnLabelAsked(asked)) => {
                vec![self.returns.ask_label(asked, rules.returns_by)]
            }
            (_, Event::ReturnCarrierReported(told)) => {
                self.returns.hear(told, at_us).into_iter().collect()
            }
            (_, Event::ReturnReceiptReported(told)) => self.receive(told),
            // A card given in the last second is still asked: the window ends only for an order
            // that waits.
            (OrderStatus::AwaitingPayment, Event::PaymentWindowElapsed(event))
                if self.window_is_over(event, at_us) =>
            {
                vec![self.cancel(CancelledBy::PaymentWindow)]
            }
            // First the gateway is asked: what the shopper has done there may not have come through.
            (OrderStatus::ActionRequired, Event::OrderDeadlinePassed(event))
                if event.deadline_us == self.deadline_us && !self.is_given_up() =>
            {
                self.payment.check(order_id, true).into_iter().collect()
            }
            (
                OrderStatus::Reserving | OrderStatus::Paying | OrderStatus::ActionRequired,
                Event::OrderDeadlinePassed(event),
            ) if event.deadline_us == self.deadline_us => {
                let ended = self.cancel(CancelledBy::Deadline);
                [ended]
                    .into_iter()
                    .chain(self.payment.undo(order_id))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether the gateway was told that the time for what the shopper was to do is over.
    fn is_given_up(&self) -> bool {
        let action = self.payment.action.as_ref();
        action.is_some_and(|action| action.is_given_up)
    }

    fn cancel_as_asked(&self, asked: &OrderCancellationRequested) -> Vec<Event> {
        let order_id = self.order_id;
        let command = match asked.by {
            CancelledBy::Staff => Command::CancelByStaff,
            _ => Command::Cancel,
        };
        if let Err(refusal) = self.check(command) {
            return vec![OrderCancellationRefused { order_id, refusal }.into()];
        }
        if !self.fulfilment.has_left() {
            let mut events = vec![self.cancel(asked.by)];
            events.extend(self.payment.undo(order_id));
            events.extend(self.fulfilment.give_labels_back(order_id));
            return events;
        }
        let (by, lines) = (asked.by, self.fulfilment.here(&self.lines));
        let event = |status| OrderRestCancelled {
            order_id,
            by,
            lines: lines.clone(),
            status,
        };
        let rest = self
            .fulfilment
            .with_status(&self.lines, |status| event(status).into());
        let sent = self.fulfilment.sent_minor();
        // What was to be sent again is not a part of the rest, and is not sent either.
        let again = self.fulfilment.packed_again();
        let again = again.map(|it| fulfilment::release(order_id, it.lines.clone()));
        [rest]
            .into_iter()
            .chain(self.payment.let_go(order_id))
            .chain(self.payment.give_back_rest(order_id, sent))
            .chain(self.fulfilment.give_labels_back(order_id))
            .chain(again)
            .collect()
    }

    /// Pieces came back: their money goes the other way, as far as it was collected.
    fn receive(&self, told: &ReturnReceiptReported) -> Vec<Event> {
        let received = self.returns.receive(told);
        if told.refund.minor == 0 || !matches!(received, Event::ReturnReceived(_)) {
            return vec![received];
        }
        let refund = PaymentRefundAsked {
            order_id: self.order_id,
            // A return is received once.
            refund_id: RefundId::new(told.return_id.uuid()),
            amount: told.refund,
            reason: String::new(),
            by: told.by.clone(),
            told: false,
        };
        vec![received, self.payment.refund(&refund)]
    }

    /// Does what staff have decided about a parcel that was lost or came back. Without its money it is not given up.
    fn decide_astray(&self, given: &ShipmentDecisionGiven) -> Vec<Event> {
        let (order_id, id) = (self.order_id, given.shipment_id);
        let (came, amount) = match &given.decision {
            Decision::SendAgain { replacement_id } => {
                return vec![self.fulfilment.send_again(order_id, id, *replacement_id)];
            }
            Decision::GiveUp { came, refund } => (came, *refund),
        };
        let checked = self.fulfilment.check_give_up(id, came, amount.minor != 0);
        if let Err(refusal) = checked {
            return vec![fulfilment::refused(order_id, id, refusal)];
        }
        let given_up = self.fulfilment.give_up(&self.lines, order_id, id, came);
        if amount.minor == 0 {
            return vec![given_up];
        }
        let refund = PaymentRefundAsked {
            order_id,
            // A parcel is paid back once.
            refund_id: RefundId::new(id.uuid()),
            amount,
            reason: String::new(),
            by: given.by.clone(),
            told: false,
        };
        match self.payment.refund(&refund) {
            refused @ Event::PaymentRefundRefused(_) => vec![refused],
            refund => vec![given_up, refund],
        }
    }

    /// What follows an event about a parcel; `None` for any other event.
    fn decide_fulfilment(&self, event: &Event, at_us: i64) -> Option<Vec<Event>> {
        let (order_id, is_confirmed) = (self.order_id, self.stage == Stage::Confirmed);
        let (fulfilment, lines) = (&self.fulfilment, &self.lines);
        let shipment_id = match event {
            // What a carrier answers and says is heard of an order that has ended, too.
            Event::ShipmentLabelled(labelled) => {
                return Some(fulfilment.labelled(labelled, is_confirmed));
            }
            Event::ShipmentLabelCancelAsked(asked) => {
                return Some(vec![fulfilment.cancel_label(asked)]);
            }
            Event::ShipmentCarrierReported(_) if !is_confirmed => return Some(Vec::new()),
            // What is held in vain is let go, whatever has become of the order.
            Event::StockAllocated(held) => {
                return Some(fulfilment.packed_in_its_place(lines, held));
            }
            Event::StockAllocationRefused(told) => {
                return Some(vec![fulfilment.not_in_stock(told)]);
            }
            Event::ShipmentRequested(asked) => asked.shipment_id,
            Event::ShipmentUnpackRequested(asked) => asked.shipment_id,
            Event::ShipmentHandoverReported(told) => told.shipment_id,
            Event::ShipmentOutcomeReported(told) => told.shipment_id,
            Event::ShipmentLabelAsked(asked) => asked.shipment_id,
            Event::ShipmentCarrierReported(told) => told.shipment_id,
            Event::ShipmentDecisionGiven(given) => given.shipment_id,
            _ => return None,
        };
        if !is_confirmed {
            let refusal = fulfilment::Refusal::NotPaid;
            return Some(vec![fulfilment::refused(order_id, shipment_id, refusal)]);
        }
        // Nothing goes out; what a carrier says of a parcel that has gone is heard all the same.
        let goes_out = match event {
            Event::ShipmentRequested(_)
            | Event::ShipmentHandoverReported(_)
            | Event::ShipmentLabelAsked(_) => true,
            Event::ShipmentDecisionGiven(given) => {
                matches!(given.decision, Decision::SendAgain { .. })
            }
            _ => false,
        };
        if goes_out && self.review.is_held() {
            let refusal = fulfilment::Refusal::UnderReview;
            return Some(vec![fulfilment::refused(order_id, shipment_id, refusal)]);
        }
        let answer = match event {
            Event::ShipmentRequested(asked) => vec![fulfilment.pack(lines, asked)],
            Event::ShipmentUnpackRequested(asked) => fulfilment.unpack(lines, asked),
            Event::ShipmentHandoverReported(told) => fulfilment.ship(lines, told),
            Event::ShipmentOutcomeReported(told) => vec![fulfilment.end(lines, told)],
            Event::ShipmentDecisionGiven(given) => self.decide_astray(given),
            Event::ShipmentLabelAsked(asked) => vec![fulfilment.ask_label(asked)],
            Event::ShipmentCarrierReported(told) => fulfilment.hear(lines, told, at_us),
            _ => return None,
        };
        let capture = answer.iter().find_map(|answer| match answer {
            Event::ShipmentShipped(shipped) => Some(self.capture_for(shipped)),
            _ => None,
        });
        let capture = capture.unwrap_or_default();
        Some(answer.into_iter().chain(capture).collect())
    }

    /// Has the money of a parcel that leaves collected; what has expired is held again before.
    fn capture_for(&self, shipped: &ShipmentShipped) -> Vec<Event> {
        let Some(shipment) = self.fulfilment.shipment(shipped.shipment_id) else {
            return Vec::new();
        };
        let is_last = shipped.status != FulfilmentStatus::PartlyShipped;
        let worth = self.fulfilment.worth_of(shipment);
        let capture = self
            .payment
            .capture(self.order_id, Some(shipment.id), worth, is_last);
        let again = capture
            .as_ref()
            .and_then(|_| self.payment.hold_again(self.order_id));
        again.into_iter().chain(capture).collect()
    }

    /// Whether the end that was told is the one that stands. No clock is asked: one that was set
    /// forward must not end anything.
    fn window_is_over(&self, event: &PaymentWindowElapsed, at_us: i64) -> bool {
        match event.reserved_until_us {
            Some(until_us) => until_us == self.reserved_until_us,
            None => at_us >= self.reserved_until_us,
        }
    }

    /// Takes note of what happened to the order, at `at_us`. Of what was decided about it the events
    /// tell, so that a later version, which may decide otherwise, still reads the past as it was.
    pub fn evolve(&mut self, event: &Event, at_us: i64) {
        match event {
            Event::StockReserved(_) if self.stage == Stage::Placed => {
                self.stage = Stage::Reserved;
                self.deadline_us = at_us.saturating_add(PAYING_LIMIT_US);
            }
            Event::PaymentMethodRequired(event) => {
                self.reserved_until_us = event.reserved_until_us;
                self.deadline_us = event.reserved_until_us;
                self.payment_token = None;
                self.reminder.plan(at_us, event.reserved_until_us);
            }
            Event::PaymentReminderDue(_) => self.reminder = Reminder::Done,
            Event::PaymentRequested(event) => {
                self.reserved_until_us = event.reserved_until_us;
                self.deadline_us = at_us.saturating_add(PAYING_LIMIT_US);
                self.payment_token = None;
            }
            Event::PaymentActionRequired(event) if self.is_asked(event.attempt) => {
                self.deadline_us = self.reserved_until_us;
            }
            Event::PaymentCheckRequested(event)
                if event.is_last && self.is_asked(event.attempt) =>
            {
                self.deadline_us = at_us.saturating_add(PAYING_LIMIT_US);
            }
            // The one change that nobody decides: the order waits again, as long as it may.
            Event::PaymentDeclined(event) if self.is_asked(event.attempt) => {
                self.deadline_us = self.reserved_until_us;
                self.reminder.plan(at_us, self.reserved_until_us);
            }
            Event::OrderConfirmed(_) => self.end(Stage::Confirmed),
            Event::OrderRejected(_) => self.end(Stage::Rejected),
            Event::OrderCancelled(_) => self.end(Stage::Cancelled),
            _ => {}
        }
        self.payment.evolve(event);
        self.look_for_refunds(event, at_us);
        self.fulfilment.evolve(event, at_us);
        self.returns.evolve(event);
        self.review.evolve(event);
    }

    fn look_for_refunds(&mut self, event: &Event, at_us: i64) {
        if !self.payment.has_pending_refund() {
            self.refund_look = None;
            return;
        }
        let since_us = match event {
            Event::PaymentRefundPending(_) => at_us,
            Event::PaymentRefundCheckRequested(_) => {
                self.refund_look.map_or(at_us, |look| look.since_us)
            }
            _ => return,
        };
        self.refund_look = Some(RefundLook::next(since_us, at_us));
    }

    /// Whether this is the moment at which the gateway is to be asked for what it has on its way.
    fn looks_for_refunds(&self, event: &OrderDeadlinePassed) -> bool {
        self.deadline_us == 0
            && self
                .refund_look
                .is_some_and(|look| look.at_us == event.deadline_us)
    }

    /// Whether this card is the one that the order waits for.
    fn is_asked(&self, attempt: u32) -> bool {
        self.stage == Stage::Reserved && attempt == self.payment.attempts
    }

    fn end(&mut self, stage: Stage) {
        self.stage = stage;
        self.payment_token = None;
        self.deadline_us = 0;
    }

    /// Whether it waits for something without which it comes to nothing.
    pub const fn is_open(&self) -> bool {
        self.deadline_us > 0
    }

    /// When the order moves on by itself; `None` once it has ended and no money is on its way back.
    pub fn deadline(&self) -> Option<i64> {
        let look_us = self.refund_look.map(|look| look.at_us);
        let Some(end) = (self.deadline_us > 0).then_some(self.deadline_us) else {
            return look_us;
        };
        Some(self.remind_us().map_or(end, |remind_us| remind_us.min(end)))
    }

    /// When the shopper is reminded, while that makes sense.
    fn remind_us(&self) -> Option<i64> {
        match self.reminder {
            Reminder::At(at_us) if self.status() == OrderStatus::AwaitingPayment => Some(at_us),
            _ => None,
        }
    }

    /// The event that says so.
    pub fn elapsed(&self) -> Event {
        let order_id = self.order_id;
        if self.remind_us().is_some() {
            return PaymentReminderDue {
                order_id,
                reserved_until_us: self.reserved_until_us,
            }
            .into();
        }
        if self.status() == OrderStatus::AwaitingPayment {
            let reserved_until_us = Some(self.reserved_until_us);
            return PaymentWindowElapsed {
                order_id,
                reserved_until_us,
            }
            .into();
        }
        let look_us = self.refund_look.map_or(0, |look| look.at_us);
        OrderDeadlinePassed {
            order_id,
            deadline_us: if self.deadline_us > 0 {
                self.deadline_us
            } else {
                look_us
            },
        }
        .into()
    }

    fn request_payment(&self, payment_token: &str, reserved_until_us: i64, rules: &Rules) -> Event {
        PaymentRequested {
            order_id: self.order_id,
            amount: self.total,
            payment_token: payment_token.to_owned(),
            attempt: self.payment.attempts + 1,
            reserved_until_us,
            gateway: rules.gateway,
        }
        .into()
    }

    /// Ends the order with nothing shipped, whatever it waits for. What is held for it is released.
    pub fn cancel(&self, by: CancelledBy) -> Event {
        let lines = match self.stage {
            Stage::Reserved | Stage::Confirmed => self.lines.clone(),
            _ => Vec::new(),
        };
        OrderCancelled {
            order_id: self.order_id,
            by,
            lines,
            paid: self.stage == Stage::Confirmed,
        }
        .into()
    }
}

const fn status_of(fulfilment: FulfilmentStatus) -> OrderStatus {
    match fulfilment {
        FulfilmentStatus::Open => OrderStatus::Confirmed,
        FulfilmentStatus::Packed => OrderStatus::Packed,
        FulfilmentStatus::PartlyShipped => OrderStatus::PartlyShipped,
        FulfilmentStatus::SendingAgain => OrderStatus::SendingAgain,
        FulfilmentStatus::Shipped => OrderStatus::Shipped,
        FulfilmentStatus::ShippedAgain => OrderStatus::ShippedAgain,
        FulfilmentStatus::CameBack => OrderStatus::CameBack,
        FulfilmentStatus::Lost => OrderStatus::Lost,
        FulfilmentStatus::Delivered => OrderStatus::Delivered,
        FulfilmentStatus::Undelivered => OrderStatus::Undelivered,
    }
}

/// What a placed order wants reserved.
pub fn lines_of(event: &OrderPlaced) -> Vec<Pieces> {
    let line = |line: &crate::OrderedLine| Pieces {
        sku: line.sku.clone(),
        quantity: line.quantity,
    };
    event.lines.iter().map(line).collect()
}

/// Asks for money that is held in vain to be let go.
pub fn void(authorized: &PaymentAuthorized) -> Event {
    PaymentVoidRequested {
        order_id: authorized.order_id,
        attempt: authorized.attempt,
        authorization_id: authorized.authorization_id.clone(),
        gateway: authorized.gateway,
    }
    .into()
}

/// Asks for what was reserved in vain to be released.
pub fn release(reserved: &StockReserved) -> Event {
    fulfilment::release(reserved.order_id, held(&reserved.moves))
}

/// The pieces of some moves.
pub fn held(moves: &[StockMove]) -> Vec<Pieces> {
    let line = |moved: &StockMove| Pieces {
        sku: moved.sku.clone(),
        quantity: moved.quantity,
    };
    moves.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
