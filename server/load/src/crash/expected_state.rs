//! The log folded from its beginning: what orders and stock must be.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Context;
use serde::Deserialize;

use super::diary::{CANCELLED, CONFIRMED, PLACED, REJECTED};

const RESERVED: &str = "stock.reserved";
const NOT_RESERVED: &str = "stock.rejected";
const RELEASED: &str = "stock.released";
const COUNTED: &str = "stock.corrected";
const HELD: &str = "reservation.held";
const LET_GO: &str = "reservation.released";

/// What happens to an order once, if at all.
const ONCE: [&str; 7] = [
    PLACED,
    RESERVED,
    NOT_RESERVED,
    RELEASED,
    CONFIRMED,
    REJECTED,
    CANCELLED,
];

/// Pieces of a SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Level {
    pub on_hand: i64,
    pub allocated: i64,
    /// By checkouts.
    #[serde(default)]
    pub reserved: i64,
}

#[derive(Deserialize)]
struct Moves {
    moves: Vec<Move>,
    from_checkout: Option<FromCheckout>,
}

/// What an order took over from its shopper's checkout.
#[derive(Deserialize)]
struct FromCheckout {
    shopper_id: String,
    lines: Vec<Pieces>,
    left: Vec<Pieces>,
}

#[derive(Deserialize)]
struct Pieces {
    sku: String,
    quantity: i64,
}

/// What a checkout holds now; nothing once it has let go.
#[derive(Deserialize)]
struct Holding {
    #[serde(default)]
    lines: Vec<Pieces>,
    moves: Vec<Move>,
}

#[derive(Deserialize)]
struct Move {
    sku: String,
    quantity: i64,
    #[serde(flatten)]
    after: Level,
}

#[derive(Deserialize)]
struct Count {
    sku: String,
    change: i64,
    #[serde(flatten)]
    after: Level,
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub at_us: i64,
    /// Its status in the tables.
    pub status: String,
}

/// What the events say. Contradictions stand in `wrong`.
#[derive(Debug, Default)]
pub struct ExpectedState {
    /// When each order was placed, unix microseconds.
    pub placed: HashMap<String, i64>,
    pub ended: HashMap<String, End>,
    pub shelf: BTreeMap<String, Level>,
    pub wrong: Vec<String>,
    /// Pieces that each shopper's checkout holds, by SKU.
    checkouts: HashMap<String, BTreeMap<String, i64>>,
    /// Key and type of every event.
    told: HashSet<(String, String)>,
}

impl ExpectedState {
    /// Takes in the next event of the log.
    ///
    /// # Errors
    /// When its content is not what its type holds.
    pub fn apply(&mut self, kind: &str, key: &str, at_us: i64, data: &str) -> anyhow::Result<()> {
        let is_new = self.told.insert((key.to_owned(), kind.to_owned()));
        if !is_new && ONCE.contains(&kind) {
            self.wrong.push(format!("{kind} of {key} came twice"));
        }
        match kind {
            PLACED => {
                self.placed.insert(key.to_owned(), at_us);
            }
            CONFIRMED | REJECTED | CANCELLED => self.end(kind, key, at_us),
            RESERVED => self.shift(kind, key, data, 1)?,
            RELEASED => self.shift(kind, key, data, -1)?,
            COUNTED => self.count(data)?,
            HELD | LET_GO => self.hold(kind, key, data)?,
            _ => {}
        }
        Ok(())
    }

    pub fn tells(&self, key: &str, kind: &str) -> bool {
        self.told.contains(&(key.to_owned(), kind.to_owned()))
    }

    /// Orders that were placed and had not ended at this time.
    pub fn open_at(&self, time_us: i64) -> usize {
        let open = self.placed.iter().filter(|(key, placed_us)| {
            let ended = self.ended.get(*key);
            **placed_us <= time_us && ended.is_none_or(|end| end.at_us > time_us)
        });
        open.count()
    }

    /// Orders that ended with this status.
    pub fn ended_with(&self, status: &str) -> usize {
        self.ended
            .values()
            .filter(|end| end.status == status)
            .count()
    }

    fn end(&mut self, kind: &str, key: &str, at_us: i64) {
        if !self.placed.contains_key(key) {
            self.wrong.push(format!("{kind} of {key}, never placed"));
        }
        let status = kind.strip_prefix("order.").unwrap_or(kind).to_owned();
        if let Some(before) = self.ended.get(key) {
            let before = &before.status;
            self.wrong
                .push(format!("{kind} of {key}, which was {before} already"));
        }
        self.ended.insert(key.to_owned(), End { at_us, status });
    }

    fn shift(&mut self, kind: &str, key: &str, data: &str, sign: i64) -> anyhow::Result<()> {
        let Moves {
            moves,
            from_checkout,
        } = serde_json::from_str(data).with_context(|| kind.to_owned())?;
        let mut taken = BTreeMap::new();
        if let Some(from) = from_checkout {
            taken = by_sku(from.lines);
            self.checkouts.insert(from.shopper_id, by_sku(from.left));
        }
        for Move {
            sku,
            quantity,
            after,
        } in moves
        {
            let before = self.shelf.get(&sku).copied().unwrap_or_default();
            let expected = Level {
                allocated: before.allocated + sign * quantity,
                reserved: before.reserved - taken.get(&sku).copied().unwrap_or(0),
                ..before
            };
            self.put(sku, expected, after, &format!("{kind} of {key}"));
        }
        Ok(())
    }

