//! The stock of every SKU as of the newest event this process has seen, in memory: pages are rendered
//! and sockets answered without asking the database.

use std::collections::HashMap;

use broker::{Decider, Log};
use domain::Event;
use domain::catalogue::Variant;
use domain::stock::Stock;
use domain::stock::ledger::movements_of;
use parking_lot::RwLock;
use types::admin::Level;
use types::catalogue::Availability;
use types::movement::LastMovement;
use types::{Sku, SupplierId};

use crate::inventory::{Inventory, Kept};

/// A view of the log. Whoever follows the log calls [`Levels::apply`].
#[derive(Debug)]
pub struct Levels {
    inner: RwLock<Inner>,
}

#[derive(Debug)]
struct Inner {
    levels: HashMap<Sku, Followed>,
    position: u64,
    /// Where this process began to follow.
    began: u64,
    /// Whether it is known of every SKU when it has moved last.
    knows_last: bool,
}

/// A level, and how often it has changed.
#[derive(Debug)]
struct Followed {
    level: Level,
    /// Changes of the number.
    moves: u64,
    /// Of these, those that may have changed what is said of a piece that is not limited.
    shown: u64,
    /// Position of the newest event that moved it.
    moved: u64,
    /// Of the newest that changed how many are in the house.
    moved_in_house: u64,
}

/// From this many pieces on nobody is told a number, unless the piece is limited.
const PLENTY: i64 = 32;
const _: () = assert!(PLENTY > Availability::FEW);

impl Followed {
    fn new(level: Level) -> Self {
        Self {
            level,
            moves: 0,
            shown: 0,
            moved: 0,
            moved_in_house: 0,
        }
    }

    fn set(&mut self, stock: Stock, position: u64) {
        let before = self.level.available();
        self.moved = position;
        if self.level.on_hand != stock.on_hand {
            self.moved_in_house = position;
        }
        self.level.on_hand = stock.on_hand;
        self.level.allocated = stock.allocated;
        self.level.reserved = stock.reserved;
        self.level.position = position;
        let after = self.level.available();
        self.moves += u64::from(before != after);
        self.shown += u64::from(before != after && before.min(after) < PLENTY);
    }
}

/// The SKUs whose level an event changed.
pub type LevelChange = Vec<Sku>;

/// What an event has changed.
#[derive(Debug, Default)]
pub struct Changed {
    /// SKUs whose stock or price is another on the pages.
    pub skus: LevelChange,
    /// SKUs of which only staff see something new: whom they are ordered of, what is to come, who waits.
    pub for_staff: LevelChange,
}

impl Levels {
    /// Reads the inventory's states. The answer's position is at or before the moment of the reading; events
    /// after it carry absolute levels, so that applying one twice does no harm.
    pub(crate) async fn load(
        log: &Log,
        position: u64,
        thresholds: impl Iterator<Item = (Sku, i64)>,
    ) -> Result<Self, broker::Error> {
        let mut levels: HashMap<Sku, Followed> = thresholds
            .map(|(sku, threshold)| (sku, Followed::new(uncounted(threshold))))
            .collect();
        for (sku, stock) in read(log, levels.keys()).await? {
            if let Some(followed) = levels.get_mut(&sku) {
                followed.set(stock, position);
            }
        }
        Ok(Self {
            inner: RwLock::new(Inner {
                levels,
                position,
                began: position,
                knows_last: false,
            }),
        })
    }

    /// Levels of a shop that has nothing yet.
    #[cfg(test)]
    pub(crate) fn of_nothing() -> Self {
        Self {
            inner: RwLock::new(Inner {
                levels: HashMap::new(),
                position: 0,
                began: 0,
                knows_last: true,
            }),
        }
    }

