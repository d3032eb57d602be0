//! Parcels that were lost or came back, and what is decided about them.

use types::fulfilment::Astray;

use super::*;
use crate::event::{
    Decision, ShipmentDecisionGiven, ShipmentReplacementRequested, StockAllocated,
    StockAllocationRefused, StockMove,
};

fn decide(order: &mut OrderState, n: u8, decision: Decision) -> Vec<Event> {
    let given = ShipmentDecisionGiven {
        order_id: order_id(),
        shipment_id: shipment_id(n),
        decision,
        by: "staff".into(),
    };
    tell(order, given)
}

fn ask(order: &mut OrderState, n: u8, other: u8) -> Vec<Event> {
    let replacement_id = shipment_id(other);
    decide(order, n, Decision::SendAgain { replacement_id })
}

fn stock_of(asked: &ShipmentReplacementRequested) -> StockAllocated {
    let moved = |line: &Pieces| StockMove {
        sku: line.sku.clone(),
        quantity: line.quantity,
        on_hand: 9,
        allocated: 9,
        reserved: 0,
    };
    StockAllocated {
        order_id: order_id(),
        shipment_id: asked.shipment_id,
        moves: asked.lines.iter().map(moved).collect(),
    }
}

/// Asked for, and the stock is there.
pub fn send_again(order: &mut OrderState, n: u8, other: u8) -> Vec<Event> {
    let events = ask(order, n, other);
    match &*events {
        [Event::ShipmentReplacementRequested(asked)] => tell(order, stock_of(asked)),
        _ => events,
    }
}

