//! Who is told that a SKU is back: in order, no more than there are pieces, nobody twice for one return.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::event::{StockCorrected, WithdrawnBy};

const RULES: Rules = Rules { answer_us: 100 };
const KEPT_US: i64 = 1_000;

fn sku() -> Sku {
    "AS-VEG-WG-50".parse().expect("a SKU")
}

fn id(n: u64) -> SignupId {
    format!("0199c0a0-1111-7aaa-8bbb-{n:012}")
        .parse()
        .expect("an id")
}

const fn stock(on_hand: i64, allocated: i64, reserved: i64) -> Stock {
    Stock {
        on_hand,
        allocated,
        reserved,
    }
}

fn levels(stock: Stock) -> Event {
    StockCorrected {
        sku: sku(),
        on_hand: stock.on_hand,
        allocated: stock.allocated,
        reserved: stock.reserved,
        change: 0,
        reason: String::new(),
        by: String::new(),
        origin: None,
    }
    .into()
}

fn signed_up(n: u64, at_us: i64, stock: Stock) -> Event {
    let asked = BackInStockRequested {
        signup_id: id(n),
        sku: sku(),
        until_us: at_us + KEPT_US,
    };
    answer(Some(&stock), &asked)
}

fn back(n: u64, until_us: i64, stock: Stock) -> Event {
    let missed = BackInStockMissed {
        signup_id: id(n),
        sku: sku(),
        until_us,
        waits_until_us: KEPT_US,
    };
    take_back(Some(&stock), &missed)
}

/// A queue with its log.
#[derive(Default)]
struct Shop {
    queue: Queue,
    log: Vec<Event>,
    /// What was decided since the last batch ended: it stands behind the events of the batch.
    behind: Vec<Event>,
}

impl Shop {
    fn happens(&mut self, event: Event, at_us: i64) -> Vec<Event> {
        let decided = self.queue.decide(&sku(), &event, at_us, &RULES);
        for event in std::iter::once(&event).chain(&decided) {
            self.queue.evolve(&sku(), event);
        }
        self.log.push(event);
        self.behind.extend(decided.clone());
        decided
    }

    fn due(&mut self, event: Event, at_us: i64) -> Vec<SignupId> {
        due(&self.happens(event, at_us))
    }
}

fn due(decided: &[Event]) -> Vec<SignupId> {
    let due = decided.iter().filter_map(|event| match event {
        Event::BackInStockDue(due) => Some(due.signup_id),
        _ => None,
    });
    due.collect()
}

/// A shop in which the first three are waiting since 0.
fn three_wait() -> Shop {
    let mut shop = Shop::default();
    for n in 1..=3 {
        assert!(shop.happens(signed_up(n, 0, stock(0, 0, 0)), 0).is_empty());
    }
    shop
}

#[test]
fn as_many_are_told_as_there_are_pieces_in_the_order_of_their_sign_ups() {
    let mut shop = three_wait();
    assert_eq!(shop.due(levels(stock(2, 0, 0)), 1), [id(1), id(2)]);
    // A third piece: the third.
    assert_eq!(shop.due(levels(stock(3, 0, 0)), 2), [id(3)]);
    assert!(
        shop.due(levels(stock(4, 0, 0)), 3).is_empty(),
        "nobody is left"
    );
}

#[test]
fn the_next_are_told_when_more_come_after_a_sale() {
    let mut shop = three_wait();
    assert_eq!(shop.due(levels(stock(1, 0, 0)), 1), [id(1)]);
    // It is ordered, and one more comes.
    assert!(shop.due(levels(stock(1, 1, 0)), 2).is_empty());
    assert_eq!(shop.due(levels(stock(2, 1, 0)), 3), [id(2)]);
}

#[test]
fn a_checkout_that_holds_a_piece_and_leaves_it_tells_nobody_else() {
    let mut shop = three_wait();
    assert_eq!(shop.due(levels(stock(1, 0, 0)), 1), [id(1)]);
    for at_us in 2..6 {
        assert!(shop.due(levels(stock(1, 0, 1)), at_us).is_empty());
        assert!(shop.due(levels(stock(1, 0, 0)), at_us).is_empty());
    }
}

