use proptest::prelude::*;
use types::order::CancelledBy;
use types::{Currency, Money, ShopperId, Sku};

use super::*;
use crate::event::{
    OrderCancelled, OrderConfirmed, OrderRestCancelled, OrderedLine, PaymentCaptured,
    PaymentRefunded, StockMove,
};

/// 2026-11-30 at 23:30 UTC: in the workshop it is the first of December already.
const NIGHT: i64 = 1_796_081_400_000_000;

fn sku(text: &str) -> Sku {
    text.parse().expect("a SKU")
}

fn order_id() -> OrderId {
    let id = "0199c0a0-1111-7aaa-8bbb-123456789abc";
    id.parse().expect("an id")
}

fn shopper_id() -> ShopperId {
    let id = "0199c0a0-2222-7aaa-8bbb-123456789abc";
    id.parse().expect("an id")
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn line(name: &str, quantity: u32, minor: i64) -> OrderedLine {
    OrderedLine {
        sku: sku(name),
        quantity,
        unit_price: eur(minor),
        adjustments: Vec::new(),
        tax: Vec::new(),
    }
}

/// Two rings and a chain, with 9.00 for delivery.
fn placed() -> OrderPlaced {
    OrderPlaced {
        order_id: order_id(),
        shopper_id: shopper_id(),
        lines: vec![line("RING", 2, 100_000), line("CHAIN", 1, 50_000)],
        total: eur(250_900),
        payment_token: None,
    }
}

fn pieces(name: &str, quantity: u32) -> Pieces {
    Pieces {
        sku: sku(name),
        quantity,
    }
}

fn moved(name: &str, quantity: u32) -> StockMove {
    StockMove {
        sku: sku(name),
        quantity,
        on_hand: 4,
        allocated: 0,
        reserved: 1,
    }
}

fn held(lines: Vec<Pieces>, moves: Vec<StockMove>) -> Figures {
    let held = ReservationHeld {
        shopper_id: shopper_id(),
        lines,
        short: Vec::new(),
        until_us: NIGHT,
        extensions: 0,
        moves,
    };
    figures(&held.into(), None)
}

#[test]
fn a_paid_order_is_sold_with_all_that_was_agreed() {
    let confirmed = OrderConfirmed {
        order_id: order_id(),
    };
    let sold = figures(&confirmed.into(), Some(&placed()));
    let expected = Figures {
        sold: 1,
        pieces: 3,
        sold_minor: 250_900,
        ..Figures::default()
    };
    assert_eq!(sold, expected);
}

#[test]
fn an_order_that_was_never_paid_takes_nothing_back() {
    let cancelled = |paid| OrderCancelled {
        order_id: order_id(),
        by: CancelledBy::Shopper,
        lines: Vec::new(),
        paid,
    };
    assert!(figures(&cancelled(false).into(), Some(&placed())).is_nothing());
    assert_eq!(needs_order(&cancelled(false).into()), None);
    let paid = figures(&cancelled(true).into(), Some(&placed()));
    assert_eq!((paid.cancelled, paid.cancelled_minor), (1, 250_900));
}

#[test]
fn of_a_rest_its_pieces_count_at_the_price_they_were_sold_for() {
    let rest = OrderRestCancelled {
        order_id: order_id(),
        by: CancelledBy::Shopper,
        lines: vec![pieces("RING", 1), pieces("CHAIN", 1)],
        status: types::fulfilment::FulfilmentStatus::default(),
    };
    let rest = figures(&rest.into(), Some(&placed()));
    assert_eq!((rest.cancelled, rest.cancelled_minor), (1, 150_000));
}

#[test]
fn a_checkout_counts_when_it_begins_and_not_again_when_its_page_is_built_anew() {
    let cart = || vec![pieces("CHAIN", 1), pieces("RING", 2)];
    assert_eq!(
        held(cart(), vec![moved("CHAIN", 1), moved("RING", 2)]).checkouts,
        1
    );
    assert_eq!(held(cart(), Vec::new()).checkouts, 0, "built anew");
    assert_eq!(
        held(cart(), vec![moved("RING", 1)]).checkouts,
        0,
        "one more"
    );
    let other = vec![moved("CHAIN", 1), moved("RING", 2)];
    assert_eq!(
        held(vec![pieces("RING", 2)], other).checkouts,
        0,
        "one less"
    );
    assert_eq!(held(Vec::new(), Vec::new()).checkouts, 0, "all sold out");
}

#[test]
fn money_counts_when_it_moves() {
    let collected = PaymentCaptured {
        order_id: order_id(),
        shipment_id: None,
        amount: eur(100_000),
        asked: None,
    };
    let refund_id = "0199c0a0-3333-7aaa-8bbb-123456789abc";
    let refunded = PaymentRefunded {
        order_id: order_id(),
        refund_id: refund_id.parse().expect("an id"),
        amount: eur(40_000),
        request: None,
    };
    assert_eq!(figures(&collected.into(), None).collected_minor, 100_000);
    assert_eq!(figures(&refunded.into(), None).refunded_minor, 40_000);
}

#[test]
fn a_day_is_the_workshop_s() {
    assert_eq!(workshop_day(NIGHT), Day::from_date(2026, 12, 1));
    assert_eq!(workshop_day(NIGHT - HOUR_US), Day::from_date(2026, 11, 30));
    // In summer it begins two hours before UTC's.
    let summer = Day::from_date(2026, 7, 1).0 * DAY_US;
    assert_eq!(
        workshop_day(summer - 2 * HOUR_US),
        Day::from_date(2026, 7, 1)
    );
    assert_eq!(
        workshop_day(summer - 2 * HOUR_US - 1),
        Day::from_date(2026, 6, 30)
    );
}

proptest! {
    #[test]
    fn a_moment_lies_within_its_stretch(at_us in 0..4_102_444_800_000_000_i64) {
        for step in [Step::Minute, Step::Hour] {
            let stretch = step.of(at_us);
            prop_assert!((stretch..stretch + step.length_us()).contains(&at_us));
            prop_assert_eq!(step.of(stretch), stretch);
        }
        let local_us = at_us + workshop_offset_us(at_us);
        let day = Step::Day.of(at_us);
        prop_assert!((day..day + DAY_US).contains(&local_us));
    }
}
