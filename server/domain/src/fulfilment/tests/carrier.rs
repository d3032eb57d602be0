//! Labels, and what a carrier says.

use types::fulfilment::{CarrierStatus, LabelState};

use super::*;
use crate::event::{
    ShipmentCarrierReported, ShipmentLabelAsked, ShipmentLabelCancelAsked, ShipmentLabelKept,
    ShipmentLabelled,
};

const NUMBER: &str = "VP1";

fn ask(order: &mut OrderState, n: u8) -> Vec<Event> {
    let asked = ShipmentLabelAsked {
        order_id: order_id(),
        shipment_id: shipment_id(n),
        carrier: Carrier::Simulator,
        by: "staff".into(),
    };
    tell(order, asked)
}

fn labelled(order: &mut OrderState, n: u8, attempt: u32) -> Vec<Event> {
    let labelled = ShipmentLabelled {
        order_id: order_id(),
        shipment_id: shipment_id(n),
        carrier: Carrier::Simulator,
        attempt,
        tracking: Tracking {
            number: NUMBER.into(),
            url: None,
        },
    };
    tell(order, labelled)
}

fn hear(order: &mut OrderState, n: u8, status: CarrierStatus, sequence: u64) -> Vec<Event> {
    let told = ShipmentCarrierReported {
        order_id: order_id(),
        shipment_id: shipment_id(n),
        carrier: Carrier::Simulator,
        tracking_number: NUMBER.into(),
        status,
        sequence,
        happened_at_us: 0,
    };
    tell(order, told)
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

fn state(order: &OrderState, n: u8) -> LabelState {
    order
        .fulfilment
        .label(shipment_id(n))
        .expect("a label")
        .state
}

/// An order whose pieces are all in a parcel with a label.
fn with_label() -> OrderState {
    let mut order = paid();
    pack(&mut order, 1, &[("A", 2), ("B", 1)], 2_000);
    assert_eq!(kinds(&ask(&mut order, 1)), ["shipment.label_requested"]);
    assert_eq!(labelled(&mut order, 1, 1), []);
    assert_eq!(state(&order, 1), LabelState::Bought);
    order
}

#[test]
fn a_parcel_that_the_carrier_has_has_left_with_its_number_and_is_paid_for() {
    let mut order = with_label();
    assert_eq!(hear(&mut order, 1, CarrierStatus::Labelled, 1), []);
    let events = hear(&mut order, 1, CarrierStatus::Accepted, 2);
    assert_eq!(
        kinds(&events),
        ["shipment.shipped", "payment.capture_requested"]
    );
    let Event::ShipmentShipped(shipped) = &events[0] else {
        panic!("{events:?}");
    };
    assert_eq!(shipped.carrier, Carrier::Simulator);
    assert_eq!(shipped.tracking.as_ref().expect("one").number, NUMBER);
    let moved = hear(&mut order, 1, CarrierStatus::InTransit, 3);
    assert_eq!(kinds(&moved), ["shipment.moved"]);
    let moved = hear(&mut order, 1, CarrierStatus::OutForDelivery, 4);
    assert_eq!(kinds(&moved), ["shipment.moved"]);
    let arrived = hear(&mut order, 1, CarrierStatus::Delivered, 5);
    assert_eq!(kinds(&arrived), ["shipment.delivered"]);
    assert_eq!(order.status(), OrderStatus::Delivered);
}

#[test]
fn news_of_the_end_that_come_first_leave_nothing_out() {
    let mut order = with_label();
    let events = hear(&mut order, 1, CarrierStatus::Delivered, 5);
    assert_eq!(
        kinds(&events),
        [
            "shipment.shipped",
            "shipment.delivered",
            "payment.capture_requested"
        ]
    );
    assert_eq!(hear(&mut order, 1, CarrierStatus::InTransit, 3), []);
    assert_eq!(order.status(), OrderStatus::Delivered);
}

#[test]
fn what_was_lost_turns_up_and_what_has_arrived_stays_there() {
    let mut order = with_label();
    hear(&mut order, 1, CarrierStatus::InTransit, 2);
    let lost = hear(&mut order, 1, CarrierStatus::Lost, 3);
    assert_eq!(kinds(&lost), ["shipment.lost"]);
    assert_eq!(hear(&mut order, 1, CarrierStatus::InTransit, 4), []);
    let found = hear(&mut order, 1, CarrierStatus::Delivered, 5);
    assert_eq!(kinds(&found), ["shipment.delivered"]);
    assert_eq!(hear(&mut order, 1, CarrierStatus::Lost, 6), []);
    assert_eq!(hear(&mut order, 1, CarrierStatus::Returned, 7), []);
}

#[test]
fn news_of_another_number_or_another_parcel_are_not_believed() {
    let mut order = with_label();
    assert_eq!(hear(&mut order, 2, CarrierStatus::Delivered, 5), []);
    let mut told = ShipmentCarrierReported {
        order_id: order_id(),
        shipment_id: shipment_id(1),
        carrier: Carrier::Simulator,
        tracking_number: "VP2".into(),
        status: CarrierStatus::Delivered,
        sequence: 5,
        happened_at_us: 0,
    };
    assert_eq!(tell(&mut order, told.clone()), []);
    told.tracking_number = NUMBER.into();
    assert_eq!(tell(&mut order, told).len(), 3, "and now they are");
}

#[test]
fn a_parcel_has_one_label_at_a_time() {
    let mut order = paid();
    pack(&mut order, 1, &[("A", 2)], 1_300);
    let refused = |events: Vec<Event>| match &*events {
        [Event::ShipmentRefused(refused)] => refused.refusal.clone(),
        other => panic!("refused, and not {other:?}"),
    };
    assert_eq!(refused(ask(&mut order, 2)), Refusal::Unknown);
    ask(&mut order, 1);
    assert_eq!(refused(ask(&mut order, 1)), Refusal::LabelPending);
    labelled(&mut order, 1, 1);
    assert_eq!(refused(ask(&mut order, 1)), Refusal::Labelled);
    ship(&mut order, 1);
    assert_eq!(refused(ask(&mut order, 1)), Refusal::Left);
}

#[test]
fn a_label_whose_parcel_is_not_sent_with_it_is_given_back() {
    let given_back = "shipment.label_cancel_requested";
    // Opened again.
    let mut order = with_label();
    let unpack = ShipmentUnpackRequested {
        order_id: order_id(),
        shipment_id: shipment_id(1),
        by: "staff".into(),
    };
    let events = tell(&mut order, unpack.clone());
    assert_eq!(kinds(&events), ["shipment.unpacked", given_back]);
    // Opened again before the carrier had answered.
    let mut order = paid();
    pack(&mut order, 1, &[("A", 2)], 1_300);
    ask(&mut order, 1);
    assert_eq!(kinds(&tell(&mut order, unpack)), ["shipment.unpacked"]);
    assert_eq!(kinds(&labelled(&mut order, 1, 1)), [given_back]);
    assert_eq!(state(&order, 1), LabelState::CancelRequested);
    // The order is cancelled.
    let mut order = with_label();
    let events = cancel(&mut order);
    assert!(kinds(&events).contains(&given_back), "{events:?}");
    assert_eq!(hear(&mut order, 1, CarrierStatus::Accepted, 2), []);
    // Sent by hand with another number.
    let mut order = with_label();
    let other = ShipmentHandoverReported {
        order_id: order_id(),
        shipment_id: shipment_id(1),
        tracking: Some(Tracking {
            number: "JD1".into(),
            url: None,
        }),
        by: "staff".into(),
    };
    let events = tell(&mut order, other);
    assert_eq!(
        kinds(&events),
        ["shipment.shipped", given_back, "payment.capture_requested"]
    );
    // Given to the carrier by hand, with its label: it stays.
    let mut order = with_label();
    let events = ship(&mut order, 1);
    assert_eq!(
        kinds(&events),
        ["shipment.shipped", "payment.capture_requested"]
    );
}

#[test]
fn a_label_that_the_carrier_does_not_take_back_is_still_one() {
    let mut order = with_label();
    let asked = ShipmentLabelCancelAsked {
        order_id: order_id(),
        shipment_id: shipment_id(1),
        by: "staff".into(),
    };
    let events = tell(&mut order, asked.clone());
    assert_eq!(kinds(&events), ["shipment.label_cancel_requested"]);
    let kept = ShipmentLabelKept {
        order_id: order_id(),
        shipment_id: shipment_id(1),
        attempt: 1,
        reason: "The parcel is accepted.".into(),
    };
    assert_eq!(tell(&mut order, kept), []);
    assert_eq!(state(&order, 1), LabelState::Kept);
    let left = hear(&mut order, 1, CarrierStatus::InTransit, 3);
    assert_eq!(
        kinds(&left),
        [
            "shipment.shipped",
            "shipment.moved",
            "payment.capture_requested"
        ]
    );
    assert_eq!(kinds(&tell(&mut order, asked)), ["shipment.refused"]);
}

fn status() -> impl Strategy<Value = CarrierStatus> {
    prop_oneof![
        Just(CarrierStatus::Accepted),
        Just(CarrierStatus::InTransit),
        Just(CarrierStatus::OutForDelivery),
        Just(CarrierStatus::Delivered),
        Just(CarrierStatus::Lost),
        Just(CarrierStatus::Returned),
    ]
}

/// What the sequence of news of a carrier comes to, in whatever order and however often they come.
fn rank(state: ShipmentState) -> u8 {
    match state {
        ShipmentState::Packed => 0,
        ShipmentState::Shipped => 1,
        ShipmentState::Lost => 2,
        ShipmentState::Delivered | ShipmentState::CameBack => 3,
    }
}

proptest! {
    #[test]
    fn no_news_move_a_parcel_back_or_collect_twice(
        news in prop::collection::vec((status(), 1..8u64), 1..24)
    ) {
        let mut order = with_label();
        let (mut known, mut transit) = (0, None);
        let mut collected = 0;
        for (status, sequence) in news {
            let events = hear(&mut order, 1, status, sequence);
            collected += kinds(&events)
                .iter()
                .filter(|kind| **kind == "payment.capture_requested")
                .count();
            let parcel = order.fulfilment.shipment(shipment_id(1)).expect("it");
            let now = parcel.transit.map(|(transit, _)| transit);
            prop_assert!(rank(parcel.state) >= known && now >= transit, "{status:?}");
            (known, transit) = (rank(parcel.state), now);
            // Once more, as a carrier does that has not heard the answer.
            prop_assert_eq!(hear(&mut order, 1, status, sequence), vec![]);
        }
        prop_assert_eq!(collected, 1);
    }
}
