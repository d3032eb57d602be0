use proptest::prelude::*;
use types::fulfilment::Pieces;
use types::seen::Seen;
use types::{Currency, OrderId};

use super::*;
use crate::event::{
    ProductPublished, ProductVariantOffered, ProductVariantWithdrawn, ProductWithdrawn,
    PurchaseOrderDrafted, StockCorrected, StockMove, StockReleased, StockReserved,
};

const NOW: i64 = 1_795_310_287_000_000;

fn sku() -> Sku {
    "AS-VEG-WG-50".parse().expect("a SKU")
}

fn order_id() -> OrderId {
    let id = "0199c0a0-1111-7aaa-8bbb-123456789abc";
    id.parse().expect("an id")
}

fn rule(threshold: i64, up_to: i64) -> RestockRule {
    RestockRule {
        supplier: Some("arno".parse().expect("a supplier")),
        threshold,
        up_to,
        pack_size: 1,
        minimum: 1,
        lead_time_days: 14,
        unit_cost: Money::new(1_000, Currency::Eur),
    }
}

fn counted(on_hand: i64) -> Event {
    StockCorrected {
        sku: sku(),
        on_hand,
        allocated: 0,
        reserved: 0,
        change: 0,
        reason: "recount".to_owned(),
        by: "ada".to_owned(),
        origin: None,
    }
    .into()
}

fn moves(quantity: u32, on_hand: i64, allocated: i64, reserved: i64) -> Vec<StockMove> {
    vec![StockMove {
        sku: sku(),
        quantity,
        on_hand,
        allocated,
        reserved,
    }]
}

fn sold(quantity: u32, on_hand: i64, allocated: i64) -> Event {
    StockReserved {
        order_id: order_id(),
        moves: moves(quantity, on_hand, allocated, 0),
        from_checkout: None,
    }
    .into()
}

/// What follows the events, one after the other; and what is known in the end.
fn after(mut watched: Watched, events: &[Event]) -> (Vec<Event>, Watched) {
    let mut said = Vec::new();
    for event in events {
        said.extend(watched.watch(&sku(), event, NOW));
        watched.evolve(&sku(), event, NOW);
    }
    (said, watched)
}

fn with_rule(threshold: i64, up_to: i64) -> Watched {
    Watched {
        rule: Some(rule(threshold, up_to)),
        ..Watched::default()
    }
}

const fn names(event: &Event) -> &'static str {
    event.kind()
}

#[test]
fn given_a_threshold_of_five_when_six_fall_to_four_then_it_is_crossed_once() {
    let (said, _) = after(
        with_rule(5, 12),
        &[counted(6), sold(1, 6, 1), sold(1, 6, 2)],
    );
    let [Event::RestockThresholdCrossed(crossed)] = &said[..] else {
        panic!("{said:?}");
    };
    // One sold in the week that it is judged by at least: two in fourteen days.
    assert_eq!(crossed.reckoning.unsold, 5);
    assert_eq!(crossed.reckoning.quantity, 12 + 2 - 5);
}

#[test]
fn what_is_low_says_when_nothing_is_left_and_when_some_is_there_again() {
    let (said, _) = after(
        with_rule(5, 12),
        &[
            counted(6),
            counted(2),
            counted(0),
            counted(-1),
            counted(3),
            counted(0),
            counted(9),
        ],
    );
    let said: Vec<&str> = said.iter().map(names).collect();
    assert_eq!(
        said,
        [
            "restock.threshold_crossed",
            "restock.sold_out",
            "restock.there_again",
            "restock.sold_out",
            "restock.recovered"
        ]
    );
    // What falls to nothing at once is told once: the crossing says how many are left.
    let (said, _) = after(with_rule(5, 12), &[counted(6), counted(0)]);
    let said: Vec<&str> = said.iter().map(names).collect();
    assert_eq!(said, ["restock.threshold_crossed"]);
}

#[test]
fn who_has_not_seen_the_rule_of_now_replaces_none() {
    let (_, watched) = after(with_rule(5, 12), &[counted(8)]);
    let change = |seen| {
        let asked = RestockRuleRequested {
            sku: sku(),
            rule: rule(6, 12),
            by: "ada".to_owned(),
            seen: Some(seen),
        };
        match &watched.change_rule(&asked, NOW)[..] {
            [Event::RestockRuleRejected(no)] => Some(no.refusal),
            _ => None,
        }
    };
    let late = Some(Refusal::ChangedMeanwhile);
    assert_eq!(change(Seen::new(Some(rule(4, 12)))), late);
    assert_eq!(change(Seen::new(None)), late);
    assert_eq!(change(Seen::new(Some(rule(5, 12)))), None);
}

