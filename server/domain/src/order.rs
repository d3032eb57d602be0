//! The process of an order: from the basket to its end. It holds the payment's state beside its own; the
//! status that a page shows is computed from both.

pub mod events;
pub mod progress;

use serde::{Deserialize, Serialize};
use types::order::{CancelledBy, OrderStatus};
use types::{Money, OrderId};

use crate::event::{
    Event, Gateway, OrderCancelled, OrderConfirmed, OrderDeadlinePassed, OrderPlaced,
    OrderRejected, PaymentAuthorized, PaymentMethodRequired, PaymentRequested,
    PaymentVoidRequested, PaymentWindowElapsed, ReservedLine, StockReleaseRequested, StockReserved,
};
use crate::payment::{PaymentState, PaymentStatus};

/// How long an order waits for its stock to be reserved: long enough for somebody to look at why.
pub const RESERVING_LIMIT_US: i64 = 15 * 60 * 1_000_000;
/// How long an order waits for the gateway's answer.
pub const PAYING_LIMIT_US: i64 = 24 * 60 * 60 * 1_000_000;

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

/// What the process remembers of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderState {
    pub order_id: OrderId,
    pub stage: Stage,
    pub payment: PaymentState,
    pub total: Money,
    pub lines: Vec<ReservedLine>,
    /// The card to ask once the stock is reserved.
    pub payment_token: Option<String>,
    /// End of the payment window in unix microseconds; 0 while nothing is reserved.
    pub reserved_until_us: i64,
    /// When what the order waits for has taken too long, unix microseconds; 0 once it has ended.
    pub deadline_us: i64,
}

/// What a person can ask of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Pay,
    Cancel,
}

/// Why an order does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
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
}

impl OrderState {
    /// The state an order begins in.
    pub fn placed(event: &OrderPlaced, at_us: i64) -> Self {
        Self {
            order_id: event.order_id,
            stage: Stage::Placed,
            payment: PaymentState::default(),
            total: event.total,
            lines: lines_of(event),
            payment_token: event.payment_token.clone(),
            reserved_until_us: 0,
            deadline_us: at_us.saturating_add(RESERVING_LIMIT_US),
        }
    }

    /// What the shopper sees.
    pub const fn status(&self) -> OrderStatus {
        match (self.stage, self.payment.status) {
            (Stage::Placed, _) => OrderStatus::Reserving,
            (Stage::Reserved, PaymentStatus::MethodRequired | PaymentStatus::Declined) => {
                OrderStatus::AwaitingPayment
            }
            (Stage::Reserved, _) => OrderStatus::Paying,
            (Stage::Confirmed, _) => OrderStatus::Confirmed,
            (Stage::Rejected, _) => OrderStatus::Rejected,
            (Stage::Cancelled, _) => OrderStatus::Cancelled,
        }
    }

    /// Whether a command can be done.
    ///
    /// # Errors
    /// The reason why not.
    pub const fn check(&self, command: Command) -> Result<(), Refusal> {
        match (self.status(), command) {
            (OrderStatus::AwaitingPayment, _)
            | (OrderStatus::Reserving | OrderStatus::Paying, Command::Cancel) => Ok(()),
            (OrderStatus::Reserving, Command::Pay) => Err(Refusal::StillReserving),
            (OrderStatus::Paying, Command::Pay) => Err(Refusal::PaymentUnderWay),
            (OrderStatus::Confirmed, _) => Err(Refusal::AlreadyPaid),
            (OrderStatus::Rejected, _) => Err(Refusal::OutOfStock),
            (OrderStatus::Cancelled, _) => Err(Refusal::AlreadyCancelled),
        }
    }