    /// Reads the stock again, which was built anew. Answers with the SKUs that are told wrongly
    /// until now. `position` as for [`Levels::load`].
    pub(crate) async fn reload(
        &self,
        log: &Log,
        position: u64,
    ) -> Result<LevelChange, broker::Error> {
        let skus: Vec<Sku> = self.inner.read().levels.keys().cloned().collect();
        let rows = read(log, skus.iter()).await?;
        let mut inner = self.inner.write();
        let mut changed = Vec::new();
        for (sku, stock) in rows {
            let Some(followed) = inner.levels.get_mut(&sku) else {
                continue;
            };
            // What an event after the reading told is newer.
            let level = &followed.level;
            let known = Stock {
                on_hand: level.on_hand,
                allocated: level.allocated,
                reserved: level.reserved,
            };
            let is_known = known == stock;
            if !is_known && level.position <= position {
                followed.set(stock, position);
                changed.push(sku);
            }
        }
        inner.position = inner.position.max(position);
        Ok(changed)
    }

    /// Follows one event. Answers with the SKUs that it moved.
    pub fn apply(&self, event: &Event, at_us: i64, position: u64) -> LevelChange {
        let moved = movements_of(event);
        let mut inner = self.inner.write();
        inner.position = inner.position.max(position);
        let mut changed = Vec::with_capacity(moved.len());
        for movement in moved {
            let Some(followed) = inner.levels.get_mut(movement.sku) else {
                continue;
            };
            if followed.level.position < position {
                followed.set(movement.after, position);
                if !movement.kind.is_passing() {
                    let kind = movement.kind;
                    followed.level.last = Some(LastMovement { kind, at_us });
                }
                changed.push(movement.sku.clone());
            }
        }
        changed
    }

    /// Takes note of how many wait until a SKU is back.
    pub(crate) fn set_waiting(&self, sku: &Sku, waiting: u32, position: u64) {
        let mut inner = self.inner.write();
        if let Some(followed) = inner.levels.get_mut(sku) {
            followed.level.waiting = waiting;
            followed.level.position = followed.level.position.max(position);
        }
    }

    /// Takes note of what restocking says of a SKU: with how many pieces it is low, and how many are to come.
    /// Says whether that is news.
    pub(crate) fn restock(
        &self,
        sku: &Sku,
        threshold: Option<i64>,
        incoming: Option<i64>,
        position: u64,
    ) -> bool {
        let mut inner = self.inner.write();
        let Some(followed) = inner.levels.get_mut(sku) else {
            return false;
        };
        let level = &mut followed.level;
        let before = (level.reorder_threshold, level.incoming);
        let now = (
            threshold.unwrap_or(level.reorder_threshold),
            incoming.unwrap_or(level.incoming),
        );
        (level.reorder_threshold, level.incoming) = now;
        // Of what nobody has counted yet nothing is known.
        if before != now && level.position > 0 {
            level.position = level.position.max(position);
        }
        before != now
    }

    /// Takes note of whom a SKU is ordered of. Says whether that is news.
    pub(crate) fn set_supplier(
        &self,
        sku: &Sku,
        supplier: Option<&SupplierId>,
        position: u64,
    ) -> bool {
        let mut inner = self.inner.write();
        let Some(followed) = inner.levels.get_mut(sku) else {
            return false;
        };
        let level = &mut followed.level;
        let is_news = level.supplier.as_ref() != supplier;
        if is_news {
            level.supplier = supplier.cloned();
            // As with what is to come.
            if level.position > 0 {
                level.position = level.position.max(position);
            }
        }
        is_news
    }

    /// Whether it is known of every SKU when it has moved last.
    pub(crate) fn knows_last(&self) -> bool {
        self.inner.read().knows_last
    }

    /// Takes note of when SKUs have moved last, as of a position; what this process has seen itself is newer.
    pub(crate) fn set_last(&self, last: Vec<(Sku, LastMovement)>, position: u64) {
        let mut inner = self.inner.write();
        for (sku, last) in last {
            if let Some(followed) = inner.levels.get_mut(&sku)
                && (followed.level.last).is_none_or(|known| known.at_us < last.at_us)
            {
                followed.level.last = Some(last);
            }
        }
        inner.knows_last = position >= inner.began;
    }

