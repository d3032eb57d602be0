//! Reservations: what they hold, how long, and that they hold no piece twice.

use std::collections::BTreeMap;

use proptest::prelude::*;
use types::{Currency, Money};

use super::*;
use crate::OrderedLine;
use crate::event::{OrderPlaced, StockCorrectionRequested};
use crate::stock::{self, Stock};

const RULES: Rules = Rules {
    hold_us: 600,
    grace_us: 15,
    max_extensions: 2,
};

fn shopper(n: usize) -> ShopperId {
    let id = format!("0199c0a0-1111-7aaa-8bbb-12345678900{n}");
    id.parse().expect("an id")
}

fn sku(name: &str) -> Sku {
    name.parse().expect("a SKU")
}

fn shelf(levels: &[(&str, i64)]) -> Shelf {
    let level = |&(name, on_hand)| {
        let stock = Stock {
            on_hand,
            ..Stock::default()
        };
        (sku(name), stock)
    };
    levels.iter().map(level).collect()
}

fn asked(n: usize, lines: &[(&str, u32)]) -> ReservationRequested {
    let line = |&(name, quantity)| Pieces {
        sku: sku(name),
        quantity,
    };
    ReservationRequested {
        shopper_id: shopper(n),
        lines: lines.iter().map(line).collect(),
    }
}

fn placed(n: usize, lines: &[(&str, u32)]) -> OrderPlaced {
    let unit_price = Money::new(100, Currency::Eur);
    let line = |&(name, quantity)| OrderedLine {
        sku: sku(name),
        quantity,
        unit_price,
        adjustments: Vec::new(),
        tax: Vec::new(),
    };
    OrderPlaced {
        order_id: "0199c0a0-1111-7aaa-8bbb-123456789abc"
            .parse()
            .expect("an id"),
        shopper_id: shopper(n),
        lines: lines.iter().map(line).collect(),
        total: unit_price,
        payment_token: None,
    }
}

/// Holds, and takes note of it.
fn hold(
    own: &mut Reservation,
    shelf: &mut Shelf,
    lines: &[(&str, u32)],
    at_us: i64,
) -> ReservationHeld {
    let event = own.hold(shelf, &asked(1, lines), at_us, &RULES);
    own.evolve(&event);
    match event {
        Event::ReservationHeld(held) => held,
        other => panic!("held, not {other:?}"),
    }
}

#[test]
fn what_one_holds_is_gone_for_others_and_there_for_oneself() {
    let mut shelf = shelf(&[("A", 3)]);
    let (mut ada, bob) = (Reservation::default(), Reservation::default());
    hold(&mut ada, &mut shelf, &[("A", 2)], 0);
    assert_eq!(shelf[&sku("A")].available(), 1);

    let theirs = stock::reserve(&mut shelf, &placed(2, &[("A", 2)]), &bob.held);
    assert!(matches!(theirs, Event::StockRejected(_)), "{theirs:?}");

    let own = stock::reserve(&mut shelf, &placed(1, &[("A", 3)]), &ada.held);
    ada.evolve(&own);
    assert!(ada.is_empty(), "the order has taken them over");
    let level = shelf[&sku("A")];
    assert_eq!((level.allocated, level.reserved), (3, 0));
}

#[test]
fn as_much_is_held_as_there_is_and_the_rest_is_said() {
    let mut shelf = shelf(&[("A", 2), ("B", 0)]);
    let mut own = Reservation::default();
    let held = hold(&mut own, &mut shelf, &[("A", 5), ("B", 1)], 0);
    assert_eq!(own.of(&sku("A")), 2);
    let short: Vec<(&str, u32, i64)> = (held.short.iter())
        .map(|short| (short.sku.as_str(), short.wanted, short.available))
        .collect();
    assert_eq!(short, [("A", 5, 2), ("B", 1, 0)]);
}

#[test]
fn loading_the_page_again_does_not_put_the_end_off() {
    let mut shelf = shelf(&[("A", 5), ("B", 5)]);
    let mut own = Reservation::default();
    hold(&mut own, &mut shelf, &[("A", 1)], 0);
    let left = own.leave(shopper(1), 100, &RULES).expect("it is held");
    own.evolve(&left);
    assert_eq!(own.ends_us(), Some(115), "a closed page lets go soon");
    let again = hold(&mut own, &mut shelf, &[("A", 2), ("B", 1)], 110);
    assert_eq!((again.until_us, own.ends_us()), (600, Some(600)));
    assert_eq!(shelf[&sku("A")].reserved, 2);
}

#[test]
fn what_the_cart_wants_no_more_is_let_go() {
    let mut shelf = shelf(&[("A", 5), ("B", 5)]);
    let mut own = Reservation::default();
    hold(&mut own, &mut shelf, &[("A", 2), ("B", 1)], 0);
    hold(&mut own, &mut shelf, &[("A", 1), ("B", 0)], 10);
    assert_eq!(own.held, BTreeMap::from([(sku("A"), 1)]));
    assert_eq!(shelf[&sku("B")].reserved, 0);

    let emptied = own.hold(&mut shelf, &asked(1, &[("A", 0)]), 20, &RULES);
    own.evolve(&emptied);
    assert!(own.is_empty() && own.ends_us().is_none(), "{emptied:?}");
    assert_eq!(shelf[&sku("A")].reserved, 0);
}