#[test]
fn given_a_delivery_when_it_falls_again_then_it_is_crossed_again() {
    let (said, _) = after(
        with_rule(5, 12),
        &[counted(6), counted(5), counted(7), counted(3)],
    );
    let said: Vec<&str> = said.iter().map(names).collect();
    assert_eq!(
        said,
        [
            "restock.threshold_crossed",
            "restock.recovered",
            "restock.threshold_crossed"
        ]
    );
}

#[test]
fn what_is_off_the_shelves_is_not_ordered_and_on_them_again_it_is() {
    let product = || "a-ring".parse().expect("a slug");
    let by = || "ada".to_owned();
    let off = Event::from(ProductWithdrawn {
        product: product(),
        skus: vec![sku()],
        by: by(),
    });
    let on = Event::from(ProductPublished {
        product: product(),
        skus: vec![sku()],
        by: by(),
    });
    let alone = Event::from(ProductVariantWithdrawn {
        product: product(),
        sku: sku(),
        by: by(),
    });
    let offered = Event::from(ProductVariantOffered {
        product: product(),
        sku: sku(),
        by: by(),
    });
    for event in [&off, &on, &alone, &offered] {
        assert_eq!(skus(event), [&sku()]);
    }
    let (said, watched) = after(with_rule(5, 12), &[counted(9), off.clone(), counted(2)]);
    assert_eq!(said, [], "nobody misses it");
    assert_eq!(watched.reckon(NOW), None);
    let (said, watched) = after(watched, &[alone, on.clone()]);
    assert_eq!(said, [], "it is off by itself, too");
    let (said, low) = after(watched, &[offered]);
    assert_eq!(
        said.iter().map(names).collect::<Vec<_>>(),
        ["restock.threshold_crossed"]
    );
    let (said, _) = after(low, &[off, on]);
    assert_eq!(
        said.iter().map(names).collect::<Vec<_>>(),
        ["restock.recovered", "restock.threshold_crossed"],
        "its alert ends with it"
    );
}

#[test]
fn what_is_counted_for_the_first_time_has_not_fallen() {
    let (said, watched) = after(with_rule(5, 12), &[counted(2)]);
    assert_eq!((said, watched.unsold), (Vec::new(), Some(2)));
}

#[test]
fn without_a_rule_or_with_a_threshold_of_none_nothing_is_ordered() {
    for watched in [Watched::default(), with_rule(0, 12)] {
        let (said, _) = after(watched, &[counted(6), counted(0)]);
        assert_eq!(said, []);
    }
}

#[test]
fn what_a_checkout_holds_is_not_sold() {
    let held = StockReleased {
        order_id: order_id(),
        moves: moves(0, 6, 0, 4),
    };
    let (said, watched) = after(with_rule(5, 12), &[counted(6), held.into()]);
    assert_eq!((said, watched.unsold), (Vec::new(), Some(6)));
}

#[test]
fn a_rule_that_makes_it_low_orders_and_one_that_makes_it_plenty_ends_the_alert() {
    let asked = |rule| RestockRuleRequested {
        sku: sku(),
        rule,
        by: "ada".to_owned(),
        seen: None,
    };
    let (_, watched) = after(with_rule(5, 12), &[counted(8)]);
    let names_of = |events: Vec<Event>| events.iter().map(names).collect::<Vec<_>>();
    assert_eq!(
        names_of(watched.change_rule(&asked(rule(8, 20)), NOW)),
        ["restock.rule_changed", "restock.threshold_crossed"]
    );
    let (_, low) = after(with_rule(9, 12), &[counted(8)]);
    for threshold in [5, 0] {
        assert_eq!(
            names_of(low.change_rule(&asked(rule(threshold, 20)), NOW)),
            ["restock.rule_changed", "restock.recovered"]
        );
    }
    let dollars = RestockRule {
        unit_cost: Money::new(1, Currency::Usd),
        ..rule(5, 12)
    };
    for (wrong, why) in [
        (rule(5, 12), Refusal::NothingChanged),
        (rule(-1, 12), Refusal::Threshold),
        (rule(5, 5), Refusal::UpToNotAbove),
        (dollars, Refusal::UnitCost),
        (
            RestockRule {
                pack_size: 0,
                ..rule(5, 12)
            },
            Refusal::PackSize,
        ),
        (
            RestockRule {
                minimum: MAX_PIECES + 1,
                ..rule(5, 12)
            },
            Refusal::Minimum,
        ),
        (
            RestockRule {
                lead_time_days: 1_000,
                ..rule(5, 12)
            },
            Refusal::LeadTime,
        ),
    ] {
        let said = watched.change_rule(&asked(wrong), NOW);
        assert!(
            matches!(&said[..], [Event::RestockRuleRejected(no)] if no.refusal == why),
            "{why:?}: {said:?}"
        );
    }
}

