mod acts;
mod astray;
mod carrier;

use proptest::prelude::*;
use types::returns::{RETURN_DAYS, ReceivedPieces, ReturnPieces, ReturnReason};
use types::{Currency, RefundId, ReturnId};

use super::*;
use crate::event::{
    Gateway, OrderCancellationRequested, OrderConfirmed, OrderPlaced, OrderedLine,
    PaymentAuthorizationExpired, PaymentAuthorized, PaymentCaptureFailed, PaymentCaptureRequested,
    PaymentCaptured, PaymentReauthorized, PaymentRefundAsked, PaymentRefunded, PaymentRequested,
    ReturnAnswerGiven, ReturnReceiptReported, ReturnRequested, StockReserved,
};
use crate::order::{CaptureOn, OrderState, Rules};
use crate::payment::Asked;
use crate::returns;
use types::order::{CancelledBy, OrderStatus};

const RULES: Rules = Rules {
    payment_window_us: 900,
    capture: CaptureOn::Shipment,
    gateway: Gateway::Test,
    returns_by: Carrier::Manual,
};

fn order_id() -> OrderId {
    "0199c0a0-1111-7aaa-8bbb-123456789abc"
        .parse()
        .expect("an id")
}

fn shipment_id(n: u8) -> ShipmentId {
    format!("0199c0a0-1111-7aaa-8bbb-1234567890{n:02x}")
        .parse()
        .expect("an id")
}

