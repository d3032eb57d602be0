//! The movements of stock that the log tells, as the ledger of a SKU lists them.
//!
//! Every event that says how many there are is a movement, and none else is: so the changes of a SKU add up to
//! what there is.

use types::movement::MovementKind;
use types::stock_batch::BatchSource;
use types::{OrderId, PurchaseOrderId, Sku};

use crate::event::{CountOrigin, Event, StockMove};
use crate::stock::Stock;

/// What a movement belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Order(OrderId),
    Purchase(PurchaseOrderId),
}

/// What an event tells of one SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement<'e> {
    pub sku: &'e Sku,
    pub kind: MovementKind,
    pub after: Stock,
    pub subject: Option<Subject>,
    /// For people; empty where there is none.
    pub reason: String,
    /// Who the event itself names; empty where that stands in its cause.
    pub by: &'e str,
}

/// How much more, or less, there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    pub on_hand: i64,
    pub allocated: i64,
    pub reserved: i64,
}

impl Change {
    pub const fn between(before: Stock, after: Stock) -> Self {
        Self {
            on_hand: after.on_hand - before.on_hand,
            allocated: after.allocated - before.allocated,
            reserved: after.reserved - before.reserved,
        }
    }
}

impl Movement<'_> {
    /// Whether it is worth a line: what changes nothing is none, unless somebody has counted.
    pub fn is_told(&self, change: Change) -> bool {
        let is_count = matches!(self.kind, MovementKind::Counted | MovementKind::Imported);
        is_count || change != Change::default()
    }
}

/// The movements that an event tells, one per SKU; none for one that moves nothing.
pub fn movements_of(event: &Event) -> Vec<Movement<'_>> {
    let of_order = |kind, order: OrderId, moves| of_moves(kind, Some(Subject::Order(order)), moves);
    match event {
        Event::StockReserved(it) => of_order(MovementKind::Ordered, it.order_id, &it.moves),
        Event::StockReleased(it) => of_order(MovementKind::Released, it.order_id, &it.moves),
        Event::StockAllocated(it) => of_order(MovementKind::PromisedAgain, it.order_id, &it.moves),
        Event::StockShipped(it) => of_order(MovementKind::Sent, it.order_id, &it.moves),
        Event::StockReturned(it) => of_order(MovementKind::CameBack, it.order_id, &it.moves),
        Event::StockReceived(it) => {
            let subject = Some(Subject::Purchase(it.order_id));
            of_moves(MovementKind::Received, subject, &it.moves)
        }
        Event::ReservationHeld(it) => of_moves(MovementKind::Held, None, &it.moves),
        Event::ReservationReleased(it) => of_moves(MovementKind::LetGo, None, &it.moves),
        Event::StockCorrected(it) => {
            let after = Stock {
                on_hand: it.on_hand,
                allocated: it.allocated,
                reserved: it.reserved,
            };
            let (kind, reason) = counted(it.origin.as_ref(), &it.reason);
            vec![Movement {
                sku: &it.sku,
                kind,
                after,
                subject: None,
                reason,
                by: &it.by,
            }]
        }
        Event::StockWrittenOff(it) => {
            let after = Stock {
                on_hand: it.on_hand,
                allocated: it.allocated,
                reserved: it.reserved,
            };
            let reason = match it.note.is_empty() {
                true => it.cause.title().to_owned(),
                false => format!("{}: {}", it.cause.title(), it.note),
            };
            vec![Movement {
                sku: &it.sku,
                kind: MovementKind::WrittenOff,
                after,
                subject: None,
                reason,
                by: &it.by,
            }]
        }
        _ => Vec::new(),
    }
}

fn counted(origin: Option<&CountOrigin>, reason: &str) -> (MovementKind, String) {
    match origin {
        None => (MovementKind::Counted, reason.to_owned()),
        Some(CountOrigin::Sheet {
            counted, expected, ..
        }) => {
            let reason = format!("{reason} ({counted} counted, {expected} expected)");
            (MovementKind::Counted, reason)
        }
        Some(CountOrigin::Batch { source, .. }) => {
            let reason = match source {
                BatchSource::Import => format!("{reason} (imported)"),
                BatchSource::Chosen => reason.to_owned(),
            };
            (MovementKind::Imported, reason)
        }
    }
}

