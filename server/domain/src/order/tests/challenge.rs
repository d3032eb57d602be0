//! The shopper has to do something at the gateway, and what it tells comes late, twice and out of turn.

use super::*;
use crate::event::{
    PaymentActionRequired, PaymentAuthorizationExpired, PaymentCaptureFailed,
    PaymentCaptureRetryRequested, PaymentCheckRequested, PaymentOutcome,
    PaymentReauthorizationRequested, PaymentReauthorized, PaymentReported, PaymentReturnReported,
};

const UNTIL_US: i64 = 100 + WINDOW_US;

fn action(attempt: u32) -> Event {
    PaymentActionRequired {
        order_id: id(),
        attempt,
        action_id: format!("pay_{attempt}"),
        url: "/there".into(),
        gateway: Gateway::Test,
    }
    .into()
}

fn told(attempt: u32, outcome: PaymentOutcome) -> Event {
    PaymentReported {
        order_id: id(),
        attempt,
        payment_id: format!("pay_{attempt}"),
        outcome,
        gateway: Gateway::Test,
    }
    .into()
}

fn told_authorized(attempt: u32) -> Event {
    let amount = eur(1_000);
    told(attempt, PaymentOutcome::Authorized { amount })
}

fn told_declined(attempt: u32) -> Event {
    let reason = DeclineReason::CardDeclined;
    told(attempt, PaymentOutcome::Declined { reason })
}

fn authorized_as_told(attempt: u32) -> Event {
    PaymentAuthorized {
        order_id: id(),
        amount: eur(1_000),
        attempt,
        authorization_id: format!("pay_{attempt}"),
        gateway: Gateway::Test,
    }
    .into()
}

fn void_of(attempt: u32) -> Event {
    PaymentVoidRequested {
        order_id: id(),
        attempt,
        authorization_id: format!("pay_{attempt}"),
        gateway: Gateway::Test,
    }
    .into()
}

fn check(is_last: bool) -> Event {
    PaymentCheckRequested {
        order_id: id(),
        attempt: 1,
        action_id: "pay_1".into(),
        is_last,
        gateway: Gateway::Test,
    }
    .into()
}

fn confirmed() -> Event {
    OrderConfirmed { order_id: id() }.into()
}

/// As the broker does it: what is decided is decided about, too. Answers with everything that followed.
fn tell(order: &mut OrderState, event: Event, at_us: i64) -> Vec<Event> {
    let mut followed = Vec::new();
    let mut open = vec![event];
    while !open.is_empty() {
        let event = open.remove(0);
        let decided = order.decide(&event, at_us, &RULES);
        order.evolve(&event, at_us);
        followed.extend(decided.clone());
        open.extend(decided);
    }
    followed
}

/// Reserved, and the bank asks who pays.
fn challenged() -> OrderState {
    let mut order = placed(Some("pm_a"));
    tell(&mut order, reserved(), 100);
    tell(&mut order, action(1), 150);
    assert_eq!(order.status(), OrderStatus::ActionRequired);
    assert_eq!(order.deadline(), Some(UNTIL_US));
    order
}

#[test]
fn who_has_proved_who_they_are_has_paid() {
    let mut order = challenged();
    let back = PaymentReturnReported { order_id: id() };
    assert_eq!(tell(&mut order, back.clone().into(), 200), [check(false)]);
    assert_eq!(
        tell(&mut order, told_authorized(1), 300),
        [authorized_as_told(1), confirmed()]
    );
    assert_eq!(order.status(), OrderStatus::Confirmed);
    assert_eq!(tell(&mut order, back.into(), 400), []);
}

#[test]
fn a_message_that_comes_twice_or_after_another_says_nothing_new() {
    let mut order = challenged();
    tell(&mut order, told_authorized(1), 300);
    for late in [
        told_authorized(1),
        told_declined(1),
        action(1),
        told(1, PaymentOutcome::LetGo),
    ] {
        assert_eq!(tell(&mut order, late.clone(), 400), [], "{late:?}");
        assert_eq!(order.status(), OrderStatus::Confirmed, "{late:?}");
    }
    // Told before the answer to the request has come.
    let mut order = placed(Some("pm_a"));
    tell(&mut order, reserved(), 100);
    tell(&mut order, told_authorized(1), 150);
    assert_eq!(order.status(), OrderStatus::Confirmed);
    assert_eq!(tell(&mut order, action(1), 200), []);
    assert_eq!(tell(&mut order, authorized_as_told(1), 200), []);
    assert_eq!(order.status(), OrderStatus::Confirmed);
}