/// `came` A of it go back on sale.
pub fn give_up(order: &mut OrderState, n: u8, came: u32, refund: i64) -> Vec<Event> {
    let came = ReceivedPieces {
        sku: sku("A"),
        restocked: came,
        written_off: 0,
    };
    let came = [came].into_iter().filter(|it| it.restocked > 0).collect();
    let refund = eur(refund);
    decide(order, n, Decision::GiveUp { came, refund })
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

/// An order in one parcel, collected, that was lost or came back.
fn astray(outcome: Outcome) -> OrderState {
    let mut order = paid();
    pack_with(&mut order, 1, &[("A", 2), ("B", 1)], (1_700, 300));
    ship(&mut order, 1);
    captured(&mut order);
    end(&mut order, 1, outcome);
    order
}

fn open(order: &OrderState, n: u8) -> Option<Astray> {
    let parcel = order.fulfilment.shipment(shipment_id(n)).expect("it");
    order.fulfilment.astray(parcel)
}

#[test]
fn what_was_lost_is_sent_again_and_nobody_pays_twice() {
    let mut order = astray(Outcome::Lost);
    assert_eq!(order.status(), OrderStatus::Lost);
    let asked = ask(&mut order, 1, 2);
    let [Event::ShipmentReplacementRequested(asked)] = &*asked else {
        panic!("{asked:?}");
    };
    assert!(!asked.has_pieces, "from the shelf");
    assert_eq!(open(&order, 1), Some(Astray::Asked));
    // Somebody else, in the same moment.
    assert_eq!(refusal(&ask(&mut order, 1, 3)), Refusal::BeingSentAgain);
    let refused = give_up(&mut order, 1, 0, 500);
    assert_eq!(refusal(&refused), Refusal::BeingSentAgain);
    let packed = tell(&mut order, stock_of(asked));
    let [Event::ShipmentPacked(packed)] = &*packed else {
        panic!("{packed:?}");
    };
    assert_eq!((packed.number, packed.worth), (2, eur(0)));
    assert_eq!(order.status(), OrderStatus::SendingAgain);
    assert_eq!(open(&order, 1), Some(Astray::SentAgain(2)));
    assert_eq!(refusal(&ask(&mut order, 1, 3)), Refusal::SentAgain);
    let shipped = ship(&mut order, 2);
    let [Event::ShipmentShipped(shipped)] = &*shipped else {
        panic!("nothing is collected: {shipped:?}");
    };
    assert_eq!(shipped.replaces, Some(1));
    assert_eq!(order.status(), OrderStatus::ShippedAgain);
    let arrived = end(&mut order, 2, Outcome::Delivered);
    let [Event::ShipmentDelivered(arrived)] = &*arrived else {
        panic!("{arrived:?}");
    };
    assert_eq!(arrived.to_come, []);
    assert_eq!(order.status(), OrderStatus::Delivered);
    assert_eq!(order.payment.captured_minor(), 2_000);
}

#[test]
fn what_is_not_in_stock_is_not_sent_again_and_can_still_be_paid_back() {
    let mut order = astray(Outcome::Lost);
    ask(&mut order, 1, 2);
    let short = StockAllocationRefused {
        order_id: order_id(),
        shipment_id: shipment_id(1),
        short: Vec::new(),
    };
    assert_eq!(kinds(&tell(&mut order, short)), ["shipment.not_replaced"]);
    assert_eq!(order.status(), OrderStatus::Lost);
    let events = give_up(&mut order, 1, 0, 2_000);
    assert_eq!(
        kinds(&events),
        ["shipment.given_up", "payment.refund_requested"]
    );
    assert_eq!(order.status(), OrderStatus::Undelivered);
    assert_eq!(refusal(&give_up(&mut order, 1, 0, 1)), Refusal::GivenUp);
    assert_eq!(refusal(&ask(&mut order, 1, 2)), Refusal::GivenUp);
}

#[test]
fn more_than_was_collected_is_not_paid_back_and_the_parcel_stays_open() {
    let mut order = astray(Outcome::Lost);
    let events = give_up(&mut order, 1, 0, 2_001);
    assert_eq!(kinds(&events), ["payment.refund_refused"]);
    assert_eq!(order.fulfilment.undecided(), 1);
}

#[test]
fn the_pieces_that_came_back_are_taken_in_or_sent_again() {
    let mut order = astray(Outcome::CameBack);
    assert_eq!(order.status(), OrderStatus::CameBack);
    let waits = Astray::Open {
        has_pieces: true,
        is_settled: false,
    };
    assert_eq!(open(&order, 1), Some(waits));
    let left = Refusal::TooManyCame {
        sku: sku("A"),
        left: 2,
    };
    assert_eq!(refusal(&give_up(&mut order, 1, 3, 0)), left);
    let [Event::ShipmentReplacementRequested(asked)] = &*ask(&mut order, 1, 2) else {
        panic!("asked for");
    };
    assert!(asked.has_pieces, "the same");
    tell(&mut order, stock_of(asked));
    assert_eq!(order.status(), OrderStatus::SendingAgain);
    // Opened again, its pieces are on the shelf, and what becomes of the first is open.
    let unpack = ShipmentUnpackRequested {
        order_id: order_id(),
        shipment_id: shipment_id(2),
        by: "staff".into(),
    };
    let events = tell(&mut order, unpack);
    assert_eq!(
        kinds(&events),
        ["shipment.unpacked", "stock.release_requested"]
    );
    assert_eq!(order.status(), OrderStatus::CameBack);
    assert_eq!(refusal(&give_up(&mut order, 1, 1, 0)), Refusal::NotHere);
    give_up(&mut order, 1, 0, 1_000);
    assert_eq!(order.status(), OrderStatus::Undelivered);
}

#[test]
fn what_turns_up_after_it_was_sent_again_is_taken_in_and_costs_nothing() {
    let mut order = astray(Outcome::Lost);
    send_again(&mut order, 1, 2);
    ship(&mut order, 2);
    end(&mut order, 2, Outcome::Delivered);
    end(&mut order, 1, Outcome::CameBack);
    let settled = Astray::Open {
        has_pieces: true,
        is_settled: true,
    };
    assert_eq!(open(&order, 1), Some(settled));
    assert_eq!(order.status(), OrderStatus::Delivered);
    assert_eq!(refusal(&ask(&mut order, 1, 3)), Refusal::SentAgain);
    assert_eq!(refusal(&give_up(&mut order, 1, 2, 10)), Refusal::SentAgain);
    let events = give_up(&mut order, 1, 2, 0);
    assert_eq!(kinds(&events), ["shipment.given_up"]);
    assert_eq!(open(&order, 1), Some(Astray::SentAgain(2)));
    assert_eq!(order.fulfilment.undecided(), 0);
}

/// Whether what was lost was settled when it arrived, and about how many one has still to decide.
fn turned_up(events: &[Event]) -> (bool, u32) {
    let [Event::ShipmentDelivered(arrived)] = events else {
        panic!("{events:?}");
    };
    let found = arrived.turned_up.as_ref().expect("it was lost");
    (found.is_settled, found.undecided)
}

#[test]
fn what_arrives_after_another_was_sent_or_it_was_paid_back_is_told() {
    let mut order = astray(Outcome::Lost);
    send_again(&mut order, 1, 2);
    let found = end(&mut order, 1, Outcome::Delivered);
    assert_eq!(turned_up(&found), (true, 0));
    assert_eq!(open(&order, 1), Some(Astray::TurnedUp));

    let mut order = astray(Outcome::Lost);
    give_up(&mut order, 1, 0, 1_000);
    let found = end(&mut order, 1, Outcome::Delivered);
    assert_eq!(turned_up(&found), (true, 0));
}

#[test]
fn what_turns_up_while_its_stock_is_asked_for_is_not_sent_again() {
    let mut order = astray(Outcome::Lost);
    let [Event::ShipmentReplacementRequested(asked)] = &*ask(&mut order, 1, 2) else {
        panic!("asked for");
    };
    let found = end(&mut order, 1, Outcome::Delivered);
    assert_eq!(turned_up(&found), (false, 0), "nothing is in its place yet");
    let events = tell(&mut order, stock_of(asked));
    assert_eq!(
        kinds(&events),
        ["stock.release_requested", "shipment.not_replaced"]
    );
    assert_eq!(order.status(), OrderStatus::Delivered);
}

#[test]
fn a_rest_that_is_given_up_takes_along_what_was_to_be_sent_again() {
    let mut order = paid();
    pack_with(&mut order, 1, &[("A", 1)], (500, 300));
    ship(&mut order, 1);
    captured(&mut order);
    end(&mut order, 1, Outcome::Lost);
    send_again(&mut order, 1, 2);
    assert_eq!(order.status(), OrderStatus::PartlyShipped);
    let events = cancel(&mut order);
    assert_eq!(
        kinds(&events),
        [
            "order.rest_cancelled",
            "payment.void_requested",
            "stock.release_requested"
        ]
    );
    let Event::OrderRestCancelled(rest) = &events[0] else {
        panic!("{events:?}");
    };
    assert_eq!(rest.lines, pieces(&[("A", 1), ("B", 1)]));
    assert_eq!(order.status(), OrderStatus::Lost, "it is open again");
}

#[test]
fn only_what_is_astray_is_decided_about() {
    let mut order = paid();
    pack(&mut order, 1, &[("A", 2)], 1_300);
    assert_eq!(refusal(&ask(&mut order, 1, 2)), Refusal::NotLeft);
    ship(&mut order, 1);
    assert_eq!(refusal(&ask(&mut order, 1, 2)), Refusal::NotAstray);
    assert_eq!(refusal(&give_up(&mut order, 1, 0, 0)), Refusal::NotAstray);
    assert_eq!(refusal(&ask(&mut order, 3, 4)), Refusal::Unknown);
}

/// What an answer means, in the words of the README.
fn words(events: &[Event]) -> &'static str {
    let [Event::ShipmentRefused(refused)] = events else {
        return "yes";
    };
    match refused.refusal {
        Refusal::Left => "has left",
        Refusal::NotLeft => "has not left",
        Refusal::Ended => "known already",
        Refusal::NotAstray => "not astray",
        Refusal::BeingSentAgain => "being sent again",
        Refusal::SentAgain => "sent again already",
        Refusal::GivenUp => "given up already",
        ref other => panic!("{other:?}"),
    }
}

