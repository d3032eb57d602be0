//! The life of an order: the process manager's decisions, and what the shopper is told of them.

use types::Money;
use types::OrderId;
use types::order::{CancelledBy, OrderStatus, Progress, Step, StepKind};

use crate::event::{
    Event, Gateway, OrderCancelled, OrderConfirmed, OrderPlaced, OrderRejected,
    PaymentMethodRequired, PaymentRequested, ReservedLine,
};

/// What the process manager remembers of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    pub order_id: OrderId,
    pub status: OrderStatus,
    /// Cards tried.
    pub attempts: u32,
    pub total: Money,
    pub lines: Vec<ReservedLine>,
    /// The card to ask once the stock is reserved.
    pub payment_token: Option<String>,
    /// End of the payment window in unix microseconds; 0 while nothing is reserved.
    pub reserved_until_us: i64,
}

impl OrderState {
    /// The state an order begins in.
    pub fn placed(event: &OrderPlaced) -> Self {
        let line = |line: &crate::OrderedLine| ReservedLine {
            sku: line.sku.clone(),
            quantity: line.quantity,
        };
        Self {
            order_id: event.order_id,
            status: OrderStatus::Reserving,
            attempts: 0,
            total: event.total,
            lines: event.lines.iter().map(line).collect(),
            payment_token: event.payment_token.clone(),
            reserved_until_us: 0,
        }
    }

    /// Moves the order on by an event and says what follows. Events that come twice, late, or to an
    /// order that has ended change nothing.
    pub fn handle(&mut self, event: &Event, now_us: i64, payment_window_us: i64) -> Vec<Event> {
        let decided = self.decide(event, now_us, payment_window_us);
        self.evolve(event);
        for event in &decided {
            self.evolve(event);
        }
        decided
    }

    /// What follows an event. `now_us` is the time of the event, not of its handling.
    fn decide(&self, event: &Event, now_us: i64, payment_window_us: i64) -> Vec<Event> {
        let order_id = self.order_id;
        match (self.status, event) {
            (OrderStatus::Reserving, Event::StockReserved(_)) => {
                let reserved_until_us = now_us.saturating_add(payment_window_us);
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
            (OrderStatus::Paying, Event::PaymentAuthorized(event))
                if event.attempt == self.attempts =>
            {
                vec![OrderConfirmed { order_id }.into()]
            }
            (OrderStatus::AwaitingPayment, Event::PaymentMethodGiven(event)) => {
                vec![self.request_payment(&event.payment_token, self.reserved_until_us)]
            }
            (OrderStatus::AwaitingPayment, Event::OrderCancellationRequested(_)) => {
                vec![self.cancel(CancelledBy::Shopper)]
            }
            // A card given in the last second is still asked: the window ends only for an order
            // that waits.
            (OrderStatus::AwaitingPayment, Event::PaymentWindowElapsed(_))
                if now_us >= self.reserved_until_us =>
            {
                vec![self.cancel(CancelledBy::PaymentWindow)]
            }
            _ => Vec::new(),
        }
    }

    /// Takes note of what happened to the order. Of what was decided about it the events tell, so that
    /// a later version, which may decide otherwise, still reads the past as it was.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::PaymentMethodRequired(event) => {
                self.status = OrderStatus::AwaitingPayment;
                self.reserved_until_us = event.reserved_until_us;
                self.payment_token = None;
            }
            Event::PaymentRequested(event) => {
                self.status = OrderStatus::Paying;
                self.attempts = event.attempt;
                self.reserved_until_us = event.reserved_until_us;
                self.payment_token = None;
            }
            // The one change that nobody decides: the order waits again, as long as it may.
            Event::PaymentDeclined(event)
                if self.status == OrderStatus::Paying && event.attempt == self.attempts =>
            {
                self.status = OrderStatus::AwaitingPayment;
            }
            Event::OrderConfirmed(_) => self.status = OrderStatus::Confirmed,
            Event::OrderRejected(_) => {
                self.status = OrderStatus::Rejected;
                self.payment_token = None;
            }
            Event::OrderCancelled(_) => self.status = OrderStatus::Cancelled,
            _ => {}
        }
    }

    fn request_payment(&self, payment_token: &str, reserved_until_us: i64) -> Event {
        PaymentRequested {
            order_id: self.order_id,
            amount: self.total,
            payment_token: payment_token.to_owned(),
            attempt: self.attempts + 1,
            reserved_until_us,
            gateway: Gateway::Test,
        }
        .into()
    }

    fn cancel(&self, by: CancelledBy) -> Event {
        OrderCancelled {
            order_id: self.order_id,
            by,
            lines: self.lines.clone(),
        }
        .into()
    }
}

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

#[cfg(test)]
mod tests {
    use types::order::DeclineReason;
    use types::{Currency, Sku};

    use super::*;
    use crate::OrderedLine;
    use crate::event::{
        OrderCancellationRequested, PaymentAuthorized, PaymentDeclined, PaymentMethodGiven,
        PaymentWindowElapsed, StockRejected, StockReserved,
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
        OrderState::placed(&OrderPlaced {
            order_id: id(),
            shopper_id: id().to_string().parse().expect("an id"),
            lines: vec![OrderedLine {
                sku: sku(),
                quantity: 2,
                unit_price: eur(500),
            }],
            total: eur(1_000),
            payment_token: payment_token.map(str::to_owned),
        })
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
            assert_eq!(
                &order.handle(when, *at_us, WINDOW_US),
                then,
                "after {when:?}"
            );
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
        assert_eq!(order.status, OrderStatus::Confirmed);
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
        assert_eq!((order.status, order.attempts), (OrderStatus::Confirmed, 2));
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
            (order.status, order.payment_token),
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
        let elapsed: Event = PaymentWindowElapsed { order_id: id() }.into();
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
                (until - 1, elapsed.clone(), vec![]),
                (until, elapsed.clone(), vec![cancelled]),
                (until + 1, elapsed, vec![]),
                (until + 2, given_card("pm_a"), vec![]),
            ],
        );
    }

    #[test]
    fn only_an_unpaid_order_can_be_cancelled() {
        let ask: Event = OrderCancellationRequested { order_id: id() }.into();
        let lines = vec![ReservedLine {
            sku: sku(),
            quantity: 2,
        }];
        let cancelled = OrderCancelled {
            order_id: id(),
            by: CancelledBy::Shopper,
            lines,
        }
        .into();
        story(
            placed(Some("pm_a")),
            &[
                (100, reserved(), vec![asked("pm_a", 1)]),
                (110, ask.clone(), vec![]),
                (200, declined(1), vec![]),
                (300, ask.clone(), vec![cancelled]),
                (400, ask, vec![]),
            ],
        );
    }
}