#[test]
fn sales_of_four_weeks_count_and_what_was_cancelled_does_not() {
    let mut watched = with_rule(5, 12);
    let long_ago = NOW - 40 * DAY_US;
    watched.evolve(&sku(), &counted(50), long_ago);
    watched.evolve(&sku(), &sold(9, 50, 9), NOW - 30 * DAY_US);
    watched.evolve(&sku(), &sold(4, 50, 13), NOW - 27 * DAY_US);
    watched.evolve(&sku(), &sold(3, 50, 16), NOW);
    let released = StockReleased {
        order_id: order_id(),
        moves: moves(1, 50, 15, 0),
    };
    watched.evolve(&sku(), &released.into(), NOW);
    let reckoned = watched.reckon(NOW).expect("a rule and a count");
    assert_eq!((reckoned.sold, reckoned.window_days), (6, WINDOW_DAYS));
    assert_eq!(reckoned.unsold, 35);
    // In a month without sales all of them are forgotten, also before anything else happens.
    let later = watched.reckon(NOW + 28 * DAY_US).expect("the same");
    assert_eq!(later.sold, 0);
}

#[test]
fn what_is_on_order_is_not_ordered_again_but_a_draft_is_no_order() {
    let (_, mut watched) = after(with_rule(5, 12), &[counted(4)]);
    watched.evolve(&sku(), &drafted("arno", 6, 2), NOW);
    assert_eq!(watched.reckon(NOW).expect("reckoned").on_order, 0);
    for order in watched.orders.values_mut() {
        order.status = PurchaseStatus::Approved;
    }
    let reckoned = watched.reckon(NOW).expect("reckoned");
    assert_eq!((reckoned.on_order, reckoned.quantity), (4, 12 - 4 - 4));
}

proptest! {
    /// Whatever the counts: crossings and recoveries alternate, every crossing starts above, and between them it is
    /// said when the last piece goes and when one is there again.
    #[test]
    fn a_threshold_is_crossed_once_each_time(counts in prop::collection::vec(0..12_i64, 1..60)) {
        let events: Vec<Event> = counts.iter().map(|count| counted(*count)).collect();
        let (said, _) = after(with_rule(5, 12), &events);
        let mut expected = Vec::new();
        for pair in counts.windows(2) {
            match (pair[0] <= 5, pair[1] <= 5) {
                (false, true) => expected.push("restock.threshold_crossed"),
                (true, false) => expected.push("restock.recovered"),
                (true, true) if pair[0] > 0 && pair[1] == 0 => expected.push("restock.sold_out"),
                (true, true) if pair[0] == 0 && pair[1] > 0 => {
                    expected.push("restock.there_again");
                }
                _ => {}
            }
        }
        let said: Vec<&str> = said.iter().map(names).collect();
        prop_assert_eq!(said, expected);
    }
}

/// Pieces are only named to make sure that the types meet.
#[test]
fn a_crossing_asks_for_the_line_that_was_reckoned() {
    let (said, _) = after(with_rule(5, 12), &[counted(6), counted(3)]);
    let [Event::RestockThresholdCrossed(crossed)] = &said[..] else {
        panic!("{said:?}");
    };
    let line = line_of(&crossed.sku, &crossed.reckoning, crossed.unit_cost);
    let pieces = Pieces {
        sku: line.sku.clone(),
        quantity: line.ordered,
    };
    assert_eq!((pieces.quantity, line.received), (9, 0));
    assert_eq!(line.lead_time_days, 14);
}

/// A draft to this supplier, of so many pieces, some of which have come.
fn drafted(supplier: &str, ordered: u32, received: u32) -> Event {
    PurchaseOrderDrafted {
        supplier: supplier.parse().expect("a supplier"),
        order_id: "0199c0a0-2222-7aaa-8bbb-123456789abc"
            .parse()
            .expect("an id"),
        lines: vec![PurchaseLine {
            sku: sku(),
            ordered,
            received,
            unit_cost: Money::new(1, Currency::Eur),
            lead_time_days: 14,
        }],
        approve_at_us: None,
        by: "ada".to_owned(),
    }
    .into()
}

#[test]
fn what_is_drafted_at_another_supplier_is_not_ordered_a_second_time() {
    let reckoned = |supplier| {
        let (_, watched) = after(with_rule(5, 12), &[counted(4), drafted(supplier, 8, 0)]);
        let reckoning = watched.reckon(NOW).expect("a rule and a count");
        (reckoning.quantity, watched.drafted())
    };
    // The draft of its own supplier takes the larger quantity.
    assert_eq!(reckoned("arno"), (8, 8));
    assert_eq!(reckoned("marais"), (0, 0));
}
