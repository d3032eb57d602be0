//! The stock of every SKU as of the newest event this process has seen, in memory: pages are rendered
//! and sockets answered without asking the database.

use std::collections::HashMap;

use broker::{Decider, Log};
use domain::Event;
use domain::catalogue::Variant;
use domain::stock::{Stock, levels_of};
use parking_lot::RwLock;
use types::Sku;
use types::admin::Level;
use types::catalogue::Availability;

use crate::inventory::Inventory;

/// A view of the log. Whoever follows the log calls [`Levels::apply`].
#[derive(Debug)]
pub struct Levels {
    inner: RwLock<Inner>,
}

#[derive(Debug)]
struct Inner {
    levels: HashMap<Sku, Followed>,
    position: u64,
}

/// A level, and how often it has changed.
#[derive(Debug)]
struct Followed {
    level: Level,
    /// Changes of the number.
    moves: u64,
    /// Of these, those that may have changed what is said of a piece that is not limited.
    shown: u64,
}

/// From this many pieces on nobody is told a number, unless the piece is limited.
const PLENTY: i64 = 32;
const _: () = assert!(PLENTY > Availability::FEW);

impl Followed {
    const fn new(level: Level) -> Self {
        Self {
            level,
            moves: 0,
            shown: 0,
        }
    }

    fn set(&mut self, stock: Stock, position: u64) {
        let before = self.level.available();
        self.level.on_hand = stock.on_hand;
        self.level.allocated = stock.allocated;
        self.level.position = position;
        let after = self.level.available();
        self.moves += u64::from(before != after);
        self.shown += u64::from(before != after && before.min(after) < PLENTY);
    }
}

/// The SKUs whose level an event changed.
pub type LevelChange = Vec<Sku>;

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
        for (sku, stock) in read(log).await? {
            if let Some(followed) = levels.get_mut(&sku) {
                followed.set(stock, position);
            }
        }
        Ok(Self {
            inner: RwLock::new(Inner { levels, position }),
        })
    }

    /// Levels of a shop that has nothing yet.
    #[cfg(test)]
    pub(crate) fn of_nothing() -> Self {
        Self {
            inner: RwLock::new(Inner {
                levels: HashMap::new(),
                position: 0,
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
        let rows = read(log).await?;
        let mut inner = self.inner.write();
        let mut changed = Vec::new();
        for (sku, stock) in rows {
            let Some(followed) = inner.levels.get_mut(&sku) else {
                continue;
            };
            // What an event after the reading told is newer.
            let level = &followed.level;
            let is_known = (level.on_hand, level.allocated) == (stock.on_hand, stock.allocated);
            if !is_known && level.position <= position {
                followed.set(stock, position);
                changed.push(sku);
            }
        }
        inner.position = inner.position.max(position);
        Ok(changed)
    }

    /// Follows one event. Answers with the SKUs that it moved.
    pub fn apply(&self, event: &Event, position: u64) -> LevelChange {
        let moved = levels_of(event).unwrap_or_default();
        let mut inner = self.inner.write();
        inner.position = inner.position.max(position);
        let mut changed = Vec::with_capacity(moved.len());
        for (sku, stock) in moved {
            let Some(followed) = inner.levels.get_mut(sku) else {
                continue;
            };
            if followed.level.position < position {
                followed.set(stock, position);
                changed.push(sku.clone());
            }
        }
        changed
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

const fn uncounted(reorder_threshold: i64) -> Level {
    Level {
        on_hand: 0,
        allocated: 0,
        reorder_threshold,
        position: 0,
    }
}

async fn read(log: &Log) -> Result<Vec<(Sku, Stock)>, broker::Error> {
    let states = log.states_of(Inventory::NAME).await?;
    let read = |(sku, stock): (String, String)| {
        Some((sku.parse().ok()?, serde_json::from_str(&stock).ok()?))
    };
    Ok(states.into_iter().filter_map(read).collect())
}