#[test]
fn who_signs_up_while_a_checkout_holds_the_last_one_is_told_when_it_is_left() {
    let mut shop = Shop::default();
    shop.happens(signed_up(1, 0, stock(1, 0, 1)), 0);
    assert_eq!(shop.due(levels(stock(1, 0, 0)), 1), [id(1)]);
}

#[test]
fn who_had_their_time_makes_room_for_the_next_as_long_as_it_is_there() {
    let mut shop = three_wait();
    shop.happens(levels(stock(1, 0, 0)), 1);
    assert_eq!(shop.queue.deadline(), Some(101));
    let elapsed = shop.queue.elapsed(&sku()).expect("a deadline");
    assert_eq!(shop.due(elapsed.clone(), 101), [id(2)]);
    // Meanwhile somebody's checkout holds it.
    shop.happens(levels(stock(1, 0, 1)), 150);
    assert!(shop.due(elapsed, 201).is_empty());
    assert_eq!(shop.due(levels(stock(1, 0, 0)), 202), [id(3)]);
}

#[test]
fn who_has_waited_long_enough_is_forgotten() {
    let mut shop = three_wait();
    let elapsed = shop.queue.elapsed(&sku()).expect("a deadline");
    assert_eq!(shop.queue.deadline(), Some(KEPT_US));
    let decided = shop.happens(elapsed, KEPT_US);
    assert_eq!(decided.len(), 3);
    assert!(shop.queue.is_empty() && shop.queue.elapsed(&sku()).is_none());
}

#[test]
fn who_could_not_be_told_in_time_is_the_first_again() {
    let mut shop = three_wait();
    shop.happens(levels(stock(1, 0, 0)), 1);
    shop.happens(levels(stock(1, 0, 1)), 2);
    let back = |until_us| back(1, until_us, stock(1, 0, 1));
    assert!(shop.happens(back(77), 3).is_empty(), "of another time");
    assert_eq!(shop.happens(back(101), 3).len(), 1);
    assert!(shop.happens(back(101), 3).is_empty(), "once");
    assert_eq!(shop.queue.waiting.front().expect("somebody").id, id(1));
    assert_eq!(shop.due(levels(stock(1, 0, 0)), 4), [id(1)]);
}

#[test]
fn who_was_not_told_comes_back_even_when_their_place_and_everybody_is_gone() {
    let mut shop = Shop::default();
    shop.happens(signed_up(1, 0, stock(0, 0, 0)), 0);
    assert_eq!(shop.due(levels(stock(1, 0, 0)), 1), [id(1)]);
    shop.happens(levels(stock(0, 0, 0)), 2);
    assert!(
        shop.queue.is_nothing(),
        "it was sold: they had their chance"
    );
    shop.happens(back(1, 101, stock(0, 0, 0)), 3);
    assert_eq!(shop.queue.waiting.front().expect("somebody").id, id(1));
    assert_eq!(shop.due(levels(stock(1, 0, 0)), 4), [id(1)]);
    // One that is there again when they come back is told of at once.
    shop.happens(levels(stock(0, 0, 0)), 5);
    assert_eq!(shop.due(back(1, 104, stock(2, 0, 0)), 6), [id(1)]);
}

#[test]
fn nobody_waits_for_what_is_there_or_what_nobody_sells() {
    let refused = |event: &Event| matches!(event, Event::BackInStockRefused(_));
    assert!(refused(&signed_up(1, 0, stock(3, 1, 1))));
    let asked = BackInStockRequested {
        signup_id: id(1),
        sku: sku(),
        until_us: 1,
    };
    assert!(refused(&answer(None, &asked)));
}

