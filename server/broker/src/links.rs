//! The hashes of the chain, as they stand in the database.

use std::collections::BTreeMap;

use db::Columns;

use crate::chain::{LINK_AT, bound};
use crate::{Link, Log, Result};

impl Log {
    /// The link of an event; `None` when there is no such event, or it is older than the chain.
    ///
    /// # Errors
    /// The database's.
    pub async fn link_at(&self, position: u64) -> Result<Option<Link>> {
        let row = db::query(LINK_AT)
            .bind(bound(position))
            .fetch_optional(self.db().reader())
            .await?;
        let text = row.map(|row| row.try_get::<String, _>(0)).transpose()?;
        Ok(text.and_then(|text| text.parse().ok()))
    }

    /// The links of the events of a key, by position. Events that are older than the chain have none.
    ///
    /// # Errors
    /// The database's.
    pub async fn links_of_key(&self, key: &str) -> Result<BTreeMap<u64, Link>> {
        let rows = db::query("select position, chain from events where key = $1")
            .bind(key)
            .fetch_all(self.db().reader())
            .await?;
        let mut links = BTreeMap::new();
        for row in &rows {
            if let Ok(link) = row.try_get::<&str, _>(1)?.parse() {
                links.insert(row.try_get::<i64, _>(0)?.unsigned_abs(), link);
            }
        }
        Ok(links)
    }

    /// The newest event and its link; `None` when there is none, or it is older than the chain.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_link(&self) -> Result<Option<(u64, Link)>> {
        let row = db::query("select position, chain from events order by position desc limit 1")
            .fetch_optional(self.db().reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let link = row.try_get::<&str, _>(1)?.parse().ok();
        let position = row.try_get::<i64, _>(0)?.unsigned_abs();
        Ok(link.map(|link| (position, link)))
    }
}
