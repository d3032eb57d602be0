//! How far the replays are that are being made, by whichever process.

use db::Columns;

use crate::{Log, Result};

/// A replay that is being made, or that was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuild {
    pub consumer: String,
    /// Events up to here are folded.
    pub folded_to: u64,
}

impl Log {
    /// The replays that have begun and not ended.
    pub async fn rebuilds(&self) -> Result<Vec<Rebuild>> {
        let rows = db::query("select consumer, folded_to from replays order by consumer")
            .fetch_all(self.db().reader())
            .await?;
        let rebuild = |row: &db::Row| {
            Ok(Rebuild {
                consumer: row.try_get(0)?,
                folded_to: row.try_get::<i64, _>(1)?.unsigned_abs(),
            })
        };
        rows.iter().map(rebuild).collect()
    }
}
