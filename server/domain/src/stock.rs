//! The stock of a SKU, and what moves it: orders, parcels, returns, deliveries of suppliers, and counts.
//!
//! Invariant, whatever comes: `0 ≤ allocated`, `0 ≤ reserved`, `allocated + reserved ≤ on_hand`.

pub mod batch;
pub mod events;
pub mod ledger;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::order::Shortage;
use types::{OrderId, PurchaseOrderId, Sku};

use crate::event::{
    CountRefusal, Event, FromCheckout, OrderPlaced, Pieces, ShipmentReplacementRequested,
    StockAllocated, StockAllocationRefused, StockCorrected, StockCorrectionRejected,
    StockCorrectionRequested, StockMove, StockReceived, StockRejected, StockReleased,
    StockReserved, StockReturned, StockShipped, StockWriteOffRejected, StockWriteOffRequested,
    StockWrittenOff,
};

/// Pieces of one SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stock {
    /// In the house.
    pub on_hand: i64,
    /// Of those, promised to orders.
    pub allocated: i64,
    /// Of the rest, held by checkouts for a while.
    #[serde(default, skip_serializing_if = "is_none")]
    pub reserved: i64,
}

impl Stock {
    pub const fn available(self) -> i64 {
        self.on_hand - self.allocated - self.reserved
    }

    /// Pieces that are not promised to an order. What a checkout holds is among them: whoever holds it may
    /// leave it, and time and again.
    pub const fn unsold(self) -> i64 {
        self.on_hand - self.allocated
    }
}

/// What no older version has written is not written where it says nothing.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
pub(crate) const fn is_none(pieces: &i64) -> bool {
    *pieces == 0
}

/// The stock of the SKUs that a decision is about. A SKU that is not in it is not stocked.
/// Sorted, so that rows are always written in the same order.
pub type Shelf = BTreeMap<Sku, Stock>;

/// Pieces wanted per SKU: an order may hold a SKU on several lines.
fn wanted<'a>(lines: impl Iterator<Item = (&'a Sku, u32)>) -> BTreeMap<&'a Sku, u32> {
    let mut wanted = BTreeMap::new();
    for (sku, quantity) in lines {
        let pieces: &mut u32 = wanted.entry(sku).or_default();
        *pieces = pieces.saturating_add(quantity);
    }
    wanted
}

/// Reserves every line of an order, or none and says what was short. What the shopper's checkout holds is
/// there for this order.
pub fn reserve(shelf: &mut Shelf, order: &OrderPlaced, own: &BTreeMap<Sku, u32>) -> Event {
    let held = |sku: &Sku| own.get(sku).copied().unwrap_or(0);
    let wanted = wanted(order.lines.iter().map(|line| (&line.sku, line.quantity)));
    let short: Vec<Shortage> = wanted
        .iter()
        .filter_map(|(&sku, &wanted)| {
            let available = shelf.get(sku).map_or(0, |stock| stock.available());
            let available = available + i64::from(held(sku));
            (i64::from(wanted) > available).then(|| Shortage {
                sku: sku.clone(),
                wanted,
                available,
            })
        })
        .collect();
    if !short.is_empty() {
        return StockRejected {
            order_id: order.order_id,
            short,
        }
        .into();
    }
    let taken = wanted.iter().map(|(&sku, &wanted)| Pieces {
        sku: sku.clone(),
        quantity: held(sku).min(wanted),
    });
    let taken: Vec<Pieces> = taken.filter(|line| line.quantity > 0).collect();
    let mut left = own.clone();
    for line in &taken {
        if let Some(held) = left.get_mut(&line.sku) {
            *held -= line.quantity;
        }
        if let Some(stock) = shelf.get_mut(&line.sku) {
            stock.reserved = (stock.reserved - i64::from(line.quantity)).max(0);
        }
    }
    let moves = shift(shelf, wanted, |stock, quantity| {
        stock.allocated += i64::from(quantity)
    });
    StockReserved {
        order_id: order.order_id,
        moves,
        from_checkout: (!taken.is_empty()).then_some(FromCheckout {
            shopper_id: order.shopper_id,
            left: listed(&left),
            lines: taken,
        }),
    }
    .into()
}

/// Puts pieces that an order held back; `None` when it held none.
pub fn release(shelf: &mut Shelf, order_id: OrderId, lines: &[Pieces]) -> Option<Event> {
    if lines.is_empty() {
        return None;
    }
    let held = wanted(lines.iter().map(|line| (&line.sku, line.quantity)));
    let moves = shift(shelf, held, |stock, quantity| {
        // Never below zero: a release that was not reserved is a defect elsewhere, and must not
        // make pieces out of nothing.
        stock.allocated = (stock.allocated - i64::from(quantity)).max(0);
    });
    Some(StockReleased { order_id, moves }.into())
}