    /// What follows an event, of which `at_us` is the time. Events that come twice or late change
    /// nothing, but what they hold for an order that has ended is let go.
    pub fn decide(&self, event: &Event, at_us: i64, payment_window_us: i64) -> Vec<Event> {
        let order_id = self.order_id;
        match (self.status(), event) {
            (OrderStatus::Reserving, Event::StockReserved(_)) => {
                let reserved_until_us = at_us.saturating_add(payment_window_us);
                match &self.payment_token {
                    Some(token) => vec![self.request_payment(token, reserved_until_us)],
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
            (OrderStatus::Paying, Event::PaymentAuthorized(event))
                if event.attempt == self.payment.attempts =>
            {
                vec![OrderConfirmed { order_id }.into()]
            }
            (OrderStatus::Cancelled, Event::PaymentAuthorized(event)) => {
                vec![void(event)]
            }
            (OrderStatus::AwaitingPayment, Event::PaymentMethodGiven(event)) => {
                vec![self.request_payment(&event.payment_token, self.reserved_until_us)]
            }
            (
                OrderStatus::Reserving | OrderStatus::Paying | OrderStatus::AwaitingPayment,
                Event::OrderCancellationRequested(_),
            ) => vec![self.cancel(CancelledBy::Shopper)],
            // A card given in the last second is still asked: the window ends only for an order
            // that waits.
            (OrderStatus::AwaitingPayment, Event::PaymentWindowElapsed(event))
                if self.window_is_over(event, at_us) =>
            {
                vec![self.cancel(CancelledBy::PaymentWindow)]
            }
            (OrderStatus::Reserving | OrderStatus::Paying, Event::OrderDeadlinePassed(event))
                if event.deadline_us == self.deadline_us =>
            {
                vec![self.cancel(CancelledBy::Deadline)]
            }
            _ => Vec::new(),
        }
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
            }
            Event::PaymentRequested(event) => {
                self.reserved_until_us = event.reserved_until_us;
                self.deadline_us = at_us.saturating_add(PAYING_LIMIT_US);
                self.payment_token = None;
            }
            // The one change that nobody decides: the order waits again, as long as it may.
            Event::PaymentDeclined(event)
                if self.stage == Stage::Reserved && event.attempt == self.payment.attempts =>
            {
                self.deadline_us = self.reserved_until_us;
            }
            Event::OrderConfirmed(_) => self.end(Stage::Confirmed),
            Event::OrderRejected(_) => self.end(Stage::Rejected),
            Event::OrderCancelled(_) => self.end(Stage::Cancelled),
            _ => {}
        }
        self.payment.evolve(event);
    }

    fn end(&mut self, stage: Stage) {
        self.stage = stage;
        self.payment_token = None;
        self.deadline_us = 0;
    }

    /// When the order moves on by itself; `None` once it has ended.
    pub fn deadline(&self) -> Option<i64> {
        (self.deadline_us > 0).then_some(self.deadline_us)
    }

    /// The event that says so.
    pub fn elapsed(&self) -> Event {
        let order_id = self.order_id;
        if self.status() == OrderStatus::AwaitingPayment {
            let reserved_until_us = Some(self.reserved_until_us);
            return PaymentWindowElapsed {
                order_id,
                reserved_until_us,
            }
            .into();
        }
        OrderDeadlinePassed {
            order_id,
            deadline_us: self.deadline_us,
        }
        .into()
    }

    fn request_payment(&self, payment_token: &str, reserved_until_us: i64) -> Event {
        PaymentRequested {
            order_id: self.order_id,
            amount: self.total,
            payment_token: payment_token.to_owned(),
            attempt: self.payment.attempts + 1,
            reserved_until_us,
            gateway: Gateway::Test,
        }
        .into()
    }

    /// Ends the order unpaid, whatever it waits for. What is reserved for it is released.
    pub fn cancel(&self, by: CancelledBy) -> Event {
        let lines = match self.stage {
            Stage::Reserved => self.lines.clone(),
            _ => Vec::new(),
        };
        OrderCancelled {
            order_id: self.order_id,
            by,
            lines,
        }
        .into()
    }
}

/// What a placed order wants reserved.
pub fn lines_of(event: &OrderPlaced) -> Vec<ReservedLine> {
    let line = |line: &crate::OrderedLine| ReservedLine {
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
        gateway: Gateway::Test,
    }
    .into()
}