/// Something that happens, with what it needs.
#[derive(Debug, Clone)]
enum Step {
    Signs,
    Withdraws(usize),
    Stock(Stock),
    TimePasses(i64),
    Misses(usize),
    /// What was decided until now stands in the log behind the events.
    BatchEnds,
}

fn step() -> impl Strategy<Value = Step> {
    let stock = (0_i64..4, 0_i64..3, 0_i64..3).prop_map(|(free, allocated, reserved)| Stock {
        on_hand: free + allocated + reserved,
        allocated,
        reserved,
    });
    prop_oneof![
        3 => Just(Step::Signs),
        1 => (0_usize..8).prop_map(Step::Withdraws),
        4 => stock.prop_map(Step::Stock),
        2 => (1_i64..400).prop_map(Step::TimePasses),
        1 => (0_usize..8).prop_map(Step::Misses),
        2 => Just(Step::BatchEnds),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_no_more_are_told_than_there_are_pieces_and_a_replay_agrees(
        steps in proptest::collection::vec(step(), 1..60)
    ) {
        let (mut shop, mut whole) = (Shop::default(), Vec::new());
        let (mut now_us, mut signed, mut level) = (0, 0, Stock::default());
        let mut ended = BTreeSet::new();
        for step in steps {
            let before = shop.queue.clone();
            let known: Vec<SignupId> = (before.waiting.iter().map(|it| it.id))
                .chain(before.told.iter().map(|it| it.id))
                .collect();
            let event = match step {
                Step::Signs if level.available() <= 0 => {
                    signed += 1;
                    signed_up(signed, now_us, level)
                }
                Step::Withdraws(at) if at < known.len() => BackInStockWithdrawalRequested {
                    signup_id: known[at],
                    sku: sku(),
                    by: WithdrawnBy::Link,
                }
                .into(),
                Step::Stock(stock) => {
                    level = stock;
                    levels(stock)
                }
                Step::TimePasses(us) => {
                    now_us += us;
                    match before.elapsed(&sku()) {
                        Some(elapsed) if before.deadline() <= Some(now_us) => elapsed,
                        _ => continue,
                    }
                }
                Step::Misses(at) if at < before.told.len() => {
                    let missed = BackInStockMissed {
                        signup_id: before.told[at].id,
                        sku: sku(),
                        until_us: before.told[at].until_us,
                        waits_until_us: now_us + KEPT_US,
                    };
                    take_back(Some(&level), &missed)
                }
                Step::BatchEnds => {
                    whole.append(&mut shop.log);
                    whole.append(&mut shop.behind);
                    continue;
                }
                _ => continue,
            };
            let is_missed = matches!(event, Event::BackInStockReturned(_));
            let decided = shop.happens(event, now_us);
            let told = due(&decided);
            let after = &shop.queue;
            if !told.is_empty() {
                prop_assert!(after.told.len() as i64 <= level.available());
                // Those that wait on were behind those that are told; who was missed was before them all.
                let place = |id: &SignupId| known.iter().position(|it| it == id);
                for left in after.waiting.iter().filter(|_| !is_missed) {
                    prop_assert!(told.iter().all(|it| place(it) < place(&left.id)));
                }
            }
            for event in &decided {
                match event {
                    Event::BackInStockSettled(settled) => ended.extend(settled.signups.clone()),
                    Event::BackInStockExpired(it) => { ended.insert(it.signup_id); }
                    Event::BackInStockWithdrawn(it) => { ended.insert(it.signup_id); }
                    _ => {}
                }
            }
            prop_assert!(told.iter().all(|id| !ended.contains(id)), "nobody is told after their end");
            // Whoever waits while there are pieces is waiting for those who were told.
            let free = after.stock.available() - after.told.len() as i64;
            prop_assert!(after.waiting.is_empty() || free <= 0);
        }
        whole.append(&mut shop.log);
        whole.append(&mut shop.behind);
        let mut replayed = Queue::default();
        for event in &whole {
            replayed.evolve(&sku(), event);
        }
        prop_assert_eq!(replayed, shop.queue);
    }
}