/// Takes pieces that an order held out of the house; `None` when there are none.
pub fn ship(shelf: &mut Shelf, order_id: OrderId, lines: &[Pieces]) -> Option<Event> {
    let gone = wanted(lines.iter().map(|line| (&line.sku, line.quantity)));
    let moves = shift(shelf, gone, |stock, quantity| {
        // As with a release: a parcel of pieces that were not held is a defect elsewhere.
        let quantity = i64::from(quantity);
        stock.allocated = (stock.allocated - quantity).max(0);
        stock.on_hand = (stock.on_hand - quantity).max(stock.allocated + stock.reserved);
    });
    (!moves.is_empty()).then(|| StockShipped { order_id, moves }.into())
}

/// Holds pieces for an order whose parcel was lost or came back, all of them or none: those that came back and
/// lie in the house, or others that nobody was promised.
pub fn allocate_again(shelf: &mut Shelf, asked: &ShipmentReplacementRequested) -> Event {
    let (order_id, shipment_id) = (asked.order_id, asked.shipment_id);
    let wanted = wanted(asked.lines.iter().map(|line| (&line.sku, line.quantity)));
    let available = |sku: &Sku| shelf.get(sku).map_or(0, |stock| stock.available());
    let short: Vec<Shortage> = (wanted.iter())
        .filter(|(sku, wanted)| match asked.has_pieces {
            true => !shelf.contains_key(**sku),
            false => i64::from(**wanted) > available(sku),
        })
        .map(|(sku, wanted)| Shortage {
            sku: (*sku).clone(),
            wanted: *wanted,
            available: available(sku),
        })
        .collect();
    if !short.is_empty() {
        return StockAllocationRefused {
            order_id,
            shipment_id,
            short,
        }
        .into();
    }
    let moves = shift(shelf, wanted, |stock, quantity| {
        stock.allocated += i64::from(quantity);
        if asked.has_pieces {
            stock.on_hand = stock.on_hand.saturating_add(i64::from(quantity));
        }
    });
    StockAllocated {
        order_id,
        shipment_id,
        moves,
    }
    .into()
}

/// Takes pieces that have left into the house again; `None` when there are none.
pub fn take_back(shelf: &mut Shelf, order_id: OrderId, lines: &[Pieces]) -> Option<Event> {
    let back = wanted(lines.iter().map(|line| (&line.sku, line.quantity)));
    let moves = shift(shelf, back, |stock, quantity| {
        stock.on_hand = stock.on_hand.saturating_add(i64::from(quantity));
    });
    (!moves.is_empty()).then(|| StockReturned { order_id, moves }.into())
}

/// Puts pieces that a supplier has brought onto the shelf; `None` when there are none. What was never there
/// before is there from now on.
pub fn receive(shelf: &mut Shelf, order_id: PurchaseOrderId, lines: &[Pieces]) -> Option<Event> {
    let came = wanted(lines.iter().map(|line| (&line.sku, line.quantity)));
    for &sku in came.keys() {
        shelf.entry(sku.clone()).or_default();
    }
    let moves = shift(shelf, came, |stock, quantity| {
        stock.on_hand = stock.on_hand.saturating_add(i64::from(quantity));
    });
    (!moves.is_empty()).then(|| StockReceived { order_id, moves }.into())
}

/// Pieces by SKU as a list, without those that there are none of.
pub(crate) fn listed(pieces: &BTreeMap<Sku, u32>) -> Vec<Pieces> {
    let some = pieces.iter().filter(|(_, quantity)| **quantity > 0);
    some.map(|(sku, quantity)| Pieces {
        sku: sku.clone(),
        quantity: *quantity,
    })
    .collect()
}

fn shift(
    shelf: &mut Shelf,
    pieces: BTreeMap<&Sku, u32>,
    change: impl Fn(&mut Stock, u32),
) -> Vec<StockMove> {
    let moves = pieces.into_iter().filter_map(|(sku, quantity)| {
        let stock = shelf.get_mut(sku)?;
        change(stock, quantity);
        Some(moved(sku, quantity, *stock))
    });
    moves.collect()
}

