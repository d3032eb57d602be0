//! Sources that a rule has slowed, as of the newest event seen: a view in memory.

use std::collections::HashMap;

use broker::Log;
use db::Columns;
use domain::Event;
use domain::event::SourceSlowed;
use domain::monitoring::SLOWED_US;
use parking_lot::RwLock;

/// Sources that are remembered, at most: the rules slow one at a time.
const MAX_KNOWN: usize = 10_000;

/// Until when each is slowed, unix microseconds; by the hash that the log names it with.
#[derive(Debug, Default)]
pub(crate) struct Slowed(RwLock<HashMap<String, i64>>);

impl Slowed {
    /// Reads what was said lately; what is older is over.
    pub async fn load(log: &Log) -> Result<Self, broker::Error> {
        let since_us = log.environment().now_us().saturating_sub(SLOWED_US);
        let position = log.position_before(since_us).await?;
        let rows = db::query("select type, data from events where position > $1 and type = $2")
            .bind(position.cast_signed())
            .bind(SourceSlowed::KIND)
            .fetch_all(log.db().reader())
            .await?;
        let view = Self::default();
        for row in &rows {
            let (kind, data) = (row.try_get::<&str, _>(0)?, row.try_get::<&str, _>(1)?);
            if let Ok(event) = Event::from_json(kind, data) {
                view.apply(&event);
            }
        }
        Ok(view)
    }

    pub fn apply(&self, event: &Event) {
        let Event::SourceSlowed(slowed) = event else {
            return;
        };
        let mut known = self.0.write();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(slowed.source.clone(), slowed.until_us);
    }

    /// For how long a source is still slowed, in microseconds.
    pub fn left_us(&self, source: &str, now_us: i64) -> Option<i64> {
        let until_us = self.0.read().get(source).copied()?;
        (until_us > now_us).then_some(until_us - now_us)
    }

    pub fn is_empty(&self) -> bool {
        self.0.read().is_empty()
    }
}
