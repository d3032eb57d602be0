//! Captures in parts and refunds that take their time, whatever order their answers come in.

use proptest::prelude::*;
use types::{Currency, OrderId};

use super::*;
use crate::event::{PaymentCaptureFailed, PaymentCaptured, PaymentRefundPending, PaymentRequested};

fn id() -> OrderId {
    "0199c0a0-1111-7aaa-8bbb-123456789abc"
        .parse()
        .expect("an id")
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn parcel(n: usize) -> Option<ShipmentId> {
    let text = format!("0199c0a0-1111-7aaa-8bbb-{n:012x}");
    Some(text.parse().expect("an id"))
}

fn refund_id(n: u8) -> RefundId {
    let text = format!("0199c0a0-2222-7aaa-8bbb-{n:012x}");
    text.parse().expect("an id")
}

/// So much is held at Stripe.
fn held(minor: i64) -> PaymentState {
    let mut payment = PaymentState::default();
    let events: [Event; 2] = [
        PaymentRequested {
            order_id: id(),
            amount: eur(minor),
            payment_token: String::new(),
            attempt: 1,
            reserved_until_us: 0,
            gateway: Gateway::Stripe,
        }
        .into(),
        PaymentAuthorized {
            order_id: id(),
            amount: eur(minor),
            attempt: 1,
            authorization_id: "pi_1".into(),
            gateway: Gateway::Stripe,
        }
        .into(),
    ];
    events.iter().for_each(|event| payment.evolve(event));
    payment
}

/// What Stripe does with a capture of a card that allows parts, or of one that does not.
struct Bank {
    in_parts: bool,
    held: i64,
    collected: i64,
    is_closed: bool,
}

impl Bank {
    fn answer(&mut self, asked: &PaymentCaptureRequested) -> Event {
        let wanted = match self.in_parts || asked.is_last {
            true => asked.amount.minor,
            false => self.held - self.collected,
        };
        let taken = match self.is_closed {
            // All of it was collected with the first.
            true => 0,
            false => wanted,
        };
        assert!(
            self.collected + taken <= self.held,
            "never more than is held"
        );
        self.collected += taken;
        self.is_closed |= !self.in_parts || asked.is_last;
        PaymentCaptured {
            order_id: id(),
            shipment_id: asked.shipment_id,
            amount: eur(taken),
            asked: (taken != asked.amount.minor).then_some(asked.amount),
        }
        .into()
    }
}

proptest! {
    #[test]
    fn of_parcels_in_any_number_all_is_collected_once_and_the_books_say_so(
        worths in prop::collection::vec(1_i64..5_000, 1..60),
        in_parts: bool,
        answered_late in prop::collection::vec(any::<bool>(), 60),
    ) {
        let total: i64 = worths.iter().sum();
        let mut payment = held(total);
        let mut bank = Bank { in_parts, held: total, collected: 0, is_closed: false };
        let mut open: Vec<PaymentCaptureRequested> = Vec::new();
        for (at, worth) in worths.iter().enumerate() {
            let is_last = at + 1 == worths.len();
            let asked = payment.capture(id(), parcel(at), eur(*worth), is_last);
            if let Some(asked) = asked {
                payment.evolve(&asked);
                let Event::PaymentCaptureRequested(asked) = asked else { unreachable!() };
                prop_assert_eq!(asked.is_last, payment.held_minor() == 0);
                open.push(asked);
            }
            if !answered_late[at] {
                for asked in open.drain(..) {
                    payment.evolve(&bank.answer(&asked));
                }
            }
        }
        for asked in open.drain(..) {
            payment.evolve(&bank.answer(&asked));
        }
        prop_assert_eq!(bank.collected, total);
        prop_assert_eq!(payment.captured_minor(), total);
        prop_assert_eq!(payment.held_minor(), 0);
        prop_assert!(!payment.is_under_way());
        prop_assert!(payment.captures.len() <= Gateway::Stripe.most_captures());
    }
}

#[test]
fn what_failed_is_asked_for_again_and_only_the_last_of_it_lets_the_rest_go() {
    let mut payment = held(1_000);
    for (at, is_last) in [(0, false), (1, true)] {
        let asked = payment.capture(id(), parcel(at), eur(400), is_last);
        payment.evolve(&asked.expect("asked"));
        let failed = PaymentCaptureFailed {
            order_id: id(),
            shipment_id: parcel(at),
            amount: eur(400),
            reason: "no".into(),
            expired: false,
        };
        payment.evolve(&failed.into());
    }
    let again = payment.capture_again(id());
    let amounts = again.iter().map(|event| match event {
        Event::PaymentCaptureRequested(asked) => (asked.amount.minor, asked.is_last),
        other => panic!("{other:?}"),
    });
    assert_eq!(amounts.collect::<Vec<_>>(), [(400, false), (600, true)]);
}

/// 1,000 are collected, and 300 of it asked back.
fn asked_back(n: u8) -> PaymentState {
    let mut payment = held(1_000);
    let asked = payment
        .capture(id(), None, eur(1_000), true)
        .expect("asked");
    payment.evolve(&asked);
    let captured = PaymentCaptured {
        order_id: id(),
        shipment_id: None,
        amount: eur(1_000),
        asked: None,
    };
    payment.evolve(&captured.into());
    let asked = PaymentRefundAsked {
        order_id: id(),
        refund_id: refund_id(n),
        amount: eur(300),
        reason: "a scratch".into(),
        by: "staff".into(),
        told: false,
    };
    let requested = payment.refund(&asked);
    payment.evolve(&requested);
    payment
}

fn pending(n: u8) -> Event {
    PaymentRefundPending {
        order_id: id(),
        refund_id: refund_id(n),
        amount: eur(300),
        gateway_refund_id: "re_1".into(),
        request: "request".into(),
        gateway: Gateway::Stripe,
    }
    .into()
}

fn told(outcome: RefundOutcome) -> PaymentRefundReported {
    PaymentRefundReported {
        order_id: id(),
        refund_id: None,
        gateway_refund_id: "re_1".into(),
        outcome,
        gateway: Gateway::Stripe,
    }
}

fn failed() -> RefundOutcome {
    RefundOutcome::Failed {
        reason: "the bank has refused it".into(),
    }
}

#[test]
fn a_refund_that_is_taken_on_is_neither_done_nor_there_to_be_given_again() {
    let mut payment = asked_back(1);
    payment.evolve(&pending(1));
    assert_eq!(
        (payment.refunded_minor(), payment.refunds_under_way_minor()),
        (0, 300)
    );
    assert_eq!(payment.refundable_minor(), 700);
    assert!(payment.is_under_way(), "nobody is erased meanwhile");
    assert_eq!(payment.refund_reported(&told(RefundOutcome::Pending)), None);
    let [Event::PaymentRefundCheckRequested(ask)] = &*payment.check_refunds(id()) else {
        panic!("the gateway can be asked");
    };
    assert_eq!(ask.gateway_refund_id, "re_1");

    let done = payment
        .refund_reported(&told(RefundOutcome::Done))
        .expect("it is done");
    let Event::PaymentRefunded(refunded) = &done else {
        panic!("{done:?}");
    };
    assert_eq!(
        refunded.request.as_deref(),
        Some("request"),
        "for the comparison of books"
    );
    payment.evolve(&done);
    assert_eq!(
        (payment.refunded_minor(), payment.refunds_under_way_minor()),
        (300, 0)
    );
    assert_eq!(
        payment.refund_reported(&told(RefundOutcome::Done)),
        None,
        "told twice"
    );
    assert_eq!(payment.check_refunds(id()), []);
    // An answer that comes after the news.
    payment.evolve(&pending(1));
    assert_eq!(payment.refunded_minor(), 300);

    // A bank may refuse what was called done.
    let refused = payment.refund_reported(&told(failed())).expect("it failed");
    payment.evolve(&refused);
    assert_eq!(
        (payment.refunded_minor(), payment.refundable_minor()),
        (0, 1_000)
    );
    assert_eq!(payment.failed_refund().map(|it| it.amount), Some(eur(300)));
    assert_eq!(payment.refund_reported(&told(failed())), None);
    assert_eq!(
        payment.refund_reported(&told(RefundOutcome::Done)),
        None,
        "it came to nothing"
    );
}

#[test]
fn what_is_told_before_the_answer_waits_for_it() {
    let payment = asked_back(1);
    for outcome in [RefundOutcome::Done, failed()] {
        assert_eq!(payment.refund_reported(&told(outcome)), None);
    }
}

fn asked(attempt: u32) -> Event {
    PaymentRequested {
        order_id: id(),
        amount: Money::new(100, Currency::Eur),
        payment_token: "pm_a".into(),
        attempt,
        reserved_until_us: 0,
        gateway: Gateway::Test,
    }
    .into()
}

#[test]
fn a_late_answer_to_the_first_card_is_none_to_the_second() {
    let declined: Event = PaymentDeclined {
        order_id: id(),
        attempt: 1,
        reason: DeclineReason::ExpiredCard,
        gateway: Gateway::Test,
    }
    .into();
    let authorized = |attempt| -> Event {
        PaymentAuthorized {
            order_id: id(),
            amount: Money::new(100, Currency::Eur),
            attempt,
            authorization_id: format!("auth_{attempt}"),
            gateway: Gateway::Test,
        }
        .into()
    };
    let mut payment = PaymentState::default();
    for (event, status) in [
        (asked(1), PaymentStatus::Requested),
        (declined.clone(), PaymentStatus::Declined),
        (asked(2), PaymentStatus::Requested),
        (declined, PaymentStatus::Requested),
        (authorized(1), PaymentStatus::Requested),
        (authorized(2), PaymentStatus::Authorized),
    ] {
        payment.evolve(&event);
        assert_eq!(payment.status, status, "{event:?}");
    }
    let held = payment.authorized.map(|held| held.authorization_id);
    assert_eq!(held.as_deref(), Some("auth_2"));
}