/// Something that somebody does with the first parcel.
type Act = dyn Fn(&mut OrderState) -> Vec<Event>;

/// The table of what can be done with a parcel is made of what the decider answers.
#[test]
fn the_readme_has_the_table_of_what_can_be_done_with_a_parcel() {
    let packed = || {
        let mut order = paid();
        pack_with(&mut order, 1, &[("A", 2), ("B", 1)], (1_700, 300));
        order
    };
    let on_its_way = || {
        let mut order = packed();
        ship(&mut order, 1);
        captured(&mut order);
        order
    };
    let with = |mut order: OrderState, act: &dyn Fn(&mut OrderState)| {
        act(&mut order);
        order
    };
    let rows: [(&str, OrderState); 9] = [
        ("Packed", packed()),
        ("On its way", on_its_way()),
        (
            "Delivered",
            with(on_its_way(), &|it| drop(end(it, 1, Outcome::Delivered))),
        ),
        ("Lost", astray(Outcome::Lost)),
        ("Came back", astray(Outcome::CameBack)),
        (
            "Lost, being sent again",
            with(astray(Outcome::Lost), &|it| drop(ask(it, 1, 2))),
        ),
        (
            "Lost, sent again",
            with(astray(Outcome::Lost), &|it| drop(send_again(it, 1, 2))),
        ),
        (
            "Lost, given up",
            with(astray(Outcome::Lost), &|it| drop(give_up(it, 1, 0, 0))),
        ),
        (
            "Came back after all that",
            with(astray(Outcome::Lost), &|it| {
                send_again(it, 1, 2);
                end(it, 1, Outcome::CameBack);
            }),
        ),
    ];
    let unpack = |order: &mut OrderState| {
        let asked = ShipmentUnpackRequested {
            order_id: order_id(),
            shipment_id: shipment_id(1),
            by: "staff".into(),
        };
        tell(order, asked)
    };
    let acts: [&Act; 5] = [
        &unpack,
        &|order| ship(order, 1),
        &|order| end(order, 1, Outcome::Delivered),
        &|order| ask(order, 1, 9),
        &|order| give_up(order, 1, 0, 0),
    ];
    let mut table = String::from(
        "| A parcel | Opened again | Sent | Arrived | Sent again | Given up |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for (name, order) in rows {
        let cells = acts.map(|act| words(&act(&mut order.clone())));
        table.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
    }
    let readme = include_str!("../../../../../README.md");
    assert!(
        readme.contains(&table),
        "the README has this table:\n{table}"
    );
}
