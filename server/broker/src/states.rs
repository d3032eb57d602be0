//! The states of deciders in the database: one row per decider and key.
//!
//! A replay writes a generation of rows beside the one in use, and puts it in use by one update of the
//! decider's row in `consumers`.

use std::collections::BTreeSet;

use db::{Columns, in_list};

use crate::Failure;
use crate::decider::{AnyDecider, Change};

/// Keys of one select, at most.
pub(crate) const KEYS: usize = 256;

/// A change of a decider's state, and the generation it belongs to.
pub(crate) type Changed = (&'static str, i64, Change);

/// Loads the states of `keys` in a generation into `decider`; of a key without a row it learns that
/// there is none.
pub(crate) async fn load(
    tx: &mut db::Tx,
    decider: &mut dyn AnyDecider,
    generation: i64,
    keys: &BTreeSet<String>,
) -> Result<(), Failure> {
    let keys: Vec<&String> = keys.iter().collect();
    for chunk in keys.chunks(KEYS) {
        let (list, listed) = in_list(chunk, 3);
        let sql = format!(
            "select key, state from decider_states \
             where decider = $1 and generation = $2 and key in ({list})"
        );
        let mut select = db::query(db::trusted_sql(sql))
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

/// Writes states over those that stand there already, and removes those that are to be removed.
pub(crate) async fn store(tx: &mut db::Tx, changes: &[Changed]) -> Result<(), Failure> {
    let (mut kept, mut removed) = (Vec::with_capacity(changes.len()), Vec::new());
    for (decider, generation, change) in changes {
        match &change.state {
            Some(state) => kept.push((*decider, *generation, change, state)),
            None => removed.push((*decider, *generation, &change.key)),
        }
    }
    for chunk in removed.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        remove_keys(tx, chunk).await?;
    }
    for (tuples, chunk) in tx.place_rows(&kept, 5) {
        let sql = format!(
            "insert into decider_states (decider, generation, key, state, deadline_us) \
             values {tuples} on conflict (decider, generation, key) do update \
             set state = excluded.state, deadline_us = excluded.deadline_us"
        );
        let mut upsert = db::query(db::trusted_sql(sql));
        for (decider, generation, change, state) in chunk {
            upsert = upsert
                .bind(*decider)
                .bind(*generation)
                .bind(&change.key)
                .bind(state.as_str())
                .bind(change.deadline_us);
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Removes the states of keys, all of one decider and generation.
async fn remove_keys(
    tx: &mut db::Tx,
    removed: &[(&'static str, i64, &String)],
) -> Result<(), Failure> {
    for chunk in removed.chunks(KEYS) {
        let Some((decider, generation, _)) = chunk.first() else {
            continue;
        };
        let (list, listed) = in_list(chunk, 3);
        let sql = format!(
            "delete from decider_states where decider = $1 and generation = $2 and key in ({list})"
        );
        let mut delete = db::query(db::trusted_sql(sql))
            .bind(*decider)
            .bind(*generation);
        for (.., key) in listed {
            delete = delete.bind(key.as_str());
        }
        delete.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Writes the states of a generation as those of another one, too. Answers with how many.
pub(crate) async fn copy(
    tx: &mut db::Tx,
    decider: &str,
    from: i64,
    to: i64,
) -> Result<u64, Failure> {
    let copied = db::query(
        "insert into decider_states (decider, generation, key, state, deadline_us) \
         select decider, $1, key, state, deadline_us from decider_states \
         where decider = $2 and generation = $3",
    )
    .bind(to)
    .bind(decider)
    .bind(from)
    .execute(tx.conn())
    .await?
    .rows_affected();
    Ok(copied)
}

/// How many of these keys have a state in a generation.
pub(crate) async fn count(
    tx: &mut db::Tx,
    decider: &str,
    generation: i64,
    keys: &BTreeSet<String>,
) -> Result<u64, Failure> {
    let keys: Vec<&String> = keys.iter().collect();
    let mut count = 0;
    for chunk in keys.chunks(KEYS) {
        // Padded lists name a key twice, and it is counted once.
        let (list, listed) = in_list(chunk, 3);
        let sql = format!(
            "select count(*) from decider_states \
             where decider = $1 and generation = $2 and key in ({list})"
        );
        let mut select = db::query(db::trusted_sql(sql))
            .bind(decider)
            .bind(generation);
        for key in listed {
            select = select.bind(key.as_str());
        }
        let row = select.fetch_one(tx.conn()).await?;
        count += row.try_get::<i64, _>(0)?.unsigned_abs();
    }
    Ok(count)
}

/// Removes up to `limit` states of a generation that is not in use; answers with how many.
pub(crate) async fn remove(
    tx: &mut db::Tx,
    decider: &str,
    generation: i64,
    limit: usize,
) -> Result<usize, Failure> {
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
pub(crate) async fn generation(tx: &mut db::Tx, decider: &str) -> Result<i64, Failure> {
    let row = db::query("select generation from consumers where name = $1")
        .bind(decider)
        .fetch_optional(tx.conn())
        .await?;
    Ok(row.map_or(Ok(0), |row| row.try_get(0))?)
}
