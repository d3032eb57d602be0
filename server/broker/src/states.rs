//! The states of deciders in the database: one row per decider and key.
//!
//! A replay writes a generation of rows beside the one in use, and puts it in use by one update of the
//! decider's row in `consumers`.

use std::collections::{BTreeSet, HashMap};

use db::{Columns, in_list};

use crate::decider::{AnyDecider, Change};
use crate::{Failure, Log, Result};

/// Keys of one select, at most.
const KEYS: usize = 256;

/// Loads the states of `keys` in a generation into `decider`; of a key without a row it learns that
/// there is none.
pub(crate) async fn load(
    tx: &mut db::Tx,
    decider: &mut dyn AnyDecider,
    generation: i64,
    keys: &BTreeSet<String>,
) -> std::result::Result<(), Failure> {
    let keys: Vec<&String> = keys.iter().collect();
    for chunk in keys.chunks(KEYS) {
        let (list, listed) = in_list(chunk, 3);
        let sql = format!(
            "select key, state from decider_states \
             where decider = $1 and generation = $2 and key in ({list})"
        );
        let mut select = db::query(db::built(sql))
            .bind(decider.name())
            .bind(generation);
        for key in listed {
            select = select.bind(key.as_str());
        }
        let rows = select.fetch_all(tx.conn()).await?;
        for row in &rows {
            decider.fill(row.try_get(0)?, Some(row.try_get(1)?))?;
        }
        if rows.len() < chunk.len() {
            for key in chunk {
                if !decider.knows(key) {
                    decider.fill((*key).clone(), None)?;
                }
            }
        }
    }
    Ok(())
}

/// Writes states over those that stand there already. Each change comes with its decider's name and
/// generation.
pub(crate) async fn store(
    tx: &mut db::Tx,
    changes: &[(&'static str, i64, Change)],
) -> std::result::Result<(), Failure> {
    for (tuples, chunk) in tx.place_rows(changes, 5) {
        let sql = format!(
            "insert into decider_states (decider, generation, key, state, deadline_us) \
             values {tuples} on conflict (decider, generation, key) do update \
             set state = excluded.state, deadline_us = excluded.deadline_us"
        );
        let mut upsert = db::query(db::built(sql));
        for (decider, generation, change) in chunk {
            upsert = upsert
                .bind(*decider)
                .bind(*generation)
                .bind(&change.key)
                .bind(&change.state)
                .bind(change.deadline_us);
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Writes the states of a generation as those of another one, too.
pub(crate) async fn copy(
    tx: &mut db::Tx,
    decider: &str,
    from: i64,
    to: i64,
) -> std::result::Result<(), Failure> {
    db::query(
        "insert into decider_states (decider, generation, key, state, deadline_us) \
         select decider, $1, key, state, deadline_us from decider_states \
         where decider = $2 and generation = $3",
    )
    .bind(to)
    .bind(decider)
    .bind(from)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes up to `limit` states of a generation that is not in use; answers with how many.
pub(crate) async fn remove(
    tx: &mut db::Tx,
    decider: &str,
    generation: i64,
    limit: usize,
) -> std::result::Result<usize, Failure> {
    let removed = db::query(
        "delete from decider_states where decider = $1 and generation = $2 and generation <> \
         (select c.generation from consumers c where c.name = $3) and key in \
         (select key from decider_states where decider = $4 and generation = $5 limit $6)",
    )
    .bind(decider)
    .bind(generation)
    .bind(decider)
    .bind(decider)
    .bind(generation)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .execute(tx.conn())
    .await?
    .rows_affected();
    Ok(usize::try_from(removed).unwrap_or(usize::MAX))
}

/// The generation of a decider's states that is in use.
pub(crate) async fn generation(
    tx: &mut db::Tx,
    decider: &str,
) -> std::result::Result<i64, Failure> {
    let row = db::query("select generation from consumers where name = $1")
        .bind(decider)
        .fetch_optional(tx.conn())
        .await?;
    Ok(row.map_or(Ok(0), |row| row.try_get(0))?)
}

/// The state of a key that is in use, as JSON.
const IN_USE: &str = "from consumers c join decider_states s \
     on s.decider = c.name and s.generation = c.generation where c.name = $1";

impl Log {
    /// The state that a decider keeps of a key, as of the last commit. JSON.
    ///
    /// # Errors
    /// The database's.
    pub async fn state_of(&self, decider: &str, key: &str) -> Result<Option<String>> {
        let row = db::query(db::built(format!("select s.state {IN_USE} and s.key = $2")))
            .bind(decider)
            .bind(key)
            .fetch_optional(self.db().reader())
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// All states that a decider keeps, as of the last commit: key and JSON, in the order of the keys.
    ///
    /// # Errors
    /// The database's.
    pub async fn states_of(&self, decider: &str) -> Result<Vec<(String, String)>> {
        self.select_states(decider, "order by s.key").await
    }

    /// The states that a decider keeps and that wait for something, as of the last commit: those with a
    /// deadline. Key and JSON.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting_states(&self, decider: &str) -> Result<Vec<(String, String)>> {
        self.select_states(decider, "and s.deadline_us > 0").await
    }

    /// Of these keys, the states that a decider keeps, as of the last commit: by key, as JSON.
    ///
    /// # Errors
    /// The database's.
    pub async fn states_of_keys(
        &self,
        decider: &str,
        keys: &[String],
    ) -> Result<HashMap<String, String>> {
        let mut states = HashMap::with_capacity(keys.len());
        for chunk in keys.chunks(KEYS) {
            let (list, listed) = in_list(chunk, 2);
            let sql = format!("select s.key, s.state {IN_USE} and s.key in ({list})");
            let mut select = db::query(db::built(sql)).bind(decider);
            for key in listed {
                select = select.bind(key.as_str());
            }
            for row in select.fetch_all(self.db().reader()).await? {
                states.insert(row.try_get(0)?, row.try_get(1)?);
            }
        }
        Ok(states)
    }

    async fn select_states(
        &self,
        decider: &str,
        which: &'static str,
    ) -> Result<Vec<(String, String)>> {
        let sql = format!("select s.key, s.state {IN_USE} {which}");
        let rows = db::query(db::built(sql))
            .bind(decider)
            .fetch_all(self.db().reader())
            .await?;
        let read = |row: &db::Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(read).collect()
    }
}