#[test]
fn the_end_can_be_put_off_so_often_and_not_after_it() {
    let mut shelf = shelf(&[("A", 1)]);
    let mut own = Reservation::default();
    hold(&mut own, &mut shelf, &[("A", 1)], 0);
    for (at_us, until_us) in [(500, 1_100), (1_000, 1_600)] {
        own.evolve(&own.extend(shopper(1), at_us, &RULES));
        assert_eq!(own.ends_us(), Some(until_us));
    }
    let refusal = |event| match event {
        Event::ReservationExtensionRefused(refused) => refused.refusal,
        other => panic!("refused, not {other:?}"),
    };
    let often = refusal(own.extend(shopper(1), 1_500, &RULES));
    assert_eq!(often, ExtensionRefusal::TooOften);
    let late = refusal(own.extend(shopper(1), 1_600, &RULES));
    assert_eq!(late, ExtensionRefusal::Ended);
}

#[test]
fn an_end_that_was_put_off_does_not_end_anything() {
    let mut shelf = shelf(&[("A", 1)]);
    let mut own = Reservation::default();
    hold(&mut own, &mut shelf, &[("A", 1)], 0);
    let Some(Event::ReservationElapsed(first)) = own.elapsed(shopper(1)) else {
        panic!("there is an end");
    };
    own.evolve(&own.extend(shopper(1), 599, &RULES));
    assert_eq!(own.end(&mut shelf, &first), None);
    let Some(Event::ReservationElapsed(second)) = own.elapsed(shopper(1)) else {
        panic!("there is an end");
    };
    own.evolve(&own.end(&mut shelf, &second).expect("it ends"));
    assert!(own.is_empty());
    assert_eq!(shelf[&sku("A")].available(), 1);
}

#[derive(Debug, Clone)]
enum Move {
    Hold(usize, Vec<(usize, u32)>),
    Order(usize, Vec<(usize, u32)>),
    Leave(usize),
    Extend(usize),
    Elapse(usize),
    Count(usize, i64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let lines = || prop::collection::vec((0..3_usize, 0..4_u32), 1..4);
    let who = || 0..3_usize;
    let one = prop_oneof![
        3 => (who(), lines()).prop_map(|(who, lines)| Move::Hold(who, lines)),
        2 => (who(), lines()).prop_map(|(who, lines)| Move::Order(who, lines)),
        1 => who().prop_map(Move::Leave),
        1 => who().prop_map(Move::Extend),
        1 => who().prop_map(Move::Elapse),
        1 => (0..3_usize, 0..12_i64).prop_map(|(sku, on_hand)| Move::Count(sku, on_hand)),
    ];
    prop::collection::vec(one, 0..60)
}

proptest! {
    /// Whatever happens in whatever order: what is reserved is exactly what the checkouts hold, and no
    /// piece is promised twice.
    #[test]
    fn no_piece_is_promised_twice(moves in moves()) {
        const NAMES: [&str; 3] = ["A", "B", "C"];
        let mut shelf = shelf(&[("A", 6), ("B", 2), ("C", 0)]);
        let mut own: [Reservation; 3] = Default::default();
        let named = |lines: &[(usize, u32)]| -> Vec<(&str, u32)> {
            lines.iter().map(|&(i, n)| (NAMES[i], n)).collect()
        };
        for (step, at_us) in moves.into_iter().zip((0..).step_by(10)) {
            match step {
                Move::Hold(who, lines) => {
                    let event = own[who].hold(&mut shelf, &asked(who, &named(&lines)), at_us, &RULES);
                    own[who].evolve(&event);
                }
                Move::Order(who, lines) => {
                    let lines: Vec<_> = lines.into_iter().filter(|line| line.1 > 0).collect();
                    let event = stock::reserve(&mut shelf, &placed(who, &named(&lines)), &own[who].held);
                    own[who].evolve(&event);
                }
                Move::Leave(who) => {
                    if let Some(event) = own[who].leave(shopper(who), at_us, &RULES) {
                        own[who].evolve(&event);
                    }
                }
                Move::Extend(who) => {
                    let event = own[who].extend(shopper(who), at_us, &RULES);
                    own[who].evolve(&event);
                }
                Move::Elapse(who) => {
                    if let Some(Event::ReservationElapsed(elapsed)) = own[who].elapsed(shopper(who))
                        && let Some(event) = own[who].end(&mut shelf, &elapsed)
                    {
                        own[who].evolve(&event);
                        prop_assert!(own[who].is_empty());
                    }
                }
                Move::Count(i, on_hand) => {
                    let (reason, by) = (String::new(), String::new());
                    let sku = sku(NAMES[i]);
                    stock::correct(&mut shelf, &StockCorrectionRequested {
                        sku, on_hand, seen: None, reason, by, origin: None,
                    });
                }
            }
            for (sku, stock) in &shelf {
                let held: u32 = own.iter().map(|own| own.of(sku)).sum();
                prop_assert_eq!(stock.reserved, i64::from(held), "{}", sku);
                prop_assert!(stock.allocated >= 0 && stock.available() >= 0, "{sku}: {stock:?}");
            }
        }
    }
}
