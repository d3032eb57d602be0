//! Orders that somebody is to look at.

use types::alert::AlertKind;
use types::fulfilment::Carrier;

use super::*;
use crate::event::{OrderReleaseRequested, OrderReviewRequested, ShipmentRequested};
use crate::fulfilment::Refusal as ParcelRefusal;
use crate::order::review::Review;

const NOTHING: [&str; 0] = [];

fn asks_for_review() -> Event {
    OrderReviewRequested {
        order_id: id(),
        rule: AlertKind::ResaleLike,
        subject: "person:ada".to_owned(),
    }
    .into()
}

fn releases() -> Event {
    OrderReleaseRequested {
        order_id: id(),
        by: "ada".to_owned(),
    }
    .into()
}

fn packs(order: &OrderState) -> Event {
    ShipmentRequested {
        order_id: id(),
        shipment_id: "0199c0a0-1111-7aaa-8bbb-0000000000aa"
            .parse()
            .expect("an id"),
        lines: order.lines.clone(),
        worth: eur(1_000),
        delivery_minor: 0,
        carrier: Carrier::Manual,
        by: "ada".to_owned(),
    }
    .into()
}

fn paying() -> OrderState {
    let mut order = placed(Some("tok"));
    happens(&mut order, &reserved(), &RULES);
    order
}

fn confirmed() -> OrderState {
    let mut order = paying();
    happens(&mut order, &authorized(1), &RULES);
    order
}

/// Decides, and takes note of event and answers.
fn happens(order: &mut OrderState, event: &Event, rules: &Rules) -> Vec<&'static str> {
    let answers = order.decide(event, 200, rules);
    order.evolve(event, 200);
    for answer in &answers {
        order.evolve(answer, 200);
    }
    answers.iter().map(Event::kind).collect()
}

#[test]
fn an_order_that_is_held_is_not_packed_before_it_is_released() {
    let mut order = confirmed();
    let rules = RULES;
    assert_eq!(
        happens(&mut order, &asks_for_review(), &rules),
        ["order.held"]
    );
    assert_eq!(
        happens(&mut order, &asks_for_review(), &rules),
        NOTHING,
        "once"
    );
    let packs = packs(&order);
    let refused = order.decide(&packs, 200, &rules);
    assert!(
        matches!(&refused[..], [Event::ShipmentRefused(it)] if it.refusal == ParcelRefusal::UnderReview),
        "{refused:?}"
    );
    assert!(order.check(Command::CancelByStaff).is_ok());
    assert_eq!(happens(&mut order, &releases(), &rules), ["order.released"]);
    assert_eq!(
        happens(&mut order, &releases(), &rules),
        ["order.release_refused"]
    );
    assert_eq!(happens(&mut order, &packs, &rules), ["shipment.packed"]);
    // Whoever has looked at it need not look again.
    assert_eq!(happens(&mut order, &asks_for_review(), &rules), NOTHING);
    assert_eq!(order.review, Review::Released);
}

#[test]
fn nothing_is_collected_of_an_order_that_is_held() {
    let rules = Rules {
        capture: CaptureOn::Confirmation,
        ..RULES
    };
    let mut order = paying();
    happens(&mut order, &asks_for_review(), &rules);
    assert_eq!(
        happens(&mut order, &authorized(1), &rules),
        ["order.confirmed"]
    );
    let released = happens(&mut order, &releases(), &rules);
    assert_eq!(released, ["order.released", "payment.capture_requested"]);
}

#[test]
fn an_order_that_has_ended_is_not_held() {
    let mut order = paying();
    happens(&mut order, &asks_to_cancel(CancelledBy::Shopper), &RULES);
    assert_eq!(happens(&mut order, &asks_for_review(), &RULES), NOTHING);
}