#[test]
fn another_card_is_asked_and_what_the_first_one_holds_after_all_is_let_go() {
    let mut order = challenged();
    tell(&mut order, told_declined(1), 200);
    assert_eq!(order.status(), OrderStatus::AwaitingPayment);
    tell(&mut order, given_card("pm_b"), 300);
    // Of the first card nothing counts any more.
    assert_eq!(tell(&mut order, told_declined(1), 350), []);
    assert_eq!(tell(&mut order, action(1), 350), []);
    assert_eq!(tell(&mut order, told_authorized(1), 350), [void_of(1)]);
    assert_eq!(order.status(), OrderStatus::Paying);
    tell(&mut order, authorized(2), 400);
    assert_eq!(order.status(), OrderStatus::Confirmed);
    assert_eq!(tell(&mut order, told_authorized(1), 500), [void_of(1)]);
    assert_eq!(order.payment.held_minor(), 1_000, "the second still stands");
}

#[test]
fn an_order_that_is_cancelled_meanwhile_ends_the_question_and_keeps_no_money() {
    let mut order = challenged();
    let followed = tell(&mut order, asks_to_cancel(CancelledBy::Shopper), 200);
    assert!(followed.contains(&void_of(1)), "{followed:?}");
    assert_eq!(order.status(), OrderStatus::Cancelled);
    assert_eq!(tell(&mut order, told_authorized(1), 300), [void_of(1)]);
    assert_eq!(order.status(), OrderStatus::Cancelled);
}

#[test]
fn when_the_time_is_over_the_gateway_is_asked_first() {
    let mut order = challenged();
    let elapsed = order.elapsed();
    assert_eq!(tell(&mut order, elapsed.clone(), UNTIL_US), [check(true)]);
    assert_eq!(tell(&mut order, elapsed, UNTIL_US), [], "once");
    // It had been answered, and the news was lost.
    let mut paid = order.clone();
    tell(&mut paid, told_authorized(1), UNTIL_US + 1);
    assert_eq!(paid.status(), OrderStatus::Confirmed);
    // It had not.
    let reason = DeclineReason::NotAuthenticated;
    let nobody = told(1, PaymentOutcome::Declined { reason });
    tell(&mut order, nobody, UNTIL_US + 1);
    assert_eq!(order.deadline(), Some(UNTIL_US));
    let elapsed = order.elapsed();
    tell(&mut order, elapsed, UNTIL_US + 2);
    assert_eq!(order.status(), OrderStatus::Cancelled);
}

#[test]
fn a_gateway_that_never_answers_does_not_hold_the_order_for_good() {
    let mut order = challenged();
    let elapsed = order.elapsed();
    tell(&mut order, elapsed, UNTIL_US);
    let deadline = order.deadline().expect("another one");
    assert_eq!(deadline, UNTIL_US + PAYING_LIMIT_US);
    let elapsed = order.elapsed();
    let followed = tell(&mut order, elapsed, deadline);
    assert_eq!(order.status(), OrderStatus::Cancelled);
    assert!(followed.contains(&void_of(1)), "{followed:?}");
}

#[test]
fn another_amount_than_was_asked_for_pays_nothing() {
    let mut order = challenged();
    let amount = eur(1);
    let followed = tell(
        &mut order,
        told(1, PaymentOutcome::Authorized { amount }),
        200,
    );
    assert!(followed.contains(&void_of(1)), "{followed:?}");
    assert_eq!(order.status(), OrderStatus::AwaitingPayment);
}

#[test]
fn what_was_held_for_too_long_is_held_again_and_collected() {
    let mut order = challenged();
    tell(&mut order, told_authorized(1), 200);
    let expired = tell(&mut order, told(1, PaymentOutcome::Expired), 300);
    let event = PaymentAuthorizationExpired {
        order_id: id(),
        authorization_id: "pay_1".into(),
    };
    assert_eq!(expired, [event.into()]);
    assert_eq!(tell(&mut order, told(1, PaymentOutcome::Expired), 300), []);
    let asked = order.payment.capture(id(), None, eur(1_000), true);
    tell(
        &mut order,
        asked.clone().expect("something to collect"),
        400,
    );
    let failed = PaymentCaptureFailed {
        order_id: id(),
        shipment_id: None,
        amount: eur(1_000),
        reason: "expired".into(),
        expired: true,
    };
    tell(&mut order, failed.into(), 500);
    let again = PaymentCaptureRetryRequested {
        order_id: id(),
        by: "staff".into(),
    };
    let hold = PaymentReauthorizationRequested {
        order_id: id(),
        authorization_id: "pay_1".into(),
        gateway: Gateway::Test,
    };
    assert_eq!(tell(&mut order, again.into(), 600), [hold.into()]);
    let held = PaymentReauthorized {
        order_id: id(),
        authorization_id: "pay_1".into(),
    };
    let followed = tell(&mut order, held.into(), 700);
    assert_eq!(followed, [asked.expect("as before")]);
}

#[test]
fn a_gateway_with_a_page_of_its_own_is_asked_without_a_card() {
    let rules = Rules {
        gateway: Gateway::Stripe,
        ..RULES
    };
    let order = placed(None);
    let decided = order.decide(&reserved(), 100, &rules);
    let [Event::PaymentRequested(request)] = decided.as_slice() else {
        panic!("the gateway is asked: {decided:?}");
    };
    assert_eq!(request.gateway, Gateway::Stripe);
    assert_eq!(request.payment_token, "");
}