    /// Position of the newest event that moved a SKU, as far as this process has seen.
    pub(crate) fn moved(&self, sku: &Sku) -> u64 {
        let inner = self.inner.read();
        inner.levels.get(sku).map_or(0, |followed| followed.moved)
    }

    /// The same of those that changed how many are in the house.
    pub(crate) fn moved_in_house(&self, sku: &Sku) -> u64 {
        let inner = self.inner.read();
        let followed = inner.levels.get(sku);
        followed.map_or(0, |followed| followed.moved_in_house)
    }

    /// Takes note that something else of a SKU has changed, which its pages are to be told.
    pub(crate) fn touch(&self, sku: &Sku, position: u64) {
        let mut inner = self.inner.write();
        if let Some(followed) = inner.levels.get_mut(sku) {
            followed.level.position = followed.level.position.max(position);
        }
    }

    /// Makes room for the SKUs of a new product, which nobody has counted yet.
    pub(crate) fn introduce(&self, variants: &[Variant]) {
        let mut inner = self.inner.write();
        for variant in variants {
            let level = inner.levels.entry(variant.sku.clone());
            level.or_insert_with(|| Followed::new(uncounted(variant.reorder_threshold)));
        }
    }

    /// Whether every SKU of the catalogue has been counted at least once.
    pub fn are_complete(&self) -> bool {
        self.inner
            .read()
            .levels
            .values()
            .all(|followed| followed.level.position > 0)
    }

    /// Position of the newest event taken in.
    pub fn position(&self) -> u64 {
        self.inner.read().position
    }

    pub fn level(&self, sku: &Sku) -> Option<Level> {
        let inner = self.inner.read();
        inner.levels.get(sku).map(|followed| followed.level.clone())
    }

    /// Available pieces of some SKUs, and the position at which that is true.
    pub fn available<'a>(&self, skus: impl Iterator<Item = &'a Sku>) -> (Vec<i64>, u64) {
        let inner = self.inner.read();
        let available = skus
            .map(|sku| {
                let followed = inner.levels.get(sku);
                followed.map_or(0, |followed| followed.level.available())
            })
            .collect();
        (available, inner.position)
    }

    /// Levels that changed after `position`, and the position at which that is true.
    pub fn changed_after<'a>(
        &self,
        position: u64,
        skus: impl Iterator<Item = &'a Sku>,
    ) -> (Vec<(&'a Sku, Level)>, u64) {
        let inner = self.inner.read();
        let changed = skus.filter_map(|sku| {
            let level = &inner.levels.get(sku)?.level;
            (level.position > position).then(|| (sku, level.clone()))
        });
        (changed.collect(), inner.position)
    }

    /// Grows whenever what pages say of these pieces may have changed. Of those that are limited the
    /// number is told, however many are left.
    pub(crate) fn version<'a>(&self, skus: impl Iterator<Item = (&'a Sku, bool)>) -> u64 {
        let inner = self.inner.read();
        let changes = skus.filter_map(|(sku, is_limited)| {
            let followed = inner.levels.get(sku)?;
            Some(match is_limited {
                true => followed.moves,
                false => followed.shown,
            })
        });
        changes.sum()
    }
}

fn uncounted(reorder_threshold: i64) -> Level {
    Level {
        reorder_threshold,
        ..Level::default()
    }
}

/// The stock of these SKUs. Not of all keys: the inventory keeps one per shopper who was at the checkout.
async fn read(
    log: &Log,
    skus: impl Iterator<Item = &Sku>,
) -> Result<Vec<(Sku, Stock)>, broker::Error> {
    let keys: Vec<String> = skus.map(Sku::to_string).collect();
    let states = log.states_of_keys(Inventory::NAME, &keys).await?;
    let read = |(sku, state): (String, String)| match serde_json::from_str(&state).ok()? {
        Kept::Stock(stock) => Some((sku.parse().ok()?, stock)),
        Kept::Reservation(_) => None,
    };
    Ok(states.into_iter().filter_map(read).collect())
}