/// What an event tells of pieces that it moved.
pub(crate) fn moved(sku: &Sku, quantity: u32, after: Stock) -> StockMove {
    StockMove {
        sku: sku.clone(),
        quantity,
        on_hand: after.on_hand,
        allocated: after.allocated,
        reserved: after.reserved,
    }
}

/// Follows a count, unless it is below what orders and open checkouts were promised, or somebody else has
/// counted since the books were looked at. The first count of a SKU puts it on the shelf.
pub fn correct(shelf: &mut Shelf, count: &StockCorrectionRequested) -> Event {
    let StockCorrectionRequested {
        sku,
        on_hand,
        seen,
        reason,
        by,
        origin,
    } = count.clone();
    let before = shelf.get(&sku).copied().unwrap_or_default();
    let (allocated, reserved) = (before.allocated, before.reserved);
    let is_as_seen = seen.is_none_or(|seen| seen == before.on_hand) || on_hand == before.on_hand;
    let refusal = if !is_as_seen {
        let on_hand = before.on_hand;
        Some(CountRefusal::CountedMeanwhile { on_hand })
    } else if on_hand < allocated + reserved {
        Some(CountRefusal::Promised)
    } else {
        None
    };
    if let Some(refusal) = refusal {
        return StockCorrectionRejected {
            sku,
            on_hand,
            allocated,
            reserved,
            by,
            refusal,
        }
        .into();
    }
    let after = Stock { on_hand, ..before };
    shelf.insert(sku.clone(), after);
    let change = on_hand - before.on_hand;
    StockCorrected {
        sku,
        on_hand,
        allocated,
        reserved,
        change,
        reason,
        by,
        origin,
    }
    .into()
}

/// Takes pieces out of the house that nobody was promised, or says that there are not so many.
pub fn write_off(shelf: &mut Shelf, asked: &StockWriteOffRequested) -> Event {
    let StockWriteOffRequested {
        sku,
        quantity,
        cause,
        note,
        by,
    } = asked.clone();
    let before = shelf.get(&sku).copied().unwrap_or_default();
    let Stock {
        on_hand,
        allocated,
        reserved,
    } = before;
    if quantity == 0 || i64::from(quantity) > before.available() {
        return StockWriteOffRejected {
            sku,
            quantity,
            on_hand,
            allocated,
            reserved,
            by,
        }
        .into();
    }
    let on_hand = on_hand - i64::from(quantity);
    shelf.insert(sku.clone(), Stock { on_hand, ..before });
    StockWrittenOff {
        sku,
        quantity,
        on_hand,
        allocated,
        reserved,
        cause,
        note,
        by,
    }
    .into()
}