fn of_moves(
    kind: MovementKind,
    subject: Option<Subject>,
    moves: &[StockMove],
) -> Vec<Movement<'_>> {
    let movement = |moved: &'_ StockMove| Stock {
        on_hand: moved.on_hand,
        allocated: moved.allocated,
        reserved: moved.reserved,
    };
    let moves = moves.iter().map(|moved| Movement {
        sku: &moved.sku,
        kind,
        after: movement(moved),
        subject,
        reason: String::new(),
        by: "",
    });
    moves.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use types::ledger::WriteOffCause;
    use types::stock_batch::{BatchLine, NewCount};
    use types::{Currency, Money};

    use super::*;
    use crate::event::{
        OrderPlaced, OrderedLine, Pieces, StockBatchRequested, StockCorrectionRequested,
        StockWriteOffRequested,
    };
    use crate::stock::{self, Shelf, levels_of};

    const ID: &str = "0199c0a0-1111-7aaa-8bbb-123456789abc";
    const NAMES: [&str; 3] = ["A", "B", "C"];

    fn sku(at: usize) -> Sku {
        NAMES[at].parse().expect("a SKU")
    }

    #[derive(Debug, Clone)]
    enum Step {
        Order(usize, u32),
        Release(usize, u32),
        Ship(usize, u32),
        Return(usize, u32),
        Receive(usize, u32),
        Count(usize, i64),
        WriteOff(usize, u32),
        Batch(usize, i64, i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let (at, few) = (0..3_usize, 0..6_u32);
        let one = prop_oneof![
            (at.clone(), few.clone()).prop_map(|(at, n)| Step::Order(at, n)),
            (at.clone(), few.clone()).prop_map(|(at, n)| Step::Release(at, n)),
            (at.clone(), few.clone()).prop_map(|(at, n)| Step::Ship(at, n)),
            (at.clone(), few.clone()).prop_map(|(at, n)| Step::Return(at, n)),
            (at.clone(), few.clone()).prop_map(|(at, n)| Step::Receive(at, n)),
            (at.clone(), few.clone()).prop_map(|(at, n)| Step::WriteOff(at, n)),
            (at.clone(), 0..20_i64).prop_map(|(at, n)| Step::Count(at, n)),
            (at, 0..20_i64, -5..5_i64).prop_map(|(at, to, by)| Step::Batch(at, to, by)),
        ];
        prop::collection::vec(one, 0..80)
    }

    fn done(shelf: &mut Shelf, step: &Step) -> Vec<Event> {
        let id = ID.parse().expect("an id");
        let lines = |at, quantity| {
            vec![Pieces {
                sku: sku(at),
                quantity,
            }]
        };
        let by = "ada".to_owned();
        match *step {
            Step::Order(at, quantity) => {
                let unit_price = Money::new(100, Currency::Eur);
                let order = OrderPlaced {
                    order_id: id,
                    shopper_id: ID.parse().expect("an id"),
                    lines: vec![OrderedLine {
                        sku: sku(at),
                        quantity,
                        unit_price,
                        adjustments: Vec::new(),
                        tax: Vec::new(),
                    }],
                    total: unit_price,
                    payment_token: None,
                };
                vec![stock::reserve(shelf, &order, &BTreeMap::new())]
            }
            // Also more than is allocated: what is clamped adds up, too.
            Step::Release(at, n) => Vec::from_iter(stock::release(shelf, id, &lines(at, n))),
            Step::Ship(at, n) => Vec::from_iter(stock::ship(shelf, id, &lines(at, n))),
            Step::Return(at, n) => Vec::from_iter(stock::take_back(shelf, id, &lines(at, n))),
            Step::Receive(at, n) => {
                let id = ID.parse().expect("an id");
                Vec::from_iter(stock::receive(shelf, id, &lines(at, n)))
            }
            Step::Count(at, on_hand) => {
                let asked = StockCorrectionRequested {
                    sku: sku(at),
                    on_hand,
                    seen: None,
                    reason: "recount".into(),
                    by,
                    origin: None,
                };
                vec![stock::correct(shelf, &asked)]
            }
            Step::WriteOff(at, quantity) => {
                let asked = StockWriteOffRequested {
                    sku: sku(at),
                    quantity,
                    cause: WriteOffCause::Lost,
                    note: String::new(),
                    by,
                };
                vec![stock::write_off(shelf, &asked)]
            }
            Step::Batch(at, on_hand, change) => {
                let line = |at, count| BatchLine {
                    sku: sku(at),
                    count: Some(count),
                    threshold: None,
                };
                let to = NewCount::To {
                    on_hand,
                    seen: None,
                };
                let lines = vec![line(at, to), line((at + 1) % 3, NewCount::By { change })];
                let asked = StockBatchRequested {
                    batch_id: ID.parse().expect("an id"),
                    source: BatchSource::Chosen,
                    lines,
                    currency: Currency::Eur,
                    reason: "shelf".into(),
                    by,
                };
                stock::batch::set_many(shelf, &asked)
            }
        }
    }

    proptest! {
        /// Whatever happens: the changes of each SKU add up to what there is, each number that the ledger
        /// shows is the one that there was, and no event that tells a level is left out.
        #[test]
        fn the_changes_of_a_sku_add_up_to_what_there_is(steps in steps()) {
            let mut shelf = Shelf::new();
            let mut books: BTreeMap<Sku, (Stock, Change)> = BTreeMap::new();
            for step in &steps {
                for event in done(&mut shelf, step) {
                    let movements = movements_of(&event);
                    let levels = levels_of(&event).unwrap_or_default();
                    let told: Vec<_> = movements.iter().map(|it| (it.sku, it.after)).collect();
                    prop_assert_eq!(told, levels);
                    for movement in movements {
                        let (before, sum) = books.entry(movement.sku.clone()).or_default();
                        let change = Change::between(*before, movement.after);
                        sum.on_hand += change.on_hand;
                        sum.allocated += change.allocated;
                        sum.reserved += change.reserved;
                        *before = movement.after;
                        if change.on_hand != 0 {
                            let is_in = change.on_hand > 0;
                            match movement.kind {
                                MovementKind::Sent | MovementKind::WrittenOff => prop_assert!(!is_in),
                                MovementKind::CameBack | MovementKind::Received => prop_assert!(is_in),
                                MovementKind::Counted | MovementKind::Imported => {}
                                kind => prop_assert!(false, "{kind:?} changes what is in the house"),
                            }
                        }
                    }
                }
            }
            for (sku, stock) in &shelf {
                let (known, sum) = books.get(sku).copied().unwrap_or_default();
                prop_assert_eq!(known, *stock);
                prop_assert_eq!(sum, Change::between(Stock::default(), *stock));
            }
        }
    }
}
