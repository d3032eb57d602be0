use types::fulfilment::ShipmentState;
use types::order::DeclineReason;
use types::{Currency, Sku};

use super::*;
use crate::fulfilment::Decided;

mod challenge;
mod review;
use crate::OrderedLine;
use crate::event::{
    OrderCancellationRequested, PaymentCaptured, PaymentDeclined, PaymentMethodGiven,
    StockRejected, StockReleaseRequested,
};

const WINDOW_US: i64 = 900;
const RULES: Rules = Rules {
    payment_window_us: WINDOW_US,
    capture: CaptureOn::Shipment,
    gateway: Gateway::Test,
    returns_by: Carrier::Manual,
};

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
        from_checkout: None,
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
        gateway: Gateway::Test,
    }
    .into()
}

fn asks_to_cancel(by: CancelledBy) -> Event {
    OrderCancellationRequested {
        order_id: id(),
        by,
        staff: None,
    }
    .into()
}

fn not_cancelled(refusal: Refusal) -> Vec<Event> {
    let order_id = id();
    vec![OrderCancellationRefused { order_id, refusal }.into()]
}

fn authorized(attempt: u32) -> Event {
    PaymentAuthorized {
        order_id: id(),
        amount: eur(1_000),
        attempt,
        authorization_id: "auth".into(),
        gateway: Gateway::Test,
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
        let decided = order.decide(when, *at_us, &RULES);
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
    let lines = vec![Pieces {
        sku: sku(),
        quantity: 2,
    }];
    let by = CancelledBy::PaymentWindow;
    let cancelled = OrderCancelled {
        order_id: id(),
        by,
        lines,
        paid: false,
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

fn held() -> Vec<Pieces> {
    vec![Pieces {
        sku: sku(),
        quantity: 2,
    }]
}

fn cancelled(by: CancelledBy, lines: Vec<Pieces>) -> Event {
    OrderCancelled {
        order_id: id(),
        by,
        lines,
        paid: false,
    }
    .into()
}

fn cancelled_when_paid(by: CancelledBy) -> Event {
    OrderCancelled {
        order_id: id(),
        by,
        lines: held(),
        paid: true,
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
fn an_order_can_be_cancelled_and_what_was_held_of_the_money_is_let_go() {
    let ask = asks_to_cancel(CancelledBy::Shopper);
    let by_shopper = cancelled(CancelledBy::Shopper, held());
    story(
        placed(Some("pm_a")),
        &[
            (100, reserved(), vec![asked("pm_a", 1)]),
            (200, declined(1), vec![]),
            (300, ask.clone(), vec![by_shopper]),
            (400, ask.clone(), not_cancelled(Refusal::AlreadyCancelled)),
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
        ],
    );
    assert_eq!(paid.deadline(), None);
    let undone = vec![cancelled_when_paid(CancelledBy::Shopper), void()];
    let paid = story(paid, &[(300, ask, undone)]);
    assert_eq!(paid.payment.status, PaymentStatus::Voided);
}

/// The gateway's answer may come after the shopper has given up: the money is not kept.
#[test]
fn an_order_cancelled_while_it_pays_releases_its_stock_and_lets_the_money_go() {
    let ask = asks_to_cancel(CancelledBy::Shopper);
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
    let ask = asks_to_cancel(CancelledBy::Shopper);
    let moved = StockMove {
        sku: sku(),
        quantity: 2,
        on_hand: 5,
        allocated: 2,
        reserved: 0,
    };
    let reserved: Event = StockReserved {
        order_id: id(),
        moves: vec![moved],
        from_checkout: None,
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

fn other_id() -> types::ShipmentId {
    "0199c0a0-2222-7aaa-8bbb-123456789abc"
        .parse()
        .expect("an id")
}

/// Every status and what can be asked in it: as in the README.
#[test]
fn what_can_be_asked_of_an_order_depends_on_how_far_it_is() {
    use Refusal::*;
    let parcel = |state| FulfilmentState {
        shipments: vec![fulfilment::Shipment {
            id: id().to_string().parse().expect("an id"),
            number: 1,
            lines: held(),
            worth: eur(1_000),
            delivery_minor: 0,
            carrier: Default::default(),
            state,
            tracking: None,
            delivered_at_us: 0,
            transit: None,
            replaces: None,
            decided: None,
            is_waiting: false,
        }],
        packed: 1,
        cancelled: Vec::new(),
        labels: Vec::new(),
    };
    let order = |stage, status, fulfilment| {
        let mut order = placed(None);
        order.stage = stage;
        order.payment.status = status;
        order.fulfilment = fulfilment;
        order
    };
    let open = FulfilmentState::default;
    let mut partly = parcel(ShipmentState::Shipped);
    partly.shipments[0].lines[0].quantity = 1;
    let mut given_up = parcel(ShipmentState::Lost);
    given_up.shipments[0].decided = Some(Decided::GivenUp);
    // A parcel in place of one that was lost.
    let again = |state| {
        let mut again = parcel(ShipmentState::Lost);
        let mut other = again.shipments[0].clone();
        other.id = other_id();
        other.replaces = Some(again.shipments[0].id);
        other.state = state;
        again.shipments[0].decided = Some(Decided::SentAgain(other.id));
        again.shipments.push(other);
        again
    };
    let paid = PaymentStatus::Authorized;
    let none = PaymentStatus::None;
    let declined = PaymentStatus::Declined;
    let table = [
        (
            order(Stage::Placed, none, open()),
            OrderStatus::Reserving,
            [Some(StillReserving), None, None],
        ),
        (
            order(Stage::Reserved, PaymentStatus::Requested, open()),
            OrderStatus::Paying,
            [Some(PaymentUnderWay), None, None],
        ),
        (
            order(Stage::Reserved, PaymentStatus::ActionRequired, open()),
            OrderStatus::ActionRequired,
            [Some(PaymentUnderWay), None, None],
        ),
        (
            order(Stage::Reserved, declined, open()),
            OrderStatus::AwaitingPayment,
            [None, None, None],
        ),
        (
            order(Stage::Confirmed, paid, open()),
            OrderStatus::Confirmed,
            [Some(AlreadyPaid), None, None],
        ),
        (
            order(Stage::Confirmed, paid, parcel(ShipmentState::Packed)),
            OrderStatus::Packed,
            [Some(AlreadyPaid), Some(Packed), None],
        ),
        (
            order(Stage::Confirmed, paid, partly),
            OrderStatus::PartlyShipped,
            [Some(AlreadyPaid), Some(Shipped), None],
        ),
        (
            order(Stage::Confirmed, paid, parcel(ShipmentState::Shipped)),
            OrderStatus::Shipped,
            [Some(AlreadyPaid), Some(Shipped), Some(Shipped)],
        ),
        (
            order(Stage::Confirmed, paid, parcel(ShipmentState::Delivered)),
            OrderStatus::Delivered,
            [Some(AlreadyPaid), Some(Shipped), Some(Shipped)],
        ),
        (
            order(Stage::Confirmed, paid, parcel(ShipmentState::Lost)),
            OrderStatus::Lost,
            [Some(AlreadyPaid), Some(Shipped), Some(Shipped)],
        ),
        (
            order(Stage::Confirmed, paid, parcel(ShipmentState::CameBack)),
            OrderStatus::CameBack,
            [Some(AlreadyPaid), Some(Shipped), Some(Shipped)],
        ),
        (
            order(Stage::Confirmed, paid, given_up),
            OrderStatus::Undelivered,
            [Some(AlreadyPaid), Some(Shipped), Some(Shipped)],
        ),
        (
            order(Stage::Confirmed, paid, again(ShipmentState::Packed)),
            OrderStatus::SendingAgain,
            [Some(AlreadyPaid), Some(Shipped), Some(Shipped)],
        ),
        (
            order(Stage::Confirmed, paid, again(ShipmentState::Shipped)),
            OrderStatus::ShippedAgain,
            [Some(AlreadyPaid), Some(Shipped), Some(Shipped)],
        ),
        (
            order(Stage::Rejected, none, open()),
            OrderStatus::Rejected,
            [Some(OutOfStock), Some(OutOfStock), Some(OutOfStock)],
        ),
        (
            order(Stage::Cancelled, none, open()),
            OrderStatus::Cancelled,
            [
                Some(AlreadyCancelled),
                Some(AlreadyCancelled),
                Some(AlreadyCancelled),
            ],
        ),
    ];
    for (order, status, refusals) in table {
        assert_eq!(order.status(), status);
        let commands = [Command::Pay, Command::Cancel, Command::CancelByStaff];
        for (command, refusal) in commands.into_iter().zip(refusals) {
            assert_eq!(
                order.check(command).err(),
                refusal,
                "{status:?} {command:?}"
            );
        }
    }
}

#[test]
fn a_shop_that_collects_at_once_does_so_with_the_confirmation_and_gives_it_back_when_cancelled() {
    let rules = Rules {
        capture: CaptureOn::Confirmation,
        returns_by: Carrier::Manual,
        ..RULES
    };
    let mut order = placed(Some("pm_a"));
    let mut tell = |event: Event, rules: &Rules| {
        let decided = order.decide(&event, 0, rules);
        order.evolve(&event, 0);
        for event in &decided {
            order.evolve(event, 0);
        }
        decided
    };
    tell(reserved(), &rules);
    let confirmed = tell(authorized(1), &rules);
    let Some(Event::PaymentCaptureRequested(capture)) = confirmed.last() else {
        panic!("the money is collected: {confirmed:?}");
    };
    assert_eq!(capture.amount, eur(1_000));
    let captured = PaymentCaptured {
        order_id: id(),
        shipment_id: None,
        amount: eur(1_000),
        asked: None,
    };
    // The gateway's answer is still on its way.
    let undone = tell(asks_to_cancel(CancelledBy::Shopper), &rules);
    assert_eq!(undone, [cancelled_when_paid(CancelledBy::Shopper)]);
    let given_back = tell(captured.into(), &rules);
    let Some(Event::PaymentRefundRequested(refund)) = given_back.last() else {
        panic!("the money is given back: {given_back:?}");
    };
    assert_eq!(refund.amount, eur(1_000));
}

#[test]
fn who_has_not_paid_is_reminded_once_before_the_end_and_not_when_that_is_near() {
    let at_us = 1_000;
    let required = |window_us: i64| {
        let mut order = placed(None);
        order.evolve(&reserved(), at_us);
        let required = PaymentMethodRequired {
            order_id: id(),
            reserved_until_us: at_us + window_us,
        };
        order.evolve(&required.into(), at_us);
        order
    };
    let mut order = required(3 * REMINDER_US);
    assert_eq!(order.deadline(), Some(at_us + 2 * REMINDER_US));
    let due = order.elapsed();
    assert!(matches!(due, Event::PaymentReminderDue(_)), "{due:?}");
    order.evolve(&due, at_us + 2 * REMINDER_US);
    assert_eq!(order.deadline(), Some(at_us + 3 * REMINDER_US));
    let over = order.elapsed();
    assert!(matches!(over, Event::PaymentWindowElapsed(_)), "{over:?}");

    let short = required(REMINDER_US);
    assert_eq!(short.deadline(), Some(at_us + REMINDER_US), "no reminder");
    let over = short.elapsed();
    assert!(matches!(over, Event::PaymentWindowElapsed(_)), "{over:?}");
}
