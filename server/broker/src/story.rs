//! Looking back: everything that a command led to, and what was last said of something at a moment of
//! the past.

use db::Columns;
use uuid::Uuid;

use crate::event::COLUMNS;
use crate::{Filter, Log, Recorded, Result};

/// Events of one page of a search backwards.
const PAGE: usize = 512;

impl Log {
    /// The story of a key: its own events and all others that the same commands led to, whatever
    /// their keys, oldest first and `limit` at most.
    pub async fn read_story(&self, key: &str, limit: usize) -> Result<Vec<Recorded>> {
        let of_story = "correlation_id in (select correlation_id from events where key = $1)";
        self.select(of_story, key, limit).await
    }

    /// Everything that one command led to, oldest first and `limit` at most.
    pub async fn read_correlated(
        &self,
        correlation_id: Uuid,
        limit: usize,
    ) -> Result<Vec<Recorded>> {
        let id = correlation_id.to_string();
        self.select("correlation_id = $1", &id, limit).await
    }

    /// Events of which `condition` holds for `$1`, oldest first.
    async fn select(&self, condition: &str, value: &str, limit: usize) -> Result<Vec<Recorded>> {
        let sql =
            format!("select {COLUMNS} from events where {condition} order by position limit $2");
        let rows = db::query(db::built(sql))
            .bind(value)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.db().reader())
            .await?;
        rows.iter().map(Recorded::from_row).collect()
    }

    /// The newest event at or before `position`, and after `after`, that `is_it`: of the topic, with
    /// `text` somewhere in its content.
    pub async fn find_back(
        &self,
        topic: &str,
        text: &str,
        after: u64,
        position: u64,
        is_it: impl Fn(&Recorded) -> bool,
    ) -> Result<Option<Recorded>> {
        // The database finds the text in a fraction of the time that decoding takes.
        let sql = format!(
            "select {COLUMNS} from events where position <= $1 and position > $2 and topic = $3 \
             and data like $4 order by position desc limit $5"
        );
        let pattern = format!("%{text}%");
        let mut at = i64::try_from(position).unwrap_or(i64::MAX);
        loop {
            let rows = db::query(db::built(sql.clone()))
                .bind(at)
                .bind(i64::try_from(after).unwrap_or(i64::MAX))
                .bind(topic)
                .bind(&pattern)
                .bind(PAGE as i64)
                .fetch_all(self.db().reader())
                .await?;
            for row in &rows {
                let event = Recorded::from_row(row)?;
                if is_it(&event) {
                    return Ok(Some(event));
                }
                at = row.try_get::<i64, _>(0)? - 1;
            }
            if rows.len() < PAGE {
                return Ok(None);
            }
        }
    }

    /// Up to `limit` events after `position` that the filter lets through, and how far that reaches:
    /// the position to go on from.
    pub async fn read_matching(
        &self,
        filter: Filter<'_>,
        position: u64,
        limit: usize,
    ) -> Result<(Vec<Recorded>, u64)> {
        let mut found = Vec::new();
        let mut at = position;
        self.stored_head().await?;
        loop {
            let events = match self.read_after(at, PAGE).await {
                Ok(events) => events,
                // What stands before the damage is still good; the next call reports it.
                Err(_) if !found.is_empty() => return Ok((found, at)),
                Err(error) => return Err(error),
            };
            for event in &events {
                at = event.position;
                if filter.matches(event) {
                    found.push(Recorded::clone(event));
                    if found.len() >= limit {
                        return Ok((found, at));
                    }
                }
            }
            if events.is_empty() {
                return Ok((found, at));
            }
        }
    }
}