fn sku(name: &str) -> Sku {
    name.parse().expect("a SKU")
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn pieces(lines: &[(&str, u32)]) -> Vec<Pieces> {
    let line = |&(name, quantity): &(&str, u32)| Pieces {
        sku: sku(name),
        quantity,
    };
    lines.iter().map(line).collect()
}

/// An order of two A at 5.00 and one B at 7.00, with 3.00 for the delivery, that is paid.
fn paid() -> OrderState {
    let order_id = order_id();
    let line = |name, quantity, minor| OrderedLine {
        sku: sku(name),
        quantity,
        unit_price: eur(minor),
        adjustments: Vec::new(),
        tax: Vec::new(),
    };
    let placed = OrderPlaced {
        order_id,
        shopper_id: order_id.to_string().parse().expect("an id"),
        lines: vec![line("A", 2, 500), line("B", 1, 700)],
        total: eur(2_000),
        payment_token: Some("pm".into()),
    };
    let mut order = OrderState::placed(&placed, 0);
    let events: [Event; 4] = [
        StockReserved {
            order_id,
            moves: Vec::new(),
            from_checkout: None,
        }
        .into(),
        PaymentRequested {
            order_id,
            amount: eur(2_000),
            payment_token: "pm".into(),
            attempt: 1,
            reserved_until_us: 900,
            gateway: Default::default(),
        }
        .into(),
        PaymentAuthorized {
            order_id,
            amount: eur(2_000),
            attempt: 1,
            authorization_id: "auth".into(),
            gateway: Gateway::Test,
        }
        .into(),
        OrderConfirmed { order_id }.into(),
    ];
    for event in &events {
        order.evolve(event, 0);
    }
    order
}

/// What follows, all of it noted.
fn tell(order: &mut OrderState, event: impl Into<Event>) -> Vec<Event> {
    let event = event.into();
    let decided = order.decide(&event, 0, &RULES);
    order.evolve(&event, 0);
    for event in &decided {
        order.evolve(event, 0);
    }
    decided
}

fn pack(order: &mut OrderState, n: u8, lines: &[(&str, u32)], worth: i64) -> Vec<Event> {
    pack_with(order, n, lines, (worth, 0))
}

/// With what delivering the order costs.
fn pack_with(
    order: &mut OrderState,
    n: u8,
    lines: &[(&str, u32)],
    (worth, delivery_minor): (i64, i64),
) -> Vec<Event> {
    let asked = ShipmentRequested {
        order_id: order_id(),
        shipment_id: shipment_id(n),
        lines: pieces(lines),
        worth: eur(worth),
        delivery_minor,
        carrier: Carrier::Manual,
        by: "staff".into(),
    };
    tell(order, asked)
}

fn ship(order: &mut OrderState, n: u8) -> Vec<Event> {
    let told = ShipmentHandoverReported {
        order_id: order_id(),
        shipment_id: shipment_id(n),
        tracking: None,
        by: "staff".into(),
    };
    tell(order, told)
}

fn end(order: &mut OrderState, n: u8, outcome: Outcome) -> Vec<Event> {
    let told = ShipmentOutcomeReported {
        order_id: order_id(),
        shipment_id: shipment_id(n),
        outcome,
        by: "staff".into(),
    };
    tell(order, told)
}

fn cancel(order: &mut OrderState) -> Vec<Event> {
    let asked = OrderCancellationRequested {
        order_id: order_id(),
        by: CancelledBy::Staff,
        staff: Some("staff".into()),
    };
    tell(order, asked)
}

fn captured(order: &mut OrderState) {
    let asked: Vec<_> = order.payment.captures.clone();
    for capture in asked.iter().filter(|it| it.state == Asked::Requested) {
        let captured = PaymentCaptured {
            order_id: order_id(),
            shipment_id: capture.shipment_id,
            amount: capture.amount,
            asked: None,
        };
        tell(order, captured);
    }
}

fn refusal(events: &[Event]) -> Refusal {
    match events {
        [Event::ShipmentRefused(refused)] => refused.refusal.clone(),
        other => panic!("refused, and not {other:?}"),
    }
}

#[test]
fn an_order_goes_in_two_parcels_and_each_is_collected_when_it_leaves() {
    let mut order = paid();
    pack(&mut order, 1, &[("A", 1), ("A", 1)], 1_300);
    assert_eq!(order.status(), OrderStatus::Packed);
    let shipped = ship(&mut order, 1);
    let amount = |events: &[Event]| match events {
        [
            Event::ShipmentShipped(_),
            Event::PaymentCaptureRequested(asked),
        ] => asked.amount,
        other => panic!("shipped and collected, and not {other:?}"),
    };
    assert_eq!(amount(&shipped), eur(1_300));
    assert_eq!(order.status(), OrderStatus::PartlyShipped);
    // Whatever the last one is said to be worth, it is the rest.
    pack(&mut order, 2, &[("B", 1)], 1);
    assert_eq!(order.status(), OrderStatus::PartlyShipped);
    assert_eq!(amount(&ship(&mut order, 2)), eur(700));
    assert_eq!(order.status(), OrderStatus::Shipped);
    end(&mut order, 1, Outcome::Delivered);
    assert_eq!(order.status(), OrderStatus::Shipped);
    end(&mut order, 2, Outcome::Lost);
    assert_eq!(order.status(), OrderStatus::Lost, "nobody has decided");
    captured(&mut order);
    assert_eq!(order.payment.captured_minor(), 2_000);
}

#[test]
fn what_cannot_be_done_with_a_parcel_says_why() {
    let mut order = paid();
    let too_many = |name, left| Refusal::TooMany {
        sku: sku(name),
        left,
    };
    assert_eq!(refusal(&pack(&mut order, 1, &[], 0)), Refusal::Nothing);
    let three = pack(&mut order, 1, &[("A", 2), ("A", 1)], 0);
    assert_eq!(refusal(&three), too_many("A", 2));
    assert_eq!(
        refusal(&pack(&mut order, 1, &[("C", 1)], 0)),
        too_many("C", 0)
    );
    assert_eq!(refusal(&ship(&mut order, 1)), Refusal::Unknown);
    pack(&mut order, 1, &[("A", 2)], 1_000);
    assert_eq!(
        refusal(&pack(&mut order, 1, &[("B", 1)], 0)),
        Refusal::PackedAlready
    );
    assert_eq!(
        refusal(&pack(&mut order, 2, &[("A", 1)], 0)),
        too_many("A", 0)
    );
    assert_eq!(
        refusal(&end(&mut order, 1, Outcome::Lost)),
        Refusal::NotLeft
    );
    ship(&mut order, 1);
    assert_eq!(refusal(&ship(&mut order, 1)), Refusal::Left);
    end(&mut order, 1, Outcome::Delivered);
    assert_eq!(refusal(&end(&mut order, 1, Outcome::Lost)), Refusal::Ended);
    pack(&mut order, 2, &[("B", 1)], 0);
    assert_eq!(refusal(&pack(&mut order, 3, &[], 0)), Refusal::AllPacked);
    let mut gone = paid();
    cancel(&mut gone);
    assert_eq!(
        refusal(&pack(&mut gone, 1, &[("A", 1)], 0)),
        Refusal::NotPaid
    );
}

#[test]
fn a_parcel_that_was_lost_may_turn_up() {
    let mut order = paid();
    pack(&mut order, 1, &[("A", 2), ("B", 1)], 2_000);
    ship(&mut order, 1);
    end(&mut order, 1, Outcome::Lost);
    assert_eq!(order.status(), OrderStatus::Lost);
    end(&mut order, 1, Outcome::Delivered);
    assert_eq!(order.status(), OrderStatus::Delivered);
}

#[test]
fn the_rest_of_a_shipped_order_is_given_up_and_its_money_let_go() {
    let mut order = paid();
    pack(&mut order, 1, &[("A", 1)], 800);
    ship(&mut order, 1);
    captured(&mut order);
    pack(&mut order, 2, &[("B", 1)], 700);
    let rest = cancel(&mut order);
    let [
        Event::OrderRestCancelled(rest),
        Event::PaymentVoidRequested(_),
    ] = &*rest
    else {
        panic!("the rest ends, and not {rest:?}");
    };
    assert_eq!(rest.lines, pieces(&[("A", 1), ("B", 1)]));
    assert_eq!(order.status(), OrderStatus::Shipped);
    assert_eq!(order.payment.captured_minor(), 800);
    assert_eq!(refusal(&ship(&mut order, 2)), Refusal::Unknown);
}

fn collected(events: &[Event]) -> Vec<i64> {
    let asked = events.iter().filter_map(|event| match event {
        Event::PaymentCaptureRequested(asked) => Some(asked.amount.minor),
        _ => None,
    });
    asked.collect()
}

fn given_back(events: &[Event]) -> Vec<i64> {
    let asked = events.iter().filter_map(|event| match event {
        Event::PaymentRefundRequested(asked) => Some(asked.amount.minor),
        _ => None,
    });
    asked.collect()
}

#[test]
fn the_parcel_that_leaves_first_pays_for_the_delivery_whichever_was_packed_first() {
    let mut order = paid();
    pack_with(&mut order, 1, &[("A", 1)], (500, 300));
    pack_with(&mut order, 2, &[("B", 1)], (700, 300));
    assert_eq!(collected(&ship(&mut order, 2)), [1_000]);
    captured(&mut order);
    let ended = cancel(&mut order);
    assert!(
        matches!(ended[..], [_, Event::PaymentVoidRequested(_)]),
        "{ended:?}"
    );
    assert_eq!(
        order.payment.captured_minor(),
        order.fulfilment.sent_minor()
    );
    // Opened and packed again it is the same parcel.
    let mut order = paid();
    pack_with(&mut order, 1, &[("A", 1)], (500, 300));
    let asked = ShipmentUnpackRequested {
        order_id: order_id(),
        shipment_id: shipment_id(1),
        by: "staff".into(),
    };
    tell(&mut order, asked);
    pack_with(&mut order, 2, &[("A", 1)], (500, 300));
    assert_eq!(collected(&ship(&mut order, 2)), [800]);
    pack_with(&mut order, 3, &[("A", 1)], (500, 300));
    assert_eq!(collected(&ship(&mut order, 3)), [500]);
    assert_eq!(order.fulfilment.sent_minor(), 1_300);
}

/// An order of which all was collected before anything left.
fn collected_at_once() -> OrderState {
    let mut order = paid();
    let all = PaymentCaptureRequested {
        order_id: order_id(),
        shipment_id: None,
        amount: eur(2_000),
        authorization_id: "auth".into(),
        gateway: Gateway::Test,
        is_last: true,
    };
    order.evolve(&all.into(), 0);
    order
}

#[test]
fn what_was_collected_for_pieces_that_will_never_be_sent_is_given_back_once() {
    let mut order = collected_at_once();
    captured(&mut order);
    pack_with(&mut order, 1, &[("A", 1)], (500, 300));
    assert_eq!(collected(&ship(&mut order, 1)), [0; 0]);
    assert_eq!(given_back(&cancel(&mut order)), [1_200]);
    assert_eq!(given_back(&cancel(&mut order)), [0; 0], "it has left");
    captured(&mut order);
    assert_eq!(order.payment.refunds.len(), 1);

    // The gateway has not answered yet when the rest is given up.
    let mut order = collected_at_once();
    pack_with(&mut order, 1, &[("A", 1)], (500, 300));
    ship(&mut order, 1);
    assert_eq!(given_back(&cancel(&mut order)), [0; 0]);
    captured(&mut order);
    let amounts: Vec<i64> = order
        .payment
        .refunds
        .iter()
        .map(|it| it.amount.minor)
        .collect();
    assert_eq!(amounts, [1_200]);
}

#[test]
fn what_has_expired_is_held_again_before_it_is_collected_and_the_rest_is_let_go() {
    let mut order = paid();
    let expired = PaymentAuthorizationExpired {
        order_id: order_id(),
        authorization_id: "auth".into(),
    };
    order.evolve(&expired.into(), 0);
    pack_with(&mut order, 1, &[("A", 1)], (500, 300));
    let shipped = ship(&mut order, 1);
    assert!(
        matches!(
            shipped[..],
            [
                Event::ShipmentShipped(_),
                Event::PaymentReauthorizationRequested(_),
                Event::PaymentCaptureRequested(_)
            ]
        ),
        "{shipped:?}"
    );
    let failed = PaymentCaptureFailed {
        order_id: order_id(),
        shipment_id: Some(shipment_id(1)),
        amount: eur(800),
        reason: "expired".into(),
        expired: true,
    };
    order.evolve(&failed.into(), 0);
    cancel(&mut order);
    let again = PaymentReauthorized {
        order_id: order_id(),
        authorization_id: "auth".into(),
    };
    let follows = tell(&mut order, again);
    assert!(
        matches!(
            follows[..],
            [
                Event::PaymentCaptureRequested(_),
                Event::PaymentVoidRequested(_)
            ]
        ),
        "{follows:?}"
    );
    assert_eq!(collected(&follows), [800]);
}

#[test]
fn what_of_a_return_did_not_come_can_be_sent_back_later() {
    let mut order = paid();
    pack(&mut order, 1, &[("A", 2)], 1_000);
    ship(&mut order, 1);
    end(&mut order, 1, Outcome::Delivered);
    captured(&mut order);
    ask_back(&mut order, 1, 2, 0);
    answer(&mut order, 1, true);
    let nothing = receive(&mut order, 1, 0, 0, 500);
    assert!(
        matches!(nothing[..], [Event::ReturnRefused(_)]),
        "{nothing:?}"
    );
    receive(&mut order, 1, 1, 0, 500);
    let again = ask_back(&mut order, 2, 2, 0);
    assert!(matches!(again[..], [Event::ReturnRefused(_)]), "{again:?}");
    let again = ask_back(&mut order, 2, 1, 0);
    assert!(matches!(again[..], [Event::ReturnAsked(_)]), "{again:?}");
}

#[test]
fn an_unpacked_parcel_is_as_if_it_had_never_been_packed() {
    let mut order = paid();
    pack(&mut order, 1, &[("A", 2)], 1_000);
    let asked = ShipmentUnpackRequested {
        order_id: order_id(),
        shipment_id: shipment_id(1),
        by: "staff".into(),
    };
    tell(&mut order, asked);
    assert_eq!(order.status(), OrderStatus::Confirmed);
    let packed = pack(&mut order, 2, &[("A", 2)], 1_000);
    let [Event::ShipmentPacked(packed)] = &*packed else {
        panic!("packed, and not {packed:?}");
    };
    assert_eq!(packed.number, 2, "a number is never given twice");
}

fn ask_back(order: &mut OrderState, n: u8, a: u32, at_us: i64) -> Vec<Event> {
    let asked = ReturnRequested {
        order_id: order_id(),
        return_id: return_id(n),
        lines: vec![ReturnPieces {
            sku: sku("A"),
            quantity: a,
            reason: ReturnReason::DoesNotFit,
        }],
    };
    let event = asked.into();
    let decided = order.decide(&event, at_us, &RULES);
    for event in [&event].into_iter().chain(&decided) {
        order.evolve(event, at_us);
    }
    decided
}

fn return_id(n: u8) -> ReturnId {
    shipment_id(n).to_string().parse().expect("an id")
}

fn receive(order: &mut OrderState, n: u8, restocked: u32, off: u32, refund: i64) -> Vec<Event> {
    let told = ReturnReceiptReported {
        order_id: order_id(),
        return_id: return_id(n),
        lines: vec![ReceivedPieces {
            sku: sku("A"),
            restocked,
            written_off: off,
        }],
        refund: eur(refund),
        by: "staff".into(),
    };
    tell(order, told)
}

fn answer(order: &mut OrderState, n: u8, is_accepted: bool) -> Vec<Event> {
    let given = ReturnAnswerGiven {
        order_id: order_id(),
        return_id: return_id(n),
        is_accepted,
        by: "staff".into(),
    };
    tell(order, given)
}

#[test]
fn what_has_arrived_can_be_sent_back_once_within_its_days() {
    let mut order = paid();
    let not_back = |events: Vec<Event>| match &*events {
        [Event::ReturnRefused(refused)] => refused.refusal.clone(),
        other => panic!("refused, and not {other:?}"),
    };
    let too_many = |left| returns::Refusal::TooMany {
        sku: sku("A"),
        left,
    };
    pack(&mut order, 1, &[("A", 2), ("B", 1)], 2_000);
    ship(&mut order, 1);
    assert_eq!(not_back(ask_back(&mut order, 1, 1, 0)), too_many(0));
    end(&mut order, 1, Outcome::Delivered);
    captured(&mut order);
    assert_eq!(
        not_back(ask_back(&mut order, 1, 0, 0)),
        returns::Refusal::Nothing
    );
    assert_eq!(not_back(ask_back(&mut order, 1, 3, 0)), too_many(2));
    let late = (RETURN_DAYS + 1) * 24 * 60 * 60 * 1_000_000;
    assert_eq!(not_back(ask_back(&mut order, 1, 1, late)), too_many(0));
    assert!(matches!(
        &*ask_back(&mut order, 1, 2, 0),
        [Event::ReturnAsked(_)]
    ));
    assert_eq!(not_back(ask_back(&mut order, 2, 1, 0)), too_many(0));
    assert_eq!(
        not_back(receive(&mut order, 1, 1, 0, 500)),
        returns::Refusal::NotAccepted
    );
    answer(&mut order, 1, true);
    assert_eq!(
        not_back(answer(&mut order, 1, false)),
        returns::Refusal::Answered
    );
    let much = receive(&mut order, 1, 2, 1, 500);
    let left = returns::Refusal::NotSent {
        sku: sku("A"),
        left: 2,
    };
    assert_eq!(not_back(much), left);
    let received = receive(&mut order, 1, 1, 1, 900);
    let [
        Event::ReturnReceived(_),
        Event::PaymentRefundRequested(refund),
    ] = &*received
    else {
        panic!("received and given back, and not {received:?}");
    };
    assert_eq!(refund.amount, eur(900));
    assert_eq!(
        not_back(receive(&mut order, 1, 1, 0, 500)),
        returns::Refusal::Answered
    );
}

#[test]
fn pieces_of_a_declined_return_can_be_asked_for_again() {
    let mut order = paid();
    pack(&mut order, 1, &[("A", 2)], 1_300);
    ship(&mut order, 1);
    end(&mut order, 1, Outcome::Delivered);
    ask_back(&mut order, 1, 2, 0);
    answer(&mut order, 1, false);
    assert!(matches!(&*ask_back(&mut order, 2, 1, 0), [Event::ReturnAsked(it)] if it.number == 2));
}