/// Asks for what was reserved in vain to be released.
pub fn release(reserved: &StockReserved) -> Event {
    let line = |moved: &crate::event::StockMove| ReservedLine {
        sku: moved.sku.clone(),
        quantity: moved.quantity,
    };
    StockReleaseRequested {
        order_id: reserved.order_id,
        lines: reserved.moves.iter().map(line).collect(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use types::order::DeclineReason;
    use types::{Currency, Sku};

    use super::*;
    use crate::OrderedLine;
    use crate::event::{
        OrderCancellationRequested, PaymentDeclined, PaymentMethodGiven, StockRejected,
    };

    const WINDOW_US: i64 = 900;

    fn id() -> OrderId {
        "0199c0a0-1111-7aaa-8bbb-123456789abc"
            .parse()
            .expect("an id")
    }

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::Eur)
    }

    fn sku() -> Sku {
        "A".parse().expect("a SKU")
    }

    fn placed(payment_token: Option<&str>) -> OrderState {
        let placed = OrderPlaced {
            order_id: id(),
            shopper_id: id().to_string().parse().expect("an id"),
            lines: vec![OrderedLine {
                sku: sku(),
                quantity: 2,
                unit_price: eur(500),
                adjustments: Vec::new(),
                tax: Vec::new(),
            }],
            total: eur(1_000),
            payment_token: payment_token.map(str::to_owned),
        };
        OrderState::placed(&placed, 0)
    }

    fn reserved() -> Event {
        StockReserved {
            order_id: id(),
            moves: Vec::new(),
        }
        .into()
    }

    fn asked(token: &str, attempt: u32) -> Event {
        PaymentRequested {
            order_id: id(),
            amount: eur(1_000),
            payment_token: token.into(),
            attempt,
            reserved_until_us: 100 + WINDOW_US,
            gateway: Gateway::Test,
        }
        .into()
    }

    fn declined(attempt: u32) -> Event {
        PaymentDeclined {
            order_id: id(),
            attempt,
            reason: DeclineReason::CardDeclined,
        }
        .into()
    }

    fn authorized(attempt: u32) -> Event {
        PaymentAuthorized {
            order_id: id(),
            amount: eur(1_000),
            attempt,
            authorization_id: "auth".into(),
        }
        .into()
    }

    fn given_card(token: &str) -> Event {
        PaymentMethodGiven {
            order_id: id(),
            payment_token: token.into(),
        }
        .into()
    }

    /// Given a fresh order, when these happen at these times, then this follows each.
    fn story(mut order: OrderState, steps: &[(i64, Event, Vec<Event>)]) -> OrderState {
        for (at_us, when, then) in steps {
            let decided = order.decide(when, *at_us, WINDOW_US);
            assert_eq!(&decided, then, "after {when:?}");
            order.evolve(when, *at_us);
            for event in &decided {
                order.evolve(event, *at_us);
            }
        }
        order
    }

    #[test]
    fn an_order_with_a_good_card_is_confirmed() {
        let order = story(
            placed(Some("pm_a")),
            &[
                (100, reserved(), vec![asked("pm_a", 1)]),
                (
                    200,
                    authorized(1),
                    vec![OrderConfirmed { order_id: id() }.into()],
                ),
            ],
        );
        assert_eq!(order.status(), OrderStatus::Confirmed);
    }

    #[test]
    fn a_decline_keeps_the_reservation_and_another_card_pays() {
        let order = story(
            placed(Some("pm_a")),
            &[
                (100, reserved(), vec![asked("pm_a", 1)]),
                (200, declined(1), vec![]),
                (300, given_card("pm_b"), vec![asked("pm_b", 2)]),
                (310, given_card("pm_c"), vec![]),
                // The late answer to the first card is not one to the second.
                (320, authorized(1), vec![]),
                (
                    400,
                    authorized(2),
                    vec![OrderConfirmed { order_id: id() }.into()],
                ),
            ],
        );
        assert_eq!(
            (order.status(), order.payment.attempts),
            (OrderStatus::Confirmed, 2)
        );
    }

    #[test]
    fn without_stock_the_order_is_rejected_and_nothing_is_asked_of_the_gateway() {
        let rejected: Event = StockRejected {
            order_id: id(),
            short: Vec::new(),
        }
        .into();
        let order = story(
            placed(Some("pm_a")),
            &[
                (100, rejected, vec![OrderRejected { order_id: id() }.into()]),
                (200, given_card("pm_b"), vec![]),
            ],
        );
        assert_eq!(
            (order.status(), order.payment_token),
            (OrderStatus::Rejected, None)
        );
    }

    #[test]
    fn without_a_card_the_order_waits_and_the_end_of_the_window_releases_it() {
        let until = 100 + WINDOW_US;
        let required = PaymentMethodRequired {
            order_id: id(),
            reserved_until_us: until,
        }
        .into();
        let told = |reserved_until_us| -> Event {
            PaymentWindowElapsed {
                order_id: id(),
                reserved_until_us,
            }
            .into()
        };
        let elapsed = told(Some(until));
        let lines = vec![ReservedLine {
            sku: sku(),
            quantity: 2,
        }];
        let by = CancelledBy::PaymentWindow;
        let cancelled = OrderCancelled {
            order_id: id(),
            by,
            lines,
        }
        .into();
        story(
            placed(None),
            &[
                (100, reserved(), vec![required]),
                // Of an older window, and as the first release told it, too early.
                (until, told(Some(until - 1)), vec![]),
                (until - 1, told(None), vec![]),
                (until, elapsed.clone(), vec![cancelled]),
                (until + 1, elapsed, vec![]),
                (until + 2, given_card("pm_a"), vec![]),
            ],
        );
    }

    fn held() -> Vec<ReservedLine> {
        vec![ReservedLine {
            sku: sku(),
            quantity: 2,
        }]
    }

    fn cancelled(by: CancelledBy, lines: Vec<ReservedLine>) -> Event {
        OrderCancelled {
            order_id: id(),
            by,
            lines,
        }
        .into()
    }

    fn void() -> Event {
        PaymentVoidRequested {
            order_id: id(),
            attempt: 1,
            authorization_id: "auth".into(),
            gateway: Gateway::Test,
        }
        .into()
    }

    #[test]
    fn an_unpaid_order_can_be_cancelled_and_a_paid_one_cannot() {
        let ask: Event = OrderCancellationRequested { order_id: id() }.into();
        let by_shopper = cancelled(CancelledBy::Shopper, held());
        story(
            placed(Some("pm_a")),
            &[
                (100, reserved(), vec![asked("pm_a", 1)]),
                (200, declined(1), vec![]),
                (300, ask.clone(), vec![by_shopper]),
                (400, ask.clone(), vec![]),
            ],
        );
        let paid = story(
            placed(Some("pm_a")),
            &[
                (100, reserved(), vec![asked("pm_a", 1)]),
                (
                    200,
                    authorized(1),
                    vec![OrderConfirmed { order_id: id() }.into()],
                ),
                (300, ask, vec![]),
            ],
        );
        assert_eq!(paid.check(Command::Cancel), Err(Refusal::AlreadyPaid));
        assert_eq!(paid.deadline(), None);
    }

    /// The gateway's answer may come after the shopper has given up: the money is not kept.
    #[test]
    fn an_order_cancelled_while_it_pays_releases_its_stock_and_lets_the_money_go() {
        let ask: Event = OrderCancellationRequested { order_id: id() }.into();
        let order = story(
            placed(Some("pm_a")),
            &[
                (100, reserved(), vec![asked("pm_a", 1)]),
                (110, ask, vec![cancelled(CancelledBy::Shopper, held())]),
                (200, authorized(1), vec![void()]),
            ],
        );
        assert_eq!(order.payment.status, PaymentStatus::Voided);
    }

    #[test]
    fn what_is_reserved_for_an_order_that_has_ended_is_released() {
        let ask: Event = OrderCancellationRequested { order_id: id() }.into();
        let moved = crate::event::StockMove {
            sku: sku(),
            quantity: 2,
            on_hand: 5,
            allocated: 2,
        };
        let reserved: Event = StockReserved {
            order_id: id(),
            moves: vec![moved],
        }
        .into();
        let released = StockReleaseRequested {
            order_id: id(),
            lines: held(),
        };
        story(
            placed(Some("pm_a")),
            &[
                (100, ask, vec![cancelled(CancelledBy::Shopper, Vec::new())]),
                (200, reserved, vec![released.into()]),
            ],
        );
    }

    #[test]
    fn whatever_an_order_waits_for_it_has_a_deadline_that_ends_it() {
        let by = CancelledBy::Deadline;
        let waits = placed(Some("pm_a"));
        assert_eq!(waits.deadline(), Some(RESERVING_LIMIT_US));
        let passed = waits.elapsed();
        story(
            waits,
            &[
                (1, passed.clone(), vec![cancelled(by, Vec::new())]),
                (2, passed.clone(), vec![]),
            ],
        );
        let pays = story(
            placed(Some("pm_a")),
            &[
                (100, reserved(), vec![asked("pm_a", 1)]),
                // The deadline of what it waited for before.
                (200, passed, vec![]),
            ],
        );
        assert_eq!(pays.deadline(), Some(100 + PAYING_LIMIT_US));
        let passed = pays.elapsed();
        story(pays, &[(300, passed, vec![cancelled(by, held())])]);
    }
}
