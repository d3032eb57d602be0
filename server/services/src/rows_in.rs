//! Rows of many keys in one question.

use broker::{Failure, Log, Tx};
use db::{Columns, in_list};

/// Position of the newest event that a table of some consumer knows of; 0 for an empty one. `question` asks for
/// the largest.
pub(crate) async fn newest_position(
    log: &Log,
    question: &'static str,
) -> Result<u64, broker::Error> {
    let row = db::query(question).fetch_one(log.db().reader()).await?;
    Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
}

/// The rows that `question`, which ends with `… in`, has for any of these values. Each is asked for once.
pub(crate) async fn select_in(
    tx: &mut Tx,
    question: &str,
    values: impl Iterator<Item = &str>,
) -> Result<Vec<db::Row>, Failure> {
    let mut values: Vec<&str> = values.collect();
    values.sort_unstable();
    values.dedup();
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let (list, listed) = in_list(&values, 1);
    let mut query = db::query(db::trusted_sql(format!("{question} ({list})")));
    for value in listed {
        query = query.bind(*value);
    }
    Ok(query.fetch_all(tx.conn()).await?)
}
