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

use crate::inventory::Inventory;

/// A view of the log. Whoever follows the log calls [`Levels::apply`].
#[derive(Debug)]
pub struct Levels {
    inner: RwLock<Inner>,
}

#[derive(Debug)]
struct Inner {
    levels: HashMap<Sku, Level>,
    position: u64,
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
        let mut levels: HashMap<Sku, Level> = thresholds
            .map(|(sku, threshold)| (sku, uncounted(threshold)))
            .collect();
        for (sku, stock) in read(log).await? {
            if let Some(level) = levels.get_mut(&sku) {
                set(level, stock, position);
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
            let Some(level) = inner.levels.get_mut(&sku) else {
                continue;
            };
            // What an event after the reading told is newer.
            let is_known = (level.on_hand, level.allocated) == (stock.on_hand, stock.allocated);
            if !is_known && level.position <= position {
                set(level, stock, position);
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
            let Some(level) = inner.levels.get_mut(sku) else {
                continue;
            };
            if level.position < position {
                set(level, stock, position);
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
            level.or_insert_with(|| uncounted(variant.reorder_threshold));
        }
    }

    /// Whether every SKU of the catalogue has been counted at least once.
    pub fn are_complete(&self) -> bool {
        self.inner
            .read()
            .levels
            .values()
            .all(|level| level.position > 0)
    }

    /// Position of the newest event taken in.
    pub fn position(&self) -> u64 {
        self.inner.read().position
    }

    pub fn level(&self, sku: &Sku) -> Option<Level> {
        self.inner.read().levels.get(sku).cloned()
    }

    /// Available pieces of some SKUs, and the position at which that is true.
    pub fn available<'a>(&self, skus: impl Iterator<Item = &'a Sku>) -> (Vec<i64>, u64) {
        let inner = self.inner.read();
        let available = skus
            .map(|sku| inner.levels.get(sku).map_or(0, Level::available))
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
            let level = inner.levels.get(sku)?;
            (level.position > position).then(|| (sku, level.clone()))
        });
        (changed.collect(), inner.position)
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

fn set(level: &mut Level, stock: Stock, position: u64) {
    level.on_hand = stock.on_hand;
    level.allocated = stock.allocated;
    level.position = position;
}