/// The levels that an event tells, whatever was there before: `None` for one that moves nothing.
pub fn levels_of(event: &Event) -> Option<Vec<(&Sku, Stock)>> {
    fn of_moves(moves: &[StockMove]) -> Vec<(&Sku, Stock)> {
        let level = |moved: &StockMove| Stock {
            on_hand: moved.on_hand,
            allocated: moved.allocated,
            reserved: moved.reserved,
        };
        moves
            .iter()
            .map(|moved| (&moved.sku, level(moved)))
            .collect()
    }
    match event {
        Event::StockReserved(event) => Some(of_moves(&event.moves)),
        Event::StockReleased(event) => Some(of_moves(&event.moves)),
        Event::StockShipped(event) => Some(of_moves(&event.moves)),
        Event::StockAllocated(event) => Some(of_moves(&event.moves)),
        Event::StockReturned(event) => Some(of_moves(&event.moves)),
        Event::StockReceived(event) => Some(of_moves(&event.moves)),
        Event::ReservationHeld(event) => Some(of_moves(&event.moves)),
        Event::ReservationReleased(event) => Some(of_moves(&event.moves)),
        Event::StockCorrected(event) => {
            let after = Stock {
                on_hand: event.on_hand,
                allocated: event.allocated,
                reserved: event.reserved,
            };
            Some(vec![(&event.sku, after)])
        }
        Event::StockWrittenOff(event) => {
            let after = Stock {
                on_hand: event.on_hand,
                allocated: event.allocated,
                reserved: event.reserved,
            };
            Some(vec![(&event.sku, after)])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::{Currency, Money};

    use super::*;
    use crate::event::OrderedLine;

    const ORDER: &str = "0199c0a0-1111-7aaa-8bbb-123456789abc";

    fn order_id() -> OrderId {
        ORDER.parse().expect("an id")
    }

    fn sku(name: &str) -> Sku {
        name.parse().expect("a SKU")
    }

    fn shelf(levels: &[(&str, i64, i64)]) -> Shelf {
        let level = |&(name, on_hand, allocated)| {
            (
                sku(name),
                Stock {
                    on_hand,
                    allocated,
                    reserved: 0,
                },
            )
        };
        levels.iter().map(level).collect()
    }

    fn placed(lines: &[(&str, u32)]) -> OrderPlaced {
        let unit_price = Money::new(100, Currency::Eur);
        let line = |&(name, quantity)| OrderedLine {
            sku: sku(name),
            quantity,
            unit_price,
            adjustments: Vec::new(),
            tax: Vec::new(),
        };
        OrderPlaced {
            order_id: order_id(),
            shopper_id: ORDER.parse().expect("an id"),
            lines: lines.iter().map(line).collect(),
            total: unit_price,
            payment_token: None,
        }
    }

    fn held(lines: &[(&str, u32)]) -> Vec<Pieces> {
        let line = |&(name, quantity)| Pieces {
            sku: sku(name),
            quantity,
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn given_enough_stock_when_an_order_is_placed_then_all_lines_are_reserved() {
        let mut given = shelf(&[("A", 5, 1), ("B", 2, 0)]);
        let then = reserve(&mut given, &placed(&[("A", 4), ("B", 1)]), &BTreeMap::new());
        let moved = |name, quantity, on_hand, allocated| StockMove {
            sku: sku(name),
            quantity,
            on_hand,
            allocated,
            reserved: 0,
        };
        let moves = vec![moved("A", 4, 5, 5), moved("B", 1, 2, 1)];
        assert_eq!(
            then,
            StockReserved {
                order_id: order_id(),
                moves,
                from_checkout: None,
            }
            .into()
        );
        assert_eq!(given, shelf(&[("A", 5, 5), ("B", 2, 1)]));
    }

    #[test]
    fn given_one_line_short_when_an_order_is_placed_then_nothing_is_reserved() {
        let mut given = shelf(&[("A", 5, 0), ("B", 1, 1)]);
        let then = reserve(
            &mut given,
            &placed(&[("A", 1), ("B", 1), ("C", 1)]),
            &BTreeMap::new(),
        );
        let short = |name| Shortage {
            sku: sku(name),
            wanted: 1,
            available: 0,
        };
        let short = vec![short("B"), short("C")];
        assert_eq!(
            then,
            StockRejected {
                order_id: order_id(),
                short
            }
            .into()
        );
        assert_eq!(given, shelf(&[("A", 5, 0), ("B", 1, 1)]));
    }

    #[test]
    fn given_three_pieces_when_two_lines_want_two_each_then_the_order_is_rejected() {
        let mut given = shelf(&[("A", 3, 0)]);
        let then = reserve(&mut given, &placed(&[("A", 2), ("A", 2)]), &BTreeMap::new());
        let short = vec![Shortage {
            sku: sku("A"),
            wanted: 4,
            available: 3,
        }];
        assert_eq!(
            then,
            StockRejected {
                order_id: order_id(),
                short
            }
            .into()
        );
    }

    #[test]
    fn given_a_reservation_when_the_order_is_cancelled_then_the_pieces_are_back() {
        let mut given = shelf(&[("A", 3, 3)]);
        release(&mut given, order_id(), &held(&[("A", 1), ("A", 1)]));
        assert_eq!(given, shelf(&[("A", 3, 1)]));
    }

    #[test]
    fn given_promised_pieces_when_a_count_finds_fewer_then_the_books_stay() {
        let mut given = shelf(&[("A", 5, 3)]);
        let count = |on_hand| StockCorrectionRequested {
            sku: sku("A"),
            on_hand,
            seen: None,
            reason: "recount".into(),
            by: "ada".into(),
            origin: None,
        };
        let then = correct(&mut given, &count(2));
        let by = "ada".to_owned();
        let rejected = StockCorrectionRejected {
            sku: sku("A"),
            on_hand: 2,
            allocated: 3,
            reserved: 0,
            by,
            refusal: CountRefusal::Promised,
        };
        assert_eq!(then, rejected.into());
        assert_eq!(given, shelf(&[("A", 5, 3)]));
        correct(&mut given, &count(3));
        assert_eq!(given, shelf(&[("A", 3, 3)]));
    }

    #[test]
    fn given_two_who_saw_ten_when_one_counts_eight_then_the_other_is_told() {
        let mut given = shelf(&[("A", 10, 0)]);
        let count = |on_hand| StockCorrectionRequested {
            sku: sku("A"),
            on_hand,
            seen: Some(10),
            reason: "recount".into(),
            by: "ada".into(),
            origin: None,
        };
        correct(&mut given, &count(8));
        let Event::StockCorrectionRejected(told) = correct(&mut given, &count(12)) else {
            panic!("the second one does not win silently");
        };
        assert_eq!(told.refusal, CountRefusal::CountedMeanwhile { on_hand: 8 });
        assert_eq!(given, shelf(&[("A", 8, 0)]));
        // Who finds the same says the same.
        correct(&mut given, &count(8));
        assert_eq!(given, shelf(&[("A", 8, 0)]));
    }

    #[test]
    fn what_a_supplier_brings_is_on_the_shelf_also_where_there_never_was_any() {
        let mut given = shelf(&[("A", 2, 2)]);
        let id = ORDER.parse().expect("an id");
        let then = receive(&mut given, id, &held(&[("A", 3), ("NEW", 1)]));
        let Some(Event::StockReceived(received)) = then else {
            panic!("{then:?}");
        };
        assert_eq!(received.moves.len(), 2);
        assert_eq!(given, shelf(&[("A", 5, 2), ("NEW", 1, 0)]));
        assert_eq!(receive(&mut given, id, &[]), None);
    }

    #[test]
    fn what_is_free_can_be_written_off_and_nothing_else() {
        let mut given = shelf(&[("A", 5, 3)]);
        let asked = |quantity| StockWriteOffRequested {
            sku: sku("A"),
            quantity,
            cause: types::ledger::WriteOffCause::Broken,
            note: String::new(),
            by: "ada".into(),
        };
        for too_many in [0, 3, u32::MAX] {
            let Event::StockWriteOffRejected(told) = write_off(&mut given, &asked(too_many)) else {
                panic!("{too_many} are not free");
            };
            assert_eq!((told.on_hand, told.allocated), (5, 3));
        }
        let Event::StockWrittenOff(gone) = write_off(&mut given, &asked(2)) else {
            panic!("two are free");
        };
        assert_eq!((gone.quantity, gone.on_hand), (2, 3));
        assert_eq!(given, shelf(&[("A", 3, 3)]));
    }

    #[derive(Debug, Clone)]
    enum Move {
        Place(Vec<(usize, u32)>),
        /// Cancels the n-th of the orders that hold stock.
        Cancel(usize),
        Count(usize, i64),
    }

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let line = (0..3_usize, 1..6_u32);
        let one = prop_oneof![
            3 => prop::collection::vec(line, 1..4).prop_map(Move::Place),
            1 => any::<usize>().prop_map(Move::Cancel),
            1 => (0..3_usize, 0..20_i64).prop_map(|(sku, on_hand)| Move::Count(sku, on_hand)),
        ];
        prop::collection::vec(one, 0..60)
    }

    proptest! {
        /// Whatever happens in whatever order: never oversold, never negative, and what is
        /// allocated is exactly what the living orders hold.
        #[test]
        fn allocated_stays_between_zero_and_on_hand(moves in moves()) {
            const NAMES: [&str; 3] = ["A", "B", "C"];
            let mut shelf = shelf(&[("A", 10, 0), ("B", 3, 0)]);
            let mut living: Vec<Vec<(&str, u32)>> = Vec::new();
            for step in moves {
                match step {
                    Move::Place(lines) => {
                        let lines: Vec<_> = lines.iter().map(|&(i, n)| (NAMES[i], n)).collect();
                        if let Event::StockReserved(_) = reserve(&mut shelf, &placed(&lines), &BTreeMap::new()) {
                            living.push(lines);
                        }
                    }
                    Move::Cancel(n) if !living.is_empty() => {
                        let lines = living.swap_remove(n % living.len());
                        release(&mut shelf, order_id(), &held(&lines));
                    }
                    Move::Cancel(_) => {}
                    Move::Count(i, on_hand) => {
                        let (reason, by) = (String::new(), String::new());
                        let sku = sku(NAMES[i]);
                        correct(&mut shelf, &StockCorrectionRequested {
                            sku, on_hand, seen: None, reason, by, origin: None,
                        });
                    }
                }
                for (sku, stock) in &shelf {
                    prop_assert!(0 <= stock.allocated && stock.allocated <= stock.on_hand, "{sku}");
                    let held: u32 = living.iter().flatten()
                        .filter(|(name, _)| *name == sku.as_str())
                        .map(|(_, quantity)| quantity)
                        .sum();
                    prop_assert_eq!(stock.allocated, i64::from(held));
                }
            }
        }
    }
}