    /// A checkout holds something else than before.
    fn hold(&mut self, kind: &str, key: &str, data: &str) -> anyhow::Result<()> {
        let Holding { lines, moves } =
            serde_json::from_str(data).with_context(|| kind.to_owned())?;
        let now = by_sku(lines);
        let before = self.checkouts.remove(key).unwrap_or_default();
        for Move { sku, after, .. } in moves {
            let level = self.shelf.get(&sku).copied().unwrap_or_default();
            let held = |pieces: &BTreeMap<String, i64>| pieces.get(&sku).copied().unwrap_or(0);
            let expected = Level {
                reserved: level.reserved + held(&now) - held(&before),
                ..level
            };
            self.put(sku, expected, after, &format!("{kind} of {key}"));
        }
        self.checkouts.insert(key.to_owned(), now);
        Ok(())
    }

    fn count(&mut self, data: &str) -> anyhow::Result<()> {
        let Count { sku, change, after } = serde_json::from_str(data).context(COUNTED)?;
        let before = self.shelf.get(&sku).copied().unwrap_or_default();
        let expected = Level {
            on_hand: before.on_hand + change,
            ..before
        };
        self.put(sku, expected, after, COUNTED);
        Ok(())
    }

    /// Every event says how many pieces it moved and how many there are then: both must agree.
    fn put(&mut self, sku: String, expected: Level, told: Level, event: &str) {
        if told != expected {
            self.wrong
                .push(format!("{event}: {sku} is {told:?}, expected {expected:?}"));
        }
        let promised = told.allocated + told.reserved;
        if told.allocated < 0 || told.reserved < 0 || promised > told.on_hand {
            self.wrong.push(format!("{event}: {sku} is {told:?}"));
        }
        self.shelf.insert(sku, told);
    }
}

fn by_sku(pieces: Vec<Pieces>) -> BTreeMap<String, i64> {
    let pieces = pieces.into_iter();
    pieces.map(|line| (line.sku, line.quantity)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: &str = r#"{"sku":"A","on_hand":5,"allocated":0,"change":5}"#;
    const TWO: &str = r#"{"moves":[{"sku":"A","quantity":2,"on_hand":5,"allocated":2}]}"#;
    const NONE: &str = r#"{"moves":[{"sku":"A","quantity":2,"on_hand":5,"allocated":0}]}"#;

    fn expected(events: &[(&str, &str, i64, &str)]) -> ExpectedState {
        let mut expected = ExpectedState::default();
        for (kind, key, at_us, data) in events {
            expected.apply(kind, key, *at_us, data).expect("an event");
        }
        expected
    }

    #[test]
    fn a_sound_log_has_nothing_wrong() {
        let expected = expected(&[
            (COUNTED, "A", 1, COUNT),
            (PLACED, "1", 2, "{}"),
            (RESERVED, "1", 3, TWO),
            (CANCELLED, "1", 6, "{}"),
            (RELEASED, "1", 7, NONE),
        ]);
        assert_eq!(expected.wrong, Vec::<String>::new());
        assert_eq!(
            (
                expected.open_at(1),
                expected.open_at(5),
                expected.open_at(6)
            ),
            (0, 1, 0)
        );
        assert_eq!(expected.ended_with("cancelled"), 1);
        assert!(expected.tells("1", RELEASED) && !expected.tells("1", CONFIRMED));
        let level = Level {
            on_hand: 5,
            allocated: 0,
            reserved: 0,
        };
        assert_eq!(expected.shelf.get("A"), Some(&level));
    }

    #[test]
    fn an_order_takes_over_what_its_checkout_held() {
        let held = r#"{"lines":[{"sku":"A","quantity":2}],
            "moves":[{"sku":"A","quantity":2,"on_hand":5,"allocated":0,"reserved":2}]}"#;
        let ordered = r#"{"moves":[{"sku":"A","quantity":1,"on_hand":5,"allocated":1,"reserved":1}],
            "from_checkout":{"shopper_id":"s","lines":[{"sku":"A","quantity":1}],
            "left":[{"sku":"A","quantity":1}]}}"#;
        let let_go = r#"{"moves":[{"sku":"A","quantity":1,"on_hand":5,"allocated":1}]}"#;
        let sound = [
            (COUNTED, "A", 1, COUNT),
            (HELD, "s", 2, held),
            (PLACED, "1", 3, "{}"),
            (RESERVED, "1", 4, ordered),
            (LET_GO, "s", 5, let_go),
        ];
        assert_eq!(expected(&sound).wrong, Vec::<String>::new());
        let without_hold = expected(&[sound[0], sound[2], sound[3]]);
        assert!(!without_hold.wrong.is_empty(), "pieces out of nothing");
    }

    #[test]
    fn contradictions_are_found() {
        let opening = (COUNTED, "A", 1, COUNT);
        let placed = (PLACED, "1", 2, "{}");
        for (events, said) in [
            (vec![placed, placed], "came twice"),
            (vec![(CONFIRMED, "1", 2, "{}")], "never placed"),
            (
                vec![placed, (CONFIRMED, "1", 3, "{}"), (CANCELLED, "1", 4, "{}")],
                "confirmed already",
            ),
            (vec![opening, placed, (RESERVED, "1", 3, NONE)], "expected"),
            (vec![placed, (RESERVED, "1", 3, TWO)], "expected"),
        ] {
            let wrong = expected(&events).wrong;
            assert!(
                wrong.iter().any(|line| line.contains(said)),
                "{said}: {wrong:?}"
            );
        }
    }
}
