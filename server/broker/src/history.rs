//! Looking back: everything that a command led to, and what was last said of something at a moment of
//! the past.

use std::collections::HashMap;

use db::{Columns, in_list};
use uuid::Uuid;

use crate::event::COLUMNS;
use crate::{Error, Filter, Log, Recorded, Result, Tx};

/// Events of one page.
const PAGE: usize = 512;
/// Positions that the first step of a search backwards looks through, and the most that any does: each
/// step is a statement, twice as far as the one before.
const STEPS: (u64, u64) = (1_024, 65_536);
/// Positions before the one that bisection finds that are looked at, too: the times of events that were
/// appended at once are not in order.
const DISORDER: u64 = 1_024;
/// Ids of one select, at most.
const IDS: usize = 256;

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

    /// The events of these ids, oldest first. What there is not, or was quarantined, is left out.
    pub async fn read_ids(&self, ids: &[Uuid]) -> Result<Vec<Recorded>> {
        let mut events = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(IDS) {
            let (list, listed) = in_list(chunk, 1);
            let sql = format!("select {COLUMNS} from events where id in ({list})");
            let mut query = db::query(db::trusted_sql(sql));
            for id in listed {
                query = query.bind(id.to_string());
            }
            let rows = query.fetch_all(self.db().reader()).await?;
            events.extend(self.all_sound(&rows).await?);
        }
        events.sort_by_key(|event| event.position);
        Ok(events)
    }

    /// Events of which `condition` holds for `$1`, oldest first.
    async fn select(&self, condition: &str, value: &str, limit: usize) -> Result<Vec<Recorded>> {
        let sql =
            format!("select {COLUMNS} from events where {condition} order by position limit $2");
        let rows = db::query(db::trusted_sql(sql))
            .bind(value)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.db().reader())
            .await?;
        self.all_sound(&rows).await
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
             and data like $4 order by position desc"
        );
        let pattern = format!("%{text}%");
        let (mut step, longest) = STEPS;
        let mut at = position.min(self.stored_head().await?);
        while at > after {
            let down_to = at.saturating_sub(step).max(after);
            let rows = db::query(db::trusted_sql(sql.clone()))
                .bind(i64::try_from(at).unwrap_or(i64::MAX))
                .bind(i64::try_from(down_to).unwrap_or(i64::MAX))
                .bind(topic)
                .bind(&pattern)
                .fetch_all(self.db().reader())
                .await?;
            for row in &rows {
                let event = self.sound(row).await?;
                if let Some(event) = event.filter(|event| is_it(event)) {
                    return Ok(Some(event));
                }
            }
            at = down_to;
            step = (step * 2).min(longest);
        }
        Ok(None)
    }

    /// The newest events of a type, the newest first, `limit` at most; looks through the last `reach`
    /// positions only.
    pub async fn last_of(&self, kind: &str, limit: usize, reach: u64) -> Result<Vec<Recorded>> {
        let sql = format!(
            "select {COLUMNS} from events where position <= $1 and position > $2 and type = $3 \
             order by position desc limit $4"
        );
        let mut found = Vec::new();
        let (mut step, longest) = STEPS;
        let mut at = self.stored_head().await?;
        let end = at.saturating_sub(reach);
        while at > end && found.len() < limit {
            let down_to = at.saturating_sub(step).max(end);
            let rows = db::query(db::trusted_sql(sql.clone()))
                .bind(i64::try_from(at).unwrap_or(i64::MAX))
                .bind(i64::try_from(down_to).unwrap_or(i64::MAX))
                .bind(kind)
                .bind(i64::try_from(limit - found.len()).unwrap_or(i64::MAX))
                .fetch_all(self.db().reader())
                .await?;
            for row in &rows {
                // A damaged one is told of elsewhere.
                found.extend(self.sound(row).await?);
            }
            at = down_to;
            step = (step * 2).min(longest);
        }
        Ok(found)
    }

    /// The position before the first event at or after a time. Events are in the order of their times,
    /// but for a few that were appended at once, so that it is found by bisection. Where the clock was
    /// set back, a time has come twice, and the answer is the end of one of both.
    pub async fn position_before(&self, time_us: i64) -> Result<u64> {
        // Everything up to `before` is earlier, everything from `from` on is not.
        let (mut before, mut from) = (0, self.stored_head().await? + 1);
        while from - before > 1 {
            let middle = before.midpoint(from);
            if self.time_of(middle).await? < time_us {
                before = middle;
            } else {
                from = middle;
            }
        }
        let first = db::query(
            "select min(position) from events where position > $1 and position <= $2 \
             and time_us >= $3",
        )
        .bind(i64::try_from(before.saturating_sub(DISORDER)).unwrap_or(i64::MAX))
        .bind(i64::try_from(before).unwrap_or(i64::MAX))
        .bind(time_us)
        .fetch_one(self.db().reader())
        .await?
        .try_get::<Option<i64>, _>(0)?;
        Ok(first.map_or(before, |first| first.unsigned_abs() - 1))
    }

    /// When the last event of the given types happened to each of the keys, in unix microseconds.
    pub async fn last_times(&self, keys: &[&str], kinds: &[&str]) -> Result<HashMap<String, i64>> {
        let mut times = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(PAGE) {
            let (of_keys, keys) = in_list(keys, 1);
            let (of_kinds, kinds) = in_list(kinds, keys.len() + 1);
            let sql = format!(
                "select key, max(time_us) from events where key in ({of_keys}) \
                 and type in ({of_kinds}) group by key"
            );
            let mut query = db::query(db::trusted_sql(sql));
            for text in keys.into_iter().chain(kinds) {
                query = query.bind(*text);
            }
            for row in query.fetch_all(self.db().reader()).await? {
                times.insert(row.try_get(0)?, row.try_get(1)?);
            }
        }
        Ok(times)
    }

    /// When an event was appended. Asks for no more: damage elsewhere in it does not matter.
    async fn time_of(&self, position: u64) -> Result<i64> {
        let row = db::query("select time_us from events where position = $1")
            .bind(i64::try_from(position).unwrap_or(i64::MAX))
            .fetch_optional(self.db().reader())
            .await?;
        let row = row.ok_or(Error::NoSuchEvent(position))?;
        Ok(row.try_get(0)?)
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

impl Tx {
    /// The events of a type that are about these keys, oldest first of those that are
    /// committed, or were written by this transaction. Each key is asked for once.
    pub async fn read_of_keys(
        &mut self,
        kind: &str,
        keys: impl Iterator<Item = String>,
    ) -> Result<Vec<Recorded>> {
        let mut keys: Vec<String> = keys.collect();
        keys.sort_unstable();
        keys.dedup();
        let log = self.log().clone();
        let mut events = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(IDS) {
            let (list, listed) = in_list(chunk, 2);
            let sql = format!("select {COLUMNS} from events where type = $1 and key in ({list})");
            let mut query = db::query(db::trusted_sql(sql)).bind(kind);
            for key in listed {
                query = query.bind(key.as_str());
            }
            let rows = query.fetch_all(self.conn()).await?;
            events.extend(log.all_sound(&rows).await?);
        }
        events.sort_by_key(|event| event.position);
        Ok(events)
    }
}
